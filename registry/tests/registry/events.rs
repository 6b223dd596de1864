//! Events: only the wanted ones, in order, word for word.

use std::collections::BTreeMap;

use registry::{
    ErrorKind, EventKind, GroupUpdate, NewGroup, NewThing, NewThingType, RegistryEvent, ThingTypeProperties,
    ThingUpdate,
};
use serde_json::{Value, json};

use crate::house::{House, NOW_MS, group, new, other, pairs, scope};

fn listening(kinds: &[EventKind]) -> House {
    let mut house = House::default();
    let enabled: BTreeMap<EventKind, bool> = kinds.iter().map(|kind| (*kind, true)).collect();
    house.change(|draft| {
        draft.set_events(&scope(), &enabled, NOW_MS);
        Ok(())
    });
    house
}

fn read(event: &RegistryEvent) -> Value {
    serde_json::from_slice(&event.payload("e-1", 1_234)).unwrap()
}

fn topics(events: &[RegistryEvent]) -> Vec<&str> {
    events.iter().map(|event| event.topic.strip_prefix("$aws/events/").unwrap()).collect()
}

const ID_3: &str = "03030303-0303-4303-8303-030303030303";
const ID_7: &str = "07070707-0707-4707-8707-070707070707";

#[test]
fn nothing_is_told_that_is_not_wanted() {
    let check = |kinds: &[EventKind], expected: &[&str]| {
        let house = listening(kinds);
        let mut draft = house.registry.draft();
        let kind = NewThingType { name: "pump".into(), ..NewThingType::default() };
        draft.create_type(&scope(), kind, NOW_MS).unwrap();
        let thing = NewThing { thing_type: Some("pump".into()), ..new("pump-1") };
        draft.create_thing(&scope(), thing.clone(), NOW_MS).unwrap();
        draft.create_thing(&scope(), thing, NOW_MS).unwrap();
        draft.create_thing(&other(), new("elsewhere"), NOW_MS).unwrap();
        assert_eq!(topics(&draft.finish().events), expected, "{kinds:?}");
    };
    check(&[], &[]);
    check(&[EventKind::Job, EventKind::ThingGroup], &[]);
    check(&[EventKind::Thing], &["thing/pump-1/created"]);
    check(&[EventKind::ThingType], &["thingType/pump/created"]);
    check(
        &EventKind::ALL,
        &[
            "thingType/pump/created",
            "thing/pump-1/created",
            "thingTypeAssociation/thing/pump-1/thingType/pump/added",
        ],
    );
}

#[test]
fn a_refused_attempt_tells_nothing() {
    let house = listening(&EventKind::ALL);
    let mut draft = house.registry.draft();
    draft.create_thing(&scope(), new("a"), NOW_MS).unwrap();
    let refused = draft.attempt(|draft| {
        draft.create_thing(&scope(), new("b"), NOW_MS)?;
        draft.add_to_group(&scope(), "none", "b")
    });
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    draft.create_thing(&scope(), new("c"), NOW_MS).unwrap();
    assert_eq!(topics(&draft.finish().events), ["thing/a/created", "thing/c/created"]);
}

#[test]
fn things_are_told_as_aws_tells_them() {
    let mut house = listening(&EventKind::ALL);
    house.change(|draft| {
        let kind = NewThingType { name: "pump".into(), random: [3; 16], ..NewThingType::default() };
        draft.create_type(&scope(), kind, NOW_MS).map(|_| ())
    });
    let mut draft = house.registry.draft();
    let thing = NewThing { attributes: pairs(&[("room", "7")]), ..new("pump-1") };
    draft.create_thing(&scope(), thing, NOW_MS).unwrap();
    let update = ThingUpdate { thing_type: Some("pump".into()), ..ThingUpdate::default() };
    draft.update_thing(&scope(), "pump-1", &update).unwrap();
    draft.delete_thing(&scope(), "pump-1", None).unwrap();
    let events = draft.finish().events;
    let association = "thingTypeAssociation/thing/pump-1/thingType/pump";
    let [added, removed] = ["added", "removed"].map(|end| format!("{association}/{end}"));
    assert_eq!(
        topics(&events),
        ["thing/pump-1/created", "thing/pump-1/updated", &added, &removed, "thing/pump-1/deleted"]
    );
    assert_eq!(
        String::from_utf8(events[0].payload("e-1", 1_234)).unwrap(),
        format!(
            r#"{{"eventType":"THING_EVENT","eventId":"e-1","timestamp":1234,"operation":"CREATED","accountId":"000000000000","thingId":"{ID_7}","thingName":"pump-1","versionNumber":1,"thingTypeName":null,"attributes":{{"room":"7"}}}}"#
        )
    );
    assert_eq!(
        (&read(&events[1])["thingTypeName"], &read(&events[1])["versionNumber"]),
        (&json!("pump"), &json!(2))
    );
    let expected = json!({
        "eventType": "THING_TYPE_ASSOCIATION_EVENT", "eventId": "e-1", "timestamp": 1234, "operation": "ADDED",
        "thingId": ID_7, "thingName": "pump-1", "thingTypeName": "pump",
    });
    assert_eq!(read(&events[2]), expected);
}

#[test]
fn types_are_told_as_aws_tells_them() {
    let house = listening(&[EventKind::ThingType]);
    let mut draft = house.registry.draft();
    let properties = ThingTypeProperties {
        description: Some("a pump".into()),
        searchable_attributes: vec!["room".into()],
        ..ThingTypeProperties::default()
    };
    let kind = NewThingType { name: "pump".into(), properties, random: [3; 16], ..NewThingType::default() };
    draft.create_type(&scope(), kind, NOW_MS).unwrap();
    draft.deprecate_type(&scope(), "pump", false, NOW_MS).unwrap();
    draft.deprecate_type(&scope(), "pump", false, NOW_MS).unwrap();
    draft.delete_type(&scope(), "pump", NOW_MS + 300_000).unwrap();
    let events = draft.finish().events;
    assert_eq!(
        topics(&events),
        ["thingType/pump/created", "thingType/pump/updated", "thingType/pump/deleted"]
    );
    let expected = json!({
        "eventType": "THING_TYPE_EVENT", "eventId": "e-1", "timestamp": 1234, "operation": "UPDATED",
        "accountId": "000000000000", "thingTypeId": ID_3, "thingTypeName": "pump", "isDeprecated": true,
        "deprecationDate": NOW_MS, "searchableAttributes": ["room"], "description": "a pump",
    });
    assert_eq!(read(&events[1]), expected);
}

#[test]
fn groups_are_told_as_aws_tells_them() {
    let mut house = listening(&EventKind::ALL);
    house.change(|draft| {
        draft.create_group(&scope(), NewGroup { random: [7; 16], ..group("plant", None) }, NOW_MS)?;
        draft.create_thing(&scope(), new("pump-1"), NOW_MS).map(|_| ())
    });
    let mut draft = house.registry.draft();
    let hall = NewGroup { description: Some("x".into()), ..group("hall", Some("plant")) };
    draft.create_group(&scope(), hall, NOW_MS).unwrap();
    draft.update_group(&scope(), "hall", &GroupUpdate::default()).unwrap();
    draft.add_to_group(&scope(), "hall", "pump-1").unwrap();
    draft.delete_group(&scope(), "hall", None).unwrap();
    let events = draft.finish().events;
    assert_eq!(
        topics(&events),
        [
            "thingGroup/hall/created",
            "thingGroupHierarchy/thingGroup/plant/childThingGroup/hall/added",
            "thingGroup/hall/updated",
            "thingGroupMembership/thingGroup/hall/thing/pump-1/added",
            "thingGroupMembership/thingGroup/hall/thing/pump-1/removed",
            "thingGroupHierarchy/thingGroup/plant/childThingGroup/hall/removed",
            "thingGroup/hall/deleted",
        ]
    );
    let arn = |tail: &str| format!("arn:aws:iot:us-east-1:000000000000:{tail}");
    let expected = json!({
        "eventType": "THING_GROUP_EVENT", "eventId": "e-1", "timestamp": 1234, "operation": "CREATED",
        "accountId": "000000000000", "thingGroupId": ID_3, "thingGroupName": "hall", "versionNumber": 1,
        "parentGroupName": "plant", "parentGroupId": ID_7, "description": "x",
        "rootToParentThingGroups": [{ "groupArn": arn("thinggroup/plant"), "groupId": ID_7 }],
        "attributes": {}, "dynamicGroupMappingId": null,
    });
    assert_eq!(read(&events[0]), expected);
    let expected = json!({
        "eventType": "THING_GROUP_HIERARCHY_EVENT", "eventId": "e-1", "timestamp": 1234, "operation": "ADDED",
        "accountId": "000000000000", "thingGroupId": ID_7, "thingGroupName": "plant", "childGroupId": ID_3,
        "childGroupName": "hall",
    });
    assert_eq!(read(&events[1]), expected);
    let mut membership = read(&events[3]);
    assert_eq!(membership["membershipId"], read(&events[4])["membershipId"], "one membership, one id");
    assert_eq!(membership["membershipId"].as_str().map(str::len), Some(36));
    membership.as_object_mut().unwrap().remove("membershipId");
    let expected = json!({
        "eventType": "THING_GROUP_MEMBERSHIP_EVENT", "eventId": "e-1", "timestamp": 1234, "operation": "ADDED",
        "accountId": "000000000000", "groupArn": arn("thinggroup/hall"), "groupId": ID_3,
        "thingArn": arn("thing/pump-1"), "thingId": ID_7,
    });
    assert_eq!(membership, expected);
}

#[test]
fn configurations_keep_what_is_not_named() {
    let mut house = listening(&[EventKind::Thing, EventKind::Policy]);
    house.change(|draft| {
        draft.set_events(&scope(), &BTreeMap::from([(EventKind::Policy, false)]), NOW_MS + 5);
        Ok(())
    });
    let events = house.reopened().events(&scope()).unwrap().clone();
    assert!(events.is_enabled(EventKind::Thing));
    assert!(!events.is_enabled(EventKind::Policy) && !events.is_enabled(EventKind::Job));
    assert_eq!((events.created_ms, events.modified_ms), (NOW_MS, NOW_MS + 5));
    assert!(house.registry.events(&other()).is_none());
    for kind in EventKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert!("thing".parse::<EventKind>().unwrap_err().to_string().contains("THING_GROUP"));
}
