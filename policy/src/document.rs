//! The text of a policy document in, its checked statements or the first fault out; evaluates nothing.

use std::sync::Arc;

use crate::arn;
use crate::ask::Action;
use crate::condition::Condition;
use crate::fault::{Fault, PolicyError};
use crate::json::{self, Member, Node, Value};
use crate::keys;
use crate::limits;
use crate::operator::Operator;
use crate::pattern::Pattern;
use crate::template::Template;

/// A valid policy document; a clone shares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Arc<Body>);

#[derive(Debug, PartialEq)]
struct Body {
    variables_allowed: bool,
    statements: Vec<Statement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// As written, under `Action` or `NotAction`.
    pub(crate) action_texts: Vec<String>,
    pub(crate) not_action: bool,
    /// The actions it speaks of, one bit each.
    pub(crate) actions: u32,
    pub(crate) resources: Vec<Template>,
    pub(crate) not_resource: bool,
    pub(crate) conditions: Vec<Condition>,
}

impl Document {
    /// An IoT policy document, of at most 2048 characters without white space.
    pub fn parse(json: &str) -> Result<Document, PolicyError> {
        Document::parse_within(json, limits::DOCUMENT_CHARS)
    }

    /// A document with another limit, such as an IAM policy's.
    pub fn parse_within(json: &str, limit_chars: usize) -> Result<Document, PolicyError> {
        parse(json, limit_chars).map_err(|found| found.located(json))
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.0.statements
    }

    pub(crate) fn variables_allowed(&self) -> bool {
        self.0.variables_allowed
    }
}

impl Statement {
    pub(crate) fn covers(&self, action: Action) -> bool {
        self.actions & action.bit() != 0
    }
}

/// A fault whose place is still a byte offset.
struct Found {
    at: usize,
    path: String,
    fault: Fault,
}

impl Found {
    fn new(at: usize, path: &str, fault: Fault) -> Found {
        Found { at, path: path.to_owned(), fault }
    }

    fn located(self, text: &str) -> PolicyError {
        let mut before = text.get(..self.at.min(text.len())).unwrap_or(text).split('\n');
        let last = before.next_back().unwrap_or_default();
        let (line, column) = (before.count() + 1, last.chars().count() + 1);
        PolicyError { line, column, path: self.path, fault: self.fault }
    }
}

const WHOLE: &str = "document";

fn parse(text: &str, limit: usize) -> Result<Document, Found> {
    if text.len() > limits::DOCUMENT_BYTES {
        return Err(Found::new(0, WHOLE, Fault::TooManyBytes(text.len())));
    }
    let found = text.chars().filter(|ch| !ch.is_whitespace()).count();
    if found > limit {
        return Err(Found::new(0, WHOLE, Fault::TooLong { found, limit }));
    }
    let node =
        json::read(text).map_err(|broken| Found::new(broken.at, WHOLE, Fault::NotJson(broken.reason)))?;
    let members = object(&node, WHOLE)?;
    for member in members {
        if !["Version", "Id", "Statement"].contains(&member.key.as_str()) {
            let fix = "keep only Version, Id and Statement at the top".to_owned();
            return Err(unknown(member, WHOLE, fix));
        }
    }
    if let Some(id) = field(members, "Id") {
        string(id, "Id")?;
    }
    let version = required(&node, members, WHOLE, "Version", "\"Version\":\"2012-10-17\"")?;
    let variables_allowed = match string(version, "Version")? {
        "2012-10-17" => true,
        "2008-10-17" => false,
        other => return Err(Found::new(version.at, "Version", Fault::Version(other.to_owned()))),
    };
    let list = required(&node, members, WHOLE, "Statement", "a list of statements")?;
    let statements = match &list.value {
        Value::List(nodes) if nodes.is_empty() => {
            return Err(Found::new(list.at, "Statement", Fault::Empty("a statement")));
        }
        Value::List(nodes) => nodes
            .iter()
            .enumerate()
            .map(|(position, node)| statement(node, &format!("Statement[{position}]"), variables_allowed))
            .collect::<Result<_, _>>()?,
        Value::Object(_) => vec![statement(list, "Statement", variables_allowed)?],
        other => {
            let wanted = "a statement or a list of statements";
            return Err(Found::new(list.at, "Statement", Fault::WrongKind { wanted, found: other.kind() }));
        }
    };
    Ok(Document(Arc::new(Body { variables_allowed, statements })))
}

const STATEMENT_FIELDS: &[&str] =
    &["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn statement(node: &Node, path: &str, variables_allowed: bool) -> Result<Statement, Found> {
    let members = object(node, path)?;
    for member in members {
        if !STATEMENT_FIELDS.contains(&member.key.as_str()) {
            return Err(unknown(member, path, statement_fix(&member.key)));
        }
    }
    let sid = match field(members, "Sid") {
        None => None,
        Some(sid) => Some(string(sid, &format!("{path}.Sid"))?.to_owned()),
    };
    let effect_node = required(node, members, path, "Effect", "\"Effect\":\"Allow\"")?;
    let effect_path = format!("{path}.Effect");
    let effect = match string(effect_node, &effect_path)? {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        other => return Err(Found::new(effect_node.at, &effect_path, Fault::Effect(other.to_owned()))),
    };
    let (action_name, action_node) = either(node, members, path, "Action", "NotAction")?;
    let mut action_texts = Vec::new();
    for (text, at, path) in strings(action_node, &format!("{path}.{action_name}"), "an action")? {
        check_action(text)
            .map_err(|reason| Found::new(at, &path, Fault::Action { found: text.to_owned(), reason }))?;
        action_texts.push(text.to_owned());
    }
    let not_action = action_name == "NotAction";
    let named = named_actions(&action_texts);
    let (resource_name, resource_node) = either(node, members, path, "Resource", "NotResource")?;
    let mut resources = Vec::new();
    for (text, at, path) in strings(resource_node, &format!("{path}.{resource_name}"), "a resource")? {
        resources.push(resource(text, variables_allowed).map_err(|fault| Found::new(at, &path, fault))?);
    }
    Ok(Statement {
        sid,
        effect,
        action_texts,
        not_action,
        actions: if not_action { !named } else { named },
        resources,
        not_resource: resource_name == "NotResource",
        conditions: match field(members, "Condition") {
            None => Vec::new(),
            Some(block) => conditions(block, &format!("{path}.Condition"), variables_allowed)?,
        },
    })
}

fn statement_fix(key: &str) -> String {
    if key == "Conditions" {
        return "write \"Condition\"".to_owned();
    }
    if let Some(meant) = STATEMENT_FIELDS.iter().find(|field| field.eq_ignore_ascii_case(key)) {
        return format!("write {meant:?}: the case of a field's name counts");
    }
    match key {
        "Actions" | "Resources" => format!("write {:?}", key.trim_end_matches('s')),
        "Principal" | "NotPrincipal" => {
            "remove it: the principal is what the policy is attached to".to_owned()
        }
        _ => format!("a statement has only {}", STATEMENT_FIELDS.join(", ")),
    }
}

fn check_action(text: &str) -> Result<(), &'static str> {
    if text == "*" {
        return Ok(());
    }
    let Some((service, name)) = text.split_once(':') else {
        return Err("the service in front of a colon is missing");
    };
    let legal = |part: &str, extra: &str| {
        !part.is_empty() && part.chars().all(|ch| ch.is_ascii_alphanumeric() || extra.contains(ch))
    };
    if !legal(service, "-") {
        return Err("the service is empty or has characters other than letters, digits and -");
    }
    if !legal(name, "*?") {
        return Err("the name is empty or has characters other than letters, digits, * and ?");
    }
    Ok(())
}

fn named_actions(texts: &[String]) -> u32 {
    let mut bits = 0;
    for text in texts {
        let pattern = Pattern::wild(text);
        for action in Action::ALL {
            if action.names().iter().any(|name| pattern.matches(name)) {
                bits |= action.bit();
            }
        }
    }
    bits
}

fn resource(text: &str, variables_allowed: bool) -> Result<Template, Fault> {
    arn::check(text).map_err(|reason| Fault::Resource { found: text.to_owned(), reason })?;
    template(text, variables_allowed)
}

fn template(text: &str, variables_allowed: bool) -> Result<Template, Fault> {
    if !variables_allowed {
        return Ok(Template::plain(text));
    }
    Template::parse(text).map_err(|reason| Fault::Variable { found: text.to_owned(), reason })
}

fn conditions(block: &Node, path: &str, variables_allowed: bool) -> Result<Vec<Condition>, Found> {
    let mut conditions = Vec::new();
    for member in object(block, path)? {
        let operator_path = format!("{path}.{}", member.key);
        let operator = Operator::parse(&member.key).map_err(|fix| {
            Found::new(member.at, &operator_path, Fault::Operator { found: member.key.clone(), fix })
        })?;
        for line in object(&member.node, &operator_path)? {
            let key_path = format!("{operator_path}.{}", line.key);
            if line.key.is_empty() || line.key.contains(['$', '{', '*', '?']) {
                return Err(Found::new(line.at, &key_path, Fault::ConditionKey(line.key.clone())));
            }
            let mut values = Vec::new();
            for (text, at, path) in condition_values(&line.node, &key_path)? {
                let fault = |fault| Found::new(at, &path, fault);
                let value = template(&text, variables_allowed).map_err(fault)?;
                if !text.contains("${") {
                    operator.check(&text).map_err(|wanted| {
                        let operator = member.key.clone();
                        fault(Fault::ConditionValue { found: text.clone(), operator, wanted })
                    })?;
                }
                values.push(value);
            }
            let key = keys::canonical(&line.key).unwrap_or_else(|| line.key.clone());
            conditions.push(Condition { operator_text: member.key.clone(), operator, key, values });
        }
    }
    Ok(conditions)
}

/// Booleans and numbers may stand bare; a list may be empty, and then nothing equals it.
fn condition_values(node: &Node, path: &str) -> Result<Vec<(String, usize, String)>, Found> {
    let one = |node: &Node, path: String| match &node.value {
        Value::Text(text) | Value::Number(text) => Ok((text.clone(), node.at, path)),
        Value::Bool(value) => Ok((value.to_string(), node.at, path)),
        other => Err(wrong(node, &path, "a string", other)),
    };
    match &node.value {
        Value::List(nodes) => {
            let each = nodes.iter().enumerate();
            each.map(|(position, node)| one(node, format!("{path}[{position}]"))).collect()
        }
        _ => Ok(vec![one(node, path.to_owned())?]),
    }
}

fn object<'a>(node: &'a Node, path: &str) -> Result<&'a [Member], Found> {
    match &node.value {
        Value::Object(members) => Ok(members),
        other => Err(wrong(node, path, "an object", other)),
    }
}

fn string<'a>(node: &'a Node, path: &str) -> Result<&'a str, Found> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => Err(wrong(node, path, "a string", other)),
    }
}

/// One string or a list of at least one, each with its place.
fn strings<'a>(
    node: &'a Node,
    path: &str,
    noun: &'static str,
) -> Result<Vec<(&'a str, usize, String)>, Found> {
    match &node.value {
        Value::Text(text) => Ok(vec![(text, node.at, path.to_owned())]),
        Value::List(nodes) if nodes.is_empty() => Err(Found::new(node.at, path, Fault::Empty(noun))),
        Value::List(nodes) => nodes
            .iter()
            .enumerate()
            .map(|(position, node)| {
                let path = format!("{path}[{position}]");
                Ok((string(node, &path)?, node.at, path))
            })
            .collect(),
        other => Err(wrong(node, path, "a string or a list of strings", other)),
    }
}

fn wrong(node: &Node, path: &str, wanted: &'static str, found: &Value) -> Found {
    Found::new(node.at, path, Fault::WrongKind { wanted, found: found.kind() })
}

fn unknown(member: &Member, path: &str, fix: String) -> Found {
    Found::new(member.at, path, Fault::UnknownField { found: member.key.clone(), fix })
}

fn field<'a>(members: &'a [Member], name: &str) -> Option<&'a Node> {
    members.iter().find(|member| member.key == name).map(|member| &member.node)
}

fn required<'a>(
    node: &Node,
    members: &'a [Member],
    path: &str,
    name: &'static str,
    example: &'static str,
) -> Result<&'a Node, Found> {
    field(members, name).ok_or_else(|| Found::new(node.at, path, Fault::Missing(name, example)))
}

fn either<'a>(
    node: &Node,
    members: &'a [Member],
    path: &str,
    name: &'static str,
    not_name: &'static str,
) -> Result<(&'static str, &'a Node), Found> {
    match (field(members, name), field(members, not_name)) {
        (Some(_), Some(other)) => Err(Found::new(other.at, path, Fault::Both(name, not_name))),
        (Some(node), None) => Ok((name, node)),
        (None, Some(node)) => Ok((not_name, node)),
        (None, None) => Err(Found::new(node.at, path, Fault::Missing(name, "it to the statement"))),
    }
}
