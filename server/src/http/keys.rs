//! Access keys of AWS's clients: made, listed, removed. A secret is shown once, when it is made.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use registry::accounts::{AccessKey, AccountsError, Draft, KEY_RANDOM, Kind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::control::parse;
use super::refusal::Refused;
use crate::ledger::Denied;
use crate::rights;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    account: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    account: Option<String>,
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let wish: NewKey = parse(&body)?;
    let mut random = [0; KEY_RANDOM];
    crate::chance::fill(&mut random).map_err(Refused::unavailable)?;
    let account = wish.account.unwrap_or_else(|| api.scope.account().to_owned());
    let now_ms = api.shared.clock.wall_ms();
    let of = account.clone();
    let key =
        change(&api, move |draft| draft.create_key(&of, wish.name.as_deref(), &random, now_ms).cloned())
            .await?;
    let mut shown = describe(&account, &key);
    shown["secret_access_key"] = json!(key.secret.expose());
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn list(State(api): State<Arc<Api>>, Query(of): Query<Of>) -> Json<Value> {
    let account = of.account.unwrap_or_else(|| api.scope.account().to_owned());
    let accounts = api.shared.ledger.read();
    let keys: Vec<Value> = accounts.keys(&account).map(|key| describe(&account, key)).collect();
    Json(json!({ "keys": keys }))
}

pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let account = api.shared.ledger.read().secret_of(&id).map(|identity| identity.account.to_owned());
    let account = account.unwrap_or_else(|| api.scope.account().to_owned());
    let key = id.clone();
    change(&api, move |draft| draft.remove_key(&account, &key)).await?;
    Ok(Json(json!({ "removed": id })))
}

async fn change<T: Send + 'static>(
    api: &Arc<Api>,
    decide: impl FnOnce(&mut Draft<'_>) -> Result<T, AccountsError> + Send + 'static,
) -> Result<T, Refused> {
    let api = api.clone();
    // A caller that hangs up must not leave a committed change that memory does not have.
    let changed = tokio::spawn(async move {
        let changed = api.shared.ledger.change(&api.shared.desk, decide).await;
        rights::take_effect_on_signers(&api.shared).await;
        changed
    });
    let changed = changed.await;
    changed.map_err(|error| Refused::unavailable(error.to_string()))?.map_err(|denied| match denied {
        Denied::Refused(error) if error.kind() == Kind::NotFound => Refused::not_found(error.to_string()),
        Denied::Refused(error) => Refused::invalid(error.to_string()),
        Denied::Unavailable(why) => Refused::unavailable(why),
    })
}

fn describe(account: &str, key: &AccessKey) -> Value {
    json!({
        "account": account,
        "access_key_id": key.id,
        "name": key.name,
        "secret_ends_with": key.secret.ending(),
        "created_ms": key.created_ms,
    })
}
