//! Calls of AWS's services that rules make: a call as data in, method, path, headers and body out; a reply in, what it
//! means out. Signs nothing and sends nothing: see `signature` and the shell.

pub mod functions;
pub mod objects;
pub mod queues;
pub mod secrets;
mod signed;
pub mod streams;
pub mod tables;

use std::fmt;
use std::str::FromStr;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value as Json;

pub use signed::Keys;

/// A service that may stand outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    DynamoDb,
    Firehose,
    Kinesis,
    Lambda,
    S3,
    SecretsManager,
    Sns,
    Sqs,
}

impl Outside {
    pub const ALL: [Self; 8] = [
        Self::DynamoDb,
        Self::Firehose,
        Self::Kinesis,
        Self::Lambda,
        Self::S3,
        Self::SecretsManager,
        Self::Sns,
        Self::Sqs,
    ];

    /// The name that it is signed with and that AWS's command line knows it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Firehose => "firehose",
            Self::Kinesis => "kinesis",
            Self::Lambda => "lambda",
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
        }
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Outside {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is no service that is called: give one of {names}")
        })
    }
}

/// A call as it is sent, but for the host and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub service: Outside,
    pub operation: &'static str,
    pub method: Method,
    /// Percent-encoded.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why the other side did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub struct Failure {
    pub status: u16,
    pub code: String,
    pub message: String,
    /// The same call may succeed later.
    pub is_retryable: bool,
}

/// A message of the other side is shown no further than this.
const SHOWN_LETTERS: usize = 500;

/// Error names that mean "later", whatever their status.
const LATER: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "SlowDown",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Whether the reply says that it was done. A function of Lambda that failed has a reply of its own kind.
pub fn outcome(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Failure> {
    if status.is_success() {
        return functions::outcome(status, headers, body);
    }
    let text = String::from_utf8_lossy(body);
    let (code, message) = told(headers, &text);
    let code = code.unwrap_or_else(|| status.canonical_reason().unwrap_or("unknown").to_owned());
    let is_retryable =
        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || LATER.contains(&code.as_str());
    let shown = match message {
        Some(message) => clipped(&message),
        None if status.is_redirection() => {
            "the reply is a redirect, which is not followed: give the endpoint it leads to".to_owned()
        }
        None => clipped(&text),
    };
    Err(Failure { status: status.as_u16(), code, message: shown, is_retryable })
}

/// The error's name and its message, as JSON services and XML services send them.
fn told(headers: &HeaderMap, text: &str) -> (Option<String>, Option<String>) {
    let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(bare);
    if let Ok(Json::Object(body)) = serde_json::from_str(text) {
        let member = |names: &[&str]| {
            names.iter().find_map(|name| body.get(*name)).and_then(Json::as_str).map(str::to_owned)
        };
        let code = header
            .map(str::to_owned)
            .or_else(|| member(&["__type", "code", "Code"]).map(|code| bare(&code).to_owned()));
        return (code, member(&["message", "Message", "errorMessage"]));
    }
    (header.map(str::to_owned).or_else(|| element(text, "Code")), element(text, "Message"))
}

/// `com.amazonaws.sqs#QueueDoesNotExist:http://…` without what stands around the name.
fn bare(code: &str) -> &str {
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.split(':').next().unwrap_or(code)
}

fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    let plain =
        inside.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&amp;", "&"))
}

fn clipped(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_LETTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A call that is named by its target and has a JSON object as its body.
fn by_target(
    service: Outside,
    operation: &'static str,
    target: &'static str,
    version: &'static str,
    body: &Json,
) -> Call {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(version));
    headers.insert(HeaderName::from_static("x-amz-target"), HeaderValue::from_static(target));
    let body = body.to_string().into_bytes();
    Call { service, operation, method: Method::POST, path: "/".to_owned(), headers, body }
}

const JSON_1_0: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Failure {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(pair).collect();
        outcome(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes()).unwrap_err()
    }

    #[test]
    fn an_error_is_named_as_its_service_names_it() {
        let check = |failure: Failure, code: &str, message: &str, is_retryable: bool| {
            assert_eq!(
                (failure.code.as_str(), failure.message.as_str(), failure.is_retryable),
                (code, message, is_retryable)
            );
        };
        let json = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#;
        check(failed(400, &[], json), "QueueDoesNotExist", "gone", false);
        let json = r#"{"__type":"ProvisionedThroughputExceededException","Message":"slower"}"#;
        check(failed(400, &[], json), "ProvisionedThroughputExceededException", "slower", true);
        let header = [("x-amzn-errortype", "ResourceNotFoundException:http://internal")];
        check(
            failed(404, &header, r#"{"Type":"User","Message":"no f"}"#),
            "ResourceNotFoundException",
            "no f",
            false,
        );
        let xml = "<Error><Code>NoSuchBucket</Code><Message>no &lt;b&gt; &amp;amp;</Message></Error>";
        check(failed(404, &[], xml), "NoSuchBucket", "no <b> &amp;", false);
        check(
            failed(503, &[], "<Error><Code>SlowDown</Code><Message>m</Message></Error>"),
            "SlowDown",
            "m",
            true,
        );
        check(failed(429, &[], ""), "Too Many Requests", "", true);
        check(failed(500, &[], "oops"), "Internal Server Error", "oops", true);
        check(failed(403, &[], "no"), "Forbidden", "no", false);
        assert!(failed(301, &[], "").message.contains("not followed"));
        assert_eq!(failed(500, &[], &"x".repeat(2000)).message.chars().count(), SHOWN_LETTERS + 1);
        assert_eq!(outcome(StatusCode::NO_CONTENT, &HeaderMap::new(), b""), Ok(()));
    }

    #[test]
    fn services_are_known_by_their_names() {
        for service in Outside::ALL {
            assert_eq!(service.name().parse(), Ok(service));
        }
        assert!("s4".parse::<Outside>().unwrap_err().contains("secretsmanager"));
    }
}
