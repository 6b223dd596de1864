//! Destinations whose owners have not said yes in; the question to them out, and a note if they could not be asked.

use std::sync::Arc;

use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use broker::ScopeId;
use hub::{Hub, Plan};
use rules::{Destination, DestinationStatus};
use serde_json::json;
use store::Need;

use super::http::{LIMITS, told};
use crate::shared::Shared;

const KIND: HeaderName = HeaderName::from_static("x-amz-rules-engine-message-type");
const ARN: HeaderName = HeaderName::from_static("x-amz-rules-engine-destination-arn");

/// After a start: whoever has not answered may never have been asked.
pub(super) async fn ask_again(shared: &Shared, scope: ScopeId) {
    let open = shared.desk.ask(move |hub| {
        let waits = |known: &&Destination| known.status == DestinationStatus::InProgress;
        hub.destinations(scope).filter(waits).map(|known| known.id.clone()).collect::<Vec<_>>()
    });
    for id in open.await.unwrap_or_default() {
        shared.work.confirm(scope, id);
    }
}

/// Posts the question; `api` is where the owner can answer.
pub(super) async fn ask(shared: &Arc<Shared>, scope: ScopeId, id: &str, api: &str) {
    let of = id.to_owned();
    let found = shared.desk.ask(move |hub| hub.destination(scope, &of).cloned()).await;
    let (Ok(Some(destination)), Some(place)) = (found, shared.scopes.name(scope)) else { return };
    if destination.status != DestinationStatus::InProgress {
        return;
    }
    let arn = place.arn(&format!("ruledestination/http/{id}"));
    let token = destination.token;
    let url = format!("{}/?confirmationToken={token}", destination.confirmation_url.trim_end_matches('/'));
    let body = json!({
        "arn": &arn,
        "confirmationToken": token,
        "enableUrl": format!("{api}/confirmdestination/{token}"),
        "messageType": "DestinationConfirmation",
    });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(KIND, HeaderValue::from_static("DestinationConfirmation"));
    if let Ok(arn) = HeaderValue::from_str(&arn) {
        headers.insert(ARN, arn);
    }
    let asked = shared.outgoing.post(&url, headers, body.to_string().into(), LIMITS).await;
    let asked = told(asked.map(|reply| reply.status));
    if let Err(wrong) = asked {
        let id = id.to_owned();
        let fail = move |hub: &mut Hub<_>, now_ms, plan: &mut Plan<_>| {
            // Left open: it is asked again after the next start.
            if !hub.has_room(Need::Reserve) {
                return;
            }
            hub.fail_destination(now_ms, scope, (&id, &token), wrong.text, plan);
        };
        // A desk that is closing leaves it open: it is asked again after the next start.
        let _ = shared.desk.call(0, fail).await;
    }
}
