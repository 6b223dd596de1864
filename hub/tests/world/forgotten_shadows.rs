//! A deleted shadow's record stays on disk as long as its version counts, and no longer.

use hub::keys::ScopeKey;
use hub::{Event, Origin};
use store::Store as _;

use crate::stage::{SCOPE, Stage, aws, message, scope_key};

const HOUR_MS: u64 = 3_600_000;
const UPDATE: &str = r#"{"state":{"reported":{"on":true}}}"#;

fn stage() -> Stage {
    Stage::of(vec![scope_key(), ScopeKey("111111111111/us-east-1".into())], aws())
}

impl Stage {
    fn update_of(&mut self, thing: &str) {
        self.publish(message(&format!("$aws/things/{thing}/shadow/update"), UPDATE));
    }

    fn delete_of(&mut self, thing: &str) {
        self.publish(message(&format!("$aws/things/{thing}/shadow/delete"), ""));
    }

    /// Documents; each has its history, and nothing else has one.
    fn kept_shadows(&self) -> usize {
        let documents =
            self.store.reader().scan(&scope_key().all_shadows(), None, 10_000).expect("read").len();
        let mut histories = 0;
        self.store.reader().logs(b"", &mut |_, _| histories += 1).expect("read");
        assert_eq!(histories, documents);
        documents
    }
}

#[test]
fn a_deleted_shadow_goes_from_the_disk_when_its_version_no_longer_counts() {
    let mut stage = stage();
    for thing in ["alive", "again", "gone"] {
        stage.update_of(thing);
    }
    stage.delete_of("again");
    stage.delete_of("gone");
    stage.pass(47 * HOUR_MS);
    stage.update_of("again");
    assert_eq!(stage.kept_shadows(), 3);
    stage.pass(HOUR_MS);
    // The other scope has its turn between.
    stage.pass(HOUR_MS);
    assert_eq!(stage.kept_shadows(), 2);
    stage.delete_of("again");
    stage.pass(47 * HOUR_MS);
    stage.pass(HOUR_MS);
    stage.pass(HOUR_MS);
    assert_eq!(stage.kept_shadows(), 1);
}

#[test]
fn a_thousand_deleted_shadows_go_at_once_and_living_ones_stay() {
    let mut stage = stage();
    for number in 0..1_000 {
        stage.update_of(&format!("t{number:04}"));
        if number % 5 != 0 {
            stage.delete_of(&format!("t{number:04}"));
        }
    }
    stage.pass(48 * HOUR_MS);
    assert_eq!(stage.kept_shadows(), 200);
}

#[test]
fn a_shadow_made_again_in_the_same_commit_is_not_forgotten() {
    let mut stage = stage();
    stage.update_of("t");
    stage.delete_of("t");
    stage.now_ms += 48 * HOUR_MS;
    stage.decide(|hub, now_ms, plan| {
        let message = message("$aws/things/t/shadow/update", UPDATE);
        let origin = Origin { scope: SCOPE, session: None };
        hub.decide(now_ms, Event::Publish { origin, message, answer: None }, plan);
        hub.decide(now_ms, Event::Tick, plan);
    });
    assert_eq!(stage.kept_shadows(), 1);
}
