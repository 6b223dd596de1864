//! What the root signs: server and device certificates. Registers nothing.

use std::net::IpAddr;
use std::str::FromStr;

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, SanType, string::Ia5String,
};

use super::{
    Authority, AuthorityError, DAY_S, DeviceIdentity, KeyChoice, ServerIdentity, keys, params, signing, until,
};
use crate::{CertificateId, limits, x509};

/// Apple's clients take no server certificate that is valid for longer than 398 days.
const SERVER_DAYS: i64 = 397;
/// 2049-12-31T23:59:59Z, as AWS.
const DEVICE_NOT_AFTER_S: i64 = 2_524_607_999;
const DEVICE_NAME: &str = "AWS IoT Certificate";
const SERVER_NAME: &str = "Thingstead";

impl Authority {
    /// A certificate for host names, wildcard names (`*.localhost`) and IP addresses.
    pub fn issue_server(&self, names: &[String], now_s: i64) -> Result<ServerIdentity, AuthorityError> {
        if names.is_empty() || names.len() > limits::SERVER_NAMES {
            return Err(AuthorityError::NameCount);
        }
        let not_after_s = until(now_s, SERVER_DAYS * DAY_S).min(self.not_after_s());
        let mut params = params(SERVER_NAME, now_s, not_after_s)?;
        for name in names {
            let name = alternative_name(name)?;
            if !params.subject_alt_names.contains(&name) {
                params.subject_alt_names.push(name);
            }
        }
        let key = KeyPair::generate().map_err(signing)?;
        let der = self.sign(params, &key, ExtendedKeyUsagePurpose::ServerAuth)?;
        let leaf = x509::to_pem("CERTIFICATE", &der);
        let cert_pem = format!("{leaf}{}", self.cert_pem());
        Ok(ServerIdentity { cert_pem, key_pem: keys::private_pem(&key), not_after_s })
    }

    /// A certificate for a device, valid until the end of 2049.
    pub fn issue_device(&self, key: KeyChoice<'_>, now_s: i64) -> Result<DeviceIdentity, AuthorityError> {
        let params = params(DEVICE_NAME, now_s, DEVICE_NOT_AFTER_S)?;
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        let key = match key {
            KeyChoice::Rsa2048 => KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(signing)?,
            KeyChoice::P256 => KeyPair::generate().map_err(signing)?,
            KeyChoice::Request(pem) => {
                let cert_der = self.sign(params, &keys::requested(pem)?, usage)?;
                return Ok(identity(cert_der, None));
            }
        };
        let cert_der = self.sign(params, &key, usage)?;
        Ok(identity(cert_der, Some(&key)))
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        key: &impl PublicKeyData,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Vec<u8>, AuthorityError> {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_ca_cert_pem(self.cert_pem(), &self.key).map_err(signing)?;
        Ok(params.signed_by(key, &issuer).map_err(signing)?.der().to_vec())
    }
}

fn identity(cert_der: Vec<u8>, key: Option<&KeyPair>) -> DeviceIdentity {
    DeviceIdentity {
        id: CertificateId::from_der(&cert_der),
        cert_pem: x509::to_pem("CERTIFICATE", &cert_der),
        cert_der,
        key_pem: key.map(keys::private_pem),
        public_key_pem: key.map(|key| x509::to_pem("PUBLIC KEY", &key.subject_public_key_info())),
    }
}

fn alternative_name(name: &str) -> Result<SanType, AuthorityError> {
    if let Ok(address) = IpAddr::from_str(name) {
        return Ok(SanType::IpAddress(address));
    }
    let refused = || AuthorityError::Name(name.chars().take(80).collect());
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !labels.split('.').all(is_label) {
        return Err(refused());
    }
    // Four numbers that are no address would be taken for a name that no client looks for.
    if labels.split('.').next_back().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
        return Err(refused());
    }
    Ia5String::try_from(name.to_ascii_lowercase()).map(SanType::DnsName).map_err(|_| refused())
}
