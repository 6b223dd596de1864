//! Whatever rules there are, one message brings about a bounded number of things, over jobs too, and a reset ends them.

use std::sync::Arc;

use hub::{Event, Notice, WorkResult, Worked};
use message::{Message, QoS};
use rules::action::{Http, Republish};
use rules::limits::{RULE_BYTES, STEPS_PER_MESSAGE};
use rules::{Action, Definition, Failure, Job, Made, Task, fire};
use sql::{Evaluation, Value};
use store::Memory;

use crate::stage::{SCOPE, Stage, aws, message};

impl Stage {
    pub(crate) fn rule(&mut self, name: &str, sql: &str, actions: Vec<Action<String>>) {
        let definition = Definition {
            sql: sql.to_owned(),
            sql_version: Some("2016-03-23".to_owned()),
            description: None,
            is_disabled: false,
            actions,
            error_action: None,
        };
        let made = Made::new(&"000000000000".into(), name, definition).expect("a valid rule");
        let made = (made, Default::default());
        let (created, _) = self.decide(|hub, _, plan| hub.create_rule(0, SCOPE, made, plan));
        created.expect("a new name");
    }

    fn wake(&mut self, topic: &str) -> Vec<Notice<u32>> {
        self.publish(Message { qos: QoS::AtMostOnce, ..message(topic, "{}") })
    }

    /// The first job from a number on.
    pub(crate) fn job(&self, from: u64) -> Option<(u64, Arc<Job>)> {
        let (jobs, _) = self.hub.rule_jobs(SCOPE, from, 100).expect("readable");
        jobs.into_iter().find_map(|(seq, job)| Some((seq, job.ok()?)))
    }
}

/// Posts what it is given, which takes a job.
pub(crate) fn post() -> Vec<Action<String>> {
    vec![Action::Http(Http { url: "http://127.0.0.1:9/".to_owned(), ..Http::default() })]
}

fn republish(topic: String) -> Action<String> {
    Action::Republish(Republish { topic, ..Republish::default() })
}

#[test]
fn a_rule_as_long_as_may_be_is_switched_and_read_again() {
    let mut stage = Stage::new();
    let mut definition = Definition {
        sql: "SELECT * FROM 'a'".to_owned(),
        sql_version: None,
        description: Some(String::new()),
        is_disabled: true,
        actions: Vec::new(),
        error_action: None,
    };
    let bare = serde_json::to_vec(&definition).expect("JSON").len();
    definition.description = Some("d".repeat(RULE_BYTES - bare));
    let account = "000000000000".into();
    let longer = Definition { description: Some("d".repeat(RULE_BYTES - bare + 1)), ..definition.clone() };
    assert!(Made::new(&account, "r", longer).is_err());
    let made = (Made::new(&account, "r", definition).expect("a valid rule"), Default::default());
    stage.decide(|hub, _, plan| hub.create_rule(0, SCOPE, made, plan)).0.expect("made");
    for is_disabled in [false, true, false] {
        stage.decide(|hub, _, plan| hub.switch_rule(SCOPE, "r", is_disabled, plan)).0.expect("switched");
        stage.restart(aws());
        let rule = stage.hub.rules(SCOPE).and_then(|rules| rules.get("r")).expect("kept").rule.clone();
        assert_eq!(rule.is_disabled, is_disabled);
    }
}

#[test]
fn rules_that_wake_each_other_end_and_say_so_once() {
    let mut stage = Stage::new();
    for number in 0..200 {
        stage.rule(&format!("r{number}"), "SELECT * FROM '#'", vec![republish(format!("out/{number}"))]);
    }
    let notices = stage.wake("in");
    assert!(notices.len() < 10 * STEPS_PER_MESSAGE as usize, "{}", notices.len());
    let told = |notice: &&Notice<u32>| matches!(notice, Notice::Explain { text, .. } if text.contains("RuleStatement") && text.contains("limit"));
    assert_eq!(notices.iter().filter(told).count(), 1);
    // The next message begins with a budget of its own.
    assert!(stage.wake("in").len() > 1000);
}

#[test]
fn a_chain_through_answers_from_outside_ends_too() {
    let mut stage = Stage::new();
    let sql = "SELECT get_thing_shadow('t', 'r').state AS s FROM 'a'";
    stage.rule("r", sql, (0..10).map(|_| republish("a".to_owned())).collect());
    stage.wake("a");
    let (mut from, mut done) = (0, 0);
    loop {
        let Some((seq, job)) = stage.job(from) else { break };
        from = seq + 1;
        done += 1;
        assert!(done <= STEPS_PER_MESSAGE, "it goes on");
        let rule = stage.hub.rules(SCOPE).and_then(|rules| rules.get("r")).expect("the rule").rule.clone();
        let need = sql::Need::Shadow { thing: "t".to_owned(), name: None, role: "r".to_owned() };
        let answers = [(need, Ok(Value::Null))];
        let outcome = fire(&rule, &mut Evaluation::new(&job.occasion.input(&answers)));
        let (epoch, result) = (stage.hub.epoch(), WorkResult::Evaluated(rule, outcome));
        stage.happen(Event::Worked(Box::new(Worked { epoch, scope: SCOPE, seq, job, result })));
    }
    assert!(done > 100, "{done}");
}

#[test]
fn work_from_before_a_reset_is_not_told_after_it() {
    let mut stage = Stage::new();
    stage.rule("r", "SELECT * FROM 'a'", post());
    stage.wake("a");
    let (seq, job) = stage.job(0).expect("a job");
    let epoch = stage.hub.epoch();
    stage.decide(|hub, _, plan| hub.reset(plan));
    stage.store = Memory::new();
    let settings = stage.hub.settings().clone();
    assert_ne!(stage.hub.epoch(), epoch, "{settings:?}");
    stage.rule("r", "SELECT * FROM 'a'", post());
    stage.wake("a");
    assert_eq!(stage.hub.rule_backlog(SCOPE).0, 1);
    let failure = Failure::new("HttpAction", "x", "no");
    assert!(matches!(job.task, Task::Act { .. }));
    let result = WorkResult::Acted(vec![failure]);
    let told = stage.happen(Event::Worked(Box::new(Worked { epoch, scope: SCOPE, seq, job, result })));
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(stage.hub.rule_backlog(SCOPE).0, 1);
}
