//! A device in, an ordered list of checks out that ends at the first failure, with its fix. Changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use policy::Ask;
use registry::{CertificateId, CertificateRecord};
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use super::hints::{has_receivers, latest_topics};
use super::refusal::Refused;
use super::subject::Subject;
use super::why::{fix, is_allowed_now, word};
use crate::activity::Told;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    text: String,
    fixes: Vec<String>,
}

/// What a check found: good, or bad with the commands that mend it.
type Finding = Result<String, (String, Vec<String>)>;

type Examine = fn(&Api, &Subject) -> Finding;

pub(super) async fn doctor(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let subject = match Subject::find(&api, &name).await {
        Ok(subject) => subject,
        Err(_) => return Ok(Json(report(&name, vec![check("thing known", no_thing(&name))]))),
    };
    Ok(Json(report(&name, examine(&api, &subject))))
}

fn report(device: &str, checks: Vec<Check>) -> Value {
    let healthy = checks.iter().all(|check| check.ok);
    json!({ "device": device, "healthy": healthy, "checks": checks })
}

fn check(name: &'static str, finding: Finding) -> Check {
    match finding {
        Ok(text) => Check { name, ok: true, text, fixes: Vec::new() },
        Err((text, fixes)) => Check { name, ok: false, text, fixes },
    }
}

fn examine(api: &Api, subject: &Subject) -> Vec<Check> {
    let checks: [(&'static str, Examine); 10] = [
        ("thing known", thing_known),
        ("certificate known", certificate_known),
        ("certificate active", certificate_active),
        ("certificate in date", certificate_in_date),
        ("policy attached", policy_attached),
        ("client id allowed", client_id_allowed),
        ("thing attached", thing_attached),
        ("connected lately", connected_lately),
        ("publishes allowed", publishes_allowed),
        ("somebody listens", somebody_listens),
    ];
    let mut done = Vec::new();
    for (name, examine) in checks {
        let check = check(name, examine(api, subject));
        let ok = check.ok;
        done.push(check);
        if !ok {
            break;
        }
    }
    done
}

fn no_thing(device: &str) -> Finding {
    let text = format!("there is no thing {device}");
    Err((text, vec![format!("thingstead device new {}", word(device))]))
}

fn thing_known(_: &Api, subject: &Subject) -> Finding {
    if subject.is_thing { Ok(format!("thing {}", subject.device)) } else { no_thing(&subject.device) }
}

/// With the record of the certificate that counts, if there is one.
fn with_record<T>(
    api: &Api,
    subject: &Subject,
    look: impl FnOnce(&CertificateId, &CertificateRecord) -> T,
) -> Option<T> {
    let id = subject.certificate?;
    let registry = api.shared.registry();
    registry.find_certificate(&id).map(|record| look(&id, record))
}

fn certificate_known(api: &Api, subject: &Subject) -> Finding {
    with_record(api, subject, |id, _| format!("certificate {id}")).ok_or_else(|| {
        let device = word(&subject.device);
        let text = "no certificate is attached to the thing, and no client of its name came with one";
        let arn = "arn:aws:iot:REGION:ACCOUNT:cert/CERTIFICATE-ID";
        let attach = format!("aws iot attach-thing-principal --thing-name {device} --principal {arn}");
        (text.to_owned(), vec![attach])
    })
}

fn certificate_active(api: &Api, subject: &Subject) -> Finding {
    let found = with_record(api, subject, |id, record| {
        let within = record.not_before_s.max(0);
        match registry::verify_presented(id, Some(record), within) {
            Ok(_) => Ok(record.status.to_string()),
            Err(refusal) => Err(refused(&refusal.to_string())),
        }
    });
    found.unwrap_or_else(|| Ok(String::new()))
}

fn certificate_in_date(api: &Api, subject: &Subject) -> Finding {
    let now_s = api.shared.clock.wall_s();
    let found = with_record(api, subject, |id, record| {
        registry::verify_presented(id, Some(record), now_s)
            .map(|_| {
                let days = record.not_after_s.saturating_sub(now_s) / (24 * 60 * 60);
                format!("{days} days left")
            })
            .map_err(|refusal| refused(&refusal.to_string()))
    });
    found.unwrap_or_else(|| Ok(String::new()))
}

/// The text of a refusal, and the commands that it names.
fn refused(text: &str) -> (String, Vec<String>) {
    let trouble = crate::activity::Trouble::new("", "", text, None);
    (text.to_owned(), super::why::fixes_of("", &trouble))
}

fn policy_attached(api: &Api, subject: &Subject) -> Finding {
    let Some(id) = subject.certificate else { return Ok(String::new()) };
    let caller = registry::Caller {
        client_id: Some(subject.client.to_string()),
        is_mqtt: true,
        ..registry::Caller::default()
    };
    let documents = api.shared.registry().documents_of(&id, &caller);
    if documents.is_empty() {
        let text = "no policy is attached to the certificate, so it may do nothing".to_owned();
        let (device, client) = (word(&subject.device), word(&subject.client));
        return Err((text, vec![format!("thingstead policy allow {device} connect {client}")]));
    }
    let names: Vec<String> =
        documents.iter().map(|named| format!("{:?} (version {})", named.name, named.version)).collect();
    Ok(names.join(", "))
}

fn client_id_allowed(api: &Api, subject: &Subject) -> Finding {
    let ask = Ask { now_ms: Some(api.shared.clock.wall_ms()), ..Ask::connect(&subject.client) };
    let verdict = subject.access(&api.shared).evaluate(&ask);
    match verdict.allowed {
        true => Ok(format!("client id {:?}", subject.client)),
        false => Err((verdict.to_string(), vec![fix(&subject.device, &Told::of(&verdict))])),
    }
}

fn thing_attached(api: &Api, subject: &Subject) -> Finding {
    let Some(id) = subject.certificate else { return Ok(String::new()) };
    if subject.attached.contains(&id) {
        return Ok("the certificate is attached to the thing".to_owned());
    }
    let arn = api.scope.arn(&format!("cert/{id}"));
    let device = word(&subject.device);
    let text = "the certificate that it uses is not attached to the thing, so policies do not know the thing"
        .to_owned();
    Err((text, vec![format!("aws iot attach-thing-principal --thing-name {device} --principal {arn}")]))
}

fn connected_lately(api: &Api, subject: &Subject) -> Finding {
    if subject.records.iter().any(|(_, record)| record.link.is_some()) {
        return Ok("it is connected".to_owned());
    }
    let latest = subject.records.iter().filter_map(|(_, record)| record.connected_ms).max();
    let now_ms = api.shared.clock.wall_ms();
    let why = || vec![format!("thingstead why {}", word(&subject.device))];
    match latest {
        Some(at_ms) if now_ms.saturating_sub(at_ms) <= DAY_MS => {
            let minutes = now_ms.saturating_sub(at_ms) / 60_000;
            Ok(format!("it is not connected now; it connected {minutes} min ago"))
        }
        Some(_) => Err(("it has not connected for more than a day".to_owned(), why())),
        None if subject.records.iter().any(|(_, record)| !record.troubles.is_empty()) => {
            Err(("it has tried and never been connected".to_owned(), why()))
        }
        None => {
            let show = format!("thingstead device show {} --snippet mosquitto", word(&subject.device));
            Err(("it has never connected".to_owned(), vec![show]))
        }
    }
}

fn publishes_allowed(api: &Api, subject: &Subject) -> Finding {
    let mut denied: Vec<_> = subject
        .records
        .iter()
        .flat_map(|(client, record)| record.troubles.iter().map(move |trouble| (client, trouble)))
        .filter_map(|(client, trouble)| Some((client, trouble.at_ms, trouble.verdict.as_ref()?)))
        .filter(|(_, _, told)| told.action == "iot:Publish" || told.action == "iot:RetainPublish")
        .collect();
    denied.sort_by_key(|(_, at_ms, _)| std::cmp::Reverse(*at_ms));
    let still = denied
        .into_iter()
        .find(|(client, _, told)| is_allowed_now(api, subject, client, told) == Some(false));
    if let Some((_, _, told)) = still {
        return Err((told.text.clone(), vec![fix(&subject.device, told)]));
    }
    let published: u64 = subject.records.iter().map(|(_, record)| record.published).sum();
    Ok(format!("{published} messages published, none is denied now"))
}

fn somebody_listens(api: &Api, subject: &Subject) -> Finding {
    let topics: Vec<&str> = subject.latest().map(latest_topics).unwrap_or_default();
    let Some(topic) = topics.first() else {
        return Ok("it has published nothing that somebody could miss".to_owned());
    };
    if has_receivers(&api.shared, subject, topic) {
        return Ok(format!("{topic:?} has a receiver"));
    }
    let text = format!("nobody is subscribed to {topic:?}, its last topic");
    Err((text, vec![format!("thingstead sub {}", word(topic))]))
}
