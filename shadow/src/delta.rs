//! What is desired and what is reported in, the part of desired that the device has yet to follow out; stores nothing.

use crate::json::write_object;
use crate::section::{Node, Section};

/// A part of the desired section.
pub(crate) struct Delta<'a>(Vec<(&'a str, Part<'a>)>);

enum Part<'a> {
    Whole(&'a Node),
    Below(Delta<'a>),
}

impl<'a> Delta<'a> {
    /// `None` where nothing differs; members that are only reported do not differ.
    pub(crate) fn between(desired: &'a Section, reported: &Section) -> Option<Self> {
        let positions = reported.positions();
        let mut parts = Vec::new();
        for (name, wanted) in desired.iter() {
            let found = positions.find(reported, name).and_then(|place| reported.at(place));
            parts.extend(Part::of(wanted, found).map(|part| (name, part)));
        }
        (!parts.is_empty()).then_some(Self(parts))
    }

    pub(crate) fn write_state(&self, out: &mut String) {
        write_object(self.0.iter().map(|(name, part)| (*name, part)), out, |part, out| match part {
            Part::Whole(node) => node.write_state(out),
            Part::Below(delta) => delta.write_state(out),
        });
    }

    pub(crate) fn write_metadata(&self, out: &mut String) {
        write_object(self.0.iter().map(|(name, part)| (*name, part)), out, |part, out| match part {
            Part::Whole(node) => node.write_metadata(out),
            Part::Below(delta) => delta.write_metadata(out),
        });
    }
}

impl<'a> Part<'a> {
    fn of(wanted: &'a Node, found: Option<&Node>) -> Option<Self> {
        match (wanted, found) {
            (Node::Branch(wanted), Some(Node::Branch(found))) => {
                Delta::between(wanted, found).map(Part::Below)
            }
            (Node::Leaf { value, .. }, Some(Node::Leaf { value: found, .. })) if value.same(found) => None,
            (wanted, _) => wanted.holds_a_value().then_some(Part::Whole(wanted)),
        }
    }
}
