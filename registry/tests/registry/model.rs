//! Random wishes: memory equals what is stored, and a refused wish leaves nothing.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use registry::{
    Attachment, Authority, CaStatus, CaUpdate, CertificateId, CertificateMode, CertificateStatus, Draft,
    EventKind, GroupUpdate, KeyChoice, NewCa, NewThing, NewThingType, PublicCertificate, Registry,
    RegistryError, Scope, Tagged, Target, ThingTypeUpdate, ThingUpdate,
};

use crate::house::{House, NOW_MS, NOW_S, group, new, other, pairs, pems};

#[derive(Debug, Clone)]
enum Wish {
    CreateThing(u8, Option<u8>, u8),
    UpdateThing(u8, Option<u8>, u8, bool),
    DeleteThing(u8),
    CreateType(u8),
    UpdateType(u8),
    Deprecate(u8, bool),
    DeleteType(u8),
    CreateGroup(u8, Option<u8>),
    UpdateGroup(u8),
    DeleteGroup(u8),
    Join(u8, u8),
    Leave(u8, u8),
    Move(u8, u8, u8),
    Register(u8),
    RegisterWithCa,
    Status(u8, CertificateStatus),
    Forget(u8, bool),
    Attach(u8, u8, Attachment),
    Detach(u8, u8),
    RegisterCa,
    UpdateCa(bool),
    DeleteCa,
    CreatePolicy(u8),
    CreateVersion(u8, bool),
    SetDefault(u8, u32),
    DeleteVersion(u8, u32),
    DeletePolicy(u8),
    AttachPolicy(u8, u8, u8),
    DetachPolicy(u8, u8, u8),
    Tag(u8, u8),
    Untag(u8, u8),
    Code(bool),
    Events(bool),
    /// Two wishes of which the second may fail.
    Both(Box<(Wish, Wish)>),
}

fn single() -> impl Strategy<Value = Wish> {
    use CertificateStatus::{Active, Inactive, Revoked};
    let kind = prop_oneof![Just(Attachment::ExclusiveThing), Just(Attachment::NonExclusiveThing)];
    let status = prop_oneof![3 => Just(Active), 6 => Just(Inactive), 1 => Just(Revoked)];
    let n = || 0..3u8;
    let maybe = || prop::option::of(0..3u8);
    let things = prop_oneof![
        (n(), maybe(), 0..2u8).prop_map(|(name, kind, value)| Wish::CreateThing(name, kind, value)),
        (n(), maybe(), 0..3u8, any::<bool>())
            .prop_map(|(name, kind, value, merge)| { Wish::UpdateThing(name, kind, value, merge) }),
        n().prop_map(Wish::DeleteThing),
        n().prop_map(Wish::CreateType),
        n().prop_map(Wish::UpdateType),
        (n(), prop::bool::weighted(0.3)).prop_map(|(name, undo)| Wish::Deprecate(name, undo)),
        n().prop_map(Wish::DeleteType),
    ];
    let groups = prop_oneof![
        2 => (n(), maybe()).prop_map(|(name, parent)| Wish::CreateGroup(name, parent)),
        1 => n().prop_map(Wish::UpdateGroup),
        1 => n().prop_map(Wish::DeleteGroup),
        3 => (n(), n()).prop_map(|(group, thing)| Wish::Join(group, thing)),
        1 => (n(), n()).prop_map(|(group, thing)| Wish::Leave(group, thing)),
        1 => (n(), n(), n()).prop_map(|(thing, to, from)| Wish::Move(thing, to, from)),
    ];
    let certificates = prop_oneof![
        3 => (0..4u8).prop_map(Wish::Register),
        1 => Just(Wish::RegisterWithCa),
        2 => (0..4u8, status).prop_map(|(id, status)| Wish::Status(id, status)),
        1 => (0..4u8, any::<bool>()).prop_map(|(id, force)| Wish::Forget(id, force)),
        3 => (n(), 0..4u8, kind).prop_map(|(thing, id, kind)| Wish::Attach(thing, id, kind)),
        1 => (n(), 0..4u8).prop_map(|(thing, id)| Wish::Detach(thing, id)),
        1 => Just(Wish::RegisterCa),
        1 => any::<bool>().prop_map(Wish::UpdateCa),
        1 => Just(Wish::DeleteCa),
    ];
    let policies = prop_oneof![
        3 => n().prop_map(Wish::CreatePolicy),
        2 => (n(), any::<bool>()).prop_map(|(name, default)| Wish::CreateVersion(name, default)),
        1 => (n(), 1..7u32).prop_map(|(name, version)| Wish::SetDefault(name, version)),
        1 => (n(), 1..7u32).prop_map(|(name, version)| Wish::DeleteVersion(name, version)),
        1 => n().prop_map(Wish::DeletePolicy),
        4 => (n(), n(), 0..4u8).prop_map(|(name, kind, id)| Wish::AttachPolicy(name, kind, id)),
        2 => (n(), n(), 0..4u8).prop_map(|(name, kind, id)| Wish::DetachPolicy(name, kind, id)),
        1 => (0..4u8, n()).prop_map(|(kind, name)| Wish::Tag(kind, name)),
        1 => (0..4u8, n()).prop_map(|(kind, name)| Wish::Untag(kind, name)),
        1 => any::<bool>().prop_map(Wish::Code),
        1 => any::<bool>().prop_map(Wish::Events),
    ];
    prop_oneof![things, groups, certificates, policies]
}

fn wish() -> impl Strategy<Value = (bool, Wish)> {
    let both = (single(), single()).prop_map(|pair| Wish::Both(Box::new(pair)));
    (prop::bool::weighted(0.1), prop_oneof![2 => single(), 1 => both])
}

/// A CA with a certificate it signed.
fn ca() -> &'static (String, String) {
    static CA: OnceLock<(String, String)> = OnceLock::new();
    CA.get_or_init(|| {
        let authority = Authority::create(NOW_S).unwrap();
        let device = authority.issue_device(KeyChoice::P256, NOW_S).unwrap();
        (authority.cert_pem().to_owned(), device.cert_pem)
    })
}

fn id_of(pem: &str) -> CertificateId {
    PublicCertificate::from_pem(pem).unwrap().id
}

fn document(n: u8) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"iot:Publish","Resource":"arn:aws:iot:us-east-1:000000000000:topic/{n}"}}]}}"#
    )
}

fn target(kind: u8, id: u8) -> Target {
    match kind {
        0 => Target::Certificate(id_of(&pems()[usize::from(id)])),
        1 => Target::Group(format!("group-{}", id % 3).into()),
        _ => Target::Identity(format!("us-east-1:0000000{id}-0000-0000-0000-000000000000").into()),
    }
}

fn tagged(kind: u8, n: u8) -> Tagged {
    match kind {
        0 => Tagged::ThingType(format!("type-{n}").into()),
        1 => Tagged::Group(format!("group-{n}").into()),
        2 => Tagged::Policy(format!("policy-{n}").into()),
        _ => Tagged::CaCertificate(id_of(&ca().0)),
    }
}

fn decide(draft: &mut Draft<'_>, scope: &Scope, wish: &Wish) -> Result<(), RegistryError> {
    match wish {
        Wish::Both(pair) => draft.attempt(|draft| {
            decide(draft, scope, &pair.0)?;
            decide(draft, scope, &pair.1)
        }),
        Wish::CreateThing(..) | Wish::UpdateThing(..) | Wish::DeleteThing(_) => {
            decide_thing(draft, scope, wish)
        }
        Wish::CreateType(_) | Wish::UpdateType(_) | Wish::Deprecate(..) | Wish::DeleteType(_) => {
            decide_type(draft, scope, wish)
        }
        Wish::CreateGroup(..)
        | Wish::UpdateGroup(_)
        | Wish::DeleteGroup(_)
        | Wish::Join(..)
        | Wish::Leave(..)
        | Wish::Move(..) => decide_group(draft, scope, wish),
        Wish::CreatePolicy(_)
        | Wish::CreateVersion(..)
        | Wish::SetDefault(..)
        | Wish::DeleteVersion(..)
        | Wish::DeletePolicy(_)
        | Wish::AttachPolicy(..)
        | Wish::DetachPolicy(..) => decide_policy(draft, scope, wish),
        Wish::Tag(kind, n) => draft.tag(scope, &tagged(*kind, *n), &pairs(&[("cost", "7")])),
        Wish::Untag(kind, n) => draft.untag(scope, &tagged(*kind, *n), &["cost".to_owned()]),
        Wish::Code(true) => {
            draft.registration_code(scope, [8; 32]);
            Ok(())
        }
        Wish::Code(false) => draft.delete_registration_code(scope),
        Wish::Events(on) => {
            let all: BTreeMap<EventKind, bool> = EventKind::ALL.into_iter().map(|kind| (kind, *on)).collect();
            draft.set_events(scope, &all, NOW_MS);
            Ok(())
        }
        _ => decide_certificate(draft, scope, wish),
    }
}

fn decide_thing(draft: &mut Draft<'_>, scope: &Scope, wish: &Wish) -> Result<(), RegistryError> {
    let name = |n: &u8| format!("thing-{n}");
    let kind = |n: &Option<u8>| n.map(|n| format!("type-{n}"));
    match wish {
        Wish::CreateThing(n, of, value) => {
            let attributes = pairs(&[("room", &value.to_string())]);
            let thing = NewThing { thing_type: kind(of), attributes, ..new(&name(n)) };
            draft.create_thing(scope, thing, NOW_MS).map(|_| ())
        }
        Wish::UpdateThing(n, of, value, merge) => {
            let value = if *value == 0 { String::new() } else { value.to_string() };
            let update = ThingUpdate {
                attributes: Some(pairs(&[("room", &value), ("floor", "2")])),
                merge: *merge,
                thing_type: kind(of),
                remove_type: of.is_none() && *merge,
                expected_version: (value == "2").then_some(2),
            };
            draft.update_thing(scope, &name(n), &update).map(|_| ())
        }
        Wish::DeleteThing(n) => draft.delete_thing(scope, &name(n), None).map(|_| ()),
        _ => Ok(()),
    }
}

fn decide_type(draft: &mut Draft<'_>, scope: &Scope, wish: &Wish) -> Result<(), RegistryError> {
    let name = |n: &u8| format!("type-{n}");
    match wish {
        Wish::CreateType(n) => {
            let kind = NewThingType { name: name(n), random: [n + 1; 16], ..NewThingType::default() };
            draft.create_type(scope, kind, NOW_MS).map(|_| ())
        }
        Wish::UpdateType(n) => {
            let update = ThingTypeUpdate { description: Some("a pump".into()), ..ThingTypeUpdate::default() };
            draft.update_type(scope, &name(n), update)
        }
        Wish::Deprecate(n, undo) => draft.deprecate_type(scope, &name(n), *undo, NOW_MS),
        Wish::DeleteType(n) => draft.delete_type(scope, &name(n), NOW_MS + 300_000),
        _ => Ok(()),
    }
}

fn decide_group(draft: &mut Draft<'_>, scope: &Scope, wish: &Wish) -> Result<(), RegistryError> {
    let (name, thing) = (|n: &u8| format!("group-{n}"), |n: &u8| format!("thing-{n}"));
    match wish {
        Wish::CreateGroup(n, parent) => {
            let parent = parent.map(|parent| name(&parent));
            draft.create_group(scope, group(&name(n), parent.as_deref()), NOW_MS).map(|_| ())
        }
        Wish::UpdateGroup(n) => {
            let update = GroupUpdate { attributes: Some(pairs(&[("a", "b")])), ..GroupUpdate::default() };
            draft.update_group(scope, &name(n), &update).map(|_| ())
        }
        Wish::DeleteGroup(n) => draft.delete_group(scope, &name(n), None).map(|_| ()),
        Wish::Join(n, of) => draft.add_to_group(scope, &name(n), &thing(of)),
        Wish::Leave(n, of) => draft.remove_from_group(scope, &name(n), &thing(of)).map(|_| ()),
        Wish::Move(of, to, from) => {
            draft.update_groups_of_thing(scope, &thing(of), &[name(to)], &[name(from)])
        }
        _ => Ok(()),
    }
}

fn decide_certificate(draft: &mut Draft<'_>, scope: &Scope, wish: &Wish) -> Result<(), RegistryError> {
    let (name, id) = (|n: &u8| format!("thing-{n}"), |n: &u8| id_of(&pems()[usize::from(*n)]));
    let active = CertificateStatus::Active;
    match wish {
        Wish::Register(n) => {
            draft.register_certificate(scope, &pems()[usize::from(*n)], active, NOW_MS).map(|_| ())
        }
        Wish::RegisterWithCa => {
            draft.register_certificate_with_ca(scope, &ca().1, None, active, NOW_MS).map(|_| ())
        }
        Wish::Status(n, status) => draft.set_status(scope, &id(n), *status, NOW_MS),
        Wish::Forget(n, force) => draft.delete_certificate(scope, &id(n), *force),
        Wish::Attach(thing, n, kind) => draft.attach(scope, &name(thing), &id(n), *kind),
        Wish::Detach(thing, n) => draft.detach(scope, &name(thing), &id(n)).map(|_| ()),
        Wish::RegisterCa => {
            let wish = NewCa {
                pem: &ca().0,
                verification_pem: None,
                mode: CertificateMode::SniOnly,
                status: CaStatus::Active,
                registers_automatically: true,
                registration: None,
                tags: BTreeMap::new(),
            };
            draft.register_ca(scope, wish, NOW_MS).map(|_| ())
        }
        Wish::UpdateCa(active) => {
            let status = if *active { CaStatus::Active } else { CaStatus::Inactive };
            let update = CaUpdate { status: Some(status), ..CaUpdate::default() };
            draft.update_ca(scope, &id_of(&ca().0), update, NOW_MS)
        }
        Wish::DeleteCa => draft.delete_ca(scope, &id_of(&ca().0)),
        _ => Ok(()),
    }
}

fn decide_policy(draft: &mut Draft<'_>, scope: &Scope, wish: &Wish) -> Result<(), RegistryError> {
    let name = |n: &u8| format!("policy-{n}");
    match wish {
        Wish::CreatePolicy(n) => {
            draft.create_policy(scope, &name(n), &document(*n), BTreeMap::new(), NOW_MS).map(|_| ())
        }
        Wish::CreateVersion(n, default) => {
            draft.create_policy_version(scope, &name(n), &document(9), *default, NOW_MS).map(|_| ())
        }
        Wish::SetDefault(n, version) => draft.set_default_version(scope, &name(n), *version, NOW_MS),
        Wish::DeleteVersion(n, version) => draft.delete_policy_version(scope, &name(n), *version, NOW_MS),
        Wish::DeletePolicy(n) => draft.delete_policy(scope, &name(n)),
        Wish::AttachPolicy(n, kind, id) => draft.attach_policy(scope, &name(n), &target(*kind, *id)),
        Wish::DetachPolicy(n, kind, id) => {
            draft.detach_policy(scope, &name(n), &target(*kind, *id)).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Tables, indexes and records, to the last field.
fn inside(registry: &Registry) -> String {
    format!("{registry:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_always_equals_what_is_stored(
        groups in prop::collection::vec(prop::collection::vec(wish(), 1..25), 1..5)
    ) {
        let mut house = House::default();
        // A scope that never held anything is not found again.
        house.change(|draft| draft.create_thing(&Scope::default(), new("first"), NOW_MS).map(|_| ()));
        house.change(|draft| draft.create_thing(&other(), new("first"), NOW_MS).map(|_| ()));
        for group in groups {
            let scope_of = |elsewhere: bool| if elsewhere { other() } else { Scope::default() };
            let mut draft = house.registry.draft();
            let granted: Vec<bool> = group.iter()
                .map(|(elsewhere, wish)| decide(&mut draft, &scope_of(*elsewhere), wish).is_ok())
                .collect();
            let change = draft.finish();
            // Without the wishes that were refused everything is the same.
            let mut again = house.registry.draft();
            for ((elsewhere, wish), _) in group.iter().zip(&granted).filter(|(_, granted)| **granted) {
                prop_assert!(decide(&mut again, &scope_of(*elsewhere), wish).is_ok(), "{wish:?}");
            }
            let again = again.finish();
            prop_assert_eq!(&change.writes, &again.writes);
            prop_assert_eq!(&change.events, &again.events);
            prop_assert_eq!(change.affected(), again.affected());
            house.keep(change);
            prop_assert_eq!(inside(&house.reopened()), inside(&house.registry));
        }
    }

    #[test]
    fn no_text_makes_registration_panic(text in ".{0,400}", cut in 0usize..700, flip in 0usize..700) {
        let registry = Registry::default();
        let mut bytes = pems()[0].clone().into_bytes();
        if let Some(byte) = bytes.get_mut(flip) {
            *byte ^= 1;
        }
        bytes.truncate(cut);
        for pem in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            let _ = registry.draft().register_certificate(&Scope::default(), &pem, CertificateStatus::Active, NOW_MS);
            let _ = registry::certificate_fields(pem.as_bytes());
            let _ = registry.issuers_of(pem.as_bytes());
        }
    }
}
