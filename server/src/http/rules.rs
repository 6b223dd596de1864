//! What people ask about rules: which there are, what messages they woke for and what came of them, what failed for
//! good; and the owner of an address says yes. Decides nothing itself.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use broker::ScopeId;
use hub::{Hub, Plan};
use rules::{DestinationError, Entry, Letter, Recorded};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Need;

use super::Api;
use super::control::step;
use super::refusal::Refused;

/// The link that the owner of an address was sent. Who has it may open it, as on AWS; a signed call goes its own way.
pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    peer: ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        return crate::aws::call(State(api), peer, request).await.into_response();
    }
    let scopes: Vec<_> = api.shared.scopes.all().into_iter().map(|(_, scope)| scope).collect();
    let decide = move |hub: &mut Hub<_>, now_ms, plan: &mut Plan<_>| {
        if !hub.has_room(Need::Reserve) {
            return None;
        }
        let mut tried = scopes.iter().map(|scope| hub.confirm_destination(now_ms, *scope, &token, plan));
        Some(tried.find(Result::is_ok).unwrap_or(Err(DestinationError::Token)))
    };
    match api.shared.desk.call(0, decide).await {
        Ok(Some(Ok(()))) => Json(json!({})).into_response(),
        Ok(None) => {
            let text = "the disk is full, so the confirmation cannot be kept: free some space and open the link again";
            Refused::unavailable(text.to_owned()).into_response()
        }
        Ok(Some(Err(error))) => Refused::invalid(error.to_string()).into_response(),
        Err(text) => Refused::unavailable(text).into_response(),
    }
}

/// Messages and letters where the call does not say.
const MOST: usize = 20;
/// Bytes of the letters of one reply; the latest are shown.
const LETTERS_BYTES: usize = 16 * 1024 * 1024;

fn scope(api: &Api) -> ScopeId {
    api.shared.scopes.find(&api.scope).unwrap_or_default()
}

/// The rules of an account and region, in the order of their names.
pub(super) async fn entries(api: &Api, scope: ScopeId) -> Result<Vec<Entry>, Refused> {
    let all = move |hub: &Hub<_>| -> Vec<Entry> {
        hub.rules(scope).into_iter().flat_map(|rules| rules.iter_after(None)).cloned().collect()
    };
    api.shared.desk.ask(all).await.map_err(Refused::unavailable)
}

/// Every rule, with how often it fired.
pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<Value>, Refused> {
    let scope = scope(&api);
    let rules = entries(&api, scope).await?;
    let rules: Vec<Value> = rules.iter().map(|entry| summary(&api, scope, entry)).collect();
    Ok(Json(json!({ "rules": rules })))
}

fn summary(api: &Api, scope: ScopeId, entry: &Entry) -> Value {
    let record = &entry.record;
    json!({
        "name": record.name,
        "filter": entry.rule.filter().map(ToString::to_string),
        "is_disabled": entry.rule.is_disabled,
        "created_ms": record.created_ms,
        "account": &*entry.rule.account,
        "definition": record.definition,
        "tally": api.shared.firings.tally(scope, &record.name),
    })
}

/// One rule as it is kept, with what in it is probably not meant.
pub(super) async fn named(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let scope = scope(&api);
    let rules = entries(&api, scope).await?;
    let entry = rules.iter().find(|entry| entry.record.name == name).ok_or_else(|| unknown(&rules, &name))?;
    let mut shown = summary(&api, scope, entry);
    let findings = rules::lint(&entry.record.definition);
    if let Some(fields) = shown.as_object_mut() {
        let findings = findings
            .iter()
            .map(|found| json!({ "place": found.place, "text": found.text, "fix": found.fix }));
        fields.insert("findings".into(), findings.collect());
    }
    Ok(Json(shown))
}

fn unknown(rules: &[Entry], name: &str) -> Refused {
    let near = rules.iter().find(|entry| entry.record.name.eq_ignore_ascii_case(name));
    Refused::not_found(match near {
        Some(entry) => format!("no rule is called {name}: did you mean {}?", entry.record.name),
        None => format!("no rule is called {name}: `thingstead rule ls` lists them"),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    rule: Option<String>,
    most: Option<usize>,
}

/// The latest messages that woke rules, oldest first.
pub(super) async fn messages(State(api): State<Arc<Api>>, Query(which): Query<Which>) -> Json<Value> {
    let most = which.most.unwrap_or(MOST);
    let found = api.shared.firings.latest(scope(&api), which.rule.as_deref(), most);
    Json(json!({ "messages": found.iter().map(Recorded::to_json).collect::<Vec<_>>() }))
}

/// One of them, with every step that the trace still has of it.
pub(super) async fn message(
    State(api): State<Arc<Api>>,
    Path(number): Path<u64>,
) -> Result<Json<Value>, Refused> {
    let steps = api.shared.traces.of(number);
    let Some(found) = api.shared.firings.find(scope(&api), number) else {
        let known = if steps.is_empty() { "is not remembered" } else { "woke no rule, or is forgotten" };
        return Err(Refused::not_found(format!(
            "message {number} {known}: `thingstead rule explain NAME` lists the latest, and the list begins anew with \
             the process"
        )));
    };
    let steps: Vec<Value> = steps.iter().map(step).collect();
    Ok(Json(json!({ "recorded": found.to_json(), "steps": steps })))
}

/// What rules could not do and no error action was told of, oldest first; and what waits to be done.
pub(super) async fn letters(
    State(api): State<Arc<Api>>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Refused> {
    let (scope, most) = (scope(&api), which.most.unwrap_or(MOST));
    let is_asked = |letter: &Letter| which.rule.as_ref().is_none_or(|rule| *rule == letter.rule);
    let (mut found, mut bytes, mut from) = (VecDeque::new(), 0, 0);
    // Page by page: messages are decided in between.
    loop {
        let asked = api.shared.desk.ask(move |hub| hub.rule_letters(scope, from)).await;
        let page = asked.map_err(Refused::unavailable)?;
        let (letters, next) =
            page.map_err(|error| Refused::unavailable(format!("the letters cannot be read: {error}")))?;
        for letter in letters.iter().filter(|letter| is_asked(letter)) {
            let letter = json!(letter).to_string();
            bytes += letter.len();
            found.push_back(letter);
            while found.len() > most || bytes > LETTERS_BYTES && found.len() > 1 {
                bytes -= found.pop_front().map_or(0, |letter: String| letter.len());
            }
        }
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    let asked = api.shared.desk.ask(move |hub| hub.rule_backlog(scope)).await;
    let (waiting, waiting_bytes) = asked.map_err(Refused::unavailable)?;
    let letters: Vec<Value> = found.iter().filter_map(|letter| serde_json::from_str(letter).ok()).collect();
    Ok(Json(json!({ "letters": letters, "waiting": waiting, "waiting_bytes": waiting_bytes })))
}
