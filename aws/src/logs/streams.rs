//! Calls about log streams: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};

operations! {
    CreateLogStream: POST "/" {
        log_group_name: String = body "logGroupName",
        log_stream_name: String = body "logStreamName",
    } -> CreateLogStreamOutput {
    } or InvalidParameter ResourceAlreadyExists ResourceNotFound ServiceUnavailable;

    DeleteLogStream: POST "/" {
        log_group_name: String = body "logGroupName",
        log_stream_name: String = body "logStreamName",
    } -> DeleteLogStreamOutput {
    } or InvalidParameter ResourceNotFound OperationAborted ServiceUnavailable Validation;

    DescribeLogStreams: POST "/" {
        log_group_name: Option<String> = body "logGroupName",
        log_group_identifier: Option<String> = body "logGroupIdentifier",
        log_stream_name_prefix: Option<String> = body "logStreamNamePrefix",
        order_by: Option<OrderBy> = body "orderBy",
        descending: Option<bool> = body "descending",
        next_token: Option<String> = body "nextToken",
        limit: Option<u16> = body "limit" in 1..=50,
    } -> DescribeLogStreamsOutput {
        log_streams: Vec<LogStream> = body "logStreams",
        next_token: Option<String> = body "nextToken",
    } or InvalidParameter ResourceNotFound ServiceUnavailable;
}

structures! {
    LogStream {
        log_stream_name: String = "logStreamName",
        creation_time: i64 = "creationTime",
        first_event_timestamp: Option<i64> = "firstEventTimestamp",
        last_event_timestamp: Option<i64> = "lastEventTimestamp",
        last_ingestion_time: Option<i64> = "lastIngestionTime",
        upload_sequence_token: Option<String> = "uploadSequenceToken",
        arn: String = "arn",
        stored_bytes: i64 = "storedBytes",
    }
}

enumerations! {
    OrderBy {
        LogStreamName = "LogStreamName",
        LastEventTime = "LastEventTime",
    }
}
