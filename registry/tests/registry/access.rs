//! What a connection may do: whose policies count, and what they can speak of.

use std::collections::BTreeMap;

use policy::{Action, Ask, ConnectAttribute, Resource};
use registry::{Attachment, Caller, CertificateId, NewThing, NewThingType, Target};

use crate::house::{House, NOW_MS, group, new, pairs, scope};

fn allow(resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"iot:Publish","Resource":"arn:aws:iot:us-east-1:000000000000:topic/{resource}"}}]}}"#
    )
}

/// `pump-1` with a certificate, in `plant > hall`; `pump-2` in `team`; a policy for each, named after what it allows.
fn plant() -> (House, CertificateId) {
    let (mut house, id) = House::with_device();
    house.change(|draft| {
        draft.create_thing(&scope(), new("pump-2"), NOW_MS)?;
        for (name, parent) in [("plant", None), ("hall", Some("plant")), ("team", None)] {
            draft.create_group(&scope(), group(name, parent), NOW_MS)?;
            draft.create_policy(&scope(), name, &allow(name), BTreeMap::new(), NOW_MS)?;
            draft.attach_policy(&scope(), name, &Target::Group(name.into()))?;
        }
        draft.create_policy(&scope(), "own", &allow("own"), BTreeMap::new(), NOW_MS)?;
        draft.attach_policy(&scope(), "own", &Target::Certificate(id))?;
        draft.add_to_group(&scope(), "hall", "pump-1")?;
        draft.add_to_group(&scope(), "team", "pump-2")
    });
    (house, id)
}

fn mqtt(client: &str) -> Caller {
    Caller { client_id: Some(client.into()), is_mqtt: true, ..Caller::default() }
}

fn may(house: &House, id: &CertificateId, caller: &Caller, topic: &str) -> bool {
    let ask = Ask::new(Action::Publish, Resource::Topic(topic));
    house.registry.access(id, caller).allows(&ask)
}

fn allowed(house: &House, id: &CertificateId, caller: &Caller) -> String {
    let topics = ["own", "hall", "plant", "team"];
    topics.into_iter().filter(|topic| may(house, id, caller, topic)).collect::<Vec<_>>().join(" ")
}

#[test]
fn groups_count_for_the_thing_that_the_client_is_named_after() {
    let (mut house, id) = plant();
    assert_eq!(allowed(&house, &id, &mqtt("pump-1")), "own hall plant");
    assert_eq!(allowed(&house, &id, &mqtt("somebody")), "own");
    assert_eq!(allowed(&house, &id, &mqtt("pump-2")), "own", "pump-2 is not attached");
    let http = Caller { is_mqtt: false, client_id: None, ..Caller::default() };
    assert_eq!(allowed(&house, &id, &http), "own");
    house.change(|draft| draft.attach(&scope(), "pump-2", &id, Attachment::NonExclusiveThing));
    assert_eq!(allowed(&house, &id, &mqtt("pump-2")), "own team");
    assert_eq!(allowed(&house, &id, &mqtt("pump-1")), "own hall plant");
}

#[test]
fn groups_count_for_the_exclusive_thing_whatever_the_client_is_called() {
    let (mut house, id) = plant();
    house.change(|draft| draft.attach(&scope(), "pump-1", &id, Attachment::ExclusiveThing));
    for client in ["pump-1", "pump-2", "somebody"] {
        assert_eq!(allowed(&house, &id, &mqtt(client)), "own hall plant", "{client}");
    }
}

#[test]
fn an_unknown_certificate_may_do_nothing() {
    let (house, _) = plant();
    let id = CertificateId::from_der(b"unknown");
    assert_eq!(allowed(&house, &id, &mqtt("pump-1")), "");
}

#[test]
fn the_default_version_counts() {
    let (mut house, id) = plant();
    house.change(|draft| draft.create_policy_version(&scope(), "own", &allow("new"), false, NOW_MS));
    assert!(may(&house, &id, &mqtt("x"), "own") && !may(&house, &id, &mqtt("x"), "new"));
    house.change(|draft| draft.set_default_version(&scope(), "own", 2, NOW_MS));
    assert!(!may(&house, &id, &mqtt("x"), "own") && may(&house, &id, &mqtt("x"), "new"));
    let reopened = house.reopened();
    let documents = reopened.documents_of(&id, &mqtt("x"));
    assert_eq!(documents.iter().map(|named| (&*named.name, named.version)).collect::<Vec<_>>(), [("own", 2)]);
}

#[test]
fn variables_speak_of_the_thing_and_whether_it_is_attached() {
    let (mut house, id) = plant();
    house.change(|draft| {
        draft.create_type(
            &scope(),
            NewThingType { name: "pump".into(), ..NewThingType::default() },
            NOW_MS,
        )?;
        let thing = NewThing {
            thing_type: Some("pump".into()),
            attributes: pairs(&[("room", "7")]),
            ..new("pump-3")
        };
        draft.create_thing(&scope(), thing, NOW_MS).map(|_| ())
    });
    let check = |caller: &Caller, expected: Option<(&str, Option<&str>, bool)>| {
        let found = house.registry.variables_of(&id, caller);
        let thing = expected.map(|(name, _, _)| name);
        assert_eq!(found.thing_name.as_deref(), thing, "{caller:?}");
        assert_eq!(found.thing_type.as_deref(), expected.and_then(|(_, kind, _)| kind));
        assert_eq!(found.thing_is_attached, expected.map(|(_, _, attached)| attached));
        assert_eq!((&*found.account, &*found.region), ("000000000000", "us-east-1"));
        assert_eq!(found.principal, format!("certificate {id}"));
    };
    check(&mqtt("pump-1"), Some(("pump-1", None, true)));
    check(&mqtt("pump-3"), Some(("pump-3", Some("pump"), false)));
    check(&mqtt("nobody"), None);
    check(&Caller { is_mqtt: false, ..mqtt("pump-1") }, None);
    check(&Caller { client_id: None, ..mqtt("") }, None);
    assert_eq!(house.registry.variables_of(&id, &mqtt("pump-3")).thing_attributes, pairs(&[("room", "7")]));

    house.change(|draft| draft.attach(&scope(), "pump-1", &id, Attachment::ExclusiveThing));
    let found = house.registry.variables_of(&id, &mqtt("pump-3"));
    assert_eq!((found.thing_name.as_deref(), found.thing_is_attached), (Some("pump-1"), Some(true)));
}

#[test]
fn what_the_caller_says_is_handed_on() {
    let (house, id) = plant();
    let fields = BTreeMap::from([("Subject.CommonName".to_owned(), vec!["me".to_owned()])]);
    let caller = Caller {
        certificate_fields: fields.clone(),
        source_ip: Some([10, 0, 0, 7].into()),
        domain_name: Some("edge.example".into()),
        connect_attributes: vec![ConnectAttribute::LastWill],
        last_will_topic: Some("gone".into()),
        ..mqtt("c")
    };
    let found = house.registry.variables_of(&id, &caller);
    assert_eq!(
        (found.certificate, found.source_ip, found.client_id),
        (fields, caller.source_ip, Some("c".into()))
    );
    assert_eq!((found.domain_name, found.last_will_topic), (caller.domain_name, caller.last_will_topic));
    assert_eq!(found.connect_attributes, caller.connect_attributes);
}

#[test]
fn effective_policies_are_told_with_their_documents() {
    let (house, id) = plant();
    let check = |target: Option<Target>, thing: Option<&str>, expected: &str| {
        let found = house.registry.effective_policies(&scope(), target.as_ref(), thing);
        let names: Vec<_> = found.iter().map(|policy| &*policy.name).collect();
        assert_eq!(names.join(" "), expected, "{target:?} {thing:?}");
        assert!(found.iter().all(|policy| policy.version == 1 && *policy.document == *allow(&policy.name)));
    };
    check(Some(Target::Certificate(id)), None, "own");
    check(Some(Target::Certificate(id)), Some("pump-1"), "own hall plant");
    check(Some(Target::Certificate(id)), Some("nobody"), "own");
    check(None, Some("pump-2"), "team");
    check(Some(Target::Group("hall".into())), None, "hall plant");
    check(Some(Target::Group("hall".into())), Some("pump-1"), "hall plant");
    check(None, None, "");
    let recursive = house.registry.attached_to(&scope(), &Target::Group("hall".into()), true);
    assert_eq!(recursive, ["hall".into(), "plant".into()]);
    assert_eq!(house.registry.attached_to(&scope(), &Target::Group("hall".into()), false), ["hall".into()]);
}
