//! Methods and paths in, operations' names and labels out.

use aws::{Parsed, Service};

use crate::Sent;

fn named(service: &Service, line: &str) -> String {
    let status = if line.contains("/destinations") { "ENABLED" } else { "ACTIVE" };
    let sent = Sent::new(line)
        .header("x-amzn-principal", "p")
        .header("x-amzn-iot-principal", "p")
        .header("x-amzn-iot-policy", "p")
        .body(
            r#"{"status":"STATUS","certificateSigningRequest":"c","certificatePem":"c","caCertificate":"c","policyDocument":"{}",
            "target":"t","authInfos":[],"resourceArn":"r","tags":[],"tagKeys":[],"thingGroupProperties":{},
            "sql":"s","actions":[],"destinationConfiguration":{},"arn":"a"}"#
            .replace("STATUS", status),
        );
    match sent.to(service) {
        Ok(Parsed::Iot(call)) => call.name().to_owned(),
        Ok(Parsed::IotData(call)) => call.name().to_owned(),
        Ok(Parsed::Unserved { operation, service: named }) => {
            assert_eq!(named, *service);
            format!("unserved {operation}")
        }
        Ok(Parsed::Unknown) => "unknown".to_owned(),
        Err(fault) => format!("{} {}", fault.status, fault.code),
    }
}

fn check(line: &str, expected: &str) {
    assert_eq!(named(&Service::Iot, line), expected, "{line}");
}

fn check_data(line: &str, expected: &str) {
    assert_eq!(named(&Service::IotData, line), expected, "{line}");
}

#[test]
fn every_served_operation_is_reached_by_its_own_template() {
    let described = aws::describe();
    let served = described["served"].as_array().unwrap();
    assert_eq!(served.len(), 93);
    for operation in served {
        let text = |key: &str| operation[key].as_str().unwrap();
        let path: String = text("path").replace('{', "x-").replace(['}', '+'], "");
        let line = format!("{} {path}?newStatus=ACTIVE&resourceArn=r&topic=t", text("method"));
        let service = if text("service") == "iot" { Service::Iot } else { Service::IotData };
        assert_eq!(named(&service, &line), text("name"), "{line}");
    }
}

#[test]
fn every_operation_known_by_name_is_refused_by_that_name() {
    let described = aws::describe();
    for operation in described["unserved"].as_array().unwrap() {
        let text = |key: &str| operation[key].as_str().unwrap();
        let service = match text("service") {
            "iot" => Service::Iot,
            "iot-data" => Service::IotData,
            _ => Service::IotJobsData,
        };
        let path = text("path").replace('{', "x-").replace(['}', '+'], "");
        let line = format!("{} {path}", text("method"));
        assert_eq!(named(&service, &line), format!("unserved {}", text("name")), "{line}");
    }
}

#[test]
fn literal_paths_win_over_labels() {
    check("PUT /thing-groups/addThingToThingGroup", "AddThingToThingGroup");
    check("PUT /thing-groups/removeThingFromThingGroup", "RemoveThingFromThingGroup");
    check("PATCH /thing-groups/addThingToThingGroup", "UpdateThingGroup");
    check("GET /things/principals", "DescribeThing");
    check("GET /things/t/principals", "ListThingPrincipals");
    check("GET /things/t/principals-v2", "ListThingPrincipalsV2");
    check("GET /principals/things", "ListPrincipalThings");
    check("POST /certificate/register", "RegisterCertificate");
    check("POST /certificate/register-no-ca", "RegisterCertificateWithoutCA");
    check("GET /things/t/jobs", "unserved ListJobExecutionsForThing");
    check("POST /things", "unserved RegisterThing");
    check("GET /billing-groups", "unserved ListBillingGroups");
    check("POST /rules/r/enable", "EnableTopicRule");
    check("POST /rules/r", "CreateTopicRule");
}

#[test]
fn one_slash_at_the_end_is_tolerated() {
    check("GET /things/", "ListThings");
    check("GET /things/t/", "DescribeThing");
    check("GET /endpoint/", "DescribeEndpoint");
    check("GET /authorizers", "unserved ListAuthorizers");
    check("GET /authorizers/", "unserved ListAuthorizers");
}

#[test]
fn what_no_operation_has_is_unknown() {
    check("GET /", "unknown");
    check("GET /nothing", "unknown");
    check("GET things", "unknown");
    check("GET /things/a/b/c/d", "unknown");
    check("DELETE /things", "unknown");
    check("POST /tags/x", "unknown");
    check("GET //things", "unknown");
    check("BREW /things/t", "unknown");
    check("GET /Things", "unknown");
}

#[test]
fn the_data_plane_says_that_a_method_is_not_allowed() {
    check_data("PUT /topics/t", "405 MethodNotAllowedException");
    check_data("POST /retainedMessage/t", "405 MethodNotAllowedException");
    check_data("PUT /things/t", "unknown");
    check_data("GET /things/t/shadow", "GetThingShadow");
}

#[test]
fn labels_that_cannot_be_names_are_invalid() {
    for line in [
        "GET /things//",
        "GET /things//principals",
        "GET /things/.",
        "GET /things/..",
        "GET /things/%2e%2E",
        "GET /things/%",
        "GET /things/%4",
        "GET /things/%zz",
        "GET /things/%+1",
        "GET /things/%00",
        "GET /things/a%00b",
        "GET /things/%ff",
        "GET /things/%c3",
        "GET /things/%é1",
        "POST /attached-policies/",
        "POST /attached-policies//",
        "POST /attached-policies/a//b",
        "POST /attached-policies/a/../b",
        "POST /attached-policies/a/%2e/b",
    ] {
        let expected =
            if line == "POST /attached-policies/" { "unknown" } else { "400 InvalidRequestException" };
        check(line, expected);
    }
}

fn topic(line: &str) -> String {
    match Sent::new(line).iot_data().unwrap() {
        aws::iot_data::Call::Publish(publish) => publish.topic,
        other => panic!("{other:?}"),
    }
}

#[test]
fn labels_are_decoded_exactly_once_after_splitting() {
    let thing = |line: &str| match Sent::new(line).iot().unwrap() {
        aws::iot::Call::DescribeThing(describe) => describe.thing_name,
        other => panic!("{other:?}"),
    };
    assert_eq!(thing("GET /things/a%2Fb"), "a/b");
    assert_eq!(thing("GET /things/a%252Fb"), "a%2Fb");
    assert_eq!(thing("GET /things/a%3Ab%23c%20d"), "a:b#c d");
    assert_eq!(thing("GET /things/a+b"), "a+b");
    assert_eq!(thing("GET /things/%C3%A9"), "é");
    assert_eq!(thing("GET /things/..."), "...");
}

#[test]
fn a_topic_is_the_rest_of_the_path() {
    assert_eq!(topic("POST /topics/a"), "a");
    assert_eq!(topic("POST /topics/a/b/c"), "a/b/c");
    assert_eq!(topic("POST /topics/a%2Fb%2Fc"), "a/b/c");
    assert_eq!(topic("POST /topics/a/b%2Fc"), "a/b/c");
    assert_eq!(topic("POST /topics/a%252Fb"), "a%2Fb");
    assert_eq!(topic("POST /topics/%2Fa%2F%2Fb"), "/a//b");
    assert_eq!(topic("POST /topics/a%2F"), "a/");
    assert_eq!(topic("POST /topics/a/"), "a/");
    assert_eq!(topic("POST /topics/$aws/rules/r"), "$aws/rules/r");
    assert_eq!(topic("POST /topics/%24aws%2Frules%2Fr"), "$aws/rules/r");
}

#[test]
fn an_arn_may_come_with_its_slash_encoded_or_not() {
    let target = |line: &str| match Sent::new(line).iot().unwrap() {
        aws::iot::Call::ListAttachedPolicies(list) => list.target,
        other => panic!("{other:?}"),
    };
    let expected = "arn:aws:iot:us-east-1:000000000000:cert/abc";
    assert_eq!(
        target("POST /attached-policies/arn%3Aaws%3Aiot%3Aus-east-1%3A000000000000%3Acert%2Fabc"),
        expected
    );
    assert_eq!(target("POST /attached-policies/arn:aws:iot:us-east-1:000000000000:cert/abc"), expected);
}
