//! WHERE: conditions that are never or always met, and names that it does not know.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::constant::{constant, never_boolean, never_number};
use super::{Finding, finding};
use crate::convert;
use crate::statement::Statement;
use crate::syntax::{Column, Expression, Node, Operator, Select};
use crate::value::Value;
use crate::version::Version;

pub(super) fn check(statement: &Statement, findings: &mut Vec<Finding>) {
    let Some(condition) = &statement.query.condition else { return };
    let version = statement.version();
    match constant(condition, version) {
        Some(Value::Bool(true)) => {
            findings.push(finding(&condition.span, "WHERE is met by every message", "leave it out"));
        }
        Some(value) => {
            let said =
                if value == Value::Undefined { "Undefined".to_owned() } else { crate::json::write(&value) };
            findings.push(finding(
                &condition.span,
                format!("WHERE is never met: it is {said} for every message, and only true is met"),
                "compare something of the message",
            ));
        }
        None => walk(condition, version, findings),
    }
    aliases(statement, condition, findings);
}

fn walk(expression: &Expression, version: Version, findings: &mut Vec<Finding>) {
    match &expression.node {
        Node::And(parts) | Node::Or(parts) => {
            parts.iter().for_each(|part| logical(part, findings));
            if matches!(expression.node, Node::And(_)) {
                contradictions(parts, version, findings);
            }
        }
        Node::Not(inner) => logical(inner, findings),
        Node::Binary(operator, left, right) if is_order(*operator) => {
            ordered(expression, *operator, left, findings);
            ordered(expression, *operator, right, findings);
        }
        Node::Binary(Operator::Equal | Operator::Unequal, left, right) => {
            for side in [left, right] {
                if side.node == Node::Literal(Value::Null) {
                    let other = if std::ptr::eq(side, left) { right } else { left };
                    findings.push(finding(
                        &expression.span,
                        "AWS does not say what a comparison with null is, and a key that is absent is not null",
                        format!("write isNull({other}), or isUndefined({other}) for an absent key"),
                    ));
                }
            }
        }
        _ => {}
    }
    expression.parts().into_iter().for_each(|part| walk(part, version, findings));
}

fn logical(part: &Expression, findings: &mut Vec<Finding>) {
    if never_boolean(part) {
        findings.push(finding(
            &part.span,
            format!("{part} is no Boolean, which makes the whole condition Undefined: WHERE is never met"),
            "compare it: x = 'a' OR x = 'b', not x = 'a' OR 'b'",
        ));
    }
}

fn ordered(whole: &Expression, operator: Operator, side: &Expression, findings: &mut Vec<Finding>) {
    if !never_number(side) {
        return;
    }
    let sign = operator.text();
    let (text, fix) = match &side.node {
        Node::Literal(Value::String(_)) => (
            format!(
                "{sign} compares numbers: with the text {side} it is always Undefined, so WHERE is never met"
            ),
            "compare texts with = or <>, or numbers with numbers",
        ),
        _ => (
            format!("{sign} compares numbers: with {side} it is always Undefined, so WHERE is never met"),
            "compare a number with a number",
        ),
    };
    findings.push(finding(&whole.span, text, fix));
}

fn is_order(operator: Operator) -> bool {
    matches!(operator, Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual)
}

const COMPARED: usize = 100;

/// `path operator constant`, turned around where the constant comes first.
#[derive(PartialEq)]
struct Bound<'a> {
    path: Vec<&'a str>,
    operator: Operator,
    value: Value,
}

impl<'a> Bound<'a> {
    fn of(expression: &'a Expression, version: Version) -> Option<Bound<'a>> {
        let Node::Binary(operator, left, right) = &expression.node else { return None };
        if let (Some(path), Some(value)) = (left.path(), constant(right, version)) {
            return Some(Bound { path, operator: *operator, value });
        }
        let operator = match operator {
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
            Operator::Equal | Operator::Unequal => *operator,
            _ => return None,
        };
        Some(Bound { path: right.path()?, operator, value: constant(left, version)? })
    }

    /// Whether no value meets both.
    fn excludes(&self, other: &Bound<'_>) -> bool {
        let allows = |bound: &Bound<'_>, value: &Value| match bound.operator {
            Operator::Equal => convert::equal(value, &bound.value),
            Operator::Unequal => convert::equal(value, &bound.value).map(|equal| !equal),
            Operator::Less => convert::order(value, &bound.value).map(Ordering::is_lt),
            Operator::LessOrEqual => convert::order(value, &bound.value).map(Ordering::is_le),
            Operator::Greater => convert::order(value, &bound.value).map(Ordering::is_gt),
            Operator::GreaterOrEqual => convert::order(value, &bound.value).map(Ordering::is_ge),
            _ => None,
        };
        if self.operator == Operator::Equal {
            return allows(other, &self.value) == Some(false);
        }
        if other.operator == Operator::Equal {
            return allows(self, &other.value) == Some(false);
        }
        let upper = |operator| matches!(operator, Operator::Less | Operator::LessOrEqual);
        let lower = |operator| matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
        let (high, low) = match () {
            () if upper(self.operator) && lower(other.operator) => (self, other),
            () if lower(self.operator) && upper(other.operator) => (other, self),
            () => return false,
        };
        let touching = high.operator == Operator::LessOrEqual && low.operator == Operator::GreaterOrEqual;
        match convert::order(&high.value, &low.value) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !touching,
            _ => false,
        }
    }
}

fn contradictions(parts: &[Expression], version: Version, findings: &mut Vec<Finding>) {
    let mut bounds: Vec<(Bound<'_>, &Expression)> = Vec::new();
    for part in parts {
        let Some(bound) = Bound::of(part, version) else { continue };
        let against =
            bounds.iter().find(|(earlier, _)| bound.path == earlier.path && earlier.excludes(&bound));
        if let Some((_, other)) = against {
            findings.push(finding(
                &part.span,
                format!("{part} contradicts {other}: WHERE is never met"),
                "join them with OR, or take one away",
            ));
        }
        // A chain is seldom long; of a very long one the first that differ are compared.
        if bounds.len() < COMPARED && !bounds.iter().any(|(earlier, _)| *earlier == bound) {
            bounds.push((bound, part));
        }
    }
}

/// Names of columns are not known to WHERE.
fn aliases(statement: &Statement, condition: &Expression, findings: &mut Vec<Finding>) {
    let Select::Columns(columns) = &statement.query.select else { return };
    let references = statement.references();
    // A key of the same name that SELECT reads as well is no slip.
    let before = references.iter().filter(|other| other.span.end <= condition.span.start);
    let read: HashSet<&str> = before.filter_map(|other| other.path.first()).map(String::as_str).collect();
    let mut named: HashMap<&str, &Column> = HashMap::new();
    for column in columns.iter().filter(|column| column.named) {
        if let Some(name) = column.name.first() {
            named.entry(name).or_insert(column);
        }
    }
    for reference in &references {
        let within = condition.span.start <= reference.span.start && reference.span.end <= condition.span.end;
        let Some(root) = reference.path.first().filter(|_| within) else { continue };
        let Some(column) = named.get(root.as_str()) else { continue };
        if !read.contains(root.as_str()) {
            findings.push(finding(
                &reference.span,
                format!("{root} is a name that SELECT gives; WHERE comes first, and looks for a key {root} of the message"),
                format!("write {} here", column.expression),
            ));
        }
    }
}
