//! What becomes of a directory whose files were damaged: nothing acknowledged goes missing unsaid.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fjall::{Database, KeyspaceCreateOptions};
use store::{Batch, Durability, Embedded, Expect, OpenError, Options, Store};
use tempfile::TempDir;

const COMMITS: u64 = 40;

/// A directory as a crash leaves it: commits in the journal, nothing written to tables.
fn crashed(commits: u64) -> TempDir {
    let source = tempfile::tempdir().expect("a temporary directory");
    let copy = tempfile::tempdir().expect("a temporary directory");
    let mut store = open(source.path()).expect("the store opens");
    for number in 0..commits {
        commit(&mut store, number);
    }
    copy_directory(source.path(), copy.path());
    copy
}

fn commit(store: &mut Embedded, number: u64) {
    let mut batch = Batch::new();
    batch.put(format!("key {number}"), vec![b'v'; 50], Expect::Any);
    batch.append("log", number, vec![Bytes::from(number.to_string())]);
    store.commit(&batch, Durability::Synced).expect("the commit succeeds");
}

fn open(path: &Path) -> Result<Embedded, OpenError> {
    Embedded::open(path, &Options { keep_free_bytes: 0, ..Options::default() })
}

fn accept_loss(path: &Path) -> Embedded {
    let options = Options { accept_loss: true, ..Options::default() };
    Embedded::open(path, &options).expect("the store opens with its loss")
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn journal(directory: &Path) -> PathBuf {
    nth_journal(directory, 1)
}

/// Each opening begins a file.
fn nth_journal(directory: &Path, opening: u32) -> PathBuf {
    directory.join("journal").join(format!("{opening}.journal"))
}

/// Where the commits in a journal start.
fn starts(journal: &[u8]) -> Vec<usize> {
    let tags = journal.windows(4).enumerate().filter(|(_, window)| window == b"TSF\x02");
    tags.map(|(at, _)| at).collect()
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("readable");
    change(&mut bytes);
    fs::write(path, bytes).expect("writable");
}

fn records(store: &Embedded) -> usize {
    store.reader().read_log(b"log", 0, usize::MAX, usize::MAX).expect("readable").len()
}

#[test]
fn an_undamaged_crash_loses_nothing() {
    let directory = crashed(COMMITS);
    let store = open(directory.path()).expect("the store opens");
    assert_eq!(records(&store), COMMITS as usize);
}

#[test]
fn any_damaged_byte_of_a_commit_is_noticed() {
    let directory = crashed(3);
    let sound = fs::read(journal(directory.path())).expect("readable");
    let starts = starts(&sound);
    let (first, last) = (starts[1], starts[2]);
    // The middle of three commits; up to seven bytes behind it are room and mean nothing.
    let end =
        first + 32 + u32::from_le_bytes(sound[first + 4..first + 8].try_into().expect("four bytes")) as usize;
    assert!((0..8).contains(&(last - end)));
    for at in first..end {
        change(&journal(directory.path()), |bytes| bytes[at] ^= 0x40);
        let refused = open(directory.path()).err();
        assert!(matches!(refused, Some(OpenError::Lost { missing: 2, .. })), "byte {at}: {refused:?}");
        change(&journal(directory.path()), |bytes| bytes[at] ^= 0x40);
    }
    let store = open(directory.path()).expect("the refusals changed nothing");
    assert_eq!(records(&store), 3);
}

#[test]
fn damage_in_the_middle_is_refused_with_the_number_of_missing_commits() {
    let directory = crashed(COMMITS);
    change(&journal(directory.path()), |bytes| {
        let at = starts(bytes)[10];
        bytes[at] ^= 0x40;
    });
    let before = fs::read(journal(directory.path())).expect("readable");
    let refused = open(directory.path()).err().expect("refused");
    assert!(matches!(refused, OpenError::Lost { missing: 30, .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("at least 30 commits") && text.contains("accepting the loss"), "{text}");
    assert_eq!(fs::read(journal(directory.path())).expect("readable"), before, "nothing was changed");
}

#[test]
fn an_accepted_loss_leaves_a_state_the_store_once_had_and_a_copy() {
    let directory = crashed(COMMITS);
    change(&journal(directory.path()), |bytes| {
        let at = starts(bytes)[10] + 40;
        bytes[at] ^= 0x40;
    });
    let mut store = accept_loss(directory.path());
    assert_eq!(records(&store), 10);
    assert!(directory.path().join("journal").join("1.journal.damaged").exists());
    commit(&mut store, 10);
    drop(store);
    let store = open(directory.path()).expect("the loss is not reported again");
    assert_eq!(records(&store), 11);
    assert_eq!(store.reader().scan(b"key", None, 99).expect("readable").len(), 11);
}

#[test]
fn damage_to_the_last_acknowledged_commit_is_refused() {
    for offset in [0, 30] {
        let directory = crashed(COMMITS);
        change(&journal(directory.path()), |bytes| {
            let at = starts(bytes)[39] + offset;
            bytes[at] ^= 0x40;
        });
        let refused = open(directory.path()).err();
        assert!(matches!(refused, Some(OpenError::Lost { missing: 1, .. })), "{refused:?}");
        assert_eq!(records(&accept_loss(directory.path())), 39);
    }
}

#[test]
fn a_commit_cut_short_before_it_was_acknowledged_is_dropped_quietly() {
    for kept in [1, 30, 100] {
        let directory = crashed(COMMITS);
        let source = crashed(COMMITS + 1);
        // The next commit reached the disk in part, and nobody was told of it.
        change(&journal(directory.path()), |bytes| {
            let longer = fs::read(journal(source.path())).expect("readable");
            let at = starts(&longer)[40];
            bytes[at..at + kept].copy_from_slice(&longer[at..at + kept]);
        });
        let mut store = open(directory.path()).expect("the store opens");
        assert_eq!(records(&store), COMMITS as usize);
        commit(&mut store, COMMITS);
        drop(store);
        assert_eq!(records(&open(directory.path()).expect("the store opens")), COMMITS as usize + 1);
    }
}

#[test]
fn an_unacknowledged_commit_with_a_hole_is_dropped_quietly() {
    let directory = crashed(COMMITS);
    let source = crashed(COMMITS + 1);
    change(&journal(directory.path()), |bytes| {
        let longer = fs::read(journal(source.path())).expect("readable");
        let at = starts(&longer)[40];
        bytes.truncate(at);
        bytes.extend_from_slice(&longer[at..]);
        bytes[at + 45..at + 60].fill(0);
    });
    assert_eq!(records(&open(directory.path()).expect("the store opens")), COMMITS as usize);
}

/// A power cut may write later pages of an unsynced stretch before earlier ones.
#[test]
fn a_hole_in_unsynced_commits_is_no_loss() {
    let source = tempfile::tempdir().expect("a temporary directory");
    let copy = tempfile::tempdir().expect("a temporary directory");
    let mut store = open(source.path()).expect("the store opens");
    (0..5).for_each(|number| commit(&mut store, number));
    for before in [1, 2, 3] {
        let mut batch = Batch::new();
        batch.trim("log", before);
        store.commit(&batch, Durability::Buffered).expect("the commit succeeds");
    }
    copy_directory(source.path(), copy.path());
    change(&journal(copy.path()), |bytes| {
        let at = starts(bytes)[6];
        bytes[at..at + 20].fill(0);
    });
    let store = open(copy.path()).expect("the store opens");
    assert_eq!(records(&store), 4, "the first trim is kept, the others are done again by their caller");
}

#[test]
fn damage_in_the_middle_is_refused_even_without_the_file_of_acknowledged_commits() {
    let directory = crashed(COMMITS);
    fs::remove_file(directory.path().join("acknowledged")).expect("removed");
    change(&journal(directory.path()), |bytes| {
        let at = starts(bytes)[10];
        bytes[at] ^= 0x40;
    });
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: 29, .. })), "{refused:?}");
}

#[test]
fn a_file_whose_beginning_is_damaged_is_refused_and_kept() {
    for position in [3, 10, 20, 30, 38] {
        let directory = crashed(COMMITS);
        change(&journal(directory.path()), |bytes| bytes[position] ^= 0x40);
        let damaged = fs::read(journal(directory.path())).expect("readable");
        let refused = open(directory.path()).err();
        assert!(matches!(refused, Some(OpenError::Lost { missing: COMMITS, .. })), "{refused:?}");
        assert_eq!(fs::read(journal(directory.path())).expect("readable"), damaged, "nothing was changed");
        assert_eq!(records(&accept_loss(directory.path())), 0);
        let kept = journal(directory.path()).with_added_extension("damaged");
        assert_eq!(fs::read(kept).expect("readable"), damaged);
    }
}

/// Twenty commits in each of two files.
fn crashed_twice() -> TempDir {
    let source = crashed(20);
    let copy = tempfile::tempdir().expect("a temporary directory");
    let mut store = open(source.path()).expect("the store opens");
    (20..COMMITS).for_each(|number| commit(&mut store, number));
    copy_directory(source.path(), copy.path());
    copy
}

#[test]
fn damage_at_the_end_of_an_earlier_file_is_refused() {
    let directory = crashed_twice();
    change(&journal(directory.path()), |bytes| {
        let at = starts(bytes)[19] + 20;
        bytes[at] ^= 0x40;
    });
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: 21, .. })), "{refused:?}");
    let mut store = accept_loss(directory.path());
    assert_eq!(records(&store), 19);
    commit(&mut store, 19);
    drop(store);
    assert_eq!(records(&open(directory.path()).expect("the store opens")), 20);
    assert!(nth_journal(directory.path(), 2).with_added_extension("damaged").exists());
}

#[test]
fn several_files_are_read_in_order() {
    let directory = crashed_twice();
    assert_eq!(records(&open(directory.path()).expect("the store opens")), COMMITS as usize);
}

#[test]
fn a_file_missing_between_others_is_refused() {
    let directory = crashed_twice();
    fs::remove_file(journal(directory.path())).expect("removed");
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: COMMITS, .. })), "{refused:?}");
    let store = accept_loss(directory.path());
    assert_eq!(records(&store), 0);
    drop(store);
    assert_eq!(records(&open(directory.path()).expect("the loss is not reported again")), 0);
}

/// The hole is where the first file ended, so the second one goes on there and what follows the hole counts no more.
#[test]
fn what_lies_behind_a_hole_does_not_come_back() {
    let directory = crashed(5);
    let longer = crashed(6);
    change(&journal(directory.path()), |bytes| {
        let other = fs::read(journal(longer.path())).expect("readable");
        let at = starts(&other)[5];
        bytes[at..].fill(0);
        bytes[at + 64..at + 128].copy_from_slice(&other[at..at + 64]);
    });
    for number in 5..8 {
        let mut store = open(directory.path()).expect("the store opens");
        assert_eq!(records(&store), number);
        commit(&mut store, number as u64);
    }
}

/// Small generations, so that files are used again and again.
#[test]
fn files_are_used_again_and_their_earlier_commits_do_not_come_back() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = Options { keep_free_bytes: 0, overlay_bytes: 4096, ..Options::default() };
    let mut number = 0;
    for commits in [300, 1, 77, 500] {
        let mut store = Embedded::open(directory.path(), &options).expect("the store opens");
        assert_eq!(records(&store), number as usize);
        for _ in 0..commits {
            commit(&mut store, number);
            number += 1;
        }
    }
    let files = fs::read_dir(directory.path().join("journal")).expect("readable").count();
    assert!(files < 12, "{files} files");
    let store = open(directory.path()).expect("the store opens");
    assert_eq!(records(&store), number as usize);
    assert_eq!(store.reader().scan(b"key", None, 9999).expect("readable").len(), number as usize);
}

#[test]
fn a_journal_that_is_gone_is_refused() {
    let directory = crashed(COMMITS);
    fs::remove_file(journal(directory.path())).expect("removed");
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: COMMITS, .. })), "{refused:?}");
}

#[test]
fn a_second_process_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path()).expect("the store opens");
    let refused = open(directory.path()).err().expect("refused");
    assert!(matches!(refused, OpenError::Locked { owner: Some(owner), .. } if owner == std::process::id()));
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())));
    drop(store);
    open(directory.path()).expect("the lock went with the store");
}

/// A child has its parent's files open until it runs its own program.
#[test]
fn a_child_being_started_does_not_keep_the_lock() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let starter = std::thread::spawn(|| {
        for _ in 0..150 {
            std::process::Command::new("true").status().expect("the child ran");
        }
    });
    while !starter.is_finished() {
        let found = open(directory.path()).err();
        assert_eq!(found, None);
    }
    starter.join().expect("the children ran");
}

#[test]
fn formats_of_others_are_refused() {
    let check = |format: &str, expected: fn(&OpenError) -> bool| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("format"), format).expect("writable");
        let refused = open(directory.path()).err().expect("refused");
        assert!(expected(&refused), "{format:?}: {refused}");
    };
    check("thingstead-store 3\n", |refused| matches!(refused, OpenError::Newer { found: 3, known: 2, .. }));
    check("something-else 1\n", |refused| matches!(refused, OpenError::Foreign { .. }));
    check("", |refused| matches!(refused, OpenError::Foreign { .. }));
    check("thingstead-store one\n", |refused| matches!(refused, OpenError::Foreign { .. }));
}

#[test]
fn an_unfinished_creation_is_started_over() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    drop(open(directory.path()).expect("the store opens"));
    fs::remove_file(directory.path().join("engine").join("version")).expect("removed");
    open(directory.path()).expect("nothing was committed, so nothing is lost");
}

/// A directory as the earlier format left it: all of it in the engine, the number of the last commit with it.
fn in_the_earlier_format(acknowledged: u64) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("format"), "thingstead-store 1\n").expect("writable");
    let mut record = acknowledged.to_be_bytes().to_vec();
    record.extend_from_slice(&xxhash_rust::xxh3::xxh3_64(&acknowledged.to_be_bytes()).to_be_bytes());
    fs::write(directory.path().join("acknowledged"), record).expect("writable");
    let database = Database::builder(directory.path().join("engine")).open().expect("the engine opens");
    let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default).expect("a keyspace");
    let (documents, logs) = (keyspace("documents"), keyspace("logs"));
    documents.insert("dkey", [&[1, 0, 0, 0, 0, 0, 0, 0, 5][..], b"value"].concat()).expect("inserted");
    let commit = [&[1][..], &7_u64.to_be_bytes(), &6_u64.to_be_bytes()].concat();
    documents.insert("c", commit).expect("inserted");
    logs.insert(b"\0\x03log", [&[1][..], &4_u64.to_be_bytes()].concat()).expect("inserted");
    let body = b"\0\0\0\x01\0\0\0\x02abb";
    let checksum = xxhash_rust::xxh3::xxh3_64(body).to_be_bytes();
    let block = [b"\x01\0\0\0\x02\0\0\0\x03", &checksum[..], body].concat();
    logs.insert(b"\0\x03log\0\0\0\0\0\0\0\x03\0\0\0\x02\0\0\0\x03", block).expect("inserted");
    database.persist(fjall::PersistMode::SyncAll).expect("synced");
    directory
}

#[test]
fn a_directory_of_the_earlier_format_is_taken_over() {
    let directory = in_the_earlier_format(7);
    for opening in 0..3 {
        let mut store = open(directory.path()).expect("the store opens");
        let reader = store.reader();
        let found = reader.get(b"key").expect("readable").expect("it is there");
        assert_eq!((found.revision, &found.value[..]), (5, &b"value"[..]));
        let expected: Vec<(u64, Bytes)> =
            (4..5 + opening).map(|seq| (seq, Bytes::from(if seq == 4 { "bb" } else { "c" }))).collect();
        assert_eq!(reader.read_log(b"log", 0, 9, 9).expect("readable"), expected);
        let mut batch = Batch::new();
        batch.append("log", 5 + opening, vec![Bytes::from("c")]);
        store.commit(&batch, Durability::Synced).expect("the commit succeeds");
    }
    let format = fs::read_to_string(directory.path().join("format")).expect("readable");
    assert_eq!(format, "thingstead-store 2\n");
}

#[test]
fn a_directory_of_the_earlier_format_that_lost_commits_is_refused() {
    let directory = in_the_earlier_format(9);
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: 2, .. })), "{refused:?}");
    assert_eq!(records(&accept_loss(directory.path())), 1);
    open(directory.path()).expect("the loss is not reported again");
}

#[test]
fn a_full_disk_refuses_what_needs_room_and_takes_what_frees_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = open(directory.path()).expect("the store opens");
    commit(&mut store, 0);
    drop(store);
    let options = Options { keep_free_bytes: u64::MAX, ..Options::default() };
    let mut store = Embedded::open(directory.path(), &options).expect("the store opens");
    assert!(store.reader().free_bytes().is_some_and(|free| free > 0));
    let mut batch = Batch::new();
    batch.put("key", "value", Expect::Any);
    assert_eq!(store.commit(&batch, Durability::Synced), Err(store::CommitError::Full));
    let mut batch = Batch::new();
    batch.trim("log", 1).delete("key 0", Expect::Any);
    assert_eq!(store.commit(&batch, Durability::Buffered), Ok(()));
    assert_eq!(records(&store), 0);
}

#[test]
fn tables_that_cannot_be_written_are_named_and_nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = Options { keep_free_bytes: 0, overlay_bytes: 4096, ..Options::default() };
    let mut store = Embedded::open(directory.path(), &options).expect("the store opens");
    let (tables, aside) = (directory.path().join("engine"), directory.path().join("aside"));
    fs::rename(&tables, &aside).expect("moved");
    fs::write(&tables, "in the way").expect("written");
    let mut number = 0;
    let error = loop {
        let mut batch = Batch::new();
        batch.append("log", number, vec![Bytes::from(number.to_string())]);
        match store.commit(&batch, Durability::Synced) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("tables cannot be written: "), "{error}");
    assert!(!error.to_string().contains("full"), "{error}");
    let mut trim = Batch::new();
    trim.trim("log", 1);
    assert_eq!(store.commit(&trim, Durability::Synced), Ok(()), "what only frees is taken");
    drop(store);
    fs::remove_file(&tables).expect("removed");
    fs::rename(&aside, &tables).expect("moved back");
    let store = open(directory.path()).expect("the store opens");
    assert_eq!(records(&store) as u64, number - 1);
}
