//! `thingstead watch`: filters in, rates by topic out, and the gaps and duplicates of a counter in the payloads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at};

use crate::client::{Client, Received};
use crate::identity::Connection;
use crate::messages::qos;
use crate::{Common, client_runtime, output, period};

/// Message rates by topic; gaps and duplicates of a counter
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Topic filters
    #[arg(value_name = "FILTER", default_value = "#")]
    filters: Vec<String>,
    /// Field of JSON payloads that counts up by one; `a.b` for a field inside another
    #[arg(long, value_name = "FIELD")]
    seq: Option<String>,
    /// Time between two reports
    #[arg(long, default_value = "1s", value_parser = period::parse_ms, value_name = "PERIOD")]
    every: u64,
    /// End after so many reports
    #[arg(long, value_name = "N")]
    reports: Option<u64>,
    /// 0, 1 or 2; AWS has no 2
    #[arg(long, short = 'q', default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2))]
    qos: u8,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Topics counted one by one; all others share one line.
const TOPICS: usize = 1000;
const OTHERS: &str = "(other topics)";

impl Watch {
    pub(crate) fn run(&self) -> Result<()> {
        client_runtime()?.block_on(self.watch())
    }

    async fn watch(&self) -> Result<()> {
        let target = self.connection.target(&self.common, "watch")?;
        let mut client = Client::connect(&target).await?;
        client.subscribe(&self.filters, qos(self.qos)).await?;
        let every = Duration::from_millis(self.every.max(10));
        let mut report = interval_at(Instant::now() + every, every);
        let mut topics: BTreeMap<String, Tally> = BTreeMap::new();
        let mut reports = 0;
        while self.reports.is_none_or(|most| reports < most) {
            tokio::select! {
                message = client.next() => self.count(&mut topics, &message?),
                _ = report.tick() => {
                    self.print(&mut topics, every);
                    reports += 1;
                }
            }
        }
        client.close().await
    }

    fn count(&self, topics: &mut BTreeMap<String, Tally>, message: &Received) {
        let known = topics.contains_key(&message.topic) || topics.len() < TOPICS;
        let name = if known { message.topic.as_str() } else { OTHERS };
        if !topics.contains_key(name) {
            topics.insert(name.to_owned(), Tally::default());
        }
        let Some(tally) = topics.get_mut(name) else { return };
        tally.messages += 1;
        tally.recent += 1;
        tally.bytes += message.payload.len() as u64;
        let Some(field) = self.seq.as_ref().filter(|_| name != OTHERS) else { return };
        match number(&message.payload, field) {
            None => tally.without += 1,
            Some(seq) => {
                if let Some(said) = tally.sequence.take(seq) {
                    if self.common.json {
                        output::json(&json!({ "topic": message.topic, "seq": seq, "found": said }));
                    } else {
                        output::line(&format!("{}  {said}", message.topic));
                    }
                }
            }
        }
    }

    fn print(&self, topics: &mut BTreeMap<String, Tally>, every: Duration) {
        let mut rows = vec![["TOPIC", "PER SECOND", "MESSAGES", "BYTES"].map(str::to_owned).to_vec()];
        if self.seq.is_some() {
            rows[0].extend(["MISSING", "DUPLICATES", "WITHOUT"].map(str::to_owned));
        }
        for (topic, tally) in topics.iter_mut() {
            let rate = tally.recent as f64 / every.as_secs_f64();
            tally.recent = 0;
            if self.common.json {
                output::json(&json!({
                    "topic": topic, "per_second": rate, "messages": tally.messages, "bytes": tally.bytes,
                    "missing": tally.sequence.missing(), "duplicates": tally.sequence.duplicates,
                    "without": tally.without,
                }));
                continue;
            }
            let mut row = vec![
                topic.clone(),
                format!("{rate:.1}"),
                tally.messages.to_string(),
                tally.bytes.to_string(),
            ];
            if self.seq.is_some() {
                let counted = [tally.sequence.missing(), tally.sequence.duplicates, tally.without];
                row.extend(counted.map(|count| count.to_string()));
            }
            rows.push(row);
        }
        if !self.common.json {
            output::table(&rows);
            output::line("");
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    messages: u64,
    recent: u64,
    bytes: u64,
    /// Payloads that do not have the field.
    without: u64,
    sequence: Sequence,
}

/// Numbers that should come once each, without a hole.
#[derive(Debug, Default)]
struct Sequence {
    next: Option<i64>,
    /// Skipped numbers that may still come late; bounded, so older ones count as lost for good.
    open: BTreeSet<i64>,
    lost: u64,
    duplicates: u64,
}

const OPEN: usize = 10_000;

impl Sequence {
    /// Notes a number; says what is wrong with it.
    fn take(&mut self, seq: i64) -> Option<String> {
        let next = *self.next.get_or_insert(seq);
        if seq == next {
            self.next = Some(seq.saturating_add(1));
            return None;
        }
        if seq > next {
            let skipped = seq.abs_diff(next);
            let kept = (next..seq).take(OPEN.saturating_sub(self.open.len()));
            let before = self.open.len();
            self.open.extend(kept);
            self.lost += skipped - (self.open.len() - before) as u64;
            self.next = Some(seq.saturating_add(1));
            return Some(format!("gap: {next} to {} did not come ({skipped})", seq - 1));
        }
        if self.open.remove(&seq) {
            return Some(format!("late: {seq} came after {}", next - 1));
        }
        self.duplicates += 1;
        Some(format!("duplicate: {seq} came again after {}", next - 1))
    }

    fn missing(&self) -> u64 {
        self.open.len() as u64 + self.lost
    }
}

fn number(payload: &[u8], field: &str) -> Option<i64> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    field.split('.').try_fold(&value, |value, name| value.get(name))?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_duplicates_and_late_numbers_are_told_apart() {
        for (numbers, missing, duplicates) in [
            (vec![5, 6, 7], 0, 0),
            (vec![1, 2, 4], 1, 0),
            (vec![1, 4, 2, 3], 0, 0),
            (vec![1, 2, 2, 1, 3], 0, 2),
            (vec![1, 100_001], 99_999, 0),
            (vec![1, 4, 3, 3], 1, 1),
            (vec![i64::MIN, i64::MAX], u64::MAX - 1, 0),
        ] {
            let mut sequence = Sequence::default();
            for seq in &numbers {
                sequence.take(*seq);
            }
            assert_eq!((sequence.missing(), sequence.duplicates), (missing, duplicates), "{numbers:?}");
        }
    }

    #[test]
    fn the_counter_is_found_inside_objects() {
        assert_eq!(number(br#"{"a":{"b":3}}"#, "a.b"), Some(3));
        assert_eq!(number(br#"{"a":3}"#, "a"), Some(3));
        for payload in [br#"{"a":"3"}"#.as_slice(), b"3", b"", b"{"] {
            assert_eq!(number(payload, "a"), None);
        }
    }
}
