//! The JSON of IAM's policies and the words around them in, "well formed" or what is wrong out. Evaluates nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fault::AccountsError;
use super::{limits, statement};
use crate::tags::is_legal;
use crate::thing_type::clipped;

/// Which kind of document it is: they differ in whom and what they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Who may assume a role.
    Trust,
    /// What a role may do, written into the role.
    Inline,
    /// The same in a policy of its own, for which AWS takes the newer language only.
    Managed,
}

pub(super) fn check(text: &str, used: Use) -> Result<(), AccountsError> {
    if text.len() > limits::DOCUMENT_BYTES {
        let most = limits::DOCUMENT_BYTES;
        return Err(AccountsError::Length { what: "a policy", most, found: text.len() });
    }
    check_json(text, used).map_err(AccountsError::Document)
}

/// Letters that count for the quotas.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|letter| !letter.is_whitespace()).count()
}

pub(super) fn check_letters(what: &'static str, found: usize, most: usize) -> Result<(), AccountsError> {
    if found > most { Err(AccountsError::Length { what, most, found }) } else { Ok(()) }
}

pub(super) fn check_name(what: &'static str, name: &str, most: usize) -> Result<(), AccountsError> {
    let fits = !name.is_empty()
        && name.len() <= most
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
    let shown = || name.chars().take(most).collect();
    if fits { Ok(()) } else { Err(AccountsError::Name { what, name: shown(), most }) }
}

pub(super) fn check_path(path: &str) -> Result<(), AccountsError> {
    let fits = path == "/"
        || (path.len() > 2
            && path.len() <= limits::PATH_CHARS
            && path.starts_with('/')
            && path.ends_with('/')
            && path.bytes().all(|byte| byte.is_ascii_graphic()));
    if fits { Ok(()) } else { Err(AccountsError::Path(path.chars().take(limits::PATH_CHARS).collect())) }
}

pub(super) fn check_description(text: Option<&str>) -> Result<(), AccountsError> {
    let chars = text.map_or(0, |text| text.chars().count());
    if chars > limits::DESCRIPTION_CHARS { Err(AccountsError::Description(chars)) } else { Ok(()) }
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), AccountsError> {
    if tags.len() > limits::TAGS {
        return Err(AccountsError::Limit { what: "tags on one role or policy", most: limits::TAGS });
    }
    for (key, value) in tags {
        let fits = (1..=limits::TAG_KEY_CHARS).contains(&key.chars().count())
            && !key.to_ascii_lowercase().starts_with("aws:")
            && value.chars().count() <= limits::TAG_VALUE_CHARS
            && key.chars().chain(value.chars()).all(is_legal);
        if !fits {
            return Err(AccountsError::Tag(key.chars().take(limits::TAG_KEY_CHARS).collect()));
        }
    }
    Ok(())
}

/// The statements: AWS takes one without its list.
pub(super) fn statements(policy: &Value) -> &[Value] {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    }
}

fn check_json(text: &str, used: Use) -> Result<(), String> {
    let policy: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON ({error})"))?;
    let Value::Object(members) = &policy else { return Err("it must be a JSON object".to_owned()) };
    for name in members.keys() {
        if !matches!(name.as_str(), "Version" | "Id" | "Statement") {
            return Err(format!(
                "it has a member {:?}: Version, Id and Statement are allowed",
                clipped(name)
            ));
        }
    }
    match members.get("Version") {
        Some(Value::String(version)) if version == "2012-10-17" => {}
        None if used != Use::Managed => {}
        Some(Value::String(version)) if used != Use::Managed && version == "2008-10-17" => {}
        None => return Err("it has no Version: give \"2012-10-17\"".to_owned()),
        Some(other) => {
            return Err(format!("Version is {}: give \"2012-10-17\"", clipped(&other.to_string())));
        }
    }
    if members.get("Id").is_some_and(|id| !id.is_string()) {
        return Err("its Id is no text".to_owned());
    }
    let statements = statements(&policy);
    if statements.is_empty() {
        return Err("it has no Statement: give at least one".to_owned());
    }
    let mut sids = BTreeSet::new();
    for (number, statement) in (1..).zip(statements) {
        let Value::Object(statement) = statement else {
            return Err(format!("statement {number} must be a JSON object"));
        };
        statement::check(statement, used).map_err(|reason| format!("statement {number} {reason}"))?;
        if let Some(Value::String(sid)) =
            statement.get("Sid").filter(|sid| *sid != "" && !sids.insert(sid.to_string()))
        {
            return Err(format!(
                "statement {number} has the Sid {:?} of an earlier one: rename it",
                clipped(sid)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_checked_by_their_use() {
        let check = |used: Use, text: &str, expected: Option<&str>| {
            let result = check(text, used).map_err(|error| error.to_string());
            match (result, expected) {
                (Ok(()), None) => {}
                (Err(error), Some(expected)) if error.contains(expected) => {}
                (result, expected) => panic!("{text}: {result:?}, not {expected:?}"),
            }
        };
        let trust =
            |rest: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{rest}}}]}}"#);
        let service = r#""Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}"#;
        check(Use::Trust, &trust(service), None);
        check(Use::Inline, &trust(service), Some("prohibited field Principal"));
        check(Use::Trust, &trust(r#""Action":["sts:AssumeRole"],"Principal":"*""#), None);
        check(Use::Trust, &trust(r#""Action":["sts:AssumeRole"],"Principal":{"AWS":["1","2"]}"#), None);
        check(
            Use::Trust,
            &trust(r#""Action":["sts:AssumeRole"],"Principal":{"Aws":"1"}"#),
            Some("malformed Principal"),
        );
        check(Use::Trust, &trust(r#""Action":[],"Principal":"*""#), Some("malformed Action"));
        check(Use::Trust, &trust(r#""Action":"sts:*""#), Some("must have Principal"));
        check(Use::Inline, &trust(r#""Action":"a:b","Resource":"*""#), None);
        check(Use::Inline, &trust(r#""NotAction":"a:b","NotResource":["*"]"#), None);
        check(
            Use::Inline,
            &trust(r#""Action":"a:b","NotAction":"a:b","Resource":"*""#),
            Some("both Action and"),
        );
        check(Use::Inline, &trust(r#""Action":"a:b","Resource":"*","Condition":1"#), Some("Condition"));
        check(Use::Inline, r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#, None);
        check(Use::Inline, r#"{"Statement":{"Effect":"No","Action":"*","Resource":"*"}}"#, Some("an Effect"));
        check(Use::Inline, r#"{"Statement":[]}"#, Some("no Statement"));
        check(Use::Inline, r#"{"Statement":[1]}"#, Some("statement 1 must be"));
        check(Use::Inline, r#"{"Version":"2020-01-01"}"#, Some("2012-10-17"));
        check(Use::Inline, r#"{"version":"2012-10-17"}"#, Some("member \"version\""));
        let allow = r#""Effect":"Allow","Action":"*","Resource":"*""#;
        check(Use::Managed, &format!(r#"{{"Statement":{{{allow}}}}}"#), Some("no Version"));
        check(
            Use::Managed,
            &format!(r#"{{"Version":"2008-10-17","Statement":{{{allow}}}}}"#),
            Some("2012-10-17"),
        );
        check(Use::Managed, &format!(r#"{{"Version":"2012-10-17","Statement":{{{allow}}}}}"#), None);
        check(Use::Inline, &format!(r#"{{"Version":"2008-10-17","Statement":{{{allow}}}}}"#), None);
        check(Use::Inline, &format!(r#"{{"Id":[],"Statement":{{{allow}}}}}"#), Some("Id is no text"));
        let twice = format!(r#"{{"Sid":"a",{allow}}},{{"Sid":"a",{allow}}}"#);
        check(Use::Inline, &format!(r#"{{"Statement":[{twice}]}}"#), Some("Sid \"a\" of an earlier"));
        check(Use::Inline, "[]", Some("JSON object"));
        check(Use::Inline, "{", Some("no JSON"));
        check(Use::Inline, &"[".repeat(100_000), Some("no JSON"));
        check(Use::Inline, &" ".repeat(131_073), Some("may have 131072"));
    }

    #[test]
    fn paths_begin_and_end_with_a_slash() {
        let check = |path: &str, fits: bool| assert_eq!(check_path(path).is_ok(), fits, "{path}");
        check("/", true);
        check("/service-role/", true);
        check("/a/b/", true);
        check("", false);
        check("a/", false);
        check("/a", false);
        check("//", false);
        check("/a b/", false);
        check(&format!("/{}/", "a".repeat(511)), false);
    }
}
