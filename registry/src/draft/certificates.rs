//! Wishes about certificates and about CA certificates: registered, changed, deleted.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::Draft;
use crate::ca_certificate::check_registration;
use crate::x509::{self, PublicCertificate};
use crate::{
    Attachments, CaCertificate, CaStatus, CaUpdate, CertificateFault, CertificateId, CertificateMode,
    CertificateRecord, CertificateStatus, NewCa, RegistryError, Scope, event_details, limits, signature,
    tags,
};

impl Draft<'_> {
    /// Registers a certificate of the house's own authority, or of whatever issuer.
    pub fn register_certificate(
        &mut self,
        scope: &Scope,
        pem: &str,
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        let certificate = PublicCertificate::from_pem(pem)?;
        self.register(scope, certificate, (None, CertificateMode::Default), status, now_ms)
    }

    /// Registers a certificate whose issuer nobody needs to know.
    pub fn register_certificate_without_ca(
        &mut self,
        scope: &Scope,
        pem: &str,
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        if !matches!(status, CertificateStatus::Active | CertificateStatus::Inactive) {
            return Err(RegistryError::StatusNotSettable(status));
        }
        let certificate = PublicCertificate::from_pem(pem)?;
        self.register(scope, certificate, (None, CertificateMode::SniOnly), status, now_ms)
    }

    /// Registers a certificate that a registered, active CA signed; `ca_pem` tells which, where several could be meant.
    pub fn register_certificate_with_ca(
        &mut self,
        scope: &Scope,
        pem: &str,
        ca_pem: Option<&str>,
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        let certificate = PublicCertificate::from_pem(pem)?;
        self.check_unknown(scope, &certificate.id)?;
        let ca = self.issuer(scope, &certificate, ca_pem)?;
        let (ca, mode) = (ca.id, ca.mode);
        self.register(scope, certificate, (Some(ca), mode), status, now_ms)
    }

    /// Registers an unknown certificate that was presented, if its CA lets that happen. It waits to be activated by
    /// whoever listens to the event.
    pub fn register_on_connect(
        &mut self,
        scope: &Scope,
        der: &[u8],
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        let certificate = PublicCertificate::from_der(der.to_vec())?;
        let ca = self.issuer(scope, &certificate, None)?;
        if !ca.registers_automatically {
            return Err(RegistryError::CaDoesNotRegister(ca.id));
        }
        let (ca, mode, status) = (ca.id, ca.mode, CertificateStatus::PendingActivation);
        let id = self.register(scope, certificate, (Some(ca), mode), status, now_ms)?;
        let event = event_details::of_registration(&self.shared(scope), id, ca, now_ms);
        self.events.push(event);
        Ok(id)
    }

    pub fn set_status(
        &mut self,
        scope: &Scope,
        id: &CertificateId,
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        let settable = matches!(
            status,
            CertificateStatus::Active | CertificateStatus::Inactive | CertificateStatus::Revoked
        );
        if !settable {
            return Err(RegistryError::StatusNotSettable(status));
        }
        let mut record = self.certificate(scope, id)?;
        if record.status == CertificateStatus::Revoked && status != CertificateStatus::Revoked {
            return Err(RegistryError::Revoked(*id));
        }
        if record.status != status {
            record.status = status;
            record.modified_ms = now_ms;
            record.version = record.version.saturating_add(1);
            self.replace_certificate(*id, Some(record));
        }
        Ok(())
    }

    /// `force` detaches things and policies first; an active certificate is never deleted.
    pub fn delete_certificate(
        &mut self,
        scope: &Scope,
        id: &CertificateId,
        force: bool,
    ) -> Result<(), RegistryError> {
        let record = self.certificate(scope, id)?;
        if record.status == CertificateStatus::Active {
            return Err(RegistryError::StillActive(*id));
        }
        if let Some(thing) = record.things.names().next().filter(|_| !force) {
            return Err(RegistryError::CertificateInUse { id: *id, thing: thing.to_string() });
        }
        if let Some(policy) = record.policies.first().filter(|_| !force) {
            return Err(RegistryError::CertificateHasPolicy { id: *id, policy: policy.to_string() });
        }
        self.replace_certificate(*id, None);
        self.pems.put(self.step, *id, None);
        Ok(())
    }

    pub fn register_ca(
        &mut self,
        scope: &Scope,
        new: NewCa<'_>,
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        let certificate = PublicCertificate::from_pem(new.pem)?;
        let id = certificate.id;
        if self.find_ca(scope, &id).is_some() {
            return Err(RegistryError::CaExists(id));
        }
        check_not_expired(&certificate, now_ms)?;
        tags::check(&new.tags)?;
        if let Some(config) = &new.registration {
            check_registration(config)?;
        }
        let parsed = x509(&certificate.der)?;
        if !parsed.is_ca() {
            return Err(RegistryError::NotCa(id));
        }
        self.check_verification(scope, &parsed, &new)?;
        let subject = CertificateId::from_der(parsed.subject().as_raw());
        if self.view(scope).cas_called(subject).count() >= limits::CAS_OF_SUBJECT {
            return Err(RegistryError::TooManyCas);
        }
        let ca = CaCertificate {
            id,
            status: new.status,
            created_ms: now_ms,
            modified_ms: now_ms,
            not_before_s: certificate.not_before_s,
            not_after_s: certificate.not_after_s,
            mode: new.mode,
            registers_automatically: new.registers_automatically,
            registration: new.registration,
            version: 1,
            pem: certificate.pem.clone(),
            tags: new.tags,
            subject,
            revision: 0,
        };
        self.replace_ca(scope, id, Some(ca));
        Ok(id)
    }

    pub fn update_ca(
        &mut self,
        scope: &Scope,
        id: &CertificateId,
        update: CaUpdate,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        let mut ca = self.ca(scope, id)?.clone();
        if let Some(config) = &update.registration {
            check_registration(config)?;
        }
        ca.status = update.status.unwrap_or(ca.status);
        ca.registers_automatically = update.registers_automatically.unwrap_or(ca.registers_automatically);
        ca.registration = update.registration.or(ca.registration);
        if update.remove_registration {
            ca.registration = None;
            ca.registers_automatically = false;
        }
        ca.modified_ms = now_ms;
        ca.version = ca.version.saturating_add(1);
        self.replace_ca(scope, *id, Some(ca));
        Ok(())
    }

    /// Certificates that the CA signed stay registered.
    pub fn delete_ca(&mut self, scope: &Scope, id: &CertificateId) -> Result<(), RegistryError> {
        match self.ca(scope, id)?.status {
            CaStatus::Active => Err(RegistryError::CaStillActive(*id)),
            CaStatus::Inactive => {
                self.replace_ca(scope, *id, None);
                Ok(())
            }
        }
    }

    fn register(
        &mut self,
        scope: &Scope,
        certificate: PublicCertificate,
        (ca, mode): (Option<CertificateId>, CertificateMode),
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        check_not_expired(&certificate, now_ms)?;
        self.check_unknown(scope, &certificate.id)?;
        let PublicCertificate { id, pem, not_before_s, not_after_s, .. } = certificate;
        let record = CertificateRecord {
            id,
            scope: self.shared(scope),
            status,
            created_ms: now_ms,
            modified_ms: now_ms,
            not_before_s,
            not_after_s,
            things: Attachments::default(),
            policies: Vec::new(),
            ca,
            mode,
            version: 1,
            revision: 0,
        };
        self.replace_certificate(id, Some(record));
        self.pems.put(self.step, id, Some(pem));
        Ok(id)
    }

    fn check_unknown(&self, scope: &Scope, id: &CertificateId) -> Result<(), RegistryError> {
        match self.find_certificate(id) {
            None => Ok(()),
            Some(found) if *found.scope == *scope => Err(RegistryError::CertificateExists(*id)),
            Some(found) => Err(RegistryError::CertificateElsewhere { id: *id, scope: found.scope.clone() }),
        }
    }

    /// The registered CA whose key signed the certificate.
    fn issuer(
        &self,
        scope: &Scope,
        certificate: &PublicCertificate,
        ca_pem: Option<&str>,
    ) -> Result<&CaCertificate, RegistryError> {
        let not_signed =
            |reason: &str| RegistryError::NotSigned { id: certificate.id, reason: reason.to_owned() };
        let named = match ca_pem {
            Some(pem) => Some(PublicCertificate::from_pem(pem)?.id),
            None => None,
        };
        let signers = signers(self.view(scope), &certificate.der)?;
        let mut signers = signers.into_iter().filter(|ca| named.is_none_or(|id| id == ca.id));
        let Some(ca) = signers.next() else {
            return Err(not_signed(match named {
                Some(_) => {
                    "the CA certificate given, or that one is not registered: give the CA that signed it"
                }
                None => "a registered CA: register its CA certificate first, or register it without a CA",
            }));
        };
        if let Some(other) = signers.next() {
            return Err(RegistryError::SeveralCas { id: certificate.id, one: ca.id, other: other.id });
        }
        match ca.status {
            CaStatus::Active => Ok(ca),
            CaStatus::Inactive => Err(RegistryError::CaInactive(ca.id)),
        }
    }

    fn check_verification(
        &self,
        scope: &Scope,
        ca: &X509Certificate<'_>,
        new: &NewCa<'_>,
    ) -> Result<(), RegistryError> {
        let pem = match (new.mode, new.verification_pem) {
            (CertificateMode::SniOnly, None) => return Ok(()),
            (CertificateMode::SniOnly, Some(_)) => return Err(RegistryError::NeedlessVerification),
            (CertificateMode::Default, None) => return Err(RegistryError::NoVerification),
            (CertificateMode::Default, Some(pem)) => pem,
        };
        let code = self.view(scope).registration_code().ok_or(RegistryError::NoRegistrationCode)?;
        // OpenSSL signs requests without extensions as version 1, and nobody connects with this certificate.
        let der =
            x509::certificate_block(pem).map_err(|error| RegistryError::Verification(error.to_string()))?;
        let (_, parsed) = X509Certificate::from_der(&der)
            .map_err(|error| RegistryError::Verification(error.to_string()))?;
        let found = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        if found != Some(code) {
            let found = found.unwrap_or_default().chars().take(80).collect();
            return Err(RegistryError::RegistrationCode { found });
        }
        signature::is_signed_by(&parsed, ca)
            .map_err(|_| RegistryError::Verification("the CA did not sign it".to_owned()))
    }
}

/// The CA certificates of a scope whose keys signed the certificate.
pub(crate) fn signers<'a>(
    view: crate::view::View<'a>,
    der: &[u8],
) -> Result<Vec<&'a CaCertificate>, RegistryError> {
    let parsed = x509(der)?;
    let subject = CertificateId::from_der(parsed.issuer().as_raw());
    let signed = |ca: &CaCertificate| {
        let Ok(issuer) = x509::certificate_block(&ca.pem) else { return false };
        X509Certificate::from_der(&issuer)
            .is_ok_and(|(_, issuer)| signature::is_signed_by(&parsed, &issuer).is_ok())
    };
    Ok(view.cas_called(subject).map(|ca| &**ca).filter(|ca| signed(ca)).collect())
}

fn x509(der: &[u8]) -> Result<X509Certificate<'_>, RegistryError> {
    let (_, parsed) =
        X509Certificate::from_der(der).map_err(|error| CertificateFault::Der(error.to_string()))?;
    Ok(parsed)
}

fn check_not_expired(certificate: &PublicCertificate, now_ms: u64) -> Result<(), RegistryError> {
    let PublicCertificate { id, not_after_s, .. } = *certificate;
    if i64::try_from(now_ms / 1000).unwrap_or(i64::MAX) > not_after_s {
        return Err(RegistryError::Expired { id, not_after_s });
    }
    Ok(())
}
