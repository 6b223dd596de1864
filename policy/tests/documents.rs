//! Text files of documents in, refusals and findings compared; properties of parsing and of verdicts.

use policy::{Access, Action, Ask, Document, NamedDocument, Resource, Variables, Why, limits};
use proptest::prelude::*;

fn blocks(text: &str) -> Vec<(String, Vec<&str>)> {
    text.trim()
        .split("\n\n")
        .map(|block| {
            let (expected, json): (Vec<&str>, Vec<&str>) =
                block.lines().partition(|line| line.starts_with("=> "));
            (json.join("\n"), expected.iter().map(|line| &line[3..]).collect())
        })
        .collect()
}

#[test]
fn a_document_that_is_not_valid_is_refused_with_its_place_and_the_fix() {
    for (json, expected) in blocks(include_str!("cases/refusals.txt")) {
        let error = Document::parse(&json).expect_err(&json).to_string();
        assert_eq!(expected.len(), 1, "{json}");
        assert!(expected.iter().all(|phrase| error.contains(phrase)), "{json}\n{error}");
        let names_its_fix = error.contains("Fix: ");
        assert!(names_its_fix, "{error}");
    }
}

#[test]
fn a_document_cut_short_or_with_a_byte_changed_never_panics() {
    let whole = include_str!("cases/damaged.json").trim_end();
    assert!(Document::parse(whole).is_ok());
    for (at, _) in whole.char_indices() {
        assert!(Document::parse(&whole[..at]).is_err(), "{at}");
        for put in ["", "\"", "\\", "{", "]", ",", "${", "é", "\u{0}"] {
            let mut text = whole.to_owned();
            let width = text[at..].chars().next().map_or(0, char::len_utf8);
            text.replace_range(at..at + width, put);
            if let Ok(document) = Document::parse(&text) {
                let named = NamedDocument::new("p", 1, document);
                named.document.lint();
                let access = Access::compile(&[named], Variables::default());
                assert!(!access.evaluate(&Ask::publish(put)).to_string().is_empty());
            }
        }
    }
}

#[test]
fn lint_finds_exactly_what_is_expected() {
    for (json, expected) in blocks(include_str!("cases/lint.txt")) {
        let document = Document::parse(&json).expect(&json);
        let found: Vec<String> =
            document.lint().iter().map(|finding| format!("{:?} {}", finding.rule, finding.path)).collect();
        assert_eq!(found, expected, "{json}");
    }
}

fn document(resource: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": "iot:Publish", "Resource": resource }
    })
    .to_string()
}

#[test]
fn white_space_does_not_count_towards_the_length() {
    let head = document("arn:aws:iot:*:*:topic/");
    let room = limits::DOCUMENT_CHARS - head.chars().filter(|ch| !ch.is_whitespace()).count();
    let full = document(&format!("arn:aws:iot:*:*:topic/{}", "é".repeat(room)));
    assert!(Document::parse(&full).is_ok());
    assert!(Document::parse(&full.replace(',', " ,\n\t ")).is_ok());
    let over = document(&format!("arn:aws:iot:*:*:topic/{}", "é".repeat(room + 1)));
    let error = Document::parse(&over).expect_err("too long").to_string();
    assert!(error.contains("2049 characters without white space, 2048 are allowed"), "{error}");
    assert!(Document::parse_within(&over, 6144).is_ok());
    let blank = " ".repeat(limits::DOCUMENT_BYTES) + &full;
    assert!(Document::parse(&blank).expect_err("too many bytes").to_string().contains("bytes"));
}

#[test]
fn everything_is_allowed_to_the_principal_of_everything() {
    for action in Action::ALL {
        let ask = Ask::new(*action, Resource::Topic("a"));
        assert!(Access::everything().allows(&ask));
        assert_eq!(Access::everything().evaluate(&ask).why, Why::Everything);
    }
}

#[test]
fn a_value_longer_than_1024_characters_is_not_substituted() {
    let documents = [named("topic/${iot:Certificate.Subject.CommonName}")];
    for (length, expected) in [(1024, true), (1025, false)] {
        let value = "é".repeat(length);
        let mut variables = Variables { account: "1".into(), region: "r".into(), ..Variables::default() };
        variables.certificate.insert("Subject.CommonName".into(), vec![value.clone()]);
        let access = Access::compile(&documents, variables);
        assert_eq!(access.allows(&Ask::publish(&value)), expected, "{length}");
    }
}

#[test]
fn verdicts_that_depend_on_the_moment_say_so() {
    let json = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Publish",
        "Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}}}"#;
    let timed = NamedDocument::new("p", 1, Document::parse(json).expect("valid"));
    let access = Access::compile(&[timed], Variables::default());
    assert!(access.depends_on_moment(Action::Publish));
    assert!(!access.depends_on_moment(Action::Receive));
    assert!(!Access::compile(&[named("topic/a")], Variables::default()).depends_on_moment(Action::Publish));
}

#[test]
fn missing_variables_are_named() {
    let verdict =
        Access::compile(&[named("topic/${iot:ClientId}")], Variables::default()).evaluate(&Ask::publish("a"));
    assert_eq!(verdict.missing_variables().collect::<Vec<_>>(), ["iot:ClientId"]);
}

#[test]
fn an_access_can_be_shared_between_threads() {
    fn check<T: Send + Sync + Clone>(_: &T) {}
    check(&Access::everything());
}

fn named(tail: &str) -> NamedDocument {
    let json = document(&format!("arn:aws:iot:*:*:{tail}"));
    NamedDocument::new("p", 1, Document::parse(&json).expect("valid"))
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let word = prop_oneof![
        Just("Version"),
        Just("2012-10-17"),
        Just("2008-10-17"),
        Just("Statement"),
        Just("Effect"),
        Just("Allow"),
        Just("Deny"),
        Just("Action"),
        Just("NotAction"),
        Just("iot:Publish"),
        Just("iot:*"),
        Just("Resource"),
        Just("NotResource"),
        Just("*"),
        Just("arn:aws:iot:*:*:topic/${iot:ClientId}/*"),
        Just("Condition"),
        Just("StringLike"),
        Just("iot:ClientId"),
        Just("${"),
        Just("ForAllValues:Bool"),
    ];
    let leaf = prop_oneof![
        4 => word.clone().prop_map(serde_json::Value::from),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => ".{0,12}".prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::vec((word.clone(), inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

fn statement() -> impl Strategy<Value = serde_json::Value> {
    let effect = prop_oneof![Just("Allow"), Just("Deny")];
    let action = prop_oneof![
        Just("iot:Publish"),
        Just("iot:Receive"),
        Just("iot:Pub*"),
        Just("iot:*"),
        Just("iot:publish"),
    ];
    let resource = "(\\*|arn:aws:iot:(\\*|r):(\\*|000000000001|000000000002):(topic|topicfilter|top\\*)/[ab*?+/]{0,5}(\\$\\{iot:ClientId\\})?)";
    let field = prop_oneof![Just("Resource"), Just("Resource"), Just("NotResource")];
    (effect, action, resource, field).prop_map(|(effect, action, resource, field)| {
        let mut statement = serde_json::json!({ "Effect": effect, "Action": action });
        statement[field] = resource.into();
        statement
    })
}

fn compiled(statements: Vec<serde_json::Value>, client_id: Option<String>) -> Access {
    let json = serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let document = Document::parse(&json).expect(&json);
    let documents = [NamedDocument::new("p", 1, document)];
    let (account, region) = ("000000000001".to_owned(), "r".to_owned());
    Access::compile(&documents, Variables { account, region, client_id, ..Variables::default() })
}

proptest! {
    #[test]
    fn parsing_any_text_never_panics(text in ".{0,200}") {
        let _ = Document::parse(&text);
    }

    #[test]
    fn parsing_damaged_documents_never_panics(
        at in 0usize..600, width in 0usize..4, put in "[\\[\\]{}\":,\\\\a0-9é\u{0}]{0,3}"
    ) {
        let whole = include_str!("cases/damaged.json");
        let mut chars: Vec<char> = whole.chars().collect();
        let start = at.min(chars.len());
        let end = (start + width).min(chars.len());
        chars.splice(start..end, put.chars());
        let text: String = chars.into_iter().collect();
        if let Ok(document) = Document::parse(&text) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            let _ = document.lint();
        }
    }

    #[test]
    fn any_json_is_accepted_or_refused_with_a_place_inside_the_text(value in json_value()) {
        let text = serde_json::to_string_pretty(&value).expect("writes");
        if let Err(error) = Document::parse(&text) {
            let line = text.split('\n').nth(error.line - 1).expect("the line exists");
            prop_assert!(error.column >= 1 && error.column <= line.chars().count() + 1);
        }
    }

    #[test]
    fn the_fast_answer_is_the_explained_one_and_the_fix_works(
        statements in proptest::collection::vec(statement(), 1..5),
        topic in "[ab*?+/$]{1,5}",
        client_id in proptest::option::of("[ab+]{1,2}"),
    ) {
        let access = compiled(statements.clone(), client_id.clone());
        for ask in [Ask::publish(&topic), Ask::receive(&topic), Ask::subscribe(&topic)] {
            let verdict = access.evaluate(&ask);
            prop_assert_eq!(access.allows(&ask), verdict.allowed);
            let by_arn = Ask::new(ask.action, Resource::Arn(&verdict.arn));
            prop_assert_eq!(access.allows(&by_arn), verdict.allowed);
            prop_assert!(!verdict.to_string().is_empty());
            if let Some(policy::Fix::AddStatement { statement, .. }) = &verdict.fix {
                let mut fixed = statements.clone();
                fixed.push(serde_json::from_str(statement).expect("the fix is JSON"));
                prop_assert!(compiled(fixed, client_id.clone()).allows(&ask), "{}", verdict);
            }
        }
    }

    #[test]
    fn a_further_deny_never_allows_more(
        statements in proptest::collection::vec(statement(), 1..4), extra in statement(), topic in "[ab/]{1,4}"
    ) {
        let mut denied = statements.clone();
        let mut extra = extra;
        extra["Effect"] = "Deny".into();
        denied.push(extra);
        let ask = Ask::publish(&topic);
        prop_assert!(!compiled(denied, None).allows(&ask) || compiled(statements, None).allows(&ask));
    }
}
