//! Topic rules and their destinations as clients write them in, typed actions or the reason why not out.

use aws::iot::Call;
use aws::iot::actions::{Action, CannedAccessControlList};
use aws::iot::destinations::TopicRuleDestinationStatus;
use aws::iot::rules::{GetTopicRuleOutput, ListTopicRulesOutput, TopicRule, TopicRuleListItem};
use aws::value::{Seconds, Value as _};
use serde_json::{Value, json};

use crate::Sent;

/// Every action with all its members, as AWS's model has them.
fn every_action() -> Vec<Value> {
    let arn = "arn:aws:iam::000000000000:role/r";
    vec![
        json!({"dynamoDB": {"tableName": "t", "roleArn": arn, "operation": "INSERT", "hashKeyField": "h",
            "hashKeyValue": "${topic()}", "hashKeyType": "STRING", "rangeKeyField": "r", "rangeKeyValue": "1",
            "rangeKeyType": "NUMBER", "payloadField": "p"}}),
        json!({"dynamoDBv2": {"roleArn": arn, "putItem": {"tableName": "t"}}}),
        json!({"lambda": {"functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}}),
        json!({"sns": {"targetArn": "arn:aws:sns:us-east-1:000000000000:t", "roleArn": arn, "messageFormat": "RAW"}}),
        json!({"sqs": {"roleArn": arn, "queueUrl": "http://q", "useBase64": true}}),
        json!({"kinesis": {"roleArn": arn, "streamName": "s", "partitionKey": "k"}}),
        json!({"republish": {"roleArn": arn, "topic": "$$aws/things/t/shadow/update", "qos": 1, "headers": {
            "payloadFormatIndicator": "UTF8_DATA", "contentType": "c", "responseTopic": "r",
            "correlationData": "Yw==", "messageExpiry": "10", "userProperties": [{"key": "k", "value": "v"}]}}}),
        json!({"s3": {"roleArn": arn, "bucketName": "b", "key": "${topic()}", "cannedAcl": "bucket-owner-read"}}),
        json!({"firehose": {"roleArn": arn, "deliveryStreamName": "d", "separator": "\n", "batchMode": false}}),
        json!({"cloudwatchMetric": {"roleArn": arn, "metricNamespace": "n", "metricName": "m", "metricValue": "1",
            "metricUnit": "None", "metricTimestamp": "1"}}),
        json!({"cloudwatchAlarm": {"roleArn": arn, "alarmName": "a", "stateReason": "r", "stateValue": "OK"}}),
        json!({"cloudwatchLogs": {"roleArn": arn, "logGroupName": "g", "batchMode": true}}),
        json!({"elasticsearch": {"roleArn": arn, "endpoint": "https://e", "index": "i", "type": "t", "id": "1"}}),
        json!({"salesforce": {"token": "0123456789012345678901234567890123456789", "url": "https://s"}}),
        json!({"iotAnalytics": {"channelArn": "c", "channelName": "n", "batchMode": true, "roleArn": arn}}),
        json!({"iotEvents": {"inputName": "i", "messageId": "m", "batchMode": true, "roleArn": arn}}),
        json!({"iotSiteWise": {"roleArn": arn, "putAssetPropertyValueEntries": [{"entryId": "e", "assetId": "a",
            "propertyId": "p", "propertyAlias": "/a", "propertyValues": [{"quality": "GOOD",
            "value": {"doubleValue": "${v}"}, "timestamp": {"timeInSeconds": "1", "offsetInNanos": "2"}}]}]}}),
        json!({"stepFunctions": {"executionNamePrefix": "p", "stateMachineName": "s", "roleArn": arn}}),
        json!({"timestream": {"roleArn": arn, "databaseName": "d", "tableName": "t",
            "dimensions": [{"name": "n", "value": "v"}], "timestamp": {"value": "1", "unit": "SECONDS"}}}),
        json!({"http": {"url": "https://h/a", "confirmationUrl": "https://h", "headers": [{"key": "k", "value": "v"}],
            "auth": {"sigv4": {"signingRegion": "us-east-1", "serviceName": "lambda", "roleArn": arn}},
            "enableBatching": true, "batchConfig": {"maxBatchOpenMs": 5, "maxBatchSize": 10,
            "maxBatchSizeBytes": 100, "batchAcrossTopics": true}}}),
        json!({"kafka": {"destinationArn": "d", "topic": "t", "key": "k", "partition": "0",
            "clientProperties": {"sasl.scram.password": "p"}, "headers": [{"key": "k", "value": "v"}]}}),
        json!({"openSearch": {"roleArn": arn, "endpoint": "https://e", "index": "i", "type": "t", "id": "1"}}),
        json!({"location": {"roleArn": arn, "trackerName": "t", "deviceId": "d", "latitude": "1", "longitude": "2",
            "timestamp": {"value": "1", "unit": "SECONDS"}}}),
        json!({"influxDB": {"roleArn": arn, "destinationArn": "d", "databaseName": "d", "tableName": "t"}}),
    ]
}

fn payload(actions: &Value) -> String {
    json!({"sql": "SELECT * FROM 'a'", "actions": actions}).to_string()
}

fn refused(actions: &Value, reason: &str) {
    let fault = Sent::new("POST /rules/r").body(payload(actions)).iot().unwrap_err();
    assert_eq!((&*fault.code, fault.message.as_str()), ("InvalidRequestException", reason));
}

#[test]
fn every_action_of_aws_is_read_named_and_written_back() {
    for sent in every_action() {
        let action = Action::read(sent.clone()).unwrap_or_else(|why| panic!("{sent}: {why:?}"));
        assert!(sent.get(action.key()).is_some(), "{} of {sent}", action.key());
        assert_eq!(action.write(), sent);
    }
}

#[test]
fn a_rule_arrives_with_its_tags_and_its_error_action() {
    let body = json!({
        "sql": "SELECT temp FROM 'a/+'", "description": "d", "ruleDisabled": true, "awsIotSqlVersion": "2016-03-23",
        "actions": every_action(), "errorAction": {"s3": {"roleArn": "r", "bucketName": "b", "key": "k"}},
    });
    let sent = Sent::new("POST /rules/r_1").header("x-amz-tagging", "a=1&b=2").body(body.to_string());
    let Call::CreateTopicRule(call) = sent.iot().unwrap() else { panic!() };
    assert_eq!((call.rule_name.as_str(), call.tags.as_deref()), ("r_1", Some("a=1&b=2")));
    let rule = call.topic_rule_payload;
    assert_eq!((rule.sql.as_str(), rule.rule_disabled), ("SELECT temp FROM 'a/+'", Some(true)));
    assert_eq!(rule.actions.len(), 24);
    let Some(Action::S3(action)) = rule.error_action else { panic!() };
    assert_eq!((action.bucket_name.as_str(), action.canned_acl), ("b", None));
    assert_eq!(CannedAccessControlList::BucketOwnerRead.as_str(), "bucket-owner-read");
}

#[test]
fn an_action_is_one_of_the_known_ones_and_only_one() {
    let s3 = json!({"roleArn": "r", "bucketName": "b", "key": "k"});
    refused(
        &json!([{"s3": s3.clone(), "lambda": {"functionArn": "f"}}]),
        "`topicRulePayload.actions[0]` must be an object with one member, not one with `lambda`, `s3`",
    );
    refused(&json!(["s3"]), "`topicRulePayload.actions[0]` must be an object, not a string");
    let fault = Sent::new("POST /rules/r").body(payload(&json!([{"s3": null}]))).iot().unwrap_err();
    assert!(fault.message.ends_with("not one with nothing"), "{}", fault.message);
    let fault = Sent::new("POST /rules/r").body(payload(&json!([{"mail": {}}]))).iot().unwrap_err();
    assert!(fault.message.ends_with("influxDB, not `mail`"), "{}", fault.message);
}

#[test]
fn a_rule_without_a_body_is_refused() {
    let fault = Sent::new("POST /rules/r").iot().unwrap_err();
    assert_eq!(fault.message, "`topicRulePayload` is required but missing");
    let fault = Sent::new("PATCH /rules/r").body("[]").iot().unwrap_err();
    assert_eq!(fault.message, "the body must be a JSON object, not a list");
    let fault = Sent::new("PATCH /rules/r").body("{}").iot().unwrap_err();
    assert_eq!(fault.message, "`topicRulePayload.sql` is required but missing");
}

#[test]
fn what_an_action_lacks_is_named_by_its_place() {
    refused(
        &json!([{"republish": {"roleArn": "r"}}]),
        "`topicRulePayload.actions[0].republish.topic` is required but missing",
    );
    refused(
        &json!([{"republish": {"roleArn": "r", "topic": "t", "qos": 2}}]),
        "`topicRulePayload.actions[0].republish.qos` must be from 0 to 1, not `2`",
    );
    refused(
        &json!([{"http": {"url": "https://h", "batchConfig": {"maxBatchSize": 11}}}]),
        "`topicRulePayload.actions[0].http.batchConfig.maxBatchSize` must be from 2 to 10, not `11`",
    );
}

#[test]
fn passwords_of_an_action_are_not_shown() {
    for action in every_action() {
        let shown = format!("{:?}", Action::read(action).unwrap());
        assert!(!shown.contains("\"p\": \"p\"") && !shown.contains("0123456789"), "{shown}");
    }
}

#[test]
fn rules_are_shown_as_aws_shows_them() {
    let rule = TopicRule {
        rule_name: "r".into(),
        sql: "SELECT 1".into(),
        created_at: Seconds::from_ms(1_500),
        actions: vec![Action::read(json!({"lambda": {"functionArn": "f"}})).unwrap()],
        aws_iot_sql_version: "2016-03-23".into(),
        ..TopicRule::default()
    };
    let reply = aws::reply(&GetTopicRuleOutput { rule_arn: "arn".into(), rule }, "0");
    let body: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(
        body,
        json!({"ruleArn": "arn", "rule": {"ruleName": "r", "sql": "SELECT 1", "createdAt": 1.5,
            "actions": [{"lambda": {"functionArn": "f"}}], "ruleDisabled": false, "awsIotSqlVersion": "2016-03-23"}})
    );
    let item = TopicRuleListItem { rule_name: "r".into(), ..TopicRuleListItem::default() };
    let reply = aws::reply(&ListTopicRulesOutput { rules: vec![item], next_token: None }, "0");
    assert!(String::from_utf8_lossy(reply.body()).contains("\"ruleName\":\"r\""));
}

#[test]
fn destinations_are_named_by_their_arn_in_the_path() {
    let arn = "arn:aws:iot:us-east-1:000000000000:ruledestination/http/1a";
    for path in [
        format!("/destinations/{arn}"),
        format!("/destinations/{}", arn.replace(':', "%3A").replace('/', "%2F")),
    ] {
        let sent = Sent::new("GET /").at(path, String::new());
        let Call::GetTopicRuleDestination(call) = sent.iot().unwrap() else { panic!() };
        assert_eq!(call.arn, arn);
    }
    let Call::ConfirmTopicRuleDestination(call) = Sent::new("GET /confirmdestination/a%2Fb=").iot().unwrap()
    else {
        panic!()
    };
    assert_eq!(call.confirmation_token, "a/b=");
    let body = r#"{"arn":"a","status":"DISABLED"}"#;
    let Call::UpdateTopicRuleDestination(call) = Sent::new("PATCH /destinations").body(body).iot().unwrap()
    else {
        panic!()
    };
    assert_eq!(call.status, TopicRuleDestinationStatus::Disabled);
    let body = r#"{"destinationConfiguration":{"httpUrlConfiguration":{"confirmationUrl":"https://h"}}}"#;
    let Call::CreateTopicRuleDestination(call) = Sent::new("POST /destinations").body(body).iot().unwrap()
    else {
        panic!()
    };
    let url = call.destination_configuration.http_url_configuration.map(|http| http.confirmation_url);
    assert_eq!(url.as_deref(), Some("https://h"));
}
