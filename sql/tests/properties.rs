//! What holds for all statements and payloads: parsing and evaluating never panic, printing keeps the meaning, and
//! JSON is read as serde_json reads it.

use proptest::prelude::*;
use sql::{Document, Evaluation, Input, Outcome, Statement, Version, fuzzing};

fn words() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "SELECT",
        "VALUE",
        "FROM",
        "WHERE",
        "AS",
        "AND",
        "OR",
        "NOT",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "IN",
        "EXISTS",
        "SET",
        "null",
        "true",
        "a",
        "b.c",
        "@v",
        "'x'",
        "\"y\"",
        "'a/b'",
        "1",
        "2.50",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ":",
        "*",
        "/",
        "%",
        "+",
        "-",
        "=",
        "<>",
        "<",
        ">=",
        "get(",
        "topic()",
        "cast(",
        "as Int)",
        "${",
        "$$",
        "'",
        "(SELECT",
        "timestamp(",
        "é",
        "\n",
    ]);
    prop::collection::vec(words, 0..30).prop_map(|words| words.join(" "))
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "b",
        "a.b",
        "e",
        "value",
        "o.k.j",
        "1",
        "-1",
        "2.50",
        "1E3",
        "'x'",
        "'it''s'",
        "\"say\"",
        "'true'",
        "true",
        "null",
        "topic()",
        "topic(1)",
        "timestamp()",
        "[]",
        "{}",
        "nothing",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 60, 4, |inner| {
        let operator = prop::sample::select(vec![
            "AND", "OR", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "IN",
        ]);
        prop_oneof![
            (inner.clone(), operator.clone(), inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            inner.clone().prop_map(|a| format!("(NOT ({a}))")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a}).k")),
            inner.clone().prop_map(|a| format!("cast({a} as Int)")),
            inner.clone().prop_map(|a| format!("get_or_default({a}, 1)")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("get({a}, {b})")),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{'k': {a}, 'j''s': {b}}}")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("CASE {a} WHEN {b} THEN {c} WHEN 1 THEN 2 ELSE {a} END")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(SELECT VALUE {a} FROM ({b}) AS x WHERE {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(SELECT *, {a} AS q.r FROM ({b}))")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("EXISTS (SELECT * FROM ({a}) WHERE {b})")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    let column =
        (expression(), prop::option::of(prop::sample::select(vec!["a", "x", "x.y", "value", "e.k"])));
    let column = column.prop_map(|(expression, name)| match name {
        Some(name) => format!("{expression} AS {name}"),
        None => expression,
    });
    let column = prop_oneof![4 => column, 1 => Just("*".to_owned()), 1 => Just("* AS all".to_owned())];
    let select = prop_oneof![
        4 => prop::collection::vec(column, 1..4).prop_map(|columns| format!("SELECT {}", columns.join(", "))),
        1 => expression().prop_map(|value| format!("SELECT VALUE ({value})")),
    ];
    let set = prop::option::of(expression());
    (set, select, prop::option::of(expression())).prop_map(|(set, select, condition)| {
        let set = set.map_or(String::new(), |value| format!("SET @v = {value} "));
        let condition = condition.map_or(String::new(), |condition| format!(" WHERE {condition}"));
        format!("{set}{select} FROM 'a/+/#'{condition}")
    })
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (-100_000i32..100_000).prop_map(|n| serde_json::Value::from(f64::from(n) * 2.0 + 0.5)),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
        prop::collection::vec(any::<char>(), 0..8)
            .prop_map(|chars| serde_json::Value::from(chars.into_iter().collect::<String>())),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof![
            3 => prop::sample::select(vec!["a", "b", "e", "o", "k", "value", "x"]).prop_map(str::to_owned),
            1 => "\\PC{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::vec((key, inner), 0..24)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The payload `SELECT *` hands on.
fn compact(payload: &[u8]) -> Vec<u8> {
    let input = Input { account: "123456789012", ..Input::new(payload, "a/b") };
    let statement = Statement::parse("SELECT * FROM 'a/b'", Version::V2016).expect("a statement");
    match statement.run(&mut Evaluation::new(&input)) {
        Ok(Outcome::Selected(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

/// As serde_json says it; None where its numbers are narrower than ours.
fn is_json(bytes: &[u8]) -> Option<bool> {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("out of range") => None,
        Err(_) => Some(false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parsing_never_panics(text in prop_oneof!["\\PC{0,80}", words(), ".{0,60}"]) {
        fuzzing::parse(text.as_bytes());
    }

    #[test]
    fn printing_and_parsing_again_is_the_same(text in statement()) {
        prop_assert!(Statement::parse(&text, Version::V2016).is_ok(), "{}", text);
        fuzzing::parse(text.as_bytes());
    }

    #[test]
    fn evaluating_never_panics_and_explaining_agrees(text in statement(), payload in json(), pretty in any::<bool>()) {
        let payload = if pretty { serde_json::to_string_pretty(&payload) } else { serde_json::to_string(&payload) };
        fuzzing::evaluate(format!("{text}\n{}", payload.expect("JSON")).as_bytes());
    }

    #[test]
    fn compact_json_means_what_serde_json_reads(value in json()) {
        for text in [serde_json::to_string_pretty(&value), serde_json::to_string(&value)] {
            let text = text.expect("JSON");
            let compacted = compact(text.as_bytes());
            let again: serde_json::Value = serde_json::from_slice(&compacted).expect("JSON");
            prop_assert_eq!(&again, &value);
            if value.is_object() || value.is_array() {
                prop_assert_eq!(String::from_utf8_lossy(&compacted), serde_json::to_string(&value).expect("JSON"));
            }
        }
    }

    #[test]
    fn what_is_json_is_what_serde_json_reads(
        value in json(),
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"\"\\{}[],:0-.eE tfn".to_vec())],
        insert in any::<bool>(),
    ) {
        let mut bytes = serde_json::to_vec_pretty(&value).expect("JSON");
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        if let Some(expected) = is_json(&bytes) {
            prop_assert_eq!(Document::of(&bytes).is_json(), expected, "{}", String::from_utf8_lossy(&bytes));
            if expected {
                let again: serde_json::Value = serde_json::from_slice(&compact(&bytes)).expect("JSON");
                let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
                prop_assert!(alike(&again, &value), "{} {}", again, value);
            }
        }
    }
}

/// The same but for whole decimals, which have become integers, and serde_json's last binary digit.
fn alike(one: &serde_json::Value, two: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (one, two) {
        (Number(one), Number(two)) => one == two || close(one.as_f64(), two.as_f64()),
        (Array(one), Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| alike(one, two))
        }
        (Object(one), Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(name, value)| two.get(name).is_some_and(|other| alike(value, other)))
        }
        _ => one == two,
    }
}

fn close(one: Option<f64>, two: Option<f64>) -> bool {
    one.zip(two).is_some_and(|(one, two)| one == two || ((one - two) / one).abs() < 1e-15)
}
