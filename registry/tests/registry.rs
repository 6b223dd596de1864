//! Wishes in, changes and refusals out; what is committed is what is found again.

#[path = "registry/access.rs"]
mod access;
#[path = "registry/affected.rs"]
mod affected;
#[path = "registry/cas.rs"]
mod cas;
#[path = "registry/documents.rs"]
mod documents;
#[path = "registry/events.rs"]
mod events;
#[path = "registry/groups.rs"]
mod groups;
#[path = "registry/house.rs"]
mod house;
#[path = "registry/lists.rs"]
mod lists;
#[path = "registry/model.rs"]
mod model;
#[path = "registry/policies.rs"]
mod policies;
#[path = "registry/tags.rs"]
mod tags;
#[path = "registry/thing_types.rs"]
mod thing_types;
#[path = "registry/things.rs"]
mod things;

use std::collections::BTreeSet;

use house::{House, NOW_MS, new, other, pems, seen};
use registry::{
    Attachment, CertificateId, CertificateStatus, NewThing, OpenError, Order, Registry, RegistryError, Scope,
};
use store::{Batch, CommitError, Durability, Expect, Memory, Store};

#[test]
fn a_device_is_one_batch_and_is_found_again() {
    let (house, id) = House::with_device();
    let scope = Scope::default();
    let found = house.reopened();
    assert_eq!(seen(&found), seen(&house.registry));
    assert_eq!(found.things_of(&id).collect::<Vec<_>>(), ["pump-1"]);
    assert_eq!(found.principals_of(&scope, "pump-1").collect::<Vec<_>>(), [id]);
    assert_eq!(found.find_thing(&scope, "pump-1").unwrap().version, 1);
    assert_eq!(found.find_thing(&scope, "pump-1").unwrap().id, "07070707-0707-4707-8707-070707070707");
    assert_eq!(house.pem_in(&found, &id).unwrap().as_ref(), Some(&pems()[0]));
}

#[test]
fn a_draft_that_is_dropped_changes_nothing() {
    let (house, id) = House::with_device();
    let before = seen(&house.registry);
    let mut draft = house.registry.draft();
    draft.detach(&Scope::default(), "pump-1", &id).unwrap();
    assert!(draft.delete_thing(&Scope::default(), "pump-1", None).unwrap());
    drop(draft.finish());
    assert_eq!(seen(&house.registry), before);
}

#[test]
fn creating_the_same_thing_again_answers_the_first() {
    let (house, _) = House::with_device();
    let scope = Scope::default();
    let mut draft = house.registry.draft();
    let again = NewThing { random: [9; 16], ..new("pump-1") };
    assert_eq!(draft.create_thing(&scope, again, NOW_MS + 5).unwrap().created_ms, NOW_MS);
    let mut differs = new("pump-1");
    differs.attributes.insert("room".into(), "12".into());
    assert_eq!(
        draft.create_thing(&scope, differs, NOW_MS),
        Err(RegistryError::ThingExists {
            name: "pump-1".into(),
            id: "07070707-0707-4707-8707-070707070707".into()
        })
    );
    assert!(draft.finish().writes.is_empty());
}

#[test]
fn a_thing_with_certificates_is_not_deleted() {
    let (mut house, id) = House::with_device();
    let scope = Scope::default();
    let mut draft = house.registry.draft();
    let refused = draft.delete_thing(&scope, "pump-1", None);
    assert_eq!(refused, Err(RegistryError::ThingInUse { name: "pump-1".into(), count: 1, id }));
    assert_eq!(draft.delete_thing(&scope, "nobody", None), Ok(false));
    assert_eq!(draft.detach(&scope, "pump-1", &id), Ok(true));
    assert_eq!(draft.detach(&scope, "pump-1", &id), Ok(false));
    assert_eq!(draft.delete_thing(&scope, "pump-1", None), Ok(true));
    let change = draft.finish();
    house.keep(change);
    assert!(house.reopened().find_thing(&scope, "pump-1").is_none());
}

#[test]
fn statuses_move_as_aws_lets_them() {
    use CertificateStatus::{
        Active, Inactive, PendingActivation, PendingTransfer, RegisterInactive, Revoked,
    };
    let check = |from, to, expected: bool| {
        let registry = Registry::default();
        let mut draft = registry.draft();
        let id = draft.register_certificate(&Scope::default(), &pems()[0], from, NOW_MS).unwrap();
        assert_eq!(draft.set_status(&Scope::default(), &id, to, NOW_MS + 1).is_ok(), expected, "{from} {to}");
        assert_eq!(draft.find_certificate(&id).unwrap().status, if expected { to } else { from });
    };
    for from in [Active, Inactive, PendingActivation] {
        check(from, Active, true);
        check(from, Inactive, true);
        check(from, Revoked, true);
        check(from, PendingTransfer, false);
        check(from, PendingActivation, false);
        check(from, RegisterInactive, false);
    }
    check(Revoked, Revoked, true);
    check(Revoked, Active, false);
    check(Revoked, Inactive, false);
}

#[test]
fn an_active_or_attached_certificate_is_not_deleted() {
    let (mut house, id) = House::with_device();
    let scope = Scope::default();
    let mut draft = house.registry.draft();
    assert_eq!(draft.delete_certificate(&scope, &id, true), Err(RegistryError::StillActive(id)));
    draft.set_status(&scope, &id, CertificateStatus::Inactive, NOW_MS).unwrap();
    let attached = RegistryError::CertificateInUse { id, thing: "pump-1".into() };
    assert_eq!(draft.delete_certificate(&scope, &id, false), Err(attached));
    draft.delete_certificate(&scope, &id, true).unwrap();
    assert_eq!(draft.delete_certificate(&scope, &id, true), Err(RegistryError::UnknownCertificate(id)));
    let change = draft.finish();
    house.keep(change);
    assert_eq!(house.registry.principals_of(&scope, "pump-1").count(), 0);
    assert!(house.registry.find_certificate(&id).is_none());
    assert_eq!(seen(&house.reopened()), seen(&house.registry));
    let left = house.store.reader().scan(b"", None, 10).unwrap();
    assert_eq!(left.len(), 1, "only the thing is left: {left:?}");
}

#[test]
fn a_certificate_is_registered_once() {
    let (house, id) = House::with_device();
    let check = |scope: &Scope, pem: &str, now_ms, expected: RegistryError| {
        let mut draft = house.registry.draft();
        let refused = draft.register_certificate(scope, pem, CertificateStatus::Active, now_ms);
        assert_eq!(refused, Err(expected));
    };
    let scope = house.registry.find_certificate(&id).unwrap().scope.clone();
    check(&scope, &pems()[0], NOW_MS, RegistryError::CertificateExists(id));
    check(&other(), &pems()[0], NOW_MS, RegistryError::CertificateElsewhere { id, scope: scope.clone() });
    let not_after_s = 2_524_607_999;
    check(&scope, &pems()[0], 2_524_608_000_000, RegistryError::Expired { id, not_after_s });
    let mut draft = house.registry.draft();
    let again =
        draft.register_certificate_with_ca(&scope, &pems()[0], None, CertificateStatus::Active, NOW_MS);
    assert_eq!(again, Err(RegistryError::CertificateExists(id)), "whether or not its CA is registered");
}

#[test]
fn what_is_no_certificate_is_refused_by_name() {
    let registry = Registry::default();
    let check = |pem: &str, expected: &str| {
        let mut draft = registry.draft();
        let refused = draft.register_certificate(&Scope::default(), pem, CertificateStatus::Active, NOW_MS);
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    };
    check("", "there is no -----BEGIN line");
    check("hello", "there is no -----BEGIN line");
    check(&pems()[0].replace("CERTIFICATE", "RSA PRIVATE KEY"), "found RSA PRIVATE KEY");
    check("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "no certificate in PEM");
    check("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "no X.509 certificate");
    check("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "no X.509 certificate");
    check(&pems()[0].repeat(200), "one certificate only");
}

#[test]
fn text_around_the_certificate_and_foreign_line_ends_are_no_matter() {
    for pem in [
        pems()[0].clone(),
        format!("Certificate:\n    Data:\n{}and more\n", pems()[0]),
        pems()[0].replace('\n', "\r\n"),
        pems()[0].replace('\n', ""),
        format!("{}{}", pems()[0], pems()[1]),
    ] {
        let registry = Registry::default();
        let mut draft = registry.draft();
        draft.register_certificate(&Scope::default(), &pem, CertificateStatus::Inactive, NOW_MS).unwrap();
        let stored = format!("{:?}", draft.finish().writes);
        assert!(!stored.contains("Data:") && !stored.contains("\\r"), "{stored}");
    }
}

#[test]
fn an_exclusive_thing_tolerates_no_other() {
    use Attachment::{ExclusiveThing, NonExclusiveThing};
    let (house, id) = House::with_device();
    let scope = Scope::default();
    let mut draft = house.registry.draft();
    draft.create_thing(&scope, new("pump-2"), NOW_MS).unwrap();
    let has_one = RegistryError::NotExclusive { id, thing: "pump-1".into() };
    assert_eq!(draft.attach(&scope, "pump-2", &id, ExclusiveThing), Err(has_one));
    draft.attach(&scope, "pump-1", &id, ExclusiveThing).unwrap();
    let exclusive = RegistryError::Exclusive { id, thing: "pump-1".into() };
    assert_eq!(draft.attach(&scope, "pump-2", &id, NonExclusiveThing), Err(exclusive));
    draft.attach(&scope, "pump-1", &id, NonExclusiveThing).unwrap();
    draft.attach(&scope, "pump-2", &id, NonExclusiveThing).unwrap();
    assert_eq!(draft.find_certificate(&id).unwrap().things.len(), 2);
}

#[test]
fn scopes_do_not_see_each_other() {
    let (house, id) = House::with_device();
    let mut draft = house.registry.draft();
    let unknown = RegistryError::UnknownCertificate(id);
    assert_eq!(draft.set_status(&other(), &id, CertificateStatus::Inactive, NOW_MS), Err(unknown.clone()));
    assert_eq!(draft.delete_certificate(&other(), &id, true), Err(unknown.clone()));
    let no_thing = RegistryError::UnknownThing("pump-1".into());
    assert_eq!(draft.attach(&other(), "pump-1", &id, Attachment::NonExclusiveThing), Err(no_thing.clone()));
    assert_eq!(draft.detach(&other(), "pump-1", &id), Err(no_thing));
    draft.create_thing(&other(), new("pump-1"), NOW_MS).unwrap();
    assert_eq!(draft.attach(&other(), "pump-1", &id, Attachment::NonExclusiveThing), Err(unknown));
    assert_eq!(house.registry.certificates(&other(), None, Order::OldestFirst).count(), 0);
    assert_eq!(house.registry.things(&other(), None).count(), 0);
}

#[test]
fn a_certificate_moves_to_another_scope_in_one_batch() {
    let (mut house, id) = House::with_device();
    let mut draft = house.registry.draft();
    draft.set_status(&Scope::default(), &id, CertificateStatus::Revoked, NOW_MS).unwrap();
    draft.delete_certificate(&Scope::default(), &id, true).unwrap();
    draft.register_certificate(&other(), &pems()[0], CertificateStatus::Active, NOW_MS).unwrap();
    let change = draft.finish();
    house.keep(change);
    assert_eq!(seen(&house.reopened()), seen(&house.registry));
    assert_eq!(*house.registry.find_certificate(&id).unwrap().scope, other());
    assert_eq!(house.pem_in(&house.registry, &id).unwrap().as_ref(), Some(&pems()[0]));
}

#[test]
fn of_two_drafts_on_the_same_state_the_second_conflicts() {
    let (mut house, id) = House::with_device();
    let mut first = house.registry.draft();
    first.set_status(&Scope::default(), &id, CertificateStatus::Inactive, NOW_MS).unwrap();
    let mut second = house.registry.draft();
    second.set_status(&Scope::default(), &id, CertificateStatus::Revoked, NOW_MS).unwrap();
    let (first, second) = (first.finish(), second.finish());
    house.keep(first);
    let refused = house.store.commit(&second.writes, Durability::Synced);
    assert!(matches!(refused, Err(CommitError::Conflict { .. })), "{refused:?}");
}

#[test]
fn lists_go_on_after_a_name() {
    let mut house = House::default();
    let scope = Scope::default();
    let mut draft = house.registry.draft();
    for name in ["c", "a", "b"] {
        draft.create_thing(&scope, new(name), NOW_MS).unwrap();
    }
    let ids: BTreeSet<CertificateId> = (pems().iter())
        .map(|pem| draft.register_certificate(&scope, pem, CertificateStatus::Active, NOW_MS).unwrap())
        .collect();
    let change = draft.finish();
    house.keep(change);
    let names = |after| house.registry.things(&scope, after).map(|t| &*t.name).collect::<Vec<_>>();
    assert_eq!(names(None), ["a", "b", "c"]);
    assert_eq!(names(Some("a")), ["b", "c"]);
    assert_eq!(names(Some("bb")), ["c"]);
    assert!(names(Some("c")).is_empty());
    let first = ids.first().unwrap();
    let rest: Vec<_> = (house.registry.certificates(&scope, Some((NOW_MS, *first)), Order::OldestFirst))
        .map(|record| record.id)
        .collect();
    assert_eq!(rest, ids.iter().skip(1).copied().collect::<Vec<_>>());
}

#[test]
fn a_document_that_cannot_be_read_is_named() {
    let check = |key: &[u8], value: &str, expected: &str| {
        let mut store = Memory::default();
        let mut batch = Batch::new();
        batch.put(key, value, Expect::Any);
        store.commit(&batch, Durability::Synced).unwrap();
        let text = Registry::open(&*store.reader()).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    };
    check(b"000000000000/us-east-1\0thing\0pump", r#"{"format":2,"what":"ever"}"#, "newer version");
    check(b"000000000000/us-east-1\0thing\0pump", r#"{"format":1}"#, "missing field");
    check(b"000000000000/us-east-1\0thing\0pump", "", "is damaged");
    check(b"000000000000/us-east-1\0thing\0\xff", "{}", "not text");
    let record = r#"{"format":1,"status":"ACTIVE","created_ms":0,"modified_ms":0,"not_before_s":0,"not_after_s":9,"things":{}}"#;
    check(b"000000000000/us-east-1\0certificate\0abc", record, "no certificate id");
}

#[test]
fn documents_of_others_are_left_alone() {
    let (mut house, _) = House::with_device();
    let before = seen(&house.registry);
    let mut batch = Batch::new();
    for key in
        ["000000000000/us-east-1\0session\0a", "000000000000/us-east-10\0retained\0b", "format", "zz\0x"]
    {
        batch.put(key, "not JSON", Expect::Absent);
    }
    house.store.commit(&batch, Durability::Synced).unwrap();
    assert_eq!(seen(&house.reopened()), before);
}

#[test]
fn a_damaged_pem_document_is_named() {
    let (mut house, id) = House::with_device();
    let key = format!("000000000000/us-east-1\0certificate-pem\0{id}");
    let mut batch = Batch::new();
    batch.put(key, vec![0xff], Expect::Any);
    house.store.commit(&batch, Durability::Synced).unwrap();
    let read = house.pem_in(&house.registry, &id);
    assert!(matches!(read, Err(OpenError::Damaged { .. })), "{read:?}");
}
