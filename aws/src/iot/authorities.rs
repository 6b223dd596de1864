//! Calls about certificate authorities: how they are asked and answered. Does not answer them.

use crate::iot::certificates::{CertificateMode, CertificateValidity};
use crate::iot::tags::Tag;
use crate::operations::{enumerations, operations, structures};
use crate::value::Seconds;

operations! {
    RegisterCACertificate: POST "/cacertificate" {
        ca_certificate: String = body "caCertificate",
        verification_certificate: Option<String> = body "verificationCertificate",
        set_as_active: Option<bool> = query "setAsActive",
        allow_auto_registration: Option<bool> = query "allowAutoRegistration",
        registration_config: Option<RegistrationConfig> = body "registrationConfig",
        tags: Option<Vec<Tag>> = body "tags",
        certificate_mode: Option<CertificateMode> = body "certificateMode",
    } -> RegisterCACertificateOutput {
        certificate_arn: String = body "certificateArn",
        certificate_id: String = body "certificateId",
    } or ResourceNotFound ResourceAlreadyExists RegistrationCodeValidation InvalidRequest
        CertificateValidation Throttling LimitExceeded Unauthorized ServiceUnavailable InternalFailure;

    DescribeCACertificate: GET "/cacertificate/{caCertificateId}" {
        certificate_id: String = label "caCertificateId",
    } -> DescribeCACertificateOutput {
        certificate_description: CaCertificateDescription = body "certificateDescription",
        registration_config: Option<RegistrationConfig> = body "registrationConfig",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound;

    UpdateCACertificate: PUT "/cacertificate/{caCertificateId}" {
        certificate_id: String = label "caCertificateId",
        new_status: Option<CaCertificateStatus> = query "newStatus",
        new_auto_registration_status: Option<AutoRegistrationStatus> = query "newAutoRegistrationStatus",
        registration_config: Option<RegistrationConfig> = body "registrationConfig",
        remove_auto_registration: Option<bool> = body "removeAutoRegistration",
    } -> UpdateCACertificateOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    DeleteCACertificate: DELETE "/cacertificate/{caCertificateId}" {
        certificate_id: String = label "caCertificateId",
    } -> DeleteCACertificateOutput {
    } or InvalidRequest CertificateState Throttling Unauthorized ServiceUnavailable InternalFailure
        ResourceNotFound;

    ListCACertificates: GET "/cacertificates" {
        page_size: Option<u16> = query "pageSize" in 1..=250,
        marker: Option<String> = query "marker",
        ascending_order: Option<bool> = query "isAscendingOrder",
        template_name: Option<String> = query "templateName",
    } -> ListCACertificatesOutput {
        certificates: Vec<CaCertificateSummary> = body "certificates",
        next_marker: Option<String> = body "nextMarker",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    GetRegistrationCode: GET "/registrationcode" {
    } -> GetRegistrationCodeOutput {
        registration_code: String = body "registrationCode",
    } or Throttling Unauthorized ServiceUnavailable InternalFailure InvalidRequest;

    DeleteRegistrationCode: DELETE "/registrationcode" {
    } -> DeleteRegistrationCodeOutput {
    } or Throttling ResourceNotFound Unauthorized ServiceUnavailable InternalFailure;
}

structures! {
    RegistrationConfig {
        template_body: Option<String> = "templateBody",
        role_arn: Option<String> = "roleArn",
        template_name: Option<String> = "templateName",
    }

    CaCertificateDescription {
        certificate_arn: String = "certificateArn",
        certificate_id: String = "certificateId",
        status: Option<CaCertificateStatus> = "status",
        certificate_pem: String = "certificatePem",
        owned_by: String = "ownedBy",
        creation_date: Seconds = "creationDate",
        auto_registration_status: Option<AutoRegistrationStatus> = "autoRegistrationStatus",
        last_modified_date: Seconds = "lastModifiedDate",
        customer_version: Option<u32> = "customerVersion",
        generation_id: Option<String> = "generationId",
        validity: Option<CertificateValidity> = "validity",
        certificate_mode: Option<CertificateMode> = "certificateMode",
    }

    CaCertificateSummary {
        certificate_arn: String = "certificateArn",
        certificate_id: String = "certificateId",
        status: Option<CaCertificateStatus> = "status",
        creation_date: Seconds = "creationDate",
    }
}

enumerations! {
    CaCertificateStatus {
        Active = "ACTIVE",
        Inactive = "INACTIVE",
    }

    AutoRegistrationStatus {
        Enable = "ENABLE",
        Disable = "DISABLE",
    }
}
