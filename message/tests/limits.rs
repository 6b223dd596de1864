//! The quotas of AWS IoT: topics, filters and client ids in, the first quota exceeded expected out.

use message::{
    Filter, Properties,
    limits::{check_client_id, check_filter, check_payload, check_properties, check_topic},
};

fn refused(result: Result<(), message::LimitExceeded>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

fn topic(text: &str, expected: Option<&str>) {
    assert_eq!(refused(check_topic(text)).as_deref(), expected, "{text}");
}

fn filter(text: &str, expected: Option<&str>) {
    let filter = Filter::parse(text).expect("valid in MQTT");
    assert_eq!(refused(check_filter(&filter)).as_deref(), expected, "{text}");
}

#[test]
fn a_topic_has_at_most_seven_slashes_and_256_bytes() {
    topic("a/b/c/d/e/f/g/h", None);
    topic("a/b/c/d/e/f/g/h/i", Some("the topic has 8 slashes; AWS IoT allows 7"));
    topic("////////", Some("the topic has 8 slashes; AWS IoT allows 7"));
    topic(&"a".repeat(256), None);
    topic(&"a".repeat(257), Some("the topic has 257 bytes; AWS IoT allows 256"));
    topic(&"ä".repeat(128), None);
    topic(&"ä".repeat(129), Some("the topic has 258 bytes; AWS IoT allows 256"));
    topic("$aws/things/t/shadow/name/n/update/accepted", None);
}

#[test]
fn the_first_three_levels_of_basic_ingest_do_not_count() {
    topic("$aws/rules/r/a/b/c/d/e/f/g/h", None);
    topic("$aws/rules/r/a/b/c/d/e/f/g/h/i", Some("the topic has 8 slashes; AWS IoT allows 7"));
    topic(&format!("$aws/rules/{}/{}", "r".repeat(128), "a".repeat(256)), None);
    topic(&format!("$aws/rules/r/{}", "a".repeat(257)), Some("the topic has 257 bytes; AWS IoT allows 256"));
    topic("$aws/rules/r", None);
}

#[test]
fn the_share_name_does_not_count_and_has_its_own_limit() {
    filter("+/+/+/+/+/+/+/#", None);
    filter("+/+/+/+/+/+/+/+/#", Some("the filter has 8 slashes; AWS IoT allows 7"));
    filter("$share/g/+/+/+/+/+/+/+/#", None);
    filter("$share/g/+/+/+/+/+/+/+/+/#", Some("the filter has 8 slashes; AWS IoT allows 7"));
    filter(&format!("$share/g/{}", "a".repeat(256)), None);
    filter(&format!("$share/g/{}", "a".repeat(257)), Some("the filter has 257 bytes; AWS IoT allows 256"));
    filter(&format!("$share/{}/a", "ä".repeat(128)), None);
    filter(
        &format!("$share/{}/a", "ä".repeat(129)),
        Some("the share name has 129 characters; AWS IoT allows 128"),
    );
}

#[test]
fn a_client_id_is_counted_in_bytes() {
    assert_eq!(refused(check_client_id(&"c".repeat(128))), None);
    assert_eq!(
        refused(check_client_id(&"ä".repeat(65))).as_deref(),
        Some("the client id has 130 bytes; AWS IoT allows 128")
    );
}

#[test]
fn a_payload_is_at_most_128_kib() {
    assert_eq!(refused(check_payload(&[0; 131_072])), None);
    let refusal = check_payload(&[0; 131_073]).expect_err("one byte too many");
    assert_eq!((refusal.name, refusal.limit, refusal.actual), ("PAYLOAD_BYTES", 131_072, 131_073));
}

#[test]
fn properties_have_quotas_of_their_own() {
    let user = |bytes: usize| Properties {
        user: vec![("k".into(), "v".repeat(bytes - 1))],
        ..Properties::default()
    };
    let content_type =
        |bytes: usize| Properties { content_type: Some("t".repeat(bytes)), ..Properties::default() };
    let correlation_data =
        |bytes: usize| Properties { correlation_data: Some(vec![0; bytes].into()), ..Properties::default() };
    for fits in [user(8192), content_type(256), correlation_data(8192)] {
        assert_eq!(refused(check_properties(&fits)), None);
    }
    for (surplus, expected) in [
        (user(8193), "the user properties has 8193 bytes; AWS IoT allows 8192"),
        (content_type(257), "the content type has 257 bytes; AWS IoT allows 256"),
        (correlation_data(8193), "the correlation data has 8193 bytes; AWS IoT allows 8192"),
    ] {
        assert_eq!(refused(check_properties(&surplus)).as_deref(), Some(expected));
    }
}
