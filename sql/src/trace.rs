//! A statement step by step: the same result as running it, with every value on the way; for people who try a rule.

use crate::call::Stop;
use crate::error::Span;
use crate::evaluate::{Evaluation, Operand, Scope, row_of};
use crate::limits::OUTPUT_BYTES;
use crate::statement::{Outcome, Statement, everything};
use crate::syntax::{Expression, Node, Select};
use crate::value::Value;

/// What a statement did with one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// SET, in order, without the `@`.
    pub variables: Vec<(String, Value)>,
    /// What WHERE came to, if there is one.
    pub condition: Option<Value>,
    /// What each column came to, under the column as it was written; `SELECT VALUE` is one.
    pub columns: Vec<(String, Value)>,
    /// Why values are what they may not be on AWS.
    pub remarks: Vec<String>,
    /// Where the branches of CASE stand that were taken; see [`Statement::branches`].
    pub taken: Vec<Span>,
    /// The steps end here where the evaluation stopped.
    pub end: Result<Outcome, Stop>,
}

/// One branch of a CASE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Of what the branch comes to.
    pub span: Span,
    /// As it was written, on one line.
    pub text: String,
}

impl Statement {
    pub fn has_condition(&self) -> bool {
        self.query.condition.is_some()
    }

    /// Every branch of every CASE, in the order of the text.
    pub fn branches(&self) -> Vec<Branch> {
        let mut found = Vec::new();
        let variables = self.variables.iter().map(|(_, value)| value);
        variables.chain(self.query.parts()).for_each(|expression| branches_of(expression, &mut found));
        found.sort_by_key(|branch| branch.span.start);
        found
    }

    /// Like [`Statement::run`], and slower.
    pub fn explain(&self, evaluation: &mut Evaluation<'_>) -> Trace {
        let mut trace = Trace {
            variables: Vec::new(),
            condition: None,
            columns: Vec::new(),
            remarks: Vec::new(),
            taken: Vec::new(),
            end: Ok(Outcome::Skipped(Value::Undefined)),
        };
        evaluation.note_branches();
        trace.end = self.steps(evaluation, &mut trace);
        for (name, _) in &self.variables {
            if let Some(value) = evaluation.variable(name) {
                trace.variables.push((name.clone(), value.clone()));
            }
        }
        trace.remarks = evaluation.remarks().to_vec();
        trace.taken = evaluation.taken();
        trace
    }

    fn steps(&self, evaluation: &mut Evaluation<'_>, trace: &mut Trace) -> Result<Outcome, Stop> {
        self.set_variables(evaluation)?;
        if let Some(condition) = &self.query.condition {
            let met = evaluation.value(condition, &Scope::Payload)?;
            trace.condition = Some(met.clone());
            if met != Value::Bool(true) {
                return Ok(Outcome::Skipped(met));
            }
        }
        let mut out = Vec::new();
        match &self.query.select {
            Select::Value(expression) => {
                let value = evaluation.value(expression, &Scope::Payload)?;
                trace.columns.push((expression.to_string(), value.clone()));
                Operand::Own(value).write(self.version(), &mut out);
            }
            Select::Columns(columns) => {
                let mut values = Vec::new();
                for column in columns {
                    let value = evaluation.value(&column.expression, &Scope::Payload)?;
                    trace.columns.push((column.to_string(), value.clone()));
                    values.push(value);
                }
                if self.selects_everything() {
                    everything(evaluation, &mut out)?;
                } else {
                    Operand::Own(row_of(columns, values)).write(self.version(), &mut out);
                }
            }
        }
        match out.len() <= OUTPUT_BYTES {
            true => Ok(Outcome::Selected(out)),
            false => Err(TOO_LARGE),
        }
    }
}

fn branches_of(expression: &Expression, found: &mut Vec<Branch>) {
    if let Node::Case(case) = &expression.node {
        let branch = |text: String, then: &Expression| Branch { span: then.span.clone(), text };
        let when = case
            .branches
            .iter()
            .map(|(when, then)| branch(format!("CASE {} WHEN {when} THEN {then}", case.subject), then));
        found.extend(when);
        let otherwise = case.otherwise.as_ref();
        found.extend(otherwise.map(|then| branch(format!("CASE {} ELSE {then}", case.subject), then)));
    }
    expression.parts().into_iter().for_each(|part| branches_of(part, found));
}

pub(crate) const TOO_LARGE: Stop =
    Stop::Limit("the result has more than 131072 bytes, AWS's limit; select less");
