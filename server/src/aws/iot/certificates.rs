//! Calls about device certificates in, their outcomes out. Private keys stand in one reply and nowhere else.

use std::sync::Arc;

use ::aws::Fault;
use ::aws::iot::certificates::{
    CertificateDescription, CertificateMode as ShownMode, CertificateStatus as AskedStatus,
    CertificateSummary, CertificateValidity, CreateCertificateFromCsr, CreateCertificateFromCsrOutput,
    CreateKeysAndCertificate, CreateKeysAndCertificateOutput, DeleteCertificate, DeleteCertificateOutput,
    DescribeCertificate, DescribeCertificateOutput, KeyPair, ListCertificates, ListCertificatesByCA,
    ListCertificatesByCAOutput, ListCertificatesOutput, RegisterCertificate, RegisterCertificateOutput,
    RegisterCertificateWithoutCA, RegisterCertificateWithoutCAOutput, TransferData, UpdateCertificate,
    UpdateCertificateOutput,
};
use ::aws::value::{Seconds, Secret};
use registry::{
    CertificateId, CertificateMode, CertificateRecord, CertificateStatus, DeviceIdentity, KeyChoice,
    RegistryError,
};
use tokio::sync::Semaphore;

use super::pages::{Page, order, place};
use super::{Plane, certificate_id, date, faults};
use crate::http::Api;

/// Certificates that are issued at a time: looking for primes takes a processor for itself.
static ISSUING: Semaphore = Semaphore::const_new(2);

pub(super) async fn create_with_keys(
    plane: &Plane<'_>,
    call: CreateKeysAndCertificate,
) -> Result<CreateKeysAndCertificateOutput, Fault> {
    let issued = issue(plane, None).await?;
    let pem = issued.cert_pem.clone();
    let id = keep(plane, pem, call.set_as_active).await?;
    Ok(CreateKeysAndCertificateOutput {
        certificate_arn: plane.certificate_arn(&id),
        certificate_id: id.to_string(),
        certificate_pem: issued.cert_pem,
        key_pair: KeyPair {
            public_key: issued.public_key_pem.unwrap_or_default(),
            private_key: Secret(issued.key_pem.unwrap_or_default()),
        },
    })
}

pub(super) async fn create_from_request(
    plane: &Plane<'_>,
    call: CreateCertificateFromCsr,
) -> Result<CreateCertificateFromCsrOutput, Fault> {
    let issued = issue(plane, Some(call.certificate_signing_request)).await?;
    let pem = issued.cert_pem.clone();
    let id = keep(plane, pem, call.set_as_active).await?;
    Ok(CreateCertificateFromCsrOutput {
        certificate_arn: plane.certificate_arn(&id),
        certificate_id: id.to_string(),
        certificate_pem: issued.cert_pem,
    })
}

/// A certificate for a new key, or for that of a signing request.
async fn issue(plane: &Plane<'_>, request: Option<String>) -> Result<DeviceIdentity, Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::internal_failure(error.to_string());
    let (issuer, now_s) = (plane.api.identity.clone(), plane.now_s());
    let _turn = ISSUING.acquire().await.map_err(|error| failed(&error))?;
    let issued = tokio::task::spawn_blocking(move || {
        let key = request.as_deref().map_or(KeyChoice::Rsa2048, KeyChoice::Request);
        issuer.authority().issue_device(key, now_s)
    });
    issued.await.map_err(|error| failed(&error))?.map_err(|error| faults::of_issue(&error))
}

async fn keep(plane: &Plane<'_>, pem: String, active: Option<bool>) -> Result<CertificateId, Fault> {
    let (status, now_ms) = (activity(active), plane.now_ms);
    plane.change(move |draft, scope| draft.register_certificate(scope, &pem, status, now_ms)).await
}

pub(super) async fn register(
    plane: &Plane<'_>,
    call: RegisterCertificate,
) -> Result<RegisterCertificateOutput, Fault> {
    let status = match (call.status, call.set_as_active) {
        (None, active) => activity(active),
        (Some(asked), None) => settable(asked)?,
        (Some(asked), Some(active)) if settable(asked)? == activity(Some(active)) => settable(asked)?,
        (Some(_), Some(_)) => {
            return Err(Fault::invalid_request("status and setAsActive disagree: give one of them"));
        }
    };
    let now_ms = plane.now_ms;
    let registered = plane.change(move |draft, scope| {
        let ca = call.ca_certificate_pem.as_deref();
        draft.register_certificate_with_ca(scope, &call.certificate_pem, ca, status, now_ms)
    });
    let id = registered.await?;
    Ok(RegisterCertificateOutput {
        certificate_arn: plane.certificate_arn(&id),
        certificate_id: id.to_string(),
    })
}

pub(super) async fn register_without_ca(
    plane: &Plane<'_>,
    call: RegisterCertificateWithoutCA,
) -> Result<RegisterCertificateWithoutCAOutput, Fault> {
    let (status, now_ms) = (call.status.map_or(CertificateStatus::Inactive, status), plane.now_ms);
    let registered = plane.change(move |draft, scope| {
        draft.register_certificate_without_ca(scope, &call.certificate_pem, status, now_ms)
    });
    let id = registered.await?;
    Ok(RegisterCertificateWithoutCAOutput {
        certificate_arn: plane.certificate_arn(&id),
        certificate_id: id.to_string(),
    })
}

pub(super) async fn describe(
    plane: &Plane<'_>,
    call: DescribeCertificate,
) -> Result<DescribeCertificateOutput, Fault> {
    let id = certificate_id(&call.certificate_id)?;
    let unknown = || plane.fault(&RegistryError::UnknownCertificate(id));
    let record = record(plane, &id).ok_or_else(unknown)?;
    let certificate_pem = pem(plane.api, id).await?.ok_or_else(unknown)?;
    Ok(DescribeCertificateOutput {
        certificate_description: CertificateDescription {
            certificate_arn: plane.certificate_arn(&id),
            certificate_id: id.to_string(),
            ca_certificate_id: record.ca.map(|ca| ca.to_string()),
            status: Some(shown(record.status)),
            certificate_pem,
            owned_by: plane.scope.account().to_owned(),
            previous_owned_by: None,
            creation_date: date(record.created_ms),
            last_modified_date: date(record.modified_ms),
            customer_version: Some(u32::try_from(record.version).unwrap_or(u32::MAX)),
            transfer_data: Some(TransferData::default()),
            generation_id: None,
            validity: Some(validity(record.not_before_s, record.not_after_s)),
            certificate_mode: Some(mode(record.mode)),
        },
    })
}

fn record(plane: &Plane<'_>, id: &CertificateId) -> Option<CertificateRecord> {
    plane.registry().find_certificate(id).filter(|record| record.scope == *plane.scope).cloned()
}

/// The certificate's text, from the disk. None: it was deleted.
pub(super) async fn pem(api: &Arc<Api>, id: CertificateId) -> Result<Option<String>, Fault> {
    let shared = api.shared.clone();
    let read = tokio::task::spawn_blocking(move || shared.registry().read_pem(&*shared.documents, &id));
    let read = read.await.map_err(|error| Fault::internal_failure(error.to_string()))?;
    read.map_err(|error| Fault::internal_failure(error.to_string()))
}

pub(super) async fn update(
    plane: &Plane<'_>,
    call: UpdateCertificate,
) -> Result<UpdateCertificateOutput, Fault> {
    let (id, status, now_ms) = (certificate_id(&call.certificate_id)?, status(call.new_status), plane.now_ms);
    plane.change(move |draft, scope| draft.set_status(scope, &id, status, now_ms)).await?;
    Ok(UpdateCertificateOutput {})
}

pub(super) async fn delete(
    plane: &Plane<'_>,
    call: DeleteCertificate,
) -> Result<DeleteCertificateOutput, Fault> {
    let (id, force) = (certificate_id(&call.certificate_id)?, call.force_delete.unwrap_or(false));
    plane.change(move |draft, scope| draft.delete_certificate(scope, &id, force)).await?;
    Ok(DeleteCertificateOutput {})
}

pub(super) fn list(plane: &Plane<'_>, call: ListCertificates) -> Result<ListCertificatesOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let registry = plane.registry();
    let found = registry.certificates(plane.scope, page.after_certificate()?, order(call.ascending_order));
    let (certificates, next_marker) = page.cut(found.map(|record| summary(plane, record)));
    Ok(ListCertificatesOutput { certificates, next_marker })
}

pub(super) fn list_of_ca(
    plane: &Plane<'_>,
    call: ListCertificatesByCA,
) -> Result<ListCertificatesByCAOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let ca = certificate_id(&call.ca_certificate_id)?;
    let registry = plane.registry();
    let (after, order) = (page.after_certificate()?, order(call.ascending_order));
    let found = registry.certificates_of_ca(plane.scope, &ca, after, order);
    let (certificates, next_marker) = page.cut(found.map(|record| summary(plane, record)));
    Ok(ListCertificatesByCAOutput { certificates, next_marker })
}

fn summary(plane: &Plane<'_>, record: &CertificateRecord) -> (String, CertificateSummary) {
    let summary = CertificateSummary {
        certificate_arn: plane.certificate_arn(&record.id),
        certificate_id: record.id.to_string(),
        status: Some(shown(record.status)),
        certificate_mode: Some(mode(record.mode)),
        creation_date: date(record.created_ms),
    };
    (place(record.created_ms, &record.id), summary)
}

fn activity(active: Option<bool>) -> CertificateStatus {
    match active {
        Some(true) => CertificateStatus::Active,
        _ => CertificateStatus::Inactive,
    }
}

/// What a certificate can be registered with.
fn settable(asked: AskedStatus) -> Result<CertificateStatus, Fault> {
    match status(asked) {
        status @ (CertificateStatus::Active | CertificateStatus::Inactive | CertificateStatus::Revoked) => {
            Ok(status)
        }
        other => Err(Fault::invalid_request(RegistryError::StatusNotSettable(other).to_string())),
    }
}

fn status(asked: AskedStatus) -> CertificateStatus {
    match asked {
        AskedStatus::Active => CertificateStatus::Active,
        AskedStatus::Inactive => CertificateStatus::Inactive,
        AskedStatus::Revoked => CertificateStatus::Revoked,
        AskedStatus::PendingTransfer => CertificateStatus::PendingTransfer,
        AskedStatus::RegisterInactive => CertificateStatus::RegisterInactive,
        AskedStatus::PendingActivation => CertificateStatus::PendingActivation,
    }
}

fn shown(status: CertificateStatus) -> AskedStatus {
    match status {
        CertificateStatus::Active => AskedStatus::Active,
        CertificateStatus::Inactive => AskedStatus::Inactive,
        CertificateStatus::Revoked => AskedStatus::Revoked,
        CertificateStatus::PendingTransfer => AskedStatus::PendingTransfer,
        CertificateStatus::RegisterInactive => AskedStatus::RegisterInactive,
        CertificateStatus::PendingActivation => AskedStatus::PendingActivation,
    }
}

pub(super) fn mode(mode: CertificateMode) -> ShownMode {
    match mode {
        CertificateMode::Default => ShownMode::Default,
        CertificateMode::SniOnly => ShownMode::SniOnly,
    }
}

pub(super) fn validity(not_before_s: i64, not_after_s: i64) -> CertificateValidity {
    let date = |s: i64| Seconds::from_ms(s.saturating_mul(1000));
    CertificateValidity { not_before: date(not_before_s), not_after: date(not_after_s) }
}
