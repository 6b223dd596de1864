//! Calls of IAM in, roles, managed policies and users of the caller's account out. Decides nothing that the registry can
//! decide.

mod listing;
mod policies;
mod role_policies;
mod roles;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use ::aws::iam::roles::Tag;
use ::aws::iam::{Call, faults, reply};
use ::aws::value::Seconds;
use ::aws::{Fault, Output};
use axum::http::Response;
use registry::accounts::{Accounts, AccountsError, Draft, Kind};

use super::credentials::Caller;
use crate::http::Api;
use crate::ledger::Denied;
use crate::rights;

/// What a change needs beside its call.
struct Wish<'a> {
    account: &'a str,
    now_ms: u64,
    /// Becomes the id of what is created.
    random: [u8; 10],
}

/// Who answers which call.
macro_rules! calls {
    (reads { $($read:ident $reader:path;)* } changes { $($change:ident $changer:path;)* }) => {
        pub(super) async fn answer(
            api: &Arc<Api>,
            caller: &Caller,
            call: Call,
            request_id: &str,
        ) -> Result<Response<Vec<u8>>, Fault> {
            check_served(&call)?;
            match call {
                $(Call::$read(asked) => {
                    let accounts = api.shared.ledger.read();
                    Ok(reply(&$reader(&Look { accounts: &accounts, caller }, asked)?, request_id))
                })*
                $(Call::$change(asked) => {
                    let changed = change(api, caller, |draft, wish| $changer(draft, wish, asked)).await?;
                    Ok(reply(&changed, request_id))
                })*
            }
        }
    };
}

calls! {
    reads {
        GetRole roles::get;
        ListRoles roles::list;
        ListRoleTags roles::tags;
        ListInstanceProfilesForRole roles::instance_profiles;
        GetRolePolicy role_policies::get;
        ListRolePolicies role_policies::list;
        ListAttachedRolePolicies role_policies::attached;
        GetPolicy policies::get;
        ListPolicies policies::list;
        GetPolicyVersion policies::version;
        ListPolicyVersions policies::versions;
        GetUser users::get;
    }
    changes {
        CreateRole roles::create;
        DeleteRole roles::delete;
        UpdateRole roles::update;
        UpdateAssumeRolePolicy roles::update_trust;
        TagRole roles::tag;
        UntagRole roles::untag;
        PutRolePolicy role_policies::put;
        DeleteRolePolicy role_policies::delete;
        AttachRolePolicy role_policies::attach;
        DetachRolePolicy role_policies::detach;
        CreatePolicy policies::create;
        DeletePolicy policies::delete;
        CreatePolicyVersion policies::create_version;
        DeletePolicyVersion policies::delete_version;
        SetDefaultPolicyVersion policies::set_default;
    }
}

/// The accounts, as one caller looks at them.
struct Look<'a> {
    accounts: &'a Accounts,
    caller: &'a Caller,
}

impl<'a> Look<'a> {
    fn account(&self) -> &'a str {
        self.caller.scope.account()
    }
}

async fn change<O: Output>(
    api: &Api,
    caller: &Caller,
    decide: impl FnOnce(&mut Draft<'_>, &Wish<'_>) -> Result<O, AccountsError>,
) -> Result<O, Fault> {
    let mut random = [0; 10];
    crate::chance::fill(&mut random).map_err(faults::service_failure)?;
    let wish = Wish { account: caller.scope.account(), now_ms: api.shared.clock.wall_ms(), random };
    let changed = api.shared.ledger.change(&api.shared.desk, |draft| decide(draft, &wish)).await;
    let changed = changed.map_err(refused)?;
    rights::take_effect_on_signers(&api.shared).await;
    Ok(changed)
}

/// AWS's error for what the registry refuses; STS has the same.
pub(super) fn refused(denied: Denied) -> Fault {
    let error = match denied {
        Denied::Refused(error) => error,
        Denied::Unavailable(why) => return Fault::new(503, "ServiceUnavailable", why),
    };
    of(&error)
}

fn of(error: &AccountsError) -> Fault {
    let text = error.to_string();
    match error.kind() {
        Kind::Invalid => match error {
            AccountsError::Tag(key) if key.to_ascii_lowercase().starts_with("aws:") => {
                faults::invalid_input(text)
            }
            _ => faults::validation(text),
        },
        Kind::MalformedPolicy => faults::malformed_policy_document(text),
        Kind::Limit => faults::limit_exceeded(text),
        Kind::Exists => faults::entity_already_exists(text),
        Kind::NotFound => faults::no_such_entity(text),
        Kind::InUse => faults::delete_conflict(text),
        Kind::Denied => faults::access_denied(text),
    }
}

/// What would change the meaning of a call if it were left out of account.
fn check_served(call: &Call) -> Result<(), Fault> {
    let tags = match call {
        Call::CreateRole(call) if call.permissions_boundary.is_some() => {
            return Err(Fault::not_implemented(
                "`PermissionsBoundary` of CreateRole is not served by Thingstead: leave it out, and give the role \
                 policies that allow no more than the boundary does",
            ));
        }
        Call::CreateRole(call) => call.tags.as_deref(),
        Call::CreatePolicy(call) => call.tags.as_deref(),
        Call::TagRole(call) => Some(call.tags.as_slice()),
        _ => None,
    };
    let mut seen = std::collections::BTreeSet::new();
    match tags.into_iter().flatten().find(|tag| !seen.insert(tag.key.to_lowercase())) {
        Some(tag) => {
            let key: String = tag.key.chars().take(128).collect();
            let text = format!(
                "Duplicate tag keys found: {key} stands there twice, and upper and lower case are the same. Give it \
                 once"
            );
            Err(faults::invalid_input(text))
        }
        None => Ok(()),
    }
}

fn tags_of(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect()
}

fn shown_tags(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    let shown = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
    (!tags.is_empty()).then(|| tags.iter().map(shown).collect())
}

fn date(ms: u64) -> Seconds {
    Seconds::from_ms(ms.cast_signed())
}
