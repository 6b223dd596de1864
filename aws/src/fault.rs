//! AWS's errors: their names and statuses, and how each protocol sends them. Does not decide when one is due.

use std::borrow::Cow;

use http::{HeaderName, Response};
use serde_json::{Map, Value};

use crate::request::Service;
use crate::value::quoted;
use crate::{reply, target};

/// A refusal in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: String,
    /// Further members of the body, such as the `resourceArn` of what already exists.
    pub extra: Vec<(&'static str, Value)>,
}

/// One constructor for each error name whose status is the same in every service.
macro_rules! faults {
    ($($constructor:ident $code:literal $status:literal)*) => {
        /// Every error name with its status, the two of `throttling` aside.
        pub static STATUSES: &[(&str, u16)] = &[$(($code, $status)),*];

        impl Fault {
            $(
                #[doc = concat!("`", $code, "`, ", stringify!($status), ".")]
                #[must_use]
                pub fn $constructor(message: impl Into<String>) -> Self {
                    Self::new($status, $code, message)
                }
            )*
        }
    };
}

faults! {
    invalid_request "InvalidRequestException" 400
    malformed_policy "MalformedPolicyException" 400
    certificate_validation "CertificateValidationException" 400
    registration_code_validation "RegistrationCodeValidationException" 400
    sql_parse "SqlParseException" 400
    invalid_query "InvalidQueryException" 400
    index_not_ready "IndexNotReadyException" 400
    invalid_aggregation "InvalidAggregationException" 400
    invalid_response "InvalidResponseException" 400
    resource_registration_failure "ResourceRegistrationFailureException" 400
    task_already_exists "TaskAlreadyExistsException" 400
    unauthorized "UnauthorizedException" 401
    forbidden "ForbiddenException" 403
    resource_not_found "ResourceNotFoundException" 404
    not_configured "NotConfiguredException" 404
    unknown_operation "UnknownOperationException" 404
    method_not_allowed "MethodNotAllowedException" 405
    certificate_state "CertificateStateException" 406
    conflict "ConflictException" 409
    conflicting_resource_update "ConflictingResourceUpdateException" 409
    certificate_conflict "CertificateConflictException" 409
    delete_conflict "DeleteConflictException" 409
    invalid_state_transition "InvalidStateTransitionException" 409
    resource_already_exists "ResourceAlreadyExistsException" 409
    transfer_conflict "TransferConflictException" 409
    version_conflict "VersionConflictException" 409
    versions_limit_exceeded "VersionsLimitExceededException" 409
    limit_exceeded "LimitExceededException" 410
    transfer_already_completed "TransferAlreadyCompletedException" 410
    request_entity_too_large "RequestEntityTooLargeException" 413
    unsupported_document_encoding "UnsupportedDocumentEncodingException" 415
    internal_failure "InternalFailureException" 500
    internal "InternalException" 500
    not_implemented "NotImplementedException" 501
    service_unavailable "ServiceUnavailableException" 503
    gateway_timeout "GatewayTimeoutException" 504
}

impl Fault {
    #[must_use]
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), extra: Vec::new() }
    }

    /// `ThrottlingException`: 400 in the control plane, 429 in the data planes.
    #[must_use]
    pub fn throttling(service: &Service, message: impl Into<String>) -> Self {
        let status = match service {
            Service::IotData | Service::IotJobsData => 429,
            _ => 400,
        };
        Self::new(status, "ThrottlingException", message)
    }

    /// The answer to an operation that is known by name only.
    #[must_use]
    pub fn not_served(service: &Service, operation: &str) -> Self {
        let (operation, service) = (quoted(operation), service.name());
        Self::not_implemented(format!(
            "{operation} of {service} is not served by Thingstead; COMPAT.md lists what is"
        ))
    }

    /// The same with one more member in the body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extra.push((name, value.into()));
        self
    }

    /// The error as services that speak JSON send it.
    #[must_use]
    pub fn to_rest_json(&self, request_id: &str) -> Response<Vec<u8>> {
        let mut body = Map::new();
        body.insert("message".to_owned(), Value::String(self.message.clone()));
        for (name, value) in &self.extra {
            body.insert((*name).to_owned(), value.clone());
        }
        let body = Value::Object(body).to_string().into_bytes();
        let mut response = reply::response(self.status, "application/json", request_id, body);
        // The header, not the body, is what clients read first; see also the integer `code` of shadow errors.
        reply::set(&mut response, HeaderName::from_static("x-amzn-errortype"), &self.code);
        response
    }

    /// The error as services send it whose calls are named by their target. A client's fault is always 400.
    #[must_use]
    pub fn to_target_json(&self, request_id: &str) -> Response<Vec<u8>> {
        let mut body = Map::new();
        body.insert("__type".to_owned(), Value::String(self.code.clone().into_owned()));
        body.insert("message".to_owned(), Value::String(self.message.clone()));
        for (name, value) in &self.extra {
            body.insert((*name).to_owned(), value.clone());
        }
        let status = if self.status < 500 { 400 } else { self.status };
        reply::response(
            status,
            target::CONTENT_TYPE,
            request_id,
            Value::Object(body).to_string().into_bytes(),
        )
    }

    /// The error as STS, IAM and other services of the query protocol send it.
    #[must_use]
    pub fn to_query_xml(&self, request_id: &str) -> Response<Vec<u8>> {
        let kind = if self.status < 500 { "Sender" } else { "Receiver" };
        let body = format!(
            "<ErrorResponse><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>{}</RequestId></ErrorResponse>",
            escaped(&self.code),
            escaped(&self.message),
            escaped(request_id),
        );
        reply::response(self.status, "text/xml", request_id, body.into_bytes())
    }
}

/// One constructor for each error of a service whose errors have their own names or statuses.
macro_rules! named_faults {
    ($($constructor:ident $code:literal $status:literal)*) => {
        /// Every error name with its status.
        pub static STATUSES: &[(&str, u16)] = &[$(($code, $status)),*];

        $(
        #[doc = concat!("`", $code, "`, ", stringify!($status), ".")]
        #[must_use]
        pub fn $constructor(message: impl Into<String>) -> Fault {
            Fault::new($status, $code, message)
        }
        )*
    };
}

pub(crate) use named_faults;

/// Text that may stand in an XML element; what XML 1.0 cannot say becomes U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other if other < ' ' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
