//! Requests to shadows over HTTP: what a full disk refuses, and who is advised.

use hub::{Event, Notice};
use shadow::topic::Verb;
use store::Need;

use crate::stage::{Stage, call};

#[test]
fn a_full_disk_is_named_as_the_reason_and_reading_goes_on() {
    let mut stage = Stage::new();
    stage.happen(Event::Disk(Need::Reserve));
    for verb in [Verb::Update, Verb::Delete] {
        let (refused, _) = stage.decide(|hub, now_ms, plan| call(hub, now_ms, verb, r#"{"state":{}}"#, plan));
        assert!(refused.expect_err("refused").contains("the disk is full"), "{verb:?}");
    }
    assert_eq!(stage.call(Verb::Get, "").0.expect_err("there is none").code(), 404);
}

#[test]
fn advice_reaches_who_calls_over_http() {
    let (mut stage, mut notices) = (Stage::new(), Vec::new());
    for value in ["true", r#""true11""#] {
        let update = format!(r#"{{"state":{{"reported":{{"connected":{value}}}}}}}"#);
        let (accepted, told) = stage.call(Verb::Update, &update);
        accepted.expect("accepted");
        notices.extend(told);
    }
    let told = notices.iter().any(|notice| {
        matches!(notice, Notice::Explain { client, what: "shadow advice", text, .. }
            if &**client == "p" && text.contains("was a boolean"))
    });
    assert!(told, "{notices:?}");
}
