//! One section of a state (desired or reported) with the time of each value: a request's section in, the merged one and its texts out.

use crate::fields::Fields;
use crate::json::{Value, write_list, write_object};

pub(crate) type Section = Fields<Node>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Branch(Section),
    /// A value that is replaced as a whole, an array too; never null, never an object.
    Leaf {
        value: Value,
        at_s: u64,
    },
}

/// Objects merge, null takes a member out, everything else replaces what was there.
pub(crate) fn merge(section: &mut Section, asked: Fields<Value>, at_s: u64) {
    let positions = section.positions();
    let (mut gone, mut added) = (Vec::new(), Vec::new());
    for (name, value) in asked {
        let place = positions.find(section, &name);
        match (place, value) {
            (Some(place), Value::Object(inner)) => match section.at_mut(place) {
                Some(Node::Branch(fields)) => merge(fields, inner, at_s),
                Some(slot) => match grown(Value::Object(inner), at_s) {
                    Some(node) => *slot = node,
                    None => gone.push(place),
                },
                None => {}
            },
            (Some(place), value) => match (grown(value, at_s), section.at_mut(place)) {
                (Some(node), Some(slot)) => *slot = node,
                (_, _) => gone.push(place),
            },
            (None, value) => added.extend(grown(value, at_s).map(|node| (name, node))),
        }
    }
    section.replace(gone, added);
}

/// A new node without its nulls; `None` where nothing but nulls was asked for.
fn grown(value: Value, at_s: u64) -> Option<Node> {
    match value {
        Value::Null => None,
        Value::Object(asked) => {
            let was_empty = asked.is_empty();
            let kept = asked.into_iter().filter_map(|(name, value)| Some((name, grown(value, at_s)?)));
            let kept: Vec<_> = kept.collect();
            (was_empty || !kept.is_empty()).then(|| Node::Branch(Fields::of_unique(kept)))
        }
        value => Some(Node::Leaf { value: without_nulls(value), at_s }),
    }
}

/// Objects inside an array lose their null members as those outside do.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::List(elements) => Value::List(elements.into_iter().map(without_nulls).collect()),
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| *value != Value::Null);
            Value::Object(Fields::of_unique(kept.map(|(name, value)| (name, without_nulls(value))).collect()))
        }
        value => value,
    }
}

pub(crate) fn write_state(section: &Section, out: &mut String) {
    write_object(section.iter(), out, Node::write_state);
}

pub(crate) fn write_metadata(section: &Section, out: &mut String) {
    write_object(section.iter(), out, Node::write_metadata);
}

impl Node {
    pub(crate) fn write_state(&self, out: &mut String) {
        match self {
            Self::Branch(fields) => write_state(fields, out),
            Self::Leaf { value, .. } => value.write(out),
        }
    }

    pub(crate) fn write_metadata(&self, out: &mut String) {
        match self {
            Self::Branch(fields) => write_metadata(fields, out),
            Self::Leaf { value, at_s } => write_times(value, *at_s, out),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Leaf { value, .. } => value.clone(),
            Self::Branch(fields) => {
                let members = fields.iter().map(|(name, node)| (name.into(), node.to_value()));
                Value::Object(Fields::of_unique(members.collect()))
            }
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Branch(_) => "an object",
            Self::Leaf { value, .. } => value.kind(),
        }
    }

    /// Whether there is any value below, and not only empty objects.
    pub(crate) fn holds_a_value(&self) -> bool {
        match self {
            Self::Branch(fields) => fields.iter().any(|(_, node)| node.holds_a_value()),
            Self::Leaf { .. } => true,
        }
    }
}

/// The value's shape with `{"timestamp":…}` for everything that is neither object nor array.
pub(crate) fn write_times(value: &Value, at_s: u64, out: &mut String) {
    match value {
        Value::List(elements) => write_list(elements, out, |value, out| write_times(value, at_s, out)),
        Value::Object(fields) => write_object(fields.iter(), out, |value, out| write_times(value, at_s, out)),
        _ => {
            out.push_str("{\"timestamp\":");
            write_count(at_s, out);
            out.push('}');
        }
    }
}

pub(crate) fn write_count(count: u64, out: &mut String) {
    use std::fmt::Write;
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{count}");
}
