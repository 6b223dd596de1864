//! `thingstead rule explain NAME [MESSAGE]`: what a rule does in words, or why it fired for a message or did not.

use anyhow::{Context, Result};
use clap::Args;
use rules::{Action, Meeting, Recorded, Rule};
use serde_json::{Value, json};

use super::{Known, PATH, findings_json, instant, print_findings, steps, tried};
use crate::Common;
use crate::api::{Api, encode};
use crate::events::{self, Which, which};
use crate::output::{self, list, text};

/// Latest messages that are shown.
const LATEST: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule's name
    name: String,
    /// A message's number, or `last`
    #[arg(value_parser = which)]
    message: Option<Which>,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Explain {
    pub(super) fn run(&self, api: &Api) -> Result<()> {
        let known = Known::of(api, &self.name)?;
        let number = match self.message {
            None => return self.rule(api, &known),
            Some(Which::Number(number)) => number,
            Some(Which::Last) => self.last(api)?,
        };
        match api.get(&format!("{PATH}/messages/{number}")) {
            Ok(found) => self.woken(&known, &found),
            Err(unknown) => self.unwoken(api, &known, number, unknown),
        }
    }

    /// What a client published last, or what woke the rule last, whichever came later.
    fn last(&self, api: &Api) -> Result<u64> {
        let trace = api.get("/_thingstead/api/trace?most=1000")?;
        let steps: Vec<&Value> = list(&trace["steps"]).collect();
        let counts = |step: &&&Value| match step["what"].as_str() {
            Some("published" | "refused") => true,
            Some("rule") => step["rule"] == self.name,
            _ => false,
        };
        let last = steps.iter().rev().find(counts).and_then(|step| step["message"].as_u64());
        last.context("no message is remembered: the trace begins with the process and keeps the latest")
    }

    /// A message whose payload is known: it woke this rule or another.
    fn woken(&self, known: &Known, found: &Value) -> Result<()> {
        let recorded = Recorded::parse(&found["recorded"].to_string())?;
        let trial = tried::answered(&known.rule, &recorded.occasion, &[])?;
        let topic = &recorded.occasion.message.topic;
        let steps = list(&found["steps"]).filter(|step| step["rule"] == self.name);
        if self.common.json {
            let now = steps::json(&known.rule, topic, &trial);
            let then: Vec<&Value> = steps.collect();
            output::json(&json!({ "message": found["recorded"], "then": then, "now": now }));
            return Ok(());
        }
        tried::describe(&found["recorded"]).iter().for_each(|line| output::line(line));
        let then: Vec<String> = steps.map(|step| format!("  then {}", events::describe(step))).collect();
        if then.is_empty() && !recorded.came.iter().any(|came| *came.rule == *self.name) {
            output::line(&format!("  it did not wake rule {}", self.name));
        }
        then.iter().for_each(|line| output::line(line));
        output::line(&format!("rule {} as it is now makes of it", self.name));
        steps::lines(&known.rule, topic, &trial).iter().for_each(|line| output::line(line));
        Ok(())
    }

    /// A message that woke nothing: of such a one only the trace knows.
    fn unwoken(&self, api: &Api, known: &Known, number: u64, unknown: anyhow::Error) -> Result<()> {
        let trace = api.get(&format!("/_thingstead/api/trace?message={number}"))?;
        let found = list(&trace["steps"]).find(|step| step["topic"].is_string());
        let Some(step) = found else { return Err(unknown) };
        let topic = text(&step["topic"]);
        let why =
            if step["what"] == "refused" {
                format!("the message was refused, so no rule saw it: {}", text(&step["why"]))
            } else {
                match Meeting::of(&self.name, known.rule.filter(), topic) {
                Meeting::Apart(apart) => match apart.hint {
                    Some(hint) => format!("{}; {hint}", apart.why),
                    None => apart.why,
                },
                _ if known.rule.is_disabled => format!(
                    "the topic matches, but the rule is disabled: thingstead rule enable {}",
                    self.name
                ),
                _ => "the topic matches the rule as it is now: it was made, changed or enabled later, or the \
                      message is forgotten"
                    .to_owned(),
            }
            };
        if self.common.json {
            output::json(&json!({ "message": number, "topic": topic, "is_woken": false, "why": why }));
            return Ok(());
        }
        output::line(&events::describe(step));
        output::line(&format!("  it did not wake rule {}: {why}", self.name));
        Ok(())
    }

    fn rule(&self, api: &Api, known: &Known) -> Result<()> {
        let path = format!("{PATH}/messages?most={LATEST}&rule={}", encode(&self.name));
        let messages = api.get(&path)?;
        let findings = rules::lint(&known.definition);
        if self.common.json {
            let mut shown = known.said.clone();
            shown["words"] = json!(words(&known.rule));
            shown["findings"] = findings_json(&findings);
            shown["messages"] = messages["messages"].clone();
            output::json(&shown);
            return Ok(());
        }
        let state = if known.rule.is_disabled { "DISABLED: no message wakes it" } else { "enabled" };
        output::line(&format!("rule {}, {state}", self.name));
        words(&known.rule).iter().for_each(|line| output::line(&format!("  {line}")));
        print_findings(&findings);
        let tally = &known.said["tally"];
        output::line(&format!(
            "  since the start of the process: fired {} (last {}), skipped by WHERE {} (last {}), failed {} (last {})",
            tally["fired"],
            instant(&tally["fired_ms"]),
            tally["skipped"],
            instant(&tally["skipped_ms"]),
            tally["failed"],
            instant(&tally["failed_ms"]),
        ));
        for message in list(&messages["messages"]) {
            tried::describe(message).iter().for_each(|line| output::line(&format!("  {line}")));
        }
        Ok(())
    }
}

/// What the rule does, as a sentence for each part.
fn words(rule: &Rule) -> Vec<String> {
    let mut words = vec![match rule.filter() {
        Some(filter) => format!("when a message comes on a topic that matches {filter}"),
        None => format!("when a message comes on $aws/rules/{}", rule.name),
    }];
    words.push(format!("and the statement selects something: {}", rule.statement));
    if rule.actions.is_empty() {
        words.push("nothing is done".to_owned());
    }
    words.extend(rule.actions.iter().map(|action| match action {
        Action::Republish(republish) => {
            format!("then the result is published to {} (QoS {})", action.resource().text(), republish.qos)
        }
        _ => format!("then the result goes to {} {}", action.word(), action.resource().text()),
    }));
    words.extend(rule.error_action.iter().map(|action| {
        format!(
            "if something fails, the error document goes to {} {}",
            action.word(),
            action.resource().text()
        )
    }));
    words
}
