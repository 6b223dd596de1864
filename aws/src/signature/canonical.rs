//! A request and the names of its signed headers in, the texts that may have been signed out. Compares nothing.
//!
//! Clients differ in how they write a path, a query and a host: a few ways are tried, each of which means this request.

use aws_lc_rs::hmac;
use http::header::HOST;

use super::encoding::{decode, encode, encode_path, sha256_hex};
use super::{Place, Rules, SignatureFault, Signed, Timestamp};
use crate::Request;
use crate::credential::CredentialScope;

/// The ways in which one request may have been written down for signing.
pub(super) struct Ways<'a> {
    method: &'a str,
    paths: Vec<String>,
    queries: Vec<String>,
    /// The block of headers, each line with its end.
    headers: Vec<Vec<u8>>,
    names: String,
    payload: &'a str,
}

pub(super) fn ways<'a>(
    signed: &Signed,
    request: &Request<'a>,
    payload: &'a str,
    rules: Rules,
) -> Result<Ways<'a>, SignatureFault> {
    let service = signed.scope.service.as_str();
    let mut queries = Vec::new();
    for plus in [b'+', b' '] {
        add(&mut queries, query(request.query, signed.place, plus, |_| true));
        if rules == Rules::Websocket || matches!(service, "iotdevicegateway" | "iotdata") {
            add(
                &mut queries,
                query(request.query, signed.place, plus, |name| name != b"X-Amz-Security-Token"),
            );
        }
    }
    let mut blocks = Vec::new();
    for host in hosts(request, rules)? {
        blocks.push(headers(signed, request, &host)?);
    }
    Ok(Ways {
        method: request.method.as_str(),
        paths: paths(request.path, signed.is_s3()),
        queries,
        headers: blocks,
        names: signed.signed_headers.join(";"),
        payload,
    })
}

impl Ways<'_> {
    /// The path as it is written first.
    pub(super) fn path(&self) -> &str {
        self.paths.first().map_or("/", String::as_str)
    }

    /// Every canonical request, the usual one first.
    pub(super) fn requests(&self) -> impl Iterator<Item = Vec<u8>> {
        self.headers.iter().flat_map(move |headers| {
            self.queries
                .iter()
                .flat_map(move |query| self.paths.iter().map(move |path| self.request(path, query, headers)))
        })
    }

    fn request(&self, path: &str, query: &str, headers: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 6] = [
            self.method.as_bytes(),
            path.as_bytes(),
            query.as_bytes(),
            headers,
            self.names.as_bytes(),
            self.payload.as_bytes(),
        ];
        parts.join(&b'\n')
    }
}

pub(super) fn string_to_sign(at: &Timestamp, scope: &CredentialScope, canonical_request: &[u8]) -> String {
    let CredentialScope { access_key: _, date, region, service } = scope;
    let hash = sha256_hex(canonical_request);
    format!("AWS4-HMAC-SHA256\n{at}\n{date}/{region}/{service}/aws4_request\n{hash}")
}

pub(super) fn signing_key(secret: &str, scope: &CredentialScope) -> hmac::Key {
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in [scope.date.as_str(), &scope.region, &scope.service, "aws4_request"] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    key
}

/// S3 signs the path encoded once, all others what came encoded once more, with or without its dots resolved. Old
/// curls sign it as it came: taken unless that could be another path's usual form.
fn paths(path: &str, is_s3: bool) -> Vec<String> {
    let path = if path.is_empty() { "/" } else { path };
    let mut ways = Vec::new();
    if is_s3 {
        add(&mut ways, encode_path(&decode(path)));
        add(&mut ways, path.to_owned());
    } else {
        add(&mut ways, encode_path(resolved(path).as_bytes()));
        add(&mut ways, encode_path(path.as_bytes()));
        if !path.contains("%25") {
            add(&mut ways, path.to_owned());
        }
    }
    ways
}

/// Without `.`, `..` and empty segments.
fn resolved(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Sorted by name, then by value, encoded anew; a plus sign means itself or a blank.
fn query(text: &str, place: Place, plus: u8, is_signed: impl Fn(&[u8]) -> bool) -> String {
    let plain = |part: &str| {
        let swapped: String =
            part.chars().map(|letter| if letter == '+' { char::from(plus) } else { letter }).collect();
        decode(&swapped)
    };
    let mut pairs: Vec<(String, String)> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .filter(|(name, _)| is_signed(name) && !(place == Place::Query && name == b"X-Amz-Signature"))
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The host as it came first. Clients leave out the port of their scheme; for WebSocket some always leave it out,
/// and some always sign it.
fn hosts(request: &Request<'_>, rules: Rules) -> Result<Vec<Vec<u8>>, SignatureFault> {
    let missing = || SignatureFault::MissingHeader("host".to_owned());
    let host = trimmed(request.headers.get(HOST).ok_or_else(missing)?.as_bytes());
    let mut ways = vec![host.clone()];
    // The colons of an IPv6 address stand before its bracket.
    let split = host.iter().rposition(|byte| *byte == b':').and_then(|at| host.split_at_checked(at));
    match split.filter(|(_, port)| port.iter().skip(1).all(u8::is_ascii_digit)) {
        Some((name, port)) if rules == Rules::Websocket || matches!(port, b":80" | b":443") => {
            ways.push(name.to_vec());
        }
        None if rules == Rules::Websocket => ways.push([host.as_slice(), b":443"].concat()),
        _ => {}
    }
    Ok(ways)
}

fn headers(signed: &Signed, request: &Request<'_>, host: &[u8]) -> Result<Vec<u8>, SignatureFault> {
    let mut block = Vec::new();
    for name in &signed.signed_headers {
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        if name == "host" {
            block.extend_from_slice(host);
        } else {
            let values: Vec<Vec<u8>> =
                request.headers.get_all(name).iter().map(|value| trimmed(value.as_bytes())).collect();
            if values.is_empty() {
                return Err(SignatureFault::MissingHeader(name.clone()));
            }
            block.extend_from_slice(&values.join(&b','));
        }
        block.push(b'\n');
    }
    Ok(block)
}

/// Without blanks at both ends, and with one blank where several stood.
fn trimmed(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> =
        value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}

fn add(ways: &mut Vec<String>, way: String) {
    if !ways.contains(&way) {
        ways.push(way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_the_service_signs_it() {
        let check = |path: &str, is_s3: bool, expected: &[&str]| {
            assert_eq!(paths(path, is_s3), expected, "{path}");
        };
        check("", false, &["/"]);
        check("/mqtt", false, &["/mqtt"]);
        check("/things/a%2Fb", false, &["/things/a%252Fb", "/things/a%2Fb"]);
        check("/things/a%252Fb", false, &["/things/a%25252Fb"]);
        check("/a/./b/../c//d/", false, &["/a/c/d/", "/a/./b/../c//d/"]);
        check("/..", false, &["/", "/.."]);
        check("/bucket/a%20b", true, &["/bucket/a%20b"]);
        check("/bucket/a:b", true, &["/bucket/a%3Ab", "/bucket/a:b"]);
        check("/bucket//x/../y", true, &["/bucket//x/../y"]);
    }

    #[test]
    fn a_query_is_sorted_and_encoded_once() {
        let check = |text: &str, plus: u8, expected: &str| {
            assert_eq!(query(text, Place::Query, plus, |_| true), expected, "{text}");
        };
        check("", b'+', "");
        check("b=2&a=1&a=0", b'+', "a=0&a=1&b=2");
        check("a", b'+', "a=");
        check("a=b=c&&", b'+', "a=b%3Dc");
        check("arn=arn:aws:iot/x%2fy", b'+', "arn=arn%3Aaws%3Aiot%2Fx%2Fy");
        check("q=a+b", b'+', "q=a%2Bb");
        check("q=a+b", b' ', "q=a%20b");
        check("X-Amz-Signature=00&a=1", b'+', "a=1");
        check("a=1&a-b=2", b'+', "a=1&a-b=2");
    }

    #[test]
    fn a_host_is_signed_with_or_without_its_port() {
        let check = |host: &str, rules: Rules, expected: &[&str]| {
            let mut headers = http::HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            let request =
                Request { method: &http::Method::GET, path: "/", query: "", headers: &headers, body: b"" };
            let found = hosts(&request, rules).unwrap();
            let found: Vec<_> = found.iter().map(|host| String::from_utf8_lossy(host)).collect();
            assert_eq!(found, expected, "{host}");
        };
        check("localhost:4566", Rules::Service, &["localhost:4566"]);
        check("example.com:443", Rules::Service, &["example.com:443", "example.com"]);
        check("example.com", Rules::Service, &["example.com"]);
        check("example.com", Rules::Websocket, &["example.com", "example.com:443"]);
        check("localhost:4566", Rules::Websocket, &["localhost:4566", "localhost"]);
        check("[::1]", Rules::Websocket, &["[::1]", "[::1]:443"]);
        check("[::1]:4566", Rules::Websocket, &["[::1]:4566", "[::1]"]);
    }
}
