//! How long a store with 100,000 logs and 1,000,000 records takes to open, and what reading and trimming cost.
//! Takes the directory to measure in as its argument.

#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use store::{Batch, Durability, Embedded, Options, Store};

const LOGS: u64 = 100_000;
const RECORDS_PER_LOG: u64 = 10;

fn main() {
    let directory = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = tempfile::tempdir_in(directory).expect("a temporary directory");
    let mut store = Embedded::open(scratch.path(), &Options::default()).expect("the store opens");

    let start = Instant::now();
    for seq in 0..RECORDS_PER_LOG {
        for group in 0..LOGS / 250 {
            let mut batch = Batch::new();
            for log in group * 250..(group + 1) * 250 {
                batch.append(key(log), seq, vec![Bytes::from(vec![7; 200])]);
            }
            store.commit(&batch, Durability::Buffered).expect("committed");
        }
    }
    store.commit(&Batch::new(), Durability::Synced).expect("committed");
    println!("filled in {:?}, {} MB on disk", start.elapsed(), megabytes(store.used_bytes().unwrap_or(0)));
    println!("memory {} MB", resident_megabytes());

    let start = Instant::now();
    drop(store);
    println!("closed in {:?}", start.elapsed());
    let start = Instant::now();
    let mut store = Embedded::open(scratch.path(), &Options::default()).expect("the store opens");
    println!("opened in {:?}, memory {} MB", start.elapsed(), resident_megabytes());

    let reader = store.reader();
    let start = Instant::now();
    let mut read = 0;
    for log in (0..LOGS).step_by(100) {
        read += reader.read_log(&key(log), 0, usize::MAX, usize::MAX).expect("readable").len();
    }
    println!("read {read} one-record blocks in {:?}", start.elapsed());

    let mut batch = Batch::new();
    (0..1000).for_each(|seq| _ = batch.append("long", seq, vec![Bytes::from(vec![7; 200])]));
    store.commit(&batch, Durability::Synced).expect("committed");
    let start = Instant::now();
    let read = reader.read_log(b"long", 0, usize::MAX, usize::MAX).expect("readable").len();
    println!("read {read} blocks of one log in {:?}", start.elapsed());
    let mut batch = Batch::new();
    batch.trim("long", 1000);
    let start = Instant::now();
    store.commit(&batch, Durability::Buffered).expect("committed");
    println!("trimmed 1000 one-record blocks in {:?}", start.elapsed());
}

fn key(log: u64) -> Vec<u8> {
    format!("000000000000/us-east-1/mailbox/device-{log:06}").into_bytes()
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1000
}
