//! SELECT: columns that lose their name or each other.

use std::collections::HashMap;

use super::{Finding, finding};
use crate::statement::Statement;
use crate::syntax::{Column, Node, Select};

pub(super) fn check(statement: &Statement, findings: &mut Vec<Finding>) {
    let Select::Columns(columns) = &statement.query.select else { return };
    let last: HashMap<&[String], usize> =
        columns.iter().enumerate().map(|(at, column)| (column.name.as_slice(), at)).collect();
    for (at, column) in columns.iter().enumerate() {
        if !column.named && is_made(column) {
            let name = column.name.join(".");
            findings.push(finding(
                &column.expression.span,
                format!(
                    "the column has no name: its key is `{name}` here, and AWS does not say what it is there"
                ),
                "write AS name behind it",
            ));
        }
        let again = last.get(column.name.as_slice()).is_some_and(|last| *last > at);
        if again && !column.name.is_empty() {
            findings.push(finding(
                &column.expression.span,
                format!("a later column is called `{}` too, and replaces this one", column.name.join(".")),
                "give one of them another name with AS",
            ));
        }
    }
}

fn is_made(column: &Column) -> bool {
    !matches!(column.expression.node, Node::Star | Node::Key(_) | Node::Member(..) | Node::Variable(_))
}
