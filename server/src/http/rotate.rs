//! A device's name in, a new certificate for it out. The old ones are turned off when the new one has connected.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use registry::{Attachment, CertificateId, CertificateStatus, Draft, RegistryError, Scope, Target};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::control::parse;
use super::devices::{Key, Wrong, change, describe, endpoint, files, issue};
use super::refusal::Refused;
use crate::rotation::Rotation;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    key: Key,
    /// PEM of a certificate signing request, with key `csr`.
    csr: Option<String>,
}

pub(super) async fn rotate(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let wish: Wish = parse(&body)?;
    // A caller that hangs up must not leave a committed change that memory does not have.
    let made = tokio::spawn(async move { make(&api, name, wish).await }).await;
    let reply = made.map_err(|error| Refused::unavailable(error.to_string()))??;
    Ok((StatusCode::CREATED, Json(reply)))
}

async fn make(api: &Arc<Api>, name: String, wish: Wish) -> Result<Value, Refused> {
    if api.shared.registry().find_thing(&api.scope, &name).is_none() {
        return Err(Wrong::Unknown.refused(&name));
    }
    let identity = issue(api, wish.key, wish.csr).await?;
    let now_ms = api.shared.clock.wall_ms();
    let (scope, device, pem) = (api.scope.clone(), name.clone(), identity.cert_pem.clone());
    let old = change(api, move |draft| Ok(replace(draft, &scope, &device, &pem, now_ms)?)).await;
    let old = old.map_err(|wrong| wrong.refused(&name))?;
    let rotation = Rotation { scope: api.scope.clone(), device: name.clone(), old: old.clone() };
    let lasting = api.shared.rotations.begin(identity.id, rotation);
    api.shared.desk.write(lasting).await.map_err(Refused::unavailable)?;
    let text = format!("a new certificate {} is ACTIVE; the old one goes when it has connected", identity.id);
    api.shared.explain(&name, "rotation begun", &text);
    Ok(json!({
        "name": name,
        "certificate_id": identity.id.to_string(),
        "replaces": old.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "endpoint": describe(&endpoint(api)),
        "files": files(api, &name, &identity)?,
    }))
}

/// Registers the new certificate with the thing and the policies of the active ones, which it answers.
fn replace(
    draft: &mut Draft<'_>,
    scope: &Scope,
    device: &str,
    pem: &str,
    now_ms: u64,
) -> Result<Vec<CertificateId>, RegistryError> {
    let ids = draft.principals_of(scope, device);
    let records = ids.iter().filter_map(|id| draft.find_certificate(id));
    let active: Vec<_> = records.filter(|record| record.status == CertificateStatus::Active).collect();
    let old: Vec<CertificateId> = active.iter().map(|record| record.id).collect();
    let policies: BTreeSet<String> =
        active.iter().flat_map(|record| record.policies.iter().map(ToString::to_string)).collect();
    let id = draft.register_certificate(scope, pem, CertificateStatus::Active, now_ms)?;
    draft.attach(scope, device, &id, Attachment::ExclusiveThing)?;
    for policy in &policies {
        draft.attach_policy(scope, policy, &Target::Certificate(id))?;
    }
    Ok(old)
}
