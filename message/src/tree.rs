//! The subscription tree: patterns with a subscriber's key and value in, the subscribers of a topic out; it does not know clients.

mod children;
mod node;
mod subscribers;
mod walk;

use std::{fmt, sync::Arc};

use crate::Dialect;
use node::Node;

/// Which subscribers want a topic. A clone is a snapshot: it costs nothing, never changes, and
/// makes later changes to the original copy only the nodes between the root and the change.
///
/// Patterns are what `Filter::pattern` gives. A misplaced wildcard is not refused here, it just never matches.
pub struct Tree<T> {
    root: Arc<Node<T>>,
    dialect: Dialect,
    len: usize,
}

impl<T: Clone> Tree<T> {
    pub fn new(dialect: Dialect) -> Self {
        Self { root: Arc::new(Node::default()), dialect, len: 0 }
    }

    /// Gives back the value that this key had under this pattern.
    pub fn insert(&mut self, pattern: &str, key: u64, value: T) -> Option<T> {
        let replaced = Arc::make_mut(&mut self.root).insert(pattern, key, value);
        self.len += usize::from(replaced.is_none());
        replaced
    }

    pub fn remove(&mut self, pattern: &str, key: u64) -> Option<T> {
        // Looking first keeps a miss from copying nodes that a snapshot shares.
        let found = self.root.find(pattern)?;
        let value = found.subscribers.get(key)?.clone();
        let leaves_empty = found.subscribers.len() == 1 && found.children.is_empty();
        Arc::make_mut(&mut self.root).remove(pattern, key, leaves_empty);
        self.len -= 1;
        Some(value)
    }

    pub fn get(&self, pattern: &str, key: u64) -> Option<&T> {
        self.root.find(pattern)?.subscribers.get(key)
    }

    /// Visits once for each pattern and key that select the topic, in no particular order.
    pub fn for_each_match<'t>(&'t self, topic: &str, mut visit: impl FnMut(u64, &'t T)) {
        walk::matching(&self.root, topic, self.dialect, |subscribers| {
            for (key, value) in subscribers.as_slice() {
                visit(*key, value);
            }
            true
        });
    }

    pub fn any_match(&self, topic: &str) -> bool {
        let mut any = false;
        walk::matching(&self.root, topic, self.dialect, |_| {
            any = true;
            false
        });
        any
    }

    /// How many pairs of pattern and key there are.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T> Clone for Tree<T> {
    fn clone(&self) -> Self {
        Self { root: Arc::clone(&self.root), dialect: self.dialect, len: self.len }
    }
}

/// The size only: nodes can be nested deeper than a recursive print has stack.
impl<T> fmt::Debug for Tree<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tree")
            .field("dialect", &self.dialect)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_gives_back_what_it_replaces() {
        let mut tree = Tree::new(Dialect::Aws);
        assert_eq!(tree.insert("a/+", 1, 'x'), None);
        assert_eq!(tree.insert("a/+", 2, 'y'), None);
        assert_eq!(tree.insert("a/+", 1, 'z'), Some('x'));
        assert_eq!((tree.len(), tree.get("a/+", 1), tree.get("a", 1)), (2, Some(&'z'), None));
        assert_eq!(tree.remove("a/+", 1), Some('z'));
        assert_eq!(tree.remove("a/+", 1), None);
        assert_eq!(tree.remove("a", 2), None);
        assert_eq!(tree.len(), 1);
    }

    #[test]
    fn removing_everything_leaves_a_bare_root() {
        let patterns = ["a", "a/b", "a/b/c", "a/+", "a/#", "#", "+", "/", "//", "", "a/b/d/e", "$aws/x"];
        let mut tree = Tree::new(Dialect::Aws);
        for (key, pattern) in (0..).zip(patterns) {
            tree.insert(pattern, key, ());
        }
        for (key, pattern) in (0..).zip(patterns) {
            assert_eq!(tree.remove(pattern, key), Some(()), "{pattern:?}");
        }
        assert!(tree.is_empty() && tree.root.children.is_empty());
    }

    #[test]
    fn removal_joins_again_what_an_insert_split() {
        let mut tree = Tree::new(Dialect::Aws);
        tree.insert("a/b/c/d", 1, ());
        let before = tree.root.count();
        for pattern in ["a/b/x", "a", "a/b", "a/b/c/d/e", "a/+/c"] {
            tree.insert(pattern, 2, ());
            assert!(tree.root.count() > before);
            tree.remove(pattern, 2);
            assert_eq!(tree.root.count(), before, "{pattern}");
        }
    }

    #[test]
    fn an_unshared_tree_is_changed_in_place_and_a_miss_copies_nothing() {
        let mut tree = Tree::new(Dialect::Aws);
        tree.insert("a/b", 1, ());
        let before = Arc::as_ptr(&tree.root);
        tree.insert("a/c", 1, ());
        assert_eq!(Arc::as_ptr(&tree.root), before);
        let snapshot = tree.clone();
        tree.remove("a/d", 1);
        tree.remove("a/b", 9);
        assert!(Arc::ptr_eq(&tree.root, &snapshot.root));
        tree.remove("a/b", 1);
        assert!(!Arc::ptr_eq(&tree.root, &snapshot.root));
    }

    #[test]
    fn an_insert_beside_a_snapshot_copies_its_own_path_only() {
        let mut tree = Tree::new(Dialect::Aws);
        for device in 0..100_000 {
            tree.insert(&format!("d/{device}/t"), 1, ());
            tree.insert(&format!("e/{device}/t"), 1, ());
        }
        let snapshot = tree.clone();
        tree.insert("d/new/t", 1, ());
        let shared = |prefix: &str| {
            let (new, old) = (tree.root.find_prefix(prefix), snapshot.root.find_prefix(prefix));
            new.zip(old).map(|(new, old)| new.children.shared_runs(&old.children))
        };
        let (same, all) = shared("d").expect("both have it");
        assert!(all > 300 && all - same <= 1, "{same} of {all} runs are shared");
        assert!(std::ptr::eq(
            tree.root.find_prefix("e").expect("kept"),
            snapshot.root.find_prefix("e").expect("kept")
        ));
    }
}
