//! A policy text with `${variables}`, and the pattern it becomes for one connection; looks up nothing itself.

use crate::arn;
use crate::keys;
use crate::limits;
use crate::pattern::{Pattern, PatternBuilder};
use crate::variables::Variables;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Wild(String),
    Literal(String),
    Variable(String),
}

/// A variable that keeps a text from matching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) reason: String,
}

impl Template {
    /// Without variables, as the version 2008-10-17 has it.
    pub(crate) fn plain(text: &str) -> Template {
        Template { text: text.to_owned(), parts: vec![Part::Wild(text.to_owned())] }
    }

    pub(crate) fn parse(text: &str) -> Result<Template, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if !before.is_empty() {
                parts.push(Part::Wild(before.to_owned()));
            }
            let Some((name, after)) = after.split_once('}') else {
                return Err("a closing brace is missing after ${");
            };
            parts.push(match name.trim() {
                "" => return Err("there is no name between the braces"),
                literal @ ("*" | "?" | "$") => Part::Literal(literal.to_owned()),
                name if name.contains(['$', '{', '*', '?']) => return Err("a name cannot hold $ { * ?"),
                name => Part::Variable(keys::canonical(name).unwrap_or_else(|| name.to_owned())),
            });
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Wild(rest.to_owned()));
        }
        Ok(Template { text: text.to_owned(), parts })
    }

    /// As written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(crate) fn fill(&self, variables: &Variables) -> Result<Pattern, Unresolved> {
        let mut builder = PatternBuilder::default();
        for part in &self.parts {
            match part {
                Part::Wild(text) => builder.wild(text),
                Part::Literal(text) => builder.literal(text),
                Part::Variable(name) => builder.literal(&resolve(name, variables)?),
            }
        }
        Ok(builder.build())
    }

    /// With `*` and `?` as ordinary characters.
    pub(crate) fn fill_text(&self, variables: &Variables) -> Result<String, Unresolved> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Wild(text) | Part::Literal(text) => filled.push_str(text),
                Part::Variable(name) => filled.push_str(&resolve(name, variables)?),
            }
        }
        Ok(filled)
    }

    /// The filled text with `*` for each variable that has no usable value, and the first such variable.
    pub(crate) fn fill_loosely(&self, variables: &Variables) -> (String, Option<Unresolved>) {
        let (mut filled, mut first) = (String::new(), None);
        for part in &self.parts {
            match part {
                Part::Wild(text) | Part::Literal(text) => filled.push_str(text),
                Part::Variable(name) => match resolve(name, variables) {
                    Ok(value) => filled.push_str(&value),
                    Err(unresolved) => {
                        filled.push('*');
                        first.get_or_insert(unresolved);
                    }
                },
            }
        }
        (filled, first)
    }

    /// The parts of an ARN, each a template of its own.
    pub(crate) fn arn_parts(&self) -> Vec<Template> {
        let is_plain = self.parts.iter().all(|part| matches!(part, Part::Wild(_)));
        let part = |text: &str| match Template::parse(text) {
            Ok(template) if !is_plain => template,
            _ => Template::plain(text),
        };
        arn::parts(&self.text).into_iter().map(part).collect()
    }
}

fn resolve(name: &str, variables: &Variables) -> Result<String, Unresolved> {
    let unresolved = |value: Option<&str>, reason: String| Unresolved {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        reason,
    };
    let Some(value) = variables.value(name) else {
        return Err(unresolved(None, absence(name, variables)));
    };
    if let Some(special) = value.chars().find(|ch| "*$+?#".contains(*ch)) {
        return Err(unresolved(Some(&value), format!("a value with {special} is never substituted")));
    }
    if value.chars().count() > limits::VALUE_CHARS {
        let reason = format!("a value longer than {} characters is never substituted", limits::VALUE_CHARS);
        return Err(unresolved(Some(&value.chars().take(64).collect::<String>()), reason));
    }
    Ok(value.into_owned())
}

fn absence(name: &str, variables: &Variables) -> String {
    let client_id = variables.client_id.as_deref();
    match (name, client_id) {
        (name, Some(client_id)) if name.starts_with("iot:Connection.Thing.") => match &variables.thing_name {
            None => format!("no thing of this principal is named like the client id {client_id:?}"),
            Some(thing) => format!("the thing {thing:?} has none"),
        },
        (name, None) if name == "iot:ClientId" || name.starts_with("iot:Connection.") => {
            "it exists only on MQTT connections".to_owned()
        }
        (name, _) if name.starts_with("iot:Certificate.") => "the certificate has no such field".to_owned(),
        _ => "this connection has none".to_owned(),
    }
}
