//! Statements and payloads made to hurt: each gets an error or a limit, soon, and nothing falls over.

use sql::lint::lint;
use sql::{Evaluation, Input, Outcome, SqlError, Statement, Stop, Template, Version};

const MANY: usize = 200 * 1024;

fn parse(text: &str) -> Result<Statement, SqlError> {
    Statement::parse(text, Version::V2016)
}

fn input(payload: &[u8]) -> Input<'_> {
    Input { account: "123456789012", seed: 1, ..Input::new(payload, "a/b") }
}

fn run(statement: &str, payload: &str) -> Result<Outcome, Stop> {
    let input = input(payload.as_bytes());
    parse(statement).expect("a statement").run(&mut Evaluation::new(&input))
}

fn refused(text: &str, why: &str) {
    let error = parse(text).expect_err("too much");
    assert!(error.to_string().contains(why), "{error}");
    assert!(error.render().len() < 1000, "the picture is short");
    assert!(Template::parse(&format!("${{{text}}}"), Version::V2016).is_err());
}

#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    for unit in
        ["(", "[", "NOT ", "- ", "{'a':", "topic(", "CASE ", "(SELECT ", "cast(", "1+(", "EXISTS (SELECT "]
    {
        refused(&format!("SELECT {}", unit.repeat(MANY / unit.len())), " deep here");
    }
    refused(&format!("SELECT a{}", ".a".repeat(MANY / 2)), " deep here");
    refused(&format!("SELECT 1{}", "+1".repeat(MANY / 2)), " deep here");
    let closed = format!("SELECT {}1{} AS x", "(".repeat(MANY / 2), ")".repeat(MANY / 2));
    refused(&closed, " deep here");
}

#[test]
fn a_text_over_the_quota_is_refused() {
    refused(&format!("SELECT a FROM 'a' WHERE b = '{}'", "x".repeat(256 * 1024)), "262144 are allowed");
}

#[test]
fn nesting_within_the_limit_is_evaluated() {
    let statement = format!("SELECT {}1{} AS x", "(".repeat(60), ")".repeat(60));
    assert_eq!(run(&statement, "{}"), Ok(Outcome::Selected(b"{\"x\":1}".to_vec())));
    let statement = format!("SELECT {}1{} AS x", "[".repeat(60), "]".repeat(60));
    assert!(matches!(run(&statement, "{}"), Ok(Outcome::Selected(_))));
    let sum = format!("SELECT 1{} AS x", " + 1".repeat(120));
    assert_eq!(run(&sum, "{}"), Ok(Outcome::Selected(b"{\"x\":121}".to_vec())));
    let payload = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(run("SELECT *", &payload), Ok(Outcome::Selected(payload.into_bytes())));
}

#[test]
fn a_long_chain_of_conditions_is_no_deep_one() {
    let chain = "a = 1 OR ".repeat(10_000) + "a = 2";
    let statement = format!("SELECT 1 AS x WHERE {chain}");
    assert_eq!(run(&statement, r#"{"a":2}"#), Ok(Outcome::Selected(b"{\"x\":1}".to_vec())));
    let text = statement.replace(" OR ", " AND ");
    let findings = lint(&parse(&text).expect("a statement"));
    assert!(findings.iter().any(|finding| finding.text.contains("contradicts")), "{findings:?}");
}

#[test]
fn a_deep_payload_is_a_limit_wherever_it_is_looked_into() {
    let payload = format!("{}1{}", "[".repeat(60_000), "]".repeat(60_000));
    for statement in ["SELECT *", "SELECT a", "SELECT *, 1 AS b", "SELECT 1 AS a WHERE b = 1"] {
        assert!(matches!(run(statement, &payload), Err(Stop::Limit(what)) if what.contains("128 deep")));
    }
    assert!(matches!(run("SELECT 1 AS a", &payload), Ok(Outcome::Selected(_))));
    let open = "{\"a\":".repeat(25_000);
    assert!(matches!(run("SELECT *", &open), Err(Stop::Limit(_))));
}

#[test]
fn work_is_bounded_by_steps() {
    let array = format!("{{\"e\":[{}0]}}", "1,".repeat(20_000));
    for statement in [
        "SELECT (SELECT VALUE (SELECT VALUE 1 FROM @e) FROM e) AS x",
        "SELECT (SELECT VALUE (SELECT VALUE b FROM @e AS b WHERE b = 7) FROM e) AS x",
        "SELECT (SELECT VALUE @e = @e FROM e) AS x",
        "SELECT (SELECT VALUE 1 FROM e AS a WHERE a IN @e OR true) AS x",
        "SELECT (SELECT VALUE @o.o.o.o FROM e) AS x",
    ] {
        let statement = format!("SET @e = e, @o = {{'o': {{'o': {{'o': e}}}}}} {statement}");
        let found = run(&statement, &array);
        assert!(matches!(found, Err(Stop::Limit(what)) if what.contains("steps")), "{statement}: {found:?}");
    }
}

#[test]
fn memory_is_bounded_by_steps() {
    let text = format!("{{\"t\":\"{}\",\"e\":[{}0]}}", "x".repeat(100_000), "1,".repeat(10_000));
    for statement in [
        "SELECT (SELECT VALUE @t + 'x' FROM e) AS x",
        "SELECT (SELECT VALUE [@t, @t, @t] FROM e) AS x",
        "SELECT (SELECT VALUE {'a': @t} FROM @f) AS x",
    ] {
        let found = run(&format!("SET @t = t, @f = e {statement}"), &text);
        assert!(matches!(found, Err(Stop::Limit(_))), "{statement}: {found:?}");
    }
    let literal = "y".repeat(100_000);
    let found = run(&format!("SELECT (SELECT VALUE '{literal}' FROM e) AS x"), &text);
    assert!(matches!(found, Err(Stop::Limit(_))));
}

#[test]
fn a_result_and_variables_over_the_quota_are_limits() {
    let text = format!("{{\"t\":\"{}\"}}", "x".repeat(70_000));
    assert!(matches!(run("SELECT t AS a, t AS b", &text), Err(Stop::Limit(what)) if what.contains("131072")));
    assert!(matches!(run("SELECT [t, t] AS a", &text), Err(Stop::Limit(what)) if what.contains("131072")));
    assert!(matches!(run("SELECT *, t AS b", &text), Err(Stop::Limit(what)) if what.contains("131072")));
    let twice = run("SET @a = t, @b = t SELECT 1 AS x", &text);
    assert!(matches!(twice, Err(Stop::Limit(what)) if what.contains("variables")));
    let template = Template::parse("${t}${t}", Version::V2016).expect("a template");
    let input = input(text.as_bytes());
    assert!(matches!(template.render(&mut Evaluation::new(&input)), Err(Stop::Limit(_))));
}

#[test]
fn many_names_are_read_in_reasonable_time() {
    let members: Vec<String> = (0..12_000).map(|at| format!("\"k{at}\":{}", at % 10)).collect();
    let payload = format!("{{{},\"k0\":5}}", members.join(","));
    let found = run("SELECT *", &payload).expect("a result");
    let expected: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
    let Outcome::Selected(bytes) = found else { panic!("skipped") };
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).expect("JSON"), expected);
    let columns: Vec<String> = (0..12_000).map(|at| format!("k{at}")).collect();
    let statement = format!("SELECT {}", columns.join(","));
    assert!(matches!(run(&statement, &payload), Ok(Outcome::Selected(_)) | Err(Stop::Limit(_))));
    let statement = format!("SELECT *, {}", columns.join(","));
    assert!(matches!(run(&statement, &payload), Ok(Outcome::Selected(_)) | Err(Stop::Limit(_))));
}

#[test]
fn regular_expressions_of_a_statement_are_bounded() {
    let check = |count: usize, pattern: &str, refused: Option<&str>| {
        let columns: Vec<String> =
            (0..count).map(|at| format!("regexp_matches(a, '{pattern}') AS c{at}")).collect();
        let parsed = parse(&format!("SELECT {} FROM 'a'", columns.join(", ")));
        match refused {
            None => assert!(parsed.is_ok(), "{count} {pattern}: {parsed:?}"),
            Some(words) => {
                let error = parsed.expect_err("too many").to_string();
                assert!(error.contains(words), "{error}");
            }
        }
    };
    check(64, "^[a-z]+[0-9]{1,3}$", None);
    check(65, "a", Some("more than 64 regular expressions"));
    check(4, "(a|b){2000}", None);
    check(64, "(a|b){2000}", Some("4 MiB"));
    let template = "${regexp_matches(a, '(a|b){2000}')}".repeat(64);
    let error = Template::parse(&template, Version::V2016).expect_err("too many").to_string();
    assert!(error.contains("4 MiB"), "{error}");
}

#[test]
fn regular_expressions_of_a_message_cost_steps() {
    let columns: Vec<String> = (0..100).map(|at| format!("regexp_matches('x', p) AS c{at}")).collect();
    let statement = format!("SELECT {}", columns.join(", "));
    let large = run(&statement, r#"{"p":"(a|b){2000}"}"#);
    assert!(matches!(large, Err(Stop::Limit(what)) if what.contains("steps")), "{large:?}");
    assert!(matches!(run(&statement, r#"{"p":"^[a-z]+$"}"#), Ok(Outcome::Selected(_))));
}

#[test]
fn many_columns_are_looked_through_and_few_findings_told() {
    let columns = |name: &dyn Fn(usize) -> String| {
        let columns: Vec<String> = (0..15_000).map(|at| format!("a AS {}", name(at))).collect();
        parse(&format!("SELECT {} FROM 'a'", columns.join(", "))).expect("a statement")
    };
    assert_eq!(sql::lint::lint(&columns(&|at| format!("c{at}"))), []);
    assert_eq!(sql::lint::lint(&columns(&|_| "c".to_owned())).len(), 20);
}

#[test]
fn the_same_seed_comes_to_the_same_result() {
    let statement = parse("SELECT rand() AS a, newuuid() AS b, rand() AS c FROM 'a'").expect("a statement");
    let first = statement.run(&mut Evaluation::new(&input(b"{}")));
    assert_eq!(first, statement.run(&mut Evaluation::new(&input(b"{}"))));
    let other = Input { seed: 2, ..input(b"{}") };
    assert_ne!(first, statement.run(&mut Evaluation::new(&other)));
}
