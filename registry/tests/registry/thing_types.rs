//! Thing types: created, changed, deprecated, deleted.

use registry::{
    ErrorKind, NewThing, NewThingType, PropagatedFrom, PropagatingAttribute, RegistryError,
    ThingTypeProperties, ThingTypeUpdate,
};

use crate::house::{House, NOW_MS, new, pairs, scope};

const FIVE_MINUTES_MS: u64 = 300_000;

fn kind(name: &str, properties: ThingTypeProperties) -> NewThingType {
    NewThingType { name: name.into(), properties, random: [4; 16], ..NewThingType::default() }
}

fn described(text: &str) -> ThingTypeProperties {
    ThingTypeProperties { description: Some(text.into()), ..ThingTypeProperties::default() }
}

fn with_pump() -> House {
    let mut house = House::default();
    house.change(|draft| draft.create_type(&scope(), kind("pump", described("a pump")), NOW_MS).map(|_| ()));
    house
}

#[test]
fn creating_the_same_type_again_answers_the_first() {
    let house = with_pump();
    let mut draft = house.registry.draft();
    let again = NewThingType { random: [9; 16], ..kind("pump", described("a pump")) };
    let found = draft.create_type(&scope(), again, NOW_MS + 1).unwrap();
    assert_eq!((found.created_ms, &*found.id), (NOW_MS, "04040404-0404-4404-8404-040404040404"));
    let refused =
        house.refusal(|d| d.create_type(&scope(), kind("pump", described("other")), NOW_MS).map(|_| ()));
    let id = "04040404-0404-4404-8404-040404040404".to_owned();
    assert_eq!(refused.kind(), ErrorKind::Exists { id, name: "pump".into() });
    let tagged = NewThingType { tags: pairs(&[("a", "b")]), ..kind("pump", described("a pump")) };
    let refused = house.refusal(|draft| draft.create_type(&scope(), tagged, NOW_MS).map(|_| ()));
    assert!(matches!(refused, RegistryError::TypeExists { .. }), "tags are settings too");
}

#[test]
fn properties_follow_the_rules_of_aws() {
    let from = |user: &str, from: PropagatedFrom| ThingTypeProperties {
        propagating_attributes: vec![PropagatingAttribute { user_property: user.into(), from }],
        ..ThingTypeProperties::default()
    };
    let searchable = |names: &[&str]| ThingTypeProperties {
        searchable_attributes: names.iter().map(|name| (*name).to_owned()).collect(),
        ..ThingTypeProperties::default()
    };
    let check = |properties: ThingTypeProperties, expected: bool| {
        let house = House::default();
        let created =
            house.registry.draft().create_type(&scope(), kind("t", properties.clone()), NOW_MS).is_ok();
        assert_eq!(created, expected, "{properties:?}");
    };
    check(described(&"d".repeat(2028)), true);
    check(described(&"d".repeat(2029)), false);
    check(described("two\nlines"), false);
    check(described("Ümlaut (5 °C)"), true);
    check(searchable(&["a", "b", "c"]), true);
    check(searchable(&["a", "b", "c", "d"]), false);
    check(searchable(&["a b"]), false);
    check(from("room", PropagatedFrom::ThingAttribute("room".into())), true);
    check(from("$c.id", PropagatedFrom::ConnectionAttribute("iot:ClientId".into())), true);
    check(from("", PropagatedFrom::ThingAttribute("room".into())), false);
    check(from("a b", PropagatedFrom::ThingAttribute("room".into())), false);
    check(from("room", PropagatedFrom::ThingAttribute("a b".into())), false);
    check(from("room", PropagatedFrom::ConnectionAttribute("iot:$".into())), false);
}

#[test]
fn an_update_leaves_what_it_does_not_name() {
    let mut house = with_pump();
    let update =
        ThingTypeUpdate { searchable_attributes: Some(vec!["room".into()]), ..ThingTypeUpdate::default() };
    house.change(|draft| draft.update_type(&scope(), "pump", update));
    let properties = &house.registry.find_type(&scope(), "pump").unwrap().properties;
    assert_eq!(
        (properties.description.as_deref(), properties.searchable_attributes.len()),
        (Some("a pump"), 1)
    );
    let refused = house.refusal(|draft| draft.update_type(&scope(), "tank", ThingTypeUpdate::default()));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[test]
fn a_deprecated_type_is_given_to_no_thing() {
    let mut house = with_pump();
    let pump = |name: &str| NewThing { thing_type: Some("pump".into()), ..new(name) };
    house.change(|draft| draft.create_thing(&scope(), pump("pump-1"), NOW_MS).map(|_| ()));
    house.change(|draft| draft.deprecate_type(&scope(), "pump", false, NOW_MS));
    let refused = house.refusal(|draft| draft.create_thing(&scope(), pump("pump-2"), NOW_MS).map(|_| ()));
    assert_eq!(refused, RegistryError::TypeDeprecated("pump".into()));
    let keeps = registry::ThingUpdate { thing_type: Some("pump".into()), ..registry::ThingUpdate::default() };
    house.change(|draft| draft.update_thing(&scope(), "pump-1", &keeps).map(|_| ()));
    house.change(|draft| draft.deprecate_type(&scope(), "pump", true, NOW_MS));
    house.change(|draft| draft.create_thing(&scope(), pump("pump-2"), NOW_MS).map(|_| ()));
}

#[test]
fn a_type_is_deleted_five_minutes_after_its_deprecation() {
    let mut house = with_pump();
    let refused = house.refusal(|draft| draft.delete_type(&scope(), "pump", NOW_MS));
    assert_eq!(refused, RegistryError::TypeNotDeprecated("pump".into()));
    house.change(|draft| draft.deprecate_type(&scope(), "pump", false, NOW_MS));
    house.change(|draft| draft.deprecate_type(&scope(), "pump", false, NOW_MS + 9));
    let early = NOW_MS + FIVE_MINUTES_MS - 1;
    let refused = house.refusal(|draft| draft.delete_type(&scope(), "pump", early));
    assert_eq!(refused, RegistryError::TypeTooRecent { name: "pump".into(), left_ms: 1 });
    house.change(|draft| draft.delete_type(&scope(), "pump", NOW_MS + FIVE_MINUTES_MS));
    assert!(house.reopened().find_type(&scope(), "pump").is_none());
    let refused = house.refusal(|draft| draft.delete_type(&scope(), "pump", NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[test]
fn a_type_with_things_is_not_deleted() {
    let mut house = with_pump();
    let thing = NewThing { thing_type: Some("pump".into()), ..new("pump-1") };
    house.change(|draft| draft.create_thing(&scope(), thing, NOW_MS).map(|_| ()));
    house.change(|draft| draft.deprecate_type(&scope(), "pump", false, NOW_MS));
    let later = NOW_MS + FIVE_MINUTES_MS;
    let refused = house.refusal(|draft| draft.delete_type(&scope(), "pump", later));
    assert_eq!(refused, RegistryError::TypeInUse { name: "pump".into(), thing: "pump-1".into() });
    house.change(|draft| draft.delete_thing(&scope(), "pump-1", None));
    house.change(|draft| draft.delete_type(&scope(), "pump", later));
}
