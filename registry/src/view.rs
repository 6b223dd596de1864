//! A scope's tables with what a draft lays over them in, single records and their relations out. Changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::layer::Layer;
use crate::shelf::Shelf;
use crate::{
    CaCertificate, CertificateId, EventConfigurations, Group, Identity, Policy, Target, Thing, ThingType,
};

/// What is seen of one scope.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) below: &'a Shelf,
    pub(crate) top: &'a Shelf,
}

pub(crate) static EMPTY: Shelf = Shelf::new();

fn look<'a, K, V, Q>(below: &'a Layer<K, V>, top: &'a Layer<K, V>, key: &Q) -> Option<&'a V>
where
    K: Ord + Clone + std::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    top.entry(key).unwrap_or_else(|| below.get(key))
}

impl<'a> View<'a> {
    /// The tables as they are, with nothing over them.
    pub(crate) fn of(shelf: &'a Shelf) -> Self {
        Self { below: shelf, top: &EMPTY }
    }

    pub(crate) fn thing(self, name: &str) -> Option<&'a Arc<Thing>> {
        look(&self.below.things, &self.top.things, name)
    }

    pub(crate) fn thing_type(self, name: &str) -> Option<&'a Arc<ThingType>> {
        look(&self.below.types, &self.top.types, name)
    }

    pub(crate) fn group(self, name: &str) -> Option<&'a Arc<Group>> {
        look(&self.below.groups, &self.top.groups, name)
    }

    pub(crate) fn policy(self, name: &str) -> Option<&'a Arc<Policy>> {
        look(&self.below.policies, &self.top.policies, name)
    }

    pub(crate) fn ca(self, id: &CertificateId) -> Option<&'a Arc<CaCertificate>> {
        look(&self.below.cas, &self.top.cas, id)
    }

    pub(crate) fn identity(self, id: &str) -> Option<&'a Arc<Identity>> {
        look(&self.below.identities, &self.top.identities, id)
    }

    pub(crate) fn registration_code(self) -> Option<&'a str> {
        look(&self.below.registration, &self.top.registration, &()).map(|kept| kept.code.as_str())
    }

    pub(crate) fn events(self) -> Option<&'a Arc<EventConfigurations>> {
        look(&self.below.events, &self.top.events, &())
    }

    /// The copies of an attribute's name and value that other things have already.
    pub(crate) fn shared_attribute(self, name: &Arc<str>, value: &Arc<str>) -> Option<(Arc<str>, Arc<str>)> {
        let least = (name.clone(), value.clone(), Arc::default());
        let (found, ()) = self.top.with_attribute.over(&self.below.with_attribute, &least).next()?;
        (found.0 == *name && found.1 == *value).then(|| (found.0.clone(), found.1.clone()))
    }

    pub(crate) fn principals(self, thing: &str) -> impl Iterator<Item = CertificateId> + use<'a> {
        let name: Arc<str> = Arc::from(thing);
        let from = (name.clone(), CertificateId::LEAST);
        let found = self.top.principals.over(&self.below.principals, &from);
        found.map(|(key, ())| key).take_while(move |key| key.0 == name).map(|key| key.1)
    }

    pub(crate) fn things_of_type(self, name: &str) -> impl Iterator<Item = &'a Arc<str>> + use<'a> {
        second(&self.top.of_type, &self.below.of_type, name)
    }

    pub(crate) fn members(self, group: &str) -> impl Iterator<Item = &'a Arc<str>> + use<'a> {
        second(&self.top.members, &self.below.members, group)
    }

    /// The groups directly below; of the empty name, those at the top.
    pub(crate) fn children(self, group: &str) -> impl Iterator<Item = &'a Arc<str>> + use<'a> {
        second(&self.top.children, &self.below.children, group)
    }

    pub(crate) fn targets(self, policy: &str) -> impl Iterator<Item = &'a Target> + use<'a> {
        let name: Arc<str> = Arc::from(policy);
        let from = (name.clone(), Target::Certificate(CertificateId::LEAST));
        let found = self.top.targets.over(&self.below.targets, &from);
        found.map(|(key, ())| key).take_while(move |key| key.0 == name).map(|key| &key.1)
    }

    /// CA certificates with this hash of the subject.
    pub(crate) fn cas_called(
        self,
        subject: CertificateId,
    ) -> impl Iterator<Item = &'a Arc<CaCertificate>> + use<'a> {
        let from = (subject, CertificateId::LEAST);
        let found = self.top.cas_by_subject.over(&self.below.cas_by_subject, &from);
        let ids = found.map(|(key, ())| key).take_while(move |key| key.0 == subject);
        ids.filter_map(move |key| self.ca(&key.1))
    }

    /// The group, then its parent, and so on to the top.
    pub(crate) fn lineage(self, group: &str) -> impl Iterator<Item = &'a Arc<Group>> + use<'a> {
        let parent = move |group: &&'a Arc<Group>| group.parent.as_deref().and_then(|name| self.group(name));
        std::iter::successors(self.group(group), parent).take(crate::limits::GROUP_DEPTH)
    }

    /// The group and all below it.
    pub(crate) fn descendants(self, group: &str) -> BTreeSet<Arc<str>> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<Arc<str>> =
            self.group(group).map(|group| group.name.clone()).into_iter().collect();
        while let Some(name) = waiting.pop() {
            if found.insert(name.clone()) {
                waiting.extend(self.children(&name).cloned());
            }
        }
        found
    }
}

fn second<'a>(
    top: &'a Layer<(Arc<str>, Arc<str>), ()>,
    below: &'a Layer<(Arc<str>, Arc<str>), ()>,
    first: &str,
) -> impl Iterator<Item = &'a Arc<str>> + use<'a> {
    let first: Arc<str> = Arc::from(first);
    let found = top.over(below, &(first.clone(), Arc::default()));
    found.map(|(key, ())| key).take_while(move |key| key.0 == first).map(|key| &key.1)
}
