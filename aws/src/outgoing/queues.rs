//! Messages for SQS and SNS in, calls out.

use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

use super::{Call, JSON_1_0, Outside, by_target};
use crate::signature::encoded;

/// SQS `SendMessage`.
#[must_use]
pub fn send_message(queue_url: &str, body: &str) -> Call {
    let body = json!({ "QueueUrl": queue_url, "MessageBody": body });
    by_target(Outside::Sqs, "SendMessage", "AmazonSQS.SendMessage", JSON_1_0, &body)
}

/// SNS `Publish`. `per_protocol`: the message is JSON with a text for each protocol.
#[must_use]
pub fn publish(topic_arn: &str, message: &str, per_protocol: bool) -> Call {
    let mut form = format!(
        "Action=Publish&Version=2010-03-31&TopicArn={}&Message={}",
        encoded(topic_arn),
        encoded(message)
    );
    if per_protocol {
        form.push_str("&MessageStructure=json");
    }
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    headers.insert(CONTENT_TYPE, kind);
    let (service, path, body) = (Outside::Sns, "/".to_owned(), form.into_bytes());
    Call { service, operation: "Publish", method: Method::POST, path, headers, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_for_a_queue_is_json_with_a_target() {
        let call = send_message("http://q/1/a", "{\"a\":\"ä\"}");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/"));
        assert_eq!(call.headers["x-amz-target"], "AmazonSQS.SendMessage");
        assert_eq!(call.headers["content-type"], "application/x-amz-json-1.0");
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body, json!({ "QueueUrl": "http://q/1/a", "MessageBody": "{\"a\":\"ä\"}" }));
    }

    #[test]
    fn a_message_for_a_topic_is_a_form() {
        let call = publish("arn:aws:sns:r:1:t", "a b&c=ä", false);
        let body = "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Ar%3A1%3At&Message=a%20b%26c%3D%C3%A4";
        assert_eq!(String::from_utf8(call.body).unwrap(), body);
        assert!(publish("t", "{}", true).body.ends_with(b"&MessageStructure=json"));
    }
}
