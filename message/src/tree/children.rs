//! The children of one node: nodes by the hash and name of their first level in, found again out; it does not follow topics.

use std::sync::Arc;

use super::node::Node;

/// Above this, children are split into runs that are copied one by one.
const FEW: usize = 32;
const RUN: usize = 256;

/// The hashes of the wildcards, below all others: wildcards come first and need no search.
const HASH_WILDCARD: u64 = 0;
const PLUS_WILDCARD: u64 = 1;
const LITERAL: u64 = 1 << 63;

/// Sorted by hash, then by name, so that chosen collisions cost a binary search and no more.
pub(super) enum Children<T> {
    Few(Vec<Child<T>>),
    Many(Box<Runs<T>>),
}

pub(super) struct Child<T> {
    hash: u64,
    node: Arc<Node<T>>,
}

/// Never empty, and no run is.
pub(super) struct Runs<T> {
    runs: Vec<Run<T>>,
    len: usize,
}

struct Run<T> {
    /// The hash of the first child, here so that a search for the run stays in one array.
    first_hash: u64,
    children: Arc<Vec<Child<T>>>,
}

/// A first level and its hash.
#[derive(Clone, Copy)]
pub(super) struct LevelKey<'a> {
    hash: u64,
    level: &'a str,
}

/// Where a child is, or where it would be inserted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    run: usize,
    at: usize,
}

impl<'a> LevelKey<'a> {
    pub(super) fn new(level: &'a str) -> Self {
        let hash = match level {
            "#" => HASH_WILDCARD,
            "+" => PLUS_WILDCARD,
            _ => LITERAL | mix(level.as_bytes()),
        };
        Self { hash, level }
    }

    pub(super) fn is_wildcard(&self) -> bool {
        self.hash < LITERAL
    }
}

/// Spreads well and costs a multiplication per 8 bytes; it need not resist chosen names.
fn mix(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0xA076_1D64_78BD_642F;
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    let (words, tail) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    let tail = tail.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let sum = step(sum, tail);
    sum ^ (sum >> 32)
}

impl<T> Default for Children<T> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<T> Children<T> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(children) => children.len(),
            Self::Many(runs) => runs.len,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, key: LevelKey<'_>) -> Option<&Node<T>> {
        self.find(key).ok().and_then(|place| self.at(place))
    }

    pub(super) fn at(&self, place: Place) -> Option<&Node<T>> {
        let children = match self {
            Self::Few(children) => children,
            Self::Many(runs) => &*runs.runs.get(place.run)?.children,
        };
        children.get(place.at).map(|child| &*child.node)
    }

    pub(super) fn find(&self, key: LevelKey<'_>) -> Result<Place, Place> {
        match self {
            Self::Few(children) => {
                position(children, key).map(|at| Place { run: 0, at }).map_err(|at| Place { run: 0, at })
            }
            Self::Many(runs) => {
                let run = runs.runs.partition_point(|run| run.starts_at_or_before(key)).saturating_sub(1);
                let children = runs.runs.get(run).map_or(&[][..], |run| &run.children);
                position(children, key).map(|at| Place { run, at }).map_err(|at| Place { run, at })
            }
        }
    }

    /// The children named `#` and `+`.
    pub(super) fn wildcards(&self) -> [Option<&Node<T>>; 2] {
        let children: &[Child<T>] = match self {
            Self::Few(children) => children,
            Self::Many(runs) => runs.runs.first().map_or(&[], |run| &run.children),
        };
        match children {
            [first, second, ..] if second.hash == PLUS_WILDCARD => [Some(&first.node), Some(&second.node)],
            [first, ..] if first.hash == HASH_WILDCARD => [Some(&first.node), None],
            [first, ..] if first.hash == PLUS_WILDCARD => [None, Some(&first.node)],
            _ => [None, None],
        }
    }

    /// Moves all children that nothing else holds out, and lets go of the others.
    pub(super) fn drain_into(&mut self, out: &mut Vec<Arc<Node<T>>>) {
        match std::mem::take(self) {
            Self::Few(children) => out.extend(children.into_iter().map(|child| child.node)),
            Self::Many(runs) => {
                for run in runs.runs {
                    let children = Arc::into_inner(run.children).unwrap_or_default();
                    out.extend(children.into_iter().map(|child| child.node));
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Node<T>> {
        let (few, many) = match self {
            Self::Few(children) => (children.as_slice(), [].as_slice()),
            Self::Many(runs) => (&[][..], runs.runs.as_slice()),
        };
        few.iter().chain(many.iter().flat_map(|run| run.children.iter())).map(|child| &*child.node)
    }

    #[cfg(test)]
    pub(super) fn shared_runs(&self, other: &Self) -> (usize, usize) {
        let (Self::Many(ours), Self::Many(theirs)) = (self, other) else { return (0, 0) };
        let is_theirs =
            |run: &&Run<T>| theirs.runs.iter().any(|other| Arc::ptr_eq(&run.children, &other.children));
        (ours.runs.iter().filter(is_theirs).count(), ours.runs.len())
    }
}

impl<T: Clone> Children<T> {
    pub(super) fn at_mut(&mut self, place: Place) -> Option<&mut Node<T>> {
        let children = match self {
            Self::Few(children) => children,
            Self::Many(runs) => Arc::make_mut(&mut runs.runs.get_mut(place.run)?.children),
        };
        children.get_mut(place.at).map(|child| Arc::make_mut(&mut child.node))
    }

    /// `place` is where `find` did not find the key.
    pub(super) fn insert(&mut self, place: Place, key: LevelKey<'_>, node: Node<T>) {
        let child = Child { hash: key.hash, node: Arc::new(node) };
        match self {
            Self::Few(children) => {
                if children.len() == children.capacity() {
                    // Most nodes keep one or two children; doubling from four would waste their memory.
                    children.reserve_exact((children.len() / 2).max(1));
                }
                children.insert(place.at, child);
                if children.len() > FEW {
                    *self = Self::Many(Box::new(Runs::new(std::mem::take(children))));
                }
            }
            Self::Many(runs) => runs.insert(place, child),
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        match self {
            Self::Few(children) => {
                if place.at < children.len() {
                    children.remove(place.at);
                }
                children.shrink_to(children.len() * 2);
            }
            Self::Many(runs) => {
                runs.remove(place);
                // Well below the size that made them runs, so that a change back and forth stays cheap.
                if runs.len <= FEW / 2 {
                    *self =
                        Self::Few(runs.runs.iter().flat_map(|run| run.children.iter().cloned()).collect());
                }
            }
        }
    }

    pub(super) fn take_only(&mut self) -> Option<Node<T>> {
        match self {
            Self::Few(children) if children.len() == 1 => {
                children.pop().map(|child| Arc::unwrap_or_clone(child.node))
            }
            _ => None,
        }
    }
}

impl<T: Clone> Runs<T> {
    fn new(children: Vec<Child<T>>) -> Self {
        let len = children.len();
        Self { runs: Run::new(children).into_iter().collect(), len }
    }

    fn insert(&mut self, place: Place, child: Child<T>) {
        let Some(run) = self.runs.get_mut(place.run) else { return };
        let children = Arc::make_mut(&mut run.children);
        if children.len() == children.capacity() {
            children.reserve_exact((children.len() / 4).max(8));
        }
        children.insert(place.at, child);
        self.len += 1;
        let upper = (children.len() > RUN).then(|| children.split_off(RUN / 2));
        run.note_first();
        if let Some(upper) = upper.and_then(Run::new) {
            self.runs.insert(place.run + 1, upper);
        }
    }

    fn remove(&mut self, place: Place) {
        let Some(run) = self.runs.get_mut(place.run) else { return };
        let children = Arc::make_mut(&mut run.children);
        if place.at < children.len() {
            children.remove(place.at);
            self.len -= 1;
        }
        let is_small = children.len() <= RUN / 8;
        run.note_first();
        if is_small {
            self.join(place.run);
        }
    }

    /// Joins a run that has become small with a neighbour that has room for it.
    fn join(&mut self, at: usize) {
        let lower = if at > 0 { at - 1 } else { at };
        let len_of = |at: usize| self.runs.get(at).map(|run| run.children.len());
        let (Some(lower_len), Some(upper_len)) = (len_of(lower), len_of(lower + 1)) else { return };
        if lower_len + upper_len <= RUN / 2 || lower_len == 0 || upper_len == 0 {
            let upper = self.runs.remove(lower + 1);
            if let Some(run) = self.runs.get_mut(lower) {
                Arc::make_mut(&mut run.children).extend(Arc::unwrap_or_clone(upper.children));
                run.note_first();
            }
        }
    }
}

impl<T> Run<T> {
    fn new(children: Vec<Child<T>>) -> Option<Self> {
        Some(Self { first_hash: children.first()?.hash, children: Arc::new(children) })
    }

    fn note_first(&mut self) {
        if let Some(first) = self.children.first() {
            self.first_hash = first.hash;
        }
    }

    fn starts_at_or_before(&self, key: LevelKey<'_>) -> bool {
        self.first_hash < key.hash
            || self.first_hash == key.hash
                && self.children.first().is_some_and(|child| child.node.first_level() <= key.level)
    }
}

/// By hash alone first: the names are looked at where hashes are the same, which is seldom more than one.
fn position<T>(children: &[Child<T>], key: LevelKey<'_>) -> Result<usize, usize> {
    let from = children.partition_point(|child| child.hash < key.hash);
    let behind = children.get(from..).unwrap_or_default();
    let same = match behind {
        [first, ..] if first.hash != key.hash => 0,
        [_, second, ..] if second.hash == key.hash => behind.partition_point(|child| child.hash == key.hash),
        _ => behind.len().min(1),
    };
    let same = behind.get(..same).unwrap_or_default();
    if let [only] = same
        && only.node.begins_with(key.level)
    {
        return Ok(from);
    }
    let found = same.binary_search_by(|child| child.node.first_level().cmp(key.level));
    found.map(|at| from + at).map_err(|at| from + at)
}

impl<T> Clone for Children<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Few(children) => Self::Few(children.clone()),
            Self::Many(runs) => Self::Many(runs.clone()),
        }
    }
}

impl<T> Clone for Child<T> {
    fn clone(&self) -> Self {
        Self { hash: self.hash, node: Arc::clone(&self.node) }
    }
}

impl<T> Clone for Runs<T> {
    fn clone(&self) -> Self {
        Self { runs: self.runs.clone(), len: self.len }
    }
}

impl<T> Clone for Run<T> {
    fn clone(&self) -> Self {
        Self { first_hash: self.first_hash, children: Arc::clone(&self.children) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_runs(children: &Children<()>) {
        let Children::Many(many) = children else { return };
        assert_eq!(many.runs.iter().map(|run| run.children.len()).sum::<usize>(), many.len);
        for run in &many.runs {
            assert_eq!(run.children.first().map(|child| child.hash), Some(run.first_hash));
            assert!(run.children.len() <= RUN);
        }
        let in_order = many.runs.iter().flat_map(|run| run.children.iter());
        assert!(in_order.map(|child| (child.hash, child.node.first_level())).is_sorted());
    }

    fn check_thousand(key: fn(&str) -> LevelKey<'_>) {
        let names: Vec<String> = (0..1000).map(|number| format!("n{}", number * 7919 % 1000)).collect();
        let mut children = Children::default();
        for name in &names {
            let place = children.find(key(name)).expect_err("not yet there");
            children.insert(place, key(name), Node::leaf(name, 1, ()));
            check_runs(&children);
        }
        assert_eq!(children.len(), 1000);
        for (gone, name) in names.iter().enumerate() {
            assert_eq!(children.get(key(name)).map(Node::first_level), Some(name.as_str()));
            let place = children.find(key(name)).expect("still there");
            children.remove(place);
            assert!(children.find(key(name)).is_err());
            assert_eq!(children.iter().count(), 999 - gone);
            check_runs(&children);
            assert!(names.iter().skip(gone + 1).step_by(37).all(|name| children.get(key(name)).is_some()));
        }
        assert!(matches!(children, Children::Few(few) if few.is_empty()));
    }

    #[test]
    fn wide_nodes_keep_every_child_while_others_leave() {
        check_thousand(|name| LevelKey::new(name));
    }

    #[test]
    fn colliding_names_are_told_apart() {
        check_thousand(|level| LevelKey { hash: LITERAL, level });
        check_thousand(|level| LevelKey { hash: LITERAL | (level.len() as u64), level });
    }

    #[test]
    fn wildcards_are_found_without_a_search_whatever_surrounds_them() {
        let mut children = Children::default();
        let mut add = |level: &str| {
            let key = LevelKey::new(level);
            let place = children.find(key).expect_err("not yet there");
            children.insert(place, key, Node::leaf(level, 1, ()));
            children.wildcards().map(|child| child.map(|node| node.first_level().to_owned()))
        };
        assert_eq!(add("a"), [None, None]);
        assert_eq!(add("+"), [None, Some("+".to_owned())]);
        assert_eq!(add("#"), [Some("#".to_owned()), Some("+".to_owned())]);
        for number in 0..500 {
            assert_eq!(add(&number.to_string()), [Some("#".to_owned()), Some("+".to_owned())]);
        }
    }
}
