//! What short-lived messages cost the disk: every record is appended to one of many logs and trimmed some commits
//! later. Prints bytes written per byte of payload; takes the directory to measure in as its argument.

#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use store::{Batch, Durability, Embedded, Expect, Options, Store};

const LOGS: u64 = 1_000;
const RECORDS: u64 = 2_000_000;
const GROUP: u64 = 250;
const RECORD_BYTES: u64 = 200;
/// Records of a log that are live at any time.
const BACKLOG: u64 = 4;

fn main() {
    let directory = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = tempfile::tempdir_in(directory).expect("a temporary directory");
    let mut store = Embedded::open(scratch.path(), &Options::default()).expect("the store opens");
    for number in 0..20_000 {
        let mut batch = Batch::new();
        batch.put(format!("thing/{number}"), vec![7; 500], Expect::Any);
        store.commit(&batch, Durability::Buffered).expect("committed");
    }
    let (start, written) = (Instant::now(), written_bytes());
    let mut slowest = std::time::Duration::ZERO;
    let mut number = 0;
    while number < RECORDS {
        let mut batch = Batch::new();
        for _ in 0..GROUP {
            let (log, seq) = (format!("scope/mailbox/{}", number % LOGS), number / LOGS);
            batch.append(log.clone(), seq, vec![Bytes::from(vec![7; RECORD_BYTES as usize])]);
            batch.trim(log, (seq + 1).saturating_sub(BACKLOG));
            number += 1;
        }
        let before = Instant::now();
        store.commit(&batch, Durability::Synced).expect("committed");
        slowest = slowest.max(before.elapsed());
    }
    let payload = RECORDS * RECORD_BYTES;
    println!("{:.0} records/s", RECORDS as f64 / start.elapsed().as_secs_f64());
    println!("slowest commit {slowest:?}");
    println!("written {:.2} bytes per byte of payload", (written_bytes() - written) as f64 / payload as f64);
    println!("{} MB on disk at the end", store.used_bytes().unwrap_or(0) / 1_000_000);
}

fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|line| line.parse().ok()).unwrap_or(0)
}
