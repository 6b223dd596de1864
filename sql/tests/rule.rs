//! One rule on one message: what its statement and its templates share, what they ask for, and the steps on the way.

use sql::{
    Answer, Document, Evaluation, Input, Need, Object, Outcome, Statement, Stop, Template, Value, Version,
};

fn input<'a>(payload: &'a [u8], answers: &'a [(Need, Answer)]) -> Input<'a> {
    Input {
        client_id: Some("pump-1"),
        account: "123456789012",
        now_ms: 1_700_000_000_000,
        seed: 7,
        answers,
        ..Input::new(payload, "device/pump-1/data")
    }
}

fn statement(text: &str) -> Statement {
    Statement::parse(text, Version::V2016).expect("a statement")
}

fn selected(text: &str) -> Result<Outcome, Stop> {
    Ok(Outcome::Selected(text.as_bytes().to_vec()))
}

#[test]
fn a_need_is_asked_once_and_then_the_evaluation_comes_to_the_same_place() {
    let role = "arn:aws:iam::123456789012:role/r";
    let rule = statement(&format!(
        "SELECT rand() AS before, get_thing_shadow('pump-1', '{role}').state.desired.on AS on, rand() AS after FROM 'a'"
    ));
    let message = input(b"{}", &[]);
    let Err(Stop::Need(need)) = rule.run(&mut Evaluation::new(&message)) else { panic!("a need") };
    let expected = Need::Shadow { thing: "pump-1".into(), name: None, role: role.into() };
    assert_eq!(*need, expected);
    let shadow = sql::json::read(r#"{"state":{"desired":{"on":true}}}"#, Version::V2016).expect("JSON");
    let answers = [(expected, Ok(shadow))];
    let message = input(b"{}", &answers);
    let first = rule.run(&mut Evaluation::new(&message)).expect("a result");
    assert_eq!(Ok(&first), rule.run(&mut Evaluation::new(&message)).as_ref());
    let Outcome::Selected(bytes) = first else { panic!("selected") };
    let text = String::from_utf8(bytes).expect("text");
    assert!(text.contains("\"on\":true"), "{text}");
}

#[test]
fn a_failure_stops_the_rule_unless_there_is_a_default() {
    let role = "arn:aws:iam::123456789012:role/r";
    let call = format!("get_thing_shadow('pump-1', '{role}')");
    let need = Need::Shadow { thing: "pump-1".into(), name: None, role: role.into() };
    let answers = [(need, Err("the role is not allowed".to_owned()))];
    let message = input(b"{}", &answers);
    let failed = statement(&format!("SELECT {call} AS s")).run(&mut Evaluation::new(&message));
    assert!(matches!(failed, Err(Stop::Failed(why)) if why.contains("the role is not allowed")));
    let rule = statement(&format!("SELECT get_or_default({call}.state, 'none') AS s"));
    assert_eq!(rule.run(&mut Evaluation::new(&message)), selected(r#"{"s":"none"}"#));
}

#[test]
fn templates_see_the_payload_and_the_variables_and_no_column() {
    let rule = statement("SET @id = upper(device), @o = {'k': 1} SELECT temp AS t FROM 'a' WHERE temp > 1");
    let message = input(br#"{"device":"pump","temp":2}"#, &[]);
    let mut evaluation = Evaluation::new(&message);
    assert_eq!(rule.run(&mut evaluation), selected(r#"{"t":2}"#));
    for (text, expected) in [
        ("${@id}/${temp}/${t}/${@o.k}", "PUMP/2//1"),
        ("$$aws/rules/${topic(2)}", "$aws/rules/pump-1"),
        ("plain", "plain"),
    ] {
        let template = Template::of(text, &rule).expect("a template");
        assert_eq!(template.render(&mut evaluation).as_deref(), Ok(expected), "{text}");
        assert_eq!(template.is_constant(), text == "plain");
        assert_eq!(template.text(), text);
    }
    let error = Template::of("${@ids}", &rule).expect_err("it is not set");
    assert_eq!(error.render(), "${@ids}\n  ^^^^ did you mean @id?");
    assert!(Template::parse("${@ids}", Version::V2016).is_ok());
}

#[test]
fn rules_share_one_scan_of_a_message() {
    let message = input(br#" {"a":1,"b":{"c":[true]}} "#, &[]);
    let document = Document::of(message.payload);
    for (text, expected) in [("SELECT a", r#"{"a":1}"#), ("SELECT b.c AS x", r#"{"x":[true]}"#)] {
        let mut evaluation = Evaluation::over(&message, &document);
        assert_eq!(statement(text).run(&mut evaluation), selected(expected));
    }
    assert!(document.is_json());
}

#[test]
fn explaining_shows_every_step() {
    let rule =
        statement("SET @limit = 10 * 2 SELECT *, temp - @limit AS over, wind FROM 'a' WHERE temp > @limit");
    let message = input(br#"{"temp":23.5}"#, &[]);
    let trace = rule.explain(&mut Evaluation::new(&message));
    assert_eq!(trace.variables, [("limit".to_owned(), Value::Int(20))]);
    assert_eq!(trace.condition, Some(Value::Bool(true)));
    let names: Vec<&str> = trace.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["*", "temp - @limit AS over", "wind"]);
    let values: Vec<String> = trace.columns.iter().map(|(_, value)| sql::json::write(value)).collect();
    assert_eq!(values, [r#"{"temp":23.5}"#, "3.5", ""]);
    assert_eq!(trace.end, selected(r#"{"temp":23.5,"over":3.5}"#));

    let message = input(br#"{"temp":3}"#, &[]);
    let trace = rule.explain(&mut Evaluation::new(&message));
    assert_eq!(trace.condition, Some(Value::Bool(false)));
    assert_eq!((trace.columns, trace.end), (Vec::new(), Ok(Outcome::Skipped(Value::Bool(false)))));
}

#[test]
fn explaining_and_running_draw_the_same_chances() {
    let rule = statement("SELECT rand() AS a, newuuid() AS b, rand() AS c FROM 'a' WHERE rand() < 2");
    let message = input(b"{}", &[]);
    let trace = rule.explain(&mut Evaluation::new(&message));
    assert_eq!(trace.end, rule.run(&mut Evaluation::new(&message)));
}

#[test]
fn references_are_the_paths_of_the_payload() {
    let text = "SET @v = s.t SELECT a.b AS x, (SELECT n FROM e.f WHERE v = 1) AS y, upper(d) AS z FROM 'a' WHERE c > @v.w";
    let rule = statement(text);
    let found: Vec<(String, &str)> = rule
        .references()
        .into_iter()
        .map(|reference| (reference.path.join("."), &text[reference.span]))
        .collect();
    let expected = ["s.t", "a.b", "e.f", "d", "c"].map(|path| (path.to_owned(), path));
    assert_eq!(found, expected);
    assert_eq!(rule.filter().map(|filter| filter.as_str()), Some("a"));
    assert_eq!((rule.text(), rule.version()), (text, Version::V2016));
}

#[test]
fn an_object_is_compared_and_read_whatever_the_order_of_its_members() {
    let one: Object = [("a", Value::Int(1)), ("b", Value::Null)].into_iter().collect();
    assert_eq!(one.get("b"), Some(&Value::Null));
    let rule = statement("SELECT o = {'b': null, 'a': 1.0} AS same FROM 'a'");
    let message = input(br#"{"o":{"a":1,"b":null}}"#, &[]);
    assert_eq!(rule.run(&mut Evaluation::new(&message)), selected(r#"{"same":true}"#));
}

#[test]
fn what_is_parsed_once_is_shared_by_all_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let rule = statement("SELECT regexp_matches(a, '^x') AS m FROM 'a'");
    shared(&rule);
    shared(&Template::of("${upper(a)}", &rule).expect("a template"));
    let message = input(br#"{"a":"xy"}"#, &[]);
    assert_eq!(rule.run(&mut Evaluation::new(&message)), selected(r#"{"m":true}"#));
}

#[test]
fn explaining_names_the_branches_that_were_taken() {
    let rule = statement("SELECT CASE n WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END AS a FROM 't'");
    let branches = rule.branches();
    let texts: Vec<&str> = branches.iter().map(|branch| branch.text.as_str()).collect();
    assert_eq!(texts, ["CASE n WHEN 1 THEN 'one'", "CASE n WHEN 2 THEN 'two'", "CASE n ELSE 'many'"]);
    for (payload, taken) in [(r#"{"n":2}"#, Some(1)), (r#"{"n":9}"#, Some(2)), ("{}", None)] {
        let message = input(payload.as_bytes(), &[]);
        let found = rule.explain(&mut Evaluation::new(&message)).taken;
        let expected: Vec<_> = taken.map(|at: usize| branches[at].span.clone()).into_iter().collect();
        assert_eq!(found, expected, "{payload}");
    }
}
