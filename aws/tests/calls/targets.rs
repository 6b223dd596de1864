//! Calls named by their target in, typed calls, replies and errors out.

use aws::logs::Call;
use aws::logs::streams::{DescribeLogStreamsOutput, LogStream, OrderBy};
use aws::target::{Asked, read, reply};
use aws::{Fault, Service};
use serde_json::{Value, json};

use crate::Sent;

fn sent(operation: &str, body: &str) -> Result<Asked, Fault> {
    let target = format!("Logs_20140328.{operation}");
    let sent = Sent::new("POST /").header("x-amz-target", &target);
    let sent = sent.header("content-type", "application/x-amz-json-1.1").body(body);
    read(&Service::Logs, &sent.request())
}

fn body(response: &http::Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn a_call_is_read_from_its_target_and_its_body() {
    let asked = sent(
        "PutLogEvents",
        r#"{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"}],
            "sequenceToken":"x","entity":{"keyAttributes":{"Type":"Service"}}}"#,
    );
    let Ok(Asked::Logs(Call::PutLogEvents(call))) = asked else { panic!("{asked:?}") };
    assert_eq!((call.log_group_name.as_str(), call.log_stream_name.as_str()), ("g", "s"));
    assert_eq!((call.log_events[0].timestamp, call.log_events[0].message.as_str()), (1, "m"));
    assert!(call.entity.is_some());
    let asked =
        sent("DescribeLogStreams", r#"{"logGroupIdentifier":"g","orderBy":"LastEventTime","limit":50}"#);
    let Ok(Asked::Logs(Call::DescribeLogStreams(call))) = asked else { panic!("{asked:?}") };
    assert_eq!((call.order_by, call.limit), (Some(OrderBy::LastEventTime), Some(50)));
}

#[test]
fn every_served_call_is_reached_by_its_name() {
    let all = r#"{"logGroupName":"g","logStreamName":"s","logEvents":[],"resourceArn":"a","tagKeys":[],
        "retentionInDays":1,"tags":TAGS}"#;
    let described = aws::describe();
    let served = described["target"].as_array().unwrap();
    assert_eq!(served.len(), 17);
    for operation in served {
        let name = operation["name"].as_str().unwrap();
        let tags = if name == "UntagLogGroup" { "[]" } else { "{}" };
        match sent(name, &all.replace("TAGS", tags)) {
            Ok(Asked::Logs(call)) => assert_eq!(call.name(), name),
            other => panic!("{name}: {other:?}"),
        }
    }
    for operation in described["target_unserved"].as_array().unwrap() {
        let name = operation["name"].as_str().unwrap();
        assert_eq!(sent(name, "{}"), Ok(Asked::Unserved(name.to_owned())));
    }
}

#[test]
fn a_call_that_is_not_whole_is_an_invalid_parameter() {
    let refused = |operation: &str, body: &str, reason: &str| {
        let fault = sent(operation, body).unwrap_err();
        assert_eq!((&*fault.code, fault.message.as_str()), ("InvalidParameterException", reason));
    };
    refused("CreateLogGroup", "{}", "`logGroupName` is required but missing");
    refused("CreateLogGroup", "", "`logGroupName` is required but missing");
    refused("CreateLogGroup", "[]", "the body must be a JSON object, not a list");
    refused("DescribeLogGroups", r#"{"limit":51}"#, "`limit` must be from 1 to 50, not `51`");
    refused(
        "PutLogEvents",
        r#"{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":"1"}]}"#,
        "`logEvents[0].timestamp` must be an integer that is not too large or too small here, not a string",
    );
}

#[test]
fn a_request_without_a_target_names_no_call() {
    let sent = Sent::new("POST /").body("{}");
    assert_eq!(read(&Service::Logs, &sent.request()), Ok(Asked::Unknown));
    let sent = Sent::new("POST /").header("x-amz-target", "Logs_20140328.").body("{}");
    assert_eq!(read(&Service::Logs, &sent.request()), Ok(Asked::Unknown));
    let sent = Sent::new("POST /").header("x-amz-target", "Firehose_20150804.PutRecord").body("{}");
    assert_eq!(read(&Service::Firehose, &sent.request()), Ok(Asked::Unserved("PutRecord".to_owned())));
}

#[test]
fn a_reply_is_json_of_this_protocol() {
    let stream = LogStream { log_stream_name: "s".into(), creation_time: 5, ..LogStream::default() };
    let output = DescribeLogStreamsOutput { log_streams: vec![stream], next_token: None };
    let response = reply(&output, "id");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
    assert_eq!(response.headers()["x-amzn-requestid"], "id");
    assert_eq!(
        body(&response),
        json!({"logStreams": [{"logStreamName": "s", "creationTime": 5, "arn": "", "storedBytes": 0}]})
    );
}

#[test]
fn an_error_has_its_name_in_the_body_and_one_of_three_statuses() {
    let check = |fault: Fault, status: u16| {
        let response = fault.to_target_json("id");
        assert_eq!(response.status(), status, "{fault}");
        assert_eq!(body(&response)["__type"], *fault.code);
        assert_eq!(body(&response)["message"], fault.message);
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
    };
    check(aws::logs::faults::invalid_parameter("m"), 400);
    check(aws::logs::faults::resource_not_found("m"), 400);
    check(Fault::resource_not_found("m"), 400);
    check(Fault::new(403, "AccessDeniedException", "m"), 400);
    check(Fault::not_served(&Service::Logs, "StartQuery"), 501);
    check(Fault::internal_failure("m"), 500);
    check(Fault::service_unavailable("m"), 503);
    let extra = aws::logs::faults::invalid_sequence_token("m").with("expectedSequenceToken", "1");
    assert_eq!(body(&extra.to_target_json("id"))["expectedSequenceToken"], "1");
}
