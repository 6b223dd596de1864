//! What lint says about statements: the piece that it points at, and words of what it says.

use sql::lint::lint;
use sql::{Statement, Version};

/// Every finding as the piece and a part of its text or fix, in order.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let statement = Statement::parse(text, Version::V2016).expect("a statement");
    let findings = lint(&statement);
    let found: Vec<(&str, String)> = findings
        .iter()
        .map(|finding| (&text[finding.span.clone()], format!("{} | {}", finding.text, finding.fix)))
        .collect();
    assert_eq!(found.len(), expected.len(), "{text}: {found:#?}");
    for ((piece, said), (wanted, words)) in found.iter().zip(expected) {
        assert_eq!(piece, wanted, "{text}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

#[test]
fn a_good_statement_has_no_finding() {
    for text in [
        "SELECT * FROM 'a/b'",
        "SELECT *, topic(2) AS device, timestamp() AS at FROM 'device/+/data' WHERE temperature > 50",
        "SELECT a, b.c FROM '$aws/things/+/shadow/update/accepted' WHERE a >= 1 AND a <= 1 AND b = 'x'",
        "SELECT temp AS temp FROM 'a' WHERE temp > 1",
        "SELECT a FROM '#' WHERE a > 5 OR a < 3",
        "SELECT a - b AS c, a -b AS d FROM 'a'",
        "SELECT a FROM 'a' WHERE a = 1 OR a = 2",
        "SELECT a FROM 'a' WHERE a > '5' AND NOT isNull(b) AND 'true'",
    ] {
        check(text, &[]);
    }
}

#[test]
fn a_where_that_is_never_met_is_found() {
    check("SELECT a FROM 'a' WHERE false", &[("false", "never met: it is false")]);
    check("SELECT a FROM 'a' WHERE 1 = 2", &[("1 = 2", "never met")]);
    check("SELECT a FROM 'a' WHERE 1", &[("1", "it is 1 for every message")]);
    check("SELECT a FROM 'a' WHERE 'x' > 1", &[("'x' > 1", "it is Undefined")]);
    check(
        "SELECT a FROM 'a' WHERE CASE 1 WHEN 2 THEN true END",
        &[("CASE 1 WHEN 2 THEN true END", "Undefined")],
    );
    check("SELECT a FROM 'a' WHERE 1 = 1", &[("1 = 1", "met by every message")]);
}

#[test]
fn comparisons_that_are_always_undefined_are_found() {
    check("SELECT a FROM 'a' WHERE name < 'm'", &[("name < 'm'", "compares numbers: with the text 'm'")]);
    check("SELECT a FROM 'a' WHERE name >= null", &[("name >= null", "with null it is always Undefined")]);
    check("SELECT a FROM 'a' WHERE true < a", &[("true < a", "with true")]);
    check("SELECT a FROM 'a' WHERE (a > 1) > 0", &[("(a > 1) > 0", "with a > 1")]);
    check("SELECT a FROM 'a' WHERE [1] > a", &[("[1] > a", "with [1]")]);
    check("SELECT a FROM 'a' WHERE a = null", &[("a = null", "isNull(a)")]);
    check("SELECT a FROM 'a' WHERE NOT null <> a.b", &[("null <> a.b", "isUndefined(a.b)")]);
}

#[test]
fn parts_that_are_no_boolean_are_found() {
    check("SELECT a FROM 'a' WHERE a = 'x' OR 'y'", &[("'y'", "no Boolean")]);
    check("SELECT a FROM 'a' WHERE a AND 1", &[("1", "no Boolean")]);
    check("SELECT a FROM 'a' WHERE NOT 5 AND b", &[("5", "no Boolean")]);
    check("SELECT a FROM 'a' WHERE b OR a * 2", &[("a * 2", "no Boolean")]);
}

#[test]
fn contradictions_are_found() {
    check("SELECT a FROM 'a' WHERE a > 5 AND b AND a < 3", &[("a < 3", "a < 3 contradicts a > 5")]);
    check("SELECT a FROM 'a' WHERE a = 1 AND a = 2", &[("a = 2", "contradicts a = 1")]);
    check("SELECT a FROM 'a' WHERE a.b = 'x' AND a.b <> 'x'", &[("a.b <> 'x'", "contradicts")]);
    check("SELECT a FROM 'a' WHERE a >= 5 AND a < 5", &[("a < 5", "contradicts")]);
    check("SELECT a FROM 'a' WHERE 5 < a AND a = 5", &[("a = 5", "contradicts 5 < a")]);
    check("SELECT a FROM 'a' WHERE a = 1.0 AND a = 1", &[]);
    check("SELECT a FROM 'a' WHERE a > 3 AND a < 5 AND b < 2", &[]);
}

#[test]
fn a_column_name_in_where_is_found() {
    check("SELECT color AS c FROM 'a' WHERE c = 'red'", &[("c", "write color here")]);
    check("SELECT color AS c, c AS d FROM 'a' WHERE c = 'red'", &[]);
    check("SELECT a.b AS x FROM 'a' WHERE x.y = 1", &[("x.y", "x is a name that SELECT gives")]);
}

#[test]
fn columns_without_a_name_and_with_one_name_are_found() {
    check("SELECT topic(2), a FROM 'a'", &[("topic(2)", "its key is `topic(2)` here")]);
    check("SELECT 1 + a FROM 'a'", &[("1 + a", "write AS name")]);
    check("SELECT (SELECT b FROM e) FROM 'a'", &[("(SELECT b FROM e)", "has no name")]);
    check("SELECT a.x, b.x FROM 'a'", &[("a.x", "a later column is called `x` too")]);
    check("SELECT get(a) AS x FROM 'a'", &[("get(a)", "get() with 1 arguments is always Undefined")]);
}

#[test]
fn a_hyphen_that_subtracts_is_found() {
    check("SELECT my-key AS k FROM 'a'", &[("my-key", "get(*, 'my-key')")]);
    check("SELECT a FROM 'a' WHERE device-id = 'x'", &[("device-id", "this subtracts")]);
}

#[test]
fn filters_that_match_little_are_found() {
    check("SELECT a", &[("", "Basic Ingest only")]);
    check("SELECT a FROM '/a/b'", &[("'/a/b'", "write FROM 'a/b'")]);
    check("SELECT a FROM '$$aws/events/#'", &[("'$$aws/events/#'", "one dollar")]);
    check("SELECT a FROM '$SYS/broker'", &[("'$SYS/broker'", "no message comes")]);
    check("SELECT a FROM '$aws/events/#'", &[]);
    check("SELECT a FROM 'a/b/'", &[("'a/b/'", "ends with a slash")]);
    check("SELECT a FROM 'a//b'", &[("'a//b'", "write FROM 'a/b'")]);
    check("SELECT a FROM '1/2/3/4/5/6/7/8/9'", &[("'1/2/3/4/5/6/7/8/9'", "8 slashes")]);
    check("SELECT a FROM '$aws/rules/x/1/2/3/4/5/6/7/8'", &[]);
    let long = format!("SELECT a FROM '{}'", "x".repeat(300));
    check(&long, &[(&long[14..], "at most 256")]);
}
