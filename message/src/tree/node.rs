//! A node of the subscription tree: a run of levels with subscribers and children, changed by pattern; it does not match topics.

use std::sync::Arc;

use super::{
    children::{Children, LevelKey},
    subscribers::Subscribers,
};
use crate::matching::split_level;

/// Only the root has neither subscribers nor at least two children, so the tree is as small as its patterns allow.
#[derive(Clone)]
pub(super) struct Node<T> {
    /// The levels between the parent and this node, joined by slashes: one, or more where no other pattern branches off.
    pub(super) label: Box<str>,
    pub(super) subscribers: Subscribers<T>,
    pub(super) children: Children<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { label: Box::default(), subscribers: Subscribers::default(), children: Children::default() }
    }
}

impl<T> Node<T> {
    pub(super) fn leaf(label: &str, key: u64, value: T) -> Self {
        Self { label: label.into(), subscribers: Subscribers::one(key, value), children: Children::default() }
    }

    pub(super) fn first_level(&self) -> &str {
        split_level(&self.label).0
    }

    /// Whether this is its first level.
    pub(super) fn begins_with(&self, level: &str) -> bool {
        let rest = self.label.as_bytes().strip_prefix(level.as_bytes());
        rest.is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b'/'))
    }

    pub(super) fn find(&self, pattern: &str) -> Option<&Self> {
        let mut node = self;
        let mut rest = Some(pattern);
        while let Some(levels) = rest {
            node = node.children.get(LevelKey::new(split_level(levels).0))?;
            let shared = shared_levels(&node.label, levels);
            if shared < node.label.len() {
                return None;
            }
            rest = behind(levels, shared);
        }
        Some(node)
    }

    #[cfg(test)]
    pub(super) fn find_prefix(&self, level: &str) -> Option<&Self> {
        self.children.get(LevelKey::new(level))
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        1 + self.children.iter().map(Node::count).sum::<usize>()
    }
}

impl<T: Clone> Node<T> {
    /// Called on the root.
    pub(super) fn insert(&mut self, pattern: &str, key: u64, value: T) -> Option<T> {
        let mut node = self;
        let mut rest = pattern;
        loop {
            let level = LevelKey::new(split_level(rest).0);
            let place = match node.children.find(level) {
                Ok(place) => place,
                Err(place) => {
                    node.children.insert(place, level, Self::leaf(rest, key, value));
                    return None;
                }
            };
            node = node.children.at_mut(place).expect("find gives the place of a child");
            let shared = shared_levels(&node.label, rest);
            node.split(shared);
            match behind(rest, shared) {
                Some(levels) => rest = levels,
                None => return node.subscribers.insert(key, value),
            }
        }
    }

    /// Called on the root, for a pattern that is there; `leaves_empty` says that its node goes with the key.
    pub(super) fn remove(&mut self, pattern: &str, key: u64, leaves_empty: bool) {
        let mut node = self;
        let mut rest = pattern;
        let mut is_root = true;
        while let Ok(place) = node.children.find(LevelKey::new(split_level(rest).0)) {
            let label_bytes = node.children.at(place).map_or(0, |child| child.label.len());
            let below = behind(rest, label_bytes);
            if below.is_none() && leaves_empty {
                node.children.remove(place);
                if !is_root {
                    node.absorb_only_child();
                }
                return;
            }
            node = node.children.at_mut(place).expect("find gives the place of a child");
            is_root = false;
            match below {
                Some(levels) => rest = levels,
                None => {
                    node.subscribers.remove(key);
                    return node.absorb_only_child();
                }
            }
        }
    }

    /// Cuts the label behind its first bytes; what was behind them becomes the only child.
    fn split(&mut self, label_bytes: usize) {
        let Some(lower_label) = behind(&self.label, label_bytes).map(Box::from) else { return };
        let upper_label = self.label.get(..label_bytes).unwrap_or_default().into();
        let lower = Self {
            label: lower_label,
            subscribers: std::mem::take(&mut self.subscribers),
            children: std::mem::take(&mut self.children),
        };
        self.label = upper_label;
        let label = lower.label.clone();
        let level = LevelKey::new(split_level(&label).0);
        if let Err(place) = self.children.find(level) {
            self.children.insert(place, level, lower);
        }
    }

    fn absorb_only_child(&mut self) {
        if !self.subscribers.is_empty() {
            return;
        }
        if let Some(mut child) = self.children.take_only() {
            self.label = format!("{}/{}", self.label, child.label).into();
            self.subscribers = std::mem::take(&mut child.subscribers);
            self.children = std::mem::take(&mut child.children);
        }
    }
}

/// How many bytes of both texts are the same whole levels; the first level is known to be the same.
fn shared_levels(left: &str, right: &str) -> usize {
    let same = left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count();
    let ends_level = |text: &str| matches!(text.as_bytes().get(same), None | Some(b'/'));
    if ends_level(left) && ends_level(right) {
        return same;
    }
    left.as_bytes().get(..same).and_then(|same| same.iter().rposition(|byte| *byte == b'/')).unwrap_or(0)
}

/// The levels behind the first bytes and their slash; `None` where the text ends there.
fn behind(levels: &str, bytes: usize) -> Option<&str> {
    levels.get(bytes + 1..)
}

/// Without recursion: a chain of nodes can be as deep as a topic has levels, a stack cannot.
impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        if self.children.is_empty() {
            return;
        }
        let mut doomed = Vec::new();
        self.children.drain_into(&mut doomed);
        while let Some(node) = doomed.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                node.children.drain_into(&mut doomed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &str, right: &str, expected: usize) {
        assert_eq!(shared_levels(left, right), expected, "{left:?} {right:?}");
        assert_eq!(shared_levels(right, left), expected, "{right:?} {left:?}");
    }

    #[test]
    fn only_whole_levels_are_shared() {
        check("a", "a", 1);
        check("a/b", "a", 1);
        check("a/b", "a/c", 1);
        check("a/bc", "a/bd", 1);
        check("a/bc", "a/b", 1);
        check("a/b/c", "a/b", 3);
        check("a/b/cd", "a/b/ce", 3);
        check("", "/b", 0);
        check("/b", "/c", 0);
        check("/b", "/b/c", 2);
        check("", "", 0);
        check("a/", "a", 1);
        check("a/ä", "a/ö", 1);
    }
}
