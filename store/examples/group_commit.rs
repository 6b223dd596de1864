//! How many records per second the embedded store commits, beside appending the same bytes to a file and syncing
//! it. Prints a line per group size; takes the directory to measure in as its argument.

#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use store::{Batch, Durability, Embedded, Options, Store};

const RECORD_BYTES: usize = 200;
const RUN: Duration = Duration::from_secs(3);

fn main() {
    let directory = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = tempfile::tempdir_in(directory).expect("a temporary directory");
    println!("group   raw rec/s   store rec/s   store commit/s   ratio");
    for group in [1, 16, 256] {
        let raw = rate(group, raw_append(&scratch.path().join(format!("raw-{group}")), group));
        let store = rate(group, store_commit(&scratch.path().join(format!("store-{group}")), group));
        let commits = store / group as f64;
        println!("{group:5}  {raw:10.0}  {store:12.0}  {commits:15.0}  {:6.2}", store / raw);
    }
}

/// Records per second of a step that commits one group.
fn rate(group: usize, mut step: impl FnMut()) -> f64 {
    for _ in 0..20 {
        step();
    }
    let start = Instant::now();
    let mut groups = 0;
    while start.elapsed() < RUN {
        step();
        groups += 1;
    }
    (groups * group) as f64 / start.elapsed().as_secs_f64()
}

fn raw_append(path: &Path, group: usize) -> impl FnMut() {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    let bytes = vec![7; RECORD_BYTES * group];
    move || {
        file.write_all(&bytes).expect("written");
        file.sync_data().expect("synced");
    }
}

/// Every record of a group goes to a log of its own, as messages to many mailboxes do.
fn store_commit(path: &Path, group: usize) -> impl FnMut() {
    let mut store = Embedded::open(path, &Options::default()).expect("the store opens");
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let mut seq = 0;
    move || {
        let mut batch = Batch::new();
        for log in 0..group {
            batch.append(format!("scope/mailbox/{log}"), seq, vec![record.clone()]);
        }
        seq += 1;
        store.commit(&batch, Durability::Synced).expect("committed");
    }
}
