//! Wishes about thing types: created, changed, deprecated, deleted.

use std::sync::Arc;

use super::Draft;
use crate::event_details::{self, Turn};
use crate::{
    PropagatingAttribute, RegistryError, Scope, Tags, ThingType, ThingTypeProperties, limits, tags, thing,
    thing_type,
};

/// What is asked for when a thing type is created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewThingType {
    pub name: String,
    pub properties: ThingTypeProperties,
    pub tags: Tags,
    /// Becomes the type's id.
    pub random: [u8; 16],
}

/// What is asked for when a thing type is changed. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThingTypeUpdate {
    pub description: Option<String>,
    pub searchable_attributes: Option<Vec<String>>,
    pub propagating_attributes: Option<Vec<PropagatingAttribute>>,
}

impl Draft<'_> {
    /// Creating what exists with the same settings is no error and answers what exists.
    pub fn create_type(
        &mut self,
        scope: &Scope,
        new: NewThingType,
        now_ms: u64,
    ) -> Result<&ThingType, RegistryError> {
        let NewThingType { name, properties, tags, random } = new;
        thing::check_name(&name)?;
        thing_type::check_properties(&properties)?;
        tags::check(&tags)?;
        match self.find_type(scope, &name) {
            Some(found) => {
                if found.properties != properties || found.tags != tags {
                    return Err(RegistryError::TypeExists { name, id: found.id.clone() });
                }
            }
            None => {
                let kind = ThingType {
                    name: Arc::from(name.as_str()),
                    id: thing::id_from(random),
                    properties,
                    created_ms: now_ms,
                    deprecated_ms: None,
                    tags,
                    revision: 0,
                };
                self.keep_type(scope, kind, Turn::Created);
            }
        }
        self.thing_type(scope, &name)
    }

    pub fn update_type(
        &mut self,
        scope: &Scope,
        name: &str,
        update: ThingTypeUpdate,
    ) -> Result<(), RegistryError> {
        let kind = self.thing_type(scope, name)?.clone();
        let old = kind.properties.clone();
        let properties = ThingTypeProperties {
            description: update.description.or(old.description),
            searchable_attributes: update.searchable_attributes.unwrap_or(old.searchable_attributes),
            propagating_attributes: update.propagating_attributes.unwrap_or(old.propagating_attributes),
        };
        thing_type::check_properties(&properties)?;
        self.keep_type(scope, ThingType { properties, ..kind }, Turn::Updated);
        Ok(())
    }

    /// Deprecating again keeps the first date; undoing what is not deprecated is no error.
    pub fn deprecate_type(
        &mut self,
        scope: &Scope,
        name: &str,
        undo: bool,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        let kind = self.thing_type(scope, name)?.clone();
        let deprecated_ms = if undo { None } else { kind.deprecated_ms.or(Some(now_ms)) };
        if deprecated_ms != kind.deprecated_ms {
            self.keep_type(scope, ThingType { deprecated_ms, ..kind }, Turn::Updated);
        }
        Ok(())
    }

    pub fn delete_type(&mut self, scope: &Scope, name: &str, now_ms: u64) -> Result<(), RegistryError> {
        let kind = self.thing_type(scope, name)?.clone();
        let Some(since_ms) = kind.deprecated_ms else {
            return Err(RegistryError::TypeNotDeprecated(name.to_owned()));
        };
        let left_ms = since_ms.saturating_add(limits::DEPRECATION_MS).saturating_sub(now_ms);
        if left_ms > 0 {
            return Err(RegistryError::TypeTooRecent { name: name.to_owned(), left_ms });
        }
        if let Some(thing) = self.view(scope).things_of_type(name).next() {
            let thing = thing.to_string();
            return Err(RegistryError::TypeInUse { name: name.to_owned(), thing });
        }
        self.replace_type(scope, &kind.name, None);
        self.tell(scope, |scope, _| event_details::of_type(scope, &kind, Turn::Deleted));
        Ok(())
    }

    fn keep_type(&mut self, scope: &Scope, kind: ThingType, turn: Turn) {
        self.replace_type(scope, &kind.name.clone(), Some(kind.clone()));
        self.tell(scope, |scope, _| event_details::of_type(scope, &kind, turn));
    }
}
