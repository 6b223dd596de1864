//! A tree to text that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write};

use super::{Call, Column, Expression, Nested, Node, Query, Select};
use crate::function::Form;
use crate::json;
use crate::value::Value;

/// How tightly the weaker nodes bind; operators have 4 to 6.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const SIGN: u8 = 7;
const WHOLE: u8 = 8;

impl Expression {
    fn binding(&self) -> u8 {
        match &self.node {
            Node::Or(_) => OR,
            Node::And(_) => AND,
            Node::Not(_) => NOT,
            Node::Binary(operator, ..) => operator.binding(),
            Node::Negate(_) => SIGN,
            _ => WHOLE,
        }
    }

    /// The key of a column that no AS names: the last key of a path, else the expression itself.
    pub(crate) fn own_name(&self) -> Vec<String> {
        match &self.node {
            Node::Star => Vec::new(),
            Node::Key(key) | Node::Member(_, key) | Node::Variable(key) => vec![key.clone()],
            Node::Literal(Value::Decimal(decimal)) => vec![decimal.to_string()],
            _ => vec![self.to_string()],
        }
    }
}

struct Within<'a>(&'a Expression, u8);

impl Display for Within<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Within(expression, least) = self;
        if expression.binding() < *least {
            write!(out, "({expression})")
        } else {
            write!(out, "{expression}")
        }
    }
}

impl Display for Expression {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Literal(value) => literal(value, out),
            Node::Star => out.write_char('*'),
            Node::Key(key) => out.write_str(key),
            Node::Variable(name) => write!(out, "@{name}"),
            Node::Member(inner, key) => write!(out, "{}.{key}", Within(inner, WHOLE)),
            Node::Array(elements) => {
                out.write_char('[')?;
                list(elements, out)?;
                out.write_char(']')
            }
            Node::Object(members) => {
                out.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    out.write_str(if at == 0 { "" } else { ", " })?;
                    quoted(name, out)?;
                    write!(out, ": {value}")?;
                }
                out.write_char('}')
            }
            Node::Not(inner) => write!(out, "NOT {}", Within(inner, NOT)),
            Node::Negate(inner) => match Within(inner, SIGN).to_string() {
                // A number behind the sign would be its own, and two signs begin a comment.
                text if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                    write!(out, "-({text})")
                }
                text => write!(out, "-{text}"),
            },
            Node::And(parts) => chain(parts, AND, " AND ", out),
            Node::Or(parts) => chain(parts, OR, " OR ", out),
            Node::Binary(operator, left, right) => {
                let binding = operator.binding();
                write!(out, "{} {} {}", Within(left, binding), operator.text(), Within(right, binding + 1))
            }
            Node::Case(case) => {
                write!(out, "CASE {}", case.subject)?;
                for (when, then) in &case.branches {
                    write!(out, " WHEN {when} THEN {then}")?;
                }
                case.otherwise.iter().try_for_each(|otherwise| write!(out, " ELSE {otherwise}"))?;
                out.write_str(" END")
            }
            Node::Exists(nested) => write!(out, "EXISTS ({nested})"),
            Node::Nested(nested) => write!(out, "({nested})"),
            Node::Call(call) if call.function.form == Form::Cast => cast(call, out),
            Node::Call(call) => {
                write!(out, "{}(", call.function.name)?;
                list(&call.arguments, out)?;
                out.write_char(')')
            }
        }
    }
}

impl Display for Nested {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let source = Within(&self.source, WHOLE).to_string();
        // Without parentheses a text would be taken for a topic.
        match source.starts_with(['\'', '-']) {
            true => write!(out, "{} FROM ({source})", self.query.select)?,
            false => write!(out, "{} FROM {source}", self.query.select)?,
        }
        self.alias.iter().try_for_each(|alias| write!(out, " AS {alias}"))?;
        condition(&self.query, out)
    }
}

impl Display for Select {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Select::Value(value) => match value.to_string() {
                // Without them it would be a difference.
                text if text.starts_with('-') => write!(out, "SELECT VALUE ({text})"),
                text => write!(out, "SELECT VALUE {text}"),
            },
            Select::Columns(columns) => {
                out.write_str("SELECT ")?;
                list(columns, out)
            }
        }
    }
}

impl Display for Column {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.expression)?;
        if self.named { write!(out, " AS {}", self.name.join(".")) } else { Ok(()) }
    }
}

pub(crate) fn condition(query: &Query, out: &mut impl Write) -> fmt::Result {
    query.condition.iter().try_for_each(|condition| write!(out, " WHERE {condition}"))
}

fn cast(call: &Call, out: &mut Formatter<'_>) -> fmt::Result {
    let [inner, Expression { node: Node::Literal(Value::String(target)), .. }] = call.arguments.as_slice()
    else {
        return Err(fmt::Error);
    };
    write!(out, "{}({inner} as {target})", call.function.name)
}

fn chain(parts: &[Expression], binding: u8, word: &str, out: &mut Formatter<'_>) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        out.write_str(if at == 0 { "" } else { word })?;
        write!(out, "{}", Within(part, binding + 1))?;
    }
    Ok(())
}

fn list(parts: &[impl Display], out: &mut Formatter<'_>) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        write!(out, "{}{part}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

fn literal(value: &Value, out: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::String(text) => quoted(text, out),
        // Digits alone would be read as an Int.
        Value::Decimal(decimal) if decimal.has_plain_digits() => write!(out, "{decimal}e0"),
        _ => out.write_str(&json::write(value)),
    }
}

pub(crate) fn quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    write!(out, "'{}'", text.replace('\'', "''"))
}
