//! A role's IAM policies in, what may be done in its name with messages and connections out. Calls of the control
//! plane are not judged by them.

use std::net::IpAddr;
use std::sync::Arc;

use policy::{Access, Document, NamedDocument, Variables};
use registry::Scope;
use registry::accounts::{Accounts, Role};
use serde_json::{Value, json};

/// AWS's own policies that speak of IoT's data plane; others grant nothing here.
const OF_AWS: [&str; 4] = [
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::aws:policy/PowerUserAccess",
    "arn:aws:iam::aws:policy/AWSIoTFullAccess",
    "arn:aws:iam::aws:policy/AWSIoTDataAccess",
];

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;

/// Letters that the longest IAM policy may have; IoT's own policies are shorter.
const DOCUMENT_CHARS: usize = 10_240;

/// `role` is the role's path and name; one that was made anew under the same name is another. What cannot be read grants nothing; if it denies, nothing is granted at all.
pub(crate) fn access(
    accounts: &Accounts,
    scope: &Scope,
    role: &str,
    role_id: &str,
    source_ip: IpAddr,
) -> Access {
    let name = role.rsplit('/').next().unwrap_or_default();
    let variables = Variables {
        principal: format!("role {name}"),
        account: scope.account().to_owned(),
        region: scope.region().to_owned(),
        source_ip: Some(source_ip.to_canonical()),
        ..Variables::default()
    };
    let found = accounts.role(scope.account(), name).ok().filter(|role| role.id == role_id);
    let documents = found.and_then(|role| documents(accounts, role));
    Access::compile(&documents.unwrap_or_default(), variables)
}

/// None where something denies in words that are not understood here.
fn documents(accounts: &Accounts, role: &Role) -> Option<Vec<NamedDocument>> {
    // A boundary is kept but not weighed: rights that may lie beyond it are not given.
    if role.boundary.is_some() {
        return None;
    }
    let mut found = Vec::new();
    for (name, text) in &role.inline {
        found.extend(readable(name, 1, text)?);
    }
    for arn in &role.attached {
        if OF_AWS.contains(&arn.as_str()) {
            found.extend(readable(arn, 1, EVERYTHING)?);
            continue;
        }
        let Ok(policy) = accounts.policy(&role.account, arn) else { continue };
        let Some(version) = policy.versions.get(&policy.default) else { continue };
        found.extend(readable(&policy.name, policy.default, &version.document)?);
    }
    Some(found)
}

/// The whole document, or those of its statements that are understood.
fn readable(name: &str, version: u32, text: &str) -> Option<Vec<NamedDocument>> {
    let named = |document| NamedDocument::new(name, version, Arc::new(document));
    if let Ok(document) = Document::parse_within(text, DOCUMENT_CHARS) {
        return Some(vec![named(document)]);
    }
    let policy: Value = serde_json::from_str(text).ok()?;
    // IAM reads a document that names no version as one of the older language.
    let language = policy.get("Version").cloned().unwrap_or_else(|| json!("2008-10-17"));
    let statements = match policy.get("Statement")? {
        Value::Array(statements) => statements.as_slice(),
        statement => std::slice::from_ref(statement),
    };
    let mut found = Vec::new();
    for statement in statements {
        let alone = json!({ "Version": language, "Statement": [statement] }).to_string();
        match Document::parse_within(&alone, DOCUMENT_CHARS) {
            Ok(document) => found.push(named(document)),
            Err(_) if statement["Effect"] == "Allow" || !speaks_of_iot(statement) => {}
            Err(_) => return None,
        }
    }
    Some(found)
}

fn speaks_of_iot(statement: &Value) -> bool {
    let others_only = |actions: &Value| {
        let is_other = |action: &Value| {
            let action = action.as_str().and_then(|action| action.split_once(':'));
            action.is_some_and(|(service, _)| {
                !service.contains(['*', '?']) && !service.eq_ignore_ascii_case("iot")
            })
        };
        match actions {
            Value::Array(actions) => actions.iter().all(is_other),
            action => is_other(action),
        }
    };
    !statement.get("Action").is_some_and(others_only)
}

#[cfg(test)]
mod tests {
    use policy::{Action, Ask, Resource};
    use registry::accounts::NewRole;

    use super::*;

    const ALLOW: &str = r#"{"Effect":"Allow","Action":"iot:Publish","Resource":"*"}"#;
    const TRUST: &str = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}"#;

    fn accounts(inline: &[&str], boundary: Option<&str>) -> Accounts {
        let mut accounts = Accounts::default();
        let mut draft = accounts.draft();
        let new = NewRole {
            name: "r".to_owned(),
            path: "/".to_owned(),
            trust: TRUST.to_owned(),
            description: None,
            max_session_s: None,
            boundary: boundary.map(str::to_owned),
            tags: std::collections::BTreeMap::new(),
            random: [1; 10],
        };
        draft.create_role("000000000000", new, 0).expect("a role");
        for (number, text) in inline.iter().enumerate() {
            draft
                .put_inline("000000000000", "r", &format!("p{number}"), (*text).to_owned())
                .expect("a policy");
        }
        let change = draft.finish();
        accounts.apply(change);
        accounts
    }

    fn may_publish(accounts: &Accounts) -> bool {
        let topic = message::Topic::parse("a/b").expect("a topic");
        let id = &accounts.role("000000000000", "r").expect("the role").id;
        let access = access(accounts, &Scope::default(), "/r", id, IpAddr::from([127, 0, 0, 1]));
        access.allows(&Ask::new(Action::Publish, Resource::Topic(&topic)))
    }

    #[test]
    fn a_roles_policies_say_what_it_may_do() {
        let check = |inline: &[&str], expected: bool| {
            let whole: Vec<String> = inline
                .iter()
                .map(|statements| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
                .collect();
            let texts: Vec<&str> = whole.iter().map(String::as_str).collect();
            assert_eq!(may_publish(&accounts(&texts, None)), expected, "{inline:?}");
        };
        let strange = r#""Condition":{"IpAddress":{"aws:SourceIp":"y"}}"#;
        let of_s3 = r#""Action":["s3:GetObject","logs:*"],"Resource":"arn:aws:s3:::b/*""#;
        check(&[], false);
        check(&[ALLOW], true);
        check(&[ALLOW, r#"{"Effect":"Deny","Action":"iot:*","Resource":"*"}"#], false);
        check(&[&format!(r#"{ALLOW},{{"Effect":"Allow",{of_s3}}}"#)], true);
        check(&[&format!(r#"{ALLOW},{{"Effect":"Allow",{of_s3},{strange}}}"#)], true);
        check(&[ALLOW, &format!(r#"{{"Effect":"Deny",{of_s3},{strange}}}"#)], true);
        check(&[ALLOW, &format!(r#"{{"Effect":"Deny","Action":"iot:*","Resource":"*",{strange}}}"#)], false);
        check(&[ALLOW, &format!(r#"{{"Effect":"Deny","Action":"*","Resource":"*",{strange}}}"#)], false);
        check(
            &[ALLOW, &format!(r#"{{"Effect":"Deny","NotAction":"s3:*","Resource":"*",{strange}}}"#)],
            false,
        );
        check(&[&format!(r#"{{"Effect":"Allow","Action":"iot:*","Resource":"*",{strange}}}"#)], false);
    }

    #[test]
    fn long_documents_and_those_without_a_version_count() {
        let long = (0..80).map(|number| format!(r#""arn:aws:iot:us-east-1:000000000000:topic/{number}""#));
        let long = long.collect::<Vec<_>>().join(",");
        let long = format!(
            r#"{{"Version":"2012-10-17","Statement":[{ALLOW},{{"Effect":"Allow","Action":"iot:Publish","Resource":[{long}]}}]}}"#
        );
        assert!(may_publish(&accounts(&[&long], None)));
        assert!(may_publish(&accounts(&[&format!(r#"{{"Statement":{ALLOW}}}"#)], None)));
    }

    #[test]
    fn credentials_of_a_role_are_not_those_of_one_made_anew_under_its_name() {
        let whole = format!(r#"{{"Version":"2012-10-17","Statement":[{ALLOW}]}}"#);
        let accounts = accounts(&[&whole], None);
        let topic = message::Topic::parse("a/b").expect("a topic");
        let access = access(&accounts, &Scope::default(), "/r", "AROAOFBEFORE", IpAddr::from([127, 0, 0, 1]));
        assert!(!access.allows(&Ask::new(Action::Publish, Resource::Topic(&topic))));
        assert!(may_publish(&accounts));
    }

    #[test]
    fn a_role_with_a_boundary_may_do_nothing() {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{ALLOW}]}}"#);
        assert!(!may_publish(&accounts(&[&text], Some("arn:aws:iam::aws:policy/AdministratorAccess"))));
    }
}
