//! Literal cases: a store in, a promise kept or a panic out.

use bytes::Bytes;
use store::{Batch, CommitError, Document, Durability, Expect, Span, Store, limits};

use super::Home;

type Case = (&'static str, fn(&mut dyn Home));

pub(crate) const ALL: &[Case] = &[
    ("revisions_count_puts", revisions_count_puts),
    ("a_put_that_expects_nothing_is_not_counted", a_put_that_expects_nothing_is_not_counted),
    ("expectations_are_checked_in_order", expectations_are_checked_in_order),
    ("a_refused_batch_changes_nothing", a_refused_batch_changes_nothing),
    ("scans_page_through_a_prefix", scans_page_through_a_prefix),
    ("scans_keep_to_their_prefix", scans_keep_to_their_prefix),
    ("a_log_starts_at_any_number", a_log_starts_at_any_number),
    ("appends_must_continue_the_log", appends_must_continue_the_log),
    ("trims_forget_records_and_keep_the_tail", trims_forget_records_and_keep_the_tail),
    ("trims_inside_a_block_survive_reopening", trims_inside_a_block_survive_reopening),
    ("a_batch_may_append_trim_drop_and_start_over", a_batch_may_append_trim_drop_and_start_over),
    ("an_empty_log_can_be_created", an_empty_log_can_be_created),
    ("reads_respect_both_limits", reads_respect_both_limits),
    ("logs_with_similar_keys_stay_apart", logs_with_similar_keys_stay_apart),
    ("many_small_blocks_are_trimmed", many_small_blocks_are_trimmed),
    ("a_log_longer_than_a_block_is_read_and_trimmed", a_log_longer_than_a_block_is_read_and_trimmed),
    ("writes_over_a_limit_are_unfit", writes_over_a_limit_are_unfit),
    ("a_reader_sees_later_commits", a_reader_sees_later_commits),
    ("an_empty_batch_is_accepted", an_empty_batch_is_accepted),
];

fn records(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
}

fn commit(home: &mut dyn Home, build: impl FnOnce(&mut Batch)) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    build(&mut batch);
    home.store().commit(&batch, Durability::Synced)
}

fn done(home: &mut dyn Home, build: impl FnOnce(&mut Batch)) {
    assert_eq!(commit(home, build), Ok(()));
}

fn get(home: &mut dyn Home, key: &str) -> Option<(u64, String)> {
    let found: Option<Document> = home.store().reader().get(key.as_bytes()).expect("readable");
    found.map(|found| (found.revision, String::from_utf8_lossy(&found.value).into_owned()))
}

fn keys(home: &mut dyn Home, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let found = home.store().reader().scan(prefix.as_bytes(), after.map(str::as_bytes), limit);
    found.expect("readable").into_iter().map(|(key, _)| String::from_utf8_lossy(&key).into_owned()).collect()
}

fn read(home: &mut dyn Home, log: &str, from: u64, records: usize, bytes: usize) -> Vec<(u64, String)> {
    let found = home.store().reader().read_log(log.as_bytes(), from, records, bytes).expect("readable");
    found.into_iter().map(|(seq, record)| (seq, String::from_utf8_lossy(&record).into_owned())).collect()
}

fn seqs(home: &mut dyn Home, log: &str, from: u64, records: usize, bytes: usize) -> Vec<u64> {
    read(home, log, from, records, bytes).into_iter().map(|(seq, _)| seq).collect()
}

fn span(home: &mut dyn Home, log: &str) -> Option<(u64, u64, u64)> {
    let found: Option<Span> = home.store().reader().span(log.as_bytes()).expect("readable");
    found.map(|span| (span.head, span.tail, span.bytes))
}

/// Checks now and after reopening.
fn twice(home: &mut dyn Home, check: impl Fn(&mut dyn Home)) {
    check(home);
    home.reopen();
    check(home);
}

fn revisions_count_puts(home: &mut dyn Home) {
    done(home, |batch| _ = batch.put("a", "1", Expect::Absent));
    done(home, |batch| _ = batch.put("a", "2", Expect::Revision(1)));
    done(home, |batch| _ = batch.put("a", "3", Expect::Revision(2)).put("a", "4", Expect::Revision(3)));
    twice(home, |home| assert_eq!(get(home, "a"), Some((4, "4".to_owned()))));
    done(home, |batch| _ = batch.delete("a", Expect::Revision(4)));
    twice(home, |home| assert_eq!(get(home, "a"), None));
    done(home, |batch| _ = batch.put("a", "", Expect::Absent));
    twice(home, |home| assert_eq!(get(home, "a"), Some((1, String::new()))));
}

fn a_put_that_expects_nothing_is_not_counted(home: &mut dyn Home) {
    done(home, |batch| _ = batch.put("a", "1", Expect::Any));
    twice(home, |home| assert_eq!(get(home, "a"), Some((0, "1".to_owned()))));
    done(home, |batch| _ = batch.put("a", "2", Expect::Any).put("a", "3", Expect::Revision(0)));
    twice(home, |home| assert_eq!(get(home, "a"), Some((1, "3".to_owned()))));
    done(home, |batch| _ = batch.put("a", "4", Expect::Any));
    twice(home, |home| assert_eq!(get(home, "a"), Some((0, "4".to_owned()))));
}

fn expectations_are_checked_in_order(home: &mut dyn Home) {
    let conflict =
        |write, key: &str, found| Err(CommitError::Conflict { write, key: key.as_bytes().to_vec(), found });
    done(home, |batch| _ = batch.put("a", "1", Expect::Absent).delete("a", Expect::Revision(1)));
    assert_eq!(get(home, "a"), None);
    done(home, |batch| _ = batch.put("a", "1", Expect::Absent));
    assert_eq!(commit(home, |batch| _ = batch.put("a", "2", Expect::Absent)), conflict(0, "a", Some(1)));
    assert_eq!(commit(home, |batch| _ = batch.put("a", "2", Expect::Revision(2))), conflict(0, "a", Some(1)));
    assert_eq!(commit(home, |batch| _ = batch.put("b", "2", Expect::Revision(1))), conflict(0, "b", None));
    assert_eq!(commit(home, |batch| _ = batch.delete("b", Expect::Revision(1))), conflict(0, "b", None));
    let late = commit(home, |batch| {
        batch.delete("a", Expect::Any).delete("a", Expect::Any).delete("a", Expect::Revision(1));
    });
    assert_eq!(late, conflict(2, "a", None));
    assert_eq!(commit(home, |batch| _ = batch.delete("b", Expect::Absent)), Ok(()));
    assert_eq!(get(home, "a"), Some((1, "1".to_owned())));
}

fn a_refused_batch_changes_nothing(home: &mut dyn Home) {
    done(home, |batch| _ = batch.put("a", "1", Expect::Absent).append("log", 5, records(&["x", "y"])));
    let refused = commit(home, |batch| {
        batch.put("a", "2", Expect::Any).put("b", "2", Expect::Any);
        batch.append("log", 7, records(&["z"])).trim("log", 6).drop_log("other");
        batch.append("new", 1, records(&["n"])).append("log", 7, records(&["late"]));
    });
    assert_eq!(refused, Err(CommitError::Conflict { write: 6, key: b"log".to_vec(), found: Some(8) }));
    twice(home, |home| {
        assert_eq!(get(home, "a"), Some((1, "1".to_owned())));
        assert_eq!(get(home, "b"), None);
        assert_eq!(span(home, "log"), Some((5, 7, 2)));
        assert_eq!(span(home, "new"), None);
    });
}

fn scans_page_through_a_prefix(home: &mut dyn Home) {
    done(home, |batch| {
        for key in ["p/3", "p/1", "q", "p/2", "o", "p", "p/"] {
            batch.put(key, "v", Expect::Any);
        }
    });
    twice(home, |home| {
        assert_eq!(keys(home, "p/", None, 10), ["p/", "p/1", "p/2", "p/3"]);
        assert_eq!(keys(home, "p/", None, 2), ["p/", "p/1"]);
        assert_eq!(keys(home, "p/", Some("p/1"), 2), ["p/2", "p/3"]);
        assert_eq!(keys(home, "p/", Some("p/1x"), 1), ["p/2"]);
        assert_eq!(keys(home, "p/", Some("p/3"), 2), [""; 0]);
        assert_eq!(keys(home, "p/", Some("a"), 1), ["p/"]);
        assert_eq!(keys(home, "p/", Some("z"), 1), [""; 0]);
        assert_eq!(keys(home, "p/", None, 0), [""; 0]);
        assert_eq!(keys(home, "", None, 10), ["o", "p", "p/", "p/1", "p/2", "p/3", "q"]);
        assert_eq!(keys(home, "", Some("p/3"), 10), ["q"]);
    });
}

fn scans_keep_to_their_prefix(home: &mut dyn Home) {
    done(home, |batch| {
        for key in [&[1, 255][..], &[1, 255, 255], &[2], &[1]] {
            batch.put(key, "v", Expect::Any);
        }
        batch.append([1, 255], 0, records(&["not a document"]));
    });
    twice(home, |home| {
        let found = home.store().reader().scan(&[1, 255], None, 10).expect("readable");
        let found: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, [vec![1, 255], vec![1, 255, 255]]);
    });
}

fn a_log_starts_at_any_number(home: &mut dyn Home) {
    done(home, |batch| _ = batch.append("zero", 0, records(&["a"])));
    done(home, |batch| _ = batch.append("far", u64::MAX - 2, records(&["b", "c"])));
    twice(home, |home| {
        assert_eq!(read(home, "zero", 0, 9, 9), [(0, "a".to_owned())]);
        assert_eq!(span(home, "far"), Some((u64::MAX - 2, u64::MAX, 2)));
        assert_eq!(seqs(home, "far", 0, 9, 9), [u64::MAX - 2, u64::MAX - 1]);
        assert_eq!(seqs(home, "far", u64::MAX, 9, 9), []);
    });
    let over = commit(home, |batch| _ = batch.append("far", u64::MAX, records(&["d"])));
    assert!(matches!(over, Err(CommitError::Unfit { write: 0, .. })));
}

fn appends_must_continue_the_log(home: &mut dyn Home) {
    done(home, |batch| _ = batch.append("log", 3, records(&["a", "b"])).append("log", 5, records(&["c"])));
    for wrong in [0, 3, 5, 7] {
        let refused = commit(home, |batch| _ = batch.append("log", wrong, records(&["x"])));
        assert_eq!(
            refused,
            Err(CommitError::Conflict { write: 0, key: b"log".to_vec(), found: Some(6) }),
            "append at {wrong}"
        );
    }
    done(home, |batch| _ = batch.append("log", 6, records(&["d"])));
    twice(home, |home| assert_eq!(seqs(home, "log", 0, 9, 9), [3, 4, 5, 6]));
    done(home, |batch| _ = batch.drop_log("log"));
    twice(home, |home| assert_eq!(span(home, "log"), None));
    done(home, |batch| _ = batch.append("log", 1, records(&["e"])));
    twice(home, |home| assert_eq!(read(home, "log", 0, 9, 9), [(1, "e".to_owned())]));
}

fn trims_forget_records_and_keep_the_tail(home: &mut dyn Home) {
    done(home, |batch| {
        batch.append("log", 10, records(&["aa", "b"])).append("log", 12, records(&["ccc", "dddd"]));
    });
    done(home, |batch| _ = batch.trim("log", 3).trim("none", 9));
    twice(home, |home| assert_eq!(span(home, "log"), Some((10, 14, 10))));
    done(home, |batch| _ = batch.trim("log", 12));
    twice(home, |home| assert_eq!(span(home, "log"), Some((12, 14, 7))));
    assert_eq!(seqs(home, "log", 0, 9, 99), [12, 13]);
    done(home, |batch| _ = batch.trim("log", 11));
    assert_eq!(span(home, "log"), Some((12, 14, 7)));
    done(home, |batch| _ = batch.trim("log", u64::MAX));
    twice(home, |home| assert_eq!(span(home, "log"), Some((14, 14, 0))));
    assert_eq!(span(home, "none"), None);
    done(home, |batch| _ = batch.append("log", 14, records(&["e"])));
    twice(home, |home| assert_eq!(span(home, "log"), Some((14, 15, 1))));
    done(home, |batch| _ = batch.drop_log("log"));
    twice(home, |home| assert_eq!(span(home, "log"), None));
}

fn trims_inside_a_block_survive_reopening(home: &mut dyn Home) {
    done(home, |batch| _ = batch.append("log", 1, records(&["a", "bb", "ccc", "dddd"])));
    done(home, |batch| _ = batch.trim("log", 2));
    twice(home, |home| assert_eq!(span(home, "log"), Some((2, 5, 9))));
    done(home, |batch| _ = batch.trim("log", 4).append("log", 5, records(&["e"])));
    twice(home, |home| {
        assert_eq!(span(home, "log"), Some((4, 6, 5)));
        assert_eq!(read(home, "log", 0, 9, 99), [(4, "dddd".to_owned()), (5, "e".to_owned())]);
    });
    done(home, |batch| _ = batch.trim("log", 5));
    twice(home, |home| assert_eq!(span(home, "log"), Some((5, 6, 1))));
}

fn a_batch_may_append_trim_drop_and_start_over(home: &mut dyn Home) {
    done(home, |batch| _ = batch.append("log", 1, records(&["a", "b"])));
    done(home, |batch| {
        batch.append("log", 3, records(&["cc", "dd", "ee"])).trim("log", 4);
    });
    twice(home, |home| assert_eq!(span(home, "log"), Some((4, 6, 4))));
    done(home, |batch| {
        batch.append("log", 6, records(&["f"])).trim("log", 7).append("log", 7, records(&["g"]));
    });
    twice(home, |home| assert_eq!(read(home, "log", 0, 9, 9), [(7, "g".to_owned())]));
    done(home, |batch| {
        batch.drop_log("log").append("log", 7, records(&["h", "i"])).trim("log", 8);
    });
    twice(home, |home| assert_eq!(read(home, "log", 0, 9, 9), [(8, "i".to_owned())]));
    done(home, |batch| {
        batch.append("new", 1, records(&["x"])).drop_log("new").append("new", 5, records(&["y"]));
        batch.append("gone", 1, records(&["x"])).drop_log("gone");
        batch.trim("log", 9).drop_log("log").append("log", 2, records(&["j"]));
    });
    twice(home, |home| {
        assert_eq!(read(home, "new", 0, 9, 9), [(5, "y".to_owned())]);
        assert_eq!(span(home, "gone"), None);
        assert_eq!(read(home, "log", 0, 9, 9), [(2, "j".to_owned())]);
    });
}

fn an_empty_log_can_be_created(home: &mut dyn Home) {
    done(home, |batch| _ = batch.append("log", 7, Vec::new()));
    twice(home, |home| assert_eq!(span(home, "log"), Some((7, 7, 0))));
    assert_eq!(seqs(home, "log", 0, 9, 9), []);
    done(home, |batch| _ = batch.append("log", 7, Vec::new()).append("log", 7, records(&["", "a"])));
    twice(home, |home| assert_eq!(span(home, "log"), Some((7, 9, 1))));
    let refused = commit(home, |batch| _ = batch.append("log", 7, Vec::new()));
    assert!(matches!(refused, Err(CommitError::Conflict { found: Some(9), .. })));
}

fn reads_respect_both_limits(home: &mut dyn Home) {
    done(home, |batch| {
        batch.append("log", 0, records(&["aaaa", "bbbb"])).append("log", 2, records(&["cccc"]));
        batch.append("log", 3, records(&["dddd", "eeee", "ffff"]));
    });
    twice(home, |home| {
        assert_eq!(seqs(home, "log", 0, 99, 999), [0, 1, 2, 3, 4, 5]);
        assert_eq!(seqs(home, "log", 0, 0, 999), []);
        assert_eq!(seqs(home, "log", 0, 1, 0), [0]);
        assert_eq!(seqs(home, "log", 1, 3, 999), [1, 2, 3]);
        assert_eq!(seqs(home, "log", 1, 99, 8), [1, 2]);
        assert_eq!(seqs(home, "log", 1, 99, 9), [1, 2]);
        assert_eq!(seqs(home, "log", 1, 99, 12), [1, 2, 3]);
        assert_eq!(seqs(home, "log", 4, 99, 999), [4, 5]);
        assert_eq!(seqs(home, "log", 6, 99, 999), []);
        assert_eq!(seqs(home, "log", u64::MAX, 99, 999), []);
        assert_eq!(seqs(home, "none", 0, 99, 999), []);
    });
    done(home, |batch| _ = batch.trim("log", 4));
    assert_eq!(seqs(home, "log", 0, 99, 4), [4]);
}

fn logs_with_similar_keys_stay_apart(home: &mut dyn Home) {
    let suffix = [0; 16];
    let longer = [&b"a"[..], &suffix].concat();
    done(home, |batch| {
        batch.append("a", 0, records(&["1"])).append("b", 0, records(&["22"])).append(
            "ab",
            0,
            records(&["333"]),
        );
        batch.append(longer.clone(), 0, records(&["4444"])).append("", 0, Vec::new());
        batch.writes.pop();
    });
    done(home, |batch| _ = batch.append("a", 1, records(&["1"])).trim("ab", 1));
    twice(home, |home| {
        let mut found = Vec::new();
        let reader = home.store().reader();
        let mut visit = |log: &[u8], span: Span| {
            assert_eq!(reader.span(log), Ok(Some(span)));
            found.push((log.to_vec(), span.records()));
        };
        reader.logs(b"a", &mut visit).expect("readable");
        assert_eq!(found, [(b"a".to_vec(), 2), (longer.clone(), 1), (b"ab".to_vec(), 0)]);
    });
    done(home, |batch| _ = batch.drop_log("a"));
    twice(home, |home| {
        assert_eq!(span(home, "a"), None);
        assert_eq!(home.store().reader().read_log(&longer, 0, 9, 9).expect("readable").len(), 1);
    });
}

fn a_log_longer_than_a_block_is_read_and_trimmed(home: &mut dyn Home) {
    let long = |seq: u64| "x".repeat(1000 + seq as usize);
    done(home, |batch| {
        (0..100).for_each(|seq| _ = batch.append("log", seq, records(&[&long(seq)])));
    });
    twice(home, |home| {
        let expected: Vec<_> = (0..100).map(|seq| (seq, long(seq))).collect();
        assert_eq!(read(home, "log", 0, 999, usize::MAX), expected);
        assert_eq!(read(home, "log", 57, 3, usize::MAX), expected[57..60]);
    });
    done(home, |batch| _ = batch.trim("log", 61));
    twice(home, |home| {
        let bytes = (61..100).map(|seq| 1000 + seq).sum();
        assert_eq!(span(home, "log"), Some((61, 100, bytes)));
        assert_eq!(seqs(home, "log", 0, 2, usize::MAX), [61, 62]);
    });
}

fn many_small_blocks_are_trimmed(home: &mut dyn Home) {
    done(home, |batch| {
        for seq in 0..1000 {
            batch.append("log", seq, records(&["x"]));
        }
    });
    assert_eq!(seqs(home, "log", 0, 9999, 9999).len(), 1000);
    done(home, |batch| _ = batch.trim("log", 999));
    twice(home, |home| assert_eq!(read(home, "log", 0, 9, 9), [(999, "x".to_owned())]));
}

fn writes_over_a_limit_are_unfit(home: &mut dyn Home) {
    let long = vec![b'k'; limits::KEY_BYTES + 1];
    let fits = vec![b'k'; limits::KEY_BYTES];
    let mut unfit = |build: &dyn Fn(&mut Batch)| {
        let refused = commit(home, build);
        assert!(matches!(refused, Err(CommitError::Unfit { write: 0, .. })), "{refused:?}");
    };
    unfit(&|batch| _ = batch.put("", "v", Expect::Any));
    unfit(&|batch| _ = batch.put(long.clone(), "v", Expect::Any));
    unfit(&|batch| _ = batch.delete(long.clone(), Expect::Any));
    unfit(&|batch| _ = batch.append(long.clone(), 0, records(&["r"])));
    unfit(&|batch| _ = batch.trim(long.clone(), 0));
    unfit(&|batch| _ = batch.drop_log(""));
    unfit(&|batch| _ = batch.put("a", vec![0; limits::VALUE_BYTES + 1], Expect::Any));
    unfit(&|batch| _ = batch.append("log", 0, vec![Bytes::new(); limits::BLOCK_RECORDS + 1]));
    done(home, |batch| {
        _ = batch.put(fits.clone(), "v", Expect::Any).append(fits.clone(), 0, records(&["r"]))
    });
    twice(home, |home| {
        let reader = home.store().reader();
        assert!(matches!(reader.get(&fits), Ok(Some(_))));
        assert!(matches!(reader.span(&fits), Ok(Some(_))));
        assert!(matches!(reader.get(&long), Ok(None)));
        assert!(matches!(reader.span(&long), Ok(None)));
        assert!(matches!(reader.get(&[]), Ok(None)));
        assert!(matches!(reader.read_log(&long, 0, 1, 1), Ok(found) if found.is_empty()));
    });
}

fn a_reader_sees_later_commits(home: &mut dyn Home) {
    let reader = home.store().reader();
    done(home, |batch| _ = batch.put("a", "1", Expect::Absent).append("log", 1, records(&["r"])));
    assert_eq!(reader.get(b"a").expect("readable").map(|found| found.revision), Some(1));
    assert_eq!(reader.read_log(b"log", 0, 9, 9), Ok(vec![(1, Bytes::from_static(b"r"))]));
    let mut batch = Batch::new();
    batch.trim("log", 2);
    assert_eq!(home.store().commit(&batch, Durability::Buffered), Ok(()));
    assert_eq!(reader.read_log(b"log", 0, 9, 9), Ok(Vec::new()));
}

fn an_empty_batch_is_accepted(home: &mut dyn Home) {
    let store: &mut dyn Store = home.store();
    assert_eq!(store.commit(&Batch::new(), Durability::Buffered), Ok(()));
    assert_eq!(store.commit(&Batch::new(), Durability::Synced), Ok(()));
}
