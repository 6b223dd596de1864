//! Records for Kinesis and Firehose in, calls out; their replies in, which records were left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

use super::{Call, Failure, JSON_1_1, Outside, by_target};

/// Records of one `PutRecordBatch` (AWS: 500).
pub const BATCH_RECORDS: usize = 500;

/// Kinesis `PutRecord`.
#[must_use]
pub fn put_record(stream: &str, partition_key: &str, data: &[u8]) -> Call {
    let body = json!({ "StreamName": stream, "PartitionKey": partition_key, "Data": BASE64.encode(data) });
    by_target(Outside::Kinesis, "PutRecord", "Kinesis_20131202.PutRecord", JSON_1_1, &body)
}

/// Firehose `PutRecord`.
#[must_use]
pub fn deliver(stream: &str, data: &[u8]) -> Call {
    let body = json!({ "DeliveryStreamName": stream, "Record": { "Data": BASE64.encode(data) } });
    by_target(Outside::Firehose, "PutRecord", "Firehose_20150804.PutRecord", JSON_1_1, &body)
}

/// Firehose `PutRecordBatch`, of at most [`BATCH_RECORDS`].
#[must_use]
pub fn deliver_all(stream: &str, records: &[Vec<u8>]) -> Call {
    let record = |data: &Vec<u8>| json!({ "Data": BASE64.encode(data) });
    let records: Vec<Json> = records.iter().map(record).collect();
    let body = json!({ "DeliveryStreamName": stream, "Records": records });
    by_target(Outside::Firehose, "PutRecordBatch", "Firehose_20150804.PutRecordBatch", JSON_1_1, &body)
}

/// The records of a batch that was taken but for these: their places and why. They may be sent again.
#[must_use]
pub fn left_out(body: &[u8]) -> Vec<(usize, Failure)> {
    let reply: Json = serde_json::from_slice(body).unwrap_or_default();
    let answers =
        reply.get("RequestResponses").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let failure = |(at, answer): (usize, &Json)| {
        let text = |name: &str| answer.get(name).and_then(Json::as_str).map(str::to_owned);
        let code = text("ErrorCode")?;
        Some((
            at,
            Failure {
                status: 200,
                code,
                message: text("ErrorMessage").unwrap_or_default(),
                is_retryable: true,
            },
        ))
    };
    answers.iter().enumerate().filter_map(failure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_base64() {
        let body = |call: Call| serde_json::from_slice::<Json>(&call.body).unwrap();
        let expected = json!({ "StreamName": "s", "PartitionKey": "k", "Data": "AP8=" });
        assert_eq!(body(put_record("s", "k", &[0, 255])), expected);
        assert_eq!(
            body(deliver("d", b"x\n")),
            json!({ "DeliveryStreamName": "d", "Record": { "Data": "eAo=" } })
        );
        let call = deliver_all("d", &[b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(call.headers["x-amz-target"], "Firehose_20150804.PutRecordBatch");
        let expected =
            json!({ "DeliveryStreamName": "d", "Records": [{ "Data": "YQ==" }, { "Data": "Yg==" }] });
        assert_eq!(body(call), expected);
    }

    #[test]
    fn records_that_were_left_out_are_told_by_their_places() {
        let reply = br#"{"FailedPutCount":1,"RequestResponses":[{"RecordId":"1"},
            {"ErrorCode":"ServiceUnavailableException","ErrorMessage":"slow"}]}"#;
        let left = left_out(reply);
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].0, left[0].1.code.as_str()), (1, "ServiceUnavailableException"));
        assert!(left_out(br#"{"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"}]}"#).is_empty());
        assert!(left_out(b"not JSON").is_empty());
    }
}
