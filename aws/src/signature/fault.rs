//! Why a signature is refused, with AWS's code for each way of speaking. Never shows a secret, a token or a signature.

use thiserror::Error;

use super::Timestamp;

/// Why a request does not count as signed by its key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureFault {
    #[error(
        "Missing Authentication Token: the request is not signed. Configure an access key (`aws configure`, or \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) so that your client signs it"
    )]
    Missing,
    #[error("The signature cannot be read: {0}")]
    Incomplete(String),
    #[error(
        "\"{0}\" is no way of signing that is served: sign with AWS4-HMAC-SHA256 (signature version 4, region given)"
    )]
    Algorithm(String),
    #[error(
        "The security token included in the request is invalid: there is no access key {access_key}. Look for it with \
         `thingstead keys ls`, or create one with `thingstead keys new`"
    )]
    UnknownKey { access_key: String },
    #[error(
        "The security token included in the request is invalid: it does not belong to access key {access_key}. Use \
         all three values (access key, secret key, session token) of one answer, and none of an older one"
    )]
    WrongToken { access_key: String },
    #[error(
        "The security token included in the request is expired since {at}: ask for a new one, for example with \
         `aws sts assume-role`"
    )]
    TokenExpired { at: Timestamp },
    #[error(
        "The request signature we calculated does not match the signature you provided. It was checked for access \
         key {access_key} over the headers {headers} and the path {path}; our clock is {clock_difference_s} s past \
         the request's. Check the secret access key first, then that no proxy changes these headers, the path, the \
         query or the body"
    )]
    Mismatch { access_key: String, path: String, headers: String, clock_difference_s: i64 },
    #[error(
        "The body of {bytes} bytes is not the one that was signed: its SHA-256 differs from x-amz-content-sha256. \
         Check that no proxy changes the body"
    )]
    Payload { bytes: usize },
    #[error(
        "The time of the signature is too far from ours: signed at {at}, it is {now} here, and {allowed_s} s are \
         allowed. Set the clock of the client"
    )]
    Skewed { at: Timestamp, now: Timestamp, allowed_s: i64 },
    #[error(
        "Request has expired: the presigned URL was valid until {at}, and it is {now} here. Make a new one"
    )]
    Expired { at: Timestamp, now: Timestamp },
    #[error(
        "Date in Credential scope does not match the time of the signature: {scope_date} is not {date}. Use the same \
         UTC date in both"
    )]
    ScopeDate { scope_date: String, date: String },
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization: sign it too")]
    UnsignedHeader(&'static str),
    #[error(
        "The header {0} is signed, but the request does not have it: check that no proxy removes it, or do not sign it"
    )]
    MissingHeader(String),
}

/// How a service speaks, and so how it names its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// REST with JSON, and AWS JSON.
    Json,
    /// The query protocol with its XML: STS, IAM, CloudFormation.
    Query,
    S3,
}

impl SignatureFault {
    /// AWS's name of the error.
    #[must_use]
    pub fn code(&self, wire: Wire) -> &'static str {
        let [json, query, s3] = match self {
            Self::Missing => {
                ["MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"]
            }
            Self::Incomplete(_) | Self::UnsignedHeader(_) => {
                ["IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed"]
            }
            Self::Algorithm(_) => ["IncompleteSignatureException", "IncompleteSignature", "InvalidRequest"],
            Self::UnknownKey { .. } => {
                ["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"]
            }
            Self::WrongToken { .. } => {
                ["UnrecognizedClientException", "InvalidClientTokenId", "InvalidToken"]
            }
            Self::TokenExpired { .. } => ["ExpiredTokenException", "ExpiredToken", "ExpiredToken"],
            Self::Mismatch { .. } | Self::MissingHeader(_) => {
                ["InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"]
            }
            Self::Payload { .. } => {
                ["InvalidSignatureException", "SignatureDoesNotMatch", "XAmzContentSHA256Mismatch"]
            }
            Self::Skewed { .. } => {
                ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"]
            }
            Self::Expired { .. } => ["RequestExpired", "RequestExpired", "AccessDenied"],
            Self::ScopeDate { .. } => {
                ["InvalidSignatureException", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"]
            }
        };
        match wire {
            Wire::Json => json,
            Wire::Query => query,
            Wire::S3 => s3,
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub fn status(&self, wire: Wire) -> u16 {
        match self {
            Self::Incomplete(_) | Self::Algorithm(_) | Self::UnsignedHeader(_) => 400,
            Self::Expired { .. } if wire != Wire::S3 => 400,
            Self::WrongToken { .. }
            | Self::TokenExpired { .. }
            | Self::Payload { .. }
            | Self::ScopeDate { .. }
                if wire == Wire::S3 =>
            {
                400
            }
            _ => 403,
        }
    }
}
