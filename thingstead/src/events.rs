//! The recent past of a running instance, printed: of clients, and of messages.

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::Common;
use crate::api::{Api, encode};
use crate::output;

const FORM: &str = "%H:%M:%S%.3f";

/// What happened to clients.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Only of this client id
    client: Option<String>,
    /// At most so many, the latest
    #[arg(long, short = 'n', default_value_t = 50)]
    most: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Events {
    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common.data)?;
        let mut path = format!("/_thingstead/api/activity?most={}", self.most);
        if let Some(client) = &self.client {
            path.push_str(&format!("&client={}", encode(client)));
        }
        let reply = api.get(&path)?;
        let notes = reply["activity"].as_array().map(Vec::as_slice).unwrap_or_default();
        for note in notes {
            if self.common.json {
                output::json(note);
                continue;
            }
            let at = output::instant(note["at_ms"].as_u64().unwrap_or(0), FORM);
            output::line(&format!(
                "{at}  {}  {}: {}",
                word(note, "client"),
                word(note, "what"),
                word(note, "text")
            ));
        }
        if notes.is_empty() && !self.common.json {
            output::line("nothing has happened yet");
        }
        Ok(())
    }
}

/// What happened to messages.
#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// A message's number, or `last`; without it the latest steps of all messages
    #[arg(value_parser = which)]
    message: Option<Which>,
    /// At most so many, the latest
    #[arg(long, short = 'n', default_value_t = 50)]
    most: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    Last,
    Number(u64),
}

pub(crate) fn which(text: &str) -> Result<Which, String> {
    match text.trim_start_matches('#').parse() {
        Ok(number) => Ok(Which::Number(number)),
        Err(_) if text == "last" => Ok(Which::Last),
        Err(_) => {
            Err(format!("{text:?} is no message: give the number that `thingstead trace` prints, or `last`"))
        }
    }
}

impl Trace {
    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common.data)?;
        let latest = |most: usize| api.get(&format!("/_thingstead/api/trace?most={most}"));
        let of = |number: u64| api.get(&format!("/_thingstead/api/trace?message={number}"));
        let reply = match self.message {
            None => latest(self.most)?,
            Some(Which::Number(number)) => of(number)?,
            Some(Which::Last) => match latest(1)?["steps"][0]["message"].as_u64() {
                Some(number) => of(number)?,
                None => latest(1)?,
            },
        };
        let steps = reply["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        for step in steps {
            if self.common.json {
                output::json(step);
            } else {
                output::line(&describe(step));
            }
        }
        if steps.is_empty() && !self.common.json {
            output::line("no message is remembered: the trace starts with the process and keeps the latest");
        }
        Ok(())
    }
}

pub(crate) fn describe(step: &Value) -> String {
    let at = output::instant(step["at_ms"].as_u64().unwrap_or(0), FORM);
    let what = match step["what"].as_str() {
        Some("published") => format!(
            "{} → {}  QoS {}, {} bytes, {} receiver(s)",
            word(step, "client"),
            word(step, "topic"),
            step["qos"],
            step["bytes"],
            step["receivers"]
        ),
        Some("refused") => {
            format!("{} → {}  REFUSED: {}", word(step, "client"), word(step, "topic"), word(step, "why"))
        }
        Some("rule") => {
            format!("rule {} {}: {}", word(step, "rule"), word(step, "result"), word(step, "text"))
        }
        Some("stored") => format!("on disk for {} session(s)", step["receivers"]),
        _ => step.to_string(),
    };
    format!("{at}  #{}  {what}", step["message"])
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    match value[name].as_str() {
        Some("") | None => "-",
        Some(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_step_reads_as_one_line() {
        for (step, line) in [
            (
                json!({"at_ms": 1000, "message": 7, "what": "published", "client": "p", "topic": "a/b", "qos": 1,
                       "bytes": 12, "receivers": 2}),
                "00:00:01.000  #7  p → a/b  QoS 1, 12 bytes, 2 receiver(s)",
            ),
            (
                json!({"at_ms": 1000, "message": 7, "what": "refused", "client": "p", "topic": "a", "why": "no"}),
                "00:00:01.000  #7  p → a  REFUSED: no",
            ),
            (
                json!({"at_ms": 1000, "message": 7, "what": "rule", "rule": "r", "result": "skipped",
                       "text": "WHERE came to false, not to true"}),
                "00:00:01.000  #7  rule r skipped: WHERE came to false, not to true",
            ),
            (
                json!({"at_ms": 1000, "message": 7, "what": "stored", "receivers": 1}),
                "00:00:01.000  #7  on disk for 1 session(s)",
            ),
        ] {
            assert_eq!(describe(&step), line);
        }
    }
}
