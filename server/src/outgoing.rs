//! Requests to other machines in, their replies out, within limits. Follows no redirect, and calls nobody by itself.

mod connect;
mod outside;
mod own;
mod pool;
mod refusal;
mod trust;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::header::{HOST, HeaderMap, HeaderValue};
use axum::http::{Method, Request, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use connect::{Place, Sender};
use own::Own;
use pool::Pool;
use trust::Trust;

pub use outside::{CallError, OutsideSettings};
pub use refusal::OutgoingError;

/// How long one request may take, and how much it may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For TCP and TLS.
    pub connect: Duration,
    /// For everything.
    pub total: Duration,
    pub reply_bytes: usize,
}

impl Limits {
    /// For a call of a service of AWS's.
    pub const CALL: Limits = Limits {
        connect: Duration::from_secs(3),
        total: Duration::from_secs(10),
        reply_bytes: 6 * 1024 * 1024,
    };
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The way out: who is trusted, and connections that wait for their next request.
#[derive(Debug)]
pub struct Outgoing {
    trust: Trust,
    own: Own,
    pool: Pool,
    settings: OutsideSettings,
}

impl Outgoing {
    /// Reads no file and opens no connection before somebody asks for it.
    #[must_use]
    pub fn new(settings: OutsideSettings) -> Outgoing {
        let ca: Option<PathBuf> = settings.ca.clone();
        Outgoing { trust: Trust::new(ca), own: Own::default(), pool: Pool::default(), settings }
    }

    /// Where this server listens: nothing that leaves it may come back in there.
    pub fn keep_from(&self, addresses: Vec<SocketAddr>) {
        self.own.listen(addresses);
    }

    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        limits: Limits,
    ) -> Result<Reply, OutgoingError> {
        self.send(Method::POST, url, headers, body, limits).await
    }

    /// The host's header is set from the URL unless it is given.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        limits: Limits,
    ) -> Result<Reply, OutgoingError> {
        let place = Place::of(url)?;
        let request = request(&place, method, headers, body)?;
        let exchange = self.exchange(&place, request, limits);
        match tokio::time::timeout(limits.total, exchange).await {
            Ok(done) => done,
            Err(_) => {
                Err(OutgoingError::Timeout { authority: place.authority, ms: limits.total.as_millis() })
            }
        }
    }

    async fn exchange(
        &self,
        place: &Place,
        mut request: Request<Full<Bytes>>,
        limits: Limits,
    ) -> Result<Reply, OutgoingError> {
        let mut waiting = self.pool.take(place);
        loop {
            let is_used = waiting.is_some();
            let mut sender = match waiting.take() {
                Some(sender) => sender,
                None => place.connect(&self.trust, &self.own, limits.connect).await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => return self.finish(place, sender, response, limits).await,
                Err(mut failed) => match failed.take_message().filter(|_| is_used) {
                    // It waited too long, and nothing of the request went out.
                    Some(unsent) => request = unsent,
                    None => return Err(OutgoingError::closed(place, failed.error())),
                },
            }
        }
    }

    async fn finish(
        &self,
        place: &Place,
        sender: Sender,
        response: axum::http::Response<Incoming>,
        limits: Limits,
    ) -> Result<Reply, OutgoingError> {
        let (head, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| OutgoingError::closed(place, &error))?;
            let Ok(data) = frame.into_data() else { continue };
            if body.len() + data.len() > limits.reply_bytes {
                let (authority, most) = (place.authority.clone(), limits.reply_bytes);
                return Err(OutgoingError::ReplyTooLong { authority, most });
            }
            body.extend_from_slice(&data);
        }
        self.pool.give(place, sender);
        Ok(Reply { status: head.status, headers: head.headers, body: body.freeze() })
    }
}

fn request(
    place: &Place,
    method: Method,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, OutgoingError> {
    if !headers.contains_key(HOST) {
        let host = HeaderValue::from_str(&place.authority)
            .map_err(|error| OutgoingError::Request(error.to_string()))?;
        headers.insert(HOST, host);
    }
    let request = Request::builder().method(method).uri(place.target.as_str()).body(Full::new(body));
    let mut request = request.map_err(|error| OutgoingError::Request(error.to_string()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

#[cfg(test)]
mod tests;
