//! `thingstead why DEVICE`: the last thing that went wrong for a device, in words, with the command that mends it.

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::Common;
use crate::api::{Api, encode};
use crate::output::{self, list, text, texts};

/// Why a device does not work: the last thing that went wrong, and the fix
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The device's name, or the client id it uses
    device: String,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Why {
    pub(crate) fn run(&self) -> Result<()> {
        let reply = ask(&Api::of(&self.common.data)?, &self.device)?;
        if self.common.json {
            output::json(&reply);
            return Ok(());
        }
        describe(&reply, &self.common).iter().for_each(|line| output::line(line));
        Ok(())
    }
}

pub(crate) fn ask(api: &Api, device: &str) -> Result<Value> {
    api.get(&format!("/_thingstead/api/devices/{}/why", encode(device)))
}

/// The explanation as people read it.
pub(crate) fn describe(reply: &Value, common: &Common) -> Vec<String> {
    let mut lines = Vec::new();
    let device = text(&reply["device"]);
    let trouble = &reply["trouble"];
    if trouble.is_null() {
        lines.push(format!("{device}: nothing went wrong"));
    } else {
        let again = match trouble["count"].as_u64() {
            Some(count) if count > 1 => format!("  ({count} times since {})", at(&trouble["first_ms"])),
            _ => String::new(),
        };
        lines.push(format!("{device}  {}  {}{again}", at(&trouble["at_ms"]), text(&trouble["what"])));
        lines.extend(reasons(reply, trouble));
    }
    lines.extend(texts(&reply["hints"]).map(|hint| line("hint", hint)));
    let is_mended = reply["allowed_now"] == true;
    if is_mended {
        lines.push(line("now", "the policies allow it"));
    } else {
        lines.extend(texts(&reply["fixes"]).map(|fix| line("fix", &pasteable(fix, common))));
    }
    lines.extend(did_last(&reply["did_last"]));
    lines.extend(list(&reply["earlier"]).map(|before| {
        let brief: String = text(&before["text"]).chars().take(120).collect();
        line("before", &format!("{}  {}: {brief}", at(&before["at_ms"]), text(&before["what"])))
    }));
    lines.extend(handshakes(reply));
    lines
}

/// Handshakes that failed since, of peers that showed no certificate: it may have been this device.
fn handshakes(reply: &Value) -> Vec<String> {
    let since =
        reply["trouble"]["at_ms"].as_u64().max(reply["did_last"]["connected_ms"].as_u64()).unwrap_or(0);
    let failed = list(&reply["handshakes"]);
    failed
        .filter(|failed| {
            reply["did_last"]["connected"] != true && failed["at_ms"].as_u64().unwrap_or(0) >= since
        })
        .map(|failed| {
            line("handshake", &format!("{}  failed, of {}", at(&failed["at_ms"]), text(&failed["text"])))
        })
        .collect()
}

fn reasons(reply: &Value, trouble: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let verdict = &trouble["verdict"];
    if reply["client"] != reply["device"] {
        lines.push(line("client", text(&reply["client"])));
    }
    if verdict.is_null() {
        lines.push(line("why", text(&trouble["text"])));
        return lines;
    }
    lines.push(line("tried", &format!("{} on {}", text(&verdict["action"]), text(&verdict["resource"]))));
    let tried = format!("{} on {} ", text(&verdict["action"]), text(&verdict["resource"]));
    let why = text(&verdict["text"]);
    let why = why.split_once(&tried).map_or(why, |(_, why)| why);
    lines.push(line("why", why.split(". Fix: ").next().unwrap_or(why)));
    for variable in list(&verdict["variables"]) {
        let value =
            variable["value"].as_str().map_or_else(|| "(no value)".to_owned(), |value| format!("= {value}"));
        lines.push(line("variable", &format!("{} {value}", text(&variable["name"]))));
    }
    lines
}

fn did_last(state: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(since) = state["connected_ms"].as_u64() {
        let is_on = if state["connected"] == true { "connected since" } else { "last connected" };
        let counts = format!("published {}, received {}", state["published"], state["received"]);
        lines.push(line("client", &format!("{is_on} {}, {counts}", output::instant(since, FORM))));
    }
    if let Some(topic) = state["topic"].as_str() {
        lines.push(line("last topic", &format!("{topic} at {}", at(&state["published_ms"]))));
    }
    let parting = &state["parting"];
    if state["connected"] != true && !parting.is_null() {
        let why =
            format!("{}  {}: {}", at(&parting["at_ms"]), text(&parting["reason"]), text(&parting["text"]));
        lines.push(line("left", &why));
    }
    lines
}

const FORM: &str = "%Y-%m-%d %H:%M:%S UTC";

fn line(head: &str, text: &str) -> String {
    format!("  {head:<10} {text}")
}

fn at(value: &Value) -> String {
    output::instant(value.as_u64().unwrap_or(0), "%H:%M:%S")
}

/// A command of ours, for the instance that was asked.
pub(crate) fn pasteable(command: &str, common: &Common) -> String {
    let data = common.data.display().to_string();
    if !command.starts_with("thingstead ") || data == "./thingstead-data" {
        return command.to_owned();
    }
    let plain = data.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let data = if plain { data } else { format!("'{}'", data.replace('\'', r"'\''")) };
    format!("{command} --data {data}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn common(data: &str) -> Common {
        Common { data: data.into(), json: false }
    }

    #[test]
    fn a_denial_reads_as_when_what_why_and_the_fix() {
        let reply = json!({
            "device": "pump-1", "client": "pump-1", "allowed_now": false,
            "trouble": {"first_ms": 1000, "at_ms": 2000, "count": 3, "what": "publish denied", "text": "x", "verdict": {
                "action": "iot:Publish", "resource": "topic/BME680/t",
                "text": "iot:Publish on topic/BME680/t is not allowed: no statement covers it. Fix: add {}",
                "variables": [{"name": "iot:ClientId", "value": "pump-1"}, {"name": "iot:X", "value": null}]}},
            "fixes": ["thingstead policy allow pump-1 publish BME680/t"],
            "hints": ["did you mean bme680/t?"],
            "earlier": [{"at_ms": 500, "what": "disconnected", "text": "the peer went away"}],
            "handshakes": [{"at_ms": 2500, "text": "127.0.0.1: eof"}],
            "did_last": {"connected": false, "connected_ms": 0, "published": 7, "received": 0},
        });
        assert_eq!(
            describe(&reply, &common("./thingstead-data")),
            [
                "pump-1  00:00:02  publish denied  (3 times since 00:00:01)",
                "  tried      iot:Publish on topic/BME680/t",
                "  why        is not allowed: no statement covers it",
                "  variable   iot:ClientId = pump-1",
                "  variable   iot:X (no value)",
                "  hint       did you mean bme680/t?",
                "  fix        thingstead policy allow pump-1 publish BME680/t",
                "  client     last connected 1970-01-01 00:00:00 UTC, published 7, received 0",
                "  before     00:00:00  disconnected: the peer went away",
                "  handshake  00:00:02  failed, of 127.0.0.1: eof",
            ]
        );
    }

    #[test]
    fn nothing_wrong_is_said_with_what_it_did_last() {
        let reply = json!({"device": "pump-1", "trouble": null, "fixes": [], "hints": [],
            "did_last": {"connected": true, "connected_ms": 0, "published": 1, "received": 0, "topic": "a",
                         "published_ms": 1000}});
        let lines = describe(&reply, &common("d"));
        assert_eq!(lines.first().map(String::as_str), Some("pump-1: nothing went wrong"));
        assert_eq!(lines.last().map(String::as_str), Some("  last topic a at 00:00:01"));
    }

    #[test]
    fn a_command_is_for_the_instance_that_was_asked() {
        for (command, data, pasted) in [
            ("thingstead why a", "./thingstead-data", "thingstead why a"),
            ("thingstead why a", "/tmp/d", "thingstead why a --data /tmp/d"),
            ("thingstead why a", "/tmp/a b", "thingstead why a --data '/tmp/a b'"),
            ("aws iot list-things", "/tmp/d", "aws iot list-things"),
        ] {
            assert_eq!(pasteable(command, &common(data)), pasted);
        }
    }
}
