//! Wishes in, changes and refusals out; what is committed is what is found again.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;
use registry::{
    Attachment, Authority, CertificateId, CertificateStatus, Change, KeyChoice, NewThing, OpenError, Order,
    Registry, RegistryError, Scope,
};
use store::{Batch, CommitError, Durability, Expect, Memory, Store};

const NOW_S: i64 = 1_790_000_000;
const NOW_MS: u64 = 1_790_000_000_000;

/// Four certificates, made once.
fn pems() -> &'static [String] {
    static PEMS: OnceLock<Vec<String>> = OnceLock::new();
    PEMS.get_or_init(|| {
        let authority = Authority::create(NOW_S).unwrap();
        (0..4).map(|_| authority.issue_device(KeyChoice::P256, NOW_S).unwrap().cert_pem).collect()
    })
}

fn new(name: &str) -> NewThing {
    NewThing { name: name.to_owned(), random: [7; 16], ..NewThing::default() }
}

fn other() -> Scope {
    Scope::new("123456789012", "eu-west-1").unwrap()
}

/// A registry with its store.
#[derive(Default)]
struct House {
    registry: Registry,
    store: Memory,
}

impl House {
    fn keep(&mut self, change: Change) {
        self.store.commit(&change.writes, Durability::Synced).unwrap();
        self.registry.apply(change);
    }

    fn reopened(&self) -> Registry {
        Registry::open(&*self.store.reader()).unwrap()
    }

    /// `pump-1` with the first certificate, which is active.
    fn with_device() -> (Self, CertificateId) {
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

/// Everything that can be seen of a registry.
fn seen(registry: &Registry) -> Vec<String> {
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
    assert_eq!(found.read_pem(&*house.store.reader(), &id).unwrap().as_ref(), Some(&pems()[0]));
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
    assert_eq!(house.registry.read_pem(&*house.store.reader(), &id).unwrap().as_ref(), Some(&pems()[0]));
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

#[derive(Debug, Clone)]
enum Wish {
    Create(u8),
    Delete(u8),
    Register(u8),
    Status(u8, CertificateStatus),
    Forget(u8, bool),
    Attach(u8, u8, Attachment),
    Detach(u8, u8),
    Commit,
}

fn wish() -> impl Strategy<Value = (bool, Wish)> {
    use CertificateStatus::{Active, Inactive, Revoked};
    let kind = prop_oneof![Just(Attachment::ExclusiveThing), Just(Attachment::NonExclusiveThing)];
    let status = prop_oneof![3 => Just(Active), 6 => Just(Inactive), 1 => Just(Revoked)];
    let wish = prop_oneof![
        (0..3u8).prop_map(Wish::Create),
        (0..3u8).prop_map(Wish::Delete),
        (0..4u8).prop_map(Wish::Register),
        (0..4u8, status).prop_map(|(id, status)| Wish::Status(id, status)),
        (0..4u8, any::<bool>()).prop_map(|(id, force)| Wish::Forget(id, force)),
        (0..3u8, 0..4u8, kind).prop_map(|(thing, id, kind)| Wish::Attach(thing, id, kind)),
        (0..3u8, 0..4u8).prop_map(|(thing, id)| Wish::Detach(thing, id)),
        Just(Wish::Commit),
    ];
    (prop::bool::weighted(0.2), wish)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_always_equals_what_is_stored(wishes in prop::collection::vec(wish(), 1..60)) {
        let mut house = House::default();
        let ids: Vec<CertificateId> = pems().iter()
            .map(|pem| registry::PublicCertificate::from_pem(pem).unwrap().id)
            .collect();
        for group in wishes.split(|(_, wish)| matches!(wish, Wish::Commit)) {
            let mut draft = house.registry.draft();
            for (elsewhere, wish) in group {
                let scope = if *elsewhere { other() } else { Scope::default() };
                let name = |n: &u8| format!("thing-{n}");
                let id = |n: &u8| ids[usize::from(*n)];
                // Refusals are part of it: they must leave the draft as it was.
                let _ = match wish {
                    Wish::Create(n) => draft.create_thing(&scope, new(&name(n)), NOW_MS).map(|_| ()),
                    Wish::Delete(n) => draft.delete_thing(&scope, &name(n), None).map(|_| ()),
                    Wish::Register(n) => draft
                        .register_certificate(&scope, &pems()[usize::from(*n)], CertificateStatus::Active, NOW_MS)
                        .map(|_| ()),
                    Wish::Status(n, status) => draft.set_status(&scope, &id(n), *status, NOW_MS),
                    Wish::Forget(n, force) => draft.delete_certificate(&scope, &id(n), *force),
                    Wish::Attach(thing, n, kind) => draft.attach(&scope, &name(thing), &id(n), *kind),
                    Wish::Detach(thing, n) => draft.detach(&scope, &name(thing), &id(n)).map(|_| ()),
                    Wish::Commit => Ok(()),
                };
            }
            let change = draft.finish();
            house.keep(change);
            prop_assert_eq!(seen(&house.reopened()), seen(&house.registry));
        }
        for id in &ids {
            let things: BTreeSet<_> = house.registry.things_of(id).map(str::to_owned).collect();
            for thing in &things {
                let scope = &house.registry.find_certificate(id).unwrap().scope;
                prop_assert!(house.registry.find_thing(scope, thing).is_some(), "attached to a deleted thing");
            }
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
        }
    }
}

#[test]
fn a_damaged_pem_document_is_named() {
    let (mut house, id) = House::with_device();
    let key = format!("000000000000/us-east-1\0certificate-pem\0{id}");
    let mut batch = Batch::new();
    batch.put(key, vec![0xff], Expect::Any);
    house.store.commit(&batch, Durability::Synced).unwrap();
    let read = house.registry.read_pem(&*house.store.reader(), &id);
    assert!(matches!(read, Err(OpenError::Damaged { .. })), "{read:?}");
}
