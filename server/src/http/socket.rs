//! A WebSocket upgrade of `/mqtt` in, an MQTT connection out. The bytes in its frames are not looked at here.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};

use super::Api;
use super::refusal::Refused;

/// One message or frame; MQTT packets may span many.
const FRAME_BYTES: usize = 1024 * 1024;

pub(super) async fn upgrade(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let text =
                format!("/mqtt speaks MQTT over WebSocket ({rejection}): connect with a WebSocket client");
            return Refused::invalid(text).into_response();
        }
    };
    let shared = api.shared.clone();
    upgrade
        .protocols(["mqtt", "mqttv3.1"])
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES)
        .on_upgrade(move |socket| crate::drive_ws(shared, socket, peer))
}
