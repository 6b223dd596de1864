//! Certificates of devices: issued by our CA, and read from the disk as they were registered. Slow work goes to threads
//! of its own. Registers nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry::{
    AuthorityError, CertificateId, DeviceIdentity, KeyChoice, PublicCertificate, certificate_fields,
};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::identity::Identity;
use crate::shared::Shared;

/// What a certificate is made for.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// A new key, as AWS makes them.
    Rsa2048,
    P256,
    /// The PEM of a signing request of whoever keeps the key to itself.
    Request(String),
}

/// Why there is no certificate.
#[derive(Debug, Error)]
pub(crate) enum NotIssued {
    #[error(transparent)]
    Refused(#[from] AuthorityError),
    #[error("no certificate was issued ({0}): try again")]
    Unavailable(String),
}

/// Certificates that are issued at a time: looking for primes takes a processor for itself.
static ISSUING: Semaphore = Semaphore::const_new(2);

pub(crate) async fn issue(
    identity: &Identity,
    wanted: Wanted,
    now_s: i64,
) -> Result<DeviceIdentity, NotIssued> {
    let issuer = identity.clone();
    let _turn = ISSUING.acquire().await.map_err(|error| NotIssued::Unavailable(error.to_string()))?;
    let issued = spawn_blocking(move || {
        let key = match &wanted {
            Wanted::Rsa2048 => KeyChoice::Rsa2048,
            Wanted::P256 => KeyChoice::P256,
            Wanted::Request(request) => KeyChoice::Request(request),
        };
        issuer.authority().issue_device(key, now_s)
    });
    Ok(issued.await.map_err(|error| NotIssued::Unavailable(error.to_string()))??)
}

/// A registered certificate's text. None: it was deleted.
pub(crate) async fn pem(shared: &Arc<Shared>, id: CertificateId) -> Result<Option<String>, String> {
    // A copy, so that the registry is not held while the disk is read.
    let Some(record) = shared.registry().find_certificate(&id).cloned() else { return Ok(None) };
    let documents = shared.documents.clone();
    let read = spawn_blocking(move || record.read_pem(&*documents)).await;
    read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// What policies can say of a registered certificate; nothing of one that was deleted.
pub(crate) async fn fields(
    shared: &Arc<Shared>,
    id: CertificateId,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let certificate = pem(shared, id).await?.and_then(|pem| PublicCertificate::from_pem(&pem).ok());
    Ok(certificate.map(|certificate| certificate_fields(&certificate.der)).unwrap_or_default())
}
