//! A device and the rules in, out in words: rules that its latest messages woke nearly, or would but for being disabled,
//! and a will that was not published. Decides nothing.

use rules::{Entry, Meeting};

use super::hints::latest_topics;
use super::subject::Subject;
use super::why::word;

const MOST: usize = 3;

/// Rules that the device's latest messages missed, if such a message woke none.
pub(super) fn rules(subject: &Subject, entries: &[Entry]) -> Vec<String> {
    let mut hints = Vec::new();
    let topics = subject.records.first().map(|(_, record)| latest_topics(record)).unwrap_or_default();
    for topic in topics {
        let meetings: Vec<(&Entry, Meeting)> =
            entries.iter().map(|entry| (entry, meeting(entry, topic))).collect();
        if meetings.iter().any(|(entry, meeting)| meeting.wakes() && !entry.rule.is_disabled) {
            continue;
        }
        hints.extend(meetings.iter().filter_map(|(entry, meeting)| missed(entry, meeting, topic)));
    }
    hints.truncate(MOST);
    hints
}

fn meeting(entry: &Entry, topic: &str) -> Meeting {
    Meeting::of(&entry.record.name, entry.rule.filter(), topic)
}

fn missed(entry: &Entry, meeting: &Meeting, topic: &str) -> Option<String> {
    let name = &entry.record.name;
    if meeting.wakes() {
        return Some(format!(
            "rule {name} waits for messages on {topic:?} but is disabled: thingstead rule enable {}",
            word(name)
        ));
    }
    let hint = meeting.hint()?;
    let filter = entry.rule.filter().map(|filter| filter.as_str()).unwrap_or_default();
    Some(format!("rule {name} (FROM '{filter}') does not hear {topic:?}: {hint}"))
}

/// Whoever waits for a will after a clean disconnect waits for ever.
pub(super) fn will(subject: &Subject, entries: &[Entry]) -> Option<String> {
    let (client, record) = subject.records.first()?;
    let parting = record.parting.as_ref().filter(|_| record.link.is_none())?;
    let topic = parting.dropped_will.as_ref()?;
    let heard = entries.iter().find(|entry| meeting(entry, topic).wakes() && !entry.rule.is_disabled);
    let nobody = heard.map(|entry| format!(", and rule {} heard nothing", entry.record.name));
    Some(format!(
        "{client} said goodbye (DISCONNECT), so its last will on {topic:?} was not published{}: a will is for connections \
         that break; let the device say it before it goes, or pull its cable with thingstead device drop {}",
        nobody.unwrap_or_default(),
        word(&subject.device)
    ))
}
