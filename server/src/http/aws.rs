//! AWS calls in; DescribeEndpoint answered, everything else refused by the name of its operation.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::refusal::Refused;

/// `GET /`: a browser wants the page, anything else means S3.
pub(super) async fn root(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/html") {
        return Redirect::to("/_thingstead/").into_response();
    }
    unknown(method, uri, headers, Bytes::new()).await.into_response()
}

#[derive(Debug, Deserialize)]
pub(super) struct EndpointQuery {
    #[serde(rename = "endpointType")]
    endpoint_type: Option<String>,
}

pub(super) async fn describe_endpoint(
    State(api): State<Arc<Api>>,
    Query(query): Query<EndpointQuery>,
) -> Result<Json<Value>, Refused> {
    let wanted = query.endpoint_type.as_deref().unwrap_or("iot:Data");
    match wanted {
        "iot:Data-ATS" | "iot:Data" => {
            Ok(Json(json!({ "endpointAddress": api.identity.endpoint_of(wanted) })))
        }
        "iot:CredentialProvider" | "iot:Jobs" | "iot:DeviceAdvisor" | "iot:Data-Beta" => {
            Err(Refused::not_implemented(format!(
                "DescribeEndpoint for {wanted} is not implemented by thingstead {}: ask for iot:Data-ATS",
                env!("CARGO_PKG_VERSION")
            )))
        }
        other => Err(Refused::invalid(format!(
            "there is no endpoint type {other:?}: ask for iot:Data-ATS, which is what devices use"
        ))),
    }
}

/// Everything that has no route.
pub(super) async fn unknown(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Refused {
    let path = uri.path();
    if path.starts_with("/_thingstead") || path.starts_with("/_localstack") {
        return Refused::not_found(format!(
            "{method} {path} does not exist: see /_thingstead/ for what does"
        ));
    }
    if headers.get("upgrade").is_some_and(|what| what.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Refused::not_found(format!("{path} is no WebSocket: MQTT over WebSocket is at /mqtt"));
    }
    let operation = operation(&method, path, &headers, &body);
    Refused::not_implemented(format!(
        "{operation} is not implemented by thingstead {} (COMPAT.md lists what is)",
        env!("CARGO_PKG_VERSION")
    ))
}

/// The operation's name where the request tells it, else its method and path.
fn operation(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> String {
    if let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
        return target.to_owned();
    }
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.starts_with("application/x-www-form-urlencoded")
        && let Some(action) = action(body)
    {
        return action;
    }
    match iot_operation(method, path) {
        Some(name) => format!("{name} ({method} {path})"),
        None => format!("{method} {path}"),
    }
}

fn action(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    text.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
}

/// Operations of AWS IoT that people call first, by method and first words of the path.
fn iot_operation(method: &Method, path: &str) -> Option<&'static str> {
    const OPERATIONS: [(&str, &str, &str); 24] = [
        ("GET", "/things", "ListThings"),
        ("POST", "/things/*", "CreateThing"),
        ("GET", "/things/*", "DescribeThing"),
        ("PATCH", "/things/*", "UpdateThing"),
        ("DELETE", "/things/*", "DeleteThing"),
        ("GET", "/things/*/shadow", "GetThingShadow"),
        ("POST", "/things/*/shadow", "UpdateThingShadow"),
        ("DELETE", "/things/*/shadow", "DeleteThingShadow"),
        ("PUT", "/things/*/principals", "AttachThingPrincipal"),
        ("GET", "/things/*/principals", "ListThingPrincipals"),
        ("POST", "/keys-and-certificate", "CreateKeysAndCertificate"),
        ("POST", "/certificates", "CreateCertificateFromCsr"),
        ("GET", "/certificates", "ListCertificates"),
        ("GET", "/certificates/*", "DescribeCertificate"),
        ("PUT", "/certificates/*", "UpdateCertificate"),
        ("GET", "/policies", "ListPolicies"),
        ("POST", "/policies/*", "CreatePolicy"),
        ("GET", "/policies/*", "GetPolicy"),
        ("PUT", "/target-policies/*", "AttachPolicy"),
        ("GET", "/rules", "ListTopicRules"),
        ("POST", "/rules/*", "CreateTopicRule"),
        ("GET", "/rules/*", "GetTopicRule"),
        ("POST", "/topics/**", "Publish"),
        ("GET", "/retainedMessage/**", "GetRetainedMessage"),
    ];
    let matches = |pattern: &str| {
        let mut words = path.trim_end_matches('/').split('/');
        for part in pattern.split('/') {
            match (part, words.next()) {
                ("**", Some(_)) => return true,
                ("*", Some(word)) if !word.is_empty() => {}
                (part, Some(word)) if part == word => {}
                _ => return false,
            }
        }
        words.next().is_none()
    };
    OPERATIONS
        .iter()
        .find(|(verb, pattern, _)| *verb == method.as_str() && matches(pattern))
        .map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_refused_by_its_name() {
        for (method, path, header, body, named) in [
            ("GET", "/things", None, "", "ListThings (GET /things)"),
            ("POST", "/things/pump-1", None, "", "CreateThing (POST /things/pump-1)"),
            ("GET", "/things/pump-1/shadow", None, "", "GetThingShadow (GET /things/pump-1/shadow)"),
            ("POST", "/topics/a/b/c", None, "", "Publish (POST /topics/a/b/c)"),
            ("PUT", "/bucket/key", None, "", "PUT /bucket/key"),
            (
                "POST",
                "/",
                Some(("x-amz-target", "Firehose_20150804.PutRecord")),
                "{}",
                "Firehose_20150804.PutRecord",
            ),
            (
                "POST",
                "/",
                Some(("content-type", "application/x-www-form-urlencoded; charset=utf-8")),
                "Version=2011-06-15&Action=GetCallerIdentity",
                "GetCallerIdentity",
            ),
        ] {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = header {
                headers.insert(name, value.parse().expect("a header"));
            }
            let method: Method = method.parse().expect("a method");
            assert_eq!(operation(&method, path, &headers, body.as_bytes()), named);
        }
    }
}
