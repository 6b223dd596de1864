//! A process that commits is killed at some moment; everything it had acknowledged is there afterwards.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use store::{Batch, Durability, Embedded, Expect, Options, Store};

const DIRECTORY: &str = "STORE_KILL_TEST_DIRECTORY";

/// The child's part: it is this test, run again with a directory in its environment.
#[test]
fn committing_child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    // Small generations: it is killed while tables are written, too.
    let options = Options { overlay_bytes: 4096, ..Options::default() };
    let mut store = Embedded::open(Path::new(&directory), &options).expect("the store opens");
    let span = store.reader().span(b"log").expect("readable");
    let mut out = std::io::stdout();
    for number in span.map_or(0, |span| span.tail).. {
        let mut batch = Batch::new();
        batch.put("last", number.to_string(), Expect::Any);
        batch.append("log", number, vec![Bytes::from(number.to_string())]);
        store.commit(&batch, Durability::Synced).expect("the commit succeeds");
        writeln!(out, "acknowledged {number}").expect("the parent listens");
        if number % 7 == 0 {
            let mut batch = Batch::new();
            batch.trim("log", number.saturating_sub(1000));
            store.commit(&batch, Durability::Buffered).expect("the commit succeeds");
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut acknowledged = 0;
    for wait in [1, 40, 3, 150, 17] {
        let mut child = Command::new(std::env::current_exe().expect("this test's path"))
            .args(["--exact", "kill::committing_child", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the child starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            // The test harness writes to the same line before the child does.
            if let Some((_, number)) = line.split_once("acknowledged ") {
                acknowledged = number.parse().expect("a number");
                seen += 1;
            }
            if seen == wait {
                child.kill().expect("the child is killed");
            }
        }
        child.wait().expect("the child ended");
        assert!(seen >= wait, "the child ended on its own after {seen} commits");
        check(directory.path(), acknowledged);
    }
}

fn check(directory: &Path, acknowledged: u64) {
    let store = Embedded::open(directory, &Options::default()).expect("the store opens");
    let reader = store.reader();
    let last = reader.get(b"last").expect("readable").expect("something was acknowledged");
    let last: u64 = String::from_utf8_lossy(&last.value).parse().expect("a number");
    let span = reader.span(b"log").expect("readable").expect("something was acknowledged");
    assert!(last >= acknowledged, "acknowledged {acknowledged}, found {last}");
    assert_eq!(span.tail, last + 1, "both writes of a commit or none");
    let records = reader.read_log(b"log", 0, usize::MAX, usize::MAX).expect("readable");
    let expected: Vec<_> = (span.head..span.tail).map(|seq| (seq, Bytes::from(seq.to_string()))).collect();
    assert_eq!(records, expected);
}
