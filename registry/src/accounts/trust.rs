//! A role's trust policy and who wants to act as the role in, "trusted" or the reason why not out. Knows no records.

use serde_json::Value;

use super::document::statements;

/// Who wants to act as a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trustee<'a> {
    /// A service of the platform, such as `lambda.amazonaws.com`.
    Service(&'a str),
    /// A caller, by its account and by every ARN it goes by.
    Caller { account: &'a str, arns: &'a [String] },
}

/// What conditions may ask for, such as `sts:ExternalId`, `aws:SourceAccount` or `aws:SourceArn`. Keys are compared
/// without regard to case.
pub type Facts<'a> = [(&'a str, &'a str)];

/// Whether the policy lets the trustee assume the role. A deny wins; what cannot be decided is no permission.
pub fn check_trust(policy: &str, trustee: Trustee<'_>, facts: &Facts<'_>) -> Result<(), String> {
    let policy: Value =
        serde_json::from_str(policy).map_err(|error| format!("its trust policy is no JSON ({error})"))?;
    let mut allowed = false;
    let mut almost = None;
    for (number, statement) in (1..).zip(statements(&policy)) {
        if !names_action(statement) || !names_trustee(statement, trustee) {
            continue;
        }
        let unmet = unmet_condition(statement, facts);
        let is_deny = statement.get("Effect").and_then(Value::as_str) != Some("Allow");
        match unmet {
            // A denial that cannot be decided denies.
            Some(Unmet::Unknown(_)) | None if is_deny => {
                return Err(format!("statement {number} of its trust policy denies it"));
            }
            None => allowed = true,
            Some(Unmet::Unknown(operator)) => {
                almost =
                    Some(format!("statement {number} has the condition {operator}, which is not served"));
            }
            Some(Unmet::Differs(key)) => {
                almost = Some(format!("statement {number} has a condition on {key} that is not met"));
            }
        }
    }
    match (allowed, almost) {
        (true, _) => Ok(()),
        (false, Some(reason)) => Err(reason),
        (false, None) => Err("no statement of its trust policy names the caller".to_owned()),
    }
}

enum Unmet {
    /// The operator is not known here.
    Unknown(String),
    Differs(String),
}

fn names_action(statement: &Value) -> bool {
    let names =
        |value: &Value| words(value).any(|action| matches(&action.to_ascii_lowercase(), "sts:assumerole"));
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => names(actions),
        (None, Some(actions)) => !names(actions),
        (None, None) => false,
    }
}

fn names_trustee(statement: &Value, trustee: Trustee<'_>) -> bool {
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => is_among(principal, trustee),
        (None, Some(principal)) => !is_among(principal, trustee),
        (None, None) => false,
    }
}

fn is_among(principal: &Value, trustee: Trustee<'_>) -> bool {
    if principal.as_str() == Some("*") {
        return true;
    }
    let named = |kind: &str| principal.get(kind).into_iter().flat_map(words);
    match trustee {
        Trustee::Service(service) => named("Service").any(|name| name == service),
        Trustee::Caller { account, arns } => named("AWS").any(|name| {
            name == "*"
                || name == account
                || name.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"))
                    == Some(account)
                || arns.iter().any(|arn| arn == name)
        }),
    }
}

fn unmet_condition(statement: &Value, facts: &Facts<'_>) -> Option<Unmet> {
    let operators = statement.get("Condition")?.as_object()?;
    operators.iter().find_map(|(operator, wanted)| {
        let (name, if_exists) = match operator.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (operator.as_str(), false),
        };
        let fits: fn(&str, &str) -> bool = match name {
            "StringEquals" => |pattern, text| pattern == text,
            "StringEqualsIgnoreCase" => |pattern, text| pattern.eq_ignore_ascii_case(text),
            "StringLike" | "ArnLike" | "ArnEquals" => matches,
            _ => return Some(Unmet::Unknown(operator.clone())),
        };
        wanted.as_object().into_iter().flatten().find_map(|(key, values)| {
            let fact = facts.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, fact)| *fact);
            let is_met = match fact {
                Some(fact) => words(values).any(|value| fits(value, fact)),
                None => if_exists,
            };
            (!is_met).then(|| Unmet::Differs(key.clone()))
        })
    })
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Value::Array(words) => (None, words.as_slice()),
        other => (other.as_str(), [].as_slice()),
    };
    one.into_iter().chain(many.iter().filter_map(Value::as_str))
}

/// `*` stands for any letters, `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut spot) = (0, 0);
    // Where to go on if what follows the latest star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(spot) {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, spot));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                at += 1;
                spot += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    at = star + 1;
                    spot = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "arn:aws:iam::111122223333:user/ann";

    fn check(statements: &str, facts: &Facts<'_>, expected: Result<(), &str>) {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let arns = [USER.to_owned()];
        let result = check_trust(&policy, Trustee::Caller { account: "111122223333", arns: &arns }, facts);
        match (&result, expected) {
            (Ok(()), Ok(())) => {}
            (Err(found), Err(expected)) if found.contains(expected) => {}
            _ => panic!("{statements}: {result:?}, not {expected:?}"),
        }
    }

    fn statement(effect: &str, principal: &str, rest: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Action":"sts:AssumeRole","Principal":{principal}{rest}}}"#)
    }

    #[test]
    fn callers_are_trusted_by_account_or_by_name() {
        let allow = |principal: &str| statement("Allow", principal, "");
        check(&allow("\"*\""), &[], Ok(()));
        check(&allow(r#"{"AWS":"*"}"#), &[], Ok(()));
        check(&allow(r#"{"AWS":"111122223333"}"#), &[], Ok(()));
        check(&allow(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#), &[], Ok(()));
        check(&allow(r#"{"AWS":["x","arn:aws:iam::111122223333:user/ann"]}"#), &[], Ok(()));
        check(&allow(r#"{"AWS":"arn:aws:iam::111122223333:user/bob"}"#), &[], Err("names the caller"));
        check(&allow(r#"{"AWS":"arn:aws:iam::999999999999:root"}"#), &[], Err("names the caller"));
        check(&allow(r#"{"Service":"lambda.amazonaws.com"}"#), &[], Err("names the caller"));
    }

    #[test]
    fn services_are_trusted_by_name() {
        let policy = format!(
            r#"{{"Statement":{}}}"#,
            statement("Allow", r#"{"Service":["iot.amazonaws.com","lambda.amazonaws.com"]}"#, "")
        );
        assert_eq!(check_trust(&policy, Trustee::Service("lambda.amazonaws.com"), &[]), Ok(()));
        assert!(check_trust(&policy, Trustee::Service("firehose.amazonaws.com"), &[]).is_err());
    }

    #[test]
    fn a_deny_wins() {
        let allow = statement("Allow", "\"*\"", "");
        let deny = statement("Deny", r#"{"AWS":"111122223333"}"#, "");
        check(&format!("{allow},{deny}"), &[], Err("statement 2"));
        let undecided =
            statement("Deny", "\"*\"", r#","Condition":{"DateLessThan":{"aws:CurrentTime":"x"}}"#);
        check(&format!("{allow},{undecided}"), &[], Err("statement 2"));
        let unmet = statement("Deny", "\"*\"", r#","Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#);
        check(&format!("{allow},{unmet}"), &[], Ok(()));
    }

    #[test]
    fn conditions_must_be_met() {
        let with = |condition: &str| statement("Allow", "\"*\"", &format!(r#","Condition":{{{condition}}}"#));
        let external = r#""StringEquals":{"sts:ExternalId":["a","b"]}"#;
        check(&with(external), &[("sts:ExternalId", "b")], Ok(()));
        check(&with(external), &[("sts:externalid", "b")], Ok(()));
        check(&with(external), &[("sts:ExternalId", "c")], Err("sts:ExternalId"));
        check(&with(external), &[], Err("sts:ExternalId"));
        check(&with(r#""StringEqualsIfExists":{"sts:ExternalId":"a"}"#), &[], Ok(()));
        check(&with(r#""ArnLike":{"aws:SourceArn":"arn:*:x?"}"#), &[("aws:SourceArn", "arn:aws:xy")], Ok(()));
        check(
            &with(r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#),
            &[],
            Err("Bool, which is not served"),
        );
    }

    #[test]
    fn only_assuming_is_looked_at() {
        let of = |action: &str| format!(r#"{{"Effect":"Allow",{action},"Principal":"*"}}"#);
        check(&of(r#""Action":"sts:*""#), &[], Ok(()));
        check(&of(r#""Action":["sts:TagSession","STS:assumerole"]"#), &[], Ok(()));
        check(&of(r#""Action":"sts:TagSession""#), &[], Err("names the caller"));
        check(&of(r#""NotAction":"iot:*""#), &[], Ok(()));
        check(&of(r#""NotAction":"sts:*""#), &[], Err("names the caller"));
    }

    #[test]
    fn stars_stand_for_any_letters() {
        let check = |pattern: &str, text: &str, fits: bool| {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}")
        };
        check("", "", true);
        check("*", "", true);
        check("a*c", "abbc", true);
        check("a*bc", "abbc", true);
        check("a*b", "abbc", false);
        check("?", "", false);
        check("a?", "ab", true);
        check("*a*a*", "banana", true);
    }
}
