//! A request in, passed on or refused: without credentials, only this machine and pages of this machine may steer.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::Refused;

/// For everything that acts without credentials.
pub(super) async fn local_only(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match check(peer, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn check(peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refused> {
    if !peer.ip().to_canonical().is_loopback() {
        return Err(Refused::forbidden(format!(
            "{} is another machine, and this needs credentials there, which do not exist yet: call it on the machine \
             that thingstead runs on, or connect devices over MQTT with a certificate of `thingstead device new`",
            peer.ip()
        )));
    }
    let Some(origin) = headers.get("origin") else { return Ok(()) };
    let origin = origin.to_str().unwrap_or("an unreadable origin");
    if is_local_origin(origin) {
        return Ok(());
    }
    Err(Refused::forbidden(format!(
        "a page of {origin} may not act here without credentials: serve the page from localhost"
    )))
}

/// Whether a page of this origin came from this machine; any page can reach a loopback port through its browser.
fn is_local_origin(origin: &str) -> bool {
    let Some((_, host)) = origin.split_once("://") else { return false };
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_its_pages_may_steer() {
        for (peer, origin, allowed) in [
            ("127.0.0.1:5000", None, true),
            ("[::1]:5000", None, true),
            ("[::ffff:127.0.0.1]:5000", None, true),
            ("192.168.1.7:5000", None, false),
            ("127.0.0.1:5000", Some("http://localhost:3000"), true),
            ("127.0.0.1:5000", Some("http://app.localhost"), true),
            ("127.0.0.1:5000", Some("http://[::1]:3000"), true),
            ("127.0.0.1:5000", Some("http://127.0.0.1:4566"), true),
            ("127.0.0.1:5000", Some("https://example.com"), false),
            ("127.0.0.1:5000", Some("https://localhost.example.com"), false),
            ("127.0.0.1:5000", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().expect("a header"));
            }
            let peer = peer.parse().expect("an address");
            assert_eq!(check(peer, &headers).is_ok(), allowed, "{peer} {origin:?}");
        }
    }
}
