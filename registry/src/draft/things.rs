//! Wishes about things: created, changed, deleted, attached to certificates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Draft, check_version};
use crate::event_details::{self, Turn};
use crate::{Attachment, Attributes, CertificateId, RegistryError, Scope, Thing, thing};

/// What is asked for when a thing is created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewThing {
    pub name: String,
    pub thing_type: Option<String>,
    pub attributes: BTreeMap<String, String>,
    /// Becomes the thing's id.
    pub random: [u8; 16],
}

/// What is asked for when a thing is changed. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThingUpdate {
    pub attributes: Option<BTreeMap<String, String>>,
    /// Keep the attributes that are not named; an empty value always removes one.
    pub merge: bool,
    pub thing_type: Option<String>,
    pub remove_type: bool,
    pub expected_version: Option<u64>,
}

impl Draft<'_> {
    /// Creating what exists with the same settings is no error and answers what exists.
    pub fn create_thing(
        &mut self,
        scope: &Scope,
        new: NewThing,
        now_ms: u64,
    ) -> Result<&Thing, RegistryError> {
        let NewThing { name, thing_type, attributes, random } = new;
        thing::check_name(&name)?;
        thing::check_attributes(&attributes, thing_type.is_some())?;
        let attributes = Attributes::from(&attributes);
        match self.find_thing(scope, &name) {
            Some(found) => {
                if found.attributes != attributes || found.thing_type.as_deref() != thing_type.as_deref() {
                    return Err(RegistryError::ThingExists { name, id: found.id.clone() });
                }
            }
            None => {
                let thing_type = match &thing_type {
                    Some(kind) => Some(self.usable_type(scope, kind)?),
                    None => None,
                };
                let thing = Thing {
                    name: Arc::from(name.as_str()),
                    id: thing::id_from(random),
                    version: 1,
                    attributes,
                    created_ms: now_ms,
                    thing_type,
                    groups: Vec::new(),
                    revision: 0,
                };
                self.put_thing(scope, thing.clone());
                self.tell(scope, |scope, _| event_details::of_thing(scope, &thing, Turn::Created));
                self.tell_association(scope, &thing, thing.thing_type.as_ref(), Turn::Added);
            }
        }
        self.thing(scope, &name)
    }

    pub fn update_thing(
        &mut self,
        scope: &Scope,
        name: &str,
        update: &ThingUpdate,
    ) -> Result<&Thing, RegistryError> {
        let old = self.thing(scope, name)?.clone();
        check_version("thing", name, old.version, update.expected_version)?;
        let mut thing = Thing { version: old.version.saturating_add(1), ..old.clone() };
        match &update.thing_type {
            Some(_) if update.remove_type => return Err(RegistryError::TypeGivenAndRemoved),
            Some(kind) if old.thing_type.as_deref() == Some(kind) => {}
            Some(kind) => thing.thing_type = Some(self.usable_type(scope, kind)?),
            None if update.remove_type => thing.thing_type = None,
            None => {}
        }
        let attributes = changed(&old.attributes, update.attributes.as_ref(), update.merge);
        thing::check_attributes(&attributes, thing.thing_type.is_some())?;
        thing.attributes = Attributes::from(&attributes);
        self.put_thing(scope, thing.clone());
        self.tell(scope, |scope, _| event_details::of_thing(scope, &thing, Turn::Updated));
        if thing.thing_type != old.thing_type {
            self.tell_association(scope, &old, old.thing_type.as_ref(), Turn::Removed);
            self.tell_association(scope, &thing, thing.thing_type.as_ref(), Turn::Added);
        }
        self.thing(scope, name)
    }

    /// Deleting what does not exist is no error, as with AWS; the answer tells whether it existed.
    pub fn delete_thing(
        &mut self,
        scope: &Scope,
        name: &str,
        expected_version: Option<u64>,
    ) -> Result<bool, RegistryError> {
        let Some(thing) = self.find_thing(scope, name).cloned() else { return Ok(false) };
        check_version("thing", name, thing.version, expected_version)?;
        let principals = self.principals_of(scope, name);
        if let Some(id) = principals.first() {
            let (name, count) = (name.to_owned(), principals.len());
            return Err(RegistryError::ThingInUse { name, count, id: *id });
        }
        self.replace_thing(scope, &thing.name, None);
        for group in &thing.groups {
            self.tell_membership(scope, group, &thing, Turn::Removed);
        }
        self.tell_association(scope, &thing, thing.thing_type.as_ref(), Turn::Removed);
        self.tell(scope, |scope, _| event_details::of_thing(scope, &thing, Turn::Deleted));
        Ok(true)
    }

    /// Attaching again is no error and may change the kind of the attachment.
    pub fn attach(
        &mut self,
        scope: &Scope,
        thing: &str,
        id: &CertificateId,
        attachment: Attachment,
    ) -> Result<(), RegistryError> {
        let name = self.thing(scope, thing)?.name.clone();
        let mut record = self.certificate(scope, id)?;
        for (other, kind) in record.things.iter().filter(|(other, _)| ***other != *thing) {
            if kind == Attachment::ExclusiveThing {
                return Err(RegistryError::Exclusive { id: *id, thing: other.to_string() });
            }
            if attachment == Attachment::ExclusiveThing {
                return Err(RegistryError::NotExclusive { id: *id, thing: other.to_string() });
            }
        }
        if record.things.insert(name, attachment) != Some(attachment) {
            self.replace_certificate(*id, Some(record));
        }
        Ok(())
    }

    /// Detaching what is not attached is no error; the answer tells whether it was.
    pub fn detach(&mut self, scope: &Scope, thing: &str, id: &CertificateId) -> Result<bool, RegistryError> {
        self.thing(scope, thing)?;
        let mut record = self.certificate(scope, id)?;
        let was_attached = record.things.remove(thing).is_some();
        if was_attached {
            self.replace_certificate(*id, Some(record));
        }
        Ok(was_attached)
    }

    /// A type that things may be given.
    fn usable_type(&self, scope: &Scope, name: &str) -> Result<Arc<str>, RegistryError> {
        let kind = self.thing_type(scope, name)?;
        match kind.deprecated_ms {
            Some(_) => Err(RegistryError::TypeDeprecated(name.to_owned())),
            None => Ok(kind.name.clone()),
        }
    }

    fn tell_association(&mut self, scope: &Scope, thing: &Thing, kind: Option<&Arc<str>>, turn: Turn) {
        if let Some(kind) = kind {
            self.tell(scope, |scope, _| event_details::of_association(scope, thing, kind, turn));
        }
    }
}

/// The attributes after an update; an empty value is none.
pub(super) fn changed(
    old: &Attributes,
    update: Option<&BTreeMap<String, String>>,
    merge: bool,
) -> BTreeMap<String, String> {
    let Some(update) = update else { return old.to_map() };
    let mut attributes = if merge { old.to_map() } else { BTreeMap::new() };
    attributes.extend(update.iter().map(|(name, value)| (name.clone(), value.clone())));
    attributes.retain(|name, value| !value.is_empty() || !update.contains_key(name));
    attributes
}
