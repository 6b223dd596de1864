//! `thingstead policy …`: policies shown, checked, widened, tightened and linted. Decides nothing itself.

mod place;

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::files;
use crate::output::{self, list, text, texts};
use crate::why::pasteable;
use place::place;

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// List policies; show one by its name, or those that count for a device
    Show(Show),
    /// Whether a device may do something, and why; ends with 1 if not
    Check(Wish),
    /// Let a device do something, by the smallest statement
    Allow(Allow),
    /// What in a policy cannot work as meant: a file, or a policy by its name; ends with 1 if something is found
    Lint(Named),
    /// Write the least policy that covers what a device was seen doing
    Tighten(Tighten),
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A policy or a device
    #[arg(value_name = "NAME|DEVICE")]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Wish {
    /// The device's name
    device: String,
    /// Such as publish, subscribe, receive, connect, or iot:GetThingShadow
    action: String,
    /// A topic, filter, client id or thing, as the action wants; or a whole ARN
    resource: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Allow {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    wish: Wish,
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    #[arg(value_name = "FILE|NAME")]
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Tighten {
    /// The device's name
    device: String,
    /// Make it the device's policy, in place of those that are attached to its certificate
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    common: Common,
}

const PATH: &str = "/_thingstead/api/policies";

impl Policy {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Policy::Show(verb) => &verb.common,
            Policy::Check(verb) => &verb.common,
            Policy::Allow(verb) => &verb.wish.common,
            Policy::Lint(verb) => &verb.common,
            Policy::Tighten(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Policy::Show(verb) => show(verb),
            Policy::Check(verb) => check(verb),
            Policy::Allow(verb) => allow(verb),
            Policy::Lint(verb) => lint(verb),
            Policy::Tighten(verb) => tighten(verb),
        }
    }
}

fn of_device(device: &str, what: &str) -> String {
    format!("/_thingstead/api/devices/{}/{what}", encode(device))
}

fn show(verb: &Show) -> Result<()> {
    let api = Api::of(&verb.common.data)?;
    let Some(name) = &verb.name else {
        let reply = api.get(PATH)?;
        if verb.common.json {
            output::json(&reply);
        } else {
            output::table(&rows(&reply));
        }
        return Ok(());
    };
    let reply = match api.get(&format!("{PATH}/{}", encode(name))) {
        Ok(policy) => policy,
        Err(unknown) => api.get(&of_device(name, "policies")).map_err(|_| unknown)?,
    };
    if verb.common.json {
        output::json(&reply);
        return Ok(());
    }
    let one = std::slice::from_ref(&reply);
    for policy in reply["policies"].as_array().map_or(one, Vec::as_slice) {
        let version =
            if policy["version"].is_null() { &policy["default_version"] } else { &policy["version"] };
        output::line(&format!("policy {} (version {version})", text(&policy["name"])));
        for target in list(&policy["attached_to"]) {
            output::line(&format!("  attached to {}", text(target)));
        }
        output::line(&serde_json::to_string_pretty(&policy["document"])?);
    }
    Ok(())
}

fn rows(reply: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![["NAME", "VERSION", "ATTACHED TO"].map(str::to_owned).to_vec()];
    for policy in list(&reply["policies"]) {
        let targets = policy["attached_to"].as_array().map_or(0, Vec::len);
        rows.push(vec![
            text(&policy["name"]).to_owned(),
            policy["default_version"].to_string(),
            if targets == 0 { "nothing".to_owned() } else { format!("{targets} target(s)") },
        ]);
    }
    rows
}

fn check(verb: &Wish) -> Result<()> {
    let wish = json!({ "action": verb.action, "resource": verb.resource });
    let reply = Api::of(&verb.common.data)?.post(&of_device(&verb.device, "check"), &wish)?;
    if verb.common.json {
        output::json(&reply);
    } else {
        let verdict = &reply["verdict"];
        let mark = if reply["allowed"] == true { '✔' } else { '✘' };
        output::line(&format!(
            "{mark} {}",
            text(&verdict["text"]).split(". Fix: ").next().unwrap_or_default()
        ));
        for variable in list(&verdict["variables"]) {
            let value = variable["value"].as_str().unwrap_or("(no value)");
            output::line(&format!("  {} = {value}", text(&variable["name"])));
        }
        for fix in texts(&reply["fixes"]) {
            output::line(&format!("  fix: {}", pasteable(fix, &verb.common)));
        }
    }
    if reply["allowed"] != true {
        std::process::exit(1);
    }
    Ok(())
}

fn allow(verb: &Allow) -> Result<()> {
    let Wish { device, action, resource, common } = &verb.wish;
    let wish = json!({ "action": action, "resource": resource, "dry_run": verb.dry_run });
    let reply = Api::of(&common.data)?.post(&of_device(device, "allow"), &wish)?;
    if common.json {
        output::json(&reply);
        return Ok(());
    }
    output::line(text(&reply["text"]));
    if !reply["statement"].is_null() {
        output::line(&format!("  statement: {}", reply["statement"]));
    }
    Ok(())
}

fn tighten(verb: &Tighten) -> Result<()> {
    let wish = json!({ "apply": verb.apply });
    let reply = Api::of(&verb.common.data)?.post(&of_device(&verb.device, "tighten"), &wish)?;
    if verb.common.json {
        output::json(&reply);
        return Ok(());
    }
    output::line(&serde_json::to_string_pretty(&reply["document"])?);
    let lines = |head: &str, field: &str| {
        for found in texts(&reply[field]) {
            output::line(&format!("{head} {found}"));
        }
    };
    lines("the present policies allow beyond it:", "beyond");
    lines("it would have denied:", "would_have_denied");
    lines("note:", "remarks");
    output::line(text(&reply["text"]));
    if !verb.apply {
        let apply = format!("thingstead policy tighten {} --apply", verb.device);
        output::line(&format!("do it: {}", pasteable(&apply, &verb.common)));
    }
    Ok(())
}

fn lint(verb: &Named) -> Result<()> {
    let is_file = Path::new(&verb.name).is_file();
    let document = if is_file {
        files::read(Path::new(&verb.name)).with_context(|| format!("{} cannot be read", verb.name))?
    } else {
        let unknown = || format!("{} is neither a file nor a policy that can be asked for", verb.name);
        let api = Api::of(&verb.common.data).with_context(unknown)?;
        let policy = api.get(&format!("{PATH}/{}", encode(&verb.name))).with_context(unknown)?;
        serde_json::to_string_pretty(&policy["document"])?
    };
    let findings = findings(&document);
    if verb.common.json {
        output::json(&json!({ "name": verb.name, "clean": findings.is_empty(), "findings": findings }));
    } else if findings.is_empty() {
        output::line(&format!("{}: nothing found", verb.name));
    } else {
        for found in &findings {
            let (path, advice) = (text(&found["path"]), text(&found["advice"]));
            let written = found["text"].as_str().map(|text| format!(" {text:?}")).unwrap_or_default();
            let (line, column) = (&found["line"], &found["column"]);
            output::line(&format!("{}:{line}:{column}: {path}{written}: {advice}", verb.name));
        }
    }
    if !findings.is_empty() {
        std::process::exit(1);
    }
    Ok(())
}

/// The first fault, or everything that is valid and most likely wrong, each with its place.
fn findings(document: &str) -> Vec<Value> {
    match policy::Document::parse(document) {
        Err(error) => vec![json!({
            "path": error.path, "line": error.line, "column": error.column, "rule": "Invalid", "text": null,
            "advice": error.fault.to_string(),
        })],
        Ok(parsed) => parsed
            .lint()
            .into_iter()
            .map(|found| {
                let (line, column) = place(document, &found.path);
                json!({
                    "path": found.path, "line": line, "column": column, "rule": format!("{:?}", found.rule),
                    "text": found.text, "advice": found.advice,
                })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_say_where_they_are() {
        let document = "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"iot:Publish\",\n   \
                        \"Resource\": [\"arn:aws:iot:us-east-1:000000000000:topic/a\",\n    \
                        \"arn:aws:iot:us-east-1:000000000000:topic/b/#\"]}]}";
        let found = findings(document);
        let first = found.first().expect("a finding");
        assert_eq!(
            (&first["rule"], &first["line"], &first["column"]),
            (&json!("LiteralWildcard"), &json!(5), &json!(5))
        );
        let broken = findings("{\n \"Version\": \"2013\", \"Statement\": []}");
        assert_eq!((&broken[0]["rule"], &broken[0]["line"]), (&json!("Invalid"), &json!(2)));
        assert!(
            findings(
                r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Publish",
            "Resource": "arn:aws:iot:us-east-1:000000000000:topic/a"}]}"#
            )
            .is_empty()
        );
    }
}
