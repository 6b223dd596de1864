//! Matching: a root and a topic in, the subscribers of every pattern that selects it out; it changes nothing and allocates only below deep branches.

use super::{children::LevelKey, node::Node, subscribers::Subscribers};
use crate::{
    Dialect,
    matching::{Followed, follow, split_level},
};

/// Visits until the visitor says `false`. Every node is entered at most once.
pub(super) fn matching<'t, T>(
    root: &'t Node<T>,
    topic: &str,
    dialect: Dialect,
    mut visit: impl FnMut(&'t Subscribers<T>) -> bool,
) {
    let mut pending = Pending::new();
    let mut here = Branch { node: root, rest: Some(topic) };
    let mut wildcards = if topic.starts_with('$') { [None, None] } else { root.children.wildcards() };
    loop {
        if here.rest.is_none() && !here.node.subscribers.is_empty() && !visit(&here.node.subscribers) {
            return;
        }
        let [hash, plus] = wildcards;
        for child in [hash, plus, here.literal()].into_iter().flatten() {
            match follow(&child.label, here.rest, dialect) {
                Followed::Nowhere => {}
                Followed::To(rest) => pending.push(Branch { node: child, rest }),
                Followed::Everything => {
                    if !visit(&child.subscribers) {
                        return;
                    }
                }
            }
        }
        match pending.pop() {
            Some(branch) => here = branch,
            None => return,
        }
        wildcards = here.node.children.wildcards();
    }
}

/// A node that agrees with the topic so far, and the levels left to agree with.
struct Branch<'t, 'a, T> {
    node: &'t Node<T>,
    rest: Option<&'a str>,
}

impl<T> Clone for Branch<'_, '_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Branch<'_, '_, T> {}

impl<'t, T> Branch<'t, '_, T> {
    fn literal(&self) -> Option<&'t Node<T>> {
        let key = LevelKey::new(split_level(self.rest?).0);
        if key.is_wildcard() { None } else { self.node.children.get(key) }
    }
}

/// Branches still to enter: on the stack up to a depth that AWS topics do not reach, on the heap below.
struct Pending<'t, 'a, T> {
    near: [Option<Branch<'t, 'a, T>>; 12],
    near_len: usize,
    far: Vec<Branch<'t, 'a, T>>,
}

impl<'t, 'a, T> Pending<'t, 'a, T> {
    fn new() -> Self {
        Self { near: [None; 12], near_len: 0, far: Vec::new() }
    }

    fn push(&mut self, branch: Branch<'t, 'a, T>) {
        match self.near.get_mut(self.near_len) {
            Some(slot) => {
                *slot = Some(branch);
                self.near_len += 1;
            }
            None => self.far.push(branch),
        }
    }

    fn pop(&mut self) -> Option<Branch<'t, 'a, T>> {
        if let Some(branch) = self.far.pop() {
            return Some(branch);
        }
        self.near_len = self.near_len.checked_sub(1)?;
        self.near.get(self.near_len).copied().flatten()
    }
}
