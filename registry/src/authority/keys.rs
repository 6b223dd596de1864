//! Private keys, keys from signing requests, and serial numbers in the forms that others read. Signs nothing.

use aws_lc_rs::rand;
use rcgen::{KeyPair, PKCS_RSA_SHA256, SerialNumber, SubjectPublicKeyInfo};
use x509_parser::asn1_rs::{Any, FromDer as _, Integer, OctetString, Sequence};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::public_key::PublicKey;

use super::{AuthorityError, signing};
use crate::signature::{self, P521_BITS, SignatureFault};
use crate::x509;

/// RSA keys in the older form that AWS hands out, others in PKCS #8.
pub(super) fn private_pem(key: &KeyPair) -> String {
    let der = key.serialized_der();
    match pkcs1(der).filter(|_| key.algorithm() == &PKCS_RSA_SHA256) {
        Some(rsa) => x509::to_pem("RSA PRIVATE KEY", &rsa),
        None => key.serialize_pem(),
    }
}

/// The RSA key inside a PKCS #8 envelope: version, algorithm, key.
fn pkcs1(der: &[u8]) -> Option<Vec<u8>> {
    let (_, envelope) = Sequence::from_der(der).ok()?;
    let (rest, _) = Integer::from_der(&envelope.content).ok()?;
    let (rest, _) = Any::from_der(rest).ok()?;
    let (_, key) = OctetString::from_der(rest).ok()?;
    Some(key.as_ref().to_vec())
}

/// The public key of a signing request whose signature proves that the sender holds the private one.
pub(super) fn requested(pem: &str) -> Result<SubjectPublicKeyInfo, AuthorityError> {
    let der =
        x509::first_block(pem, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]).map_err(|error| {
            AuthorityError::Request(error.to_string().replace("CERTIFICATE-", "CERTIFICATE REQUEST-"))
        })?;
    let (_, request) = X509CertificationRequest::from_der(&der).map_err(|error| {
        AuthorityError::Request(format!("its content cannot be read ({error}): create it again"))
    })?;
    let info = &request.certification_request_info.subject_pki;
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) if rsa.key_size() >= 2048 => {}
        Ok(PublicKey::RSA(rsa)) => {
            return Err(AuthorityError::RequestKey(format!("RSA with {} bits", rsa.key_size())));
        }
        Ok(PublicKey::EC(point)) if matches!(point.key_size(), 256 | 384 | P521_BITS) => {}
        Ok(PublicKey::EC(point)) => {
            return Err(AuthorityError::RequestKey(format!("on a curve of {} bits", point.key_size())));
        }
        _ => return Err(AuthorityError::RequestKey("of another kind".to_owned())),
    }
    let key = SubjectPublicKeyInfo::from_der(info.raw)
        .map_err(|_| AuthorityError::RequestKey("on a curve that is not supported".to_owned()))?;
    verify(&request)?;
    Ok(key)
}

fn verify(request: &X509CertificationRequest<'_>) -> Result<(), AuthorityError> {
    let info = &request.certification_request_info;
    let checked = signature::verify(
        &info.subject_pki,
        &request.signature_algorithm,
        info.raw,
        &request.signature_value,
    );
    checked.map_err(|fault| match fault {
        SignatureFault::Unsupported => AuthorityError::RequestDigest,
        SignatureFault::Wrong => AuthorityError::RequestSignature,
    })
}

/// Sixteen random bytes that read as a positive number of full length.
pub(super) fn serial_number() -> Result<SerialNumber, AuthorityError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| signing(rcgen::Error::RingUnspecified))?;
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
