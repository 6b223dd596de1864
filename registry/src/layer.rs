//! Keys and values in, one sorted table out, which may lie over another one; writes can be taken back. Knows nothing
//! of what it holds.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

/// A table. In one that lies over another, `None` hides what is below.
#[derive(Debug, Clone)]
pub(crate) struct Layer<K, V> {
    entries: BTreeMap<K, Option<V>>,
    /// What the entries were before, with the step of the draft that changed them.
    undo: Vec<(u32, K, Option<Option<V>>)>,
}

/// The step of writes that are never taken back.
pub(crate) const FINAL: u32 = 0;

impl<K, V> Layer<K, V> {
    pub(crate) const fn new() -> Self {
        Self { entries: BTreeMap::new(), undo: Vec::new() }
    }
}

impl<K, V> Default for Layer<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone, V> Layer<K, V> {
    pub(crate) fn put(&mut self, step: u32, key: K, value: Option<V>) {
        if step == FINAL {
            self.entries.insert(key, value);
        } else {
            let before = self.entries.insert(key.clone(), value);
            self.undo.push((step, key, before));
        }
    }

    /// Takes back what was written in this step and later.
    pub(crate) fn take_back(&mut self, step: u32) {
        while let Some((_, key, before)) = self.undo.pop_if(|(written, _, _)| *written >= step) {
            match before {
                Some(before) => self.entries.insert(key, before),
                None => self.entries.remove(&key),
            };
        }
    }

    /// Makes the other layer's entries this one's own.
    pub(crate) fn take_over(&mut self, top: Self) {
        for (key, value) in top.entries {
            match value {
                Some(value) => self.entries.insert(key, Some(value)),
                None => self.entries.remove(&key),
            };
        }
    }

    /// What this layer says of the key: nothing, that it is hidden, or its value.
    pub(crate) fn entry<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Option<&V>>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(Option::as_ref)
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entry(key).flatten()
    }

    /// Everything written, hidden keys included.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&K, Option<&V>)> {
        self.entries.iter().map(|(key, value)| (key, value.as_ref()))
    }

    pub(crate) fn entries_mut(&mut self) -> impl Iterator<Item = (&K, Option<&mut V>)> {
        self.entries.iter_mut().map(|(key, value)| (key, value.as_mut()))
    }

    pub(crate) fn range<'a, Q: Ord + ?Sized>(
        &'a self,
        from: Bound<&Q>,
        to: Bound<&Q>,
    ) -> impl DoubleEndedIterator<Item = (&'a K, &'a V)> + use<'a, Q, K, V>
    where
        K: Borrow<Q>,
    {
        // A range that ends before it begins would be a panic.
        let ends_before = match (from, to) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b) | Bound::Included(b)) => a >= b,
            _ => false,
        };
        let found = (!ends_before).then(|| self.entries.range((from, to)));
        found.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }

    /// Keys of this layer and the one below, from the key on, in order.
    pub(crate) fn over<'a>(
        &'a self,
        below: &'a Self,
        from: &K,
    ) -> impl Iterator<Item = (&'a K, &'a V)> + use<'a, K, V> {
        let entries =
            |layer: &'a Self| layer.entries.range((Bound::Included(from.clone()), Bound::Unbounded));
        Merged { top: entries(self).peekable(), below: entries(below).peekable() }
            .filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }
}

/// Two sorted runs as one; where both have a key, the one on top counts.
struct Merged<T: Iterator, B: Iterator> {
    top: Peekable<T>,
    below: Peekable<B>,
}

impl<'a, K: Ord + 'a, V: 'a, T, B> Iterator for Merged<T, B>
where
    T: Iterator<Item = (&'a K, &'a V)>,
    B: Iterator<Item = (&'a K, &'a V)>,
{
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.top.peek(), self.below.peek()) {
            (Some((top, _)), Some((below, _))) if below < top => self.below.next(),
            (Some((top, _)), Some((below, _))) => {
                if top == below {
                    self.below.next();
                }
                self.top.next()
            }
            (Some(_), None) => self.top.next(),
            (None, _) => self.below.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(entries: &[(u8, Option<char>)]) -> Layer<u8, char> {
        let mut layer = Layer::new();
        for (key, value) in entries {
            layer.put(FINAL, *key, *value);
        }
        layer
    }

    #[test]
    fn the_upper_layer_hides_and_adds() {
        let below = layer(&[(1, Some('a')), (3, Some('c')), (5, Some('e'))]);
        let top = layer(&[(2, Some('B')), (3, None), (5, Some('E')), (6, None), (7, Some('G'))]);
        let check = |from: u8, expected: &str| {
            assert_eq!(top.over(&below, &from).map(|(_, value)| *value).collect::<String>(), expected);
        };
        check(0, "aBEG");
        check(2, "BEG");
        check(6, "G");
        check(8, "");
        let mut kept = below.clone();
        kept.take_over(top);
        let all: String = kept.range::<u8>(Bound::Unbounded, Bound::Unbounded).map(|(_, v)| *v).collect();
        assert_eq!(all, "aBEG");
    }

    #[test]
    fn steps_are_taken_back_one_after_the_other() {
        let mut layer = layer(&[(1, Some('a'))]);
        layer.put(1, 1, Some('b'));
        layer.put(2, 1, None);
        layer.put(2, 2, Some('x'));
        layer.take_back(2);
        assert_eq!((layer.get(&1), layer.entry(&2)), (Some(&'b'), None));
        layer.take_back(1);
        assert_eq!(layer.get(&1), Some(&'a'));
    }

    #[test]
    fn an_empty_range_is_no_panic() {
        let layer = layer(&[(1, Some('a'))]);
        let count = |from, to| layer.range::<u8>(from, to).count();
        assert_eq!(count(Bound::Excluded(&1), Bound::Excluded(&1)), 0);
        assert_eq!(count(Bound::Included(&5), Bound::Included(&1)), 0);
        assert_eq!(count(Bound::Included(&1), Bound::Included(&1)), 1);
    }
}
