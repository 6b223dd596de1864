//! Devices: made with thing, certificate and folder in one commit; listed, shown, disconnected, removed.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use broker::ScopeId;
use broker::presence::DisconnectReason;
use hub::{Cause, Event, Hub};
use registry::{
    Attachment, CertificateRecord, CertificateStatus, DeviceIdentity, Draft, Endpoint, FolderFile, NewThing,
    RegistryError, Scope, Tags, Target, Thing, device_folder,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::control::parse;
use super::refusal::Refused;
use super::starter::{StarterPolicy, own_name};
use crate::aws::connectivity;
use crate::certificates::{self, NotIssued, Wanted};
use crate::link::Stage;
use crate::registrar::Unavailable;

/// What kind of key a device gets, or the request of one that has its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Key {
    #[default]
    Rsa,
    P256,
    Csr,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDevice {
    name: String,
    #[serde(default)]
    key: Key,
    /// PEM of a certificate signing request, with key `csr`.
    csr: Option<String>,
    #[serde(default)]
    policy: StarterPolicy,
}

/// The private key is in this reply and nowhere else.
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let wish: NewDevice = parse(&body)?;
    // A caller that hangs up must not leave a committed change that memory does not have.
    let made = tokio::spawn(async move { make(&api, wish).await }).await;
    let reply = made.map_err(|error| Refused::unavailable(error.to_string()))??;
    Ok((StatusCode::CREATED, Json(reply)))
}

async fn make(api: &Arc<Api>, wish: NewDevice) -> Result<Value, Refused> {
    let name = wish.name.clone();
    // Looked at before a key is made, which takes its time.
    if api.shared.registry().find_thing(&api.scope, &name).is_some() {
        return Err(exists(&name));
    }
    let now_ms = api.shared.clock.wall_ms();
    let wish_policy = wish.policy.clone();
    let identity = issue(api, wish.key, wish.csr).await?;
    let starter = wish_policy.resolve(&api.scope, &name)?;
    let (scope, device, pem, policy) =
        (api.scope.clone(), name.clone(), identity.cert_pem.clone(), starter.name.clone());
    let thing_id = change(api, move |draft| {
        if draft.find_thing(&scope, &device).is_some() {
            return Err(Wrong::Exists);
        }
        let random = uuid::Uuid::new_v4().into_bytes();
        let new = NewThing { name: device.clone(), random, ..NewThing::default() };
        let thing_id = draft.create_thing(&scope, new, now_ms)?.id.clone();
        let id = draft.register_certificate(&scope, &pem, CertificateStatus::Active, now_ms)?;
        draft.attach(&scope, &device, &id, Attachment::ExclusiveThing)?;
        if let Some(document) = starter.document {
            match draft.find_policy(&scope, &starter.name) {
                None => _ = draft.create_policy(&scope, &starter.name, &document, Tags::default(), now_ms)?,
                Some(known) if known.document() == document => {}
                Some(_) => return Err(Wrong::PolicyExists(starter.name)),
            }
        }
        draft.attach_policy(&scope, &starter.name, &Target::Certificate(id))?;
        Ok(thing_id)
    })
    .await
    .map_err(|wrong| wrong.refused(&name))?;
    let endpoint = endpoint(api);
    let files = files(api, &name, &identity)?;
    api.shared.explain(&name, "device", "made, with a certificate that is ACTIVE");
    Ok(json!({
        "name": name,
        "thing_id": thing_id,
        "certificate_id": identity.id.to_string(),
        "policy": policy,
        "endpoint": describe(&endpoint),
        "files": files,
    }))
}

/// A certificate for a device, with a key of our own or for the one that made the request.
pub(super) async fn issue(api: &Api, key: Key, csr: Option<String>) -> Result<DeviceIdentity, Refused> {
    let wanted = match (key, csr) {
        (Key::Rsa, None) => Wanted::Rsa2048,
        (Key::P256, None) => Wanted::P256,
        (Key::Csr, Some(request)) => Wanted::Request(request),
        (Key::Csr, None) => {
            return Err(Refused::invalid("key `csr` needs the request's PEM in the field `csr`"));
        }
        (Key::Rsa | Key::P256, Some(_)) => return Err(Refused::invalid("the field `csr` needs key `csr`")),
    };
    let issued = certificates::issue(&api.identity, wanted, api.shared.clock.wall_s()).await;
    issued.map_err(|error| match error {
        NotIssued::Refused(error) => Refused::invalid(error.to_string()),
        NotIssued::Unavailable(_) => Refused::unavailable(error.to_string()),
    })
}

/// The files of a device's folder, as the command line writes them.
pub(super) fn files(api: &Api, name: &str, identity: &DeviceIdentity) -> Result<Vec<Value>, Refused> {
    let files = device_folder(name, identity, api.identity.authority().cert_pem(), &endpoint(api));
    let files = files.map_err(|error| Refused::invalid(error.to_string()))?.into_iter();
    let file = |file: FolderFile| json!({ "name": file.name, "contents": file.contents, "private": file.is_private });
    Ok(files.map(file).collect())
}

/// Why a device is not made, changed or removed.
pub(super) enum Wrong {
    Exists,
    PolicyExists(String),
    /// Between a look at it and the change.
    PolicyChanged(String),
    Unknown,
    Registry(RegistryError),
    Unavailable(String),
}

impl From<RegistryError> for Wrong {
    fn from(error: RegistryError) -> Self {
        Wrong::Registry(error)
    }
}

impl Wrong {
    pub(super) fn refused(self, name: &str) -> Refused {
        match self {
            Wrong::Exists => exists(name),
            Wrong::PolicyExists(policy) => Refused::conflict(format!(
                "policy {policy} exists and is another one: attach it with --policy {policy}, or delete it first"
            )),
            Wrong::PolicyChanged(policy) => Refused::conflict(format!(
                "policy {policy} was changed by somebody else meanwhile: try again"
            )),
            Wrong::Unknown => unknown(name),
            Wrong::Registry(error) => Refused::invalid(error.to_string()),
            Wrong::Unavailable(why) => Refused::unavailable(why),
        }
    }
}

/// Everything that the wishes of one call change, or nothing of it.
pub(super) async fn change<T: Send + 'static>(
    api: &Api,
    decide: impl FnOnce(&mut Draft<'_>) -> Result<T, Wrong> + Send + 'static,
) -> Result<T, Wrong> {
    let changed = api.shared.registrar.change(|draft| draft.attempt(decide)).await;
    changed.unwrap_or_else(|Unavailable(why)| Err(Wrong::Unavailable(why)))
}

/// Where a device finds us from here.
pub(super) fn endpoint(api: &Api) -> Endpoint {
    let mqtt = api.endpoints.mqtt.as_deref().unwrap_or("localhost:8883");
    let (host, port) = mqtt.rsplit_once(':').unwrap_or((mqtt, "8883"));
    let https = api.endpoints.https.as_deref().and_then(|url| url.rsplit_once(':'));
    Endpoint {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: port.parse().unwrap_or(8883),
        https_port: https.and_then(|(_, port)| port.parse().ok()).unwrap_or(8443),
    }
}

pub(super) fn describe(endpoint: &Endpoint) -> Value {
    let Endpoint { host, port, https_port } = endpoint;
    json!({ "host": host, "port": port, "https_port": https_port })
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<Value> {
    let online = online(&api);
    let registry = api.shared.registry();
    let devices: Vec<Value> = registry
        .things(&api.scope, None)
        .map(|thing| {
            let ids = registry.principals_of(&api.scope, &thing.name);
            let certificates: Vec<&CertificateRecord> =
                ids.filter_map(|id| registry.find_certificate(&id)).collect();
            device(thing, &certificates, online.contains(&*thing.name))
        })
        .collect();
    Json(json!({ "devices": devices }))
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let client = name.clone();
    let look = move |hub: &Hub<_>| connectivity(hub, ScopeId::default(), &client);
    let known = api.shared.desk.ask(look).await.map_err(Refused::unavailable)?;
    let registry = api.shared.registry();
    let thing = registry.find_thing(&api.scope, &name).ok_or_else(|| unknown(&name))?;
    let ids = registry.principals_of(&api.scope, &name);
    let certificates: Vec<&CertificateRecord> = ids.filter_map(|id| registry.find_certificate(&id)).collect();
    let mut shown = device(thing, &certificates, known.as_ref().is_some_and(|known| known.connected));
    if let Some(fields) = shown.as_object_mut() {
        if let Some(known) = known {
            let since_ms = known.connected_since_ms.or(known.disconnected_since_ms);
            fields.insert("since_ms".into(), json!(since_ms));
            fields.insert("disconnect_reason".into(), json!(known.disconnect_reason));
        }
        fields.insert("endpoint".into(), describe(&endpoint(&api)));
    }
    Ok(Json(shown))
}

/// Ends the connection of the client with the device's name.
pub(super) async fn disconnect(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    if !online(&api).contains(&*name) {
        return Err(Refused::not_found(format!(
            "no client {name} is connected: a device is found here if its client id is its name (`thingstead events` shows who is)"
        )));
    }
    drop_client(&api, &name, "it was disconnected with `thingstead device drop`");
    Ok(Json(json!({ "dropped": name })))
}

/// Removes thing and certificates; the client with the device's name is sent away.
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let removed = tokio::spawn(async move { unmake(&api, name).await }).await;
    removed.map_err(|error| Refused::unavailable(error.to_string()))?.map(Json)
}

async fn unmake(api: &Arc<Api>, name: String) -> Result<Value, Refused> {
    let now_ms = api.shared.clock.wall_ms();
    let (scope, device) = (api.scope.clone(), name.clone());
    let certificates = change(api, move |draft| {
        if draft.find_thing(&scope, &device).is_none() {
            return Err(Wrong::Unknown);
        }
        let ids = draft.principals_of(&scope, &device);
        let own = own_name(&device);
        let owns_policy = ids.iter().any(|id| {
            draft.find_certificate(id).is_some_and(|record| record.policies.iter().any(|name| **name == *own))
        });
        for id in &ids {
            draft.detach(&scope, &device, id)?;
            let record = draft.find_certificate(id);
            if record.is_some_and(|record| record.things.is_empty()) {
                draft.set_status(&scope, id, CertificateStatus::Inactive, now_ms)?;
                draft.delete_certificate(&scope, id, true)?;
            }
        }
        draft.delete_thing(&scope, &device, None)?;
        if owns_policy {
            remove_policy(draft, &scope, &own_name(&device), now_ms);
        }
        Ok(ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>())
    })
    .await
    .map_err(|wrong| wrong.refused(&name))?;
    if online(api).contains(&*name) {
        drop_client(api, &name, "it was removed with `thingstead device rm`");
    }
    api.shared.explain(&name, "device", "removed, with its certificates");
    Ok(json!({ "removed": name, "certificates": certificates }))
}

/// Unless others use it.
fn remove_policy(draft: &mut Draft<'_>, scope: &Scope, name: &str, now_ms: u64) {
    let Some(policy) = draft.find_policy(scope, name) else { return };
    let others = policy.versions.iter().map(|version| version.id);
    let others: Vec<u32> = others.filter(|id| *id != policy.default_version).collect();
    let _: Result<(), RegistryError> = draft.attempt(|draft| {
        for version in others {
            draft.delete_policy_version(scope, name, version, now_ms)?;
        }
        draft.delete_policy(scope, name)
    });
}

fn drop_client(api: &Api, client: &str, why: &str) {
    api.shared.desk.submit(Event::Drop {
        scope: ScopeId::default(),
        client: client.to_owned(),
        clean_session: false,
        cause: Cause { reason: DisconnectReason::ConnectionLost, will: true, text: why.to_owned() },
    });
}

/// Client ids that are connected now, of the account and region that devices are made in.
fn online(api: &Api) -> HashSet<Arc<str>> {
    let client = |link: Arc<crate::link::Link>| {
        let out = link.lock();
        (out.stage == Stage::Open && out.scope == ScopeId::default()).then(|| out.client.clone())
    };
    api.shared.links.all().into_iter().filter_map(client).collect()
}

fn device(thing: &Thing, certificates: &[&CertificateRecord], connected: bool) -> Value {
    let certificates: Vec<Value> = certificates
        .iter()
        .map(|record| {
            json!({
                "id": record.id.to_string(),
                "status": record.status.to_string(),
                "created_ms": record.created_ms,
                "not_after_s": record.not_after_s,
            })
        })
        .collect();
    json!({
        "name": &*thing.name,
        "thing_id": thing.id,
        "created_ms": thing.created_ms,
        "connected": connected,
        "certificates": certificates,
    })
}

fn exists(name: &str) -> Refused {
    Refused::conflict(format!(
        "device {name} exists: choose another name, or remove it with `thingstead device rm {name}`"
    ))
}

pub(super) fn unknown(name: &str) -> Refused {
    Refused::not_found(format!(
        "there is no device {name}: `thingstead device ls` lists them, `thingstead device new {name}` makes it"
    ))
}
