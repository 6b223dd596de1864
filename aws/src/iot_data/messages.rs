//! Calls about messages: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};
use crate::value::Blob;

operations! {
    Publish: POST "/topics/{topic}" {
        topic: String = label "topic",
        qos: Option<u8> = query "qos" in 0..=1,
        retain: Option<bool> = query "retain",
        payload: Option<Blob> = payload "payload",
        user_properties: Option<String> = header "x-amz-mqtt5-user-properties",
        payload_format_indicator: Option<PayloadFormatIndicator> = header "x-amz-mqtt5-payload-format-indicator",
        content_type: Option<String> = query "contentType",
        response_topic: Option<String> = query "responseTopic",
        correlation_data: Option<String> = header "x-amz-mqtt5-correlation-data",
        message_expiry_s: Option<u32> = query "messageExpiry",
    } -> PublishOutput {
        message: String = unmodelled "message",
        trace_id: String = unmodelled "traceId",
    } or InternalFailure InvalidRequest Unauthorized MethodNotAllowed Throttling;

    GetRetainedMessage: GET "/retainedMessage/{topic}" {
        topic: String = label "topic",
    } -> GetRetainedMessageOutput {
        topic: String = body "topic",
        payload: Blob = body "payload",
        qos: u8 = body "qos",
        last_modified_ms: i64 = body "lastModifiedTime",
        user_properties: Option<Blob> = body "userProperties",
    } or InvalidRequest ResourceNotFound Throttling Unauthorized ServiceUnavailable InternalFailure
        MethodNotAllowed;

    ListRetainedMessages: GET "/retainedMessage" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=200,
    } -> ListRetainedMessagesOutput {
        retained_topics: Vec<RetainedMessageSummary> = body "retainedTopics",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure MethodNotAllowed;

    SendDirectMessage: POST "/connections/{clientId}/messages" {
        client_id: String = label "clientId",
        topic: String = query "topic",
        content_type: Option<String> = query "contentType",
        response_topic: Option<String> = query "responseTopic",
        confirmation: Option<bool> = query "confirmation",
        timeout_s: Option<u32> = query "timeout" in 1..=15,
        payload: Option<Blob> = payload "payload",
        user_properties: Option<String> = header "x-amz-mqtt5-user-properties",
        payload_format_indicator: Option<PayloadFormatIndicator> = header "x-amz-mqtt5-payload-format-indicator",
        correlation_data: Option<String> = header "x-amz-mqtt5-correlation-data",
    } -> SendDirectMessageOutput {
        message: String = body "message",
        trace_id: String = body "traceId",
    } or InternalFailure InvalidRequest ResourceNotFound Unauthorized Forbidden Throttling
        RequestEntityTooLarge GatewayTimeout;
}

structures! {
    RetainedMessageSummary {
        topic: String = "topic",
        payload_size: i64 = "payloadSize",
        qos: u8 = "qos",
        last_modified_ms: i64 = "lastModifiedTime",
    }
}

enumerations! {
    PayloadFormatIndicator {
        UnspecifiedBytes = "UNSPECIFIED_BYTES",
        Utf8Data = "UTF8_DATA",
    }
}
