//! Calls about device certificates in, their outcomes out. Private keys stand in one reply and nowhere else.

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
    CertificateId, CertificateMode, CertificateRecord, CertificateStatus, DeviceIdentity, RegistryError,
};

use super::pages::{Page, order, place};
use super::{Plane, certificate_id, date, faults};
use crate::certificates::{self, Wanted};

pub(super) async fn create_with_keys(
    plane: &Plane<'_>,
    call: CreateKeysAndCertificate,
) -> Result<CreateKeysAndCertificateOutput, Fault> {
    let issued = issue(plane, Wanted::Rsa2048).await?;
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
    let issued = issue(plane, Wanted::Request(call.certificate_signing_request)).await?;
    let pem = issued.cert_pem.clone();
    let id = keep(plane, pem, call.set_as_active).await?;
    Ok(CreateCertificateFromCsrOutput {
        certificate_arn: plane.certificate_arn(&id),
        certificate_id: id.to_string(),
        certificate_pem: issued.cert_pem,
    })
}

async fn issue(plane: &Plane<'_>, wanted: Wanted) -> Result<DeviceIdentity, Fault> {
    let issued = certificates::issue(&plane.api.identity, wanted, plane.now_s()).await;
    issued.map_err(|error| faults::of_issue(&error))
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
    let certificate_pem = certificates::pem(&plane.api.shared, id).await.map_err(Fault::internal_failure)?;
    let certificate_pem = certificate_pem.ok_or_else(unknown)?;
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
