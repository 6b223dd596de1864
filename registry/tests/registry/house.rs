//! A registry with its store, certificates to register, and short ways to keep what was decided.

use std::sync::OnceLock;

use registry::{
    Attachment, Authority, CertificateId, CertificateStatus, Change, Draft, KeyChoice, NewGroup, NewThing,
    OpenError, Order, Registry, RegistryError, Scope,
};
use store::{Durability, Memory, Store};

pub(crate) const NOW_S: i64 = 1_790_000_000;
pub(crate) const NOW_MS: u64 = 1_790_000_000_000;

/// Four certificates, made once.
pub(crate) fn pems() -> &'static [String] {
    static PEMS: OnceLock<Vec<String>> = OnceLock::new();
    PEMS.get_or_init(|| {
        let authority = Authority::create(NOW_S).unwrap();
        (0..4).map(|_| authority.issue_device(KeyChoice::P256, NOW_S).unwrap().cert_pem).collect()
    })
}

pub(crate) fn new(name: &str) -> NewThing {
    NewThing { name: name.to_owned(), random: [7; 16], ..NewThing::default() }
}

pub(crate) fn other() -> Scope {
    Scope::new("123456789012", "eu-west-1").unwrap()
}

/// A registry with its store.
#[derive(Default)]
pub(crate) struct House {
    pub(crate) registry: Registry,
    pub(crate) store: Memory,
}

impl House {
    pub(crate) fn keep(&mut self, change: Change) {
        self.store.commit(&change.writes, Durability::Synced).unwrap();
        self.registry.apply(change);
    }

    /// Decides, commits and applies.
    pub(crate) fn change<T>(&mut self, decide: impl FnOnce(&mut Draft<'_>) -> Result<T, RegistryError>) -> T {
        let mut draft = self.registry.draft();
        let outcome = decide(&mut draft).unwrap();
        let change = draft.finish();
        self.keep(change);
        outcome
    }

    /// What a wish is refused with.
    pub(crate) fn refusal<T>(
        &self,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<T, RegistryError>,
    ) -> RegistryError {
        let mut draft = self.registry.draft();
        let refusal = decide(&mut draft).err().expect("a refusal");
        assert!(draft.finish().writes.is_empty(), "a refused wish changes nothing: {refusal}");
        refusal
    }

    pub(crate) fn reopened(&self) -> Registry {
        Registry::open(&*self.store.reader()).unwrap()
    }

    pub(crate) fn pem_in(
        &self,
        registry: &Registry,
        id: &CertificateId,
    ) -> Result<Option<String>, OpenError> {
        registry.find_certificate(id).unwrap().read_pem(&*self.store.reader())
    }

    /// `pump-1` with the first certificate, which is active.
    pub(crate) fn with_device() -> (Self, CertificateId) {
        let mut house = Self::default();
        let mut draft = house.registry.draft();
        draft.create_thing(&Scope::default(), new("pump-1"), NOW_MS).unwrap();
        let id = draft
            .register_certificate(&Scope::default(), &pems()[0], CertificateStatus::Active, NOW_MS)
            .unwrap();
        draft.attach(&Scope::default(), "pump-1", &id, Attachment::NonExclusiveThing).unwrap();
        let change = draft.finish();
        house.keep(change);
        (house, id)
    }
}

pub(crate) fn scope() -> Scope {
    Scope::default()
}

/// What is asked for when a group is created.
pub(crate) fn group(name: &str, parent: Option<&str>) -> NewGroup {
    NewGroup {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        random: [3; 16],
        ..NewGroup::default()
    }
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Everything that can be seen of a registry.
pub(crate) fn seen(registry: &Registry) -> Vec<String> {
    let mut lines = Vec::new();
    for scope in [Scope::default(), other()] {
        for thing in registry.things(&scope, None) {
            let principals: Vec<_> = registry.principals_of(&scope, &thing.name).collect();
            lines.push(format!("{scope} {thing:?} {principals:?}"));
        }
        lines.extend(
            registry.certificates(&scope, None, Order::OldestFirst).map(|record| format!("{record:?}")),
        );
    }
    lines
}
