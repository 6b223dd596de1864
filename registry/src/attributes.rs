//! Names with values in, a small sorted list out that shares its texts with others. Checks nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The attributes of a thing or a group: far smaller in memory than a map of strings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(Box<[(Arc<str>, Arc<str>)]>);

impl Attributes {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.0.get(found).map(|(_, value)| &**value)
    }

    /// In the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(crate) fn shared(&self) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
        self.0.iter()
    }

    /// Puts other copies of the same texts in place of its own.
    pub(crate) fn share(&mut self, copy: impl Fn(&Arc<str>, &Arc<str>) -> Option<(Arc<str>, Arc<str>)>) {
        for pair in &mut self.0 {
            if let Some(shared) = copy(&pair.0, &pair.1) {
                *pair = shared;
            }
        }
    }
}

impl From<&BTreeMap<String, String>> for Attributes {
    fn from(map: &BTreeMap<String, String>) -> Self {
        Self(map.iter().map(|(name, value)| (Arc::from(name.as_str()), Arc::from(value.as_str()))).collect())
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names with values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut pairs: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        pairs.sort();
        pairs.dedup_by(|later, earlier| later.0 == earlier.0);
        Ok(Attributes(pairs.into_boxed_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_name_and_read_back() {
        let read: Attributes = serde_json::from_str(r#"{"room":"12","model":"BME680"}"#).unwrap();
        assert_eq!(
            (read.get("room"), read.get("model"), read.get("floor")),
            (Some("12"), Some("BME680"), None)
        );
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"model":"BME680","room":"12"}"#);
        assert_eq!(Attributes::from(&read.to_map()), read);
        assert_eq!((read.len(), Attributes::default().is_empty()), (2, true));
    }
}
