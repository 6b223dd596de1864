//! Deciding goes on while earlier groups are being committed: whatever is decided then is what it would have been had
//! each group been on the disk before the next one.

use hub::{Event, HistoryBound, Notice, Plan, Settings};
use message::Message;
use serde_json::json;
use shadow::ShadowId;
use shadow::topic::{Request, Verb};
use store::Store as _;

use crate::stage::{SCOPE, Stage, asker, aws, every, message};

fn stage(lag: usize) -> Stage {
    let shadow_history = HistoryBound { changes: 30, age_ms: u64::MAX };
    let mut stage = Stage::with(Settings { shadow_history, shadow_requests_per_s: 0, ..aws() });
    stage.lag = lag;
    stage
}

impl Stage {
    /// One deed, drawn; what came of it, in words.
    fn shadow_deed(&mut self, random: &mut Random) -> String {
        let id = ShadowId::classic(["a", "b"][random.below(2)]).expect("a literal id");
        let asker = asker();
        self.now_ms += [1, 50, 48 * 3_600_000][random.below(40).saturating_sub(37)];
        let (verb, payload) = match random.below(10) {
            0 => (Verb::Delete, String::new()),
            1 | 2 => (Verb::Get, String::new()),
            3 => {
                let history = self.hub.shadow_history(SCOPE, &id, 30).expect("readable");
                return format!(
                    "{:?}",
                    history.iter().map(|change| (change.version, &change.asked)).collect::<Vec<_>>()
                );
            }
            4 => {
                let version = random.below(12) as u64;
                let (restored, _) = self.decide(|hub, now_ms, plan| {
                    hub.restore_shadow(now_ms, SCOPE, &asker, (&id, version), plan)
                });
                return format!("{:?}", restored.map_err(|error| error.to_string()));
            }
            5 => {
                // What is under way is not forgotten, and what is forgotten is gone when that is on the disk.
                self.settle(0);
                let told = self.happen(Event::Tick).len();
                self.settle(0);
                return told.to_string();
            }
            number => {
                let field = ["x", "y"][random.below(2)];
                let state = json!({ "state": { "reported": { field: random.below(100) }, "desired": { "n": number } } });
                (Verb::Update, state.to_string())
            }
        };
        let request = Request { id, verb };
        let (answer, _) = self.decide(|hub, now_ms, plan| {
            hub.call_shadow(now_ms, SCOPE, &asker, &request, payload.as_bytes(), plan)
        });
        let answer = answer.expect("there is room");
        format!("{:?}", answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Everything that the disk has, in words.
    fn contents(&self) -> String {
        let reader = self.store.reader();
        let documents = reader.scan(b"", None, usize::MAX).expect("readable");
        let mut logs = Vec::new();
        reader.logs(b"", &mut |log, span| logs.push((log.to_vec(), span))).expect("readable");
        let records: Vec<_> =
            logs.iter().map(|(log, _)| reader.read_log(log, 0, usize::MAX, usize::MAX)).collect();
        format!("{documents:?} {logs:?} {records:?}")
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn shadows_are_what_they_would_be_without_groups_under_way() {
    for seed in 0..40 {
        let run = |lag| {
            let (mut stage, mut random) = (stage(lag), Random(seed));
            let said: Vec<String> = (0..120).map(|_| stage.shadow_deed(&mut random)).collect();
            stage.settle(0);
            (said, stage.contents())
        };
        let (said, contents) = run(0);
        for lag in 1..4 {
            let (late, late_contents) = run(lag);
            for (number, (one, other)) in said.iter().zip(&late).enumerate() {
                assert_eq!(one, other, "seed {seed}, deed {number}, {lag} groups under way");
            }
            assert_eq!(contents, late_contents, "seed {seed}, {lag} groups under way");
        }
    }
}

/// A backlog is asked for while some of it is still being committed: it is not there yet, and it is not missing.
#[test]
fn messages_under_way_are_not_taken_for_missing() {
    let mut stage = Stage::new();
    let session = stage.join("d");
    stage.subscribe(session, every("t"));
    stage.lag = 3;
    for number in 0..3_u8 {
        stage.publish(Message { id: u64::from(number), ..message("t", vec![number]) });
    }
    for (lag, expected) in [(3, 0), (2, 1), (0, 3)] {
        stage.settle(lag);
        let mut plan = Plan::default();
        let fetch = Event::Fetch { link: 1, session, from: 0, most: 10 };
        stage.hub.decide(stage.now_ms, fetch, &mut plan);
        let mut found = None;
        for notice in &plan.notices {
            match notice {
                Notice::Page { parcels, tail, .. } => found = Some((parcels.len(), *tail)),
                other => panic!("{other:?}"),
            }
        }
        let (parcels, tail) = found.expect("a page");
        assert_eq!(parcels, expected, "{lag} groups under way");
        assert!(tail >= 3);
        assert!(plan.take_writes().0.is_empty(), "nothing is given up");
    }
}
