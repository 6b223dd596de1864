//! A request in, passed on or refused: without credentials, only this machine and pages of this machine may steer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::refusal::Refused;

/// For everything that acts without credentials.
pub(super) async fn local_only(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match check(peer, request.headers(), api.identity.names()) {
        Ok(()) => next.run(request).await,
        Err(why) => Refused::forbidden(why).into_response(),
    }
}

/// `names` are those that this instance answers to.
pub(crate) fn check(peer: SocketAddr, headers: &HeaderMap, names: &[String]) -> Result<(), String> {
    if !peer.ip().to_canonical().is_loopback() {
        return Err(format!(
            "{} is another machine: AWS's clients sign there with a key of `thingstead keys new`, everything else is \
             called on the machine that thingstead runs on",
            peer.ip()
        ));
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("an unreadable name"));
    // A page may have its own name point at this machine; the browser then believes that both are one.
    if let Some(host) = text("host").map(without_port)
        && !is_local(host)
        && host.contains('.')
        && !names.iter().any(|name| name.eq_ignore_ascii_case(host))
    {
        return Err(format!(
            "{host} is no name of this machine: use localhost, or start thingstead with --host {host}"
        ));
    }
    let Some(origin) = text("origin") else { return Ok(()) };
    let host = origin.split_once("://").map_or("", |(_, host)| without_port(host));
    if is_local(host) {
        return Ok(());
    }
    Err(format!("a page of {origin} may not act here without credentials: serve the page from localhost"))
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a name can only mean this machine.
fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_its_pages_may_steer() {
        let names = ["edge.example".to_owned()];
        for (peer, host, origin, allowed) in [
            ("127.0.0.1:5000", "127.0.0.1:4566", None, true),
            ("[::1]:5000", "[::1]:4566", None, true),
            ("[::ffff:127.0.0.1]:5000", "localhost:4566", None, true),
            ("127.0.0.1:5000", "a.iot.us-east-1.localhost", None, true),
            ("127.0.0.1:5000", "edge.example:443", None, true),
            ("127.0.0.1:5000", "Edge.example", None, true),
            ("127.0.1.1:5000", "workstation:4566", None, true),
            ("127.0.0.1:5000", "rebound.example:4566", None, false),
            ("127.0.0.1:5000", "192.168.1.7:4566", None, false),
            ("192.168.1.7:5000", "localhost", None, false),
            ("127.0.0.1:5000", "localhost", Some("http://localhost:3000"), true),
            ("127.0.0.1:5000", "localhost", Some("http://app.localhost"), true),
            ("127.0.0.1:5000", "localhost", Some("http://[::1]:3000"), true),
            ("127.0.0.1:5000", "localhost", Some("http://127.0.0.1:4566"), true),
            ("127.0.0.1:5000", "localhost", Some("https://example.com"), false),
            ("127.0.0.1:5000", "localhost", Some("https://localhost.example.com"), false),
            ("127.0.0.1:5000", "localhost", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().expect("a header"));
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().expect("a header"));
            }
            let peer = peer.parse().expect("an address");
            assert_eq!(check(peer, &headers, &names).is_ok(), allowed, "{peer} {host} {origin:?}");
        }
    }
}
