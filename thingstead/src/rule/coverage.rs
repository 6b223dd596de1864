//! Trials of one rule in; which of its parts they have seen in which state, and what none has seen, out.

use std::collections::{BTreeMap, BTreeSet};

use rules::{End, Rule, Trial};
use serde_json::{Value, json};

/// What cases have seen of a rule.
pub(super) struct Coverage {
    /// Each part that can be seen, as people read it, and whether it was.
    parts: Vec<(String, bool)>,
}

impl Coverage {
    pub(super) fn of(rule: &Rule, trials: &[Trial]) -> Coverage {
        let mut parts = Vec::new();
        let saw = |seen: &dyn Fn(&Trial) -> bool| trials.iter().any(seen);
        if rule.statement.has_condition() {
            parts.push((
                "WHERE true".to_owned(),
                saw(&|trial| trial.condition == Some(sql::Value::Bool(true))),
            ));
            parts.push(("WHERE not true".to_owned(), saw(&|trial| matches!(trial.end, End::Skipped(_)))));
        }
        for branch in rule.statement.branches() {
            parts.push((branch.text, saw(&|trial| trial.taken.contains(&branch.span))));
        }
        parts.extend(columns(trials));
        for (at, action) in rule.actions.iter().enumerate() {
            let resolved = |trial: &Trial| match &trial.end {
                End::Fired { actions, .. } => actions.get(at).is_some_and(Result::is_ok),
                _ => false,
            };
            parts.push((format!("action {} ({}) resolved", at + 1, action.word()), saw(&resolved)));
        }
        Coverage { parts }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let seen = self.parts.iter().filter(|(_, seen)| *seen).count();
        let mut lines = vec![format!("coverage: {seen} of {} parts seen", self.parts.len())];
        let mark = |seen: &bool| if *seen { "seen    " } else { "NOT SEEN" };
        lines.extend(self.parts.iter().map(|(part, seen)| format!("  {}  {part}", mark(seen))));
        lines
    }

    pub(super) fn json(&self) -> Value {
        self.parts.iter().map(|(part, seen)| json!({ "part": part, "seen": seen })).collect()
    }
}

/// Each column with a value and without: `*` always has one.
fn columns(trials: &[Trial]) -> Vec<(String, bool)> {
    let mut found: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (column, value) in trials.iter().flat_map(|trial| &trial.columns).filter(|(column, _)| column != "*")
    {
        if !order.contains(&column.as_str()) {
            order.push(column);
        }
        found.entry(column).or_default().insert(*value != sql::Value::Undefined);
    }
    let states = |column: &&str| {
        let seen = |defined| found.get(column).is_some_and(|states| states.contains(&defined));
        [
            (format!("column {column} defined"), seen(true)),
            (format!("column {column} Undefined"), seen(false)),
        ]
    };
    order.iter().flat_map(states).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::rule::{make, tried};

    #[test]
    fn what_no_case_has_seen_is_named() {
        let sql = "SELECT a, CASE b WHEN 1 THEN 'x' ELSE 'y' END AS c FROM 't' WHERE a > 1";
        let written = json!({ "sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": [] });
        let rule = make::checked("r", &make::definition(&written).expect("a definition")).expect("a rule");
        let unseen = |payloads: &[&str]| -> Vec<String> {
            let tried: Vec<Trial> = payloads
                .iter()
                .map(|payload| {
                    let payload = Bytes::copy_from_slice(payload.as_bytes());
                    let occasion = tried::occasion(&rule, "t", payload, None).expect("a message");
                    tried::answered(&rule, &occasion, &[]).expect("tried")
                })
                .collect();
            let parts = Coverage::of(&rule, &tried).parts;
            parts.into_iter().filter(|(_, seen)| !seen).map(|(part, _)| part).collect()
        };
        let column = "column CASE b WHEN 1 THEN 'x' ELSE 'y' END AS c Undefined";
        assert_eq!(
            unseen(&[r#"{"a":2,"b":1}"#]),
            ["WHERE not true", "CASE b ELSE 'y'", "column a Undefined", column]
        );
        assert_eq!(
            unseen(&[r#"{"a":2,"b":1}"#, r#"{"a":2,"b":3}"#, r#"{"a":2}"#, "{}"]),
            ["column a Undefined"]
        );
    }
}
