//! What a rule's author may not have meant: each finding with a rule that has it, and rules that have none.

use rules::action::{Firehose, Http, Republish, S3};
use rules::{Action, Definition, lint};

fn republish(topic: &str) -> Action<String> {
    Action::Republish(Republish { topic: topic.to_owned(), ..Republish::default() })
}

fn check(sql: &str, action: Option<Action<String>>, expected: &[&str]) {
    let definition = Definition {
        sql: sql.to_owned(),
        sql_version: Some("2016-03-23".to_owned()),
        description: None,
        is_disabled: false,
        actions: action.into_iter().collect(),
        error_action: None,
    };
    let found: Vec<String> = lint(&definition).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{sql}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{sql}: \"{expected}\" is not in \"{found}\"");
    }
}

#[test]
fn a_republish_that_goes_wrong_is_told_with_the_right_topic() {
    const FROM: &str = "SELECT * FROM 'devices/+/state'";
    let shadow = "aws/things/${topic(2)}/shadow/update";
    check(FROM, Some(republish(&format!("$${shadow}"))), &[]);
    check(FROM, Some(republish(&format!("${shadow}"))), &["write $$aws/things/${topic(2)}/shadow/update"]);
    check(
        FROM,
        Some(republish("$$aws/things/x/shadow/update/accepted")),
        &["nobody may publish", "shadow of x"],
    );
    check(FROM, Some(republish("$$aws/things/x/shadow/update")), &["all of them write the shadow of x"]);
    check("SELECT * FROM 'one'", Some(republish("$$aws/things/x/shadow/update")), &[]);
    check("SELECT * FROM 'a/#'", Some(republish("a/b")), &["begins a loop"]);
    check("SELECT * FROM 'a/#'", Some(republish("b")), &[]);
}

#[test]
fn actions_that_lose_something_are_told() {
    const FROM: &str = "SELECT * FROM 'a'";
    let firehose = |separator: Option<&str>| {
        let separator = separator.map(str::to_owned);
        Some(Action::Firehose(Firehose { stream: "f".to_owned(), separator, ..Firehose::default() }))
    };
    check(FROM, firehose(None), &["without anything between"]);
    check(FROM, firehose(Some("\n")), &[]);
    let object = |key: &str| Some(Action::S3(S3 { key: key.to_owned(), ..S3::default() }));
    check(FROM, object("same.json"), &["each overwrites the one before"]);
    check(FROM, object("${timestamp()}.json"), &[]);
    let post = |url: &str| Some(Action::Http(Http { url: url.to_owned(), ..Http::default() }));
    check(FROM, post("http://127.0.0.1:8000/in"), &["https:// only"]);
    check(FROM, post("https://a.example/in"), &[]);
    check(FROM, post("https://a.example/${topic()}"), &["nobody is asked to confirm"]);
    let confirmation_url = Some("https://a.example/".to_owned());
    let url = "https://a.example/${topic()}".to_owned();
    check(FROM, Some(Action::Http(Http { url, confirmation_url, ..Http::default() })), &[]);
    check(FROM, None, &["nothing happens when it fires"]);
}

#[test]
fn the_statements_own_findings_are_told_too() {
    check("SELECT * FROM '$$aws/events/#'", Some(republish("x")), &["$"]);
    check("SELECT * FROM 'a' WHERE n = 1 AND n = 2", Some(republish("x")), &["never"]);
}
