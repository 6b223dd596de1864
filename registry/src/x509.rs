//! PEM or DER in, the few facts the registry needs of a certificate out. Trusts nothing and verifies no chain.

use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Version;

use crate::{CertificateId, limits};

/// A certificate that TLS can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicCertificate {
    pub id: CertificateId,
    /// The certificate alone, in PEM.
    pub pem: String,
    pub der: Vec<u8>,
    pub not_before_s: i64,
    pub not_after_s: i64,
}

/// Why a text is no certificate that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateFault {
    #[error(
        "this is no certificate in PEM ({0}): send the text from -----BEGIN CERTIFICATE----- to \
         -----END CERTIFICATE-----, line breaks included"
    )]
    Pem(String),
    #[error("the PEM has {0} bytes and may have {max}: send one certificate only", max = limits::PEM_BYTES)]
    TooLong(usize),
    #[error("the PEM is whole, but its content is no X.509 certificate ({0}): export the certificate again")]
    Der(String),
    #[error(
        "this is an X.509 version {0} certificate, and TLS takes version 3 only: issue it again with an extension, \
         such as `openssl x509 -req … -extfile <(echo basicConstraints=CA:FALSE)`, or let `thingstead device new` \
         issue one"
    )]
    Version(u32),
}

impl PublicCertificate {
    /// Takes the first certificate of the text.
    pub fn from_pem(text: &str) -> Result<Self, CertificateFault> {
        Self::from_der(certificate_block(text)?)
    }

    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateFault> {
        let (not_before_s, not_after_s) = {
            let (rest, parsed) =
                X509Certificate::from_der(&der).map_err(|error| CertificateFault::Der(error.to_string()))?;
            if !rest.is_empty() {
                return Err(CertificateFault::Der(format!("{} bytes follow it", rest.len())));
            }
            if parsed.version() != X509Version::V3 {
                return Err(CertificateFault::Version(parsed.version().0.saturating_add(1)));
            }
            (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp())
        };
        let pem = to_pem("CERTIFICATE", &der);
        Ok(Self { id: CertificateId::from_der(&der), pem, der, not_before_s, not_after_s })
    }
}

/// The DER of the first certificate of the text.
pub(crate) fn certificate_block(text: &str) -> Result<Vec<u8>, CertificateFault> {
    first_block(text, &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
}

/// The content of the first block with one of the labels.
pub(crate) fn first_block(text: &str, labels: &[&str]) -> Result<Vec<u8>, CertificateFault> {
    if text.len() > limits::PEM_BYTES {
        return Err(CertificateFault::TooLong(text.len()));
    }
    let blocks = pem::parse_many(text).map_err(|error| CertificateFault::Pem(error.to_string()))?;
    let found = blocks.iter().map(pem::Pem::tag).collect::<Vec<_>>().join(", ");
    let block = blocks.into_iter().find(|block| labels.contains(&block.tag()));
    block.map(pem::Pem::into_contents).ok_or_else(|| {
        let nothing = "there is no -----BEGIN line with an -----END line";
        CertificateFault::Pem(if found.is_empty() { nothing.to_owned() } else { format!("found {found}") })
    })
}

/// PEM with line feeds, on every system.
pub(crate) fn to_pem(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), config)
}
