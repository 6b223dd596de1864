//! A role's IAM policies in, what may be done in its name with messages and connections out. Calls of the control
//! plane are not judged by them.

use std::net::IpAddr;
use std::sync::Arc;

use policy::{Access, Document, NamedDocument, Variables};
use registry::Scope;
use registry::accounts::Accounts;

/// AWS's own policies that speak of IoT's data plane; others grant nothing here.
const OF_AWS: [&str; 4] = [
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::aws:policy/PowerUserAccess",
    "arn:aws:iam::aws:policy/AWSIoTFullAccess",
    "arn:aws:iam::aws:policy/AWSIoTDataAccess",
];

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;

/// `role` is the role's path and name. A policy that is none for IoT grants nothing.
pub(super) fn access(accounts: &Accounts, scope: &Scope, role: &str, source_ip: IpAddr) -> Access {
    let name = role.rsplit('/').next().unwrap_or_default();
    let variables = Variables {
        principal: format!("role {name}"),
        account: scope.account().to_owned(),
        region: scope.region().to_owned(),
        source_ip: Some(source_ip.to_canonical()),
        ..Variables::default()
    };
    let Ok(role) = accounts.role(scope.account(), name) else {
        return Access::compile(&[], variables);
    };
    let inline = role.inline.iter().map(|(name, document)| (name.clone(), 1, document.clone()));
    let attached = role.attached.iter().filter_map(|arn| {
        if OF_AWS.contains(&arn.as_str()) {
            return Some((arn.clone(), 1, EVERYTHING.to_owned()));
        }
        let policy = accounts.policy(scope.account(), arn).ok()?;
        let version = policy.versions.get(&policy.default)?;
        Some((policy.name.clone(), policy.default, version.document.clone()))
    });
    let documents: Vec<NamedDocument> = inline
        .chain(attached)
        .filter_map(|(name, version, text)| {
            let document = Document::parse(&text).ok()?;
            Some(NamedDocument::new(name.as_str(), version, Arc::new(document)))
        })
        .collect();
    Access::compile(&documents, variables)
}
