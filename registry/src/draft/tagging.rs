//! Wishes about tags.

use super::Draft;
use crate::tags::{self, Tagged};
use crate::{RegistryError, Scope, Tags};

impl Draft<'_> {
    /// Adds tags and replaces the values of those that are there.
    pub fn tag(&mut self, scope: &Scope, what: &Tagged, new: &Tags) -> Result<(), RegistryError> {
        let mut all = self.tags(scope, what)?.clone();
        all.extend(new.iter().map(|(key, value)| (key.clone(), value.clone())));
        tags::check(&all)?;
        self.set_tags(scope, what, all)
    }

    /// Removing what is not there is no error.
    pub fn untag(&mut self, scope: &Scope, what: &Tagged, keys: &[String]) -> Result<(), RegistryError> {
        let mut all = self.tags(scope, what)?.clone();
        all.retain(|key, _| !keys.contains(key));
        self.set_tags(scope, what, all)
    }

    pub fn tags(&self, scope: &Scope, what: &Tagged) -> Result<&Tags, RegistryError> {
        Ok(match what {
            Tagged::ThingType(name) => &self.thing_type(scope, name)?.tags,
            Tagged::Group(name) => &self.group(scope, name)?.tags,
            Tagged::Policy(name) => &self.policy(scope, name)?.tags,
            Tagged::CaCertificate(id) => &self.ca(scope, id)?.tags,
        })
    }

    fn set_tags(&mut self, scope: &Scope, what: &Tagged, tags: Tags) -> Result<(), RegistryError> {
        match what {
            Tagged::ThingType(name) => {
                let kind = crate::ThingType { tags, ..self.thing_type(scope, name)?.clone() };
                self.replace_type(scope, name, Some(kind));
            }
            Tagged::Group(name) => {
                let group = crate::Group { tags, ..self.group(scope, name)?.clone() };
                self.replace_group(scope, name, Some(group));
            }
            Tagged::Policy(name) => {
                let policy = crate::Policy { tags, ..self.policy(scope, name)?.clone() };
                self.replace_policy(scope, name, Some(policy));
            }
            Tagged::CaCertificate(id) => {
                let ca = crate::CaCertificate { tags, ..self.ca(scope, id)?.clone() };
                self.replace_ca(scope, *id, Some(ca));
            }
        }
        Ok(())
    }
}
