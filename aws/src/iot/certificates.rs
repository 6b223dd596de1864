//! Calls about device certificates: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};
use crate::value::{Seconds, Secret};

operations! {
    CreateKeysAndCertificate: POST "/keys-and-certificate" {
        set_as_active: Option<bool> = query "setAsActive",
    } -> CreateKeysAndCertificateOutput {
        certificate_arn: String = body "certificateArn",
        certificate_id: String = body "certificateId",
        certificate_pem: String = body "certificatePem",
        key_pair: KeyPair = body "keyPair",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    CreateCertificateFromCsr: POST "/certificates" {
        certificate_signing_request: String = body "certificateSigningRequest",
        set_as_active: Option<bool> = query "setAsActive",
    } -> CreateCertificateFromCsrOutput {
        certificate_arn: String = body "certificateArn",
        certificate_id: String = body "certificateId",
        certificate_pem: String = body "certificatePem",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    RegisterCertificate: POST "/certificate/register" {
        certificate_pem: String = body "certificatePem",
        ca_certificate_pem: Option<String> = body "caCertificatePem",
        set_as_active: Option<bool> = query "setAsActive",
        status: Option<CertificateStatus> = body "status",
    } -> RegisterCertificateOutput {
        certificate_arn: String = body "certificateArn",
        certificate_id: String = body "certificateId",
    } or ResourceAlreadyExists InvalidRequest CertificateValidation CertificateState CertificateConflict
        Throttling Unauthorized ServiceUnavailable InternalFailure;

    RegisterCertificateWithoutCA: POST "/certificate/register-no-ca" {
        certificate_pem: String = body "certificatePem",
        status: Option<CertificateStatus> = body "status",
    } -> RegisterCertificateWithoutCAOutput {
        certificate_arn: String = body "certificateArn",
        certificate_id: String = body "certificateId",
    } or ResourceAlreadyExists InvalidRequest CertificateState CertificateValidation Throttling
        Unauthorized ServiceUnavailable InternalFailure;

    DescribeCertificate: GET "/certificates/{certificateId}" {
        certificate_id: String = label "certificateId",
    } -> DescribeCertificateOutput {
        certificate_description: CertificateDescription = body "certificateDescription",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound;

    UpdateCertificate: PUT "/certificates/{certificateId}" {
        certificate_id: String = label "certificateId",
        new_status: CertificateStatus = query "newStatus",
    } -> UpdateCertificateOutput {
    } or ResourceNotFound CertificateState InvalidRequest Throttling Unauthorized ServiceUnavailable
        InternalFailure;

    DeleteCertificate: DELETE "/certificates/{certificateId}" {
        certificate_id: String = label "certificateId",
        force_delete: Option<bool> = query "forceDelete",
    } -> DeleteCertificateOutput {
    } or CertificateState DeleteConflict InvalidRequest Throttling Unauthorized ServiceUnavailable
        InternalFailure ResourceNotFound;

    ListCertificates: GET "/certificates" {
        page_size: Option<u16> = query "pageSize" in 1..=250,
        marker: Option<String> = query "marker",
        ascending_order: Option<bool> = query "isAscendingOrder",
    } -> ListCertificatesOutput {
        certificates: Vec<CertificateSummary> = body "certificates",
        next_marker: Option<String> = body "nextMarker",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    ListCertificatesByCA: GET "/certificates-by-ca/{caCertificateId}" {
        ca_certificate_id: String = label "caCertificateId",
        page_size: Option<u16> = query "pageSize" in 1..=250,
        marker: Option<String> = query "marker",
        ascending_order: Option<bool> = query "isAscendingOrder",
    } -> ListCertificatesByCAOutput {
        certificates: Vec<CertificateSummary> = body "certificates",
        next_marker: Option<String> = body "nextMarker",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;
}

structures! {
    KeyPair {
        public_key: String = "PublicKey",
        private_key: Secret = "PrivateKey",
    }

    TransferData {
        transfer_message: Option<String> = "transferMessage",
        reject_reason: Option<String> = "rejectReason",
        transfer_date: Option<Seconds> = "transferDate",
        accept_date: Option<Seconds> = "acceptDate",
        reject_date: Option<Seconds> = "rejectDate",
    }

    CertificateValidity {
        not_before: Seconds = "notBefore",
        not_after: Seconds = "notAfter",
    }

    CertificateDescription {
        certificate_arn: String = "certificateArn",
        certificate_id: String = "certificateId",
        ca_certificate_id: Option<String> = "caCertificateId",
        status: Option<CertificateStatus> = "status",
        certificate_pem: String = "certificatePem",
        owned_by: String = "ownedBy",
        previous_owned_by: Option<String> = "previousOwnedBy",
        creation_date: Seconds = "creationDate",
        last_modified_date: Seconds = "lastModifiedDate",
        customer_version: Option<u32> = "customerVersion",
        transfer_data: Option<TransferData> = "transferData",
        generation_id: Option<String> = "generationId",
        validity: Option<CertificateValidity> = "validity",
        certificate_mode: Option<CertificateMode> = "certificateMode",
    }

    CertificateSummary {
        certificate_arn: String = "certificateArn",
        certificate_id: String = "certificateId",
        status: Option<CertificateStatus> = "status",
        certificate_mode: Option<CertificateMode> = "certificateMode",
        creation_date: Seconds = "creationDate",
    }
}

enumerations! {
    CertificateStatus {
        Active = "ACTIVE",
        Inactive = "INACTIVE",
        Revoked = "REVOKED",
        PendingTransfer = "PENDING_TRANSFER",
        RegisterInactive = "REGISTER_INACTIVE",
        PendingActivation = "PENDING_ACTIVATION",
    }

    CertificateMode {
        Default = "DEFAULT",
        SniOnly = "SNI_ONLY",
    }
}
