//! Calls about log streams in, what they came to out.

use std::cmp::Reverse;

use ::aws::Fault;
use ::aws::logs::faults;
use ::aws::logs::streams::{
    CreateLogStream, CreateLogStreamOutput, DeleteLogStream, DeleteLogStreamOutput, DescribeLogStreams,
    DescribeLogStreamsOutput, LogStream, OrderBy,
};
use ::logs::Stream;

use super::{Plane, ms};
use crate::aws::token;

/// Streams of a page where the call does not say.
const PAGE: u16 = 50;

pub(super) async fn create(plane: &Plane<'_>, call: CreateLogStream) -> Result<CreateLogStreamOutput, Fault> {
    plane
        .change(move |logs, now_ms| logs.create_stream(now_ms, &call.log_group_name, &call.log_stream_name))
        .await?;
    Ok(CreateLogStreamOutput {})
}

pub(super) async fn delete(plane: &Plane<'_>, call: DeleteLogStream) -> Result<DeleteLogStreamOutput, Fault> {
    plane.delete(move |logs| logs.delete_stream(&call.log_group_name, &call.log_stream_name)).await?;
    Ok(DeleteLogStreamOutput {})
}

pub(super) async fn describe(
    plane: &Plane<'_>,
    call: DescribeLogStreams,
) -> Result<DescribeLogStreamsOutput, Fault> {
    let group = plane.group_of(call.log_group_name, call.log_group_identifier)?;
    let by_time = call.order_by == Some(OrderBy::LastEventTime);
    let (prefix, descending) = (call.log_stream_name_prefix, call.descending.unwrap_or(false));
    if by_time && prefix.is_some() {
        return Err(faults::invalid_parameter(
            "Cannot order by LastEventTime with a logStreamNamePrefix: leave one of them out",
        ));
    }
    let after = token::read(call.next_token.as_deref())?;
    let most = usize::from(call.limit.unwrap_or(PAGE));
    let arn = plane.group_arn(&group);
    let mut log_streams = plane
        .look(move |logs, _| {
            let all = logs.group(&group)?.streams();
            let all = all.filter(|(name, _)| prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix)));
            let mut placed: Vec<(String, LogStream)> =
                all.map(|(name, stream)| (place(by_time, name, stream), shown(&arn, name, stream))).collect();
            match descending {
                true => placed.sort_by(|(a, _), (b, _)| Reverse(a).cmp(&Reverse(b))),
                false => placed.sort_by(|(a, _), (b, _)| a.cmp(b)),
            }
            placed.retain(|(place, _)| {
                after.as_ref().is_none_or(|after| if descending { place < after } else { place > after })
            });
            placed.truncate(most + 1);
            Ok(placed)
        })
        .await?;
    let next_token = token::next(&mut log_streams, most, |(place, _)| place);
    let log_streams = log_streams.into_iter().map(|(_, stream)| stream).collect();
    Ok(DescribeLogStreamsOutput { log_streams, next_token })
}

/// What streams are ordered by.
fn place(by_time: bool, name: &str, stream: &Stream) -> String {
    match by_time {
        true => format!("{:020} {name}", stream.last_ms().unwrap_or(0)),
        false => name.to_owned(),
    }
}

fn shown(arn: &str, name: &str, stream: &Stream) -> LogStream {
    LogStream {
        log_stream_name: name.to_owned(),
        creation_time: ms(stream.created_ms),
        first_event_timestamp: stream.first_ms().map(ms),
        last_event_timestamp: stream.last_ms().map(ms),
        last_ingestion_time: stream.ingested_ms.map(ms),
        upload_sequence_token: Some(sequence_token(stream.next_seq())),
        arn: format!("{arn}:log-stream:{name}"),
        // AWS counts bytes of groups only.
        stored_bytes: 0,
    }
}

/// AWS takes any token, and gives one nevertheless.
pub(super) fn sequence_token(next_seq: u64) -> String {
    format!("{next_seq:056}")
}
