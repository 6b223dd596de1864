//! `thingstead rule test`: a rule and a message found, tried here, and the steps printed; nothing is published.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clap::Args;
use message::{Message, QoS, Topic};
use rules::limits::NEEDS;
use rules::{End, Occasion, Recorded, Rule, Source, Trial, trial};
use serde_json::Value;
use sql::{Answer, Need};

use super::make::{ACCOUNT, Said, checked, definition};
use super::{Known, PATH, cases, steps};
use crate::Common;
use crate::api::Api;
use crate::events::{Which, which};
use crate::output::{self, list, text};

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// A rule of the running instance
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    rule: Option<String>,
    #[command(flatten)]
    said: Said,
    /// The message's topic
    #[arg(long, conflicts_with_all = ["message", "messages", "file"])]
    topic: Option<String>,
    /// The message's payload; @FILE reads it from a file
    #[arg(long, value_name = "TEXT|@FILE", conflicts_with_all = ["message", "messages", "file"])]
    payload: Option<String>,
    /// Who published it, for clientid()
    #[arg(long, value_name = "ID", conflicts_with_all = ["message", "messages", "file"])]
    client_id: Option<String>,
    /// What the outside says when the rule asks it, as JSON, in the order of the questions (may be given again)
    #[arg(long, value_name = "JSON")]
    answer: Vec<String>,
    /// A message that woke rules, by its number, or `last`; without a rule: every rule that it woke
    #[arg(long, value_name = "NUMBER", value_parser = which, conflicts_with_all = ["messages", "file"])]
    message: Option<Which>,
    /// Recorded messages, as `thingstead rule messages --json` prints them
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    messages: Option<String>,
    /// Cases in Markdown: a rule, messages, and what each has to come to
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rule", "sql"])]
    file: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Test {
    pub(super) fn run(&self) -> Result<()> {
        if let Some(file) = &self.file {
            return cases::run(file, &self.common);
        }
        let given = self.given()?;
        match (&self.messages, self.message) {
            (Some(file), _) => self.all(&recorded(file)?, given.as_ref()),
            (None, Some(which)) => self.all(&[self.find(which)?], given.as_ref()),
            (None, None) => {
                let rule =
                    given.context("no rule was given: write it with --sql, or name one with --rule")?;
                let topic = self.topic.as_deref().context("the message has no --topic")?;
                let payload = payload(self.payload.as_deref().unwrap_or("{}"))?;
                let occasion = occasion(&rule, topic, payload, self.client_id.as_deref())?;
                self.print(&rule, &occasion)
            }
        }
    }

    fn given(&self) -> Result<Option<Rule>> {
        if let Some(name) = &self.rule {
            return Ok(Some(Known::of(&Api::of(&self.common.data)?, name)?.rule));
        }
        if self.said.sql.is_none() {
            return Ok(None);
        }
        checked("test", &definition(&self.said.payload(ACCOUNT)?)?).map(Some)
    }

    fn find(&self, which: Which) -> Result<Recorded> {
        let api = Api::of(&self.common.data)?;
        let found = match which {
            Which::Number(number) => api.get(&format!("{PATH}/messages/{number}"))?["recorded"].take(),
            Which::Last => api.get(&format!("{PATH}/messages?most=1"))?["messages"][0].take(),
        };
        if found.is_null() {
            bail!("no message woke a rule yet: publish one, or make it up with --topic and --payload");
        }
        Ok(Recorded::parse(&found.to_string())?)
    }

    /// Recorded messages, each with the rule that was given or with those it woke.
    fn all(&self, messages: &[Recorded], given: Option<&Rule>) -> Result<()> {
        for message in messages {
            match given {
                Some(rule) => self.print(rule, &message.occasion)?,
                None => {
                    let api = Api::of(&self.common.data)?;
                    for came in &message.came {
                        self.print(&Known::of(&api, &came.rule)?.rule, &message.occasion)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn print(&self, rule: &Rule, occasion: &Occasion) -> Result<()> {
        let trial = answered(rule, occasion, &self.answer)?;
        let topic = &occasion.message.topic;
        if self.common.json {
            let mut shown = steps::json(rule, topic, &trial);
            shown["message"] = occasion.message.id.into();
            output::json(&shown);
            return Ok(());
        }
        let number =
            if self.topic.is_some() { String::new() } else { format!(", message {}", occasion.message.id) };
        output::line(&format!("rule {}{number}", rule.name));
        steps::lines(rule, topic, &trial).iter().for_each(|line| output::line(line));
        Ok(())
    }
}

/// Tries a rule, with the outside's answers in the order in which it asks.
pub(super) fn answered(rule: &Rule, occasion: &Occasion, said: &[String]) -> Result<Trial> {
    let mut answers: Vec<(Need, Answer)> = Vec::new();
    loop {
        let tried = trial(rule, occasion, &answers);
        let End::Asks(need) = &tried.end else { return Ok(tried) };
        let Some(answer) = said.get(answers.len()).filter(|_| answers.len() < NEEDS) else {
            return Ok(tried);
        };
        let value = sql::json::read(answer, rule.statement.version())
            .with_context(|| format!("the answer {answer:?} is no JSON"))?;
        answers.push(((**need).clone(), Ok(value)));
    }
}

/// A message that nobody has published.
pub(super) fn occasion(rule: &Rule, topic: &str, payload: Bytes, client: Option<&str>) -> Result<Occasion> {
    let topic = Topic::parse(topic).map_err(|error| anyhow!("{topic:?} is no topic: {error}"))?;
    let client: Arc<str> = client.unwrap_or("test").into();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let message = Message {
        id: 0,
        topic,
        payload,
        qos: QoS::AtMostOnce,
        retain: false,
        properties: None,
        publisher: client.clone(),
        received_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        expires_ms: None,
    };
    let source =
        Source { client: Some(client), principal: Some("test".into()), address: Some("127.0.0.1".into()) };
    let account = rule.account.clone();
    let root = message.id;
    Ok(Occasion { message: Arc::new(message), source, account, seed: 1, hops: 0, root })
}

fn payload(text: &str) -> Result<Bytes> {
    let Some(file) = text.strip_prefix('@') else { return Ok(Bytes::copy_from_slice(text.as_bytes())) };
    let size = std::fs::metadata(Path::new(file)).with_context(|| format!("{file} cannot be read"))?.len();
    if size > sql::limits::OUTPUT_BYTES as u64 {
        bail!("{file} has {size} bytes; a message has at most {}", sql::limits::OUTPUT_BYTES);
    }
    Ok(Bytes::from(std::fs::read(file).with_context(|| format!("{file} cannot be read"))?))
}

fn recorded(file: &str) -> Result<Vec<Recorded>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| Recorded::parse(line).map_err(|wrong| anyhow!("{file}, line {}: {wrong}", at + 1)))
        .collect()
}

/// A recorded message as people read it.
pub(super) fn describe(recorded: &Value) -> Vec<String> {
    let payload = STANDARD.decode(text(&recorded["payload"])).map(Bytes::from).unwrap_or_default();
    let mut lines = vec![format!(
        "message {} from {} on {}, {}: {}",
        recorded["message"],
        recorded["client"].as_str().unwrap_or_else(|| text(&recorded["publisher"])),
        text(&recorded["topic"]),
        output::instant(recorded["at_ms"].as_u64().unwrap_or(0), "%Y-%m-%d %H:%M:%S UTC"),
        steps::shown(&payload)
    )];
    let came = list(&recorded["outcomes"]);
    lines.extend(came.map(|came| {
        format!("  rule {} {}: {}", text(&came["rule"]), text(&came["result"]), text(&came["text"]))
    }));
    lines
}
