//! What people ask about rules: the owner of an address says yes, a rule is tried. Decides nothing itself.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use hub::{Hub, Plan};
use rules::DestinationError;
use serde_json::json;

use super::Api;
use super::refusal::Refused;

/// The link that the owner of an address was sent. Who has it may open it, as on AWS; a signed call goes its own way.
pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    peer: ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        return crate::aws::call(State(api), peer, request).await.into_response();
    }
    let scopes: Vec<_> = api.shared.scopes.all().into_iter().map(|(_, scope)| scope).collect();
    let decide = move |hub: &mut Hub<_>, now_ms, plan: &mut Plan<_>| {
        let mut tried = scopes.iter().map(|scope| hub.confirm_destination(now_ms, *scope, &token, plan));
        tried.find(Result::is_ok).unwrap_or(Err(DestinationError::Token))
    };
    match api.shared.desk.call(0, decide).await {
        Ok(Ok(())) => Json(json!({})).into_response(),
        Ok(Err(error)) => Refused::invalid(error.to_string()).into_response(),
        Err(text) => Refused::unavailable(text).into_response(),
    }
}
