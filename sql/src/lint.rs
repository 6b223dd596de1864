//! A statement in, what its author may not have meant out: where, what and what to write instead. It refuses nothing.

mod columns;
mod condition;
mod constant;
mod topics;

use crate::error::Span;
use crate::function::Form;
use crate::statement::Statement;
use crate::syntax::{Expression, Node, Operator};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub span: Span,
    pub text: String,
    pub fix: String,
}

/// How many findings are told: whoever mends these finds the rest.
const FINDINGS: usize = 20;

/// In the order of the text, the first of them.
pub fn lint(statement: &Statement) -> Vec<Finding> {
    let mut findings = Vec::new();
    topics::check(statement, &mut findings);
    columns::check(statement, &mut findings);
    condition::check(statement, &mut findings);
    let expressions = statement.variables.iter().map(|(_, value)| value).chain(statement.query.parts());
    expressions.for_each(|expression| each(expression, statement.text(), &mut findings));
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    findings.dedup();
    findings.truncate(FINDINGS);
    findings
}

fn finding(span: &Span, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { span: span.clone(), text: text.into(), fix: fix.into() }
}

/// What can be wrong with any expression.
fn each(expression: &Expression, text: &str, findings: &mut Vec<Finding>) {
    match &expression.node {
        Node::Call(call)
            if call.function.form != Form::Cast && !call.function.takes(call.arguments.len()) =>
        {
            let (fewest, most) = call.function.arity;
            let takes = if fewest == most { fewest.to_string() } else { format!("{fewest} to {most}") };
            let given = call.arguments.len();
            findings.push(finding(
                &expression.span,
                format!("{}() with {given} arguments is always Undefined", call.function.name),
                format!("give it {takes}"),
            ));
        }
        Node::Binary(Operator::Subtract, ..) => {
            let written = text.get(expression.span.clone()).unwrap_or_default();
            let bare = |c: char| c == '_' || c == '-' || c.is_alphanumeric();
            if written.starts_with(char::is_alphabetic)
                && written.chars().all(bare)
                && !written.contains("--")
            {
                findings.push(finding(
                    &expression.span,
                    format!("this subtracts; it is not the key {written}"),
                    format!("read the key with get(*, '{written}'), or put blanks around the -"),
                ));
            }
        }
        _ => {}
    }
    expression.parts().into_iter().for_each(|part| each(part, text, findings));
}
