//! Whether an expression asks the outside, and how a question or a value reads in a sentence. Evaluates nothing.

use std::fmt::{self, Display, Formatter};

use crate::call::Stop;
use crate::evaluate::Evaluation;
use crate::function::Service;
use crate::json::write;
use crate::need::Need;
use crate::statement::Statement;
use crate::syntax::{Expression, Node};
use crate::template::{Part, Template};
use crate::value::Value;

impl Statement {
    /// Whether some function in it asks the outside.
    pub fn reaches_out(&self) -> bool {
        let variables = self.variables.iter().map(|(_, value)| value);
        variables.chain(self.query.parts()).any(asks)
    }

    /// Sets the variables alone, for templates that are filled without the statement being run.
    pub fn prepare(&self, evaluation: &mut Evaluation<'_>) -> Result<(), Stop> {
        self.set_variables(evaluation)
    }
}

impl Template {
    /// Whether some function in it asks the outside.
    pub fn reaches_out(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Expression(expression) if asks(expression)))
    }
}

fn asks(expression: &Expression) -> bool {
    match &expression.node {
        Node::Call(call) if call.function.service == Service::Asked => true,
        _ => expression.parts().into_iter().any(asks),
    }
}

/// As a person calls it.
impl Display for Need {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Need::Shadow { thing, name: None, .. } => write!(out, "the shadow of {thing}"),
            Need::Shadow { thing, name: Some(name), .. } => write!(out, "shadow {name} of {thing}"),
            Need::Lambda { function, .. } => write!(out, "function {function}"),
            Need::DynamoDb { table, .. } => write!(out, "an item of DynamoDB table {table}"),
            Need::Secret { id, .. } => write!(out, "secret {id}"),
            Need::Registry { api, thing, .. } => write!(out, "{api} of {thing}"),
            Need::Prediction { model, .. } => write!(out, "a prediction of {model}"),
        }
    }
}

/// JSON, or the word that stands for what JSON cannot say.
impl Display for Value {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Undefined => out.write_str("Undefined"),
            value => out.write_str(&write(value)),
        }
    }
}
