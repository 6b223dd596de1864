//! Rules tried on made-up messages: every step is shown, and a recorded list comes to the same bytes again.

use std::sync::Arc;

use bytes::Bytes;
use message::{Message, Properties, QoS, Topic};
use proptest::prelude::*;
use rules::action::{Http, Logs, Republish};
use rules::{Action, Came, Definition, End, Meeting, Occasion, Recorded, Rule, Source, Trial, trial};
use sql::{Need, Value};

fn republish(topic: &str) -> Action<String> {
    Action::Republish(Republish { topic: topic.to_owned(), ..Republish::default() })
}

fn rule(sql: &str, actions: Vec<Action<String>>, error_action: Option<Action<String>>) -> Rule {
    let definition = Definition {
        sql: sql.to_owned(),
        sql_version: Some("2016-03-23".to_owned()),
        description: None,
        is_disabled: false,
        actions,
        error_action,
    };
    Rule::compile(&"123456789012".into(), "r", &definition).expect("a rule")
}

fn occasion(topic: &str, payload: &[u8]) -> Occasion {
    let message = Message {
        id: 7,
        topic: Topic::parse(topic).expect("a topic"),
        payload: Bytes::copy_from_slice(payload),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: None,
        publisher: "pump-1".into(),
        received_ms: 1_700_000_000_000,
        expires_ms: None,
    };
    let source = Source { client: Some("pump-1".into()), ..Source::default() };
    Occasion {
        message: Arc::new(message),
        source,
        account: "123456789012".into(),
        seed: 99,
        hops: 0,
        root: 7,
    }
}

fn tried(rule: &Rule, topic: &str, payload: &str) -> Trial {
    trial(rule, &occasion(topic, payload.as_bytes()), &[])
}

#[test]
fn a_trial_shows_every_step_to_the_resolved_actions() {
    let actions = vec![republish("alerts/${topic(2)}"), Action::Logs(Logs::default())];
    let rule = rule("SET @most = 20 SELECT value, nothing FROM 'lab/+' WHERE value > @most", actions, None);
    let trial = tried(&rule, "lab/bench", r#"{"value":21}"#);
    assert_eq!(trial.meeting, Meeting::Matches);
    assert_eq!(trial.variables, [("most".to_owned(), Value::Int(20))]);
    assert_eq!(trial.condition, Some(Value::Bool(true)));
    assert_eq!(
        trial.columns,
        [("value".to_owned(), Value::Int(21)), ("nothing".to_owned(), Value::Undefined)]
    );
    let End::Fired { output, actions } = &trial.end else { panic!("{:?}", trial.end) };
    assert_eq!(output, r#"{"value":21}"#);
    let resources: Vec<&String> =
        actions.iter().map(|done| done.as_ref().expect("resolved").action.resource()).collect();
    assert_eq!(resources, ["alerts/bench", ""]);
    assert_eq!(trial.on_error, None);
}

#[test]
fn a_trial_ends_where_the_message_stops_the_rule() {
    let rule = rule("SELECT * FROM 'lab/+' WHERE value > 20", vec![republish("x")], None);
    assert_eq!(tried(&rule, "lab/bench", r#"{"value":1}"#).end, End::Skipped(Value::Bool(false)));
    assert_eq!(tried(&rule, "lab/bench", "no JSON").end, End::Skipped(Value::Undefined));
    let apart = tried(&rule, "Lab/bench", r#"{"value":21}"#);
    assert_eq!(apart.end, End::NotWoken);
    assert!(apart.meeting.hint().is_some_and(|hint| hint.contains("upper and lower case")));
}

#[test]
fn an_action_that_cannot_be_done_comes_with_awss_error_document() {
    for (topic, part) in [
        ("$aws/things/a/shadow/update", "two dollars"),
        ("$$aws/things/a/shadow/update/accepted", "nobody may publish"),
        ("$$aws/things/a/jobs/get", "no topic of jobs"),
        ("a/${b}/#", "'#'"),
    ] {
        let rule = rule("SELECT * FROM 'a'", vec![republish(topic)], Some(republish("failed/${clientid()}")));
        let trial = tried(&rule, "a", r#"{"b":1}"#);
        let failures = trial.end.failures();
        assert!(failures.len() == 1 && failures[0].message.contains(part), "{topic}: {failures:?}");
        let told = trial.on_error.expect("an error document");
        let document: serde_json::Value = serde_json::from_slice(&told.document).expect("JSON");
        assert_eq!(document["ruleName"], "r");
        assert_eq!(document["failures"][0]["failedAction"], "RepublishAction");
        let action = told.action.expect("an error action").expect("resolved");
        assert_eq!(action.action.resource(), "failed/pump-1");
    }
}

#[test]
fn what_the_outside_says_can_be_handed_in() {
    let sql = "SELECT get_thing_shadow(topic(2), 'role').state.reported.on AS was FROM 'lab/+'";
    let rule = rule(sql, vec![republish("x")], None);
    let occasion = occasion("lab/bench", b"{}");
    let End::Asks(need) = trial(&rule, &occasion, &[]).end else { panic!("nothing is asked") };
    assert!(matches!(&*need, Need::Shadow { thing, .. } if thing == "bench"));
    let shadow = sql::json::read(r#"{"state":{"reported":{"on":true}}}"#, sql::Version::V2016).expect("JSON");
    let answers = [((*need).clone(), Ok(shadow))];
    let End::Fired { output, .. } = trial(&rule, &occasion, &answers).end else { panic!("it does not fire") };
    assert_eq!(output, r#"{"was":true}"#);
}

#[test]
fn a_disabled_rule_is_shown_as_if_it_were_enabled_and_says_so() {
    let mut rule = rule("SELECT * FROM 'a'", vec![republish("x")], None);
    rule.is_disabled = true;
    let trial = tried(&rule, "a", "{}");
    assert!(trial.is_disabled && matches!(trial.end, End::Fired { .. }));
}

#[test]
fn a_recorded_list_comes_to_the_same_bytes_again() {
    let actions = vec![
        republish("out/${newuuid()}/${rand()}"),
        Action::Http(Http { url: "https://x.example/${traceid()}".into(), ..Http::default() }),
    ];
    let sql = "SELECT *, rand() AS chance, newuuid() AS id, timestamp() AS at, clientid() AS who FROM '#'";
    let rule = rule(sql, actions, None);
    let list: Vec<Occasion> = (0u64..20)
        .map(|number| {
            let mut one = occasion("a/b", format!(r#"{{"n":{number}}}"#).as_bytes());
            (one.seed, one.hops) = (u64::MAX - number, 1);
            one
        })
        .collect();
    let lines: Vec<String> = list
        .iter()
        .map(|occasion| Recorded { occasion: occasion.clone(), came: Vec::new() }.to_json().to_string())
        .collect();
    let ends =
        |list: &[Occasion]| -> Vec<End> { list.iter().map(|one| trial(&rule, one, &[]).end).collect() };
    let first = ends(&list);
    for _ in 0..3 {
        let read: Vec<Occasion> =
            lines.iter().map(|line| Recorded::parse(line).expect("a line").occasion).collect();
        assert_eq!(ends(&read), first);
    }
    assert!(first.iter().all(|end| matches!(end, End::Fired { .. })));
}

#[test]
fn lines_that_are_no_recorded_messages_are_refused_in_words() {
    let good = Recorded { occasion: occasion("a", b"{}"), came: Vec::new() }.to_json();
    for (member, value, part) in [
        ("topic", serde_json::json!("a/#"), "topic"),
        ("qos", serde_json::json!(3), "qos 3"),
        ("payload", serde_json::json!("!"), "base64"),
        ("seed", serde_json::json!("x"), "seed"),
        ("colour", serde_json::json!(1), "unknown field"),
    ] {
        let mut line = good.clone();
        line[member] = value;
        let error = Recorded::parse(&line.to_string()).expect_err(member).to_string();
        assert!(error.contains(part), "{error}");
    }
}

proptest! {
    #[test]
    fn a_recorded_message_is_read_as_it_was_written(
        payload in proptest::collection::vec(any::<u8>(), 0..200),
        seed in any::<u64>(),
        content in proptest::option::of("[a-z/]{0,10}"),
        user in proptest::collection::vec(("[a-z]{0,3}", ".{0,5}"), 0..3),
        client in proptest::option::of("[a-z]{1,5}"),
    ) {
        let mut before = occasion("a/b", &payload);
        before.seed = seed;
        before.source.client = client.map(Into::into);
        let properties = Properties {
            content_type: content,
            user,
            correlation_data: Some(Bytes::from(payload.clone())),
            ..Properties::default()
        };
        Arc::make_mut(&mut before.message).properties = Some(Arc::new(properties));
        let came = vec![Came { rule: "r".into(), result: "fired".into(), text: "1 action(s)".into() }];
        let line = Recorded { occasion: before.clone(), came: came.clone() }.to_json().to_string();
        prop_assert!(!line.contains('\n'));
        let after = Recorded::parse(&line).expect("a line");
        prop_assert_eq!(&after.occasion.message, &before.message);
        prop_assert_eq!(after.occasion.source, before.source);
        prop_assert_eq!((after.occasion.seed, after.occasion.hops), (before.seed, before.hops));
        prop_assert_eq!(after.came, came);
    }
}
