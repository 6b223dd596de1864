//! What becomes of a directory whose files were damaged: nothing acknowledged goes missing unsaid.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fjall::{Database, KeyspaceCreateOptions, PersistMode};
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
    // Most of the journal is room not yet used; less of it makes the tests quick.
    change(&journal(copy.path()), |bytes| {
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used + 4096);
    });
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
    directory.join("engine").join("0.jnl")
}

/// Where the commits in a journal start: each starts with a tag and its count of items.
fn starts(journal: &[u8]) -> Vec<usize> {
    let trailer = b"FJL\x03";
    let ends = journal.windows(4).enumerate().filter(|(_, window)| window == trailer).map(|(at, _)| at + 4);
    let mut starts: Vec<usize> = std::iter::once(0).chain(ends).collect();
    starts.pop();
    starts
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

/// If this fails, the engine has learned to see the damage, and decision 3 can be looked at again.
#[test]
fn the_engine_alone_drops_commits_behind_a_damaged_tag_and_says_nothing() {
    let source = tempfile::tempdir().expect("a temporary directory");
    let copy = tempfile::tempdir().expect("a temporary directory");
    let database = Database::builder(source.path()).open().expect("the engine opens");
    let keyspace = database.keyspace("k", KeyspaceCreateOptions::default).expect("a keyspace");
    for number in 0..COMMITS {
        keyspace.insert(format!("key {number:02}"), "value").expect("inserted");
        database.persist(PersistMode::SyncAll).expect("synced");
    }
    copy_directory(source.path(), copy.path());
    change(&copy.path().join("0.jnl"), |bytes| {
        let at = starts(bytes)[20];
        bytes[at] ^= 0x40;
    });
    let database = Database::builder(copy.path()).open().expect("the engine opens");
    let keyspace = database.keyspace("k", KeyspaceCreateOptions::default).expect("a keyspace");
    assert_eq!(keyspace.len().expect("readable"), 20);
}

#[test]
fn any_damaged_byte_of_a_commit_is_noticed() {
    let directory = crashed(3);
    let sound = fs::read(journal(directory.path())).expect("readable");
    let starts = starts(&sound);
    let (first, last) = (starts[1], starts[2]);
    // The middle of three commits. A changed order number is noticed at the third only.
    for at in (first..last).step_by(3) {
        change(&journal(directory.path()), |bytes| bytes[at] ^= 0x40);
        let refused = open(directory.path()).err();
        assert!(
            matches!(refused, Some(OpenError::Lost { missing: Some(1 | 2), .. })),
            "byte {at}: {refused:?}"
        );
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
    assert!(matches!(refused, OpenError::Lost { missing: Some(30), .. }), "{refused:?}");
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
    assert!(directory.path().join("engine").join("0.jnl.damaged").exists());
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
        assert!(matches!(refused, Some(OpenError::Lost { missing: Some(1), .. })), "{refused:?}");
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

/// The engine refuses such a tail, because the part that is missing lies before the part that is there.
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
    assert!(matches!(refused, Some(OpenError::Lost { missing: Some(29), .. })), "{refused:?}");
}

/// As the engine does when a journal is long enough.
fn begin_a_second_journal(directory: &Path) {
    let bytes = fs::read(journal(directory)).expect("readable");
    let (sealed, active) = bytes.split_at(starts(&bytes)[20]);
    fs::write(journal(directory), sealed).expect("writable");
    fs::write(journal(directory).with_file_name("1.jnl"), active).expect("writable");
}

#[test]
fn damage_at_the_end_of_a_full_journal_is_refused() {
    let directory = crashed(COMMITS);
    begin_a_second_journal(directory.path());
    change(&journal(directory.path()), |bytes| {
        let at = starts(bytes)[19] + 20;
        bytes[at] ^= 0x40;
    });
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: Some(21), .. })), "{refused:?}");
    let mut store = accept_loss(directory.path());
    assert_eq!(records(&store), 19);
    commit(&mut store, 19);
    drop(store);
    assert_eq!(records(&open(directory.path()).expect("the store opens")), 20);
    assert!(directory.path().join("engine").join("1.jnl.damaged").exists());
}

#[test]
fn several_journals_are_read_in_order() {
    let directory = crashed(COMMITS);
    begin_a_second_journal(directory.path());
    assert_eq!(records(&open(directory.path()).expect("the store opens")), COMMITS as usize);
}

#[test]
fn a_journal_that_is_gone_is_refused() {
    let directory = crashed(COMMITS);
    fs::remove_file(journal(directory.path())).expect("removed");
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(OpenError::Lost { missing: Some(COMMITS), .. })), "{refused:?}");
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
    check("thingstead-store 2\n", |refused| matches!(refused, OpenError::Newer { found: 2, known: 1, .. }));
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

#[test]
fn a_full_disk_refuses_what_needs_room_and_takes_what_frees_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = open(directory.path()).expect("the store opens");
    commit(&mut store, 0);
    drop(store);
    let options = Options { keep_free_bytes: u64::MAX, ..Options::default() };
    let mut store = Embedded::open(directory.path(), &options).expect("the store opens");
    assert!(store.free_bytes().is_some_and(|free| free > 0));
    let mut batch = Batch::new();
    batch.put("key", "value", Expect::Any);
    assert_eq!(store.commit(&batch, Durability::Synced), Err(store::CommitError::Full));
    let mut batch = Batch::new();
    batch.trim("log", 1).delete("key 0", Expect::Any);
    assert_eq!(store.commit(&batch, Durability::Buffered), Ok(()));
    assert_eq!(records(&store), 0);
}
