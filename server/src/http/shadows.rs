//! A shadow's name in, who changed it when out, or an earlier version made the current one again. The document itself is
//! AWS's calls' business.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use broker::ScopeId;
use hub::{Asker, Hub, RestoreError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shadow::ShadowId;
use shadow::history::{Change, Source};

use crate::aws::UNSIGNED;

use super::Api;
use super::refusal::Refused;

/// Entries where the call does not say.
const MOST: u64 = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    name: Option<String>,
    most: Option<u64>,
}

/// The latest changes, oldest first.
pub(super) async fn log(
    State(api): State<Arc<Api>>,
    Path(thing): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Log>, Refused> {
    let id =
        ShadowId::new(&thing, which.name.as_deref()).map_err(|wrong| Refused::invalid(wrong.to_string()))?;
    let most = which.most.unwrap_or(MOST);
    let changes = api.shared.desk.ask(move |hub| hub.shadow_history(ScopeId(0), &id, most)).await;
    let changes = changes.map_err(Refused::unavailable)?;
    let changes = changes
        .map_err(|error| Refused::unavailable(format!("the shadow's history cannot be read: {error}")))?;
    Ok(Json(Log { changes: changes.into_iter().map(Entry::of).collect() }))
}

/// What to restore.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    name: Option<String>,
    version: u64,
}

/// What was accepted; it is told like any update.
pub(super) async fn restore(
    State(api): State<Arc<Api>>,
    Path(thing): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let Restore { name, version } = super::control::parse(&body)?;
    let id = ShadowId::new(&thing, name.as_deref()).map_err(|wrong| Refused::invalid(wrong.to_string()))?;
    let asker = Asker { principal: UNSIGNED.into(), client: None, source: Source::Restore };
    let decide = move |hub: &mut Hub<_>, now_ms, plan: &mut _| {
        hub.restore_shadow(now_ms, ScopeId(0), &asker, (&id, version), plan)
    };
    let decided = api.shared.desk.call(0, decide).await.map_err(Refused::unavailable)?;
    let accepted = decided.map_err(|error| match error {
        RestoreError::Snapshot(_) => Refused::not_found(error.to_string()),
        RestoreError::Rejected(_) => Refused::invalid(error.to_string()),
        RestoreError::Read(_) | RestoreError::DiskFull => Refused::unavailable(error.to_string()),
    })?;
    Ok(([(CONTENT_TYPE, "application/json")], accepted).into_response())
}

/// A shadow's history.
#[derive(Debug, Serialize)]
pub(super) struct Log {
    changes: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    version: u64,
    at_ms: u64,
    by: String,
    principal: String,
    source: &'static str,
    /// As it was asked for, with every digit.
    state: Option<Box<RawValue>>,
    deleted: bool,
}

impl Entry {
    fn of(change: Change) -> Entry {
        Entry {
            version: change.version,
            at_ms: change.at_ms,
            by: change.client_id.unwrap_or_else(|| change.principal.clone()),
            principal: change.principal,
            source: change.source.word(),
            deleted: change.asked.is_none(),
            state: change.asked.and_then(|asked| RawValue::from_string(asked).ok()),
        }
    }
}
