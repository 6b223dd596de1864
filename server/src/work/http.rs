//! A rule's HTTP action: posted to an address whose owner has said yes, within AWS's limits.

use std::sync::Arc;
use std::time::Duration;

use ::aws::signature::{Signer, Timestamp, sign};
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use broker::ScopeId;
use bytes::Bytes;
use registry::Scope;
use rules::DestinationStatus;
use rules::action::{Http, Signed};

use super::act::Wrong;
use crate::outgoing::{Limits, OutgoingError};
use crate::shared::Shared;

/// AWS waits three seconds and reads 16 KiB of a reply.
pub(super) const LIMITS: Limits =
    Limits { connect: Duration::from_secs(3), total: Duration::from_secs(3), reply_bytes: 16 * 1024 };

pub(super) async fn post(
    shared: &Arc<Shared>,
    scope: ScopeId,
    place: &Scope,
    action: &Http<String>,
    payload: &Bytes,
) -> Result<(), Wrong> {
    check_destination(shared, scope, &action.url).await?;
    let mut headers = HeaderMap::new();
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok();
    let kind = if is_json { "application/json" } else { "application/octet-stream" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in &action.headers {
        let (name, value) = header(name, value)?;
        headers.insert(name, value);
    }
    if let Some(signed) = &action.signed {
        headers = signed_headers(shared, place, action, signed, headers, payload)?;
    }
    told(shared.outgoing.post(&action.url, headers, payload.clone(), LIMITS).await.map(|reply| reply.status))
}

/// What a reply, or none, means for the one who posted. As AWS does, only what says "later" is tried again.
pub(super) fn told(replied: Result<StatusCode, OutgoingError>) -> Result<(), Wrong> {
    match replied {
        Ok(status) if status.is_success() => Ok(()),
        Ok(status) => {
            let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            Err(Wrong { may_pass, text: format!("it was answered with {status}") })
        }
        Err(error) => {
            let may_pass = error.is_retryable() && !matches!(error, OutgoingError::Closed { .. });
            Err(Wrong { may_pass, text: error.to_string() })
        }
    }
}

async fn check_destination(shared: &Shared, scope: ScopeId, url: &str) -> Result<(), Wrong> {
    let of = url.to_owned();
    let known = shared.desk.ask(move |hub| {
        let covering = |status: Option<DestinationStatus>, known: &rules::Destination| match status {
            Some(DestinationStatus::Enabled) => status,
            _ if known.covers(&of) => Some(known.status),
            _ => status,
        };
        hub.destinations(scope).fold(None, covering)
    });
    let reason = match known.await? {
        Some(DestinationStatus::Enabled) => return Ok(()),
        Some(DestinationStatus::InProgress) => {
            "its destination waits for its owner to open the enableUrl it was sent"
        }
        Some(DestinationStatus::Disabled) => {
            "its destination is disabled: enable it with UpdateTopicRuleDestination"
        }
        Some(DestinationStatus::Error) => {
            "its destination could not be asked for confirmation (ListTopicRuleDestinations says why): set it to \
             IN_PROGRESS to ask again"
        }
        None => {
            "no destination covers this URL: make one with CreateTopicRuleDestination and have it confirmed"
        }
    };
    Err(Wrong::from(reason.to_owned()))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    // Rules that were made before names were checked are kept, too.
    rules::check_header(name)?;
    let wrong = || format!("\"{name}\" with its value is no HTTP header");
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    Ok((name, HeaderValue::from_str(value).map_err(|_| wrong())?))
}

fn signed_headers(
    shared: &Shared,
    place: &Scope,
    action: &Http<String>,
    signed: &Signed,
    mut headers: HeaderMap,
    payload: &Bytes,
) -> Result<HeaderMap, String> {
    let rest = action.url.split_once("://").map_or(action.url.as_str(), |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = if path.is_empty() { "/" } else { path };
    let host = HeaderValue::from_str(host).map_err(|_| "the URL's host is no header's value".to_owned())?;
    headers.insert(HOST, host);
    let keys = shared.outgoing.keys_for(place);
    let signer = Signer {
        access_key: &keys.access_key,
        secret: &keys.secret.0,
        session_token: keys.session_token.as_ref().map(|token| token.0.as_str()),
        region: &signed.region,
        service: &signed.service,
        at: Timestamp::from_unix_s(crate::identity::machine_now_s()),
    };
    let request = ::aws::Request { method: &Method::POST, path, query, headers: &headers, body: payload };
    let added = sign(&signer, &request).map_err(|fault| format!("it cannot be signed: {fault}"))?;
    headers.extend(added);
    Ok(headers)
}
