//! Whatever rules there are, one message brings about a bounded number of things, over jobs too, and a reset ends them.

use std::collections::VecDeque;

use broker::ScopeId;
use bytes::Bytes;
use hub::keys::ScopeKey;
use hub::{Event, Hub, Notice, Origin, Plan, Settings, WorkResult, Worked};
use message::{Dialect, Message, QoS, Topic};
use rules::action::{Http, Republish};
use rules::limits::STEPS_PER_MESSAGE;
use rules::{Action, Definition, Failure, Task, fire};
use sql::{Evaluation, Value};
use store::{Durability, Memory, Store};

const SCOPE: ScopeId = ScopeId(0);

struct Stage {
    hub: Hub<u32>,
    store: Memory,
}

impl Stage {
    fn new() -> Stage {
        let store = Memory::new();
        let scopes = vec![ScopeKey("000000000000/us-east-1".into())];
        let settings = Settings::new(Dialect::Aws, 1);
        let hub =
            Hub::open(settings, scopes, store.reader(), 0, &mut Plan::default()).expect("an empty world");
        Stage { hub, store }
    }

    fn rule(&mut self, name: &str, sql: &str, actions: Vec<Action<String>>) {
        let definition = Definition {
            sql: sql.to_owned(),
            sql_version: Some("2016-03-23".to_owned()),
            description: None,
            is_disabled: false,
            actions,
            error_action: None,
        };
        let mut plan = Plan::default();
        let made = (definition, Default::default());
        self.hub.create_rule(0, SCOPE, name, made, &mut plan).expect("a valid rule");
        self.commit(plan);
    }

    fn commit(&mut self, mut plan: Plan<u32>) -> Vec<Notice<u32>> {
        self.store.commit(&plan.take_writes().0, Durability::Synced).expect("committed");
        self.hub.committed();
        plan.notices
    }

    fn happen(&mut self, event: Event<u32>) -> Vec<Notice<u32>> {
        let mut plan = Plan::default();
        self.hub.decide(1_000, event, &mut plan);
        self.commit(plan)
    }

    fn publish(&mut self, topic: &str) -> Vec<Notice<u32>> {
        let message = Message {
            id: 1,
            topic: Topic::parse(topic).expect("a topic"),
            payload: Bytes::from_static(b"{}"),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: None,
            publisher: "p".into(),
            received_ms: 1_000,
            expires_ms: None,
        };
        let origin = Origin { scope: SCOPE, session: None };
        self.happen(Event::Publish { origin, message, answer: None })
    }

    fn jobs(&self, from: u64) -> VecDeque<(u64, std::sync::Arc<rules::Job>)> {
        self.hub.rule_jobs(SCOPE, from, 100).expect("readable").0.into()
    }
}

fn republish(topic: String) -> Action<String> {
    Action::Republish(Republish { topic, ..Republish::default() })
}

#[test]
fn rules_that_wake_each_other_end_and_say_so_once() {
    let mut stage = Stage::new();
    for number in 0..200 {
        stage.rule(&format!("r{number}"), "SELECT * FROM '#'", vec![republish(format!("out/{number}"))]);
    }
    let notices = stage.publish("in");
    assert!(notices.len() < 10 * STEPS_PER_MESSAGE as usize, "{}", notices.len());
    let told = |notice: &&Notice<u32>| matches!(notice, Notice::Explain { text, .. } if text.contains("RuleStatement") && text.contains("limit"));
    assert_eq!(notices.iter().filter(told).count(), 1);
    // The next message begins with a budget of its own.
    assert!(stage.publish("in").len() > 1000);
}

#[test]
fn a_chain_through_answers_from_outside_ends_too() {
    let mut stage = Stage::new();
    let sql = "SELECT get_thing_shadow('t', 'r').state AS s FROM 'a'";
    stage.rule("r", sql, (0..10).map(|_| republish("a".to_owned())).collect());
    stage.publish("a");
    let (mut from, mut done) = (0, 0);
    loop {
        let jobs = stage.jobs(from);
        let Some((seq, job)) = jobs.into_iter().next() else { break };
        from = seq + 1;
        done += 1;
        assert!(done <= STEPS_PER_MESSAGE, "it goes on");
        let rule = stage.hub.rules(SCOPE).and_then(|rules| rules.get("r")).expect("the rule").rule.clone();
        let trace = job.occasion.trace_id();
        let need = sql::Need::Shadow { thing: "t".to_owned(), name: None, role: "r".to_owned() };
        let answers = [(need, Ok(Value::Null))];
        let outcome = fire(&rule, &mut Evaluation::new(&job.occasion.input(&trace, &answers)));
        let (epoch, result) = (stage.hub.epoch(), WorkResult::Evaluated(rule, outcome));
        stage.happen(Event::Worked(Box::new(Worked { epoch, scope: SCOPE, seq, job, result })));
    }
    assert!(done > 100, "{done}");
}

#[test]
fn work_from_before_a_reset_is_not_told_after_it() {
    let mut stage = Stage::new();
    let post = || vec![Action::Http(Http { url: "http://127.0.0.1:9/".to_owned(), ..Http::default() })];
    stage.rule("r", "SELECT * FROM 'a'", post());
    stage.publish("a");
    let (seq, job) = stage.jobs(0).pop_front().expect("a job");
    let epoch = stage.hub.epoch();
    let mut plan = Plan::default();
    stage.hub.reset(&mut plan);
    stage.commit(plan);
    stage.store = Memory::new();
    let settings = stage.hub.settings().clone();
    assert_ne!(stage.hub.epoch(), epoch, "{settings:?}");
    stage.rule("r", "SELECT * FROM 'a'", post());
    stage.publish("a");
    assert_eq!(stage.hub.rule_backlog(SCOPE).0, 1);
    let failure = Failure::new("HttpAction", "x", "no");
    assert!(matches!(job.task, Task::Act { .. }));
    let result = WorkResult::Acted(vec![failure]);
    let told = stage.happen(Event::Worked(Box::new(Worked { epoch, scope: SCOPE, seq, job, result })));
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(stage.hub.rule_backlog(SCOPE).0, 1);
}
