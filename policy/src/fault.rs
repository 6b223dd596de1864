//! Why a policy document is refused: where, what, and the fix; no parsing happens here.

use crate::limits;

/// A document that is not valid: the first fault in reading order and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, at {path}: {fault}")]
pub struct PolicyError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Such as `Statement[1].Action`; list positions count from 0, as in JSON paths. `document` is the whole.
    pub path: String,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the text is not JSON: {0}. Fix: correct the JSON")]
    NotJson(String),
    #[error(
        "the document has {found} characters without white space, {limit} are allowed. Fix: shorten it with * or policy variables, or split it into several policies"
    )]
    TooLong { found: usize, limit: usize },
    #[error("the text has {0} bytes, at most {max} are read. Fix: remove white space", max = limits::DOCUMENT_BYTES)]
    TooManyBytes(usize),
    #[error("{found} stands where {wanted} is expected. Fix: write {wanted}")]
    WrongKind { wanted: &'static str, found: &'static str },
    #[error("the field {0:?} is missing. Fix: add {1}")]
    Missing(&'static str, &'static str),
    #[error("the field {found:?} is unknown here. Fix: {fix}")]
    UnknownField { found: String, fix: String },
    #[error("{0} and {1} exclude each other. Fix: keep one of them")]
    Both(&'static str, &'static str),
    #[error("{0:?} is not a policy language version. Fix: write \"2012-10-17\"")]
    Version(String),
    #[error("{0:?} is not an effect. Fix: write \"Allow\" or \"Deny\", in this case")]
    Effect(String),
    #[error("the list is empty. Fix: add {0} or remove the statement")]
    Empty(&'static str),
    #[error("{found:?} is not an action: {reason}. Fix: write it like \"iot:Publish\", \"iot:*\" or \"*\"")]
    Action { found: String, reason: &'static str },
    #[error(
        "{found:?} is not a resource: {reason}. Fix: write \"*\" or an ARN like \"arn:aws:iot:us-east-1:123456789012:topic/a/b\""
    )]
    Resource { found: String, reason: String },
    #[error(
        "{found:?} holds a broken variable: {reason}. Fix: write it like ${{iot:ClientId}}, and a literal dollar sign as ${{$}}"
    )]
    Variable { found: String, reason: &'static str },
    #[error("{found:?} is not a condition operator. Fix: {fix}")]
    Operator { found: String, fix: String },
    #[error("{found:?} is not a value for {operator}. Fix: write {wanted}")]
    ConditionValue { found: String, operator: String, wanted: &'static str },
    #[error("{0:?} is not a condition key. Fix: write it like \"iot:ClientId\", without ${{}}")]
    ConditionKey(String),
}
