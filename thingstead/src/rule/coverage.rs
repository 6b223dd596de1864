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
