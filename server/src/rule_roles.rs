//! The roles that rules act in: whether the platform may, and what they let it publish. Out: AWS's reasons, and rights for
//! the hub.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hub::Event;
use policy::Access;
use registry::Scope;
use registry::accounts::{Accounts, Role, Trustee, check_trust};

use crate::aws::role_access;
use crate::shared::Shared;

/// Who assumes the role.
const SERVICE: &str = "iot.amazonaws.com";

/// # Errors
/// The platform cannot act in this role, in words.
pub(crate) fn check(accounts: &Accounts, scope: &Scope, arn: &str) -> Result<(), String> {
    let path = arn
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":role/"))
        .ok_or_else(|| format!("{arn} is no role's ARN: arn:aws:iam::ACCOUNT:role/NAME"))?;
    let (account, name) = (path.0, path.1.rsplit('/').next().unwrap_or_default());
    if account != scope.account() {
        return Err(format!("role {arn} belongs to another account: a rule acts in a role of its own"));
    }
    let role = accounts
        .role(account, name)
        .ok()
        // A name is used once, whatever its path; an ARN with another path is nobody's.
        .filter(|role| role.arn() == arn)
        .ok_or_else(|| format!("there is no role {arn}: make it with CreateRole"))?;
    trusts(role, scope).map_err(|reason| format!("{SERVICE} may not assume role {arn}: {reason}"))
}

fn trusts(role: &Role, scope: &Scope) -> Result<(), String> {
    let facts = [("aws:SourceAccount", scope.account())];
    check_trust(&role.trust, Trustee::Service(SERVICE), &facts)
}

/// Where roles are held to what they may: tells the hub what each lets a rule publish. Elsewhere nothing is told.
pub(crate) fn refresh(shared: &Arc<Shared>) {
    if !shared.settings.strict_roles {
        return;
    }
    let accounts = shared.ledger.read();
    for (scope, number) in shared.scopes.all() {
        let trusted = accounts.roles(scope.account()).filter(|role| trusts(role, &scope).is_ok());
        let rights = |role: &Role| (role.arn(), access(&accounts, &scope, role));
        let roles: BTreeMap<String, Access> = trusted.map(rights).collect();
        shared.desk.submit(Event::RuleRoles { scope: number, roles });
    }
}

fn access(accounts: &Accounts, scope: &Scope, role: &Role) -> Access {
    role_access(accounts, scope, &role.name, &role.id, IpAddr::V4(Ipv4Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use registry::accounts::NewRole;

    use super::*;

    #[test]
    fn a_role_is_named_with_its_path() {
        let mut accounts = Accounts::default();
        let mut draft = accounts.draft();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"Service":"iot.amazonaws.com"}}]}"#;
        let new = NewRole {
            name: "rules".to_owned(),
            path: "/p/".to_owned(),
            trust: trust.to_owned(),
            description: None,
            max_session_s: None,
            boundary: None,
            tags: BTreeMap::new(),
            random: [0; 10],
        };
        let scope = Scope::new("000000000000", "us-east-1").expect("a scope");
        draft.create_role(scope.account(), new, 5).expect("a role");
        let change = draft.finish();
        accounts.apply(change);
        let check = |path: &str| check(&accounts, &scope, &format!("arn:aws:iam::000000000000:role/{path}"));
        assert_eq!(check("p/rules"), Ok(()));
        for path in ["other/rules", "rules", "p/p/rules", "P/rules", ""] {
            assert!(check(path).is_err_and(|why| why.contains("there is no role")), "{path}");
        }
    }
}
