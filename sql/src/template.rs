//! `text ${expression} text` to one text for a message; which fields of an action are templates is not its business.

use crate::call::Stop;
use crate::convert;
use crate::error::SqlError;
use crate::evaluate::{Evaluation, Scope};
use crate::limits::OUTPUT_BYTES;
use crate::parser;
use crate::patterns::Patterns;
use crate::statement::{Reference, Statement, refer};
use crate::syntax::Expression;
use crate::version::Version;

/// A field of an action, ready to be filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    text: String,
    version: Version,
    patterns: Patterns,
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Expression(Expression),
}

impl Template {
    /// `$$` stands for one `$`, as in the topic `$$aws/things/…` of a republish action. A variable that the
    /// statement does not set is Undefined.
    pub fn parse(text: &str, version: Version) -> Result<Template, SqlError> {
        Template::read(text, version, None)
    }

    /// For a rule with this statement: a variable that it does not set is an error.
    pub fn of(text: &str, statement: &Statement) -> Result<Template, SqlError> {
        let names = statement.variables.iter().map(|(name, _)| name.clone()).collect();
        Template::read(text, statement.version(), Some(names))
    }

    fn read(text: &str, version: Version, variables: Option<Vec<String>>) -> Result<Template, SqlError> {
        parser::check_size(text)?;
        let mut parts = Vec::new();
        let mut patterns = Patterns::default();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('$')) {
            let dollar = at + found;
            plain.push_str(text.get(at..dollar).unwrap_or_default());
            at = dollar + 1;
            let rest = text.get(at..).unwrap_or_default();
            if rest.starts_with('{') {
                let (expression, end) =
                    parser::embedded(text, at + 1, version, variables.clone(), &mut patterns)?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Expression(expression));
                at = end;
            } else {
                plain.push('$');
                at += usize::from(rest.starts_with('$'));
            }
        }
        plain.push_str(text.get(at..).unwrap_or_default());
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { text: text.to_owned(), version, patterns, parts })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its regular expressions.
    pub fn patterns(&self) -> Patterns {
        self.patterns
    }

    /// Whether it says the same for every message.
    pub fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The payload's paths that it names.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        for part in &self.parts {
            if let Part::Expression(expression) = part {
                refer(expression, &mut found);
            }
        }
        found
    }

    /// The text for the evaluation's message. What is Undefined or Null leaves nothing.
    pub fn render(&self, evaluation: &mut Evaluation<'_>) -> Result<String, Stop> {
        evaluation.begin(self.version);
        let mut text = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Expression(expression) => {
                    let operand = evaluation.operand(expression, &Scope::Payload)?;
                    match operand.string() {
                        Some(string) => text.push_str(&string),
                        None => {
                            let value = evaluation.own(operand)?;
                            text.push_str(&convert::text(&value).unwrap_or_default());
                        }
                    }
                }
            }
            if text.len() > OUTPUT_BYTES {
                return Err(Stop::Limit("the field's text has more than 131072 bytes; fill in less"));
            }
        }
        Ok(text)
    }
}
