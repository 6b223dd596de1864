//! A WebSocket upgrade of `/mqtt` in, signed or from this machine, an MQTT connection out. The bytes in its frames are not looked at here.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};

use super::Api;
use super::refusal::Refused;
use crate::aws::caller_of_upgrade;

/// One message or frame; MQTT packets may span many.
const FRAME_BYTES: usize = 1024 * 1024;

pub(super) async fn upgrade(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (mut head, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut head, &()).await;
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let text =
                format!("/mqtt speaks MQTT over WebSocket ({rejection}): connect with a WebSocket client");
            return Refused::invalid(text).into_response();
        }
    };
    let principal = match caller_of_upgrade(&api, peer, &head) {
        Ok(principal) => principal,
        Err(fault) => {
            let text = format!("{}: {}", peer.ip(), fault.message);
            api.shared.explain("", "connection refused", &text);
            return fault.to_rest_json(&uuid::Uuid::new_v4().to_string()).map(Body::from);
        }
    };
    let shared = api.shared.clone();
    upgrade
        .protocols(["mqtt", "mqttv3.1"])
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES)
        .on_upgrade(move |socket| crate::drive_ws(shared, socket, peer, principal))
}
