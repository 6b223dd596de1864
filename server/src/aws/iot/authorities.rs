//! Calls about certificate authorities of others in, their outcomes out.

use ::aws::Fault;
use ::aws::iot::authorities::{
    AutoRegistrationStatus, CaCertificateDescription, CaCertificateStatus, CaCertificateSummary,
    DeleteCACertificate, DeleteCACertificateOutput, DeleteRegistrationCode, DeleteRegistrationCodeOutput,
    DescribeCACertificate, DescribeCACertificateOutput, GetRegistrationCode, GetRegistrationCodeOutput,
    ListCACertificates, ListCACertificatesOutput, RegisterCACertificate, RegisterCACertificateOutput,
    RegistrationConfig as AskedConfig, UpdateCACertificate, UpdateCACertificateOutput,
};
use ::aws::iot::certificates::CertificateMode as AskedMode;
use registry::{CaCertificate, CaStatus, CaUpdate, CertificateId, CertificateMode, NewCa, RegistryError};

use super::certificates::{mode, validity};
use super::pages::{Page, order, place};
use super::{Plane, certificate_id, date, random, tags_of};

pub(super) async fn register(
    plane: &Plane<'_>,
    call: RegisterCACertificate,
) -> Result<RegisterCACertificateOutput, Fault> {
    no_provisioning(call.registration_config.as_ref())?;
    let (tags, now_ms) = (tags_of(call.tags)?, plane.now_ms);
    let registered = plane.change(move |draft, scope| {
        let new = NewCa {
            pem: &call.ca_certificate,
            verification_pem: call.verification_certificate.as_deref(),
            mode: match call.certificate_mode {
                Some(AskedMode::SniOnly) => CertificateMode::SniOnly,
                _ => CertificateMode::Default,
            },
            status: match call.set_as_active {
                Some(true) => CaStatus::Active,
                _ => CaStatus::Inactive,
            },
            registers_automatically: call.allow_auto_registration.unwrap_or(false),
            registration: None,
            tags,
        };
        draft.register_ca(scope, new, now_ms)
    });
    let id = registered.await?;
    Ok(RegisterCACertificateOutput { certificate_arn: arn(plane, &id), certificate_id: id.to_string() })
}

pub(super) fn describe(
    plane: &Plane<'_>,
    call: DescribeCACertificate,
) -> Result<DescribeCACertificateOutput, Fault> {
    let id = certificate_id(&call.certificate_id)?;
    let registry = plane.registry();
    let found = registry.find_ca(plane.scope, &id);
    let ca = found.ok_or_else(|| plane.fault(&RegistryError::UnknownCa(id)))?;
    Ok(DescribeCACertificateOutput {
        certificate_description: CaCertificateDescription {
            certificate_arn: arn(plane, &id),
            certificate_id: id.to_string(),
            status: Some(status(ca.status)),
            certificate_pem: ca.pem.clone(),
            owned_by: plane.scope.account().to_owned(),
            creation_date: date(ca.created_ms),
            auto_registration_status: Some(match ca.registers_automatically {
                true => AutoRegistrationStatus::Enable,
                false => AutoRegistrationStatus::Disable,
            }),
            last_modified_date: date(ca.modified_ms),
            customer_version: Some(u32::try_from(ca.version).unwrap_or(u32::MAX)),
            generation_id: None,
            validity: Some(validity(ca.not_before_s, ca.not_after_s)),
            certificate_mode: Some(mode(ca.mode)),
        },
        registration_config: ca.registration.clone().map(|config| AskedConfig {
            template_body: config.template_body,
            role_arn: config.role_arn,
            template_name: config.template_name,
        }),
    })
}

pub(super) async fn update(
    plane: &Plane<'_>,
    call: UpdateCACertificate,
) -> Result<UpdateCACertificateOutput, Fault> {
    no_provisioning(call.registration_config.as_ref())?;
    let id = certificate_id(&call.certificate_id)?;
    let update = CaUpdate {
        status: call.new_status.map(|asked| match asked {
            CaCertificateStatus::Active => CaStatus::Active,
            CaCertificateStatus::Inactive => CaStatus::Inactive,
        }),
        registers_automatically: call
            .new_auto_registration_status
            .map(|asked| asked == AutoRegistrationStatus::Enable),
        registration: None,
        remove_registration: call.remove_auto_registration.unwrap_or(false),
    };
    let now_ms = plane.now_ms;
    plane.change(move |draft, scope| draft.update_ca(scope, &id, update, now_ms)).await?;
    Ok(UpdateCACertificateOutput {})
}

pub(super) async fn delete(
    plane: &Plane<'_>,
    call: DeleteCACertificate,
) -> Result<DeleteCACertificateOutput, Fault> {
    let id = certificate_id(&call.certificate_id)?;
    plane.change(move |draft, scope| draft.delete_ca(scope, &id)).await?;
    Ok(DeleteCACertificateOutput {})
}

pub(super) fn list(plane: &Plane<'_>, call: ListCACertificates) -> Result<ListCACertificatesOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let registry = plane.registry();
    let fits = |ca: &&CaCertificate| {
        let name = ca.registration.as_ref().and_then(|config| config.template_name.as_ref());
        call.template_name.is_none() || call.template_name.as_ref() == name
    };
    let found = registry.cas(plane.scope, page.after_certificate()?, order(call.ascending_order));
    let (certificates, next_marker) = page.cut(found.filter(fits).map(|ca| {
        let summary = CaCertificateSummary {
            certificate_arn: arn(plane, &ca.id),
            certificate_id: ca.id.to_string(),
            status: Some(status(ca.status)),
            creation_date: date(ca.created_ms),
        };
        (place(ca.created_ms, &ca.id), summary)
    }));
    Ok(ListCACertificatesOutput { certificates, next_marker })
}

pub(super) async fn registration_code(
    plane: &Plane<'_>,
    _: GetRegistrationCode,
) -> Result<GetRegistrationCodeOutput, Fault> {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(random().into_iter().chain(random())) {
        *to = from;
    }
    let code = plane.change(move |draft, scope| Ok(draft.registration_code(scope, bytes)));
    Ok(GetRegistrationCodeOutput { registration_code: code.await? })
}

pub(super) async fn delete_registration_code(
    plane: &Plane<'_>,
    _: DeleteRegistrationCode,
) -> Result<DeleteRegistrationCodeOutput, Fault> {
    plane.change(|draft, scope| draft.delete_registration_code(scope)).await?;
    Ok(DeleteRegistrationCodeOutput {})
}

fn arn(plane: &Plane<'_>, id: &CertificateId) -> String {
    plane.arn("cacert", &id.to_string())
}

fn status(status: CaStatus) -> CaCertificateStatus {
    match status {
        CaStatus::Active => CaCertificateStatus::Active,
        CaStatus::Inactive => CaCertificateStatus::Inactive,
    }
}

/// A template that nobody carries out would leave devices waiting for what never comes.
fn no_provisioning(asked: Option<&AskedConfig>) -> Result<(), Fault> {
    match asked {
        Some(asked) if *asked != AskedConfig::default() => Err(Fault::not_implemented(
            "just-in-time provisioning (registrationConfig) is not served by Thingstead: leave it out, and register \
             things and policies with calls of their own",
        )),
        _ => Ok(()),
    }
}
