//! Calls about log events in, what was kept of them and what is found out.

use std::sync::Arc;

use ::aws::Fault;
use ::aws::logs::events::{
    EntityRejectionErrorType, FilterLogEvents, FilterLogEventsOutput, FilteredLogEvent, GetLogEvents,
    GetLogEventsOutput, InputLogEvent, OutputLogEvent, PutLogEvents, PutLogEventsOutput, RejectedEntityInfo,
    RejectedLogEventsInfo,
};
use ::aws::logs::faults;
use ::logs::limits::{EVENT_OVERHEAD, PAGE_EVENTS};
use ::logs::{Direction, Event, Found, Key, Logs, Page, Pattern, Refusal, Rejected, Search};
use hub::LogBatch;
use store::Reader;

use super::streams::sequence_token;
use super::{Plane, ms, pages, unserved};

pub(super) async fn put(plane: &Plane<'_>, call: PutLogEvents) -> Result<PutLogEventsOutput, Fault> {
    let event = |InputLogEvent { timestamp, message }| match u64::try_from(timestamp) {
        Ok(timestamp_ms) => Ok(Event { timestamp_ms, message }),
        Err(_) => Err(faults::invalid_parameter(format!(
            "a log event's timestamp must not be negative: {timestamp}"
        ))),
    };
    let events = call.log_events.into_iter().map(event).collect::<Result<Vec<Event>, Fault>>()?;
    let bytes = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
    let (scope, group, stream) = (plane.scope, call.log_group_name, call.log_stream_name);
    let logged = plane
        .decide(bytes, move |hub, now_ms, plan| {
            let batch = LogBatch { group: &group, stream: &stream, events: &events, makes_stream: false };
            hub.append_log(now_ms, scope, &batch, plan)
        })
        .await?;
    // Nothing is known here of the services that an entity stands for: the events are kept without it.
    let error_type = Some(EntityRejectionErrorType::UnsupportedLogGroupType);
    Ok(PutLogEventsOutput {
        next_sequence_token: Some(sequence_token(logged.next_seq)),
        rejected_log_events_info: rejected(&logged.rejected),
        rejected_entity_info: call.entity.map(|_| RejectedEntityInfo { error_type }),
    })
}

fn rejected(rejected: &Rejected) -> Option<RejectedLogEventsInfo> {
    let index = |at: Option<usize>| at.and_then(|at| i64::try_from(at).ok());
    (*rejected != Rejected::default()).then(|| RejectedLogEventsInfo {
        too_new_log_event_start_index: index(rejected.too_new_from),
        too_old_log_event_end_index: index(rejected.too_old_before),
        expired_log_event_end_index: index(rejected.expired_before),
    })
}

pub(super) async fn get(plane: &Plane<'_>, call: GetLogEvents) -> Result<GetLogEventsOutput, Fault> {
    if call.unmask == Some(true) {
        return Err(unserved::<GetLogEvents>("unmask", "leave it out: nothing is masked here"));
    }
    let group = plane.group_of(call.log_group_name, call.log_group_identifier)?;
    let times = times(call.start_time, call.end_time, 0)?;
    let most = call.limit.map_or(PAGE_EVENTS, usize::from);
    let place = call.next_token.as_deref().map(pages::read).transpose()?;
    let stream = call.log_stream_name;
    let prepared =
        prepare(plane, move |logs, now_ms| logs.search_stream(now_ms, &group, &stream, times, most)).await?;
    let (mut search, reader) = prepared;
    search.direction = match place {
        Some(('b', _)) => Direction::Backward,
        None if call.start_from_head != Some(true) => Direction::Backward,
        _ => Direction::Forward,
    };
    search.beyond = place.map(|(_, key)| key);
    let backward = search.direction == Direction::Backward;
    let page = run(search, reader, Pattern::default()).await?;
    let (first, last) = (page.events.first().map(|one| one.key), page.events.last().map(|one| one.key));
    // Where nothing was found, both tokens stay where the search was, so that what comes later is found.
    let stood = page.rest.or(place.map(|(_, key)| key)).unwrap_or(Key::FIRST);
    let (first, last) = (first.unwrap_or(stood), last.unwrap_or(stood));
    let (back, forth) = match (page.rest, backward) {
        (Some(rest), true) => (rest, last),
        (Some(rest), false) => (first, rest),
        (None, _) => (first, last),
    };
    let output = |found: Found| OutputLogEvent {
        timestamp: ms(found.key.timestamp_ms),
        message: found.message,
        ingestion_time: ms(found.ingested_ms),
    };
    Ok(GetLogEventsOutput {
        events: page.events.into_iter().map(output).collect(),
        next_forward_token: pages::token('f', forth),
        next_backward_token: pages::token('b', back),
    })
}

pub(super) async fn filter(plane: &Plane<'_>, call: FilterLogEvents) -> Result<FilterLogEventsOutput, Fault> {
    if call.unmask == Some(true) {
        return Err(unserved::<FilterLogEvents>("unmask", "leave it out: nothing is masked here"));
    }
    if call.start_from_head == Some(false) {
        return Err(unserved::<FilterLogEvents>(
            "startFromHead",
            "leave it out: the earliest events come first",
        ));
    }
    let (names, prefix) = (call.log_stream_names, call.log_stream_name_prefix);
    if names.is_some() && prefix.is_some() {
        return Err(faults::invalid_parameter("give logStreamNames or logStreamNamePrefix, not both"));
    }
    let group = plane.group_of(call.log_group_name, call.log_group_identifier)?;
    // The last millisecond counts here, and does not count for GetLogEvents.
    let times = times(call.start_time, call.end_time, 1)?;
    let most = call.limit.map_or(PAGE_EVENTS, usize::from);
    let pattern = Pattern::parse(call.filter_pattern.as_deref().unwrap_or_default())
        .map_err(|error| faults::invalid_parameter(error.to_string()))?;
    let place = call.next_token.as_deref().map(pages::read).transpose()?;
    let prepared = prepare(plane, move |logs, now_ms| {
        let known = logs.group(&group)?;
        let missing = names.iter().flatten().find(|name| known.stream(name).is_none());
        if let Some(stream) = missing {
            return Err(Refusal::NoStream { group, stream: stream.chars().take(200).collect() });
        }
        let choose = |name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
                && prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
        };
        logs.search(now_ms, &group, choose, times, most)
    });
    let (mut search, reader) = prepared.await?;
    search.beyond = place.map(|(_, key)| key);
    let page = run(search, reader, pattern).await?;
    let event = |found: Found| FilteredLogEvent {
        event_id: format!("{:018}{:018}{:020}", found.key.timestamp_ms, found.key.stream, found.key.seq),
        log_stream_name: found.stream.into(),
        timestamp: ms(found.key.timestamp_ms),
        message: found.message,
        ingestion_time: ms(found.ingested_ms),
    };
    Ok(FilterLogEventsOutput {
        events: page.events.into_iter().map(event).collect(),
        // AWS leaves the list empty, too.
        searched_log_streams: Vec::new(),
        next_token: page.rest.map(|key| pages::token('f', key)),
    })
}

/// A search as of now, and where its events are read.
async fn prepare(
    plane: &Plane<'_>,
    prepare: impl FnOnce(&Logs, u64) -> Result<Search, Refusal> + Send + 'static,
) -> Result<(Search, Arc<dyn Reader>), Fault> {
    let scope = plane.scope;
    plane.decide(0, move |hub, now_ms, _| Ok((prepare(hub.logs(scope)?, now_ms)?, hub.reader()))).await
}

/// Reads beside the one writer; what was decided before is on disk by now.
async fn run(search: Search, reader: Arc<dyn Reader>, pattern: Pattern) -> Result<Page, Fault> {
    let read = tokio::task::spawn_blocking(move || search.run(&*reader, &pattern)).await;
    let page = read.map_err(|error| faults::service_unavailable(error.to_string()))?;
    page.map_err(|error| faults::service_unavailable(format!("the log events cannot be read: {error}")))
}

/// From a time to before another; `more`: milliseconds of the end that count, too.
fn times(start: Option<i64>, end: Option<i64>, more: u64) -> Result<(u64, u64), Fault> {
    let at = |name: &str, time: Option<i64>| match time.map(u64::try_from) {
        None => Ok(None),
        Some(Ok(time)) => Ok(Some(time)),
        Some(Err(_)) => Err(faults::invalid_parameter(format!("{name} must not be negative"))),
    };
    let (start, end) = (at("startTime", start)?.unwrap_or(0), at("endTime", end)?);
    let end = end.map_or(u64::MAX, |end| end.saturating_add(more));
    match start <= end {
        true => Ok((start, end)),
        false => Err(faults::invalid_parameter("endTime must not lie before startTime")),
    }
}
