//! What a device was seen doing in, the least policy that covers it out, and on demand in force.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use message::Filter;
use policy::{Access, Ask, Document, NamedDocument};
use registry::Target;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::control::parse;
use super::policies::{Widening, effective, free_name, no_certificate, own_policies};
use super::refusal::Refused;
use super::subject::Subject;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// Make it the device's policy.
    #[serde(default)]
    apply: bool,
}

pub(super) async fn tighten(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let wish: Wish = parse(&body)?;
    let done = tokio::spawn(async move { narrow(&api, &name, wish.apply).await }).await;
    done.map_err(|error| Refused::unavailable(error.to_string()))?.map(Json)
}

async fn narrow(api: &Arc<Api>, device: &str, apply: bool) -> Result<Value, Refused> {
    let subject = Subject::find(api, device).await?;
    let id = subject.certificate.ok_or_else(|| no_certificate(device))?;
    let seen = Seen::of(&subject);
    if seen.clients.is_empty() {
        return Err(Refused::conflict(format!(
            "{device} has not been connected yet, so nothing is known of what it needs: let it run, then ask again"
        )));
    }
    let present = subject.access(&api.shared);
    let variables = present.variables().cloned().unwrap_or_default();
    let target = Target::Certificate(id);
    let own = {
        let registry = api.shared.registry();
        let own = own_policies(&registry, api, &target);
        own.first().map(|policy| (policy.name.to_string(), policy.document().to_owned()))
    };
    // A policy of the device's own can name it; one that takes the place of a shared one is to be shared again.
    let known = variables.thing_name.as_deref().filter(|name| *name == device);
    let writer = Writer { prefix: api.scope.arn(""), own_name: known.filter(|_| own.is_none()) };
    let document = writer.fitting(&seen).ok_or_else(|| {
        Refused::conflict(
            "the topics are too many and too different for one policy of 2048 characters: write it by hand",
        )
    })?;
    let text = document.to_string();
    let parsed = Document::parse(&text).map_err(|fault| Refused::invalid(fault.to_string()))?;
    let access = Access::compile(&[NamedDocument::new("tightened", 1, parsed)], variables);
    let change = {
        let registry = api.shared.registry();
        let (policy, base) = match own {
            Some((name, document)) => (name, Some(document)),
            None => (free_name(&registry, api, device), None),
        };
        let attached = registry.attached_to(&api.scope, &target, false);
        let instead = attached.into_iter().filter(|name| **name != *policy).collect();
        Widening { policy, base, document: text, instead, target }
    };
    let beyond = beyond(&effective(api, &subject), &document, device);
    if apply {
        change.carry_out(api, &subject).await?;
        api.shared.explain(device, "policy", &change.text(false));
    }
    Ok(json!({
        "device": device,
        "certificate": id.to_string(),
        "applied": apply,
        "policy": change.policy,
        "text": change.text(!apply),
        "document": document,
        "beyond": beyond,
        "would_have_denied": seen.denied_by(&access, api.shared.clock.wall_ms()),
        "remarks": remarks(&subject),
    }))
}

fn remarks(subject: &Subject) -> Vec<String> {
    let mut remarks = Vec::new();
    let others: u64 = subject.records.iter().map(|(_, record)| record.others).sum();
    let filters: u64 = subject.records.iter().map(|(_, record)| record.more_filters).sum();
    if others > 0 {
        remarks.push(format!(
            "{others} messages on topics that are not remembered one by one may not be covered"
        ));
    }
    if filters > 0 {
        remarks
            .push(format!("{filters} subscriptions that are not remembered one by one may not be covered"));
    }
    if subject.attached.len() > 1 {
        remarks.push("the thing has more certificates; this is about the one it used last".to_owned());
    }
    remarks
}

/// Everything a device did, all its clients together.
#[derive(Debug, Default)]
struct Seen {
    clients: BTreeSet<String>,
    topics: BTreeSet<String>,
    retained: BTreeSet<String>,
    filters: BTreeSet<String>,
}

impl Seen {
    fn of(subject: &Subject) -> Seen {
        let mut seen = Seen::default();
        for (client, record) in subject.records.iter().filter(|(_, record)| record.connects > 0) {
            seen.clients.insert(client.to_string());
            for (topic, published) in record.topics.iter().filter(|(_, published)| published.count > 0) {
                seen.topics.insert(topic.clone());
                if published.retained {
                    seen.retained.insert(topic.clone());
                }
            }
            seen.filters.extend(record.filters.iter().cloned());
        }
        seen
    }

    /// Of what was seen, that which the policies would not have let through.
    fn denied_by(&self, access: &Access, now_ms: u64) -> Vec<String> {
        let asks = self.topics.iter().map(|topic| Ask::publish(topic));
        let asks = asks.chain(self.retained.iter().map(|topic| Ask::retain_publish(topic)));
        let asks = asks.chain(self.filters.iter().map(|filter| Ask::subscribe(filter)));
        let asks = asks.map(|ask| Ask { now_ms: Some(now_ms), ..ask });
        asks.filter(|ask| !access.allows(ask)).map(|ask| ask.to_string()).collect()
    }
}

const THING: &str = "${iot:Connection.Thing.ThingName}";

/// Writes the document.
struct Writer<'a> {
    prefix: String,
    /// The thing's name, where policies know it: written as the variable, so that other devices can share the policy.
    own_name: Option<&'a str>,
}

impl Writer<'_> {
    /// With every topic as it is, or with the ends of the deepest ones left open until it fits.
    fn fitting(&self, seen: &Seen) -> Option<Value> {
        let levels =
            seen.topics.iter().chain(&seen.filters).map(|name| name.split('/').count()).max().unwrap_or(1);
        (1..=levels)
            .rev()
            .map(|depth| self.document(seen, depth))
            .find(|document| Document::parse(&document.to_string()).is_ok())
    }

    fn document(&self, seen: &Seen, depth: usize) -> Value {
        let topics = |names: &BTreeSet<String>| names.iter().map(|name| self.name(name, depth)).collect();
        let receive = seen.filters.iter().flat_map(|filter| self.received(filter, depth)).collect();
        let statements = [
            (
                "ConnectAsItself",
                "iot:Connect",
                "client",
                seen.clients.iter().map(|id| self.client(id)).collect(),
            ),
            ("Publish", "iot:Publish", "topic", topics(&seen.topics)),
            ("Retain", "iot:RetainPublish", "topic", topics(&seen.retained)),
            ("Subscribe", "iot:Subscribe", "topicfilter", topics(&seen.filters)),
            ("Receive", "iot:Receive", "topic", receive),
        ];
        let statements: Vec<Value> = statements
            .into_iter()
            .filter(|(_, _, _, names): &(_, _, _, BTreeSet<String>)| !names.is_empty())
            .map(|(sid, action, kind, names)| {
                let resources: Vec<String> =
                    names.iter().map(|name| format!("{}{kind}/{name}", self.prefix)).collect();
                json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": resources })
            })
            .collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    fn client(&self, id: &str) -> String {
        match self.own_name.and_then(|own| id.strip_prefix(own)) {
            Some("") => THING.to_owned(),
            Some(rest) if rest.starts_with('-') => format!("{THING}{}", literal(rest)),
            _ => literal(id),
        }
    }

    fn name(&self, name: &str, depth: usize) -> String {
        let mut levels: Vec<String> = name.split('/').take(depth).map(|level| self.level(level)).collect();
        if name.split('/').count() > depth {
            levels.push("*".to_owned());
        }
        levels.join("/")
    }

    fn level(&self, level: &str) -> String {
        if self.own_name == Some(level) { THING.to_owned() } else { literal(level) }
    }

    /// The topics that a filter lets through; `a/#` is `a` too.
    fn received(&self, filter: &str, depth: usize) -> Vec<String> {
        let parsed = Filter::parse(filter);
        let pattern = parsed.as_ref().map_or(filter, Filter::pattern);
        let open =
            |level: &str| if level == "+" || level == "#" { "*".to_owned() } else { self.level(level) };
        let mut levels: Vec<String> = pattern.split('/').take(depth).map(open).collect();
        if pattern.split('/').count() > depth && levels.last().is_none_or(|last| last != "*") {
            levels.push("*".to_owned());
        }
        let parent = pattern.strip_suffix("/#").map(|parent| self.received(parent, depth));
        let mut received = vec![levels.join("/")];
        received.extend(parent.unwrap_or_default());
        received
    }
}

/// As a policy has to write it to mean itself.
fn literal(text: &str) -> String {
    text.replace("${", "${$}{").replace('*', "${*}").replace('?', "${?}")
}

/// What the policies allow that the document does not say in the same words, the thing's name filled in.
fn beyond(policies: &[registry::EffectivePolicy], document: &Value, thing: &str) -> Vec<String> {
    let filled = |(action, resource): (String, String)| (action, resource.replace(THING, thing));
    let kept: BTreeSet<(String, String)> = allowances(document).map(filled).collect();
    let mut beyond = Vec::new();
    for policy in policies {
        let Ok(present) = serde_json::from_str::<Value>(&policy.document) else { continue };
        for (action, resource) in allowances(&present) {
            if !kept.contains(&filled((action.clone(), resource.clone()))) {
                let short = resource.splitn(6, ':').nth(5).unwrap_or(&resource);
                beyond.push(format!("{action} on {short} (policy {:?})", policy.name));
            }
        }
    }
    beyond
}

/// Each allowed action with each of its resources, as written.
fn allowances(document: &Value) -> impl Iterator<Item = (String, String)> {
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    };
    statements.into_iter().filter(|statement| statement["Effect"] == "Allow").flat_map(|statement| {
        let resources = texts(&statement["Resource"]);
        let pair = move |action: String| {
            let resources = resources.clone();
            resources.into_iter().map(move |resource| (action.clone(), resource))
        };
        texts(&statement["Action"]).into_iter().flat_map(pair)
    })
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use policy::Variables;

    use super::*;

    const PREFIX: &str = "arn:aws:iot:us-east-1:000000000000:";

    fn seen(clients: &[&str], topics: &[&str], filters: &[&str]) -> Seen {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Seen { clients: set(clients), topics: set(topics), retained: BTreeSet::new(), filters: set(filters) }
    }

    fn access(document: &Value, thing: &str) -> Access {
        let variables = Variables {
            account: "000000000000".into(),
            region: "us-east-1".into(),
            thing_name: Some(thing.into()),
            ..Variables::default()
        };
        let document = Document::parse(&document.to_string()).expect("valid");
        Access::compile(&[NamedDocument::new("tight", 1, document)], variables)
    }

    #[test]
    fn what_was_seen_is_covered_and_nothing_foreign() {
        let seen = seen(
            &["pump-1", "pump-1-display"],
            &["pump-1/data", "sensors/pump-1", "lab/a*b"],
            &["pump-1/commands/#", "$share/g/jobs/+"],
        );
        let writer = Writer { prefix: PREFIX.into(), own_name: Some("pump-1") };
        let document = writer.fitting(&seen).expect("it fits");
        let own = access(&document, "pump-1");
        assert_eq!(seen.denied_by(&own, 0), Vec::<String>::new());
        for (ask, allowed) in [
            (Ask::connect("pump-1"), true),
            (Ask::connect("pump-2"), false),
            (Ask::publish("pump-1/other"), false),
            (Ask::publish("lab/axb"), false),
            (Ask::subscribe("#"), false),
            (Ask::receive("pump-1/commands/stop"), true),
            (Ask::receive("pump-1/commands"), true),
            (Ask::receive("jobs/7"), true),
            (Ask::receive("pump-2/commands/stop"), false),
        ] {
            assert_eq!(own.allows(&ask), allowed, "{ask}");
        }
        let other = access(&document, "pump-2");
        assert!(other.allows(&Ask::publish("pump-2/data")) && !other.allows(&Ask::publish("pump-1/data")));
        assert_eq!(Document::parse(&document.to_string()).expect("valid").lint(), []);
    }

    #[test]
    fn many_topics_are_left_open_at_their_ends() {
        let topics: Vec<String> =
            (0..150).map(|number| format!("plant/hall-{}/sensor-{number}", number % 3)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let seen = seen(&["pump-1"], &topics, &[]);
        let writer = Writer { prefix: PREFIX.into(), own_name: None };
        let document = writer.fitting(&seen).expect("it fits");
        let own = access(&document, "pump-1");
        assert_eq!(seen.denied_by(&own, 0), Vec::<String>::new());
        assert!(!own.allows(&Ask::publish("plant/hall-9/sensor-1")), "{document}");
    }

    #[test]
    fn what_the_present_policies_allow_beyond_is_listed() {
        let tight = json!({"Statement": {"Effect": "Allow", "Action": "iot:Connect", "Resource": format!("{PREFIX}client/{THING}")}});
        let present = json!({"Statement": [
            {"Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"], "Resource": format!("{PREFIX}client/a")},
            {"Effect": "Allow", "Action": "iot:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "iot:*", "Resource": "*"},
        ]});
        let policy =
            registry::EffectivePolicy { name: "p".into(), version: 1, document: present.to_string().into() };
        assert_eq!(
            beyond(&[policy], &tight, "a"),
            [r#"iot:Publish on client/a (policy "p")"#, r#"iot:* on * (policy "p")"#]
        );
    }
}
