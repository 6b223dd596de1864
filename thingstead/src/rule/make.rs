//! A rule from words of the command line or from a file: checked here, linted, and made by a running instance.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use rules::{Definition, Finding, Invalid, Rule, lint};
use serde_json::{Value, json};

use super::{Known, PATH, aws_path, findings_json, hint, print_findings};
use crate::Common;
use crate::api::{Api, encode};
use crate::{files, output};

/// The account of whoever names none.
pub(super) const ACCOUNT: &str = "000000000000";

/// A rule in words.
#[derive(Debug, Clone, Args)]
pub(crate) struct Said {
    /// The statement, such as "SELECT * FROM 'lab/+' WHERE value > 20"
    #[arg(long)]
    pub(super) sql: Option<String>,
    /// Version of the SQL
    #[arg(long, value_name = "VERSION", default_value = "2016-03-23")]
    sql_version: String,
    /// Publish the result to this topic; a reserved one begins with $$ (may be given again)
    #[arg(long, value_name = "TOPIC")]
    republish: Vec<String>,
    /// QoS of what is republished
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=1))]
    qos: u8,
    /// Write the result to this log group (may be given again)
    #[arg(long, value_name = "GROUP")]
    logs: Vec<String>,
    /// Post the result to this URL (may be given again)
    #[arg(long, value_name = "URL")]
    http: Vec<String>,
    /// Publish AWS's error document to this topic when something fails
    #[arg(long, value_name = "TOPIC")]
    error_republish: Option<String>,
    /// The role that actions name
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
}

impl Said {
    /// As AWS's API takes it.
    pub(super) fn payload(&self, account: &str) -> Result<Value> {
        let Some(sql) = &self.sql else {
            bail!("no rule was given: write it with --sql, or name a file with --file")
        };
        let role =
            self.role.clone().unwrap_or_else(|| format!("arn:aws:iam::{account}:role/thingstead-rules"));
        let republish =
            |topic: &String| json!({ "republish": { "topic": topic, "qos": self.qos, "roleArn": role } });
        let logs = |group: &String| json!({ "cloudwatchLogs": { "logGroupName": group, "roleArn": role } });
        let http = |url: &String| json!({ "http": { "url": url } });
        let actions: Vec<Value> = (self.republish.iter().map(republish))
            .chain(self.logs.iter().map(logs))
            .chain(self.http.iter().map(http))
            .collect();
        let mut payload = json!({ "sql": sql, "awsIotSqlVersion": self.sql_version, "actions": actions });
        if let Some(topic) = &self.error_republish {
            payload["errorAction"] = json!({ "republish": { "topic": topic, "qos": 1, "roleArn": role } });
        }
        Ok(payload)
    }
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The rule's name: letters, digits and _
    name: String,
    #[command(flatten)]
    said: Said,
    /// A file with the rule's payload as `aws iot create-topic-rule` takes it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    file: Option<String>,
    /// Replace the rule of this name, if there is one
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

impl New {
    pub(super) fn run(&self, api: &Api) -> Result<()> {
        let payload = payload(&self.said, self.file.as_deref(), &api.endpoints.account)?;
        let rule = checked(&self.name, &definition(&payload)?)?;
        let findings = create(api, &self.name, &payload, self.replace)?;
        if self.common.json {
            output::json(&json!({ "name": self.name, "findings": findings_json(&findings) }));
            return Ok(());
        }
        let from =
            rule.filter().map_or_else(|| "Basic Ingest only".to_owned(), |from| format!("FROM '{from}'"));
        output::line(&format!("rule {} made, {from}, {} action(s)", self.name, rule.actions.len()));
        print_findings(&findings);
        let topic =
            rule.filter().map_or_else(String::new, |filter| filter.pattern().replace(['+', '#'], "x"));
        hint(
            &self.common,
            &format!("thingstead rule test --rule {} --topic '{topic}' --payload '{{}}'", self.name),
        );
        Ok(())
    }
}

/// Has a rule made, or replaced if it is there and that is wanted; what in it is probably not meant.
pub(crate) fn create(api: &Api, name: &str, payload: &Value, replace: bool) -> Result<Vec<Finding>> {
    let exists =
        || -> Result<bool> { Ok(api.answer("GET", &format!("{PATH}/named/{}", encode(name)), "")?.0 == 200) };
    let method = if replace && exists()? { "PATCH" } else { "POST" };
    api.send(method, &aws_path(name), &payload.to_string())?;
    Ok(lint(&definition(payload)?))
}

/// A rule's payload: of a file, or of what was said.
pub(super) fn payload(said: &Said, file: Option<&str>, account: &str) -> Result<Value> {
    let Some(file) = file else { return said.payload(account) };
    let json: Value = serde_json::from_str(&read(file)?).with_context(|| {
        format!("{file} is no JSON: it has to hold a rule as `aws iot create-topic-rule` takes it")
    })?;
    // The AWS CLI's own skeleton wraps it.
    Ok(json.get("topicRulePayload").cloned().unwrap_or(json))
}

pub(super) fn read(file: &str) -> Result<String> {
    if file != "-" {
        return files::read(Path::new(file)).with_context(|| format!("{file} cannot be read"));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
    Ok(text)
}

/// A payload as it is kept.
pub(crate) fn definition(payload: &Value) -> Result<Definition> {
    server::definition_of(payload.clone()).map_err(|text| anyhow!("{text}"))
}

/// A definition ready to be tried; wrong SQL is shown with carets under what is wrong.
pub(super) fn checked(name: &str, definition: &Definition) -> Result<Rule> {
    Rule::compile(&ACCOUNT.into(), name, definition).map_err(|invalid| match &invalid {
        Invalid::Sql(error) | Invalid::Template { error, .. } => anyhow!("{invalid}\n{}", error.render()),
        _ => anyhow!("{invalid}"),
    })
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// A rule of the running instance
    #[arg(conflicts_with_all = ["sql", "file"])]
    name: Option<String>,
    #[command(flatten)]
    said: Said,
    /// A file with the rule's payload as `aws iot create-topic-rule` takes it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    file: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Lint {
    pub(super) fn run(&self) -> Result<()> {
        let definition = match &self.name {
            Some(name) => Known::of(&Api::of(&self.common.data)?, name)?.definition,
            None => definition(&payload(&self.said, self.file.as_deref(), ACCOUNT)?)?,
        };
        checked(self.name.as_deref().unwrap_or("rule"), &definition)?;
        let mut findings = lint(&definition);
        // A statement alone is asked about for itself.
        if self.said.sql.is_some() && definition.actions.is_empty() {
            findings.retain(|found| found.place != "actions");
        }
        if self.common.json {
            output::json(&json!({ "findings": findings_json(&findings) }));
        } else {
            print_findings(&findings);
        }
        if findings.is_empty() && !self.common.json {
            output::line("nothing looks wrong");
        }
        if !findings.is_empty() {
            std::process::exit(1);
        }
        Ok(())
    }
}
