//! The alert recipe: a rule that republishes readings that failed or have no value. The rule itself is the server's.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::Common;
use crate::api::Api;
use crate::output;
use crate::why::pasteable;

#[derive(Debug, Args)]
pub(crate) struct Alert {
    /// Where readings are published
    #[arg(long, default_value = "bme680/+", value_name = "FILTER")]
    from: String,
    /// The rule's name
    #[arg(long, default_value = "alert", value_name = "RULE")]
    name: String,
    /// Replace a rule of this name that says something else
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Behind `alerts/`, so that no alert wakes the rule again.
const TARGET: &str = "alerts/${topic()}";

impl Alert {
    pub(super) fn run(&self, api: &Api) -> Result<()> {
        let from = self.from.replace('\'', "''");
        // AWS's SQL has no IS NULL: isNull() is true for JSON's null, and not for a value that is missing.
        let sql = format!(
            "SELECT *, topic() AS topic, timestamp() AS alerted FROM '{from}' WHERE status = 'fail' OR isNull(value)"
        );
        let payload = json!({
            "sql": sql,
            "awsIotSqlVersion": "2016-03-23",
            "description": "Readings that failed or have no value",
            "actions": [{ "republish": { "topic": TARGET, "qos": 1, "roleArn": super::role(api) } }],
        });
        let (is_new, findings) = super::rule(api, &self.name, &payload, self.replace)?;
        let reading = self.from.replace(['+', '#'], "temperature");
        if self.common.json {
            output::json(&json!({
                "rule": self.name, "is_new": is_new, "sql": sql, "republish": TARGET,
                "findings": findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }));
            return Ok(());
        }
        let made = if is_new { "made" } else { "is there already" };
        output::line(&format!("rule {} {made}:", self.name));
        output::line(&format!("  {sql}"));
        output::line(&format!("  republished to {TARGET}"));
        findings.iter().for_each(|found| output::line(&format!("  warning  {found}")));
        let say = |command: &str| output::line(&format!("  {}", pasteable(command, &self.common)));
        output::line("Listen in one terminal, and publish in another:");
        say("thingstead sub 'alerts/#'");
        say(&format!(r#"thingstead pub {reading} '{{"value": null, "status": "fail"}}'"#));
        output::line(&format!(
            "What to expect: a message on alerts/{reading}; none for a reading that went well:"
        ));
        say(&format!(r#"thingstead pub {reading} '{{"value": 23.6, "status": "success"}}'"#));
        output::line("Why it fired, or did not:");
        say(&format!("thingstead rule explain {} last", self.name));
        Ok(())
    }
}
