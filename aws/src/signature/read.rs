//! A request in, what it says about its signature out. Proves nothing.

use http::header::AUTHORIZATION;

use super::encoding::{decode, read_sha256_hex};
use super::{EXPIRES_MAX_S, Payload, Place, SignatureFault, Signed, Timestamp};
use crate::Request;
use crate::credential::CredentialScope;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Signed headers that one request may name.
const SIGNED_HEADERS: usize = 100;

/// Reads the signature of the `Authorization` header or of a presigned URL. `None` is a request without any.
pub fn read(request: &Request<'_>) -> Result<Option<Signed>, SignatureFault> {
    let header = one_header(request, AUTHORIZATION.as_str())?;
    let is_presigned = parameters(request.query).any(|(name, _)| {
        matches!(name.as_slice(), b"X-Amz-Algorithm" | b"X-Amz-Signature" | b"X-Amz-Credential")
    });
    match header {
        Some(_) if is_presigned => Err(incomplete(
            "the Authorization header and the query both have one. Send one of them, not both".to_owned(),
        )),
        Some(header) => read_header(request, &header).map(Some),
        None if is_presigned => read_query(request).map(Some),
        None => Ok(None),
    }
}

fn read_header(request: &Request<'_>, header: &str) -> Result<Signed, SignatureFault> {
    let (algorithm, rest) = header.split_once(' ').unwrap_or((header, ""));
    check_algorithm(algorithm)?;
    let (mut credential, mut names, mut signature) = (None, None, None);
    for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let slot = match part.split_once('=') {
            Some(("Credential", value)) => (&mut credential, value),
            Some(("SignedHeaders", value)) => (&mut names, value),
            Some(("Signature", value)) => (&mut signature, value),
            _ => continue,
        };
        if slot.0.replace(slot.1.to_owned()).is_some() {
            return Err(incomplete("a part of the Authorization header stands there twice".to_owned()));
        }
    }
    let needed = |part: Option<String>, name: &str| {
        part.ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter")))
    };
    let scope = read_scope(&needed(credential, "Credential")?)?;
    let names = needed(names, "SignedHeaders")?;
    let signature = read_signature(&needed(signature, "Signature")?)?;
    let signed_headers = read_names(request, &names)?;
    let at = read_time(request, &scope)?;
    let payload = read_payload(one_header(request, "x-amz-content-sha256")?)?;
    let session_token = one_header(request, "x-amz-security-token")?.filter(|token| !token.is_empty());
    let place = Place::Header;
    Ok(Signed { scope, place, signed_headers, at, expires_s: None, session_token, payload, signature })
}

fn read_query(request: &Request<'_>) -> Result<Signed, SignatureFault> {
    let needed = |name: &str| {
        one_parameter(request, name)?
            .ok_or_else(|| incomplete(format!("a presigned URL requires the '{name}' parameter")))
    };
    check_algorithm(&needed("X-Amz-Algorithm")?)?;
    let scope = read_scope(&needed("X-Amz-Credential")?)?;
    let at = basic_time(&needed("X-Amz-Date")?)?;
    check_date(&scope, at)?;
    let signed_headers = read_names(request, &needed("X-Amz-SignedHeaders")?)?;
    let signature = read_signature(&needed("X-Amz-Signature")?)?;
    let expires_s = match one_parameter(request, "X-Amz-Expires")? {
        Some(text) => Some(read_expires(&text)?),
        None => None,
    };
    let declared = match one_parameter(request, "X-Amz-Content-Sha256")? {
        Some(declared) => Some(declared),
        None => one_header(request, "x-amz-content-sha256")?,
    };
    let payload = read_payload(declared)?;
    // Some clients send an empty one where they have none.
    let session_token = one_parameter(request, "X-Amz-Security-Token")?.filter(|token| !token.is_empty());
    let place = Place::Query;
    Ok(Signed { scope, place, signed_headers, at, expires_s, session_token, payload, signature })
}

fn check_algorithm(algorithm: &str) -> Result<(), SignatureFault> {
    match algorithm {
        ALGORITHM => Ok(()),
        // What stands there may be a password.
        other if other.starts_with("AWS") => Err(SignatureFault::Algorithm(
            other.chars().take_while(char::is_ascii_graphic).take(40).collect(),
        )),
        _ => Err(SignatureFault::Algorithm("an Authorization header of another scheme".to_owned())),
    }
}

fn read_scope(credential: &str) -> Result<CredentialScope, SignatureFault> {
    CredentialScope::parse(credential).filter(is_plain).ok_or_else(|| {
        incomplete("Credential must have the form KEY/YYYYMMDD/REGION/SERVICE/aws4_request".to_owned())
    })
}

/// The parts end up in texts and keys: letters, digits and few marks, as AWS has them.
fn is_plain(scope: &CredentialScope) -> bool {
    let plain = |text: &str, marks: &str| {
        text.len() <= 128 && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
    };
    plain(&scope.access_key, "-_.")
        && scope.date.len() == 8
        && scope.date.bytes().all(|byte| byte.is_ascii_digit())
        && plain(&scope.region, "-")
        && plain(&scope.service, "-_")
}

fn read_signature(text: &str) -> Result<[u8; 32], SignatureFault> {
    read_sha256_hex(text)
        .ok_or_else(|| incomplete("Signature must be 64 hexadecimal digits in lower case".to_owned()))
}

fn read_names(request: &Request<'_>, text: &str) -> Result<Vec<String>, SignatureFault> {
    let names: Vec<String> = text.split(';').take(SIGNED_HEADERS + 1).map(str::to_owned).collect();
    if names.len() > SIGNED_HEADERS {
        return Err(incomplete(format!("SignedHeaders may name {SIGNED_HEADERS} headers: sign fewer")));
    }
    let is_name =
        |name: &String| http::HeaderName::try_from(name.as_str()).is_ok_and(|header| header.as_str() == name);
    if !names.iter().all(is_name) || !names.is_sorted_by(|a, b| a < b) {
        return Err(incomplete(
            "SignedHeaders must be names of headers in lower case, sorted and separated by semicolons"
                .to_owned(),
        ));
    }
    if !names.iter().any(|name| name == "host") {
        return Err(SignatureFault::UnsignedHeader("host"));
    }
    // It names the operation: unsigned, whoever relays a call could make another of it.
    if request.headers.contains_key("x-amz-target") && !names.iter().any(|name| name == "x-amz-target") {
        return Err(SignatureFault::UnsignedHeader("x-amz-target"));
    }
    Ok(names)
}

/// From `X-Amz-Date`, else from `Date`.
fn read_time(request: &Request<'_>, scope: &CredentialScope) -> Result<Timestamp, SignatureFault> {
    let at = match one_header(request, "x-amz-date")? {
        Some(text) => basic_time(&text)?,
        None => {
            let text = one_header(request, "date")?.ok_or_else(|| {
                incomplete(
                    "Authorization header requires existence of an 'X-Amz-Date' or a 'Date' header"
                        .to_owned(),
                )
            })?;
            match Timestamp::parse_http(&text).or_else(|| Timestamp::parse_basic(&text)) {
                Some(at) => at,
                None => {
                    return Err(incomplete(
                        "Date must have the form Fri, 02 Jan 2026 03:04:05 GMT".to_owned(),
                    ));
                }
            }
        }
    };
    check_date(scope, at)?;
    Ok(at)
}

fn basic_time(text: &str) -> Result<Timestamp, SignatureFault> {
    Timestamp::parse_basic(text)
        .ok_or_else(|| incomplete("X-Amz-Date must have the form 20260102T030405Z".to_owned()))
}

fn check_date(scope: &CredentialScope, at: Timestamp) -> Result<(), SignatureFault> {
    let date = at.date();
    if scope.date == date {
        return Ok(());
    }
    Err(SignatureFault::ScopeDate { scope_date: scope.date.clone(), date })
}

fn read_expires(text: &str) -> Result<u64, SignatureFault> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    digits.filter(|expires_s| (1..=EXPIRES_MAX_S).contains(expires_s)).ok_or_else(|| {
        incomplete(format!("X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_MAX_S}"))
    })
}

fn read_payload(declared: Option<String>) -> Result<Payload, SignatureFault> {
    match declared {
        None => Ok(Payload::Undeclared),
        Some(text) if text == "UNSIGNED-PAYLOAD" => Ok(Payload::Unsigned),
        Some(text) if text.starts_with("STREAMING-") => Ok(Payload::Streaming(text)),
        Some(text) if read_sha256_hex(&text).is_some() => Ok(Payload::Sha256(text)),
        Some(_) => Err(incomplete(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or 64 hexadecimal digits in lower case".to_owned(),
        )),
    }
}

/// The header's text, if it is there once.
fn one_header(request: &Request<'_>, name: &str) -> Result<Option<String>, SignatureFault> {
    let mut values = request.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match value.to_str() {
        Ok(text) if values.next().is_none() => Ok(Some(text.trim().to_owned())),
        Ok(_) => Err(incomplete(format!("the header {name} stands there twice"))),
        Err(_) => Err(incomplete(format!("the header {name} has letters other than ASCII"))),
    }
}

/// The parameter's decoded text, if it is there once.
fn one_parameter(request: &Request<'_>, name: &str) -> Result<Option<String>, SignatureFault> {
    let mut values = parameters(request.query).filter(|(found, _)| found == name.as_bytes());
    let Some((_, value)) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(incomplete(format!("the parameter {name} stands there twice")));
    }
    match String::from_utf8(value) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(incomplete(format!("the parameter {name} is no text"))),
    }
}

fn parameters(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn incomplete(reason: String) -> SignatureFault {
    SignatureFault::Incomplete(reason)
}
