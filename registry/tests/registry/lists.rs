//! Pages of every list: in which order, and where they go on.

use std::collections::BTreeMap;

use registry::{
    Attachment, CertificateId, CertificateStatus, GroupFilter, NewThing, NewThingType, Order, Target,
    ThingFilter,
};

use crate::house::{House, NOW_MS, group, new, pairs, pems, scope};

const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;

/// Things `a` to `f`; `room` is 1, 12, 2, 1, 12, none; `a`, `c` and `e` are pumps.
fn things() -> House {
    let mut house = House::default();
    house.change(|draft| {
        draft.create_type(
            &scope(),
            NewThingType { name: "pump".into(), ..NewThingType::default() },
            NOW_MS,
        )?;
        let rooms = [("a", "1"), ("b", "12"), ("c", "2"), ("d", "1"), ("e", "12"), ("f", "")];
        for (name, room) in rooms {
            let thing_type = ["a", "c", "e"].contains(&name).then(|| "pump".to_owned());
            let attributes = if room.is_empty() { BTreeMap::new() } else { pairs(&[("room", room)]) };
            draft.create_thing(&scope(), NewThing { thing_type, attributes, ..new(name) }, NOW_MS)?;
        }
        Ok(())
    });
    house
}

fn filter(thing_type: Option<&str>, room: Option<&str>, value_is_prefix: bool) -> ThingFilter {
    ThingFilter {
        thing_type: thing_type.map(str::to_owned),
        attribute: room.map(|room| ("room".to_owned(), room.to_owned())),
        value_is_prefix,
    }
}

#[test]
fn things_are_filtered_and_paged() {
    let house = things();
    let check = |filter: ThingFilter, expected: &str| {
        let mut found = String::new();
        let mut cursor: Option<String> = None;
        // Pages of two.
        loop {
            let page: Vec<_> =
                house.registry.things_where(&scope(), &filter, cursor.as_deref()).take(2).collect();
            let Some(last) = page.last() else { break };
            cursor = Some(filter.cursor(last));
            found.extend(page.iter().map(|thing| &*thing.name));
        }
        assert_eq!(found, expected, "{filter:?}");
    };
    check(filter(None, None, false), "abcdef");
    check(filter(Some("pump"), None, false), "ace");
    check(filter(Some("valve"), None, false), "");
    check(filter(None, Some("1"), false), "ad");
    check(filter(None, Some("12"), false), "be");
    check(filter(None, Some("3"), false), "");
    check(filter(None, Some("1"), true), "adbe");
    check(filter(None, Some(""), true), "adbec");
    check(filter(Some("pump"), Some("1"), false), "a");
    check(filter(Some("pump"), Some("1"), true), "ae");
    check(ThingFilter { attribute: Some(("floor".into(), "1".into())), ..ThingFilter::default() }, "");
}

#[test]
fn a_list_goes_on_after_its_last_thing_is_gone() {
    let mut house = things();
    let by_room = filter(None, Some("1"), true);
    let cursor = by_room.cursor(house.registry.find_thing(&scope(), "d").unwrap());
    house.change(|draft| draft.delete_thing(&scope(), "d", None));
    let rest: Vec<_> =
        house.registry.things_where(&scope(), &by_room, Some(&cursor)).map(|t| &*t.name).collect();
    assert_eq!(rest, ["b", "e"]);
}

#[test]
fn filters_follow_changes() {
    let mut house = things();
    let update = registry::ThingUpdate {
        attributes: Some(pairs(&[("room", "3")])),
        remove_type: true,
        ..registry::ThingUpdate::default()
    };
    house.change(|draft| draft.update_thing(&scope(), "a", &update).map(|_| ()));
    let names = |filter: ThingFilter| {
        house.registry.things_where(&scope(), &filter, None).map(|thing| &*thing.name).collect::<String>()
    };
    assert_eq!(names(filter(Some("pump"), None, false)), "ce");
    assert_eq!(names(filter(None, Some("1"), false)), "d");
    assert_eq!(names(filter(None, Some("3"), false)), "a");
}

#[test]
fn groups_are_filtered_and_paged() {
    let mut house = House::default();
    house.change(|draft| {
        let tree = [
            ("p", None),
            ("p1", Some("p")),
            ("p2", Some("p")),
            ("p11", Some("p1")),
            ("q", None),
            ("x", Some("p1")),
        ];
        for (name, parent) in tree {
            draft.create_group(&scope(), group(name, parent), NOW_MS)?;
        }
        Ok(())
    });
    let check =
        |parent: Option<&str>, recursive, prefix: Option<&str>, after: Option<&str>, expected: &str| {
            let filter = GroupFilter {
                parent: parent.map(str::to_owned),
                recursive,
                name_prefix: prefix.map(str::to_owned),
            };
            let found: Vec<_> =
                house.registry.groups(&scope(), &filter, after).map(|group| &*group.name).collect();
            assert_eq!(found.join(" "), expected, "{filter:?} {after:?}");
        };
    check(None, true, None, None, "p p1 p11 p2 q x");
    check(None, true, Some("p1"), None, "p1 p11");
    check(None, true, None, Some("p11"), "p2 q x");
    check(None, true, Some("p1"), Some("p1"), "p11");
    check(None, true, Some("p1"), Some("a"), "p1 p11");
    check(None, true, Some("p1"), Some("q"), "");
    check(None, false, None, None, "p q");
    check(None, false, None, Some("p"), "q");
    check(Some("p"), false, None, None, "p1 p2");
    check(Some("p"), false, Some("p2"), None, "p2");
    check(Some("p"), false, None, Some("p1"), "p2");
    check(Some("p"), true, None, None, "p1 p11 p2 x");
    check(Some("p"), true, Some("p"), Some("p1"), "p11 p2");
    check(Some("none"), true, None, None, "");
    check(Some("none"), false, None, None, "");
}

#[test]
fn members_of_many_groups_come_in_one_order() {
    let mut house = House::default();
    house.change(|draft| {
        draft.create_group(&scope(), group("top", None), NOW_MS)?;
        for n in 0..30 {
            let (name, home) = (format!("t{n:02}"), format!("g{}", n % 3));
            if n < 3 {
                draft.create_group(&scope(), group(&home, Some("top")), NOW_MS)?;
            }
            draft.create_thing(&scope(), new(&name), NOW_MS)?;
            draft.add_to_group(&scope(), &home, &name)?;
        }
        Ok(())
    });
    let names = |after: Option<&str>| -> Vec<String> {
        let found = house.registry.things_in_group(&scope(), "top", true, after);
        found.map(|thing| thing.name.to_string()).collect()
    };
    let all: Vec<String> = (0..30).map(|n| format!("t{n:02}")).collect();
    assert_eq!(names(None), all);
    assert_eq!(names(Some("t10")), all[11..]);
    assert_eq!(names(Some("t29")), Vec::<String>::new());
}

#[test]
fn certificates_and_policies_are_listed_by_age_both_ways() {
    let mut house = House::default();
    for (n, pem) in pems().iter().enumerate() {
        let now_ms = NOW_MS + n as u64 / 2;
        house.change(|draft| draft.register_certificate(&scope(), pem, CertificateStatus::Active, now_ms));
        house.change(|d| {
            d.create_policy(&scope(), &format!("p{n}"), OPEN, BTreeMap::new(), now_ms).map(|_| ())
        });
    }
    let forward: Vec<_> = house.registry.certificates(&scope(), None, Order::OldestFirst).collect();
    let backward: Vec<_> = house.registry.certificates(&scope(), None, Order::NewestFirst).collect();
    assert!(forward.is_sorted_by_key(|record| record.created_ms) && forward.len() == 4);
    assert_eq!(forward.iter().rev().copied().collect::<Vec<_>>(), backward);
    let place = |n: usize| Some((forward[n].created_ms, forward[n].id));
    let rest = house.registry.certificates(&scope(), place(1), Order::OldestFirst);
    assert_eq!(rest.collect::<Vec<_>>(), forward[2..]);
    let rest = house.registry.certificates(&scope(), place(1), Order::NewestFirst);
    assert_eq!(rest.collect::<Vec<_>>(), forward[..1]);

    let names = |after, order| {
        house.registry.policies(&scope(), after, order).map(|p| &*p.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(None, Order::OldestFirst), "p0 p1 p2 p3");
    assert_eq!(names(None, Order::NewestFirst), "p3 p2 p1 p0");
    assert_eq!(names(Some((NOW_MS, "p1")), Order::OldestFirst), "p2 p3");
    assert_eq!(names(Some((NOW_MS + 1, "p2")), Order::NewestFirst), "p1 p0");
}

#[test]
fn attachments_and_targets_go_on_after_one() {
    let mut house = House::default();
    let ids: std::collections::BTreeSet<CertificateId> = pems()
        .iter()
        .map(|pem| house.change(|d| d.register_certificate(&scope(), pem, CertificateStatus::Active, NOW_MS)))
        .collect();
    house.change(|draft| {
        draft.create_thing(&scope(), new("pump"), NOW_MS)?;
        draft.create_thing(&scope(), new("pump-2"), NOW_MS)?;
        draft.create_policy(&scope(), "open", OPEN, BTreeMap::new(), NOW_MS)?;
        for id in &ids {
            draft.attach(&scope(), "pump", id, Attachment::NonExclusiveThing)?;
            draft.attach(&scope(), "pump-2", id, Attachment::NonExclusiveThing)?;
            draft.attach_policy(&scope(), "open", &Target::Certificate(*id))?;
        }
        Ok(())
    });
    let first = *ids.first().unwrap();
    let rest: Vec<_> = ids.iter().skip(1).copied().collect();
    let found = house.registry.attachments_of(&scope(), "pump", Some(&first));
    assert_eq!(
        found.collect::<Vec<_>>(),
        rest.iter().map(|id| (*id, Attachment::NonExclusiveThing)).collect::<Vec<_>>()
    );
    assert_eq!(house.registry.attachments_of(&scope(), "pump", None).count(), 4);
    let targets = house.registry.targets_of(&scope(), "open", Some(&Target::Certificate(first)));
    assert_eq!(
        targets.cloned().collect::<Vec<_>>(),
        rest.iter().copied().map(Target::Certificate).collect::<Vec<_>>()
    );
}

#[test]
fn types_are_listed_by_name() {
    let mut house = House::default();
    house.change(|draft| {
        ["c", "a", "b"].iter().try_for_each(|name| {
            let kind = NewThingType { name: (*name).to_owned(), ..NewThingType::default() };
            draft.create_type(&scope(), kind, NOW_MS).map(|_| ())
        })
    });
    let names = |after| house.registry.types(&scope(), after).map(|kind| &*kind.name).collect::<String>();
    assert_eq!((names(None), names(Some("a"))), ("abc".into(), "bc".into()));
}
