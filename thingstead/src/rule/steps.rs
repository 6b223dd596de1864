//! A trial in, its steps as people and programs read them out. Tries nothing itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rules::{Action, Effect, End, Failure, Meeting, Rule, Trial};
use serde_json::{Value, json};

/// Longest text of one line.
const MOST_CHARS: usize = 2000;

/// Step by step, one line each.
pub(super) fn lines(rule: &Rule, topic: &str, trial: &Trial) -> Vec<String> {
    let mut lines = Vec::new();
    meeting(rule, topic, trial, &mut lines);
    if trial.is_disabled {
        lines.push(line("disabled", "no message wakes the rule; these are the steps as if it were enabled"));
    }
    lines.extend(trial.variables.iter().map(|(name, value)| line("SET", &format!("@{name} = {value}"))));
    if let Some(value) = &trial.condition {
        lines.push(line("WHERE", &value.to_string()));
    }
    for (column, value) in &trial.columns {
        let left_out = if *value == sql::Value::Undefined { "  (left out)" } else { "" };
        lines.push(line("column", &format!("{column}  =  {value}{left_out}")));
    }
    lines.extend(trial.remarks.iter().map(|remark| line("remark", remark)));
    end(rule, trial, &mut lines);
    lines
}

fn meeting(rule: &Rule, topic: &str, trial: &Trial, lines: &mut Vec<String>) {
    let from = rule.filter().map_or_else(|| "(no FROM)".to_owned(), |filter| format!("FROM '{filter}'"));
    let Meeting::Apart(apart) = &trial.meeting else {
        let how = if trial.meeting == Meeting::Ingest { "names the rule" } else { "matches" };
        lines.push(line("topic", &format!("{topic} {how}  {from}")));
        return;
    };
    lines.push(line("topic", &format!("{topic} does not match  {from}")));
    for level in &apart.levels {
        let shown = |level: &Option<String>| level.clone().unwrap_or_else(|| "(none)".to_owned());
        let mark = if level.fits { "  " } else { "≠ " };
        lines.push(line("level", &format!("{mark}{:<24} {}", shown(&level.wanted), shown(&level.found))));
    }
    lines.push(line("why", &apart.why));
    lines.extend(apart.hint.iter().map(|hint| line("hint", hint)));
}

fn end(rule: &Rule, trial: &Trial, lines: &mut Vec<String>) {
    match &trial.end {
        End::NotWoken => lines.push(line("result", "NOT WOKEN: nothing happens")),
        End::Skipped(value) => {
            lines.push(line("result", &format!("SKIPPED: WHERE came to {value}, and only true fires")));
        }
        End::Asks(need) => lines.push(line(
            "result",
            &format!("ASKS FIRST: {need}; hand the answer in with --answer JSON to go on"),
        )),
        End::Failed(failure) => lines.push(line("result", &format!("FAILED: {}", failure.message))),
        End::Fired { output, actions } => {
            lines.push(line("result", &format!("{}  ({} bytes)", shown(output), output.len())));
            for (number, (written, done)) in rule.actions.iter().zip(actions).enumerate() {
                action(number + 1, written.word(), done, lines);
            }
        }
    }
    let Some(told) = &trial.on_error else { return };
    lines.push(line("document", &shown(&told.document)));
    match &told.action {
        None => lines
            .push(line("error", "there is no error action: a letter is kept (`thingstead rule letters`)")),
        Some(Ok(effect)) => lines.push(line("error", &format!("told to {}", said(&effect.action)))),
        Some(Err(failure)) => {
            lines.push(line("error", &format!("the error action FAILED: {}", failure.message)))
        }
    }
}

fn action(number: usize, word: &str, done: &Result<Effect, Failure>, lines: &mut Vec<String>) {
    let head = format!("action {number}");
    match done {
        Err(failure) => {
            lines.push(line(&head, &format!("{word} {}  FAILED: {}", failure.resource, failure.message)));
        }
        Ok(effect) => {
            lines.push(line(&head, &said(&effect.action)));
            let fields = fields(&effect.action);
            let rest = fields.iter().filter(|(_, value)| value.as_str() != Some(effect.action.resource()));
            lines.extend(rest.map(|(name, value)| line("", &format!("{name} = {value}"))));
        }
    }
}

/// An action in two words.
pub(super) fn said<T: std::fmt::Display>(action: &Action<T>) -> String {
    format!("{} {}", action.word(), action.resource())
}

/// What of an action is set, but its role.
fn fields(action: &Action<String>) -> Vec<(String, Value)> {
    let written = serde_json::to_value(action).unwrap_or_default();
    let inner = written.as_object().and_then(|one| one.values().next()).and_then(Value::as_object);
    let is_set =
        |value: &Value| !matches!(value, Value::Null) && *value != json!([]) && *value != json!(false);
    let fields = inner.into_iter().flatten().filter(|(name, value)| name.as_str() != "role" && is_set(value));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn line(head: &str, text: &str) -> String {
    let mut text: String = text.chars().take(MOST_CHARS + 1).collect();
    if text.chars().count() > MOST_CHARS {
        text.pop();
        text.push('…');
    }
    format!("  {head:<10} {text}").trim_end().to_owned()
}

/// Text as it is, else its bytes in base64.
pub(super) fn shown(bytes: &Bytes) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("base64 {}", STANDARD.encode(bytes)),
    }
}

/// For programs: the same steps.
pub(super) fn json(rule: &Rule, topic: &str, trial: &Trial) -> Value {
    let apart = match &trial.meeting {
        Meeting::Apart(apart) => Some(apart),
        _ => None,
    };
    let value = |value: &sql::Value| serde_json::from_str::<Value>(&sql::json::write(value)).ok();
    let named = |list: &[(String, sql::Value)]| -> Vec<Value> {
        let one = |(name, found): &(String, sql::Value)| json!({ "name": name, "value": value(found), "is_undefined": *found == sql::Value::Undefined });
        list.iter().map(one).collect()
    };
    let mut shown = json!({
        "rule": &*rule.name,
        "topic": topic,
        "is_woken": trial.meeting.wakes(),
        "why": apart.map(|apart| &apart.why),
        "hint": apart.and_then(|apart| apart.hint.as_ref()),
        "levels": apart.map(|apart| apart.levels.iter().map(|level| {
            json!({ "wanted": level.wanted, "found": level.found, "fits": level.fits })
        }).collect::<Vec<_>>()),
        "is_disabled": trial.is_disabled,
        "variables": named(&trial.variables),
        "where": trial.condition.as_ref().map(ToString::to_string),
        "columns": named(&trial.columns),
        "remarks": trial.remarks,
        "result": result(&trial.end),
    });
    end_json(trial, &mut shown);
    shown
}

/// Where a trial ends, in a word.
pub(super) fn result(end: &End) -> &'static str {
    match end {
        End::NotWoken => "not woken",
        End::Skipped(_) => "skipped",
        End::Asks(_) => "asks",
        End::Failed(_) => "failed",
        End::Fired { .. } => "fired",
    }
}

fn end_json(trial: &Trial, shown: &mut Value) {
    let act = |done: &Result<Effect, Failure>| match done {
        Ok(effect) => {
            let fields: serde_json::Map<String, Value> = fields(&effect.action).into_iter().collect();
            json!({ "action": effect.action.word(), "resource": effect.action.resource(), "fields": fields })
        }
        Err(failure) => {
            json!({ "failed": failure.action, "resource": failure.resource, "error": failure.message })
        }
    };
    match &trial.end {
        End::NotWoken | End::Skipped(_) => {}
        End::Asks(need) => shown["asks"] = json!(need.to_string()),
        End::Failed(failure) => shown["error"] = json!(failure.message),
        End::Fired { output, actions } => {
            match std::str::from_utf8(output) {
                Ok(text) => shown["output"] = json!(text),
                Err(_) => shown["output_base64"] = json!(STANDARD.encode(output)),
            }
            shown["actions"] = actions.iter().map(act).collect();
        }
    }
    if let Some(told) = &trial.on_error {
        shown["error_document"] = serde_json::from_slice(&told.document).unwrap_or_default();
        shown["error_action"] = told.action.as_ref().map(act).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{make, tried};

    fn tried(sql: &str, topic: &str, payload: &str) -> (Rule, Trial) {
        let written = json!({ "sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": [
            { "republish": { "topic": "out/${topic(2)}", "roleArn": "arn:aws:iam::000000000000:role/r" } }] });
        let definition = make::definition(&written).expect("a definition");
        let rule = make::checked("r", &definition).expect("a rule");
        let payload = Bytes::copy_from_slice(payload.as_bytes());
        let occasion = tried::occasion(&rule, topic, payload, None).expect("a message");
        let trial = tried::answered(&rule, &occasion, &[]).expect("tried");
        (rule, trial)
    }

    #[test]
    fn the_steps_of_a_rule_that_fires_read_from_the_topic_to_the_actions() {
        let (rule, trial) = tried("SELECT a, b FROM 'in/+' WHERE a > 1", "in/x", r#"{"a":2}"#);
        assert_eq!(
            lines(&rule, "in/x", &trial),
            [
                "  topic      in/x matches  FROM 'in/+'",
                "  WHERE      true",
                "  column     a  =  2",
                "  column     b  =  Undefined  (left out)",
                "  result     {\"a\":2}  (7 bytes)",
                "  action 1   republish out/x",
                "             qos = 0",
            ]
        );
        let shown = json(&rule, "in/x", &trial);
        assert_eq!((&shown["result"], &shown["output"]), (&json!("fired"), &json!(r#"{"a":2}"#)));
        assert_eq!(shown["actions"][0]["resource"], "out/x");
    }

    #[test]
    fn a_topic_that_does_not_match_is_laid_beside_the_filter() {
        let (rule, trial) = tried("SELECT * FROM 'in/+'", "In/x/y", "{}");
        let lines = lines(&rule, "In/x/y", &trial);
        assert_eq!(lines[1], "  level      ≠ in                       In");
        assert_eq!(lines[3], "  level      ≠ (none)                   y");
        assert!(lines[4].contains("FROM wants \"in\""), "{lines:?}");
        assert_eq!(json(&rule, "In/x/y", &trial)["result"], "not woken");
    }
}
