//! Two arbitrary requests to one shadow, the second to what the first left, and arbitrary bytes as what is stored.
#![no_main]

use shadow::{Limits, ShadowId, Stored};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (first, second) = input.split_at(input.len() / 2);
    let (limits, id) = (Limits::default(), ShadowId::classic("t").expect("a name"));
    let kept = Stored::update(None, first, 1_000, &limits).ok().map(|updated| updated.stored);
    if let Some(stored) = &kept {
        assert_eq!(Stored::from_bytes(&stored.to_bytes()).as_ref(), Ok(stored));
    }
    if let Ok(updated) = Stored::update(kept.as_ref(), second, 2_000, &limits) {
        let got = Stored::get(Some(&updated.stored), &id, b"", 3_000, &limits);
        assert!(got.is_ok(), "what was updated is there");
        let _ = shadow::lint::document(kept.as_ref(), &updated.stored, updated.state_bytes, &limits);
        let _ = shadow::history::diff(kept.as_ref(), Some(&updated.stored));
    }
    let _ = Stored::from_bytes(input);
    let _ = shadow::history::Change::from_bytes(input);
    let _ = std::str::from_utf8(input).map(shadow::topic::Meaning::of);
});
