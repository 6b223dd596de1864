//! Events for functions of Lambda in, calls out; a reply in, whether the function failed out.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::{Call, Failure, Outside, clipped};
use crate::signature::encoded;

/// Whether the call waits for the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocation {
    Event,
    RequestResponse,
}

/// Lambda `Invoke`; `function` is a name or an ARN, with its version or alias if it has one.
#[must_use]
pub fn invoke(function: &str, invocation: Invocation, event: Vec<u8>) -> Call {
    let kind = match invocation {
        Invocation::Event => "Event",
        Invocation::RequestResponse => "RequestResponse",
    };
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("x-amz-invocation-type"), HeaderValue::from_static(kind));
    let path = format!("/2015-03-31/functions/{}/invocations", encoded(function));
    Call { service: Outside::Lambda, operation: "Invoke", method: Method::POST, path, headers, body: event }
}

/// What the reply of a successful call says of the function itself.
pub(super) fn outcome(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Failure> {
    let Some(error) = headers.get("x-amz-function-error") else { return Ok(()) };
    let code = format!("function error {}", error.to_str().unwrap_or_default());
    let message = clipped(&String::from_utf8_lossy(body));
    Err(Failure { status: status.as_u16(), code, message, is_retryable: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_stands_in_the_path() {
        let call = invoke("arn:aws:lambda:r:1:function:f:prod", Invocation::Event, b"{}".to_vec());
        assert_eq!(
            call.path,
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af%3Aprod/invocations"
        );
        assert_eq!(call.headers["x-amz-invocation-type"], "Event");
    }

    #[test]
    fn a_function_that_failed_is_a_failure_though_the_status_is_ok() {
        let mut headers = HeaderMap::new();
        assert_eq!(crate::outgoing::outcome(StatusCode::OK, &headers, b"1"), Ok(()));
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
        let body = br#"{"errorMessage":"boom"}"#;
        let failure = crate::outgoing::outcome(StatusCode::OK, &headers, body).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.is_retryable), ("function error Unhandled", false));
        assert!(failure.message.contains("boom"));
    }
}
