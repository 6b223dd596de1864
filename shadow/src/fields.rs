//! Named members in, the same in their order and found by name out; knows neither JSON nor shadows.

/// Up to here looking through all names is quicker than an index of them.
const FEW: usize = 16;

/// Members with unique names, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields<T>(Vec<(Box<str>, T)>);

/// Finds members by name, also among many, in a list whose places do not move.
pub(crate) struct Positions(Option<Vec<usize>>);

impl<T> Default for Fields<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Fields<T> {
    /// Of members with the same name the last value counts, at the first one's place.
    pub fn from_written(members: Vec<(Box<str>, T)>) -> Self {
        let few = members.len() <= FEW;
        let repeats = |at: usize, name: &str| members.iter().take(at).any(|(other, _)| **other == *name);
        if few && !members.iter().enumerate().any(|(at, (name, _))| repeats(at, name)) {
            return Self(members);
        }
        let mut places: std::collections::BTreeMap<Box<str>, usize> = std::collections::BTreeMap::new();
        let mut kept: Vec<(Box<str>, T)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            match places.get(&name).and_then(|at| kept.get_mut(*at)) {
                Some(slot) => slot.1 = value,
                None => {
                    places.insert(name.clone(), kept.len());
                    kept.push((name, value));
                }
            }
        }
        Self(kept)
    }

    /// Of members whose names are known to be unique.
    pub(crate) fn of_unique(members: Vec<(Box<str>, T)>) -> Self {
        Self(members)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(own, _)| **own == *name).map(|(_, value)| value)
    }

    pub(crate) fn positions(&self) -> Positions {
        if self.0.len() <= FEW {
            return Positions(None);
        }
        let mut places: Vec<usize> = (0..self.0.len()).collect();
        places.sort_by_key(|at| self.name_at(*at));
        Positions(Some(places))
    }

    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.0.get(place).map(|(_, value)| value)
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Takes the members at these places out and puts new ones, whose names are not in use, behind the others.
    pub(crate) fn replace(&mut self, mut gone: Vec<usize>, added: Vec<(Box<str>, T)>) {
        if !gone.is_empty() {
            gone.sort_unstable();
            let mut place = 0;
            self.0.retain(|_| {
                place += 1;
                gone.binary_search(&(place - 1)).is_err()
            });
        }
        self.0.extend(added);
    }

    fn name_at(&self, place: usize) -> Option<&str> {
        self.0.get(place).map(|(name, _)| &**name)
    }
}

impl<T> IntoIterator for Fields<T> {
    type Item = (Box<str>, T);
    type IntoIter = std::vec::IntoIter<(Box<str>, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Positions {
    pub(crate) fn find<T>(&self, fields: &Fields<T>, name: &str) -> Option<usize> {
        match &self.0 {
            None => fields.0.iter().position(|(own, _)| **own == *name),
            Some(places) => {
                let found = places.binary_search_by_key(&Some(name), |at| fields.name_at(*at));
                found.ok().and_then(|at| places.get(at).copied())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(members: &[(&str, u32)]) -> Fields<u32> {
        Fields::from_written(members.iter().map(|(name, value)| ((*name).into(), *value)).collect())
    }

    #[test]
    fn of_members_with_one_name_the_last_value_stands_at_the_first_place() {
        let found = fields(&[("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!(found.iter().collect::<Vec<_>>(), [("a", &3), ("b", &2)]);
    }

    #[test]
    fn few_and_many_members_are_found_alike() {
        for count in [0, 1, FEW, FEW + 1, 300] {
            let names: Vec<String> = (0..count).map(|at| format!("k{}", (at * 7919) % 1000)).collect();
            let all: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(0..).collect();
            let found = fields(&all);
            let positions = found.positions();
            for (name, value) in found.iter() {
                assert_eq!(positions.find(&found, name).and_then(|at| found.at(at)), Some(value));
            }
            assert_eq!(positions.find(&found, "absent"), None);
        }
    }

    #[test]
    fn members_taken_out_leave_the_order_of_the_others() {
        let mut found = fields(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
        found.replace(vec![2, 0], vec![("e".into(), 5)]);
        assert_eq!(found.iter().collect::<Vec<_>>(), [("b", &2), ("d", &4), ("e", &5)]);
    }
}
