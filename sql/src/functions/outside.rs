//! Functions that the outside answers: arguments in; the answer, the need, or the reason it failed out. They ask nothing
//! themselves.

use crate::call::{Stop, Surroundings};
use crate::function::{Function, Service};
use crate::json;
use crate::need::Need;
use crate::value::Value;
use crate::version::Version::{V2015, V2016};

pub(super) static TABLE: &[Function] = &[
    Function::full("aws_lambda", V2015, (2, 2), |arguments, at| asked(lambda(arguments), at))
        .service(Service::Asked),
    Function::full("get_dynamodb", V2016, (4, 6), |arguments, at| asked(item(arguments), at))
        .service(Service::Asked),
    Function::full("get_registry_data", V2016, (3, 3), |arguments, at| asked(registry(arguments), at))
        .service(Service::Asked),
    Function::full("get_secret", V2016, (3, 4), |arguments, at| asked(secret(arguments), at))
        .service(Service::Asked),
    Function::full("get_thing_shadow", V2016, (2, 3), |arguments, at| asked(shadow(arguments), at))
        .service(Service::Asked),
    Function::full("machinelearning_predict", V2015, (3, 3), |arguments, at| {
        asked(prediction(arguments), at)
    })
    .service(Service::Asked),
];

/// Arguments that name nothing to ask for are Undefined; a failed answer fails the rule.
fn asked(need: Option<Need>, surroundings: &Surroundings<'_>) -> Result<Value, Stop> {
    let Some(need) = need else { return Ok(Value::Undefined) };
    match surroundings.input.answers.iter().find(|(asked, _)| *asked == need) {
        Some((_, Ok(value))) => Ok(value.clone()),
        Some((_, Err(reason))) => Err(Stop::Failed(reason.clone())),
        None => Err(Stop::Need(Box::new(need))),
    }
}

/// No conversion: a name or a role that is no string is a mistake.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn lambda(arguments: &[Value]) -> Option<Need> {
    let [function, payload] = arguments else { return None };
    let payload = (*payload != Value::Undefined).then(|| json::write(payload))?;
    Some(Need::Lambda { function: text(function)?, payload })
}

fn item(arguments: &[Value]) -> Option<Need> {
    let (table, partition, sort, role) = match arguments {
        [table, name, value, role] => (table, (name, value), None, role),
        [table, name, value, sort, sorted, role] => (table, (name, value), Some((sort, sorted)), role),
        _ => return None,
    };
    let key = |(name, value): (&Value, &Value)| {
        let keyed = matches!(value, Value::String(_) | Value::Int(_) | Value::Decimal(_));
        keyed.then(|| Some((text(name)?, value.clone()))).flatten()
    };
    let sort = match sort {
        Some(sort) => Some(key(sort)?),
        None => None,
    };
    Some(Need::DynamoDb { table: text(table)?, partition: key(partition)?, sort, role: text(role)? })
}

fn registry(arguments: &[Value]) -> Option<Need> {
    let [api, thing, role] = arguments else { return None };
    let api = text(api).filter(|api| matches!(api.as_str(), "DescribeThing" | "ListThingGroupsForThing"))?;
    Some(Need::Registry { api, thing: text(thing)?, role: text(role)? })
}

fn secret(arguments: &[Value]) -> Option<Need> {
    let (id, kind, key, role) = match arguments {
        [id, kind, role] => (id, kind, None, role),
        [id, kind, key, role] => (id, kind, Some(text(key)?), role),
        _ => return None,
    };
    let binary = match text(kind)?.as_str() {
        "SecretString" => false,
        "SecretBinary" => true,
        _ => return None,
    };
    Some(Need::Secret { id: text(id)?, binary, key, role: text(role)? })
}

fn shadow(arguments: &[Value]) -> Option<Need> {
    let (thing, name, role) = match arguments {
        [thing, role] => (thing, None, role),
        [thing, name, role] => (thing, Some(text(name)?), role),
        _ => return None,
    };
    Some(Need::Shadow { thing: text(thing)?, name, role: text(role)? })
}

/// A record has one layer: what is nested is passed as its JSON text.
fn prediction(arguments: &[Value]) -> Option<Need> {
    let [model, role, Value::Object(record)] = arguments else { return None };
    let flat = |value: &Value| match value {
        nested @ (Value::Array(_) | Value::Object(_)) => Value::String(json::write(nested)),
        plain => plain.clone(),
    };
    let record = record.iter().map(|(name, value)| (name, flat(value))).collect();
    Some(Need::Prediction {
        model: text(model)?,
        role: text(role)?,
        record: json::write(&Value::Object(record)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/r";

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn cases() -> Vec<(String, Need)> {
        let role = text(ROLE);
        let key = |name: &str, value| (text(name), value);
        vec![
            (
                format!(r#"get_thing_shadow("MyThing", "{ROLE}")"#),
                Need::Shadow { thing: text("MyThing"), name: None, role: role.clone() },
            ),
            (
                format!(r#"get_thing_shadow("MyThing", "MyShadow", "{ROLE}")"#),
                Need::Shadow { thing: text("MyThing"), name: Some(text("MyShadow")), role: role.clone() },
            ),
            (
                r#"aws_lambda("arn:f", {"payload":21})"#.to_owned(),
                Need::Lambda { function: text("arn:f"), payload: text(r#"{"payload":21}"#) },
            ),
            (
                format!(r#"get_dynamodb("T", "id", "a", "{ROLE}")"#),
                Need::DynamoDb {
                    table: text("T"),
                    partition: key("id", Value::String(text("a"))),
                    sort: None,
                    role: role.clone(),
                },
            ),
            (
                format!(r#"get_dynamodb("T", "id", "a", "n", 5, "{ROLE}")"#),
                Need::DynamoDb {
                    table: text("T"),
                    partition: key("id", Value::String(text("a"))),
                    sort: Some(key("n", Value::Int(5))),
                    role: role.clone(),
                },
            ),
            (
                format!(r#"get_secret("S", "SecretString", "k", "{ROLE}")"#),
                Need::Secret { id: text("S"), binary: false, key: Some(text("k")), role: role.clone() },
            ),
            (
                format!(r#"get_secret("S", "SecretBinary", "{ROLE}")"#),
                Need::Secret { id: text("S"), binary: true, key: None, role: role.clone() },
            ),
            (
                format!(r#"get_registry_data("DescribeThing", "MyThing", "{ROLE}")"#),
                Need::Registry { api: text("DescribeThing"), thing: text("MyThing"), role: role.clone() },
            ),
            (
                format!(
                    r#"machinelearning_predict("m", "{ROLE}", {{"key1":{{"innerKey1":"value1"}},"key2":0}})"#
                ),
                Need::Prediction {
                    model: text("m"),
                    role,
                    record: text(r#"{"key1":"{\"innerKey1\":\"value1\"}","key2":0}"#),
                },
            ),
        ]
    }

    #[test]
    fn a_question_without_an_answer_is_a_need() {
        for (call, need) in cases() {
            assert_eq!(Trial::default().run(&call).0, Err(Stop::Need(Box::new(need))), "{call}");
        }
    }

    #[test]
    fn an_answer_to_the_same_question_is_the_value_and_a_failed_one_fails_the_rule() {
        for (call, need) in cases() {
            let other = Need::Lambda { function: text("other"), payload: text("{}") };
            let answers = vec![(other, Ok(Value::Null)), (need.clone(), Ok(Value::Int(5)))];
            let (value, _) = Trial { answers, ..Trial::default() }.run(&call);
            assert_eq!(value.as_deref(), Ok("5"), "{call}");
            let answers = vec![(need, Err(text("not there")))];
            let (value, _) = Trial { answers, ..Trial::default() }.run(&call);
            assert_eq!(value, Err(Stop::Failed(text("not there"))), "{call}");
        }
    }

    #[test]
    fn a_question_that_names_nothing_to_ask_for_is_undefined() {
        for call in [
            r#"get_thing_shadow("a", 5)"#,
            r#"get_thing_shadow(undefined, "r")"#,
            r#"get_thing_shadow("a", null, "r")"#,
            r#"get_thing_shadow("a")"#,
            r#"aws_lambda("f", undefined)"#,
            r#"aws_lambda(null, {})"#,
            r#"get_dynamodb("T", "id", undefined, "r")"#,
            r#"get_dynamodb("T", "id", [1], "r")"#,
            r#"get_dynamodb("T", "id", "a", "n", "r")"#,
            r#"get_dynamodb(1, "id", "a", "r")"#,
            r#"get_secret("S", "Secret", "r")"#,
            r#"get_secret("S", "SecretString", 1, "r")"#,
            r#"get_registry_data("DeleteThing", "a", "r")"#,
            r#"get_registry_data("DescribeThing", null, "r")"#,
            r#"machinelearning_predict("m", "r", "x")"#,
        ] {
            assert_eq!(Trial::default().run(call).0.as_deref(), Ok("undefined"), "{call}");
        }
    }
}
