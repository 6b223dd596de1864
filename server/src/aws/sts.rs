//! Calls of STS in, identities and temporary credentials out. What a trust policy says is decided by the registry.

use std::sync::Arc;

use ::aws::sts::identity::{GetAccessKeyInfo, GetAccessKeyInfoOutput, GetCallerIdentityOutput};
use ::aws::sts::sessions::{
    AssumeRole, AssumeRoleOutput, AssumedRoleUser, Credentials, GetSessionToken, GetSessionTokenOutput,
};
use ::aws::sts::{Call, reply};
use ::aws::value::{Seconds, Secret};
use ::aws::{Fault, iam};
use axum::http::Response;
use registry::accounts::{Asker, Assumption, Holder, SESSION_RANDOM, Session};

use super::credentials::Caller;
use super::iam::refused;
use crate::http::Api;

pub(super) async fn answer(
    api: &Arc<Api>,
    caller: &Caller,
    call: Call,
    request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    Ok(match call {
        Call::GetCallerIdentity(_) => reply(&identity(caller), request_id),
        Call::GetAccessKeyInfo(call) => reply(&key_info(api, &call)?, request_id),
        Call::AssumeRole(call) => reply(&assume(api, caller, &call).await?, request_id),
        Call::GetSessionToken(call) => reply(&session_token(api, caller, &call).await?, request_id),
    })
}

fn identity(caller: &Caller) -> GetCallerIdentityOutput {
    let (account, principal) = (caller.scope.account(), caller.holder.as_principal());
    GetCallerIdentityOutput {
        user_id: principal.user_id(account),
        account: account.to_owned(),
        arn: principal.arn(account),
    }
}

fn key_info(api: &Api, call: &GetAccessKeyInfo) -> Result<GetAccessKeyInfoOutput, Fault> {
    let accounts = api.shared.ledger.read();
    let id = call.access_key_id.as_str();
    let account = match accounts.holder_of(id) {
        Holder::Known(identity) => identity.account,
        Holder::Account(account) => account,
        Holder::Test => api.scope.account(),
        Holder::Gone | Holder::Unknown => {
            let id: String = id.chars().take(128).collect();
            let text = format!("there is no access key {id}: `thingstead keys ls` shows those of an account");
            return Err(iam::faults::validation(text));
        }
    };
    Ok(GetAccessKeyInfoOutput { account: account.to_owned() })
}

async fn assume(api: &Api, caller: &Caller, call: &AssumeRole) -> Result<AssumeRoleOutput, Fault> {
    let (account, role) = role_of(&call.role_arn)?;
    if call.role_session_name.chars().count() < 2 {
        return Err(iam::faults::validation("`RoleSessionName` must have at least 2 letters"));
    }
    let random = random()?;
    let now_ms = api.shared.clock.wall_ms();
    let wanted = Assumption {
        account: &account,
        role: &role,
        session: &call.role_session_name,
        duration_s: call.duration_seconds,
        external_id: call.external_id.as_deref(),
    };
    let decided = api.shared.ledger.change(&api.shared.desk, |draft| {
        draft.assume_role(&asker(caller), &wanted, &random, now_ms).cloned()
    });
    let session = decided.await.map_err(refused)?;
    let principal = session.holder.as_principal();
    Ok(AssumeRoleOutput {
        assumed_role_user: AssumedRoleUser {
            assumed_role_id: principal.user_id(&account),
            arn: principal.arn(&account),
        },
        credentials: credentials(&session),
        packed_policy_size: None,
        source_identity: None,
        session_token_utilization: None,
        session_token_size: None,
    })
}

async fn session_token(
    api: &Api,
    caller: &Caller,
    call: &GetSessionToken,
) -> Result<GetSessionTokenOutput, Fault> {
    let random = random()?;
    let now_ms = api.shared.clock.wall_ms();
    let decided = api.shared.ledger.change(&api.shared.desk, |draft| {
        draft.session_token(&asker(caller), call.duration_seconds, &random, now_ms).cloned()
    });
    let session = decided.await.map_err(refused)?;
    Ok(GetSessionTokenOutput {
        credentials: credentials(&session),
        session_token_utilization: None,
        session_token_size: None,
    })
}

fn asker(caller: &Caller) -> Asker<'_> {
    Asker {
        account: caller.scope.account(),
        principal: caller.holder.as_principal(),
        is_temporary: caller.is_temporary,
    }
}

/// The account of a role, and its path and name.
fn role_of(arn: &str) -> Result<(String, String), Fault> {
    let parts = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    let Some((account, name)) = parts.filter(|(account, _)| account.len() == 12) else {
        let arn: String = arn.chars().take(200).collect();
        return Err(iam::faults::validation(format!(
            "{arn} is no ARN of a role: it looks like arn:aws:iam::123456789012:role/NAME"
        )));
    };
    Ok((account.to_owned(), format!("/{name}")))
}

fn random() -> Result<[u8; SESSION_RANDOM], Fault> {
    let mut random = [0; SESSION_RANDOM];
    crate::chance::fill(&mut random).map_err(iam::faults::service_failure)?;
    Ok(random)
}

fn credentials(session: &Session) -> Credentials {
    Credentials {
        access_key_id: session.id.clone(),
        secret_access_key: Secret(session.secret.expose().to_owned()),
        session_token: Secret(session.token.expose().to_owned()),
        expiration: Seconds::from_ms(session.expires_ms.cast_signed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_roles_are_taken_apart() {
        let check = |arn: &str, expected: Option<(&str, &str)>| {
            let found = role_of(arn).ok();
            let found = found.as_ref().map(|(account, role)| (account.as_str(), role.as_str()));
            assert_eq!(found, expected, "{arn}");
        };
        check("arn:aws:iam::111122223333:role/r", Some(("111122223333", "/r")));
        check("arn:aws:iam::111122223333:role/a/b/r", Some(("111122223333", "/a/b/r")));
        check("arn:aws:iam::1111:role/r", None);
        check("arn:aws:iam::111122223333:user/r", None);
        check("arn:aws:sts::111122223333:assumed-role/r/s", None);
        check("r", None);
    }
}
