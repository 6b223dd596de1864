//! Calls about log events: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};
use crate::value::Map;

operations! {
    PutLogEvents: POST "/" {
        log_group_name: String = body "logGroupName",
        log_stream_name: String = body "logStreamName",
        log_events: Vec<InputLogEvent> = body "logEvents",
        sequence_token: Option<String> = body "sequenceToken",
        entity: Option<Entity> = body "entity",
    } -> PutLogEventsOutput {
        next_sequence_token: Option<String> = body "nextSequenceToken",
        rejected_log_events_info: Option<RejectedLogEventsInfo> = body "rejectedLogEventsInfo",
        rejected_entity_info: Option<RejectedEntityInfo> = body "rejectedEntityInfo",
    } or InvalidParameter InvalidSequenceToken DataAlreadyAccepted ResourceNotFound ServiceUnavailable UnrecognizedClient;

    GetLogEvents: POST "/" {
        log_group_name: Option<String> = body "logGroupName",
        log_group_identifier: Option<String> = body "logGroupIdentifier",
        log_stream_name: String = body "logStreamName",
        start_time: Option<i64> = body "startTime",
        end_time: Option<i64> = body "endTime",
        next_token: Option<String> = body "nextToken",
        limit: Option<u16> = body "limit" in 1..=10000,
        start_from_head: Option<bool> = body "startFromHead",
        unmask: Option<bool> = body "unmask",
    } -> GetLogEventsOutput {
        events: Vec<OutputLogEvent> = body "events",
        next_forward_token: String = body "nextForwardToken",
        next_backward_token: String = body "nextBackwardToken",
    } or InvalidParameter ResourceNotFound ServiceUnavailable;

    FilterLogEvents: POST "/" {
        log_group_name: Option<String> = body "logGroupName",
        log_group_identifier: Option<String> = body "logGroupIdentifier",
        log_stream_names: Option<Vec<String>> = body "logStreamNames",
        log_stream_name_prefix: Option<String> = body "logStreamNamePrefix",
        start_time: Option<i64> = body "startTime",
        end_time: Option<i64> = body "endTime",
        filter_pattern: Option<String> = body "filterPattern",
        next_token: Option<String> = body "nextToken",
        limit: Option<u16> = body "limit" in 1..=10000,
        start_from_head: Option<bool> = body "startFromHead",
        interleaved: Option<bool> = body "interleaved",
        unmask: Option<bool> = body "unmask",
    } -> FilterLogEventsOutput {
        events: Vec<FilteredLogEvent> = body "events",
        searched_log_streams: Vec<SearchedLogStream> = body "searchedLogStreams",
        next_token: Option<String> = body "nextToken",
    } or InvalidParameter ResourceNotFound ServiceUnavailable;
}

structures! {
    InputLogEvent {
        timestamp: i64 = "timestamp",
        message: String = "message",
    }

    Entity {
        key_attributes: Option<Map<String, String>> = "keyAttributes",
        attributes: Option<Map<String, String>> = "attributes",
    }

    RejectedLogEventsInfo {
        too_new_log_event_start_index: Option<i64> = "tooNewLogEventStartIndex",
        too_old_log_event_end_index: Option<i64> = "tooOldLogEventEndIndex",
        expired_log_event_end_index: Option<i64> = "expiredLogEventEndIndex",
    }

    RejectedEntityInfo {
        error_type: Option<EntityRejectionErrorType> = "errorType",
    }

    OutputLogEvent {
        timestamp: i64 = "timestamp",
        message: String = "message",
        ingestion_time: i64 = "ingestionTime",
    }

    FilteredLogEvent {
        log_stream_name: String = "logStreamName",
        timestamp: i64 = "timestamp",
        message: String = "message",
        ingestion_time: i64 = "ingestionTime",
        event_id: String = "eventId",
    }

    SearchedLogStream {
        log_stream_name: String = "logStreamName",
        searched_completely: bool = "searchedCompletely",
    }
}

enumerations! {
    EntityRejectionErrorType {
        InvalidEntity = "InvalidEntity",
        InvalidTypeValue = "InvalidTypeValue",
        InvalidKeyAttributes = "InvalidKeyAttributes",
        InvalidAttributes = "InvalidAttributes",
        EntitySizeTooLarge = "EntitySizeTooLarge",
        UnsupportedLogGroupType = "UnsupportedLogGroupType",
        MissingRequiredFields = "MissingRequiredFields",
    }
}
