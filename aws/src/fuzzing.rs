//! Arbitrary bytes in, a panic when a promise of this crate breaks. For the fuzz targets alone.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::request::{Request, Service, service_of};
use crate::signature::{self, Rules};
use crate::{query, target};

/// A time that made-up signatures may be checked at: 2026-01-02.
const NOW_S: i64 = 1_767_323_045;

/// Reads a signature; nothing that was not signed with the secret may count as signed with it.
pub fn read_signature(input: &[u8]) {
    with_request(input, |request, choice| {
        let Ok(Some(signed)) = signature::read(request) else { return };
        let rules = if choice & 1 == 0 { Rules::Service } else { Rules::Websocket };
        let now_s = if choice & 2 == 0 { signed.at.unix_s() } else { NOW_S };
        let verdict = signature::verify(&signed, request, "nobody knows it", now_s, rules);
        let told = verdict.err().map(|fault| fault.to_string());
        assert!(told.is_some_and(|told| !told.contains("nobody knows it")), "a made-up signature counts");
        let _ = signed.valid_until_s(rules);
    });
}

/// Reads a form as a call of STS and of IAM.
pub fn read_query(input: &[u8]) {
    with_request(input, |request, _| {
        for service in [Service::Sts, Service::Iam] {
            if let Err(fault) = query::read(&service, request) {
                assert!((400..500).contains(&fault.status), "{fault} has the status {}", fault.status);
                let _ = fault.to_query_xml("0");
            }
        }
    });
}

/// Finds the service of a request, and reads its call.
pub fn parse_call(input: &[u8]) {
    with_request(input, |request, choice| {
        let signed = signature::read(request).ok().flatten();
        let found = service_of(request, signed.as_ref().map(|signed| &signed.scope));
        let services = [Service::Iot, Service::IotData, Service::IotJobsData, Service::Firehose];
        let chosen = services.get(usize::from(choice & 3)).cloned();
        for service in chosen.into_iter().chain([found]) {
            if let Err(fault) = crate::parse(&service, request) {
                assert!(fault.status >= 400, "{fault} has the status {}", fault.status);
                let _ = fault.to_rest_json("0");
            }
        }
        if let Err(fault) = target::read(&Service::Logs, request) {
            assert!((400..500).contains(&fault.status), "{fault} has the status {}", fault.status);
            let _ = fault.to_target_json("0");
        }
    });
}

/// The first byte picks the method and what else there is to pick; then come the path, the query, headers to an empty
/// line, and the body. What is no request never reaches this crate.
fn with_request(input: &[u8], look: impl FnOnce(&Request<'_>, u8)) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD];
    let Some(method) = methods.get(usize::from(choice >> 2) % methods.len()) else { return };
    let (path, rest) = line(rest);
    let (query, mut rest) = line(rest);
    let mut headers = HeaderMap::new();
    loop {
        let (header, after) = line(rest);
        rest = after;
        let Some(colon) = header.iter().position(|byte| *byte == b':') else { break };
        let (name, value) = header.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        match (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            (Ok(name), Ok(value)) if headers.len() < 64 => headers.append(name, value),
            _ => return,
        };
    }
    let is_target = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let path = std::str::from_utf8(path).ok().filter(is_target).filter(|path| path.starts_with('/'));
    let query = std::str::from_utf8(query).ok().filter(is_target);
    let (Some(path), Some(query)) = (path, query) else { return };
    look(&Request { method, path, query, headers: &headers, body: rest }, choice);
}

fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default()),
        None => (bytes, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_its_lines() {
        let mut seen = false;
        with_request(b"\x05/things/a\nx=y\nhost:a\nx-b: c\n\nbody\nmore", |request, choice| {
            assert_eq!((request.method, request.path, request.query), (&Method::POST, "/things/a", "x=y"));
            assert_eq!(request.headers.len(), 2);
            assert_eq!((request.body, choice), (b"body\nmore".as_slice(), 5));
            seen = true;
        });
        assert!(seen);
    }

    #[test]
    fn seeds_reach_what_they_are_for() {
        let credential = "Credential=AKIAIOSFODNN7EXAMPLE/20260102/us-east-1/sts/aws4_request";
        let signature = "0".repeat(64);
        read_signature(
            format!(
                "\x04/\n\nhost:a\nx-amz-date:20260102T030405Z\nauthorization:AWS4-HMAC-SHA256 {credential}, \
                 SignedHeaders=host;x-amz-date, Signature={signature}\n\nAction=GetCallerIdentity"
            )
            .as_bytes(),
        );
        read_query(b"\x04/\n\ncontent-type:application/x-www-form-urlencoded\n\nAction=TagRole&RoleName=r&Tags.member.1.Key=a");
        parse_call(b"\x04/things/a\n\n\n{\"attributePayload\":{\"attributes\":{\"a\":1}}}");
    }
}
