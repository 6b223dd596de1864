//! The registry and a list of wishes in, one change out: the writes to commit and what to apply afterwards. Each wish
//! sees those before it; a refused wish changes nothing.

mod certificates;
mod finish;
mod groups;
mod policies;
mod settings;
mod tagging;
mod thing_types;
mod things;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use store::Batch;

use crate::affected::Affected;
use crate::events::RegistryEvent;
use crate::layer::Layer;
use crate::shelf::Shelf;
use crate::view::{EMPTY, View};
use crate::{
    CaCertificate, CertificateId, CertificateRecord, Group, Identity, Policy, Registry, RegistryError, Scope,
    Target, Thing, ThingType,
};

pub(crate) use certificates::signers;
pub use thing_types::{NewThingType, ThingTypeUpdate};
pub use things::{NewThing, ThingUpdate};

pub(crate) type Certificates = Layer<CertificateId, Arc<CertificateRecord>>;

/// Wishes decided so far, on top of the registry as it was when the draft began.
#[derive(Debug)]
pub struct Draft<'a> {
    base: &'a Registry,
    scopes: BTreeMap<Arc<Scope>, Shelf>,
    certificates: Certificates,
    pems: Layer<CertificateId, String>,
    events: Vec<RegistryEvent>,
    /// Counts attempts, so that each can be taken back.
    step: u32,
}

/// What was decided. Commit `writes` first, then hand it to [`Registry::apply`]; drop it if the commit fails.
#[derive(Debug, Clone)]
#[must_use = "a change does nothing until its writes are committed and it is applied"]
pub struct Change {
    pub writes: Batch,
    /// What to publish after the commit, in order.
    pub events: Vec<RegistryEvent>,
    pub(crate) affected: Affected,
    pub(crate) scopes: BTreeMap<Arc<Scope>, Shelf>,
    pub(crate) certificates: Certificates,
}

impl Change {
    /// Whose rights or admission may be others once the change is applied.
    #[must_use]
    pub fn affected(&self) -> &Affected {
        &self.affected
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn new(base: &'a Registry) -> Self {
        Self {
            base,
            scopes: BTreeMap::new(),
            certificates: Layer::new(),
            pems: Layer::new(),
            events: Vec::new(),
            step: 1,
        }
    }

    /// Several wishes as one: if they end in an error, all of them are taken back.
    pub fn attempt<T, E>(&mut self, wishes: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.step = self.step.saturating_add(1);
        let (step, events) = (self.step, self.events.len());
        let outcome = wishes(self);
        if outcome.is_err() {
            for shelf in self.scopes.values_mut() {
                shelf.take_back(step);
            }
            self.certificates.take_back(step);
            self.pems.take_back(step);
            self.events.truncate(events);
        }
        outcome
    }

    #[must_use]
    pub fn find_thing(&self, scope: &Scope, name: &str) -> Option<&Thing> {
        self.view(scope).thing(name).map(|thing| &**thing)
    }

    #[must_use]
    pub fn find_type(&self, scope: &Scope, name: &str) -> Option<&ThingType> {
        self.view(scope).thing_type(name).map(|kind| &**kind)
    }

    #[must_use]
    pub fn find_group(&self, scope: &Scope, name: &str) -> Option<&Group> {
        self.view(scope).group(name).map(|group| &**group)
    }

    #[must_use]
    pub fn find_policy(&self, scope: &Scope, name: &str) -> Option<&Policy> {
        self.view(scope).policy(name).map(|policy| &**policy)
    }

    #[must_use]
    pub fn find_ca(&self, scope: &Scope, id: &CertificateId) -> Option<&CaCertificate> {
        self.view(scope).ca(id).map(|ca| &**ca)
    }

    #[must_use]
    pub fn find_certificate(&self, id: &CertificateId) -> Option<&CertificateRecord> {
        let found = self.certificates.entry(id).map(|drafted| drafted.map(|record| &**record));
        found.unwrap_or_else(|| self.base.find_certificate(id))
    }

    /// The certificates that are attached to a thing.
    #[must_use]
    pub fn principals_of(&self, scope: &Scope, thing: &str) -> BTreeSet<CertificateId> {
        self.view(scope).principals(thing).collect()
    }

    /// What a policy is attached to.
    pub fn targets_of(&self, scope: &Scope, policy: &str) -> impl Iterator<Item = &Target> {
        self.view(scope).targets(policy)
    }

    /// The tables of a scope as they are after the wishes so far.
    fn view(&self, scope: &Scope) -> View<'_> {
        View { below: self.base.shelf(scope), top: self.scopes.get(scope).unwrap_or(&EMPTY) }
    }

    /// The one copy of a scope that all its records share.
    fn shared(&self, scope: &Scope) -> Arc<Scope> {
        let drafted = self.scopes.get_key_value(scope).map(|(shared, _)| shared.clone());
        drafted.unwrap_or_else(|| self.base.shared(scope))
    }

    fn shelf(&mut self, scope: &Scope) -> &mut Shelf {
        let scope = self.shared(scope);
        self.scopes.entry(scope).or_default()
    }

    fn put_thing(&mut self, scope: &Scope, mut thing: Thing) {
        let view = self.view(scope);
        thing.attributes.share(|name, value| view.shared_attribute(name, value));
        if let Some(shared) = thing.thing_type.as_deref().and_then(|name| view.thing_type(name)) {
            thing.thing_type = Some(shared.name.clone());
        }
        let name = thing.name.clone();
        self.replace_thing(scope, &name, Some(thing));
    }

    fn replace_thing(&mut self, scope: &Scope, name: &Arc<str>, thing: Option<Thing>) {
        let (old, step) = (self.view(scope).thing(name).cloned(), self.step);
        let shelf = self.shelf(scope);
        if let Some(old) = old {
            shelf.index_thing(step, &old, false);
        }
        if let Some(thing) = &thing {
            shelf.index_thing(step, thing, true);
        }
        shelf.things.put(step, name.clone(), thing.map(Arc::new));
    }

    fn replace_type(&mut self, scope: &Scope, name: &Arc<str>, kind: Option<ThingType>) {
        let step = self.step;
        self.shelf(scope).types.put(step, name.clone(), kind.map(Arc::new));
    }

    fn replace_group(&mut self, scope: &Scope, name: &Arc<str>, group: Option<Group>) {
        let (old, step) = (self.view(scope).group(name).cloned(), self.step);
        let shelf = self.shelf(scope);
        if let Some(old) = old {
            shelf.index_group(step, &old, false);
        }
        if let Some(group) = &group {
            shelf.index_group(step, group, true);
        }
        shelf.groups.put(step, name.clone(), group.map(Arc::new));
    }

    fn replace_policy(&mut self, scope: &Scope, name: &Arc<str>, policy: Option<Policy>) {
        let (old, step) = (self.view(scope).policy(name).cloned(), self.step);
        let shelf = self.shelf(scope);
        if let Some(old) = old {
            shelf.index_policy(step, &old, false);
        }
        if let Some(policy) = &policy {
            shelf.index_policy(step, policy, true);
        }
        shelf.policies.put(step, name.clone(), policy.map(Arc::new));
    }

    fn replace_identity(&mut self, scope: &Scope, identity: Identity) {
        let (old, step) = (self.view(scope).identity(&identity.id).cloned(), self.step);
        let shelf = self.shelf(scope);
        if let Some(old) = old {
            shelf.index_identity(step, &old, false);
        }
        shelf.index_identity(step, &identity, true);
        let kept = (!identity.policies.is_empty()).then(|| Arc::new(identity.clone()));
        shelf.identities.put(step, identity.id, kept);
    }

    fn replace_ca(&mut self, scope: &Scope, id: CertificateId, ca: Option<CaCertificate>) {
        let (old, step) = (self.view(scope).ca(&id).cloned(), self.step);
        let shelf = self.shelf(scope);
        if let Some(old) = old {
            shelf.index_ca(step, &old, false);
        }
        if let Some(ca) = &ca {
            shelf.index_ca(step, ca, true);
        }
        shelf.cas.put(step, id, ca.map(Arc::new));
    }

    fn replace_certificate(&mut self, id: CertificateId, record: Option<CertificateRecord>) {
        let step = self.step;
        if let Some(old) = self.find_certificate(&id).cloned() {
            self.shelf(&old.scope).index_certificate(step, &old, false);
        }
        if let Some(record) = &record {
            self.shelf(&record.scope).index_certificate(step, record, true);
        }
        self.certificates.put(step, id, record.map(Arc::new));
    }

    /// Keeps an event if its kind is wanted.
    fn tell(&mut self, scope: &Scope, event: impl FnOnce(&Arc<Scope>, View<'_>) -> RegistryEvent) {
        let view = self.view(scope);
        let Some(wanted) = view.events().filter(|wanted| wanted.enabled.values().any(|on| *on)) else {
            return;
        };
        let event = event(&self.shared(scope), view);
        if wanted.is_enabled(event.kind) {
            self.events.push(event);
        }
    }

    /// The record of a thing that must exist.
    fn thing(&self, scope: &Scope, name: &str) -> Result<&Thing, RegistryError> {
        self.find_thing(scope, name).ok_or_else(|| RegistryError::UnknownThing(name.to_owned()))
    }

    fn thing_type(&self, scope: &Scope, name: &str) -> Result<&ThingType, RegistryError> {
        self.find_type(scope, name).ok_or_else(|| RegistryError::UnknownType(name.to_owned()))
    }

    fn group(&self, scope: &Scope, name: &str) -> Result<&Group, RegistryError> {
        self.find_group(scope, name).ok_or_else(|| RegistryError::UnknownGroup(name.to_owned()))
    }

    fn policy(&self, scope: &Scope, name: &str) -> Result<&Policy, RegistryError> {
        self.find_policy(scope, name).ok_or_else(|| RegistryError::UnknownPolicy(name.to_owned()))
    }

    fn ca(&self, scope: &Scope, id: &CertificateId) -> Result<&CaCertificate, RegistryError> {
        self.find_ca(scope, id).ok_or(RegistryError::UnknownCa(*id))
    }

    fn certificate(&self, scope: &Scope, id: &CertificateId) -> Result<CertificateRecord, RegistryError> {
        let found = self.find_certificate(id).filter(|record| *record.scope == *scope);
        found.cloned().ok_or(RegistryError::UnknownCertificate(*id))
    }
}

/// `what` names the resource, as it begins the refusal.
fn check_version(what: &str, name: &str, found: u64, expected: Option<u64>) -> Result<(), RegistryError> {
    match expected {
        Some(expected) if expected != found => {
            Err(RegistryError::VersionConflict { what: format!("{what} {name}"), found, expected })
        }
        _ => Ok(()),
    }
}

/// Puts a name in its place of a sorted list; answers whether it is new.
fn insert_sorted(list: &mut Vec<Arc<str>>, name: Arc<str>) -> bool {
    match list.binary_search(&name) {
        Ok(_) => false,
        Err(place) => {
            list.insert(place, name);
            true
        }
    }
}

/// Answers whether the name was in the sorted list.
fn remove_sorted(list: &mut Vec<Arc<str>>, name: &str) -> bool {
    match list.binary_search_by(|known| (**known).cmp(name)) {
        Ok(place) => {
            list.remove(place);
            true
        }
        Err(_) => false,
    }
}
