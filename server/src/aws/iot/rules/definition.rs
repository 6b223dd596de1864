//! A rule as AWS's clients write it in, ours out, and back. Actions that nobody does here are refused by name.

use ::aws::Fault;
use ::aws::iot::actions::{
    Action as Asked, CannedAccessControlList, CloudwatchLogsAction, DynamoDbAction, DynamoDbV2Action,
    DynamoKeyType, FirehoseAction, HttpAction, HttpActionHeader, HttpAuthorization, KinesisAction,
    LambdaAction, MessageFormat, MqttHeaders, PutItemInput, RepublishAction, S3Action, SigV4Authorization,
    SnsAction, SqsAction, UserProperty,
};
use ::aws::iot::rules::TopicRulePayload;
use ::aws::value::{Text, Value as _};
use rules::action::{
    DynamoDb, DynamoDbV2, Firehose, Http, Kinesis, Lambda, Logs, Republish, S3, Signed, Sns, Sqs,
};
use rules::{Action, Definition};

/// A rule's payload as the AWS CLI takes it, read without a running instance.
///
/// # Errors
/// It is no such payload, or one of its actions is none of those that are done here.
pub fn definition_of(payload: serde_json::Value) -> Result<Definition, String> {
    let payload = TopicRulePayload::read(payload)
        .map_err(|wrong| format!("topicRulePayload{} {}", wrong.place, wrong.reason))?;
    read(payload).map_err(|fault| fault.message)
}

/// # Errors
/// One of its actions is none of those that are done here.
pub(super) fn read(payload: TopicRulePayload) -> Result<Definition, Fault> {
    Ok(Definition {
        sql: payload.sql,
        sql_version: payload.aws_iot_sql_version,
        description: payload.description,
        is_disabled: payload.rule_disabled.unwrap_or(false),
        actions: payload.actions.into_iter().map(action).collect::<Result<_, _>>()?,
        error_action: payload.error_action.map(action).transpose()?,
    })
}

fn action(asked: Asked) -> Result<Action<String>, Fault> {
    Ok(match asked {
        Asked::Republish(asked) => Action::Republish(republish(*asked)),
        Asked::CloudwatchLogs(asked) => Action::Logs(Logs {
            batch: asked.batch_mode.unwrap_or(false),
            role: asked.role_arn,
            group: asked.log_group_name,
        }),
        Asked::Http(asked) => Action::Http(http(*asked)?),
        Asked::S3(asked) => Action::S3(S3 {
            canned_acl: asked.canned_acl.map(|acl| acl.as_str().to_owned()),
            role: asked.role_arn,
            bucket: asked.bucket_name,
            key: asked.key,
        }),
        Asked::Firehose(asked) => Action::Firehose(Firehose {
            separator: asked.separator,
            batch: asked.batch_mode.unwrap_or(false),
            role: asked.role_arn,
            stream: asked.delivery_stream_name,
        }),
        Asked::Lambda(asked) => Action::Lambda(Lambda { function: asked.function_arn }),
        Asked::Sqs(asked) => Action::Sqs(Sqs {
            base64: asked.use_base64.unwrap_or(false),
            role: asked.role_arn,
            queue_url: asked.queue_url,
        }),
        Asked::Sns(asked) => Action::Sns(Sns {
            json: asked.message_format == Some(MessageFormat::Json),
            role: asked.role_arn,
            target: asked.target_arn,
        }),
        Asked::Kinesis(asked) => Action::Kinesis(Kinesis {
            role: asked.role_arn,
            stream: asked.stream_name,
            partition_key: asked.partition_key,
        }),
        Asked::DynamoDb(asked) => Action::DynamoDb(dynamo_db(*asked)),
        Asked::DynamoDbV2(asked) => {
            Action::DynamoDbV2(DynamoDbV2 { role: asked.role_arn, table: asked.put_item.table_name })
        }
        other => return Err(not_done(other.key())),
    })
}

fn not_done(word: &str) -> Fault {
    Fault::invalid_request(format!(
        "the {word} action is not implemented by Thingstead (COMPAT.md lists those that are), so the rule would do nothing"
    ))
}

fn republish(asked: RepublishAction) -> Republish<String> {
    let headers = asked.headers;
    let pick = |which: fn(&MqttHeaders) -> &Option<String>| headers.as_ref().and_then(|h| which(h).clone());
    Republish {
        qos: u8::try_from(asked.qos.unwrap_or(0)).unwrap_or(u8::MAX),
        role: asked.role_arn,
        topic: asked.topic,
        payload_format: pick(|headers| &headers.payload_format_indicator),
        content_type: pick(|headers| &headers.content_type),
        response_topic: pick(|headers| &headers.response_topic),
        correlation_data: pick(|headers| &headers.correlation_data),
        message_expiry: pick(|headers| &headers.message_expiry),
        user_properties: headers
            .as_ref()
            .and_then(|headers| headers.user_properties.clone())
            .unwrap_or_default()
            .into_iter()
            .map(|UserProperty { key, value }| (key, value))
            .collect(),
    }
}

fn http(asked: HttpAction) -> Result<Http<String>, Fault> {
    if asked.enable_batching == Some(true) || asked.batch_config.is_some() {
        return Err(Fault::invalid_request(
            "batching of HTTP actions is not implemented by Thingstead: leave enableBatching and batchConfig out",
        ));
    }
    let signed = asked.auth.and_then(|auth| auth.sigv4).map(|sigv4| Signed {
        region: sigv4.signing_region,
        service: sigv4.service_name,
        role: sigv4.role_arn,
    });
    let headers = asked.headers.unwrap_or_default().into_iter().map(|header| (header.key, header.value));
    Ok(Http { signed, url: asked.url, confirmation_url: asked.confirmation_url, headers: headers.collect() })
}

fn dynamo_db(asked: DynamoDbAction) -> DynamoDb<String> {
    DynamoDb {
        hash_is_number: asked.hash_key_type == Some(DynamoKeyType::Number),
        range_is_number: asked.range_key_type == Some(DynamoKeyType::Number),
        role: asked.role_arn,
        table: asked.table_name,
        hash_field: asked.hash_key_field,
        hash_value: asked.hash_key_value,
        range_field: asked.range_key_field,
        range_value: asked.range_key_value,
        payload_field: asked.payload_field,
        operation: asked.operation,
    }
}

/// As clients get it back.
pub(super) fn written(action: &Action<String>) -> Asked {
    match action.clone() {
        Action::Republish(action) => Asked::Republish(Box::new(republish_written(action))),
        Action::Logs(Logs { batch, role, group }) => Asked::CloudwatchLogs(Box::new(CloudwatchLogsAction {
            role_arn: role,
            log_group_name: group,
            batch_mode: Some(batch),
        })),
        Action::Http(action) => Asked::Http(Box::new(http_written(action))),
        Action::S3(S3 { canned_acl, role, bucket, key }) => Asked::S3(Box::new(S3Action {
            role_arn: role,
            bucket_name: bucket,
            key,
            canned_acl: canned_acl.and_then(|acl| CannedAccessControlList::parse(&acl).ok()),
        })),
        Action::Firehose(Firehose { separator, batch, role, stream }) => {
            Asked::Firehose(Box::new(FirehoseAction {
                role_arn: role,
                delivery_stream_name: stream,
                separator,
                batch_mode: Some(batch),
            }))
        }
        Action::Lambda(Lambda { function }) => {
            Asked::Lambda(Box::new(LambdaAction { function_arn: function }))
        }
        Action::Sqs(Sqs { base64, role, queue_url }) => {
            Asked::Sqs(Box::new(SqsAction { role_arn: role, queue_url, use_base64: Some(base64) }))
        }
        Action::Sns(Sns { json, role, target }) => Asked::Sns(Box::new(SnsAction {
            target_arn: target,
            role_arn: role,
            message_format: Some(if json { MessageFormat::Json } else { MessageFormat::Raw }),
        })),
        Action::Kinesis(Kinesis { role, stream, partition_key }) => {
            Asked::Kinesis(Box::new(KinesisAction { role_arn: role, stream_name: stream, partition_key }))
        }
        Action::DynamoDb(action) => Asked::DynamoDb(Box::new(dynamo_db_written(action))),
        Action::DynamoDbV2(DynamoDbV2 { role, table }) => Asked::DynamoDbV2(Box::new(DynamoDbV2Action {
            role_arn: role,
            put_item: PutItemInput { table_name: table },
        })),
    }
}

fn republish_written(action: Republish<String>) -> RepublishAction {
    let user = action.user_properties.into_iter().map(|(key, value)| UserProperty { key, value });
    let user: Vec<UserProperty> = user.collect();
    let headers = MqttHeaders {
        payload_format_indicator: action.payload_format,
        content_type: action.content_type,
        response_topic: action.response_topic,
        correlation_data: action.correlation_data,
        message_expiry: action.message_expiry,
        user_properties: (!user.is_empty()).then_some(user),
    };
    let none = MqttHeaders {
        payload_format_indicator: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        message_expiry: None,
        user_properties: None,
    };
    RepublishAction {
        role_arn: action.role,
        topic: action.topic,
        qos: Some(u16::from(action.qos)),
        headers: (headers != none).then_some(headers),
    }
}

fn http_written(action: Http<String>) -> HttpAction {
    let headers = action.headers.into_iter().map(|(key, value)| HttpActionHeader { key, value });
    let headers: Vec<HttpActionHeader> = headers.collect();
    let auth = action.signed.map(|signed| HttpAuthorization {
        sigv4: Some(SigV4Authorization {
            signing_region: signed.region,
            service_name: signed.service,
            role_arn: signed.role,
        }),
    });
    HttpAction {
        url: action.url,
        confirmation_url: action.confirmation_url,
        headers: (!headers.is_empty()).then_some(headers),
        auth,
        enable_batching: None,
        batch_config: None,
    }
}

fn dynamo_db_written(action: DynamoDb<String>) -> DynamoDbAction {
    let kind = |is_number: bool| if is_number { DynamoKeyType::Number } else { DynamoKeyType::String };
    let has_range = action.range_field.is_some();
    DynamoDbAction {
        table_name: action.table,
        role_arn: action.role,
        operation: action.operation,
        hash_key_field: action.hash_field,
        hash_key_value: action.hash_value,
        hash_key_type: Some(kind(action.hash_is_number)),
        range_key_field: action.range_field,
        range_key_value: action.range_value,
        range_key_type: has_range.then(|| kind(action.range_is_number)),
        payload_field: action.payload_field,
    }
}
