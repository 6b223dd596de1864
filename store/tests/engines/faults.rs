//! What the made-up disk does on command.

use bytes::Bytes;
use store::{Batch, CommitError, Disk, Durability, Expect, Fault, Faulty, Store};

fn commit(store: &mut Faulty, number: u64, durability: Durability) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    batch.put("last", number.to_string(), Expect::Any);
    batch.append("log", number, vec![Bytes::from_static(b"r")]);
    store.commit(&batch, durability)
}

/// How many commits are there, each whole.
fn found(store: &Faulty) -> u64 {
    let reader = store.reader();
    let last = reader.get(b"last").expect("readable");
    let commits =
        last.map_or(0, |last| 1 + String::from_utf8_lossy(&last.value).parse::<u64>().expect("a number"));
    let tail = reader.span(b"log").expect("readable").map_or(0, |span| span.tail);
    assert_eq!(commits, tail, "both writes of a commit or none");
    tail
}

#[test]
fn a_crash_keeps_synced_commits_and_some_first_part_of_the_others() {
    let mut outcomes = Vec::new();
    for seed in 0..40 {
        let disk = Disk::new(seed);
        let mut store = disk.open();
        for number in 0..8 {
            let durability = if number == 3 { Durability::Synced } else { Durability::Buffered };
            assert_eq!(commit(&mut store, number, durability), Ok(()));
        }
        disk.crash();
        assert!(matches!(commit(&mut store, 8, Durability::Synced), Err(CommitError::Failed(_))));
        outcomes.push(found(&disk.open()));
    }
    outcomes.sort_unstable();
    outcomes.dedup();
    assert_eq!(outcomes, [4, 5, 6, 7, 8]);
}

#[test]
fn the_same_seed_gives_the_same_outcome() {
    let run = |seed| {
        let disk = Disk::new(seed);
        let mut store = disk.open();
        (0..50).for_each(|number| _ = commit(&mut store, number, Durability::Buffered));
        disk.crash();
        found(&disk.open())
    };
    for seed in 0..10 {
        assert_eq!(run(seed), run(seed));
    }
}

#[test]
fn a_failed_commit_is_lost_kept_or_torn_as_told_but_never_in_part() {
    let run = |seed, fault| {
        let disk = Disk::new(seed);
        let mut store = disk.open();
        disk.fail_commit(2, fault);
        assert_eq!(commit(&mut store, 0, Durability::Synced), Ok(()));
        assert_eq!(commit(&mut store, 1, Durability::Buffered), Ok(()));
        assert!(matches!(commit(&mut store, 2, Durability::Synced), Err(CommitError::Failed(_))));
        assert!(matches!(commit(&mut store, 2, Durability::Synced), Err(CommitError::Failed(_))));
        assert_eq!(disk.commits(), 2);
        found(&disk.open())
    };
    let mut torn: Vec<u64> = (0..40).map(|seed| run(seed, Fault::Torn)).collect();
    torn.sort_unstable();
    torn.dedup();
    assert_eq!(torn, [1, 2, 3]);
    assert!((0..10).all(|seed| run(seed, Fault::Lost) == 2 && run(seed, Fault::Kept) == 3));
}

#[test]
fn a_full_disk_takes_only_what_frees_room() {
    let disk = Disk::new(1);
    let mut store = disk.open();
    assert_eq!(commit(&mut store, 0, Durability::Synced), Ok(()));
    disk.set_full(true);
    assert_eq!(commit(&mut store, 1, Durability::Synced), Err(CommitError::Full));
    let mut batch = Batch::new();
    batch.trim("log", 1);
    assert_eq!(store.commit(&batch, Durability::Buffered), Ok(()));
    disk.set_full(false);
    assert_eq!(commit(&mut store, 1, Durability::Synced), Ok(()));
}

#[test]
fn a_refused_batch_uses_up_no_fault() {
    let disk = Disk::new(1);
    let mut store = disk.open();
    disk.fail_commit(0, Fault::Lost);
    let mut batch = Batch::new();
    batch.put("a", "v", Expect::Revision(1));
    assert!(matches!(store.commit(&batch, Durability::Synced), Err(CommitError::Conflict { .. })));
    assert!(matches!(commit(&mut store, 0, Durability::Synced), Err(CommitError::Failed(_))));
}

#[test]
fn a_second_opening_ends_the_first() {
    let disk = Disk::new(1);
    let mut first = disk.open();
    assert_eq!(commit(&mut first, 0, Durability::Synced), Ok(()));
    let mut second = disk.open();
    assert!(matches!(commit(&mut first, 1, Durability::Synced), Err(CommitError::Failed(_))));
    drop(first);
    assert_eq!(commit(&mut second, 1, Durability::Synced), Ok(()));
    assert_eq!(found(&second), 2);
}
