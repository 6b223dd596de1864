//! Why a request is refused in, AWS's code, words and payloads for it out; decides no refusal.

use crate::id::{IdError, ShadowId};
use crate::json::write_text;

/// A refusal, and the token of the request if it could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}; {}", .fault.hint())]
pub struct Rejection {
    pub fault: Fault,
    pub client_token: Option<String>,
}

/// Displayed in AWS's words; [`Fault::hint`] names the cause and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("Invalid JSON")]
    InvalidJson { reason: String },
    #[error("Missing required node: state")]
    MissingState,
    #[error("State node must be an object")]
    StateNotObject { kind: &'static str },
    #[error("Desired node must be an object")]
    DesiredNotObject { kind: &'static str },
    #[error("Reported node must be an object")]
    ReportedNotObject { kind: &'static str },
    #[error("Invalid version")]
    InvalidVersion,
    #[error("Invalid clientToken")]
    InvalidClientToken { most_bytes: usize },
    #[error("JSON contains too many levels of nesting; maximum is {most}")]
    TooDeep { most: usize },
    #[error("State contains an invalid node: '{node}'")]
    InvalidNode { node: String },
    #[error("State contains an invalid node: '{node}'")]
    NullInArray { node: String },
    #[error("{0}")]
    Name(IdError),
    #[error("Unauthorized")]
    Unauthorized,
    #[error("Forbidden")]
    Forbidden,
    #[error("Thing not found")]
    ThingNotFound,
    #[error("No shadow exists with name: '{0}'")]
    NoShadow(ShadowId),
    #[error("Version conflict")]
    VersionConflict { asked: u64, current: u64 },
    #[error("The payload exceeds the maximum size allowed")]
    PayloadTooLarge { bytes: usize, most: usize },
    #[error("The payload exceeds the maximum size allowed")]
    StateTooLarge { bytes: usize, most: usize },
    #[error("The payload exceeds the maximum size allowed")]
    DocumentTooLarge { bytes: usize, most: usize },
    #[error("Unsupported documented encoding; supported encoding is UTF-8")]
    Encoding { valid_bytes: usize },
    #[error("Too many requests")]
    TooManyRequests { per_s: u32 },
    #[error("Internal service failure")]
    Internal,
}

impl Rejection {
    pub fn new(fault: Fault, client_token: Option<String>) -> Self {
        Self { fault, client_token }
    }

    pub fn code(&self) -> u16 {
        self.fault.code()
    }

    pub fn message(&self) -> String {
        self.fault.to_string()
    }

    /// What is published to the `rejected` topic.
    pub fn payload(&self, now_ms: u64) -> Vec<u8> {
        let mut out = format!("{{\"code\":{},\"message\":", self.code());
        write_text(&self.message(), &mut out);
        out.push_str(&format!(",\"timestamp\":{}", now_ms / 1000));
        if let Some(token) = &self.client_token {
            out.push_str(",\"clientToken\":");
            write_text(token, &mut out);
        }
        out.push('}');
        out.into_bytes()
    }

    /// The body of the answer over HTTP, which has no token and no timestamp.
    pub fn http_body(&self, trace_id: &str) -> Vec<u8> {
        let mut out = format!("{{\"code\":{},\"message\":", self.code());
        write_text(&self.message(), &mut out);
        out.push_str(",\"traceId\":");
        write_text(trace_id, &mut out);
        out.push('}');
        out.into_bytes()
    }
}

impl Fault {
    pub fn code(&self) -> u16 {
        match self {
            Self::InvalidJson { .. }
            | Self::MissingState
            | Self::StateNotObject { .. }
            | Self::DesiredNotObject { .. }
            | Self::ReportedNotObject { .. }
            | Self::InvalidVersion
            | Self::InvalidClientToken { .. }
            | Self::TooDeep { .. }
            | Self::InvalidNode { .. }
            | Self::NullInArray { .. }
            | Self::Name(_) => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::ThingNotFound | Self::NoShadow(_) => 404,
            Self::VersionConflict { .. } => 409,
            Self::PayloadTooLarge { .. } | Self::StateTooLarge { .. } | Self::DocumentTooLarge { .. } => 413,
            Self::Encoding { .. } => 415,
            Self::TooManyRequests { .. } => 429,
            Self::Internal => 500,
        }
    }

    /// The cause and the way out, for people.
    pub fn hint(&self) -> String {
        match self {
            Self::InvalidJson { reason } => format!("{reason}; send one JSON object"),
            Self::MissingState => "wrap the sections: {\"state\":{\"reported\":{…}}}".to_owned(),
            Self::StateNotObject { kind } => {
                format!("`state` is {kind}; send an object with \"desired\", \"reported\" or both")
            }
            Self::DesiredNotObject { kind } => section_hint("state.desired", kind),
            Self::ReportedNotObject { kind } => section_hint("state.reported", kind),
            Self::InvalidVersion => "send the version as a whole number from 0, or leave it out".to_owned(),
            Self::InvalidClientToken { most_bytes } => {
                format!("send a string of at most {most_bytes} bytes, or leave it out")
            }
            Self::TooDeep { most } => {
                format!(
                    "at most {most} objects and arrays may lie within each other below desired or reported"
                )
            }
            Self::InvalidNode { node } => {
                format!("`state` takes only \"desired\" and \"reported\"; move \"{node}\" into one of them")
            }
            Self::NullInArray { node } => {
                format!("the array \"{node}\" holds a null; leave the element out, or send another value")
            }
            Self::Name(_) => "correct the name in the topic or the path".to_owned(),
            Self::Unauthorized => {
                "sign the call, or connect with a certificate that is registered".to_owned()
            }
            Self::Forbidden => "allow the action on this shadow in a policy of the caller".to_owned(),
            Self::ThingNotFound => "create the thing, or correct its name".to_owned(),
            Self::NoShadow(_) => {
                "update it once to create it, or correct the thing's and shadow's names".to_owned()
            }
            Self::VersionConflict { asked, current: 0 } => {
                format!("the request names version {asked}, there is no shadow yet; leave the version out")
            }
            Self::VersionConflict { asked, current } => {
                format!("the request names version {asked}, the shadow is at {current}; get it and try again")
            }
            Self::PayloadTooLarge { bytes, most } => {
                format!("the request has {bytes} bytes, at most {most} are read; send it in parts")
            }
            Self::StateTooLarge { bytes, most } => {
                format!("the request's state has {bytes} bytes, at most {most} are taken; send it in parts")
            }
            Self::DocumentTooLarge { bytes, most } => format!(
                "desired and reported would have {bytes} bytes, the quota is {most}; \
                 set members to null that are not needed, or use another named shadow"
            ),
            Self::Encoding { valid_bytes } => {
                format!("after {valid_bytes} bytes the payload is no UTF-8; encode it as UTF-8")
            }
            Self::TooManyRequests { per_s } => format!(
                "more than {per_s} requests in a second to one shadow; send less often, gather changes into one update, \
                 or start with another --shadow-rate"
            ),
            Self::Internal => "try again; the log says what failed".to_owned(),
        }
    }
}

fn section_hint(node: &str, kind: &str) -> String {
    format!("`{node}` is {kind}; send an object, or null to clear it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fault: Fault, code: u16, message: &str) {
        let text = |bytes| String::from_utf8(bytes).expect("payloads are text");
        let rejection = Rejection::new(fault, Some("to\"ken".to_owned()));
        assert_eq!((rejection.code(), rejection.message().as_str()), (code, message));
        let payload = format!(
            r#"{{"code":{code},"message":"{message}","timestamp":1700000000,"clientToken":"to\"ken"}}"#
        );
        assert_eq!(text(rejection.payload(1_700_000_000_999)), payload);
        let body = format!(r#"{{"code":{code},"message":"{message}","traceId":"t-1"}}"#);
        assert_eq!(text(rejection.http_body("t-1")), body);
        assert!(rejection.to_string().len() > message.len() + 10, "{rejection} has no hint");
        let silent = Rejection::new(rejection.fault, None);
        assert_eq!(
            text(silent.payload(1_000)),
            format!(r#"{{"code":{code},"message":"{message}","timestamp":1}}"#)
        );
    }

    #[test]
    fn every_refusal_has_awss_code_and_words() {
        let kind = "a number";
        check(Fault::InvalidJson { reason: "at byte 3".to_owned() }, 400, "Invalid JSON");
        check(Fault::MissingState, 400, "Missing required node: state");
        check(Fault::StateNotObject { kind }, 400, "State node must be an object");
        check(Fault::DesiredNotObject { kind }, 400, "Desired node must be an object");
        check(Fault::ReportedNotObject { kind }, 400, "Reported node must be an object");
        check(Fault::InvalidVersion, 400, "Invalid version");
        check(Fault::InvalidClientToken { most_bytes: 64 }, 400, "Invalid clientToken");
        check(Fault::TooDeep { most: 6 }, 400, "JSON contains too many levels of nesting; maximum is 6");
        check(
            Fault::InvalidNode { node: "delta".to_owned() },
            400,
            "State contains an invalid node: 'delta'",
        );
        check(Fault::NullInArray { node: "a".to_owned() }, 400, "State contains an invalid node: 'a'");
        check(Fault::Name(IdError::NameEmpty), 400, &IdError::NameEmpty.to_string());
        check(Fault::Unauthorized, 401, "Unauthorized");
        check(Fault::Forbidden, 403, "Forbidden");
        check(Fault::ThingNotFound, 404, "Thing not found");
        let [classic, named] = [None, Some("n")].map(|name| ShadowId::new("t", name).expect("a literal id"));
        check(Fault::NoShadow(classic), 404, "No shadow exists with name: 't'");
        check(Fault::NoShadow(named), 404, "No shadow exists with name: 't~n'");
        check(Fault::VersionConflict { asked: 1, current: 2 }, 409, "Version conflict");
        let large = "The payload exceeds the maximum size allowed";
        check(Fault::PayloadTooLarge { bytes: 2, most: 1 }, 413, large);
        check(Fault::StateTooLarge { bytes: 2, most: 1 }, 413, large);
        check(Fault::DocumentTooLarge { bytes: 2, most: 1 }, 413, large);
        let encoding = "Unsupported documented encoding; supported encoding is UTF-8";
        check(Fault::Encoding { valid_bytes: 1 }, 415, encoding);
        check(Fault::TooManyRequests { per_s: 20 }, 429, "Too many requests");
        check(Fault::Internal, 500, "Internal service failure");
    }
}
