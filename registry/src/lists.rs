//! What to list and where to go on in, records in a lasting order out: the pages of every list. Cuts no page.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::{
    Attachment, CaCertificate, CertificateId, CertificateRecord, Group, Policy, Registry, Scope, Target,
    Thing, ThingType,
};

/// The order of lists that go by the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    OldestFirst,
    NewestFirst,
}

/// Which things to list. What is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThingFilter {
    pub thing_type: Option<String>,
    /// Name and value.
    pub attribute: Option<(String, String)>,
    /// The attribute's value begins with the one given.
    pub value_is_prefix: bool,
}

/// Which groups to list. What is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupFilter {
    pub parent: Option<String>,
    /// Those below the parent's children too; without a parent, all.
    pub recursive: bool,
    pub name_prefix: Option<String>,
}

type Page<'a, T> = Box<dyn Iterator<Item = &'a T> + 'a>;

impl Registry {
    /// Things in the order of their names, beginning after the name given.
    pub fn things<'a>(
        &'a self,
        scope: &Scope,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Thing> + use<'a> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.shelf(scope).things.range(from, Bound::Unbounded).map(|(_, thing)| &**thing)
    }

    /// Things that the filter lets through, beginning after the cursor, which is [`ThingFilter::cursor`] of the last
    /// thing seen. In the order of their names, or of an attribute's values first if only their beginning is given.
    pub fn things_where<'a>(
        &'a self,
        scope: &Scope,
        filter: &'a ThingFilter,
        after: Option<&str>,
    ) -> Page<'a, Thing> {
        let shelf = self.shelf(scope);
        let of_type = move |thing: &&'a Thing| {
            filter.thing_type.is_none() || thing.thing_type.as_deref() == filter.thing_type.as_deref()
        };
        let thing = |name: &Arc<str>| shelf.things.get(name).map(|thing| &**thing);
        if let Some((name, value)) = &filter.attribute {
            let (name, value): (Arc<str>, Arc<str>) = (name.as_str().into(), value.as_str().into());
            // A cursor is `VALUE NUL NAME` or `NAME`; neither holds a NUL of its own.
            let last = match after.map(|after| after.split_once('\0').unwrap_or((&value, after))) {
                Some((value, thing)) => Bound::Excluded((name.clone(), value.into(), thing.into())),
                None => Bound::Included((name.clone(), value.clone(), Arc::default())),
            };
            let fits = move |found: &Arc<str>| {
                if filter.value_is_prefix { found.starts_with(&*value) } else { *found == value }
            };
            let found = shelf.with_attribute.range(last.as_ref(), Bound::Unbounded).map(|(key, ())| key);
            let found = found.take_while(move |key| key.0 == name && fits(&key.1));
            return Box::new(found.filter_map(move |key| thing(&key.2)).filter(of_type));
        }
        if let Some(kind) = &filter.thing_type {
            let kind: Arc<str> = kind.as_str().into();
            let last = Bound::Excluded((kind.clone(), after.unwrap_or_default().into()));
            let found = shelf.of_type.range(last.as_ref(), Bound::Unbounded).map(|(key, ())| key);
            return Box::new(found.take_while(move |key| key.0 == kind).filter_map(move |key| thing(&key.1)));
        }
        Box::new(self.things(scope, after))
    }

    /// In the order of their names, beginning after the name given.
    pub fn types<'a>(
        &'a self,
        scope: &Scope,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a ThingType> + use<'a> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.shelf(scope).types.range(from, Bound::Unbounded).map(|(_, kind)| &**kind)
    }

    /// In the order of their names, beginning after the name given.
    pub fn groups<'a>(
        &'a self,
        scope: &Scope,
        filter: &'a GroupFilter,
        after: Option<&str>,
    ) -> Page<'a, Group> {
        let shelf = self.shelf(scope);
        let prefix = filter.name_prefix.as_deref().unwrap_or_default();
        let group = move |name: &Arc<str>| shelf.groups.get(name).map(|group| &**group);
        // Names that lie before the prefix are no place to begin.
        let after = after.filter(|last| *last >= prefix);
        match (&filter.parent, filter.recursive) {
            (None, true) => {
                let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
                let found = shelf.groups.range(from, Bound::Unbounded).map(|(_, group)| &**group);
                Box::new(found.take_while(move |group| group.name.starts_with(prefix)))
            }
            (parent, false) => {
                let parent: Arc<str> = parent.as_deref().unwrap_or_default().into();
                let key = |name: &str| (parent.clone(), Arc::<str>::from(name));
                let from = after.map_or(Bound::Included(key(prefix)), |last| Bound::Excluded(key(last)));
                let found = shelf.children.range(from.as_ref(), Bound::Unbounded).map(|(key, ())| key);
                let found = found.take_while(move |key| key.0 == parent && key.1.starts_with(prefix));
                Box::new(found.filter_map(move |key| group(&key.1)))
            }
            (Some(parent), true) => {
                let mut names = self.view(scope).descendants(parent);
                names.remove(parent.as_str());
                let after = after.map(str::to_owned);
                names.retain(|name| {
                    name.starts_with(prefix) && after.as_deref().is_none_or(|last| **name > *last)
                });
                Box::new(names.into_iter().filter_map(move |name| group(&name)))
            }
        }
    }

    /// The group and those above it, the one at the top first.
    #[must_use]
    pub fn lineage(&self, scope: &Scope, group: &str) -> Vec<&Group> {
        let mut lineage: Vec<&Group> = self.view(scope).lineage(group).map(|group| &**group).collect();
        lineage.reverse();
        lineage
    }

    /// Members in the order of their names, beginning after the name given; those of all groups below too if
    /// `recursive`.
    pub fn things_in_group<'a>(
        &'a self,
        scope: &Scope,
        group: &str,
        recursive: bool,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Thing> + use<'a> {
        let shelf = self.shelf(scope);
        let groups = match recursive {
            true => self.view(scope).descendants(group),
            false => BTreeSet::from([Arc::from(group)]),
        };
        let last: Arc<str> = after.unwrap_or_default().into();
        // The next member of each group. A thing is in one group of a hierarchy only.
        let mut next: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        let following = move |group: &Arc<str>, last: &Arc<str>| {
            let from = (group.clone(), last.clone());
            let found = shelf.members.range(Bound::Excluded(&from), Bound::Unbounded).next();
            found.filter(|(key, ())| key.0 == *group).map(|(key, ())| key.1.clone())
        };
        for group in groups {
            if let Some(thing) = following(&group, &last) {
                next.insert(thing, group);
            }
        }
        std::iter::from_fn(move || {
            let (thing, group) = next.pop_first()?;
            if let Some(later) = following(&group, &thing) {
                next.insert(later, group);
            }
            Some(thing)
        })
        .filter_map(|name| shelf.things.get(&name).map(|thing| &**thing))
    }

    /// Certificates in the order of their creation, beginning after the time and the id given.
    pub fn certificates<'a>(
        &'a self,
        scope: &Scope,
        after: Option<(u64, CertificateId)>,
        order: Order,
    ) -> impl Iterator<Item = &'a CertificateRecord> + use<'a> {
        let table = &self.shelf(scope).certificates;
        let keys: Page<'a, (u64, CertificateId)> = match order {
            Order::OldestFirst => {
                let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                Box::new(table.range(from, Bound::Unbounded).map(|(key, ())| key))
            }
            Order::NewestFirst => {
                let to = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                Box::new(table.range(Bound::Unbounded, to).rev().map(|(key, ())| key))
            }
        };
        keys.filter_map(|key| self.find_certificate(&key.1))
    }

    /// Certificates registered with a CA, in the order of their creation.
    pub fn certificates_of_ca<'a>(
        &'a self,
        scope: &Scope,
        ca: &CertificateId,
        after: Option<(u64, CertificateId)>,
        order: Order,
    ) -> impl Iterator<Item = &'a CertificateRecord> + use<'a> {
        let table = &self.shelf(scope).issued;
        let first = (*ca, 0, CertificateId::LEAST);
        let last = (*ca, u64::MAX, CertificateId::GREATEST);
        let after = after.map(|(created_ms, id)| (*ca, created_ms, id));
        let keys: Page<'a, (CertificateId, u64, CertificateId)> = match order {
            Order::OldestFirst => {
                let from = after.as_ref().map_or(Bound::Included(&first), Bound::Excluded);
                Box::new(table.range(from, Bound::Included(&last)).map(|(key, ())| key))
            }
            Order::NewestFirst => {
                let to = after.as_ref().map_or(Bound::Included(&last), Bound::Excluded);
                Box::new(table.range(Bound::Included(&first), to).rev().map(|(key, ())| key))
            }
        };
        keys.filter_map(|key| self.find_certificate(&key.2))
    }

    /// CA certificates in the order of their creation, beginning after the time and the id given.
    pub fn cas<'a>(
        &'a self,
        scope: &Scope,
        after: Option<(u64, CertificateId)>,
        order: Order,
    ) -> impl Iterator<Item = &'a CaCertificate> + use<'a> {
        let shelf = self.shelf(scope);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let keys: Page<'a, (u64, CertificateId)> = match order {
            Order::OldestFirst => {
                Box::new(shelf.cas_by_age.range(from, Bound::Unbounded).map(|(key, ())| key))
            }
            Order::NewestFirst => {
                Box::new(shelf.cas_by_age.range(Bound::Unbounded, from).rev().map(|(key, ())| key))
            }
        };
        keys.filter_map(|key| shelf.cas.get(&key.1).map(|ca| &**ca))
    }

    /// Policies in the order of their creation, beginning after the time and the name given.
    pub fn policies<'a>(
        &'a self,
        scope: &Scope,
        after: Option<(u64, &str)>,
        order: Order,
    ) -> impl Iterator<Item = &'a Policy> + use<'a> {
        let shelf = self.shelf(scope);
        let after: Option<(u64, Arc<str>)> = after.map(|(created_ms, name)| (created_ms, name.into()));
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let table = &shelf.policies_by_age;
        let keys: Page<'a, (u64, Arc<str>)> = match order {
            Order::OldestFirst => Box::new(table.range(from, Bound::Unbounded).map(|(key, ())| key)),
            Order::NewestFirst => Box::new(table.range(Bound::Unbounded, from).rev().map(|(key, ())| key)),
        };
        keys.filter_map(|key| shelf.policies.get(&key.1).map(|policy| &**policy))
    }

    /// The names of the things that a certificate is attached to.
    pub fn things_of(&self, id: &CertificateId) -> impl Iterator<Item = &str> {
        self.find_certificate(id).into_iter().flat_map(|record| record.things.names().map(|name| &**name))
    }

    /// The certificates that are attached to a thing.
    pub fn principals_of<'a>(
        &'a self,
        scope: &Scope,
        thing: &str,
    ) -> impl Iterator<Item = CertificateId> + use<'a> {
        self.view(scope).principals(thing)
    }

    /// The certificates that are attached to a thing and how, in the order of their ids, beginning after the id given.
    pub fn attachments_of<'a>(
        &'a self,
        scope: &Scope,
        thing: &'a str,
        after: Option<&CertificateId>,
    ) -> impl Iterator<Item = (CertificateId, Attachment)> + use<'a> {
        let name: Arc<str> = thing.into();
        let from = match after {
            Some(id) => Bound::Excluded((name.clone(), *id)),
            None => Bound::Included((name.clone(), CertificateId::LEAST)),
        };
        let found = self.shelf(scope).principals.range(from.as_ref(), Bound::Unbounded);
        found.take_while(move |(key, ())| key.0 == name).filter_map(move |(key, ())| {
            let kind = self.find_certificate(&key.1)?.things.get(thing)?;
            Some((key.1, kind))
        })
    }

    /// What a policy is attached to, beginning after the target given.
    pub fn targets_of<'a>(
        &'a self,
        scope: &Scope,
        policy: &str,
        after: Option<&Target>,
    ) -> impl Iterator<Item = &'a Target> + use<'a> {
        let name: Arc<str> = policy.into();
        let from = match after {
            Some(target) => Bound::Excluded((name.clone(), target.clone())),
            None => Bound::Included((name.clone(), Target::Certificate(CertificateId::LEAST))),
        };
        let found = self.shelf(scope).targets.range(from.as_ref(), Bound::Unbounded);
        found.take_while(move |(key, ())| key.0 == name).map(|(key, ())| &key.1)
    }

    /// The names of the policies attached to a target, sorted; those of the groups above a group too if `recursive`.
    #[must_use]
    pub fn attached_to(&self, scope: &Scope, target: &Target, recursive: bool) -> Vec<Arc<str>> {
        let view = self.view(scope);
        match target {
            Target::Certificate(id) => {
                let record = self.find_certificate(id).filter(|record| *record.scope == *scope);
                record.map(|record| record.policies.clone()).unwrap_or_default()
            }
            Target::Group(name) => {
                let groups = view.lineage(name).take(if recursive { usize::MAX } else { 1 });
                let names: BTreeSet<Arc<str>> =
                    groups.flat_map(|group| group.policies.iter().cloned()).collect();
                names.into_iter().collect()
            }
            Target::Identity(id) => {
                view.identity(id).map(|identity| identity.policies.clone()).unwrap_or_default()
            }
        }
    }
}

impl ThingFilter {
    /// Where a list with this filter goes on after the thing.
    #[must_use]
    pub fn cursor(&self, thing: &Thing) -> String {
        match &self.attribute {
            Some((name, _)) if self.value_is_prefix => {
                format!("{}\0{}", thing.attributes.get(name).unwrap_or_default(), thing.name)
            }
            _ => thing.name.to_string(),
        }
    }
}
