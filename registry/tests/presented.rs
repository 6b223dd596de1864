//! A certificate's record and the time in, who connects or why not out.

use std::sync::Arc;

use registry::{
    Attachment, Authority, CertificateId, CertificateStatus, KeyChoice, NewThing, Principal, Refusal,
    Registry, Scope, verify_presented,
};

const NOW_S: i64 = 1_790_000_000;
const NOW_MS: u64 = 1_790_000_000_000;
const NOT_AFTER_S: i64 = 2_524_607_999;

fn registry(status: CertificateStatus, things: &[&str]) -> (Registry, CertificateId) {
    let mut registry = Registry::default();
    let scope = Scope::default();
    let pem = Authority::create(NOW_S).unwrap().issue_device(KeyChoice::P256, NOW_S).unwrap().cert_pem;
    let mut draft = registry.draft();
    let id = draft.register_certificate(&scope, &pem, status, NOW_MS).unwrap();
    for name in things {
        let new = NewThing { name: (*name).to_owned(), random: [1; 16], ..NewThing::default() };
        draft.create_thing(&scope, new, NOW_MS).unwrap();
        draft.attach(&scope, name, &id, Attachment::NonExclusiveThing).unwrap();
    }
    let change = draft.finish();
    registry.apply(change);
    (registry, id)
}

#[test]
fn an_active_certificate_names_its_only_thing() {
    let check = |things: &[&str], expected: Option<&str>| {
        let (registry, id) = registry(CertificateStatus::Active, things);
        let verified = verify_presented(&id, registry.find_certificate(&id), NOW_S);
        assert_eq!(verified, Ok(Principal::Certificate { id, thing: expected.map(str::to_owned) }));
    };
    check(&[], None);
    check(&["pump-1"], Some("pump-1"));
    check(&["pump-1", "pump-2"], None);
}

#[test]
fn every_refusal_says_what_is_wrong_and_what_to_do() {
    let check = |status, now_s, expected: &[&str]| {
        let (registry, id) = registry(status, &["pump-1"]);
        let text = verify_presented(&id, registry.find_certificate(&id), now_s).unwrap_err().to_string();
        assert!(text.contains(&id.to_string()), "{text}");
        for part in expected {
            assert!(text.contains(part), "{text}");
        }
    };
    check(CertificateStatus::Inactive, NOW_S, &["is INACTIVE", "--new-status ACTIVE"]);
    check(CertificateStatus::RegisterInactive, NOW_S, &["is INACTIVE", "--new-status ACTIVE"]);
    check(CertificateStatus::Revoked, NOW_S, &["is REVOKED", "thingstead device new"]);
    check(CertificateStatus::PendingActivation, NOW_S, &["is PENDING_ACTIVATION", "--new-status ACTIVE"]);
    check(CertificateStatus::PendingTransfer, NOW_S, &["is PENDING_TRANSFER"]);
    check(CertificateStatus::Active, NOT_AFTER_S + 1, &["expired at 2524607999", "date -u"]);
    check(CertificateStatus::Active, NOW_S - 86_401, &["valid only from 1789913600", "date -u"]);
}

#[test]
fn the_ends_of_the_validity_are_valid() {
    let (registry, id) = registry(CertificateStatus::Active, &[]);
    for now_s in [NOW_S - 86_400, NOT_AFTER_S] {
        assert!(verify_presented(&id, registry.find_certificate(&id), now_s).is_ok(), "{now_s}");
    }
}

#[test]
fn an_unknown_certificate_is_refused_by_its_id() {
    let id = CertificateId::from_der(b"somebody else's");
    let refused = verify_presented(&id, Registry::default().find_certificate(&id), NOW_S);
    assert_eq!(refused, Err(Refusal::Unknown(id)));
    assert!(Refusal::Unknown(id).to_string().contains("thingstead device new"));
}

#[test]
fn a_record_tells_whose_it_is() {
    let (registry, id) = registry(CertificateStatus::Active, &["pump-1"]);
    assert_eq!(registry.find_certificate(&id).unwrap().scope, Arc::new(Scope::default()));
}
