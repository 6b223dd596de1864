//! The certificate of somebody else's CA and what becomes of the certificates it signed. Verifies no signature.

use serde::{Deserialize, Serialize};

use crate::thing_type::clipped;
use crate::{CertificateId, CertificateMode, RegistryError, Tags, certificate, limits, thing};

/// A CA whose certificates may be registered; also the form in which it is stored. Its scope's account owns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaCertificate {
    #[serde(skip, default = "certificate::least")]
    pub id: CertificateId,
    pub status: CaStatus,
    pub created_ms: u64,
    pub modified_ms: u64,
    pub not_before_s: i64,
    pub not_after_s: i64,
    pub mode: CertificateMode,
    /// Whether a certificate of this CA is registered when it first connects.
    pub registers_automatically: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationConfig>,
    /// Starts at 1 and counts changes.
    pub version: u64,
    pub pem: String,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Hash of the subject's DER.
    pub(crate) subject: CertificateId,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

/// Whether certificates of a CA may be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CaStatus {
    Active,
    Inactive,
}

impl CaStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// What is provisioned for a certificate that is registered when it first connects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RegistrationConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_name: Option<String>,
}

/// What is asked for when a CA certificate is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCa<'a> {
    pub pem: &'a str,
    /// Signed by the CA, with the registration code as its common name. Needed unless the mode is `SniOnly`.
    pub verification_pem: Option<&'a str>,
    pub mode: CertificateMode,
    pub status: CaStatus,
    pub registers_automatically: bool,
    pub registration: Option<RegistrationConfig>,
    pub tags: Tags,
}

/// What is asked for when a CA certificate is changed. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaUpdate {
    pub status: Option<CaStatus>,
    pub registers_automatically: Option<bool>,
    pub registration: Option<RegistrationConfig>,
    /// Forgets the registration's configuration and stops registering automatically.
    pub remove_registration: bool,
}

pub(crate) fn check_registration(config: &RegistrationConfig) -> Result<(), RegistryError> {
    if let Some(body) = &config.template_body {
        let count = body.chars().count();
        if count > limits::TEMPLATE_BODY_CHARS {
            return Err(RegistryError::TemplateBody(count));
        }
    }
    if let Some(arn) = &config.role_arn
        && !(limits::ROLE_ARN_CHARS.contains(&arn.chars().count()) && arn.starts_with("arn:"))
    {
        return Err(RegistryError::RoleArn(clipped(arn)));
    }
    if let Some(name) = &config.template_name
        && (name.is_empty() || !thing::fits(name, limits::TEMPLATE_NAME_CHARS, "_-"))
    {
        return Err(RegistryError::TemplateName(clipped(name)));
    }
    Ok(())
}
