//! JSON text in, values as they were written out, and compact text of them; knows nothing of shadows.

use crate::fields::Fields;
use crate::limits::READ_DEPTH;

mod number;
mod reader;

pub use number::Number;
pub(crate) use reader::{Broken, read};

/// A JSON value that keeps the form of its numbers and the order of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    List(Vec<Value>),
    Object(Fields<Value>),
}

impl Value {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Whether both mean the same: `1` is `1.0`, and the order of an object's members does not count.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.same(two),
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            (Self::Object(one), Self::Object(two)) => {
                let positions = two.positions();
                let same = |(name, value): (&str, &Self)| {
                    let found = positions.find(two, name).and_then(|at| two.at(at));
                    found.is_some_and(|other| value.same(other))
                };
                one.len() == two.len() && one.iter().all(same)
            }
            _ => self == other,
        }
    }

    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number.text()),
            Self::Text(text) => write_text(text, out),
            Self::List(elements) => write_list(elements, out, Self::write),
            Self::Object(fields) => write_object(fields.iter(), out, Self::write),
        }
    }

    /// How many objects and arrays lie within each other here, this one counted.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(elements) => 1 + elements.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(fields) => 1 + fields.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        out.write_str(&text)
    }
}

pub(crate) fn write_list<T>(elements: &[T], out: &mut String, each: impl Fn(&T, &mut String)) {
    out.push('[');
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(element, out);
    }
    out.push(']');
}

pub(crate) fn write_object<'a, T>(
    fields: impl Iterator<Item = (&'a str, T)>,
    out: &mut String,
    each: impl Fn(T, &mut String),
) {
    out.push('{');
    for (at, (name, value)) in fields.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        each(value, out);
    }
    out.push('}');
}

pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        // Both sides of an ASCII byte are boundaries of characters.
        let (clean, dirty) = rest.split_at(at);
        out.push_str(clean);
        let mut characters = dirty.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some(control) => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}
