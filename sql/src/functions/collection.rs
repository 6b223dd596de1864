//! Functions of any value: arrays, objects and what is missing. They look into values, not into the message.

use crate::call::{Stop, Surroundings};
use crate::convert::{self, Target};
use crate::function::{Form, Function};
use crate::functions::{size, string, within};
use crate::value::{Object, Value};
use crate::version::Version::{V2015, V2016};

pub(super) static TABLE: &[Function] = &[
    Function::full("cast", V2015, (2, 2), cast).form(Form::Cast),
    Function::full("concat", V2015, (0, usize::MAX), concat),
    Function::pure("get", V2015, (2, 2), get),
    Function::pure("get_or_default", V2016, (1, 2), or_default).form(Form::Catching),
    Function::pure("isnull", V2015, (1, 1), |arguments| {
        Some(Value::Bool(*arguments.first()? == Value::Null))
    }),
    Function::pure("isundefined", V2016, (1, 1), |arguments| {
        Some(Value::Bool(*arguments.first()? == Value::Undefined))
    }),
    Function::pure("nanvl", V2015, (2, 2), or_default),
    Function::full("transform", V2016, (3, 3), transform),
];

fn cast(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let [value, Value::String(target)] = arguments else { return Ok(Value::Undefined) };
    let known = Target::parse(target).filter(|target| target.since() <= surroundings.version);
    Ok(known.map_or(Value::Undefined, |target| convert::cast(value, target, surroundings.version)))
}

fn concat(arguments: &[Value], _: &mut Surroundings<'_>) -> Result<Value, Stop> {
    if let [only] = arguments {
        return Ok(only.clone());
    }
    if arguments.iter().any(|argument| matches!(argument, Value::Array(_))) {
        within(arguments.iter().map(size).sum())?;
        let mut all = Vec::new();
        for argument in arguments {
            match argument {
                Value::Array(elements) => all.extend_from_slice(elements),
                Value::Undefined => {}
                other => all.push(other.clone()),
            }
        }
        return Ok(Value::Array(all));
    }
    let mut all = String::new();
    for argument in arguments {
        let Some(text) = convert::text(argument) else { return Ok(Value::Undefined) };
        all.push_str(&text);
        within(all.len())?;
    }
    Ok(if arguments.is_empty() { Value::Undefined } else { Value::String(all) })
}

fn get(arguments: &[Value]) -> Option<Value> {
    let key = arguments.get(1)?;
    let at = || usize::try_from(convert::int(key)?).ok();
    match arguments.first()? {
        Value::Array(elements) => elements.get(at()?).cloned(),
        Value::String(text) => text.chars().nth(at()?).map(string),
        Value::Object(object) => match key {
            Value::String(name) => object.get(name).cloned(),
            _ => None,
        },
        _ => None,
    }
}

/// Without a default, Null becomes Undefined. `nanvl` has always one, and no number of ours is NaN.
fn or_default(arguments: &[Value]) -> Option<Value> {
    match arguments.first()? {
        Value::Undefined | Value::Null => arguments.get(1).cloned(),
        value => Some(value.clone()),
    }
}

fn transform(arguments: &[Value], _: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let [Value::String(mode), Value::Object(added), Value::Array(elements)] = arguments else {
        return Ok(Value::Undefined);
    };
    if mode != "enrichArray" {
        return Ok(Value::Undefined);
    }
    let total = elements.iter().map(size).sum::<usize>();
    within(total.saturating_add(elements.len().saturating_mul(size(&Value::Object(added.clone())))))?;
    let enriched = elements.iter().map(|element| match element {
        Value::Object(element) => Some(enrich(element, added)),
        _ => None,
    });
    Ok(enriched.collect::<Option<Vec<Value>>>().map_or(Value::Undefined, Value::Array))
}

/// Where both have a member, the added one counts.
fn enrich(element: &Object, added: &Object) -> Value {
    let mut enriched = element.clone();
    for (name, value) in added.iter() {
        enriched.set(name, value.clone());
    }
    Value::Object(enriched)
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Trial, check, check_versions};
    use super::*;

    #[test]
    fn casts_go_by_the_name_of_the_type() {
        check(r#"cast(true, "Int")"#, "1");
        check(r#"cast("5", "Integer")"#, "5");
        check(r#"cast(5, "String")"#, r#""5""#);
        check_versions(r#"cast("10.0", "Double")"#, "10.0", "10");
        check_versions(r#"cast(0, "Bool")"#, "undefined", "false");
        check_versions(r#"cast("10.5", "Decimal")"#, "undefined", "10.5");
        check(r#"cast(5, "Float")"#, "undefined");
        check("cast(5, 5)", "undefined");
        check(r#"cast(null, "String")"#, "undefined");
    }

    #[test]
    fn arrays_are_joined_and_everything_else_is_joined_as_text() {
        check("concat()", "undefined");
        check("concat(1)", "1");
        check("concat(null)", "null");
        check("concat([1, 2, 3], 4)", "[1,2,3,4]");
        check(r#"concat([1, 2, 3], "hello")"#, r#"[1,2,3,"hello"]"#);
        check(r#"concat("con", "cat")"#, r#""concat""#);
        check(r#"concat(1, "hello")"#, r#""1hello""#);
        check(r#"concat("he", "is", "man")"#, r#""heisman""#);
        check(r#"concat([1, 2, 3], "hello", [4, 5, 6])"#, r#"[1,2,3,"hello",4,5,6]"#);
        check("concat([], [])", "[]");
        check("concat([1], null)", "[1,null]");
        check("concat([1], undefined)", "[1]");
        check("concat(1, 2)", r#""12""#);
        check(r#"concat(true, {"a":1})"#, r#""true{\"a\":1}""#);
        check(r#"concat("a", null)"#, "undefined");
        check(r#"concat("a", undefined)"#, "undefined");
    }

    #[test]
    fn concat_and_transform_stop_at_the_limit() {
        let long = string("a".repeat(70_000));
        let (text, _) = Trial::default().call("concat", &[long.clone(), long.clone()]);
        assert!(matches!(text, Err(Stop::Limit(_))), "{text:?}");
        let list = Value::Array(vec![long.clone()]);
        let (array, _) = Trial::default().call("concat", &[list.clone(), list]);
        assert!(matches!(array, Err(Stop::Limit(_))), "{array:?}");
        let added: Object = [("a", long)].into_iter().collect();
        let elements = Value::Array(vec![Value::Object(Object::default()); 1000]);
        let (enriched, _) =
            Trial::default().call("transform", &[string("enrichArray"), Value::Object(added), elements]);
        assert!(matches!(enriched, Err(Stop::Limit(_))), "{enriched:?}");
    }

    #[test]
    fn elements_letters_and_members_are_got() {
        check(r#"get(["a", "b", "c"], 1)"#, r#""b""#);
        check(r#"get({"a":"b"}, "a")"#, r#""b""#);
        check(r#"get("abc", 0)"#, r#""a""#);
        check(r#"get("a€c", 1)"#, r#""€""#);
        check(r#"get(["a", "b"], "1")"#, r#""b""#);
        check(r#"get(["a", "b"], 0.5)"#, r#""b""#);
        check(r#"get(["a", "b"], "0.9")"#, r#""a""#);
        for arguments in [
            "[1], 1",
            "[1], -1",
            "[1], 1E300",
            "[1], true",
            "[1], null",
            r#"[1], "x""#,
            r#""abc", 3"#,
            r#"{"a":1}, "b""#,
            r#"{"1":1}, 1"#,
            "5, 0",
            "null, 0",
            "undefined, 0",
            "[1]",
        ] {
            check(&format!("get({arguments})"), "undefined");
        }
        check(r#"get({"a":null}, "a")"#, "null");
    }

    #[test]
    fn what_is_missing_is_told_from_null() {
        for (argument, null, undefined) in [
            ("5", "false", "false"),
            ("5.5", "false", "false"),
            ("true", "false", "false"),
            (r#""a""#, "false", "false"),
            ("[]", "false", "false"),
            ("{}", "false", "false"),
            ("null", "true", "false"),
            ("undefined", "false", "true"),
        ] {
            check(&format!("isnull({argument})"), null);
            check(&format!("isundefined({argument})"), undefined);
        }
    }

    #[test]
    fn a_default_stands_in_for_what_is_missing() {
        check("nanvl(8, 3)", "8");
        check("nanvl(undefined, 3)", "3");
        check("nanvl(null, 3)", "3");
        check(r#"nanvl("x", 3)"#, r#""x""#);
        check("nanvl(undefined, null)", "null");
        check("get_or_default(8, 3)", "8");
        check("get_or_default(null, 3)", "3");
        check("get_or_default(undefined, 3)", "3");
        check("get_or_default(undefined)", "undefined");
        check("get_or_default(null)", "undefined");
        check("get_or_default(false, true)", "false");
        assert_eq!(Function::find("get_or_default").map(|function| function.form), Some(Form::Catching));
    }

    #[test]
    fn each_element_is_enriched_by_the_object() {
        let values = r#"[{"a":3},{"b":4},{"c":5}]"#;
        check(
            &format!(r#"transform("enrichArray", {{"data1":1,"data2":2}}, {values})"#),
            r#"[{"a":3,"data1":1,"data2":2},{"b":4,"data1":1,"data2":2},{"c":5,"data1":1,"data2":2}]"#,
        );
        check(
            &format!(r#"transform("enrichArray", {{"key":1}}, {values})"#),
            r#"[{"a":3,"key":1},{"b":4,"key":1},{"c":5,"key":1}]"#,
        );
        check(r#"transform("enrichArray", {"a":1}, [{"a":2,"b":3}])"#, r#"[{"a":1,"b":3}]"#);
        check(r#"transform("enrichArray", {"a":1}, [])"#, "[]");
        for arguments in [
            r#""enrich", {}, []"#,
            r#""enricharray", {}, []"#,
            r#""enrichArray", [], []"#,
            r#""enrichArray", {}, {}"#,
            r#""enrichArray", {}, [1]"#,
            r#""enrichArray", null, []"#,
            r#""enrichArray", {}, undefined"#,
            r#"null, {}, []"#,
            r#""enrichArray", {}"#,
        ] {
            check(&format!("transform({arguments})"), "undefined");
        }
    }
}
