//! Requests that other clients signed in, accepted or refused out.

mod clients;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::*;
use clients::{ACCESS_KEY, CASES, Case, SECRET, TOKEN};

/// A request that owns its parts, so that they can be changed.
#[derive(Debug, Clone)]
struct Owned {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Owned {
    fn of(case: &Case) -> Self {
        let header = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        Self {
            method: case.method.parse().unwrap(),
            path: case.path.to_owned(),
            query: case.query.to_owned(),
            headers: case.headers.iter().map(header).collect(),
            body: case.body.as_bytes().to_vec(),
        }
    }

    fn request(&self) -> Request<'_> {
        let Self { method, path, query, headers, body } = self;
        Request { method, path, query, headers, body }
    }

    fn verify(&self, rules: Rules) -> Result<Signed, SignatureFault> {
        self.verify_after(0, rules)
    }

    /// As many seconds after it was signed.
    fn verify_after(&self, later_s: i64, rules: Rules) -> Result<Signed, SignatureFault> {
        let signed = read(&self.request())?.ok_or(SignatureFault::Missing)?;
        verify(&signed, &self.request(), SECRET, signed.at.unix_s() + later_s, rules)?;
        Ok(signed)
    }
}

fn case(client: &str) -> Owned {
    Owned::of(CASES.iter().find(|case| case.client == client).unwrap())
}

fn header_case() -> Owned {
    case("boto3 iot CreateThing with a body")
}

fn websocket_case() -> Owned {
    case("AWSIoTPythonSDK v1")
}

#[test]
fn every_client_is_understood() {
    for case in &CASES {
        let owned = Owned::of(case);
        let signed = owned.verify(case.rules);
        let signed = signed.unwrap_or_else(|fault| panic!("{}: {fault}", case.client));
        assert_eq!(signed.scope.access_key, ACCESS_KEY, "{}", case.client);
        assert_eq!(signed.scope.region, "eu-west-1", "{}", case.client);
        let has_token = case.query.contains("X-Amz-Security-Token=made")
            || case.headers.iter().any(|(name, _)| *name == "x-amz-security-token");
        assert_eq!(signed.session_token.as_deref(), has_token.then_some(TOKEN), "{}", case.client);
    }
}

#[test]
fn another_secret_is_refused_for_every_client() {
    for case in &CASES {
        let owned = Owned::of(case);
        let signed = read(&owned.request()).unwrap().unwrap();
        let result = verify(&signed, &owned.request(), "another", signed.at.unix_s(), case.rules);
        assert!(matches!(result, Err(SignatureFault::Mismatch { .. })), "{}: {result:?}", case.client);
    }
}

#[test]
fn a_request_without_a_signature_is_unsigned() {
    let mut owned = header_case();
    owned.headers.remove("authorization");
    assert_eq!(read(&owned.request()), Ok(None));
    owned.query = "a=1&x-amz-signature=2".to_owned();
    assert_eq!(read(&owned.request()), Ok(None));
}

#[test]
fn the_clocks_may_differ_by_five_minutes() {
    let check = |later_s: i64, fits: bool| {
        let result = header_case().verify_after(later_s, Rules::Service);
        assert_eq!(result.is_ok(), fits, "{later_s}: {result:?}");
        assert!(fits || matches!(result, Err(SignatureFault::Skewed { .. })));
    };
    check(300, true);
    check(-300, true);
    check(301, false);
    check(-301, false);
    check(i64::MIN / 2, false);
    assert!(case("boto3 s3 ListObjectsV2").verify_after(900, Rules::Service).is_ok());
    assert!(case("boto3 s3 ListObjectsV2").verify_after(901, Rules::Service).is_err());
}

#[test]
fn a_presigned_url_lasts_as_long_as_it_says() {
    let check = |client: &str, rules: Rules, lasts_s: i64| {
        assert!(case(client).verify_after(lasts_s, rules).is_ok(), "{client}");
        let late = case(client).verify_after(lasts_s + 1, rules);
        assert!(matches!(late, Err(SignatureFault::Expired { .. })), "{client}: {late:?}");
        let early = case(client).verify_after(-1_000, rules);
        assert!(matches!(early, Err(SignatureFault::Skewed { .. })), "{client}: {early:?}");
    };
    check("boto3 s3 presigned", Rules::Service, 600);
    check("boto3 sts presigned", Rules::Service, 60);
    check("AWSIoTPythonSDK v1", Rules::Websocket, 86_400);
    check("aws-crt", Rules::Websocket, 86_400);
}

#[test]
fn the_session_token_is_signed_but_for_iot_websockets() {
    let mut iot = case("AWSIoTPythonSDK v1 with a token");
    iot.query = iot.query.replace("made%2Bup", "other");
    assert_eq!(iot.verify(Rules::Websocket).unwrap().session_token.as_deref(), Some("other/token=="));
    let mut sts = case("boto3 sts presigned");
    sts.query = sts.query.replace("made%2Bup", "other");
    assert!(matches!(sts.verify(Rules::Service), Err(SignatureFault::Mismatch { .. })));
}

#[test]
fn a_body_that_was_not_signed_is_refused() {
    let mut owned = header_case();
    owned.body.push(b' ');
    assert!(matches!(owned.verify(Rules::Service), Err(SignatureFault::Mismatch { .. })));
    let mut owned = case("boto3 s3 PutObject");
    owned.body.push(b' ');
    assert_eq!(owned.verify(Rules::Service).unwrap_err(), SignatureFault::Payload { bytes: 6 });
}

#[test]
fn a_port_is_part_of_the_host_for_calls_only() {
    let mut call = header_case();
    call.headers.insert("host", HeaderValue::from_static("localhost"));
    assert!(call.verify(Rules::Service).is_err());
    assert!(case("AWSIoTPythonSDK v1 on another port").verify(Rules::Service).is_err());
}

#[test]
fn unreadable_signatures_say_what_is_wrong() {
    let check = |change: &dyn Fn(&str) -> String, expected: &str| {
        let mut owned = header_case();
        let changed = change(owned.headers["authorization"].to_str().unwrap());
        owned.headers.insert("authorization", HeaderValue::from_str(&changed).unwrap());
        let fault = read(&owned.request()).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault:?} should say {expected:?}");
    };
    check(&|text| text.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "AWS4-ECDSA-P256-SHA256");
    check(&|_| "Basic dTpw".to_owned(), "another scheme");
    check(&|_| "AWS4-HMAC-SHA256".to_owned(), "'Credential'");
    check(&|text| text.replace("SignedHeaders", "Signed"), "'SignedHeaders'");
    check(&|text| text.replace("Signature=", "Sig="), "'Signature'");
    check(&|text| format!("{text}, Signature=00"), "twice");
    check(&|text| text.replace("/aws4_request", ""), "KEY/YYYYMMDD");
    check(&|text| text.replace("/20261120/", "/20261121/"), "20261121 is not 20261120");
    check(&|text| text.replace("/20261120/", "/2026112x/"), "KEY/YYYYMMDD");
    check(&|text| text.replace("content-type;host", "host;content-type"), "sorted");
    check(&|text| text.replace("host;", "Host;"), "lower case");
    check(&|text| text.replace("host;", ""), "'host' must be");
    check(&|text| text.replace("host;", "host;a;"), "sorted");
    check(&|text| text[..text.len() - 1].to_owned(), "64 hexadecimal digits");
}

#[test]
fn what_a_signature_needs_beside_it_is_named() {
    let check = |change: &dyn Fn(&mut Owned), expected: &str| {
        let mut owned = header_case();
        change(&mut owned);
        let fault = owned.verify(Rules::Service).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault:?} should say {expected:?}");
    };
    let put = |owned: &mut Owned, name: &'static str, value: &'static str| {
        owned.headers.insert(name, HeaderValue::from_static(value));
    };
    check(&|owned| drop(owned.headers.remove("x-amz-date")), "'X-Amz-Date'");
    check(&|owned| drop(owned.headers.remove("content-type")), "content-type is signed");
    check(&|owned| drop(owned.headers.remove("host")), "host is signed");
    check(&|owned| put(owned, "x-amz-date", "yesterday"), "20260102T030405Z");
    check(&|owned| put(owned, "x-amz-target", "X.Y"), "'x-amz-target' must be");
    check(&|owned| put(owned, "x-amz-content-sha256", "AB"), "UNSIGNED-PAYLOAD");
    check(&|owned| owned.query = "X-Amz-Signature=0".to_owned(), "not both");
}

#[test]
fn broken_presigned_urls_say_what_is_wrong() {
    let check = |from: &str, to: &str, expected: &str| {
        let mut owned = websocket_case();
        assert!(owned.query.contains(from), "{from}");
        owned.query = owned.query.replace(from, to);
        let fault = owned.verify(Rules::Websocket).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault:?} should say {expected:?}");
    };
    check("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", "'X-Amz-Algorithm'");
    check("X-Amz-SignedHeaders=host&", "", "'X-Amz-SignedHeaders'");
    check("X-Amz-Expires=86400", "X-Amz-Expires=0", "1 to 604800");
    check("X-Amz-Expires=86400", "X-Amz-Expires=604801", "1 to 604800");
    check("X-Amz-Expires=86400", "X-Amz-Expires=+1", "1 to 604800");
    check("X-Amz-Expires=86400", "X-Amz-Expires=86400&X-Amz-Expires=1", "twice");
    check("X-Amz-Expires=86400", "X-Amz-Expires=86401", "does not match");
    check("X-Amz-Date=20261120T", "X-Amz-Date=20261121T", "Date in Credential scope");
}

#[test]
fn a_fault_shows_neither_secret_nor_signature() {
    for case in &CASES {
        let owned = Owned::of(case);
        let signed = read(&owned.request()).unwrap().unwrap();
        let fault = verify(&signed, &owned.request(), "wrong", signed.at.unix_s(), case.rules).unwrap_err();
        let shown = format!("{fault} {fault:?} {signed:?}");
        let signature = encoding::hex(&signed.signature);
        for hidden in [SECRET, "wrong", TOKEN, signature.as_str()] {
            assert!(!shown.contains(hidden), "{}: {shown}", case.client);
        }
    }
}

#[test]
fn faults_have_the_codes_of_their_service() {
    let check = |fault: SignatureFault, wire: Wire, status: u16, code: &str| {
        assert_eq!((fault.status(wire), fault.code(wire)), (status, code));
    };
    let at = Timestamp::from_unix_s(0);
    let unknown = || SignatureFault::UnknownKey { access_key: "AKIA".to_owned() };
    check(SignatureFault::Missing, Wire::Json, 403, "MissingAuthenticationTokenException");
    check(SignatureFault::Missing, Wire::Query, 403, "MissingAuthenticationToken");
    check(unknown(), Wire::Json, 403, "UnrecognizedClientException");
    check(unknown(), Wire::Query, 403, "InvalidClientTokenId");
    check(unknown(), Wire::S3, 403, "InvalidAccessKeyId");
    check(SignatureFault::Expired { at, now: at }, Wire::Json, 400, "RequestExpired");
    check(SignatureFault::Expired { at, now: at }, Wire::S3, 403, "AccessDenied");
    check(SignatureFault::Skewed { at, now: at, allowed_s: 1 }, Wire::S3, 403, "RequestTimeTooSkewed");
    check(SignatureFault::TokenExpired { at }, Wire::Json, 403, "ExpiredTokenException");
    check(SignatureFault::Incomplete(String::new()), Wire::Query, 400, "IncompleteSignature");
    check(SignatureFault::Payload { bytes: 0 }, Wire::S3, 400, "XAmzContentSHA256Mismatch");
    let mismatch = header_case();
    let mut changed = mismatch.clone();
    changed.path.push('x');
    let fault = changed.verify(Rules::Service).unwrap_err();
    check(fault.clone(), Wire::Json, 403, "InvalidSignatureException");
    check(fault, Wire::Query, 403, "SignatureDoesNotMatch");
}

/// What [`sign`] answers for a request of boto3, so that it can be compared.
#[test]
fn our_signature_equals_that_of_boto3() {
    let theirs = header_case();
    let expected = theirs.headers["authorization"].clone();
    let mut unsigned = theirs.clone();
    unsigned.headers.remove("authorization");
    unsigned.headers.remove("x-amz-date");
    let at = Timestamp::parse_basic("20261120T163000Z").unwrap();
    let signer = Signer {
        access_key: ACCESS_KEY,
        secret: SECRET,
        session_token: None,
        region: "eu-west-1",
        service: "iot",
        at,
    };
    let added = sign(&signer, &unsigned.request()).unwrap();
    assert!(added.contains(&(http::header::AUTHORIZATION, expected)));
}

#[test]
fn our_presigned_url_equals_that_of_the_crt() {
    for (client, session_token) in [("aws-crt", None), ("aws-crt with a token", Some(TOKEN))] {
        let theirs = case(client);
        let signed = read(&theirs.request()).unwrap().unwrap();
        let signer = Signer {
            access_key: ACCESS_KEY,
            secret: SECRET,
            session_token,
            region: "eu-west-1",
            service: &signed.scope.service,
            at: signed.at,
        };
        let mut ours = theirs.clone();
        ours.query = String::new();
        ours.query = presign(&signer, &ours.request(), signed.expires_s, Rules::Websocket).unwrap();
        let made = ours.verify(Rules::Websocket).unwrap();
        assert_eq!(made.signature, signed.signature, "{client}");
        assert_eq!(made.session_token.as_deref(), session_token);
    }
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[A-Za-z0-9/=,;:%. +-]{0,80}",
        Just(
            "AWS4-HMAC-SHA256 Credential=a/20260101/b/c/aws4_request, SignedHeaders=host, Signature="
                .to_owned()
        ),
        Just("20260101T000000Z".to_owned()),
    ]
}

proptest! {
    #[test]
    fn no_request_panics(
        path in words(),
        query in words(),
        authorization in words(),
        date in words(),
        host in words(),
        now_s in any::<i64>(),
        websocket in any::<bool>(),
    ) {
        let digits = "0".repeat(64);
        let mut headers = HeaderMap::new();
        for (name, text) in [("authorization", authorization + &digits), ("x-amz-date", date), ("host", host)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
        let request = Request { method: &Method::GET, path: &path, query: &query, headers: &headers, body: b"" };
        let rules = if websocket { Rules::Websocket } else { Rules::Service };
        if let Ok(Some(signed)) = read(&request) {
            prop_assert!(verify(&signed, &request, SECRET, now_s, rules).is_err());
        }
    }

    #[test]
    fn a_presigned_query_with_any_values_does_not_panic(
        values in proptest::collection::vec(words(), 7),
        now_s in any::<i64>(),
    ) {
        let names = ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"];
        let pairs: Vec<String> = names.iter().zip(&values).map(|(name, value)| format!("X-Amz-{name}={value}")).collect();
        let mut owned = websocket_case();
        owned.query = pairs.join("&");
        if let Ok(Some(signed)) = read(&owned.request()) {
            prop_assert!(verify(&signed, &owned.request(), SECRET, now_s, Rules::Websocket).is_err());
        }
    }

    #[test]
    fn what_we_sign_we_accept(
        path in "/[a-zA-Z0-9:%./~ é-]{0,30}",
        query in "[a-z0-9=&%+]{0,30}",
        meta in "[ -~]{0,30}",
        body in proptest::collection::vec(any::<u8>(), 0..50),
        service in "(iot|s3|sts)",
        token in proptest::option::of("[A-Za-z0-9+/=]{1,30}"),
    ) {
        let mut owned = Owned { method: Method::PUT, path, query, headers: HeaderMap::new(), body };
        owned.headers.insert("host", HeaderValue::from_static("localhost:4566"));
        owned.headers.insert("x-amz-meta", HeaderValue::from_str(&meta).unwrap());
        let at = Timestamp::from_unix_s(1_800_000_000);
        let signer = Signer {
            access_key: ACCESS_KEY,
            secret: SECRET,
            session_token: token.as_deref(),
            region: "us-east-1",
            service: &service,
            at,
        };
        let mut presigned = owned.clone();
        presigned.query = presign(&signer, &owned.request(), Some(60), Rules::Service).unwrap();
        prop_assert!(presigned.verify_after(60, Rules::Service).is_ok());
        owned.headers.extend(sign(&signer, &owned.request()).unwrap().into_iter().map(|(name, value)| (Some(name), value)));
        prop_assert_eq!(owned.verify(Rules::Service).unwrap().session_token, token);
    }

    /// Letters and digits only: the two ways of writing `%2f` mean the same.
    #[test]
    fn one_changed_letter_of_what_is_signed_is_refused(
        which in 0..CASES.len(),
        place in 0..4_usize,
        at in any::<prop::sample::Index>(),
        to in "[a-z0-9]",
    ) {
        let case = &CASES[which];
        let mut owned = Owned::of(case);
        let is_iot_url = case.rules == Rules::Websocket;
        let replaced = |text: &str| {
            let spots: Vec<usize> = text
                .char_indices()
                .filter(|(_, c)| c.is_ascii_alphanumeric())
                .map(|(spot, _)| spot)
                .collect();
            let spot = (!spots.is_empty()).then(|| spots[at.index(spots.len())])?;
            let changed = format!("{}{to}{}", &text[..spot], &text[spot + 1..]);
            (changed != text).then_some((changed, spot))
        };
        match place {
            0 => match replaced(&owned.path) {
                Some((path, spot)) if !near_escape(&owned.path, spot) => {
                    owned.path = path;
                }
                _ => return Ok(()),
            },
            1 => match replaced(&owned.query) {
                Some((query, spot)) if !near_escape(&owned.query, spot) => {
                    let token_at = owned.query.find("X-Amz-Security-Token").unwrap_or(usize::MAX);
                    if is_iot_url && spot >= token_at {
                        return Ok(());
                    }
                    owned.query = query;
                }
                _ => return Ok(()),
            },
            2 => {
                let names: Vec<&str> = case.headers.iter().map(|(name, _)| *name).collect();
                let name = names[at.index(names.len())];
                match replaced(owned.headers[name].to_str().unwrap()) {
                    // Nothing of a WebSocket's port is signed for sure.
                    Some((_, spot)) if is_iot_url && owned.headers[name].as_bytes()[..spot].contains(&b':') => {
                        return Ok(());
                    }
                    Some((value, _)) => owned.headers.insert(name, HeaderValue::from_str(&value).unwrap()),
                    None => return Ok(()),
                };
            }
            _ => match replaced(case.body) {
                Some((body, _)) if !case.client.ends_with("over TLS") => owned.body = body.into_bytes(),
                _ => return Ok(()),
            },
        }
        prop_assert!(owned.verify(case.rules).is_err(), "{}: {:?}", case.client, owned);
    }
}

/// Whether the letter is one of the two digits after a percent sign, whose case has no meaning.
fn near_escape(text: &str, spot: usize) -> bool {
    text[spot.saturating_sub(2)..spot].contains('%')
}
