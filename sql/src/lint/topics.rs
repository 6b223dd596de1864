//! FROM: filters that no message's topic matches, or not the one that is meant.

use message::limits::{TOPIC_BYTES, TOPIC_SLASHES};

use super::{Finding, finding};
use crate::statement::Statement;

pub(super) fn check(statement: &Statement, findings: &mut Vec<Finding>) {
    let Some((filter, span)) = statement.filter().zip(statement.filter_span()) else {
        let start = 0..0;
        findings.push(finding(
            &start,
            "without FROM the rule takes Basic Ingest only: topics $aws/rules/NAME/…",
            "add FROM 'topic/filter' for messages to other topics",
        ));
        return;
    };
    let text = filter.as_str();
    let mut say = |what: String, fix: String| findings.push(finding(span, what, fix));
    if text.len() > TOPIC_BYTES {
        let what =
            format!("the filter has {} bytes, and topics on AWS have at most {TOPIC_BYTES}", text.len());
        say(what, "shorten it".to_owned());
    }
    // A basic-ingest or reserved topic has its own levels before those that count.
    let slashes = text.bytes().filter(|byte| *byte == b'/').count();
    if slashes > TOPIC_SLASHES && !text.starts_with('$') {
        let what =
            format!("the filter has {slashes} slashes, and topics on AWS have at most {TOPIC_SLASHES}");
        say(what, "take levels away; no message will match".to_owned());
    }
    if let Some(rest) = text.strip_prefix("$$") {
        say(
            "in FROM a reserved topic begins with one dollar, not with two: no message matches".to_owned(),
            format!("write FROM '${rest}'"),
        );
    } else if text.starts_with('$') && !text.starts_with("$aws/") {
        say(
            "no message comes on topics that begin so".to_owned(),
            "reserved topics begin with $aws/".to_owned(),
        );
    }
    if let Some(rest) = text.strip_prefix('/') {
        say(
            "the filter begins with a slash, so its first level is empty; topics seldom are".to_owned(),
            format!("write FROM '{rest}' unless devices publish to '{text}'"),
        );
    }
    if text.len() > 1 && text.ends_with('/') {
        let rest = text.trim_end_matches('/');
        say(
            "the filter ends with a slash, so its last level is empty; topics seldom are".to_owned(),
            format!("write FROM '{rest}', or FROM '{rest}/+' for the level below"),
        );
    }
    if text.contains("//") {
        say(
            "the filter has an empty level: //".to_owned(),
            format!("write FROM '{}'", text.replace("//", "/")),
        );
    }
}
