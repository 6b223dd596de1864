//! The JSON of IAM's policies and the words around them in, "well formed" or what is wrong out. Evaluates nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fault::AccountsError;
use super::limits;

/// Which kind of document it is: they differ in whom and what they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Who may assume a role.
    Trust,
    /// What a role may do.
    Rights,
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
            && !key.chars().chain(value.chars()).any(char::is_control);
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
            return Err(format!("it has a member {name:?}: Version, Id and Statement are allowed"));
        }
    }
    match members.get("Version") {
        None => {}
        Some(Value::String(version)) if version == "2012-10-17" || version == "2008-10-17" => {}
        Some(other) => return Err(format!("Version is {other}: give \"2012-10-17\"")),
    }
    let statements = statements(&policy);
    if statements.is_empty() {
        return Err("it has no Statement: give at least one".to_owned());
    }
    for (number, statement) in (1..).zip(statements) {
        let Value::Object(statement) = statement else {
            return Err(format!("statement {number} must be a JSON object"));
        };
        check_statement(statement, used).map_err(|reason| format!("statement {number} {reason}"))?;
    }
    Ok(())
}

fn check_statement(statement: &Map<String, Value>, used: Use) -> Result<(), String> {
    let pair = match used {
        Use::Trust => ["Principal", "NotPrincipal"],
        Use::Rights => ["Resource", "NotResource"],
    };
    for name in statement.keys() {
        let fits = matches!(name.as_str(), "Sid" | "Effect" | "Action" | "NotAction" | "Condition")
            || pair.contains(&name.as_str());
        if !fits {
            return Err(format!("has prohibited field {name}"));
        }
    }
    match statement.get("Effect") {
        Some(Value::String(effect)) if effect == "Allow" || effect == "Deny" => {}
        _ => return Err("must have an Effect, \"Allow\" or \"Deny\"".to_owned()),
    }
    check_pair(statement, ["Action", "NotAction"], is_words)?;
    check_pair(statement, pair, if used == Use::Trust { is_principal } else { is_words })?;
    match statement.get("Condition") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err("has a Condition that is no JSON object".to_owned()),
    }
}

/// Exactly one of the two must be there, and be well formed.
fn check_pair(
    statement: &Map<String, Value>,
    [name, negated]: [&str; 2],
    is_well_formed: fn(&Value) -> bool,
) -> Result<(), String> {
    match (statement.get(name), statement.get(negated)) {
        (Some(value), None) | (None, Some(value)) if is_well_formed(value) => Ok(()),
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
        check(Use::Rights, &trust(service), Some("prohibited field Principal"));
        check(Use::Trust, &trust(r#""Action":["a:b"],"Principal":"*""#), None);
        check(Use::Trust, &trust(r#""Action":["a:b"],"Principal":{"AWS":["1","2"]}"#), None);
        check(Use::Trust, &trust(r#""Action":["a:b"],"Principal":{"Aws":"1"}"#), Some("malformed Principal"));
        check(Use::Trust, &trust(r#""Action":[],"Principal":"*""#), Some("malformed Action"));
        check(Use::Trust, &trust(r#""Action":"a:b""#), Some("must have Principal"));
        check(Use::Rights, &trust(r#""Action":"a:b","Resource":"*""#), None);
        check(Use::Rights, &trust(r#""NotAction":"a:b","NotResource":["*"]"#), None);
        check(
            Use::Rights,
            &trust(r#""Action":"a:b","NotAction":"a:b","Resource":"*""#),
            Some("both Action and"),
        );
        check(Use::Rights, &trust(r#""Action":"a:b","Resource":"*","Condition":1"#), Some("Condition"));
        check(Use::Rights, r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#, None);
        check(Use::Rights, r#"{"Statement":{"Effect":"No","Action":"*","Resource":"*"}}"#, Some("an Effect"));
        check(Use::Rights, r#"{"Statement":[]}"#, Some("no Statement"));
        check(Use::Rights, r#"{"Statement":[1]}"#, Some("statement 1 must be"));
        check(Use::Rights, r#"{"Version":"2020-01-01"}"#, Some("2012-10-17"));
        check(Use::Rights, r#"{"version":"2012-10-17"}"#, Some("member \"version\""));
        check(Use::Rights, "[]", Some("JSON object"));
        check(Use::Rights, "{", Some("no JSON"));
        check(Use::Rights, &"[".repeat(100_000), Some("no JSON"));
        check(Use::Rights, &" ".repeat(131_073), Some("may have 131072"));
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
