//! Anything at all in, an answer or a refusal out: no panic, no endless work, no unreadable payload.

use proptest::prelude::*;
use shadow::history::Change;
use shadow::{Limits, RecordError, Rejection, ShadowId, Stored};

fn update(payload: &[u8]) -> Result<Vec<u8>, Rejection> {
    let stored = Stored::update(None, br#"{"state":{"reported":{"a":{"b":[1]}}}}"#, 0, &Limits::default());
    let stored = stored.expect("a literal update").stored;
    Stored::update(Some(&stored), payload, u64::MAX, &Limits::default()).map(|updated| updated.accepted)
}

fn check(payload: &str, code: u16) {
    let found = update(payload.as_bytes()).map_or_else(|rejection| rejection.code(), |_| 200);
    assert_eq!(found, code, "{}", payload.chars().take(80).collect::<String>());
}

#[test]
fn deep_nesting_is_refused_before_it_costs_anything() {
    let nested =
        |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let within = |value: String| format!(r#"{{"state":{{"reported":{{"x":{value}}}}}}}"#);
    check(&within(nested("[", "]", 8)), 200);
    check(&within(nested("[", "]", 9)), 400);
    check(&within(nested(r#"{"a":"#, "}", 8)), 200);
    check(&within(nested(r#"{"a":"#, "}", 9)), 400);
    check(&within(nested("[", "]", 60_000)), 400);
    check(&"[".repeat(131_072), 400);
    check(&r#"{"state":"#.repeat(14_000), 400);
    let rejection = update("[".repeat(65).as_bytes()).expect_err("nobody reads that deep");
    assert_eq!(rejection.message(), "JSON contains too many levels of nesting; maximum is 8");
}

#[test]
fn the_largest_requests_are_read_or_refused_by_size() {
    let with = |text: String| format!(r#"{{"state":{{"reported":{{{text}}}}}}}"#);
    // `{"a":{"b":[1]},"x":"…"}` has 22 bytes without the text.
    check(&with(format!(r#""x":"{}""#, "y".repeat(8192 - 22))), 200);
    check(&with(format!(r#""x":"{}""#, "y".repeat(8192 - 21))), 413);
    check(&with(format!(r#""x":{}1"#, " ".repeat(100_000))), 200);
    check(&" ".repeat(131_073), 413);
    let nulls: Vec<String> = (0..10_000).map(|at| format!(r#""n{at}":null"#)).collect();
    check(&with(nulls.join(",")), 413);
    let nulls = nulls.get(..1_000).expect("there are more");
    check(&with(nulls.join(",")), 200);
    let many: Vec<String> = (0..900).map(|at| format!(r#""{at:03}":1"#)).collect();
    check(&with(many.join(",")), 200);
    let same: Vec<String> = (0..10_000).map(|_| r#""a":1"#.to_owned()).collect();
    check(&with(same.join(",")), 200);
}

#[test]
fn an_answer_is_at_most_so_many_times_its_request() {
    let ones = vec!["1"; 4_080].join(",");
    let payload = format!(r#"{{"state":{{"reported":{{"a":[{ones}]}}}}}}"#);
    let accepted = update(payload.as_bytes()).expect("just within the quota");
    assert!(accepted.len() < 30 * payload.len());
}

#[test]
fn a_version_at_its_end_is_not_passed() {
    let mut record = vec![1];
    // The highest version, seven bits a byte, then the time 0 and an empty document.
    record.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0, 0]);
    let stored = Stored::from_bytes(&record).expect("a record in order");
    assert_eq!(stored.version(), shadow::limits::VERSION);
    let rejection = Stored::update(Some(&stored), br#"{"state":{}}"#, 0, &Limits::default());
    assert_eq!(rejection.expect_err("no version is left").code(), 400);
}

#[test]
fn a_record_of_another_format_is_refused() {
    let record = Stored::update(None, br#"{"state":{"desired":{"a":1}}}"#, 5_000, &Limits::default());
    let record = record.expect("a literal update").stored.to_bytes();
    assert_eq!(Stored::from_bytes(&[]), Err(RecordError::Broken { at: 0 }));
    let newer = [&[2], &record[1..]].concat();
    assert_eq!(Stored::from_bytes(&newer), Err(RecordError::Format(2)));
    for end in 1..record.len() {
        assert!(matches!(Stored::from_bytes(&record[..end]), Err(RecordError::Broken { .. })), "{end}");
    }
    let longer = [&record[..], &[0]].concat();
    assert_eq!(Stored::from_bytes(&longer), Err(RecordError::Broken { at: record.len() }));
}

#[test]
fn a_clock_that_went_back_is_survived() {
    let limits = Limits::default();
    let late = Stored::update(None, br#"{"state":{"desired":{"a":1}}}"#, u64::MAX, &limits)
        .expect("in order")
        .stored;
    let early = Stored::update(Some(&late), br#"{"state":{"desired":{"b":1}}}"#, 0, &limits)
        .expect("in order")
        .stored;
    assert_eq!(Stored::from_bytes(&early.to_bytes()), Ok(early.clone()));
    let id = ShadowId::classic("t").expect("a literal id");
    let gone = Stored::delete(Some(&early), &id, b"", 1_000_000, &limits).expect("it exists").stored;
    assert!(!gone.is_forgotten(0));
}

/// Text that is nearly JSON, and nearly a request.
fn near_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(r#"{"state":{"reported":"#.to_owned()),
        Just(r#""desired":{"a":"#.to_owned()),
        Just(r#""clientToken":"x","#.to_owned()),
        Just(r#""version":1,"#.to_owned()),
        "[\\[\\]{},:\"\\\\]{1,4}",
        "-?[0-9]{0,3}\\.?[0-9]{0,2}(e[+-]?[0-9]{0,4})?",
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\\ud83d\\ude00\\u0000".to_owned()),
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let id = ShadowId::classic("t").expect("a literal id");
        let limits = Limits::default();
        for sent in [
            update(&payload).unwrap_or_else(|rejection| rejection.payload(0)),
            Stored::get(None, &id, &payload, 0, &limits).expect_err("there is none").payload(0),
            Stored::delete(None, &id, &payload, 0, &limits).expect_err("there is none").payload(0),
        ] {
            serde_json::from_slice::<serde_json::Value>(&sent).expect("payloads are JSON");
        }
    }

    #[test]
    fn what_is_json_is_judged_as_another_reader_judges_it(text in near_json()) {
        let sent = update(text.as_bytes()).unwrap_or_else(|rejection| rejection.payload(0));
        let sent: serde_json::Value = serde_json::from_slice(&sent).expect("payloads are JSON");
        let invalid = sent["message"] == "Invalid JSON";
        let read = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(invalid, !read.is_ok_and(|value| value.is_object()), "{}", text);
    }

    #[test]
    fn any_json_within_a_state_comes_back_as_it_was(value in "\\PC{0,20}", number in any::<f64>(), big in any::<i128>()) {
        let number = if number.is_finite() { number } else { 0.0 };
        let state = serde_json::json!({ "reported": { "s": value, "f": number } });
        let payload = format!(r#"{{"state":{state}}}"#);
        let accepted = update(payload.as_bytes()).expect("in order");
        let accepted = String::from_utf8(accepted).expect("text");
        let expected = format!(r#"{{"state":{state},"metadata":"#);
        prop_assert!(accepted.starts_with(&expected), "{}", accepted);
        let payload = format!(r#"{{"state":{{"reported":{{"big":{big}}}}}}}"#);
        let accepted = String::from_utf8(update(payload.as_bytes()).expect("in order")).expect("text");
let expected = format!(r#"{{"state":{{"reported":{{"big":{big}}}}}"#);
        prop_assert!(accepted.starts_with(&expected));
    }

    #[test]
    fn no_record_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), form in 0_u8..3) {
        let bytes = [&[form], &bytes[..]].concat();
        if let Ok(stored) = Stored::from_bytes(&bytes) {
            prop_assert_eq!(Stored::from_bytes(&stored.to_bytes()), Ok(stored));
        }
        let _ = Change::from_bytes(&bytes);
    }

    #[test]
    fn a_record_with_one_wrong_byte_is_read_or_refused(at in 0_usize..200, byte in any::<u8>()) {
        let payload = br#"{"state":{"desired":{"a":1,"b":{"c":[true,"x",{"d":1.5}]}},"reported":{"b":{"c":[]}}}}"#;
        let stored = Stored::update(None, payload, 1_700_000_000_000, &Limits::default()).expect("in order").stored;
        let mut record = stored.to_bytes();
        let at = at % record.len();
        record[at] = byte;
        if let Ok(read) = Stored::from_bytes(&record) {
            prop_assert_eq!(Stored::from_bytes(&read.to_bytes()), Ok(read));
        }
    }
}
