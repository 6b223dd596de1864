//! A shadow's name in, who changed it when out. The document itself is AWS's calls' business.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use broker::ScopeId;
use serde::Deserialize;
use serde_json::{Value, json};
use shadow::ShadowId;
use shadow::history::{Change, Source};

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
) -> Result<Json<Value>, Refused> {
    let id =
        ShadowId::new(&thing, which.name.as_deref()).map_err(|wrong| Refused::invalid(wrong.to_string()))?;
    let most = which.most.unwrap_or(MOST);
    let changes = api.shared.desk.ask(move |hub| hub.shadow_history(ScopeId(0), &id, most)).await;
    let changes = changes.map_err(Refused::unavailable)?;
    let changes = changes
        .map_err(|error| Refused::unavailable(format!("the shadow's history cannot be read: {error}")))?;
    Ok(Json(json!({ "changes": changes.iter().map(describe).collect::<Vec<_>>() })))
}

fn describe(change: &Change) -> Value {
    json!({
        "version": change.version,
        "at_ms": change.at_ms,
        "by": change.client_id.as_deref().unwrap_or(&change.principal),
        "principal": change.principal,
        "source": match change.source {
            Source::Mqtt => "mqtt",
            Source::Http => "http",
            Source::Operator => "operator",
        },
        "state": change.asked.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        "deleted": change.asked.is_none(),
    })
}
