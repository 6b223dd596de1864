//! `thingstead rule …`: topic rules made, listed, shown, switched, tried, explained and linted. Decides nothing itself.

mod cases;
mod coverage;
mod explain;
mod make;
mod steps;
mod tried;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use rules::{Definition, Rule};
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::output::{self, list, text};
use crate::why::pasteable;

pub(crate) use make::{create, definition};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a rule, and say what in it is probably not meant
    New(make::New),
    /// List rules, and how often each fired
    Ls(Common),
    /// Show a rule
    Show(Named),
    /// Remove a rule
    Rm(Named),
    /// Let messages wake a rule again
    Enable(Named),
    /// Let no message wake a rule until it is enabled
    Disable(Named),
    /// Try a rule on a message step by step, on recorded messages, or on a file of cases; ends with 1 if a case fails
    Test(tried::Test),
    /// Why a rule fired for a message or did not; without a message: what it does and when it fired last
    Explain(explain::Explain),
    /// What in a rule is probably not meant; ends with 1 if something is found
    Lint(make::Lint),
    /// The latest messages that woke rules, and what came of each; --json prints lines for `rule test --messages`
    Messages(Latest),
    /// What rules could not do and no error action was told of
    Letters(Latest),
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The rule's name
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Latest {
    /// Only of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// At most so many, the latest
    #[arg(long, short = 'n', default_value_t = 20)]
    most: usize,
    #[command(flatten)]
    common: Common,
}

const PATH: &str = "/_thingstead/api/rules";

impl Verb {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Verb::New(verb) => &verb.common,
            Verb::Ls(common) => common,
            Verb::Show(verb) | Verb::Rm(verb) | Verb::Enable(verb) | Verb::Disable(verb) => &verb.common,
            Verb::Test(verb) => &verb.common,
            Verb::Explain(verb) => &verb.common,
            Verb::Lint(verb) => &verb.common,
            Verb::Messages(verb) | Verb::Letters(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        // A statement can be tried and linted where nothing runs.
        match self {
            Verb::Test(verb) => return verb.run(),
            Verb::Lint(verb) => return verb.run(),
            _ => {}
        }
        let api = Api::of(&self.common().data)?;
        match self {
            Verb::New(verb) => verb.run(&api),
            Verb::Ls(common) => ls(&api, common),
            Verb::Show(verb) => show(&api, verb),
            Verb::Rm(verb) => done(&verb.common, &api.send("DELETE", &aws_path(&verb.name), "")?, || {
                format!("rule {} was removed", verb.name)
            }),
            Verb::Enable(verb) => switch(&api, verb, "enable"),
            Verb::Disable(verb) => switch(&api, verb, "disable"),
            Verb::Explain(verb) => verb.run(&api),
            Verb::Messages(verb) => messages(&api, verb),
            Verb::Letters(verb) => letters(&api, verb),
            Verb::Test(_) | Verb::Lint(_) => Ok(()),
        }
    }
}

/// AWS's own path of a rule.
fn aws_path(name: &str) -> String {
    format!("/rules/{}", encode(name))
}

fn done(common: &Common, reply: &str, said: impl FnOnce() -> String) -> Result<()> {
    let empty = reply.trim().is_empty();
    match common.json {
        true => output::line(if empty { "{}" } else { reply.trim() }),
        false => output::line(&said()),
    }
    Ok(())
}

fn switch(api: &Api, verb: &Named, word: &str) -> Result<()> {
    let reply = api.send("POST", &format!("{}/{word}", aws_path(&verb.name)), "")?;
    done(&verb.common, &reply, || format!("rule {} is {word}d", verb.name))
}

/// A rule of the running instance.
pub(crate) struct Known {
    pub(crate) rule: Rule,
    pub(crate) definition: Definition,
    /// What the instance says of it.
    pub(crate) said: Value,
}

impl Known {
    pub(crate) fn of(api: &Api, name: &str) -> Result<Known> {
        let said = api.get(&format!("{PATH}/named/{}", encode(name)))?;
        let definition: Definition = serde_json::from_value(said["definition"].clone())
            .context("the instance is of another version than this command")?;
        let account = text(&said["account"]).into();
        let rule = Rule::compile(&account, name, &definition)?;
        Ok(Known { rule, definition, said })
    }
}

fn ls(api: &Api, common: &Common) -> Result<()> {
    let reply = api.get(PATH)?;
    if common.json {
        output::json(&reply);
        return Ok(());
    }
    let heads = ["NAME", "FROM", "STATE", "FIRED", "SKIPPED", "FAILED", "LAST FIRED"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for rule in list(&reply["rules"]) {
        let tally = &rule["tally"];
        rows.push(vec![
            text(&rule["name"]).to_owned(),
            rule["filter"].as_str().unwrap_or("(Basic Ingest only)").to_owned(),
            if rule["is_disabled"] == true { "DISABLED" } else { "enabled" }.to_owned(),
            tally["fired"].to_string(),
            tally["skipped"].to_string(),
            tally["failed"].to_string(),
            instant(&tally["fired_ms"]),
        ]);
    }
    if rows.len() == 1 {
        output::line("there are no rules: `thingstead rule new NAME --sql … --republish …` makes one");
        return Ok(());
    }
    output::table(&rows);
    Ok(())
}

/// When, as people read it; a dash if never.
fn instant(at_ms: &Value) -> String {
    at_ms.as_u64().map_or_else(|| "-".to_owned(), |at_ms| output::instant(at_ms, "%Y-%m-%d %H:%M:%S"))
}

fn show(api: &Api, verb: &Named) -> Result<()> {
    let reply = api.send("GET", &aws_path(&verb.name), "")?;
    if verb.common.json {
        output::line(reply.trim());
        return Ok(());
    }
    let reply: Value = serde_json::from_str(&reply)?;
    let rule = &reply["rule"];
    let state = if rule["ruleDisabled"] == true { "DISABLED" } else { "enabled" };
    output::line(&format!("rule {}, {state}, SQL {}", verb.name, text(&rule["awsIotSqlVersion"])));
    output::line(&format!("  {}", text(&rule["sql"])));
    for action in list(&rule["actions"]) {
        output::line(&format!("action {}", serde_json::to_string_pretty(action)?));
    }
    if !rule["errorAction"].is_null() {
        output::line(&format!("error action {}", serde_json::to_string_pretty(&rule["errorAction"])?));
    }
    Ok(())
}

fn query(verb: &Latest) -> String {
    let rule = verb.rule.as_deref().map(|rule| format!("&rule={}", encode(rule)));
    format!("?most={}{}", verb.most, rule.unwrap_or_default())
}

fn messages(api: &Api, verb: &Latest) -> Result<()> {
    let reply = api.get(&format!("{PATH}/messages{}", query(verb)))?;
    let found: Vec<&Value> = list(&reply["messages"]).collect();
    if verb.common.json {
        found.into_iter().for_each(output::json);
        return Ok(());
    }
    if found.is_empty() {
        output::line("no message woke a rule yet: the list begins with the process and keeps the latest");
        return Ok(());
    }
    let mut rows = vec![["MESSAGE", "WHEN", "TOPIC", "RULE", "RESULT"].map(str::to_owned).to_vec()];
    for message in found {
        for came in list(&message["outcomes"]) {
            rows.push(vec![
                message["message"].to_string(),
                instant(&message["at_ms"]),
                text(&message["topic"]).to_owned(),
                text(&came["rule"]).to_owned(),
                format!("{}: {}", text(&came["result"]), text(&came["text"])),
            ]);
        }
    }
    output::table(&rows);
    Ok(())
}

fn letters(api: &Api, verb: &Latest) -> Result<()> {
    let reply = api.get(&format!("{PATH}/letters{}", query(verb)))?;
    if verb.common.json {
        output::json(&reply);
        return Ok(());
    }
    let mut rows = vec![["WHEN", "RULE", "MESSAGE", "TOPIC", "WHAT FAILED"].map(str::to_owned).to_vec()];
    // Of what could not be read nobody knows whose it was.
    let of = |value: &Value| Some(text(value)).filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
    for letter in list(&reply["letters"]) {
        let kept = if letter["stored"].is_string() { " (--json shows it as it was stored)" } else { "" };
        for failure in list(&letter["failures"]) {
            let (action, resource) = (text(&failure["action"]), text(&failure["resource"]));
            rows.push(vec![
                instant(&letter["at_ms"]),
                of(&letter["rule"]),
                letter["message"]
                    .as_u64()
                    .filter(|id| *id > 0)
                    .map_or_else(|| of(&Value::Null), |id| id.to_string()),
                of(&letter["topic"]),
                format!("{action} on {resource}: {}{kept}", text(&failure["message"])),
            ]);
        }
    }
    match rows.len() {
        1 => output::line("there are no letters: whatever rules could not do, an error action was told"),
        _ => output::table(&rows),
    }
    if reply["waiting"].as_u64().unwrap_or(0) > 0 {
        let bytes = &reply["waiting_bytes"];
        output::line(&format!("{} action(s) with {bytes} bytes wait to leave the house", reply["waiting"]));
    }
    Ok(())
}

/// What a lint says, one finding a line.
fn print_findings(findings: &[rules::Finding]) {
    for found in findings {
        output::line(&format!("  warning  {}: {}", found.place, found.text));
        output::line(&format!("           {}", found.fix));
    }
}

fn findings_json(findings: &[rules::Finding]) -> Value {
    findings
        .iter()
        .map(|found| json!({ "place": found.place, "text": found.text, "fix": found.fix }))
        .collect()
}

/// Names the command that goes on from here.
fn hint(common: &Common, command: &str) {
    output::line(&format!("  try      {}", pasteable(command, common)));
}
