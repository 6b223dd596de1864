//! Calls about users in, users as IAM shows them out. A user has no record: it is who a named access key stands for.

use ::aws::Fault;
use ::aws::iam::faults;
use ::aws::iam::users::{GetUser, GetUserOutput, User};
use registry::accounts::{Principal, SessionHolder};

use super::{Look, date};

/// Without a name, whoever calls.
pub(super) fn get(look: &Look<'_>, call: GetUser) -> Result<GetUserOutput, Fault> {
    let user = match (call.user_name, &look.caller.holder) {
        (Some(name), _) => by_key(look, |key| key.name.as_ref() == Some(&name)).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            faults::no_such_entity(format!(
                "The user with name {name} cannot be found: a user is who a key of `thingstead keys new --name` \
                 stands for"
            ))
        })?,
        (None, SessionHolder::User { name, key }) => by_key(look, |found| found.id == *key)
            .unwrap_or_else(|| user(look, Principal::User { name, key }, 0)),
        (None, SessionHolder::Root) => user(look, Principal::Root, 0),
        (None, SessionHolder::Role { .. }) => {
            return Err(faults::validation(
                "Must specify userName when calling with non-User credentials: a role's session is no user",
            ));
        }
    };
    Ok(GetUserOutput { user })
}

fn by_key(look: &Look<'_>, is_it: impl Fn(&registry::accounts::AccessKey) -> bool) -> Option<User> {
    let key = look.accounts.keys(look.account()).find(|key| is_it(key))?;
    let name = key.name.as_deref()?;
    Some(user(look, Principal::User { name, key: &key.id }, key.created_ms))
}

fn user(look: &Look<'_>, principal: Principal<'_>, created_ms: u64) -> User {
    let account = look.account();
    let name = match principal {
        Principal::User { name, .. } => name,
        _ => "root",
    };
    User {
        path: "/".to_owned(),
        user_name: name.to_owned(),
        user_id: principal.user_id(account),
        arn: principal.arn(account),
        create_date: date(created_ms),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}
