//! Outputs in, HTTP responses as AWS sends them out.

use aws::iot::certificates::{CertificateStatus, CertificateSummary, ListCertificatesOutput};
use aws::iot::certificates::{CreateKeysAndCertificateOutput, KeyPair};
use aws::iot::events::{Configuration, DescribeEventConfigurationsOutput, EventType};
use aws::iot::policies::{ListPoliciesOutput, PolicySummary};
use aws::iot::principals::{ListThingPrincipalsV2Output, ThingPrincipalObject, ThingPrincipalType};
use aws::iot::things::{CreateThingOutput, DeleteThingOutput, DescribeThingOutput};
use aws::iot_data::messages::{GetRetainedMessageOutput, PublishOutput};
use aws::value::{Blob, Map, Seconds, Secret};
use aws::{Output, reply};
use serde_json::{Value, json};

fn check<O: Output>(output: &O, expected: Value) {
    let response = reply(output, "request-1");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-amzn-requestid"], "request-1");
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body, expected);
}

#[test]
fn members_carry_their_wire_names_and_none_is_left_out() {
    let arn = "arn:aws:iot:us-east-1:000000000000:thing/t";
    let created = CreateThingOutput { thing_name: "t".into(), thing_arn: arn.into(), thing_id: "i".into() };
    check(&created, json!({ "thingName": "t", "thingArn": arn, "thingId": "i" }));
    let described = DescribeThingOutput {
        thing_name: "t".into(),
        attributes: Map::from([("a".to_owned(), "1".to_owned())]),
        version: 3,
        ..DescribeThingOutput::default()
    };
    let expected = json!({ "defaultClientId": "", "thingName": "t", "thingId": "", "thingArn": "",
        "attributes": { "a": "1" }, "version": 3 });
    check(&described, expected);
}

#[test]
fn an_empty_output_is_an_empty_object() {
    check(&DeleteThingOutput {}, json!({}));
}

#[test]
fn no_page_ends_with_an_empty_token() {
    let page = |next: Option<&str>| ListPoliciesOutput {
        policies: vec![PolicySummary { policy_name: "p".into(), policy_arn: "a".into() }],
        next_marker: next.map(str::to_owned),
    };
    let policies = json!([{ "policyName": "p", "policyArn": "a" }]);
    check(&page(None), json!({ "policies": policies }));
    check(&page(Some("")), json!({ "policies": policies }));
    check(&page(Some("n")), json!({ "policies": policies, "nextMarker": "n" }));
}

#[test]
fn times_are_seconds_as_numbers() {
    let at = |ms| ListCertificatesOutput {
        certificates: vec![CertificateSummary {
            status: Some(CertificateStatus::PendingActivation),
            creation_date: Seconds::from_ms(ms),
            ..CertificateSummary::default()
        }],
        next_marker: None,
    };
    let expected = |seconds: Value| {
        json!({ "certificates": [{ "certificateArn": "", "certificateId": "",
            "status": "PENDING_ACTIVATION", "creationDate": seconds }] })
    };
    check(&at(1_700_000_000_000), expected(json!(1_700_000_000)));
    check(&at(1_700_000_000_123), expected(json!(1_700_000_000.123)));
    check(&at(-1), expected(json!(-0.001)));
}

#[test]
fn maps_and_lists_of_structures_are_written() {
    let configurations = Map::from([(EventType::ThingGroup, Configuration { enabled: Some(true) })]);
    check(
        &DescribeEventConfigurationsOutput {
            event_configurations: configurations,
            ..DescribeEventConfigurationsOutput::default()
        },
        json!({ "eventConfigurations": { "THING_GROUP": { "Enabled": true } } }),
    );
    let principal = ThingPrincipalObject {
        principal: "p".into(),
        thing_principal_type: Some(ThingPrincipalType::NonExclusiveThing),
    };
    check(
        &ListThingPrincipalsV2Output { thing_principal_objects: vec![principal], next_token: None },
        json!({ "thingPrincipalObjects": [
            { "principal": "p", "thingPrincipalType": "NON_EXCLUSIVE_THING" } ] }),
    );
}

#[test]
fn bytes_in_json_are_base64() {
    let retained = GetRetainedMessageOutput {
        topic: "t".into(),
        payload: Blob(vec![0, 1, 0xff]),
        qos: 1,
        last_modified_ms: 5,
        user_properties: None,
    };
    check(&retained, json!({ "topic": "t", "payload": "AAH/", "qos": 1, "lastModifiedTime": 5 }));
    let published = PublishOutput { message: "OK".into(), trace_id: "u".into() };
    check(&published, json!({ "message": "OK", "traceId": "u" }));
}

#[test]
fn a_private_key_is_sent_but_never_logged() {
    let key_pair = KeyPair { public_key: "public".into(), private_key: Secret("hidden".into()) };
    let output = CreateKeysAndCertificateOutput { key_pair, ..CreateKeysAndCertificateOutput::default() };
    assert!(!format!("{output:?}").contains("hidden"));
    let expected = json!({ "certificateArn": "", "certificateId": "", "certificatePem": "",
        "keyPair": { "PublicKey": "public", "PrivateKey": "hidden" } });
    check(&output, expected);
}
