//! The store in, a scope's logs as they were out.

use serde::de::DeserializeOwned;
use store::{ReadError, Reader, Span};

use crate::event::Record;
use crate::group::{FORMAT, Group, Logs, StoredGroup, StoredStream};
use crate::stream::{Chunk, Stream};

/// Documents, chunks or records read at a time.
const PAGE: usize = 4096;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Why the store cannot be read as logs.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the logs cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("the stored log group or stream {name} cannot be read ({reason}): use the version that wrote it")]
    Stored { name: String, reason: String },
}

impl Logs {
    /// Reads what the store holds under `prefix`.
    pub fn open(prefix: impl Into<Vec<u8>>, reader: &dyn Reader) -> Result<Self, OpenError> {
        let mut logs = Self::new(prefix);
        for (name, stored) in logs.documents::<StoredGroup>("log-group", reader)? {
            let StoredGroup { created_ms, retention_days, tags, .. } = stored;
            let group = Group { created_ms, retention_days, tags, streams: Default::default(), bytes: 0 };
            logs.groups.insert(name.into(), group);
        }
        for (name, stored) in logs.documents::<StoredStream>("log-stream", reader)? {
            logs.next_stream = logs.next_stream.max(stored.number + 1);
            let stream = logs.read_stream(&stored, reader)?;
            let Some((group, name)) = name.split_once('\0') else { continue };
            let Some(group) = logs.groups.get_mut(group) else { continue };
            group.bytes += stream.bytes;
            group.streams.insert(name.into(), stream);
            logs.streams += 1;
        }
        Ok(logs)
    }

    fn documents<T: DeserializeOwned>(
        &self,
        kind: &str,
        reader: &dyn Reader,
    ) -> Result<Vec<(String, T)>, OpenError> {
        let prefix = self.key(kind, &[b""]);
        let (mut found, mut after): (Vec<(String, T)>, Option<Vec<u8>>) = (Vec::new(), None);
        loop {
            let page = reader.scan(&prefix, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = Some(last.clone());
            for (key, document) in page {
                let name =
                    String::from_utf8_lossy(key.strip_prefix(&*prefix).unwrap_or_default()).into_owned();
                match read(&document.value) {
                    Ok(stored) => found.push((name, stored)),
                    Err(reason) => return Err(OpenError::Stored { name, reason }),
                }
            }
        }
    }

    /// The closed chunks are listed in a log of their own; only the events behind them are read.
    fn read_stream(&self, stored: &StoredStream, reader: &dyn Reader) -> Result<Stream, OpenError> {
        let mut stream = Stream::new(stored.number, stored.created_ms);
        let (events, chunks) = (self.events_log(stored.number), self.chunks_log(stored.number));
        let Some(span) = reader.span(&events)? else { return Ok(stream) };
        read_chunks(&mut stream, &chunks, span, reader)?;
        let mut from = stream.chunks.back().map_or(span.head, Chunk::end);
        stream.tail = span.tail;
        let mut open: Option<Chunk> = None;
        while from < span.tail {
            let records = reader.read_log(&events, from, PAGE, PAGE_BYTES)?;
            let Some((last, _)) = records.last() else { break };
            from = last + 1;
            for (seq, bytes) in records {
                // A damaged event is counted, so that it goes with its neighbours, and is found by nobody.
                let record = Record::read(&bytes);
                let at_ms = record.as_ref().map_or(0, |record| record.timestamp_ms);
                stream.ingested_ms = record.map(|record| record.ingested_ms).or(stream.ingested_ms);
                let chunk = open.get_or_insert(Chunk {
                    first_seq: seq,
                    count: 0,
                    bytes: 0,
                    first_ms: at_ms,
                    last_ms: at_ms,
                });
                chunk.count = seq + 1 - chunk.first_seq;
                chunk.bytes += bytes.len() as u64;
                chunk.first_ms = chunk.first_ms.min(at_ms);
                chunk.last_ms = chunk.last_ms.max(at_ms);
            }
        }
        stream.chunks.extend(open);
        stream.bytes = stream.chunks.iter().map(|chunk| chunk.bytes).sum();
        Ok(stream)
    }
}

fn read_chunks(stream: &mut Stream, log: &[u8], events: Span, reader: &dyn Reader) -> Result<(), OpenError> {
    let Some(span) = reader.span(log)? else { return Ok(()) };
    stream.first_chunk = span.head;
    let mut from = span.head;
    while from < span.tail {
        let records = reader.read_log(log, from, PAGE, PAGE_BYTES)?;
        let Some((last, _)) = records.last() else { break };
        from = last + 1;
        stream.chunks.extend(records.iter().filter_map(|(_, bytes)| Chunk::decode(bytes)));
    }
    while stream.chunks.front().is_some_and(|chunk| chunk.end() <= events.head) {
        stream.chunks.pop_front();
        stream.first_chunk += 1;
    }
    Ok(())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match json.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format == u64::from(FORMAT) => {
            serde_json::from_value(json).map_err(|error| error.to_string())
        }
        other => Err(format!("its format is {other:?}, and this version reads {FORMAT}")),
    }
}
