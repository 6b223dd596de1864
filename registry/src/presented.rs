//! The registry's record of a presented certificate and the time in, who is connecting out, or why it may not.
//! That the client holds the key is proven by the handshake, not here.

use thiserror::Error;

use crate::{CertificateId, CertificateRecord, CertificateStatus};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Certificate {
        id: CertificateId,
        /// The thing, if exactly one is attached.
        thing: Option<String>,
    },
    /// A client of a listener that asks for no certificate.
    Anonymous,
    /// Whoever runs the house.
    Operator,
}

/// Why a certificate may not connect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error(
        "certificate {0} is not registered here; create a device with `thingstead device new NAME`, or register this \
         certificate with `aws iot register-certificate-without-ca --status ACTIVE --certificate-pem file://FILE`"
    )]
    Unknown(CertificateId),
    #[error(
        "certificate {0} is INACTIVE; activate it with `aws iot update-certificate --certificate-id {0} --new-status \
         ACTIVE`"
    )]
    Inactive(CertificateId),
    #[error(
        "certificate {0} is REVOKED, which is final; create a new one for the device with `thingstead device new NAME`"
    )]
    Revoked(CertificateId),
    #[error(
        "certificate {id} is {status} and waits to be activated; activate it with `aws iot update-certificate \
         --certificate-id {id} --new-status ACTIVE`"
    )]
    Pending { id: CertificateId, status: CertificateStatus },
    #[error(
        "certificate {id} expired at {not_after_s} (Unix seconds; it is {now_s} here); create a new one for the device \
         with `thingstead device new NAME`, or check the clock with `date -u` and `thingstead time show`"
    )]
    Expired { id: CertificateId, not_after_s: i64, now_s: i64 },
    #[error(
        "certificate {id} is valid only from {not_before_s} (Unix seconds; it is {now_s} here); check the clock with \
         `date -u` and `thingstead time show`"
    )]
    NotYetValid { id: CertificateId, not_before_s: i64, now_s: i64 },
}

/// Decides whether the certificate may connect. `record` is what [`crate::Registry::find_certificate`] found for `id`.
pub fn verify_presented(
    id: &CertificateId,
    record: Option<&CertificateRecord>,
    now_s: i64,
) -> Result<Principal, Refusal> {
    let id = *id;
    let record = record.ok_or(Refusal::Unknown(id))?;
    match record.status {
        CertificateStatus::Active => {}
        CertificateStatus::Inactive | CertificateStatus::RegisterInactive => {
            return Err(Refusal::Inactive(id));
        }
        CertificateStatus::Revoked => return Err(Refusal::Revoked(id)),
        status @ (CertificateStatus::PendingTransfer | CertificateStatus::PendingActivation) => {
            return Err(Refusal::Pending { id, status });
        }
    }
    if now_s > record.not_after_s {
        return Err(Refusal::Expired { id, not_after_s: record.not_after_s, now_s });
    }
    if now_s < record.not_before_s {
        return Err(Refusal::NotYetValid { id, not_before_s: record.not_before_s, now_s });
    }
    let mut things = record.things.names();
    let thing = things.next().filter(|_| things.next().is_none()).map(|name| name.to_string());
    Ok(Principal::Certificate { id, thing })
}
