//! Signed bytes, a signature and the signer's public key in, whether they belong together out. Signs nothing.

use aws_lc_rs::signature::{self, EcdsaVerificationAlgorithm, UnparsedPublicKey};
use x509_parser::asn1_rs::{BitString, Oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::oid_registry::{
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512,
};
use x509_parser::public_key::PublicKey;
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// What the parser calls the size of P-521: whole bytes.
pub(crate) const P521_BITS: usize = 528;

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    Unsupported,
    Wrong,
}

pub(crate) fn verify(
    signer: &SubjectPublicKeyInfo<'_>,
    algorithm: &AlgorithmIdentifier<'_>,
    signed: &[u8],
    value: &BitString<'_>,
) -> Result<(), SignatureFault> {
    let Ok(PublicKey::EC(point)) = signer.parsed() else {
        return verify_signature(signer, algorithm, value, signed).map_err(|error| match error {
            X509Error::SignatureUnsupportedAlgorithm => SignatureFault::Unsupported,
            _ => SignatureFault::Wrong,
        });
    };
    // The parser's own check knows neither SHA-512 nor P-521.
    let pairs: [(usize, &Oid<'_>, &EcdsaVerificationAlgorithm); 9] = [
        (256, &OID_SIG_ECDSA_WITH_SHA256, &signature::ECDSA_P256_SHA256_ASN1),
        (256, &OID_SIG_ECDSA_WITH_SHA384, &signature::ECDSA_P256_SHA384_ASN1),
        (256, &OID_SIG_ECDSA_WITH_SHA512, &signature::ECDSA_P256_SHA512_ASN1),
        (384, &OID_SIG_ECDSA_WITH_SHA256, &signature::ECDSA_P384_SHA256_ASN1),
        (384, &OID_SIG_ECDSA_WITH_SHA384, &signature::ECDSA_P384_SHA384_ASN1),
        (384, &OID_SIG_ECDSA_WITH_SHA512, &signature::ECDSA_P384_SHA512_ASN1),
        (P521_BITS, &OID_SIG_ECDSA_WITH_SHA256, &signature::ECDSA_P521_SHA256_ASN1),
        (P521_BITS, &OID_SIG_ECDSA_WITH_SHA384, &signature::ECDSA_P521_SHA384_ASN1),
        (P521_BITS, &OID_SIG_ECDSA_WITH_SHA512, &signature::ECDSA_P521_SHA512_ASN1),
    ];
    let pair =
        pairs.into_iter().find(|(bits, oid, _)| *bits == point.key_size() && **oid == algorithm.algorithm);
    let (_, _, chosen) = pair.ok_or(SignatureFault::Unsupported)?;
    UnparsedPublicKey::new(chosen, &signer.subject_public_key.data)
        .verify(signed, &value.data)
        .map_err(|_| SignatureFault::Wrong)
}

/// Whether the issuer's key made the certificate's signature.
pub(crate) fn is_signed_by(
    certificate: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
) -> Result<(), SignatureFault> {
    let signed = certificate.tbs_certificate.as_ref();
    verify(issuer.public_key(), &certificate.signature_algorithm, signed, &certificate.signature_value)
}
