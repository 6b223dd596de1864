//! A device and its trouble in, what may be meant instead out: near misses of topics, filters and client ids. Decides
//! nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use message::{Dialect, Filter};

use super::subject::Subject;
use super::why::word;
use crate::activity::{Clients, Record, Trouble};
use crate::shared::Shared;

/// Topics of the device that are looked at, the latest first.
const TOPICS: usize = 5;
/// Filters and topics of others that are compared.
const COMPARED: usize = 50_000;
const MOST: usize = 6;

/// In words, the most useful first.
pub(super) fn hints(shared: &Shared, subject: &Subject, trouble: Option<&Trouble>) -> Vec<String> {
    let mut hints = BTreeSet::new();
    let mut ordered = Vec::new();
    let mut add = |hint: String| {
        if hints.insert(hint.clone()) {
            ordered.push(hint);
        }
    };
    let told = trouble.and_then(|trouble| trouble.verdict.as_ref());
    if let Some((kind, name)) = told.and_then(|told| told.resource.split_once('/')) {
        spelling(name).into_iter().for_each(&mut add);
        if kind == "client" && is_assigned(name) {
            add(format!(
                "the client sent no client id and was given one, another each time: set it to {:?} (mosquitto's clients: \
                 -i {})",
                subject.device, subject.device
            ));
        } else if kind == "client" && name != subject.device {
            add(format!(
                "the client id is {name:?} and the thing is {:?}: policies that speak of the thing's name want both alike",
                subject.device
            ));
        }
        if matches!(kind, "topic" | "topicfilter") {
            near(&shared.activity.clients, subject, name).into_iter().for_each(&mut add);
        }
    }
    for topic in subject.latest().into_iter().flat_map(latest_topics) {
        spelling(topic).into_iter().for_each(&mut add);
        if !has_receivers(shared, subject, topic) {
            let near = near(&shared.activity.clients, subject, topic);
            add(format!("nobody is subscribed to {topic:?}: watch it with thingstead sub {}", word(topic)));
            near.into_iter().for_each(&mut add);
        }
    }
    if let Some(record) = subject.latest() {
        responses(record).into_iter().for_each(&mut add);
    }
    ordered.truncate(MOST);
    ordered
}

pub(super) fn latest_topics(record: &Record) -> Vec<&str> {
    let mut topics: Vec<_> = record.topics.iter().filter(|(_, published)| published.count > 0).collect();
    topics.sort_by_key(|(_, published)| std::cmp::Reverse(published.last_ms));
    topics.into_iter().take(TOPICS).map(|(topic, _)| topic.as_str()).collect()
}

/// Whether a message on the topic would reach anybody or any rule now.
pub(super) fn has_receivers(shared: &Shared, subject: &Subject, topic: &str) -> bool {
    let reserved = topic.starts_with("$aws/") && shared.settings.dialect == Dialect::Aws;
    let route = shared.view.load().route(subject.scope, topic, shared.clock.wall_ms());
    reserved || !route.is_empty() || !route.rules.is_empty()
}

fn spelling(name: &str) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(rest) = name.strip_prefix("$$aws") {
        hints.push(format!(
            "{name:?} begins with two dollar signs, which only the republish action of a rule wants: write \"$aws{rest}\""
        ));
    }
    if name.starts_with("aws/things/") {
        hints.push(format!("{name:?} is an ordinary topic; the reserved one is \"${name}\""));
    }
    if name.starts_with('/') {
        hints.push(format!("{name:?} begins with a slash, so its first level is empty: is that meant?"));
    }
    hints
}

/// What others publish or subscribe to that differs in the case of letters only.
fn near(clients: &Clients, subject: &Subject, topic: &str) -> Vec<String> {
    let lower = topic.to_lowercase();
    // The best first: another client's filter, another's topic, what the device does itself.
    let mut found: Vec<(u8, String)> = Vec::new();
    let mut left = COMPARED;
    clients.each(subject.scope, |client, record| {
        if left == 0 {
            return;
        }
        let own = 2 * u8::from(subject.records.iter().any(|(known, _)| known == client));
        left = left.saturating_sub(record.topics.len() + record.filters.len());
        let alike = |other: &str| other != topic && other.to_lowercase() == lower;
        let topics =
            record.topics.iter().filter(|(_, published)| published.count > 0).map(|(other, _)| other);
        for other in topics.filter(|other| alike(other)) {
            found.push((own + 1, said(client, "publishes on", other)));
        }
        for filter in &record.filters {
            if alike(filter) || matches(&filter.to_lowercase(), &lower) && !matches(filter, topic) {
                found.push((own, said(client, "subscribes to", filter)));
            }
        }
    });
    found.sort();
    found.into_iter().take(1).map(|(_, said)| said).collect()
}

fn said(client: &Arc<str>, does: &str, other: &str) -> String {
    format!("{client} {does} {other:?}, which differs in upper and lower case only: is that meant?")
}

fn matches(filter: &str, topic: &str) -> bool {
    Filter::parse(filter).is_ok_and(|filter| filter.matches(topic, Dialect::Aws))
}

/// Requests whose answer the client could not hear.
fn responses(record: &Record) -> Vec<String> {
    let mut hints = Vec::new();
    for topic in latest_topics(record) {
        let answer = match topic.rsplit_once('/') {
            Some((thing, "get" | "update" | "delete")) if topic.starts_with("$aws/") && !thing.is_empty() => {
                format!("{topic}/accepted")
            }
            Some((before, "request")) => format!("{before}/response"),
            _ => continue,
        };
        if !record.filters.iter().any(|filter| matches(filter, &answer)) {
            hints.push(format!(
                "it publishes on {topic:?} and is not subscribed to {answer:?}, where the answer would come"
            ));
        }
    }
    hints
}

/// Whether a client id is one that the hub gives to clients that send none.
pub(super) fn is_assigned(client: &str) -> bool {
    let number = client.strip_prefix("auto-");
    number.is_some_and(|number| number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use broker::ScopeId;

    use super::*;
    use crate::activity::Who;

    fn subject() -> Subject {
        Subject {
            device: "pump-1".into(),
            is_thing: true,
            attached: Vec::new(),
            certificate: None,
            client: "pump-1".into(),
            records: Vec::new(),
            scope: ScopeId(0),
            fields: Default::default(),
        }
    }

    #[test]
    fn topics_that_differ_in_case_only_are_found() {
        let clients = Clients::default();
        let who = |client: &str| Who { scope: ScopeId(0), client: client.into(), certificate: None };
        clients.enter(&who("viewer"), |record| record.granted("bme680/+"));
        clients.enter(&who("exact"), |record| record.granted("BME680/temperature"));
        clients.enter(&who("other"), |record| record.published("Bme680/Temperature", 1, 1));
        let best = |topic: &str| near(&clients, &subject(), topic);
        let said =
            |does: &str| vec![format!("{does}, which differs in upper and lower case only: is that meant?")];
        assert_eq!(best("BME680/temperature"), said("viewer subscribes to \"bme680/+\""));
        assert_eq!(best("BME680/TEMPERATURE").len(), 1);
        assert_eq!(best("bme680/humidity"), Vec::<String>::new());
    }

    #[test]
    fn slips_of_the_pen_are_named() {
        for (name, part) in [
            ("$$aws/things/a/shadow/update", "\"$aws/things/a/shadow/update\""),
            ("aws/things/a/shadow/update", "\"$aws/things/a/shadow/update\""),
            ("/a/b", "first level is empty"),
        ] {
            let hints = spelling(name);
            assert!(hints.len() == 1 && hints[0].contains(part), "{hints:?}");
        }
        assert!(spelling("a/b").is_empty() && spelling("$aws/things/a/shadow/get").is_empty());
    }

    #[test]
    fn a_request_whose_answer_nobody_hears_is_named() {
        let mut record = Record::default();
        record.published("$aws/things/pump-1/shadow/get", 1, 1);
        record.published("pump-1/request", 1, 2);
        assert_eq!(responses(&record).len(), 2);
        record.granted("$aws/things/pump-1/shadow/get/+");
        record.granted("pump-1/response");
        assert!(responses(&record).is_empty());
    }
}
