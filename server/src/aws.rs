//! Requests of AWS's clients in, replies as AWS would send them out: who calls, what is called, and the answer.

mod credentials;
mod data;
mod iam;
mod iot;
mod logs;
mod roles;
mod shadows;
mod sts;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Extension, Request, State};
use axum::http::header::{ACCEPT, UPGRADE};
use axum::http::{Method, Response};
use axum::response::{IntoResponse, Redirect};

use ::aws::query::{self, Asked};
use ::aws::signature::{SignatureFault, Wire};
use ::aws::{Fault, Parsed, Service, target};

use crate::http::{Api, Refused};
use crate::rights::Principal;
use crate::rotation;
use credentials::Caller;

pub use credentials::Checking;
pub(crate) use credentials::{UNSIGNED, caller_of_upgrade};
pub(crate) use data::connectivity;
pub use iot::definition_of;
pub(crate) use roles::access as role_access;

/// Body of one call.
const BODY_BYTES: usize = 1024 * 1024;
/// The same where a batch of a mebibyte stands in JSON, as base64 or with escapes.
const BATCH_BODY_BYTES: usize = 6 * 1024 * 1024;

/// Everything that has no route of the house's own.
pub(crate) async fn call(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    if let Some(reply) = elsewhere(&request) {
        return reply;
    }
    let request_id = uuid::Uuid::new_v4().to_string();
    let (head, body) = request.into_parts();
    let most = if head.headers.contains_key("x-amz-target") { BATCH_BODY_BYTES } else { BODY_BYTES };
    let body = match to_bytes(body, most).await {
        Ok(body) => body,
        Err(_) => return too_long(&request_id, most),
    };
    // A caller that hangs up must not leave half of what it asked for.
    let answered = tokio::spawn(async move { answer(&api, peer, &head, &body, &request_id).await }).await;
    finished(answered)
}

/// What is no call of AWS's: browsers, paths of the house that do not exist, WebSockets at a wrong place.
fn elsewhere(request: &Request) -> Option<Response<Body>> {
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if path == "/" && method == Method::GET && accepts.contains("text/html") {
        return Some(Redirect::to("/_thingstead/").into_response());
    }
    if path.starts_with("/_thingstead") || path.starts_with("/_localstack") {
        let text = format!("{method} {path} does not exist: see /_thingstead/ for what does");
        return Some(Refused::not_found(text).into_response());
    }
    if headers.get(UPGRADE).is_some_and(|what| what.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        let text = format!("{path} is no WebSocket: MQTT over WebSocket is at /mqtt");
        return Some(Refused::not_found(text).into_response());
    }
    None
}

/// The same over HTTPS with a client certificate: the data plane, by the certificate's policies.
pub(crate) async fn call_of_device(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (head, body) = request.into_parts();
    let body = match to_bytes(body, BODY_BYTES).await {
        Ok(body) => body,
        Err(_) => return too_long(&request_id, BODY_BYTES),
    };
    let answered = tokio::spawn(async move {
        let caller = credentials::device(&api, peer, &principal);
        let answered = match caller {
            Ok(caller) => answer_device(&api, &caller, &request_of(&head, &body), &request_id).await,
            Err(fault) => Err(fault),
        };
        if let (Ok(_), Some(certificate)) = (&answered, principal.certificate()) {
            rotation::complete(&api.shared, &certificate);
        }
        answered.unwrap_or_else(|fault| fault.to_rest_json(&request_id))
    });
    finished(answered.await)
}

async fn answer_device(
    api: &Arc<Api>,
    caller: &Caller,
    request: &::aws::Request<'_>,
    request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    match ::aws::parse(&Service::IotData, request)? {
        Parsed::IotData(call) => data::answer(api, caller, call, request_id).await,
        Parsed::Unserved { service, operation } => Err(Fault::not_served(&service, &operation)),
        Parsed::Iot(_) | Parsed::Unknown => {
            let (method, path) = (request.method, request.path);
            let text = format!(
                "{method} {path} is nothing that a device calls with its certificate: publish with POST /topics/TOPIC"
            );
            Err(Fault::resource_not_found(text))
        }
    }
}

fn finished(answered: Result<Response<Vec<u8>>, tokio::task::JoinError>) -> Response<Body> {
    answered.map_or_else(
        |error| Fault::internal_failure(error.to_string()).to_rest_json("").map(Body::from),
        |reply| reply.map(Body::from),
    )
}

fn too_long(request_id: &str, most: usize) -> Response<Body> {
    let text = format!("the body is not whole, or longer than {most} bytes: send it again, shorter");
    Fault::request_entity_too_large(text).to_rest_json(request_id).map(Body::from)
}

async fn answer(
    api: &Arc<Api>,
    peer: SocketAddr,
    head: &axum::http::request::Parts,
    body: &Bytes,
    request_id: &str,
) -> Response<Vec<u8>> {
    let request = request_of(head, body);
    let (service, caller) = credentials::authenticate(api, peer, &request);
    let caller = match caller {
        Ok(caller) => caller,
        Err(fault) => return refused(&service, &fault, request_id),
    };
    let replied = match service {
        Service::Sts | Service::Iam => answer_query(api, &caller, &service, &request, request_id).await,
        Service::Logs | Service::Firehose => {
            answer_target(api, &caller, &service, &request, request_id).await
        }
        _ => answer_rest(api, &caller, &service, &request, request_id).await,
    };
    replied.unwrap_or_else(|fault| refused(&service, &fault, request_id))
}

async fn answer_rest(
    api: &Arc<Api>,
    caller: &Caller,
    service: &Service,
    request: &::aws::Request<'_>,
    request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    match ::aws::parse(service, request)? {
        Parsed::Iot(call) => iot::answer(api, caller, call, request_id).await,
        Parsed::IotData(call) => data::answer(api, caller, call, request_id).await,
        Parsed::Unserved { service, operation } => Err(Fault::not_served(&service, &operation)),
        Parsed::Unknown => Err(unknown(service, request)),
    }
}

/// The services whose calls are forms and whose replies are XML.
async fn answer_query(
    api: &Arc<Api>,
    caller: &Caller,
    service: &Service,
    request: &::aws::Request<'_>,
    request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    match query::read(service, request)? {
        Asked::Sts(call) => sts::answer(api, caller, call, request_id).await,
        Asked::Iam(call) => iam::answer(api, caller, call, request_id).await,
        Asked::Unserved(operation) => Err(Fault::not_served(service, &operation)),
        Asked::Unknown => Err(unknown(service, request)),
    }
}

/// The services whose calls are named by a header.
async fn answer_target(
    api: &Arc<Api>,
    caller: &Caller,
    service: &Service,
    request: &::aws::Request<'_>,
    request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    match target::read(service, request)? {
        target::Asked::Logs(call) => logs::answer(api, caller, call, request_id).await,
        target::Asked::Unserved(operation) => Err(Fault::not_served(service, &operation)),
        target::Asked::Unknown => Err(unknown(service, request)),
    }
}

fn request_of<'a>(head: &'a axum::http::request::Parts, body: &'a Bytes) -> ::aws::Request<'a> {
    ::aws::Request {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    }
}

fn unknown(service: &Service, request: &::aws::Request<'_>) -> Fault {
    let (method, path) = (request.method, request.path);
    let of = match service.name() {
        "" => "no service that is served here".to_owned(),
        name => format!("no operation of {name}"),
    };
    Fault::unknown_operation(format!(
        "{method} {path} is {of}: check the path and the endpoint, or see COMPAT.md for what is served"
    ))
}

/// A refusal as the clients of the service read it.
fn refused(service: &Service, fault: &Fault, request_id: &str) -> Response<Vec<u8>> {
    match wire(service) {
        Wire::Json if matches!(service, Service::Logs | Service::Firehose) => {
            fault.to_target_json(request_id)
        }
        Wire::Json => fault.to_rest_json(request_id),
        Wire::Query | Wire::S3 => fault.to_query_xml(request_id),
    }
}

fn wire(service: &Service) -> Wire {
    match service {
        Service::Sts | Service::Iam | Service::CloudFormation => Wire::Query,
        Service::S3 => Wire::S3,
        _ => Wire::Json,
    }
}

fn unsigned(service: &Service, fault: &SignatureFault) -> Fault {
    let wire = wire(service);
    Fault::new(fault.status(wire), fault.code(wire), fault.to_string())
}
