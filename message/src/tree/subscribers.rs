//! The subscribers of one pattern: keys with values in, a sorted run of pairs out; it does not know the pattern.

/// Sorted by key. Most patterns have one subscriber, which needs no allocation.
#[derive(Clone, Debug)]
pub(super) enum Subscribers<T> {
    One([(u64, T); 1]),
    Many(Vec<(u64, T)>),
}

impl<T> Default for Subscribers<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> Subscribers<T> {
    pub(super) fn one(key: u64, value: T) -> Self {
        Self::One([(key, value)])
    }

    pub(super) fn as_slice(&self) -> &[(u64, T)] {
        match self {
            Self::One(pair) => pair,
            Self::Many(pairs) => pairs,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(super) fn get(&self, key: u64) -> Option<&T> {
        let pairs = self.as_slice();
        let at = position(pairs, key).ok()?;
        pairs.get(at).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, key: u64, value: T) -> Option<T> {
        match self {
            Self::One([(only, old)]) if *only == key => Some(std::mem::replace(old, value)),
            Self::One(_) => {
                let Self::One([first]) = std::mem::take(self) else { return None };
                let mut pairs = Vec::with_capacity(2);
                pairs.push(first);
                let at = position(&pairs, key).unwrap_or_else(|at| at);
                pairs.insert(at, (key, value));
                *self = Self::Many(pairs);
                None
            }
            Self::Many(pairs) if pairs.is_empty() => {
                *self = Self::one(key, value);
                None
            }
            Self::Many(pairs) => match position(pairs, key) {
                Ok(at) => pairs.get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
                Err(at) => {
                    pairs.insert(at, (key, value));
                    None
                }
            },
        }
    }

    pub(super) fn remove(&mut self, key: u64) {
        match self {
            Self::One([(only, _)]) if *only == key => *self = Self::default(),
            Self::One(_) => {}
            Self::Many(pairs) => {
                if let Ok(at) = position(pairs, key) {
                    pairs.remove(at);
                }
                if pairs.len() == 1
                    && let Some((key, value)) = pairs.pop()
                {
                    *self = Self::one(key, value);
                } else if pairs.capacity() / 4 > pairs.len() {
                    pairs.shrink_to(pairs.len() * 2);
                }
            }
        }
    }
}

fn position<T>(pairs: &[(u64, T)], key: u64) -> Result<usize, usize> {
    pairs.binary_search_by_key(&key, |(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_stay_sorted_while_they_come_and_go() {
        let mut subscribers = Subscribers::default();
        for key in [5, 1, 9, 3] {
            assert_eq!(subscribers.insert(key, key * 10), None);
        }
        assert_eq!(subscribers.insert(3, 31), Some(30));
        assert_eq!(subscribers.as_slice(), [(1, 10), (3, 31), (5, 50), (9, 90)]);
        for key in [9, 7, 1, 5] {
            subscribers.remove(key);
        }
        assert!(matches!(subscribers, Subscribers::One([(3, 31)])));
        subscribers.remove(4);
        assert_eq!(subscribers.get(3), Some(&31));
        subscribers.remove(3);
        assert!(subscribers.is_empty());
    }
}
