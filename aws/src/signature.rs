//! SigV4: requests and keys in, "signed by this key" or the reason why not out. Reads no clock and knows no keys.
//!
//! A presigned URL may be used again and again within its validity, as with AWS: keep it as you keep a password.

mod canonical;
mod encoding;
mod fault;
mod read;
mod sign;
#[cfg(test)]
mod tests;
pub mod timestamp;

use std::fmt;

use aws_lc_rs::{constant_time, hmac};

use crate::Request;
use crate::credential::CredentialScope;

pub use fault::{SignatureFault, Wire};
pub use read::read;
pub use sign::{Signer, presign, sign};
pub use timestamp::Timestamp;

/// Seconds that the two clocks may differ.
pub const SKEW_S: i64 = 300;

/// Seconds that the two clocks may differ when the service is S3.
pub const S3_SKEW_S: i64 = 900;

/// The longest validity of a presigned URL.
pub const EXPIRES_MAX_S: u64 = 604_800;

/// Validity of a presigned WebSocket URL without `X-Amz-Expires`: as long as its connection may last.
pub const WEBSOCKET_EXPIRES_S: u64 = 86_400;

/// Validity of any other presigned URL without `X-Amz-Expires`.
pub const EXPIRES_S: u64 = 900;

/// What a request says about who signed it and when. Nothing of it is proven before [`verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    pub scope: CredentialScope,
    pub place: Place,
    /// Lower case, sorted.
    pub signed_headers: Vec<String>,
    pub at: Timestamp,
    /// `X-Amz-Expires` of a presigned URL.
    pub expires_s: Option<u64>,
    /// To be compared with the token that belongs to the key: SigV4 does not prove it where it is unsigned.
    pub session_token: Option<String>,
    pub payload: Payload,
    signature: [u8; 32],
}

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The `Authorization` header.
    Header,
    /// The query: a presigned URL.
    Query,
}

/// What is signed of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The request does not say: the hash of the body, or for a presigned S3 URL nothing.
    Undeclared,
    /// SHA-256 of the body in lower-case hex.
    Sha256(String),
    /// `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// `STREAMING-…`: the body comes in chunks whose own signatures, if any, are not looked at here.
    Streaming(String),
}

/// Which clients' habits are allowed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// A call of a service's operation.
    Service,
    /// The upgrade to MQTT over WebSocket: the host may be signed with or without its port, and the session token
    /// may stand outside the signature.
    Websocket,
}

/// Checks the signature with the key's secret at the time given, in seconds of the Unix epoch.
pub fn verify(
    signed: &Signed,
    request: &Request<'_>,
    secret: &str,
    now_s: i64,
    rules: Rules,
) -> Result<(), SignatureFault> {
    check_time(signed, now_s, rules)?;
    let payload = check_payload(signed, request.body)?;
    let key = canonical::signing_key(secret, &signed.scope);
    let ways = canonical::ways(signed, request, &payload, rules)?;
    let fits = ways.requests().any(|canonical_request| {
        let text = canonical::string_to_sign(&signed.at, &signed.scope, &canonical_request);
        hmac::verify(&key, text.as_bytes(), &signed.signature).is_ok()
    });
    if fits {
        return Ok(());
    }
    Err(SignatureFault::Mismatch {
        access_key: signed.scope.access_key.clone(),
        path: ways.path().chars().take(200).collect(),
        headers: signed.signed_headers.join(";"),
        clock_difference_s: now_s.saturating_sub(signed.at.unix_s()),
    })
}

/// Compares session tokens in a time that says nothing about where they differ.
#[must_use]
pub fn is_same_token(given: &str, expected: &str) -> bool {
    constant_time::verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok()
}

impl Signed {
    /// Whether the service signed for is S3, whose rules differ.
    #[must_use]
    pub fn is_s3(&self) -> bool {
        matches!(self.scope.service.as_str(), "s3" | "s3express" | "s3-object-lambda" | "s3-outposts")
    }

    /// The end of a presigned URL's validity, in seconds of the Unix epoch.
    #[must_use]
    pub fn valid_until_s(&self, rules: Rules) -> Option<i64> {
        let missing = match rules {
            Rules::Websocket => WEBSOCKET_EXPIRES_S,
            Rules::Service => EXPIRES_S,
        };
        let expires_s = self.expires_s.unwrap_or(missing).cast_signed();
        (self.place == Place::Query).then(|| self.at.unix_s().saturating_add(expires_s))
    }
}

/// Percent-encoded as AWS has it: everything but letters, digits and `- . _ ~`.
pub(crate) fn encoded(text: &str) -> String {
    encoding::encode(text.as_bytes())
}

/// Shows neither the signature nor the token: whoever reads them could use them.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("scope", &self.scope)
            .field("place", &self.place)
            .field("signed_headers", &self.signed_headers)
            .field("at", &self.at)
            .field("expires_s", &self.expires_s)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

fn check_time(signed: &Signed, now_s: i64, rules: Rules) -> Result<(), SignatureFault> {
    let allowed_s = if signed.is_s3() { S3_SKEW_S } else { SKEW_S };
    let age_s = now_s.saturating_sub(signed.at.unix_s());
    let skewed = SignatureFault::Skewed { at: signed.at, now: Timestamp::from_unix_s(now_s), allowed_s };
    if age_s < -allowed_s {
        return Err(skewed);
    }
    match signed.valid_until_s(rules) {
        Some(until_s) if now_s > until_s => Err(SignatureFault::Expired {
            at: Timestamp::from_unix_s(until_s),
            now: Timestamp::from_unix_s(now_s),
        }),
        None if age_s > allowed_s => Err(skewed),
        _ => Ok(()),
    }
}

/// The last line of the canonical request.
fn check_payload(signed: &Signed, body: &[u8]) -> Result<String, SignatureFault> {
    match &signed.payload {
        Payload::Undeclared if signed.place == Place::Query && signed.is_s3() => {
            Ok("UNSIGNED-PAYLOAD".to_owned())
        }
        Payload::Undeclared => Ok(encoding::sha256_hex(body)),
        Payload::Unsigned => Ok("UNSIGNED-PAYLOAD".to_owned()),
        Payload::Streaming(form) => Ok(form.clone()),
        Payload::Sha256(declared) if *declared == encoding::sha256_hex(body) => Ok(declared.clone()),
        Payload::Sha256(_) => Err(SignatureFault::Payload { bytes: body.len() }),
    }
}
