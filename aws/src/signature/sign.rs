//! A request and a key in, the headers or the query that sign it out. Sends nothing and reads no clock.

use aws_lc_rs::hmac;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::encoding::{encode, hex, sha256_hex};
use super::{Payload, Place, Rules, SignatureFault, Signed, Timestamp, canonical};
use crate::Request;
use crate::credential::CredentialScope;

/// With which key, for which service and when a request is signed.
#[derive(Clone)]
pub struct Signer<'a> {
    pub access_key: &'a str,
    pub secret: &'a str,
    pub session_token: Option<&'a str>,
    pub region: &'a str,
    pub service: &'a str,
    pub at: Timestamp,
}

/// The headers to add to a request. All of its headers are signed, so leave out those that change on the way.
pub fn sign(
    signer: &Signer<'_>,
    request: &Request<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>, SignatureFault> {
    let mut headers = request.headers.clone();
    let mut added = Vec::new();
    let mut add = |name: &'static str, value: &str| {
        let value = header_value(name, value)?;
        headers.insert(name, value.clone());
        added.push((HeaderName::from_static(name), value));
        Ok::<_, SignatureFault>(())
    };
    add("x-amz-date", &signer.at.to_string())?;
    if let Some(token) = signer.session_token {
        add("x-amz-security-token", token)?;
    }
    let hash = sha256_hex(request.body);
    if signer.service == "s3" {
        add("x-amz-content-sha256", &hash)?;
    }
    let mut signed = signer.unsigned(Place::Header, &headers);
    signed.payload = Payload::Sha256(hash.clone());
    let request = Request { headers: &headers, ..*request };
    let signature = signer.signature(&signed, &request, &hash)?;
    let text = format!(
        "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={signature}",
        signer.credential(),
        signed.signed_headers.join(";"),
    );
    added.push((AUTHORIZATION, header_value("authorization", &text)?));
    Ok(added)
}

/// The whole query of a presigned URL: that of the request and what signs it. Only the host is signed of the headers.
/// Under [`Rules::Websocket`] the session token stands after the signature, as AWS IoT's clients put it.
pub fn presign(
    signer: &Signer<'_>,
    request: &Request<'_>,
    expires_s: Option<u64>,
    rules: Rules,
) -> Result<String, SignatureFault> {
    let mut query = request.query.to_owned();
    let add = |query: &mut String, name: &str, value: &str| {
        let and = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{and}{name}={}", encode(value.as_bytes())));
    };
    add(&mut query, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    add(&mut query, "X-Amz-Credential", &signer.credential());
    add(&mut query, "X-Amz-Date", &signer.at.to_string());
    if let Some(expires_s) = expires_s {
        add(&mut query, "X-Amz-Expires", &expires_s.to_string());
    }
    add(&mut query, "X-Amz-SignedHeaders", "host");
    if let (Some(token), Rules::Service) = (signer.session_token, rules) {
        add(&mut query, "X-Amz-Security-Token", token);
    }
    let mut headers = HeaderMap::new();
    headers.extend(request.headers.get("host").map(|host| (http::header::HOST, host.clone())));
    let signed = signer.unsigned(Place::Query, &headers);
    let payload = if signed.is_s3() { "UNSIGNED-PAYLOAD".to_owned() } else { sha256_hex(request.body) };
    let unsigned = Request { query: &query, headers: &headers, ..*request };
    let signature = signer.signature(&signed, &unsigned, &payload)?;
    add(&mut query, "X-Amz-Signature", &signature);
    if let (Some(token), Rules::Websocket) = (signer.session_token, rules) {
        add(&mut query, "X-Amz-Security-Token", token);
    }
    Ok(query)
}

impl Signer<'_> {
    fn credential(&self) -> String {
        format!("{}/{}/{}/{}/aws4_request", self.access_key, self.at.date(), self.region, self.service)
    }

    fn unsigned(&self, place: Place, headers: &HeaderMap) -> Signed {
        let mut signed_headers: Vec<String> = headers
            .keys()
            .map(|name| name.as_str().to_owned())
            .filter(|name| name != "authorization")
            .collect();
        signed_headers.sort();
        Signed {
            scope: CredentialScope {
                access_key: self.access_key.to_owned(),
                date: self.at.date(),
                region: self.region.to_owned(),
                service: self.service.to_owned(),
            },
            place,
            signed_headers,
            at: self.at,
            expires_s: None,
            session_token: None,
            payload: Payload::Undeclared,
            signature: [0; 32],
        }
    }

    fn signature(
        &self,
        signed: &Signed,
        request: &Request<'_>,
        payload: &str,
    ) -> Result<String, SignatureFault> {
        let ways = canonical::ways(signed, request, payload, Rules::Service)?;
        let canonical_request = ways.requests().next().unwrap_or_default();
        let text = canonical::string_to_sign(&signed.at, &signed.scope, &canonical_request);
        let key = canonical::signing_key(self.secret, &signed.scope);
        Ok(hex(hmac::sign(&key, text.as_bytes()).as_ref()))
    }
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, SignatureFault> {
    HeaderValue::from_str(text)
        .map_err(|_| SignatureFault::Incomplete(format!("what belongs into {name} is no header's value")))
}
