//! Names and keys in, certificates out: the root and what it signs. Remembers nothing of what it issued. Keys and
//! serial numbers draw their own randomness.

mod issue;
mod keys;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};
use thiserror::Error;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::{CertificateFault, CertificateId, PublicCertificate};

const DAY_S: i64 = 86_400;
const ROOT_DAYS: i64 = 30 * 365;
const ROOT_NAME: &str = "Thingstead Root CA";

/// The root certificate with its key.
pub struct Authority {
    key: KeyPair,
    certificate: PublicCertificate,
}

/// A certificate for the server's TLS faces.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The server's certificate, then the root's.
    pub cert_pem: String,
    pub key_pem: String,
    pub not_after_s: i64,
}

/// A certificate for a device.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceIdentity {
    pub id: CertificateId,
    pub cert_pem: String,
    pub cert_der: Vec<u8>,
    /// Absent if the device keeps its key to itself and sent a signing request.
    pub key_pem: Option<String>,
    pub public_key_pem: Option<String>,
}

/// Where a device's key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyChoice<'a> {
    /// As AWS issues.
    #[default]
    Rsa2048,
    P256,
    /// A certificate signing request in PEM.
    Request(&'a str),
}

/// Why the authority cannot be had, or does not sign.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthorityError {
    #[error("the clock says {now_s} (Unix seconds), for which no certificate can be issued: set the clock")]
    Clock { now_s: i64 },
    #[error("the root certificate cannot be used: {0}")]
    Root(CertificateFault),
    #[error(
        "the root certificate is not allowed to sign certificates: use the one that was created with its key"
    )]
    NotAuthority,
    #[error("the root's key cannot be used ({0}): it must be one private key in PEM, without a password")]
    RootKey(String),
    #[error("the root's key does not belong to the root certificate: restore both from the same backup")]
    ForeignKey,
    #[error("a server certificate needs 1 to {max} names: give at least the host name that devices connect to",
        max = crate::limits::SERVER_NAMES)]
    NameCount,
    #[error(
        "\"{0}\" is no host name and no IP address: give a name such as localhost, *.localhost or 192.168.1.10"
    )]
    Name(String),
    #[error("this is no certificate signing request: {0}")]
    Request(String),
    #[error(
        "the signature of the certificate signing request is wrong: create it again with the device's own key"
    )]
    RequestSignature,
    #[error(
        "the request is signed in a way that is not supported: sign it with SHA-256, as `openssl req -sha256` does"
    )]
    RequestDigest,
    #[error("the request's key is {0}: use RSA with 2048 bits or more, or the curve P-256, P-384 or P-521")]
    RequestKey(String),
    #[error("the certificate could not be made ({0}): try again, and report it if it stays so")]
    Signing(String),
}

impl Authority {
    /// A new root, valid for 30 years.
    pub fn create(now_s: i64) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate().map_err(signing)?;
        let mut params = params(ROOT_NAME, now_s, until(now_s, ROOT_DAYS * DAY_S))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issued = params.self_signed(&key).map_err(signing)?;
        let certificate = PublicCertificate::from_der(issued.der().to_vec()).map_err(AuthorityError::Root)?;
        Ok(Self { key, certificate })
    }

    pub fn from_pem(cert: &str, key: &str) -> Result<Self, AuthorityError> {
        let certificate = PublicCertificate::from_pem(cert).map_err(AuthorityError::Root)?;
        let key = KeyPair::from_pem(key).map_err(|error| AuthorityError::RootKey(error.to_string()))?;
        let (_, parsed) = X509Certificate::from_der(&certificate.der)
            .map_err(|error| AuthorityError::Root(CertificateFault::Der(error.to_string())))?;
        let signs = parsed.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
        if !parsed.is_ca() || !signs {
            return Err(AuthorityError::NotAuthority);
        }
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(AuthorityError::ForeignKey);
        }
        Ok(Self { key, certificate })
    }

    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.certificate.pem
    }

    #[must_use]
    pub fn cert_der(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The private key in PEM. Keep it from everyone else.
    #[must_use]
    pub fn key_pem(&self) -> String {
        keys::private_pem(&self.key)
    }

    #[must_use]
    pub fn not_after_s(&self) -> i64 {
        self.certificate.not_after_s
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("certificate", &self.certificate.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerIdentity").field("not_after_s", &self.not_after_s).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DeviceIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceIdentity").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What all certificates have in common. They count from a day ago, for clocks that are slow.
fn params(name: &str, now_s: i64, not_after_s: i64) -> Result<CertificateParams, AuthorityError> {
    let clock = || AuthorityError::Clock { now_s };
    // Before 1950 and after 9999 the formats of X.509 end; a day before 1970 nobody has set the clock.
    if now_s < 0 || not_after_s <= now_s {
        return Err(clock());
    }
    let mut params = CertificateParams::default();
    params.not_before = OffsetDateTime::from_unix_timestamp(now_s - DAY_S).map_err(|_| clock())?;
    params.not_after = OffsetDateTime::from_unix_timestamp(not_after_s).map_err(|_| clock())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(keys::serial_number()?);
    Ok(params)
}

fn until(now_s: i64, span_s: i64) -> i64 {
    now_s.saturating_add(span_s)
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn signing(error: rcgen::Error) -> AuthorityError {
    AuthorityError::Signing(error.to_string())
}
