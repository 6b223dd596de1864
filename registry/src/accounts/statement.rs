//! One statement of an IAM policy in, "well formed" or what is wrong out. Evaluates nothing.

use serde_json::{Map, Value};

use super::document::Use;
use crate::thing_type::clipped;

const PARTITIONS: [&str; 9] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"];

/// What a trust policy can be about.
const OF_TRUST: [&str; 7] = [
    "assumerole",
    "assumerolewithsaml",
    "assumerolewithwebidentity",
    "assumeroot",
    "setcontext",
    "setsourceidentity",
    "tagsession",
];

/// What a condition may compare, without `IfExists` and without a prefix for sets.
const OPERATORS: [&str; 27] = [
    "arnequals",
    "arnlike",
    "arnnotequals",
    "arnnotlike",
    "binaryequals",
    "bool",
    "dateequals",
    "dategreaterthan",
    "dategreaterthanequals",
    "datelessthan",
    "datelessthanequals",
    "datenotequals",
    "ipaddress",
    "notipaddress",
    "null",
    "numericequals",
    "numericgreaterthan",
    "numericgreaterthanequals",
    "numericlessthan",
    "numericlessthanequals",
    "numericnotequals",
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "stringnotequals",
    "stringnotequalsignorecase",
    "stringnotlike",
];

pub(super) fn check(statement: &Map<String, Value>, used: Use) -> Result<(), String> {
    let pair = match used {
        Use::Trust => ["Principal", "NotPrincipal"],
        Use::Inline | Use::Managed => ["Resource", "NotResource"],
    };
    for name in statement.keys() {
        let fits = matches!(name.as_str(), "Sid" | "Effect" | "Action" | "NotAction" | "Condition")
            || pair.contains(&name.as_str());
        if !fits {
            return Err(format!("has prohibited field {}", clipped(name)));
        }
    }
    if statement.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err("has a Sid that is no text".to_owned());
    }
    match statement.get("Effect") {
        Some(Value::String(effect)) if effect == "Allow" || effect == "Deny" => {}
        _ => return Err("must have an Effect, \"Allow\" or \"Deny\"".to_owned()),
    }
    let actions = one_of(statement, ["Action", "NotAction"], is_words)?;
    words(actions).try_for_each(|action| check_action(action, used))?;
    let object = one_of(statement, pair, if used == Use::Trust { is_principal } else { is_words })?;
    if used != Use::Trust {
        words(object).try_for_each(check_resource)?;
    }
    statement.get("Condition").map_or(Ok(()), check_condition)
}

/// Exactly one of the two must be there, and be well formed.
fn one_of<'a>(
    statement: &'a Map<String, Value>,
    [name, negated]: [&str; 2],
    is_well_formed: fn(&Value) -> bool,
) -> Result<&'a Value, String> {
    match (statement.get(name), statement.get(negated)) {
        (Some(value), None) | (None, Some(value)) if is_well_formed(value) => Ok(value),
        (Some(_), None) | (None, Some(_)) => {
            Err(format!("has a malformed {name}: give text or a list of texts"))
        }
        (Some(_), Some(_)) => Err(format!("has both {name} and {negated}: keep one")),
        (None, None) => Err(format!("must have {name}")),
    }
}

fn is_words(value: &Value) -> bool {
    match value {
        Value::String(word) => !word.is_empty(),
        Value::Array(words) => {
            !words.is_empty() && words.iter().all(|word| word.as_str().is_some_and(|w| !w.is_empty()))
        }
        _ => false,
    }
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    let words = match value {
        Value::Array(words) => words.as_slice(),
        word => std::slice::from_ref(word),
    };
    words.iter().filter_map(Value::as_str)
}

/// `"*"`, or names below AWS, Service, Federated or CanonicalUser.
fn is_principal(value: &Value) -> bool {
    match value {
        Value::String(all) => all == "*",
        Value::Object(kinds) => {
            let is_kind =
                |kind: &String| matches!(kind.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser");
            !kinds.is_empty() && kinds.iter().all(|(kind, names)| is_kind(kind) && is_words(names))
        }
        _ => false,
    }
}

fn check_action(action: &str, used: Use) -> Result<(), String> {
    if action == "*" {
        return Ok(());
    }
    let is_service = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*?".contains(&byte))
    };
    let parts = action.split_once(':');
    let parts =
        parts.filter(|(service, name)| is_service(service) && !name.is_empty() && !name.contains(':'));
    let Some((service, name)) = parts else {
        return Err(format!("has the action {:?}: write a service, one colon and a name", clipped(action)));
    };
    let is_of_trust = || {
        service.eq_ignore_ascii_case("sts")
            && (name.contains(['*', '?']) || OF_TRUST.contains(&name.to_ascii_lowercase().as_str()))
    };
    if used == Use::Trust && !is_of_trust() {
        return Err(format!(
            "has the action {:?}: a trust policy can only be about sts:AssumeRole and what goes with it",
            clipped(action)
        ));
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), String> {
    if resource == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let shown = clipped(resource);
    let &["arn", partition, service, ref rest @ ..] = parts.as_slice() else {
        return Err(format!(
            "has the resource {shown:?}: give \"*\", or an ARN such as arn:aws:s3:::bucket/key"
        ));
    };
    if !PARTITIONS.contains(&partition) {
        return Err(format!("has the resource {shown:?}: its partition is none, \"aws\" is one"));
    }
    if service.is_empty() {
        return Err(format!("has the resource {shown:?}, which names no service"));
    }
    // Elsewhere AWS reads `*` for the parts that are missing at the end.
    if service == "s3" && rest.len() < 3 {
        return Err(format!("has the resource {shown:?}: write three colons before a bucket's name"));
    }
    let is_regional = service == "s3" && rest.last().is_some_and(|tail| tail.starts_with("accesspoint"));
    let region = rest.first().copied().unwrap_or_default();
    if matches!(service, "iam" | "s3") && !is_regional && !matches!(region, "" | "*") {
        return Err(format!("has the resource {shown:?}: ARNs of {service} have no region"));
    }
    Ok(())
}

fn check_condition(condition: &Value) -> Result<(), String> {
    let Value::Object(operators) = condition else {
        return Err("has a Condition that is no JSON object".to_owned());
    };
    for (operator, keys) in operators {
        // One that compares nothing may be called anything.
        let is_idle = keys.as_object().is_some_and(Map::is_empty);
        if !is_idle && !is_operator(operator) {
            return Err(format!("has a Condition with {:?}, which is no operator", clipped(operator)));
        }
        let is_value = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
        let is_values = |value: &Value| match value {
            Value::Array(values) => values.iter().all(is_value),
            value => is_value(value),
        };
        if !keys.as_object().is_some_and(|keys| keys.values().all(is_values)) {
            return Err(format!("has a Condition whose {operator} does not give each key its values"));
        }
    }
    Ok(())
}

fn is_operator(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name =
        name.strip_prefix("foranyvalue:").or_else(|| name.strip_prefix("forallvalues:")).unwrap_or(&name);
    let name = name.strip_suffix("ifexists").unwrap_or(name);
    OPERATORS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(used: Use, statement: &str, expected: Option<&str>) {
        let whole: Value =
            serde_json::from_str(&format!(r#"{{"Effect":"Allow",{statement}}}"#)).expect("JSON");
        let result = super::check(whole.as_object().expect("an object"), used);
        match (result, expected) {
            (Ok(()), None) => {}
            (Err(error), Some(expected)) if error.contains(expected) => {}
            (result, expected) => panic!("{statement}: {result:?}, not {expected:?}"),
        }
    }

    #[test]
    fn actions_are_a_service_and_a_name() {
        let check = |used: Use, action: &str, expected: Option<&str>| {
            let object = if used == Use::Trust { r#""Principal":"*""# } else { r#""Resource":"*""# };
            check(used, &format!(r#""Action":[{action:?}],{object}"#), expected);
        };
        check(Use::Inline, "*", None);
        check(Use::Inline, "s3:Get*", None);
        check(Use::Inline, "s3.s: a b", None);
        check(Use::Inline, "iot-data:*", None);
        check(Use::Managed, "invalid", Some("one colon"));
        check(Use::Managed, "a a:List", Some("one colon"));
        check(Use::Inline, "s3:List:Bucket", Some("one colon"));
        check(Use::Inline, "s3:", Some("one colon"));
        check(Use::Trust, "sts:AssumeRole", None);
        check(Use::Trust, "STS:tagsession", None);
        check(Use::Trust, "sts:Assume*", None);
        check(Use::Trust, "sts:BadAssumeRole", Some("only be about"));
        check(Use::Trust, "s3:GetObject", Some("only be about"));
    }

    #[test]
    fn resources_are_arns() {
        let check = |resource: &str, expected: Option<&str>| {
            check(Use::Inline, &format!(r#""Action":"*","Resource":{resource:?}"#), expected);
        };
        check("*", None);
        check("arn:aws:s3:::bucket/*", None);
        check("arn:aws-cn:iot:*:*:topic/a:b", None);
        check("arn:*:iot:us-east-1:123456789012:topic/${iot:ClientId}", None);
        check("bucket", Some("give \"*\""));
        check("arn:aws:s3::bucket", Some("three colons"));
        check("arn:aws:x", None);
        check("arn:aws", Some("give \"*\""));
        check("arn:aws::x", Some("no service"));
        check("arn:aws:s3:us-west-2:123456789012:accesspoint/p/object/*", None);
        check("aws:s3:::a:b:c", Some("give \"*\""));
        check("arn:error:s3:::b", Some("its partition"));
        check("arn:aws::::b", Some("no service"));
        check("arn:aws:s3:us-east-1::b", Some("no region"));
        check("arn:aws:iam:us-east-1::role/b", Some("no region"));
    }

    #[test]
    fn conditions_give_operators_keys_and_values() {
        let check = |condition: &str, expected: Option<&str>| {
            let statement = format!(r#""Action":"*","Resource":"*","Condition":{condition}"#);
            check(Use::Inline, &statement, expected);
        };
        check("{}", None);
        check(r#"{"a":{}}"#, None);
        check(r#"{"StringEquals":{"a":"b"},"Bool":{"c":true},"NumericLessThan":{"d":[1,"2"]}}"#, None);
        check(r#"{"ForAnyValue:StringLikeIfExists":{"a":["b*"]}}"#, None);
        check("1", Some("no JSON object"));
        check(r#"{"a":"b"}"#, Some("no operator"));
        check(r#"{"ForAnyValue::StringEquals":{"a":"b"}}"#, Some("no operator"));
        check(r#"{"DateGreaterThan":"b"}"#, Some("its values"));
        check(r#"{"DateGreaterThan":{"a":{}}}"#, Some("its values"));
    }
}
