//! What the command line asks of a running instance: status, time, activity, traces. Devices have their own file.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use hub::trace::What;
use registry::Order;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Api;
use super::metrics::{counters, gauges};
use super::refusal::Refused;
use crate::clock::Reading;
use crate::registrar::Unavailable;

const MOST: usize = 100;

pub(super) async fn health() -> Json<Value> {
    Json(json!({
        // The words of LocalStack's health page; a service is only named running once it is served.
        "services": {
            "iot": "running", "iot-data": "running", "sts": "running", "iam": "running", "mqtt": "running",
        },
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

pub(super) async fn status(State(api): State<Arc<Api>>) -> Json<Value> {
    let shared = &api.shared;
    let mut numbers = Map::new();
    for (name, _, value) in gauges(shared).into_iter().chain(counters(shared)) {
        numbers.insert(name.into(), value.into());
    }
    let (things, certificates) = {
        let registry = shared.registry();
        (
            registry.things(&api.scope, None).count(),
            registry.certificates(&api.scope, None, Order::OldestFirst).count(),
        )
    };
    Json(json!({
        "running": true,
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "up_ms": shared.clock.machine_ms(),
        "dialect": shared.settings.dialect.to_string(),
        "endpoints": api.endpoints,
        "endpoint": api.identity.endpoint(),
        "time": shared.clock.read(),
        "things": things,
        "certificates": certificates,
        "numbers": numbers,
    }))
}

/// Empties everything but the root CA, the operator and the clock.
pub(super) async fn reset(State(api): State<Arc<Api>>) -> Result<Json<Value>, Refused> {
    if !api.allow_reset {
        return Err(Refused::forbidden(
            "a reset would empty everything, so it has to be allowed first: start thingstead with --allow-reset",
        ));
    }
    let reset = tokio::spawn(async move { api.shared.registrar.reset().await }).await;
    match reset {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ok" }))),
        Ok(Err(Unavailable(why))) => Err(Refused::unavailable(why)),
        Err(error) => Err(Refused::unavailable(error.to_string())),
    }
}

pub(super) async fn time(State(api): State<Arc<Api>>) -> Json<Reading> {
    Json(api.shared.clock.read())
}

/// What to do with the clock.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Steer {
    Freeze {},
    Advance { ms: u64 },
    Resume {},
}

/// No step may be longer, so that no deadline overflows.
const STEP_MS: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// Replies when everything that fell due was told.
pub(super) async fn steer(State(api): State<Arc<Api>>, body: Bytes) -> Result<Json<Reading>, Refused> {
    let clock = &api.shared.clock;
    match parse(&body)? {
        Steer::Freeze {} => clock.freeze(),
        Steer::Resume {} => clock.resume(),
        Steer::Advance { ms } if ms > STEP_MS => {
            return Err(Refused::invalid("time moves at most 100 years at once"));
        }
        Steer::Advance { ms } => clock.advance(ms),
    }
    api.shared.desk.tick().await;
    Ok(Json(clock.read()))
}

/// Which of the latest activities.
#[derive(Debug, Deserialize)]
pub(super) struct ActivityQuery {
    client: Option<String>,
    most: Option<usize>,
}

pub(super) async fn activity(State(api): State<Arc<Api>>, Query(query): Query<ActivityQuery>) -> Json<Value> {
    let notes = api.shared.activity.latest(query.client.as_deref(), query.most.unwrap_or(MOST));
    Json(json!({ "activity": notes }))
}

/// Which steps: of one message, or the latest.
#[derive(Debug, Deserialize)]
pub(super) struct TraceQuery {
    message: Option<u64>,
    most: Option<usize>,
}

pub(super) async fn trace(State(api): State<Arc<Api>>, Query(query): Query<TraceQuery>) -> Json<Value> {
    let steps = match query.message {
        Some(message) => api.shared.traces.of(message),
        None => api.shared.traces.latest(query.most.unwrap_or(MOST)),
    };
    let steps: Vec<Value> = steps.iter().map(step).collect();
    Json(json!({ "steps": steps }))
}

pub(super) fn step(step: &hub::Step) -> Value {
    let mut shown = match &step.what {
        What::Published { client, topic, qos, bytes, receivers } => json!({
            "what": "published", "client": &**client, "topic": topic.as_str(), "qos": *qos as u8,
            "bytes": bytes, "receivers": receivers,
        }),
        What::Refused { client, topic, why } => {
            json!({ "what": "refused", "client": &**client, "topic": topic, "why": why })
        }
        What::Rule { rule, result, text, .. } => {
            json!({ "what": "rule", "rule": &**rule, "result": result, "text": text })
        }
        What::Stored { receivers } => json!({ "what": "stored", "receivers": receivers }),
    };
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("message".into(), step.message.into());
        fields.insert("at_ms".into(), step.at_ms.into());
    }
    shown
}

/// A JSON body, whatever content type it came with.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| Refused::invalid(format!("the body is not the JSON that is expected here: {error}")))
}
