//! A call, a host and keys in, all the headers that it is sent with out. Reads no clock.

use std::fmt;

use http::header::{HOST, HeaderMap, HeaderValue};

use super::Call;
use crate::Request;
use crate::signature::{SignatureFault, Signer, Timestamp, sign};
use crate::value::Secret;

/// Keys that calls are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub access_key: String,
    pub secret: Secret,
    pub session_token: Option<Secret>,
}

/// Shows the name of the key, and neither its secret nor its token.
impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Keys").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

impl Call {
    /// The headers of the call as it goes to `host`, which has its port if that is not the scheme's own. `path` is where it
    /// goes there: the call's own behind that of the endpoint.
    pub fn signed(
        &self,
        host: &str,
        path: &str,
        keys: &Keys,
        region: &str,
        at: Timestamp,
    ) -> Result<HeaderMap, SignatureFault> {
        let mut headers = self.headers.clone();
        let host = HeaderValue::from_str(host).map_err(|_| {
            SignatureFault::Incomplete("the host of the endpoint is no header's value".to_owned())
        })?;
        headers.insert(HOST, host);
        let signer = Signer {
            access_key: &keys.access_key,
            secret: &keys.secret.0,
            session_token: keys.session_token.as_ref().map(|token| token.0.as_str()),
            region,
            service: self.service.name(),
            at,
        };
        let (method, body) = (&self.method, self.body.as_slice());
        let added = sign(&signer, &Request { method, path, query: "", headers: &headers, body })?;
        headers.extend(added);
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::functions::{Invocation, invoke};
    use crate::outgoing::objects::put_object;
    use crate::outgoing::queues::send_message;

    fn keys(session_token: Option<&str>) -> Keys {
        Keys {
            access_key: "AKIAMADEUPFORTESTS01".into(),
            secret: Secret("made/up+secret0123456789abcdefghijklmnop".into()),
            session_token: session_token.map(|token| Secret(token.into())),
        }
    }

    fn check(call: &Call, host: &str, keys: &Keys, signed: &str, signature: &str) {
        let at = Timestamp::parse_basic("20261120T163000Z").unwrap();
        let headers = call.signed(host, &call.path, keys, "eu-west-1", at).unwrap();
        let scope = format!("20261120/eu-west-1/{}/aws4_request", call.service);
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAMADEUPFORTESTS01/{scope}, SignedHeaders={signed}, Signature={signature}"
        );
        assert_eq!(headers["authorization"], *expected);
        assert_eq!(headers["x-amz-date"], "20261120T163000Z");
        assert_eq!(headers.contains_key("x-amz-content-sha256"), call.service.name() == "s3");
    }

    #[test]
    fn our_signatures_equal_those_of_botocore() {
        check(
            &send_message("http://q/1/a", "m"),
            "127.0.0.1:5000",
            &keys(Some("made+up/token==")),
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
            "43cf741966d3322587d72ea5960826035225f12725bcfc4630cdd7d97bac1d77",
        );
        check(
            &invoke("arn:aws:lambda:eu-west-1:1:function:f:prod", Invocation::Event, b"{}".to_vec()),
            "lambda.example:8443",
            &keys(None),
            "host;x-amz-date;x-amz-invocation-type",
            "75aaabd0c4420168729a9e1b086f094ac8c2f11579833a962de014f53c20f82b",
        );
        check(
            &put_object("b", "a/ä b/$c.json", None, b"x".to_vec()),
            "localhost:9000",
            &keys(None),
            "content-type;host;x-amz-content-sha256;x-amz-date",
            "39c7c3045f9eb2d855bc12b13c23d68b9b3ecdbc71b0faee1ebd388242d75f8d",
        );
    }

    #[test]
    fn keys_are_shown_without_their_secrets() {
        let shown = format!("{:?}", keys(Some("made+up/token==")));
        assert!(shown.contains("AKIAMADEUPFORTESTS01"));
        assert!(!shown.contains("made"), "{shown}");
    }
}
