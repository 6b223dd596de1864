//! A batch of events in, what is taken of it and its writes out. Makes no stream.

use store::Write;

use crate::event::{self, Event};
use crate::group::{Group, Logs, no_group, no_stream};
use crate::limits::{
    BATCH_BYTES, BATCH_EVENTS, BATCH_SPAN_MS, EVENT_OVERHEAD, GROUP_BYTES, NEWEST_MS, OLDEST_MS,
};
use crate::refusal::Refusal;
use crate::stream::Chunk;

/// A batch that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Grows with every event of the stream.
    pub next_seq: u64,
    pub rejected: Rejected,
    pub writes: Vec<Write>,
}

/// The events of a batch that were left out, as AWS tells of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rejected {
    /// From here on they lie too far in the future.
    pub too_new_from: Option<usize>,
    /// Before here they are older than any group takes.
    pub too_old_before: Option<usize>,
    /// Before here they are older than this group keeps them.
    pub expired_before: Option<usize>,
}

impl Logs {
    /// Appends events to a stream that exists. What is too old or too new is left out and told of; anything else that is
    /// wrong refuses the batch.
    pub fn append(
        &mut self,
        now_ms: u64,
        group: &str,
        stream: &str,
        events: &[Event],
    ) -> Result<Accepted, Refusal> {
        check(events)?;
        let found = self.groups.get_mut(group).ok_or_else(|| no_group(group))?;
        let (rejected, taken) = split(events, found, now_ms);
        let place = found.streams.get_mut(stream).ok_or_else(|| no_stream(group, stream))?;
        let number = place.number;
        let (Some(first), Some(last)) = (taken.first(), taken.last()) else {
            return Ok(Accepted { next_seq: place.tail, rejected, writes: Vec::new() });
        };
        let records: Vec<_> = taken.iter().map(|event| event::encode(event, now_ms)).collect();
        let bytes = records.iter().map(|record| record.len() as u64).sum();
        let first_seq = place.tail;
        let closed = place.grow(Chunk {
            first_seq,
            count: records.len() as u64,
            bytes,
            first_ms: first.timestamp_ms,
            last_ms: last.timestamp_ms,
        });
        place.ingested_ms = Some(now_ms);
        let (closed_number, next_seq) = (place.closed_number(), place.tail);
        found.bytes += bytes;
        let cuts = make_room(found);
        let mut writes = vec![Write::Append { log: self.events_log(number), first_seq, records }];
        if let Some(closed) = closed {
            let records = vec![closed.encode().into()];
            writes.push(Write::Append { log: self.chunks_log(number), first_seq: closed_number, records });
        }
        writes.extend(cuts.into_iter().flat_map(|(number, cut)| self.trims(number, cut)));
        Ok(Accepted { next_seq, rejected, writes })
    }

    /// The same into a stream that is made if it does not exist; the group must.
    pub fn append_making(
        &mut self,
        now_ms: u64,
        group: &str,
        stream: &str,
        events: &[Event],
    ) -> Result<Accepted, Refusal> {
        check(events)?;
        let is_known = self.group(group)?.streams.contains_key(stream);
        let mut writes = if is_known { Vec::new() } else { self.create_stream(now_ms, group, stream)? };
        let mut accepted = self.append(now_ms, group, stream, events)?;
        writes.append(&mut accepted.writes);
        Ok(Accepted { writes, ..accepted })
    }
}

fn check(events: &[Event]) -> Result<(), Refusal> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Err(Refusal::BatchEvents(0));
    };
    if events.len() > BATCH_EVENTS {
        return Err(Refusal::BatchEvents(events.len()));
    }
    let bytes = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
    if bytes > BATCH_BYTES {
        return Err(Refusal::BatchBytes(bytes));
    }
    if events.iter().any(|event| event.message.is_empty()) {
        return Err(Refusal::EmptyMessage);
    }
    if !events.is_sorted_by_key(|event| event.timestamp_ms) {
        return Err(Refusal::Order);
    }
    if last.timestamp_ms - first.timestamp_ms > BATCH_SPAN_MS {
        return Err(Refusal::Span);
    }
    Ok(())
}

/// The events stand in the order of their times.
fn split<'a>(events: &'a [Event], group: &Group, now_ms: u64) -> (Rejected, &'a [Event]) {
    let before = |ms: u64| events.partition_point(|event| event.timestamp_ms < ms);
    let (too_old, expired) = (before(now_ms.saturating_sub(OLDEST_MS)), before(group.taken_from_ms(now_ms)));
    let too_new = before((now_ms + NEWEST_MS).saturating_add(1));
    let rejected = Rejected {
        too_new_from: (too_new < events.len()).then_some(too_new),
        too_old_before: (too_old > 0).then_some(too_old),
        expired_before: (expired > too_old).then_some(expired),
    };
    (rejected, events.get(expired..too_new).unwrap_or_default())
}

/// Takes the oldest events of a group that holds too much; answers with where which stream begins now.
fn make_room(group: &mut Group) -> Vec<(u64, (u64, u64))> {
    let mut cuts = Vec::new();
    while group.bytes > GROUP_BYTES {
        let oldest = group
            .streams
            .values_mut()
            .filter_map(|stream| Some((stream.chunks.front()?.last_ms, stream)))
            .min_by_key(|(last_ms, _)| *last_ms);
        let Some((_, stream)) = oldest else { break };
        let before = stream.bytes;
        let cut = stream.shrink();
        group.bytes = group.bytes.saturating_sub(before - stream.bytes);
        cuts.extend(cut.map(|cut| (stream.number, cut)));
    }
    cuts
}
