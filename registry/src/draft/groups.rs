//! Wishes about static groups and their members.

use std::sync::Arc;

use super::things::changed;
use super::{Draft, check_version, insert_sorted, remove_sorted};
use crate::event_details::{self, Turn};
use crate::{
    Attributes, Group, GroupUpdate, NewGroup, RegistryError, Scope, Thing, limits, tags, thing, thing_type,
};

impl Draft<'_> {
    /// Creating what exists with the same settings is no error and answers what exists.
    pub fn create_group(
        &mut self,
        scope: &Scope,
        new: NewGroup,
        now_ms: u64,
    ) -> Result<&Group, RegistryError> {
        let NewGroup { name, parent, description, attributes, tags, random } = new;
        thing::check_name(&name)?;
        thing::check_attributes(&attributes, true)?;
        thing_type::check_description(description.as_deref())?;
        tags::check(&tags)?;
        let attributes = Attributes::from(&attributes);
        match self.find_group(scope, &name) {
            Some(found) => {
                let same = found.parent.as_deref() == parent.as_deref()
                    && found.description == description
                    && found.attributes == attributes
                    && found.tags == tags;
                if !same {
                    return Err(RegistryError::GroupExists { name, id: found.id.clone() });
                }
            }
            None => {
                let parent = match &parent {
                    Some(parent) => Some(self.roomy_parent(scope, parent)?),
                    None => None,
                };
                let group = Group {
                    name: Arc::from(name.as_str()),
                    id: thing::id_from(random),
                    version: 1,
                    parent,
                    description,
                    attributes,
                    created_ms: now_ms,
                    policies: Vec::new(),
                    tags,
                    revision: 0,
                };
                self.replace_group(scope, &group.name.clone(), Some(group.clone()));
                self.tell(scope, |scope, view| event_details::of_group(scope, view, &group, Turn::Created));
                self.tell_hierarchy(scope, &group, Turn::Added);
            }
        }
        self.group(scope, &name)
    }

    pub fn update_group(
        &mut self,
        scope: &Scope,
        name: &str,
        update: &GroupUpdate,
    ) -> Result<&Group, RegistryError> {
        let old = self.group(scope, name)?.clone();
        check_version("group", name, old.version, update.expected_version)?;
        thing_type::check_description(update.description.as_deref())?;
        let attributes = changed(&old.attributes, update.attributes.as_ref(), update.merge);
        thing::check_attributes(&attributes, true)?;
        let group = Group {
            version: old.version.saturating_add(1),
            description: update.description.clone().or(old.description),
            attributes: Attributes::from(&attributes),
            ..old
        };
        self.replace_group(scope, &group.name.clone(), Some(group.clone()));
        self.tell(scope, |scope, view| event_details::of_group(scope, view, &group, Turn::Updated));
        self.group(scope, name)
    }

    /// Removes the group from its things; its policies lose it as a target. Deleting what does not exist is no error;
    /// the answer tells whether it existed.
    pub fn delete_group(
        &mut self,
        scope: &Scope,
        name: &str,
        expected_version: Option<u64>,
    ) -> Result<bool, RegistryError> {
        let Some(group) = self.find_group(scope, name).cloned() else { return Ok(false) };
        check_version("group", name, group.version, expected_version)?;
        if let Some(child) = self.view(scope).children(name).next() {
            let child = child.to_string();
            return Err(RegistryError::GroupHasChildren { name: name.to_owned(), child });
        }
        let members: Vec<Arc<str>> = self.view(scope).members(name).cloned().collect();
        for member in members {
            self.remove_from_group(scope, name, &member)?;
        }
        self.tell_hierarchy(scope, &group, Turn::Removed);
        self.tell(scope, |scope, view| event_details::of_group(scope, view, &group, Turn::Deleted));
        self.replace_group(scope, &group.name, None);
        Ok(true)
    }

    /// Adding a member again is no error.
    pub fn add_to_group(&mut self, scope: &Scope, group: &str, thing: &str) -> Result<(), RegistryError> {
        let mut member = self.thing(scope, thing)?.clone();
        let name = self.group(scope, group)?.name.clone();
        if member.groups.contains(&name) {
            return Ok(());
        }
        if member.groups.len() >= limits::GROUPS_OF_THING {
            return Err(RegistryError::TooManyGroups(thing.to_owned()));
        }
        let view = self.view(scope);
        let root = |name: &str| view.lineage(name).last().map(|top| top.name.clone());
        let own = root(&name);
        if let Some(other) = member.groups.iter().find(|other| root(other) == own) {
            return Err(RegistryError::SameHierarchy {
                thing: thing.to_owned(),
                group: group.to_owned(),
                other: other.to_string(),
            });
        }
        insert_sorted(&mut member.groups, name.clone());
        self.replace_thing(scope, &member.name.clone(), Some(member.clone()));
        self.tell_membership(scope, &name, &member, Turn::Added);
        Ok(())
    }

    /// Removing what is no member is no error; the answer tells whether it was one.
    pub fn remove_from_group(
        &mut self,
        scope: &Scope,
        group: &str,
        thing: &str,
    ) -> Result<bool, RegistryError> {
        let mut member = self.thing(scope, thing)?.clone();
        let name = self.group(scope, group)?.name.clone();
        let was_member = remove_sorted(&mut member.groups, group);
        if was_member {
            self.replace_thing(scope, &member.name.clone(), Some(member.clone()));
            self.tell_membership(scope, &name, &member, Turn::Removed);
        }
        Ok(was_member)
    }

    /// Removes first, so that a thing can move within a hierarchy; all of it or nothing.
    pub fn update_groups_of_thing(
        &mut self,
        scope: &Scope,
        thing: &str,
        add: &[String],
        remove: &[String],
    ) -> Result<(), RegistryError> {
        self.attempt(|draft| {
            draft.thing(scope, thing)?;
            for group in remove {
                draft.remove_from_group(scope, group, thing)?;
            }
            for group in add {
                draft.add_to_group(scope, group, thing)?;
            }
            Ok(())
        })
    }

    /// A group that may have one more group below it.
    fn roomy_parent(&self, scope: &Scope, name: &str) -> Result<Arc<str>, RegistryError> {
        let parent = self.group(scope, name)?;
        let view = self.view(scope);
        if view.lineage(name).count() >= limits::GROUP_DEPTH {
            return Err(RegistryError::GroupTooDeep(name.to_owned()));
        }
        if view.children(name).take(limits::GROUP_CHILDREN).count() >= limits::GROUP_CHILDREN {
            return Err(RegistryError::TooManyChildren(name.to_owned()));
        }
        Ok(parent.name.clone())
    }

    pub(super) fn tell_membership(&mut self, scope: &Scope, group: &str, thing: &Thing, turn: Turn) {
        let Some(group) = self.find_group(scope, group).cloned() else { return };
        self.tell(scope, |scope, _| event_details::of_membership(scope, &group, thing, turn));
    }

    fn tell_hierarchy(&mut self, scope: &Scope, child: &Group, turn: Turn) {
        let parent = child.parent.as_deref().and_then(|name| self.find_group(scope, name)).cloned();
        if let Some(parent) = parent {
            self.tell(scope, |scope, _| event_details::of_hierarchy(scope, &parent, child, turn));
        }
    }
}
