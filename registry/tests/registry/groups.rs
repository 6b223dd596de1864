//! Static groups: the tree, and who is in it.

use registry::{ErrorKind, GroupUpdate, NewGroup, RegistryError};

use crate::house::{House, NOW_MS, group, new, pairs, scope};

/// Things `a` and `b`; groups `plant`, `plant > hall > line`, `team`.
fn plant() -> House {
    let mut house = House::default();
    house.change(|draft| {
        for name in ["a", "b"] {
            draft.create_thing(&scope(), new(name), NOW_MS)?;
        }
        for (name, parent) in
            [("plant", None), ("hall", Some("plant")), ("line", Some("hall")), ("team", None)]
        {
            draft.create_group(&scope(), group(name, parent), NOW_MS)?;
        }
        Ok(())
    });
    house
}

fn members(house: &House, group: &str, recursive: bool) -> Vec<String> {
    house.registry.things_in_group(&scope(), group, recursive, None).map(|t| t.name.to_string()).collect()
}

#[test]
fn creating_the_same_group_again_answers_the_first() {
    let house = plant();
    let mut draft = house.registry.draft();
    let again = NewGroup { random: [9; 16], ..group("hall", Some("plant")) };
    assert_eq!(draft.create_group(&scope(), again, NOW_MS + 1).unwrap().created_ms, NOW_MS);
    let check = |new: NewGroup| {
        let refused = house.refusal(|draft| draft.create_group(&scope(), new, NOW_MS).map(|_| ()));
        let id = "03030303-0303-4303-8303-030303030303".to_owned();
        assert_eq!(refused.kind(), ErrorKind::Exists { id, name: "hall".into() });
    };
    check(group("hall", None));
    check(group("hall", Some("team")));
    check(NewGroup { description: Some("x".into()), ..group("hall", Some("plant")) });
    check(NewGroup { attributes: pairs(&[("a", "b")]), ..group("hall", Some("plant")) });
    check(NewGroup { tags: pairs(&[("a", "b")]), ..group("hall", Some("plant")) });
    let refused =
        house.refusal(|draft| draft.create_group(&scope(), group("x", Some("none")), NOW_MS).map(|_| ()));
    assert_eq!(refused, RegistryError::UnknownGroup("none".into()));
}

#[test]
fn the_tree_has_seven_levels() {
    let mut house = House::default();
    for level in 1..=7 {
        let parent = format!("g{}", level - 1);
        let parent = (level > 1).then_some(&*parent);
        house.change(|d| d.create_group(&scope(), group(&format!("g{level}"), parent), NOW_MS).map(|_| ()));
    }
    let refused =
        house.refusal(|draft| draft.create_group(&scope(), group("g8", Some("g7")), NOW_MS).map(|_| ()));
    assert_eq!(refused, RegistryError::GroupTooDeep("g7".into()));
    let names: Vec<_> = house.registry.lineage(&scope(), "g3").iter().map(|group| &*group.name).collect();
    assert_eq!(names, ["g1", "g2", "g3"]);
}

#[test]
fn a_group_has_a_hundred_children_and_the_top_any_number() {
    let mut house = House::default();
    house.change(|draft| {
        draft.create_group(&scope(), group("top", None), NOW_MS)?;
        for n in 0..100 {
            draft.create_group(&scope(), group(&format!("child-{n}"), Some("top")), NOW_MS)?;
            draft.create_group(&scope(), group(&format!("other-{n}"), None), NOW_MS)?;
        }
        Ok(())
    });
    let refused =
        house.refusal(|draft| draft.create_group(&scope(), group("x", Some("top")), NOW_MS).map(|_| ()));
    assert_eq!(refused, RegistryError::TooManyChildren("top".into()));
    house.change(|draft| draft.create_group(&scope(), group("x", None), NOW_MS).map(|_| ()));
}

#[test]
fn an_update_counts_versions_and_merges() {
    let mut house = plant();
    let update = GroupUpdate {
        description: Some("the hall".into()),
        attributes: Some(pairs(&[("floor", "2"), ("side", "east")])),
        ..GroupUpdate::default()
    };
    house.change(|draft| draft.update_group(&scope(), "hall", &update).map(|_| ()));
    let merged = GroupUpdate {
        attributes: Some(pairs(&[("side", "")])),
        merge: true,
        expected_version: Some(2),
        ..GroupUpdate::default()
    };
    house.change(|draft| draft.update_group(&scope(), "hall", &merged).map(|_| ()));
    let hall = house.reopened().find_group(&scope(), "hall").unwrap().clone();
    assert_eq!((hall.version, hall.description.as_deref()), (3, Some("the hall")));
    assert_eq!(hall.attributes.to_map(), pairs(&[("floor", "2")]));
    let refused = house.refusal(|draft| draft.update_group(&scope(), "hall", &merged).map(|_| ()));
    assert_eq!(refused.kind(), ErrorKind::VersionConflict);
    let refused = house.refusal(|draft| draft.delete_group(&scope(), "line", Some(7)));
    assert_eq!(refused.kind(), ErrorKind::VersionConflict);
}

#[test]
fn a_thing_is_in_one_group_of_a_hierarchy() {
    let mut house = plant();
    house.change(|draft| {
        draft.add_to_group(&scope(), "line", "a")?;
        draft.add_to_group(&scope(), "line", "a")?;
        draft.add_to_group(&scope(), "team", "a")
    });
    for other in ["plant", "hall"] {
        let refused = house.refusal(|draft| draft.add_to_group(&scope(), other, "a"));
        let (thing, group, other) = ("a".into(), other.into(), "line".into());
        assert_eq!(refused, RegistryError::SameHierarchy { thing, group, other });
    }
    house.change(|draft| draft.update_groups_of_thing(&scope(), "a", &["plant".into()], &["line".into()]));
    let thing = house.reopened().find_thing(&scope(), "a").unwrap().clone();
    assert_eq!(thing.groups.iter().map(|group| &**group).collect::<Vec<_>>(), ["plant", "team"]);
    assert_eq!(thing.version, 1, "memberships are no settings of the thing");
    let add = ["line".to_owned(), "nowhere".to_owned()];
    let refused =
        house.refusal(|draft| draft.update_groups_of_thing(&scope(), "a", &add, &["plant".to_owned()]));
    assert_eq!(refused, RegistryError::UnknownGroup("nowhere".into()));
}

#[test]
fn a_thing_is_in_ten_groups() {
    let mut house = plant();
    house.change(|draft| {
        for n in 0..11 {
            draft.create_group(&scope(), group(&format!("g{n}"), None), NOW_MS)?;
        }
        (0..10).try_for_each(|n| draft.add_to_group(&scope(), &format!("g{n}"), "a"))
    });
    let refused = house.refusal(|draft| draft.add_to_group(&scope(), "g10", "a"));
    assert_eq!(refused, RegistryError::TooManyGroups("a".into()));
}

#[test]
fn members_are_listed_with_those_below() {
    let mut house = plant();
    house.change(|draft| {
        draft.add_to_group(&scope(), "line", "a")?;
        draft.add_to_group(&scope(), "plant", "b")
    });
    assert_eq!(members(&house, "plant", false), ["b"]);
    assert_eq!(members(&house, "plant", true), ["a", "b"]);
    assert_eq!(members(&house, "hall", false), Vec::<String>::new());
    assert_eq!(members(&house, "hall", true), ["a"]);
    assert_eq!(members(&house, "nowhere", true), Vec::<String>::new());
    let after: Vec<_> = house.registry.things_in_group(&scope(), "plant", true, Some("a")).collect();
    assert_eq!(after.len(), 1);
    assert!(house.change(|draft| draft.remove_from_group(&scope(), "plant", "b")));
    assert!(!house.change(|draft| draft.remove_from_group(&scope(), "plant", "b")));
    assert_eq!(members(&house, "plant", true), ["a"]);
}

#[test]
fn a_group_is_deleted_with_its_memberships_but_not_with_its_children() {
    let mut house = plant();
    house.change(|draft| draft.add_to_group(&scope(), "line", "a"));
    let refused = house.refusal(|draft| draft.delete_group(&scope(), "hall", None));
    assert_eq!(refused, RegistryError::GroupHasChildren { name: "hall".into(), child: "line".into() });
    assert!(house.change(|draft| draft.delete_group(&scope(), "line", None)));
    assert!(!house.change(|draft| draft.delete_group(&scope(), "line", None)));
    assert!(house.reopened().find_thing(&scope(), "a").unwrap().groups.is_empty());
    assert!(house.change(|draft| draft.delete_group(&scope(), "hall", None)));
}
