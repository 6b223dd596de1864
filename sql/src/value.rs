//! What an expression comes to, and how one type becomes another. It does not read or write JSON.

use crate::decimal::Decimal;

/// A value of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing is there; not the same as JSON's null.
    Undefined,
    Null,
    Bool(bool),
    /// Up to 34 digits.
    Int(i128),
    Decimal(Decimal),
    String(String),
    Array(Vec<Value>),
    Object(Object),
}

/// Members in the order of the text; a name stands once.
#[derive(Debug, Clone, Default)]
pub struct Object {
    members: Vec<(String, Value)>,
    /// Their places by name, kept once there are many, so that a large object is not searched from end to end.
    by_name: Vec<u32>,
}

/// From so many members on, places are kept by name.
const MANY: usize = 16;

impl Object {
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.find(name).ok()?;
        self.members.get(at).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let at = self.find(name).ok()?;
        self.members.get_mut(at).map(|(_, value)| value)
    }

    /// Sets a member; one that is there keeps its place.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        match self.find(&name) {
            Ok(at) => {
                if let Some((_, old)) = self.members.get_mut(at) {
                    *old = value;
                }
            }
            Err(rank) => {
                if !self.by_name.is_empty() {
                    self.by_name.insert(rank, self.members.len() as u32);
                }
                self.members.push((name, value));
                if self.members.len() == MANY {
                    self.by_name = (0..MANY as u32).collect();
                    let members = &self.members;
                    self.by_name.sort_by_key(|at| members.get(*at as usize).map(|(name, _)| name));
                }
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The member's place, or where it would come by name.
    fn find(&self, name: &str) -> Result<usize, usize> {
        if self.by_name.is_empty() {
            return self.members.iter().position(|(known, _)| known == name).ok_or(0);
        }
        let known = |at: &u32| self.members.get(*at as usize).map(|(known, _)| known.as_str());
        let rank = self.by_name.binary_search_by(|at| known(at).cmp(&Some(name)))?;
        self.by_name.get(rank).map(|at| *at as usize).ok_or(rank)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.members == other.members
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(members: I) -> Object {
        let mut object = Object::default();
        for (name, value) in members {
            object.set(name, value);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_in_its_first_place_however_many_members_there_are() {
        for size in [1, 15, 16, 17, 200] {
            let mut object = Object::default();
            for round in 0..2 {
                for at in 0..size {
                    object.set(format!("k{}", at * 7 % size), Value::Int(round * 1000 + at));
                }
            }
            let mut names: Vec<String> = Vec::new();
            for at in 0..size {
                let name = format!("k{}", at * 7 % size);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let found: Vec<&str> = object.iter().map(|(name, _)| name).collect();
            assert_eq!(found, names, "{size} members");
            for name in &names {
                let last = (0..size).rev().find(|at| format!("k{}", at * 7 % size) == *name).expect("set");
                assert_eq!(object.get(name), Some(&Value::Int(1000 + last)), "{name} of {size}");
            }
            assert_eq!(object.get("absent"), None);
        }
    }
}
