//! Whose connections a change concerns, and whose not.

use std::collections::BTreeMap;

use registry::{
    Attachment, CertificateId, CertificateStatus, Draft, EventKind, GroupUpdate, NewThingType, RegistryError,
    Tagged, Target, ThingUpdate,
};

use crate::house::{House, NOW_MS, group, new, pairs, pems, scope};

const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
const SHUT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iot:*","Resource":"*"}]}"#;

/// `pump-1` (first certificate) in `plant > hall`; `pump-2` (second) nowhere; `pump-3` has none. `own` is attached to
/// the second certificate, `shared` to `plant`, `idle` to nothing.
fn plant() -> (House, CertificateId, CertificateId) {
    let (mut house, first) = House::with_device();
    let second = house.change(|draft| {
        draft.create_thing(&scope(), new("pump-2"), NOW_MS)?;
        draft.create_thing(&scope(), new("pump-3"), NOW_MS)?;
        let second = draft.register_certificate(&scope(), &pems()[1], CertificateStatus::Active, NOW_MS)?;
        draft.attach(&scope(), "pump-2", &second, Attachment::NonExclusiveThing)?;
        draft.create_group(&scope(), group("plant", None), NOW_MS)?;
        draft.create_group(&scope(), group("hall", Some("plant")), NOW_MS)?;
        draft.add_to_group(&scope(), "hall", "pump-1")?;
        for name in ["own", "shared", "idle"] {
            draft.create_policy(&scope(), name, OPEN, BTreeMap::new(), NOW_MS)?;
        }
        draft.attach_policy(&scope(), "own", &Target::Certificate(second))?;
        draft.attach_policy(&scope(), "shared", &Target::Group("plant".into()))?;
        Ok(second)
    });
    (house, first, second)
}

type Wish = fn(&mut Draft<'_>, [CertificateId; 2]) -> Result<(), RegistryError>;

/// Which of the two certificates, and which things, a wish concerns.
fn check(name: &str, wish: Wish, certificates: &[usize], things: &[&str]) {
    let (mut house, first, second) = plant();
    let ids = [first, second];
    let mut draft = house.registry.draft();
    wish(&mut draft, ids).unwrap();
    let change = draft.finish();
    let expected = change.affected().clone();
    let affected = house.registry.apply(change);
    assert_eq!(affected, expected);
    assert_eq!(affected.certificates, certificates.iter().map(|n| ids[*n]).collect(), "{name}");
    let found: Vec<_> = affected.things.iter().map(|(_, thing)| thing.as_str()).collect();
    assert_eq!(found, things, "{name}");
}

#[test]
fn certificates_are_affected_by_their_own_changes() {
    check("status", |d, [a, _]| d.set_status(&scope(), &a, CertificateStatus::Inactive, NOW_MS), &[0], &[]);
    check(
        "deletion",
        |draft, [a, _]| {
            draft.set_status(&scope(), &a, CertificateStatus::Inactive, NOW_MS)?;
            draft.delete_certificate(&scope(), &a, true)
        },
        &[0],
        &[],
    );
    check("detached", |draft, [a, _]| draft.detach(&scope(), "pump-1", &a).map(|_| ()), &[0], &[]);
    check(
        "attached",
        |draft, [_, b]| draft.attach(&scope(), "pump-3", &b, Attachment::NonExclusiveThing),
        &[1],
        &[],
    );
    check(
        "policy",
        |draft, [a, _]| draft.attach_policy(&scope(), "idle", &Target::Certificate(a)),
        &[0],
        &[],
    );
    check(
        "none",
        |draft, [_, b]| draft.detach_policy(&scope(), "idle", &Target::Certificate(b)).map(|_| ()),
        &[],
        &[],
    );
}

#[test]
fn a_default_version_affects_all_that_it_reaches() {
    let version: Wish = |d, _| d.create_policy_version(&scope(), "own", SHUT, true, NOW_MS).map(|_| ());
    check("own", version, &[1], &[]);
    let version: Wish = |d, _| d.create_policy_version(&scope(), "shared", SHUT, true, NOW_MS).map(|_| ());
    check("shared", version, &[0], &[]);
    let version: Wish = |d, _| d.create_policy_version(&scope(), "shared", SHUT, false, NOW_MS).map(|_| ());
    check("not the default", version, &[], &[]);
    let version: Wish = |d, _| d.create_policy_version(&scope(), "idle", SHUT, true, NOW_MS).map(|_| ());
    check("idle", version, &[], &[]);
}

#[test]
fn groups_affect_their_members_only_when_rights_change() {
    check(
        "detached",
        |d, _| d.detach_policy(&scope(), "shared", &Target::Group("plant".into())).map(|_| ()),
        &[0],
        &[],
    );
    check(
        "attached below",
        |d, _| d.attach_policy(&scope(), "idle", &Target::Group("hall".into())),
        &[0],
        &[],
    );
    let described: Wish = |draft, _| {
        let update = GroupUpdate { description: Some("x".into()), ..GroupUpdate::default() };
        draft.update_group(&scope(), "plant", &update).map(|_| ())
    };
    check("described", described, &[], &[]);
    check("tagged", |d, _| d.tag(&scope(), &Tagged::Group("plant".into()), &pairs(&[("a", "b")])), &[], &[]);
    check("joined", |draft, _| draft.add_to_group(&scope(), "plant", "pump-2"), &[1], &["pump-2"]);
    check("left", |d, _| d.remove_from_group(&scope(), "hall", "pump-1").map(|_| ()), &[0], &["pump-1"]);
    check("deleted", |draft, _| draft.delete_group(&scope(), "hall", None).map(|_| ()), &[0], &["pump-1"]);
}

#[test]
fn things_affect_their_certificates_and_the_clients_of_their_name() {
    let update: Wish = |draft, _| {
        let update = ThingUpdate { attributes: Some(pairs(&[("a", "b")])), ..ThingUpdate::default() };
        draft.update_thing(&scope(), "pump-1", &update).map(|_| ())
    };
    check("updated", update, &[0], &["pump-1"]);
    check("created", |d, _| d.create_thing(&scope(), new("pump-9"), NOW_MS).map(|_| ()), &[], &["pump-9"]);
    check("deleted", |draft, _| draft.delete_thing(&scope(), "pump-3", None).map(|_| ()), &[], &["pump-3"]);
}

#[test]
fn the_rest_affects_nobody() {
    let kind: Wish = |draft, _| {
        let kind = NewThingType { name: "pump".into(), ..NewThingType::default() };
        draft.create_type(&scope(), kind, NOW_MS).map(|_| ())
    };
    check("type", kind, &[], &[]);
    let events: Wish = |draft, _| {
        draft.set_events(&scope(), &BTreeMap::from([(EventKind::Thing, true)]), NOW_MS);
        Ok(())
    };
    check("events", events, &[], &[]);
    check("nothing", |_, _| Ok(()), &[], &[]);
}
