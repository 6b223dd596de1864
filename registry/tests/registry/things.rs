//! Things: created, changed, deleted.

use registry::{
    CertificateStatus, ErrorKind, NewThing, NewThingType, RegistryError, ThingError, ThingUpdate,
};

use crate::house::{House, NOW_MS, new, pairs, pems, scope};

fn with_type() -> House {
    let (mut house, _) = House::with_device();
    house.change(|draft| {
        for name in ["pump", "valve"] {
            let kind = NewThingType { name: name.into(), ..NewThingType::default() };
            draft.create_type(&scope(), kind, NOW_MS)?;
        }
        Ok(())
    });
    house
}

fn update(pairs_of: &[(&str, &str)], merge: bool) -> ThingUpdate {
    ThingUpdate { attributes: Some(pairs(pairs_of)), merge, ..ThingUpdate::default() }
}

#[test]
fn an_update_replaces_or_merges_attributes() {
    let check = |pairs_of: &[(&str, &str)], merge: bool, expected: &[(&str, &str)]| {
        let mut house = House::default();
        let first = NewThing { attributes: pairs(&[("room", "1"), ("floor", "2")]), ..new("pump-1") };
        house.change(|draft| draft.create_thing(&scope(), first, NOW_MS).map(|_| ()));
        house.change(|draft| draft.update_thing(&scope(), "pump-1", &update(pairs_of, merge)).map(|_| ()));
        let thing = house.registry.find_thing(&scope(), "pump-1").unwrap();
        assert_eq!((thing.attributes.to_map(), thing.version), (pairs(expected), 2), "{pairs_of:?} {merge}");
    };
    check(&[("room", "9")], true, &[("room", "9"), ("floor", "2")]);
    check(&[("room", "9")], false, &[("room", "9")]);
    check(&[("room", "")], true, &[("floor", "2")]);
    check(&[("room", ""), ("wall", "3")], false, &[("wall", "3")]);
    check(&[("nothing", "")], true, &[("room", "1"), ("floor", "2")]);
    check(&[], true, &[("room", "1"), ("floor", "2")]);
    check(&[], false, &[]);
}

#[test]
fn an_update_without_attributes_leaves_them() {
    let mut house = with_type();
    house.change(|draft| draft.update_thing(&scope(), "pump-1", &update(&[("a", "b")], false)).map(|_| ()));
    let kind = ThingUpdate { thing_type: Some("pump".into()), ..ThingUpdate::default() };
    house.change(|draft| draft.update_thing(&scope(), "pump-1", &kind).map(|_| ()));
    let thing = house.registry.find_thing(&scope(), "pump-1").unwrap();
    assert_eq!((thing.attributes.get("a"), thing.thing_type.as_deref()), (Some("b"), Some("pump")));
}

#[test]
fn types_are_given_changed_and_removed() {
    let mut house = with_type();
    let given = |name: &str| ThingUpdate { thing_type: Some(name.into()), ..ThingUpdate::default() };
    let removed = ThingUpdate { remove_type: true, ..ThingUpdate::default() };
    for (update, expected) in
        [(given("pump"), Some("pump")), (given("valve"), Some("valve")), (removed, None)]
    {
        house.change(|draft| draft.update_thing(&scope(), "pump-1", &update).map(|_| ()));
        let thing = house.registry.find_thing(&scope(), "pump-1").unwrap();
        assert_eq!(thing.thing_type.as_deref(), expected);
    }
    let both = ThingUpdate { remove_type: true, ..given("pump") };
    let refused = house.refusal(|draft| draft.update_thing(&scope(), "pump-1", &both).map(|_| ()));
    assert_eq!(refused, RegistryError::TypeGivenAndRemoved);
    let refused = house.refusal(|draft| draft.update_thing(&scope(), "pump-1", &given("tank")).map(|_| ()));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[test]
fn a_type_makes_room_for_attributes() {
    let attributes = |count: usize| (0..count).map(|n| (format!("a{n}"), "v".to_owned())).collect();
    let check = |thing_type: Option<&str>, count: usize, expected: bool| {
        let house = with_type();
        let mut draft = house.registry.draft();
        let thing = NewThing {
            thing_type: thing_type.map(str::to_owned),
            attributes: attributes(count),
            ..new("pump-2")
        };
        assert_eq!(draft.create_thing(&scope(), thing, NOW_MS).is_ok(), expected, "{thing_type:?} {count}");
    };
    check(None, 3, true);
    check(None, 4, false);
    check(Some("pump"), 50, true);
    check(Some("pump"), 51, false);

    let mut house = with_type();
    let many = ThingUpdate {
        thing_type: Some("pump".into()),
        ..update(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")], true)
    };
    house.change(|draft| draft.update_thing(&scope(), "pump-1", &many).map(|_| ()));
    let removed = ThingUpdate { remove_type: true, ..ThingUpdate::default() };
    let refused = house.refusal(|draft| draft.update_thing(&scope(), "pump-1", &removed).map(|_| ()));
    assert_eq!(refused, RegistryError::Thing(ThingError::TooManyAttributes(4)));
}

#[test]
fn attributes_are_bounded_together() {
    let house = with_type();
    let long = (0..50).map(|n| (format!("{n:0>128}"), "v".repeat(900))).collect();
    let thing = NewThing { thing_type: Some("pump".into()), attributes: long, ..new("pump-2") };
    let refused = house.refusal(|draft| draft.create_thing(&scope(), thing, NOW_MS).map(|_| ()));
    assert_eq!(refused, RegistryError::Thing(ThingError::AttributesTooLong(50 * (128 + 900))));
}

#[test]
fn a_thing_that_exists_with_other_settings_is_named() {
    let house = with_type();
    let other = NewThing { thing_type: Some("pump".into()), ..new("pump-1") };
    let refused = house.refusal(|draft| draft.create_thing(&scope(), other, NOW_MS).map(|_| ()));
    let id = "07070707-0707-4707-8707-070707070707".to_owned();
    assert_eq!(refused.kind(), ErrorKind::Exists { id, name: "pump-1".into() });
}

#[test]
fn stale_versions_are_refused() {
    let (house, _) = House::with_device();
    let stale = ThingUpdate { expected_version: Some(2), ..update(&[("a", "b")], false) };
    let refused = house.refusal(|draft| draft.update_thing(&scope(), "pump-1", &stale).map(|_| ()));
    assert_eq!(
        refused.to_string(),
        "thing pump-1 has version 1, and 2 was expected: read it again and decide anew"
    );
    let refused = house.refusal(|draft| draft.delete_thing(&scope(), "pump-1", Some(2)));
    assert_eq!(refused.kind(), ErrorKind::VersionConflict);
    assert_eq!(house.registry.draft().delete_thing(&scope(), "nobody", Some(2)), Ok(false));
}

#[test]
fn every_thing_keeps_its_own_values() {
    let mut house = House::default();
    let rooms = [("a", "5"), ("b", "3"), ("c", "5"), ("d", "55"), ("e", "4")];
    for (name, room) in rooms {
        let thing = NewThing { attributes: pairs(&[("room", room), ("roo", "9")]), ..new(name) };
        house.change(|draft| draft.create_thing(&scope(), thing, NOW_MS).map(|_| ()));
    }
    for registry in [house.reopened(), house.registry] {
        let found = registry.things(&scope(), None).map(|thing| thing.attributes.get("room").unwrap());
        assert_eq!(found.collect::<Vec<_>>(), ["5", "3", "5", "55", "4"]);
    }
}

#[test]
fn a_deletion_that_is_taken_back_keeps_the_pem() {
    let mut house = House::default();
    let id = house.change(|draft| {
        let id = draft.register_certificate(&scope(), &pems()[0], CertificateStatus::Inactive, NOW_MS)?;
        let refused = draft.attempt(|draft| {
            draft.delete_certificate(&scope(), &id, false)?;
            draft.delete_certificate(&scope(), &id, false)
        });
        assert_eq!(refused, Err(RegistryError::UnknownCertificate(id)));
        Ok(id)
    });
    assert_eq!(house.pem_in(&house.reopened(), &id).unwrap().as_ref(), Some(&pems()[0]));
}

#[test]
fn several_wishes_hold_together_or_not_at_all() {
    let (house, id) = House::with_device();
    let mut draft = house.registry.draft();
    draft.create_thing(&scope(), new("pump-2"), NOW_MS).unwrap();
    let refused = draft.attempt(|draft| {
        draft.detach(&scope(), "pump-1", &id)?;
        draft.attempt(|draft| draft.create_thing(&scope(), new("pump-3"), NOW_MS).map(|_| ()))?;
        draft.delete_thing(&scope(), "pump-1", None)?;
        draft.update_thing(&scope(), "pump-2", &update(&[("a", "b")], false))?;
        draft.delete_thing(&scope(), "pump-2", Some(7))
    });
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::VersionConflict);
    assert!(draft.find_thing(&scope(), "pump-3").is_none());
    assert!(draft.find_thing(&scope(), "pump-2").unwrap().attributes.is_empty());
    assert_eq!(draft.principals_of(&scope(), "pump-1").len(), 1);
    assert_eq!(draft.finish().writes.len(), 1, "pump-2 alone");
}
