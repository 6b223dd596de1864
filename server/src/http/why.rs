//! A device in; out the last thing that went wrong for it, what the policies say of it now, what may be meant, and the
//! fix as commands. Changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use policy::{Action, Ask, Resource};
use serde_json::{Value, json};

use super::Api;
use super::hints::{hints, is_assigned};
use super::near;
use super::refusal::Refused;
use super::rules::entries;
use super::subject::Subject;
use crate::activity::{Record, Told, Trouble};

pub(super) async fn why(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let subject = Subject::find(&api, &name).await?;
    let latest = latest_trouble(&subject);
    let mut fixes = Vec::new();
    let mut allowed_now = None;
    if let Some((client, trouble)) = latest {
        // Over HTTPS policies do not know the thing, so what they say of MQTT is no answer.
        let told = trouble.verdict.as_ref().filter(|_| trouble.what != "call denied");
        allowed_now = told.and_then(|told| is_allowed_now(&api, &subject, client, told));
        fixes = match (&trouble.verdict, subject.certificate) {
            (Some(told), None) => without_certificate(told).into_iter().collect(),
            _ => fixes_of(&subject.device, trouble),
        };
    }
    let mut hints = hints(&api.shared, &subject, latest.map(|(_, trouble)| trouble));
    let rules = entries(&api, subject.scope).await?;
    hints.extend(near::rules(&subject, &rules));
    hints.extend(near::will(&subject, &rules));
    Ok(Json(json!({
        "device": subject.device,
        "went_wrong": latest.is_some(),
        "client": latest.map(|(client, _)| client),
        "trouble": latest.map(|(_, trouble)| trouble),
        "earlier": earlier(&subject),
        "allowed_now": allowed_now,
        "fixes": fixes,
        "hints": hints,
        "did_last": subject.latest().map(did_last),
        "handshakes": handshakes(&api),
        "now_ms": api.shared.clock.wall_ms(),
    })))
}

pub(super) fn latest_trouble(subject: &Subject) -> Option<(&Arc<str>, &Trouble)> {
    let troubles =
        subject.records.iter().filter_map(|(client, record)| Some((client, record.troubles.back()?)));
    troubles.max_by_key(|(_, trouble)| trouble.at_ms)
}

/// What went wrong before the last thing, the latest first.
fn earlier(subject: &Subject) -> Vec<&Trouble> {
    const MOST: usize = 3;
    let mut troubles: Vec<&Trouble> =
        subject.records.iter().flat_map(|(_, record)| &record.troubles).collect();
    troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.at_ms));
    troubles.into_iter().skip(1).take(MOST).collect()
}

/// Whether what was denied then is allowed by the policies as they are.
pub(super) fn is_allowed_now(api: &Api, subject: &Subject, client: &str, told: &Told) -> Option<bool> {
    subject.certificate?;
    let action = Action::from_name(&told.action)?;
    let now_ms = Some(api.shared.clock.wall_ms());
    let ask = Ask { now_ms, ..Ask::new(action, Resource::Arn(&told.arn)) };
    Some(subject.access_as(&api.shared, client).allows(&ask))
}

/// Commands, the best first.
pub(super) fn fixes_of(device: &str, trouble: &Trouble) -> Vec<String> {
    if let Some(told) = &trouble.verdict {
        // Nothing would be gained by allowing an id that is another one next time.
        if told.resource.strip_prefix("client/").is_some_and(is_assigned) {
            return Vec::new();
        }
        return told.fix.as_ref().map(|_| fix(device, told)).into_iter().collect();
    }
    // Texts name commands in backquotes.
    let quoted = trouble.text.split('`').skip(1).step_by(2);
    quoted
        .filter(|text| text.starts_with("thingstead ") || text.starts_with("aws "))
        .map(str::to_owned)
        .collect()
}

/// Policies hang on certificates; who comes without one has those of the listener or of its credentials.
fn without_certificate(told: &Told) -> Option<String> {
    let fix = told.fix.as_ref()?;
    let json = fix.json.as_ref()?;
    let policy = fix.policy.as_deref().unwrap_or("a new policy");
    Some(format!("the client came without a certificate: add this to {policy}, which it came under: {json}"))
}

/// The command that makes a verdict another one.
pub(super) fn fix(device: &str, told: &Told) -> String {
    match told.fix.as_ref().map(|fix| (fix.kind.as_str(), &fix.policy)) {
        Some(("narrow-deny", Some(policy))) => format!("thingstead policy show {}", word(policy)),
        _ => {
            let action = told.action.split_once(':').map_or(told.action.as_str(), |(_, action)| action);
            let resource = told.resource.split_once('/').map_or(told.resource.as_str(), |(_, name)| name);
            let resource = if told.resource.starts_with("arn:") { &told.resource } else { resource };
            let (action, resource) = (action.to_lowercase(), literal(resource));
            format!("thingstead policy allow {} {action} {}", word(device), word(&resource))
        }
    }
}

/// As a policy has to write it to mean itself.
fn literal(text: &str) -> String {
    text.replace("${", "${$}{").replace('*', "${*}").replace('?', "${?}")
}

/// One word of a shell's line.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn did_last(record: &Record) -> Value {
    let topic = record.last_topic();
    json!({
        "connected": record.link.is_some(),
        "connected_ms": record.connected_ms,
        "parting": record.parting,
        "published": record.published,
        "received": record.received,
        "topic": topic.map(|(topic, _)| topic),
        "published_ms": topic.map(|(_, published)| published.last_ms),
        "filters": record.filters,
    })
}

/// Failed handshakes whose certificate nobody could see.
fn handshakes(api: &Api) -> Vec<Value> {
    const LATEST: usize = 3;
    let notes = api.shared.activity.latest(Some(""), 100);
    let failed = notes.into_iter().rev().filter(|note| note.what == "handshake failed").take(LATEST);
    failed.map(|note| json!({ "at_ms": note.at_ms, "text": note.text })).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use policy::{Access, Document, NamedDocument, Variables};

    use super::*;

    fn told(document: &str, ask: &Ask<'_>) -> Told {
        let document = Document::parse(document).expect("a document");
        let variables =
            Variables { account: "000000000000".into(), region: "us-east-1".into(), ..Variables::default() };
        let access = Access::compile(&[NamedDocument::new("p", 1, Arc::new(document))], variables);
        Told::of(&access.evaluate(ask))
    }

    const NOTHING: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:000000000000:client/x"}]}"#;

    #[test]
    fn the_fix_is_a_command_that_a_shell_can_take() {
        for (ask, command) in [
            (Ask::publish("BME680/temperature"), "thingstead policy allow pump-1 publish BME680/temperature"),
            (Ask::subscribe("a/#"), "thingstead policy allow pump-1 subscribe 'a/#'"),
            (Ask::connect("pump 1"), "thingstead policy allow pump-1 connect 'pump 1'"),
            (Ask::publish("a*/it's"), r"thingstead policy allow pump-1 publish 'a${*}/it'\''s'"),
            (Ask::publish("a${b}"), "thingstead policy allow pump-1 publish 'a${$}{b}'"),
        ] {
            assert_eq!(fix("pump-1", &told(NOTHING, &ask)), command);
        }
        const DENY: &str = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "iot:Publish", "Resource": "*"}]}"#;
        assert_eq!(fix("pump-1", &told(DENY, &Ask::publish("a"))), "thingstead policy show p");
    }

    #[test]
    fn a_text_that_names_commands_gives_them_as_fixes() {
        let text =
            "certificate 1 is INACTIVE; activate it with `aws iot update-certificate --new-status ACTIVE`";
        let trouble = Trouble::new("connect refused", "AUTH_ERROR", text, None);
        assert_eq!(fixes_of("pump-1", &trouble), ["aws iot update-certificate --new-status ACTIVE"]);
        assert!(fixes_of("pump-1", &Trouble::new("disconnected", "X", "no `such` thing", None)).is_empty());
    }
}
