//! A statement's text to what it selects from a message; it knows no actions.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use message::Filter;

use crate::call::Stop;
use crate::error::{Span, SqlError};
use crate::evaluate::{Evaluation, Operand, Scope, weight};
use crate::json::{Shape, write, write_text};
use crate::limits::{OUTPUT_BYTES, VARIABLE_BYTES};
use crate::parser;
use crate::patterns::Patterns;
use crate::syntax::{self, Column, Expression, Node, Query, Select};
use crate::trace::TOO_LARGE;
use crate::value::Value;
use crate::version::Version;

/// A rule's statement, ready to run.
#[derive(Debug, Clone)]
pub struct Statement {
    text: Arc<str>,
    version: Version,
    pub(crate) variables: Vec<(String, Expression)>,
    pub(crate) query: Query,
    filter: Option<(Filter, Span)>,
    patterns: Patterns,
    plan: Plan,
}

/// How the result comes about.
#[derive(Debug, Clone, PartialEq)]
enum Plan {
    /// `SELECT *`
    Everything,
    /// Columns whose names are single and differ: they are written one after the other. Each with its
    /// name as JSON and a colon.
    Columns(Vec<Vec<u8>>),
    /// The same behind a `*`.
    EverythingAndColumns(Vec<Vec<u8>>),
    Value,
    /// The result is built as a value first.
    Built,
}

/// What a column's value usually takes.
const VALUE_BYTES: usize = 16;

/// What a statement came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// WHERE came to this, and not to true.
    Skipped(Value),
    /// The payload that the actions get.
    Selected(Vec<u8>),
}

/// A path that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Keys from the payload's top.
    pub path: Vec<String>,
    pub span: Span,
}

impl Statement {
    pub fn parse(text: &str, version: Version) -> Result<Statement, SqlError> {
        let parser::Parsed { variables, query, filter, patterns } = parser::statement(text, version)?;
        let plan = Plan::of(&query.select);
        Ok(Statement { text: Arc::from(text), version, variables, query, filter, patterns, plan })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// Its regular expressions.
    pub fn patterns(&self) -> Patterns {
        self.patterns
    }

    /// None: the rule takes Basic Ingest only.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref().map(|(filter, _)| filter)
    }

    pub(crate) fn filter_span(&self) -> Option<&Span> {
        self.filter.as_ref().map(|(_, span)| span)
    }

    /// The payload's paths that the statement names, in the order of the text; those within nested SELECTs
    /// belong to elements and are left out.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        let expressions = self.variables.iter().map(|(_, value)| value).chain(self.query.parts());
        expressions.for_each(|expression| refer(expression, &mut found));
        found
    }

    /// The statement on the evaluation's message. After [`Stop::Need`], answer it and begin again with a new
    /// evaluation: it comes to the same place.
    pub fn run(&self, evaluation: &mut Evaluation<'_>) -> Result<Outcome, Stop> {
        self.set_variables(evaluation)?;
        if let Some(condition) = &self.query.condition {
            let met = evaluation.operand(condition, &Scope::Payload)?;
            let met = evaluation.own(met)?;
            if met != Value::Bool(true) {
                return Ok(Outcome::Skipped(met));
            }
        }
        let result = self.select(evaluation)?;
        match result.len() <= OUTPUT_BYTES {
            true => Ok(Outcome::Selected(result)),
            false => Err(TOO_LARGE),
        }
    }

    pub(crate) fn selects_everything(&self) -> bool {
        self.plan == Plan::Everything
    }

    /// SET, for the statement and for templates.
    pub(crate) fn set_variables(&self, evaluation: &mut Evaluation<'_>) -> Result<(), Stop> {
        evaluation.begin(self.version);
        evaluation.forget_variables();
        let mut size = 0;
        for (name, expression) in &self.variables {
            let value = evaluation.value(expression, &Scope::Payload)?;
            evaluation.charge(weight(&value))?;
            size += write(&value).len();
            if size > VARIABLE_BYTES {
                return Err(Stop::Limit("the variables have more than 131072 bytes, AWS's limit; set less"));
            }
            evaluation.set_variable(name, value);
        }
        Ok(())
    }

    fn select(&self, evaluation: &mut Evaluation<'_>) -> Result<Vec<u8>, Stop> {
        let mut out = Vec::new();
        match (&self.plan, &self.query.select) {
            (Plan::Everything, _) => everything(evaluation, &mut out)?,
            (Plan::Columns(names), Select::Columns(columns)) => {
                out.reserve(names.iter().map(|name| name.len() + VALUE_BYTES).sum());
                out.push(b'{');
                self.columns(evaluation, columns, names, &mut out)?;
            }
            (Plan::EverythingAndColumns(names), Select::Columns(columns)) => {
                if self.hides(evaluation, columns)? {
                    let row = evaluation.row(columns, &Scope::Payload)?;
                    Operand::Own(row).write(self.version, &mut out);
                    return Ok(out);
                }
                if evaluation.shape()? == Shape::Object {
                    everything(evaluation, &mut out)?;
                    out.pop();
                    if out.len() > 1 {
                        out.push(b',');
                    }
                } else {
                    out.push(b'{');
                }
                self.columns(evaluation, columns.get(1..).unwrap_or_default(), names, &mut out)?;
            }
            (_, Select::Value(value)) => {
                let value = evaluation.operand(value, &Scope::Payload)?;
                value.write(self.version, &mut out);
            }
            (_, Select::Columns(columns)) => {
                let row = evaluation.row(columns, &Scope::Payload)?;
                Operand::Own(row).write(self.version, &mut out);
            }
        }
        Ok(out)
    }

    /// Whether a column replaces a member of the payload.
    fn hides(&self, evaluation: &Evaluation<'_>, columns: &[Column]) -> Result<bool, Stop> {
        evaluation.shape()?;
        let document = evaluation.document();
        Ok(columns
            .iter()
            .filter_map(|column| column.name.first())
            .any(|name| document.member(name).is_some()))
    }

    /// Behind an opening brace or a comma.
    fn columns(
        &self,
        evaluation: &mut Evaluation<'_>,
        columns: &[Column],
        names: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        for (column, name) in columns.iter().zip(names) {
            let value = evaluation.operand(&column.expression, &Scope::Payload)?;
            let start = out.len();
            out.extend_from_slice(name);
            match value.write(self.version, out) {
                true => out.push(b','),
                false => out.truncate(start),
            }
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b'}');
        Ok(())
    }
}

/// The statement as its tree says it: one line, with the same meaning.
impl Display for Statement {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.variables.iter().enumerate() {
            write!(out, "{} @{name} = {value}", if at == 0 { "SET" } else { "," })?;
        }
        out.write_str(if self.variables.is_empty() { "" } else { " " })?;
        write!(out, "{}", self.query.select)?;
        if let Some((filter, _)) = &self.filter {
            out.write_str(" FROM ")?;
            syntax::quoted(filter.as_str(), out)?;
        }
        syntax::condition(&self.query, out)
    }
}

/// Two texts with one meaning are one statement.
impl PartialEq for Statement {
    fn eq(&self, other: &Statement) -> bool {
        self.version == other.version
            && self.variables == other.variables
            && self.query == other.query
            && self.filter() == other.filter()
    }
}

impl Plan {
    fn of(select: &Select) -> Plan {
        let Select::Columns(columns) = select else { return Plan::Value };
        let is_star = |column: &&Column| column.name.is_empty() && column.expression.node == Node::Star;
        let star = columns.first().filter(is_star).is_some();
        let rest = columns.get(usize::from(star)..).unwrap_or_default();
        if star && rest.is_empty() {
            return Plan::Everything;
        }
        let mut names: Vec<&[String]> = rest.iter().map(|column| column.name.as_slice()).collect();
        let single = names.iter().all(|name| name.len() == 1);
        names.sort_unstable();
        let differ = names.windows(2).all(|pair| pair.first() != pair.last());
        if !single || !differ {
            return Plan::Built;
        }
        let written = rest.iter().flat_map(|column| &column.name).map(|name| {
            let mut written = Vec::new();
            write_text(name, &mut written);
            written.push(b':');
            written
        });
        let written = written.collect();
        if star { Plan::EverythingAndColumns(written) } else { Plan::Columns(written) }
    }
}

/// `*`: the payload's bytes, compact if they are an object or an array.
pub(crate) fn everything(evaluation: &Evaluation<'_>, out: &mut Vec<u8>) -> Result<(), Stop> {
    let shape = evaluation.shape()?;
    let document = evaluation.document();
    match document.whole().filter(|_| matches!(shape, Shape::Object | Shape::Array)) {
        Some(raw) => raw.write(evaluation.version(), out),
        None => out.extend_from_slice(document.payload()),
    }
    Ok(())
}

pub(crate) fn refer(expression: &Expression, found: &mut Vec<Reference>) {
    if let Some(path) = expression.path() {
        let path = path.into_iter().map(str::to_owned).collect();
        found.push(Reference { path, span: expression.span.clone() });
        return;
    }
    match &expression.node {
        Node::Nested(nested) | Node::Exists(nested) => refer(&nested.source, found),
        _ => expression.parts().into_iter().for_each(|part| refer(part, found)),
    }
}
