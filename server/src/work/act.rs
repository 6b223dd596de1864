//! One action with its payload in, done or the reason why not out. Repeats nothing: see `work`.

use std::sync::Arc;

use ::aws::iot::actions::CannedAccessControlList;
use ::aws::outgoing::functions::{Invocation, invoke};
use ::aws::outgoing::objects::put_object;
use ::aws::outgoing::queues::{publish, send_message};
use ::aws::outgoing::streams::{deliver, deliver_all, left_out, put_record};
use ::aws::outgoing::{Call, tables};
use ::aws::value::Text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use broker::ScopeId;
use registry::Scope;
use rules::action::{DynamoDb, Firehose, Kinesis, S3, Sqs};
use rules::limits::BATCH_RECORDS;
use rules::{Action, Job};
use serde_json::{Map, Value as Json, json};
use sql::{Object, Value, Version};

use super::http;
use crate::outgoing::CallError;
use crate::shared::Shared;

/// Why something was not done, and whether another attempt may help.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) may_pass: bool,
    pub(super) text: String,
}

impl From<CallError> for Wrong {
    fn from(error: CallError) -> Self {
        Wrong { may_pass: error.is_retryable(), text: error.to_string() }
    }
}

impl From<String> for Wrong {
    fn from(text: String) -> Self {
        Wrong { may_pass: false, text }
    }
}

/// Does an action that leaves the house.
pub(super) async fn act(
    shared: &Arc<Shared>,
    scope: ScopeId,
    job: &Job,
    action: &Action<String>,
) -> Result<(), Wrong> {
    let place = shared.scopes.name(scope).ok_or_else(|| "its account is gone".to_owned())?;
    let payload = job.payload.as_ref();
    match action {
        Action::Http(http) => http::post(shared, scope, &place, http, &job.payload).await,
        Action::Firehose(firehose) => deliver_records(shared, &place, firehose, payload).await,
        _ => call(shared, &place, request(action, payload)?).await,
    }
}

async fn call(shared: &Shared, place: &Scope, call: Call) -> Result<(), Wrong> {
    shared.outgoing.call(place, &call).await.map(|_| ()).map_err(Wrong::from)
}

/// What an action that is one call asks of its service.
fn request(action: &Action<String>, payload: &[u8]) -> Result<Call, String> {
    Ok(match action {
        Action::S3(S3 { bucket, key, canned_acl, .. }) => {
            let acl = canned_acl.as_deref().and_then(|acl| CannedAccessControlList::parse(acl).ok());
            put_object(bucket, key, acl, payload.to_vec())
        }
        Action::Lambda(lambda) => invoke(&lambda.function, Invocation::Event, payload.to_vec()),
        Action::Sqs(Sqs { queue_url, base64: true, .. }) => send_message(queue_url, &BASE64.encode(payload)),
        Action::Sqs(sqs) => send_message(&sqs.queue_url, text(payload)?),
        Action::Sns(sns) => publish(&sns.target, text(payload)?, sns.json),
        Action::Kinesis(Kinesis { stream, partition_key, .. }) => {
            put_record(stream, partition_key.as_deref().unwrap_or_default(), payload)
        }
        Action::DynamoDb(action) => table_call(action, payload)?,
        Action::DynamoDbV2(action) => match json(payload) {
            Some(Value::Object(result)) => tables::put_item(&action.table, &attributes(&result)),
            _ => return Err("the result is no JSON object, whose members would become attributes".to_owned()),
        },
        other => return Err(format!("the {} action is none that calls a service", other.word())),
    })
}

/// With every digit and in its order, which a reading by serde_json would lose.
fn json(payload: &[u8]) -> Option<Value> {
    sql::json::read(std::str::from_utf8(payload).ok()?, Version::V2015)
}

fn attributes(object: &Object) -> Map<String, Json> {
    object.iter().map(|(name, value)| (name.to_owned(), attribute(value))).collect()
}

/// A value as DynamoDB takes it.
fn attribute(value: &Value) -> Json {
    match value {
        Value::Undefined | Value::Null => json!({ "NULL": true }),
        Value::Bool(is_true) => json!({ "BOOL": is_true }),
        Value::Int(number) => json!({ "N": number.to_string() }),
        Value::Decimal(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(items) => json!({ "L": items.iter().map(attribute).collect::<Vec<Json>>() }),
        Value::Object(members) => json!({ "M": attributes(members) }),
    }
}

fn text(payload: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(payload).map_err(|_| {
        "the result is no text: encode it in the statement with encode(*, 'base64'), or let SQS do it with useBase64"
            .to_owned()
    })
}

fn table_call(action: &DynamoDb<String>, payload: &[u8]) -> Result<Call, String> {
    let key_part = |is_number: bool, value: &str| match is_number {
        true => Json::from(Map::from_iter([("N".to_owned(), Json::from(value))])),
        false => Json::from(Map::from_iter([("S".to_owned(), Json::from(value))])),
    };
    let mut key = Map::new();
    key.insert(action.hash_field.clone(), key_part(action.hash_is_number, &action.hash_value));
    if let (Some(field), Some(value)) = (&action.range_field, &action.range_value) {
        key.insert(field.clone(), key_part(action.range_is_number, value));
    }
    let written = json(payload).map_or_else(|| tables::binary(payload), |result| attribute(&result));
    let column = action.payload_field.as_deref().filter(|field| !field.is_empty()).unwrap_or("payload");
    let set = Map::from_iter([(column.to_owned(), written)]);
    match action.operation.as_deref().unwrap_or("INSERT") {
        "" | "INSERT" => {
            key.extend(set);
            Ok(tables::put_item(&action.table, &key))
        }
        "UPDATE" => Ok(tables::update_item(&action.table, &key, &set)),
        "DELETE" => Ok(tables::delete_item(&action.table, &key)),
        other => Err(format!("operation {other} is none of INSERT, UPDATE and DELETE")),
    }
}

/// One record, or in a batch one for each element of the result, some hundred at a time.
async fn deliver_records(
    shared: &Shared,
    place: &Scope,
    firehose: &Firehose<String>,
    payload: &[u8],
) -> Result<(), Wrong> {
    let separator = firehose.separator.as_deref().unwrap_or_default().as_bytes();
    let ended = |record: &[u8]| [record, separator].concat();
    let listed = match json(payload) {
        Some(Value::Array(listed)) if firehose.batch => listed,
        _ => return call(shared, place, deliver(&firehose.stream, &ended(payload))).await,
    };
    let mut records: Vec<Vec<u8>> =
        listed.iter().map(|one| ended(sql::json::write(one).as_bytes())).collect();
    while !records.is_empty() {
        let rest = records.split_off(records.len().min(BATCH_RECORDS));
        let reply = shared.outgoing.call(place, &deliver_all(&firehose.stream, &records)).await?;
        if let Some((_, failure)) = left_out(&reply.body).into_iter().next() {
            let text = format!("some records of the batch were not taken: {failure}");
            return Err(Wrong { may_pass: failure.is_retryable, text });
        }
        records = rest;
    }
    Ok(())
}
