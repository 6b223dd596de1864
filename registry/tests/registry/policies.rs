//! Policies: their versions, and what they are attached to.

use std::collections::BTreeMap;

use registry::{CertificateId, CertificateStatus, ErrorKind, RegistryError, Target};

use crate::house::{House, NOW_MS, group, scope};

const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
const SHUT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iot:*","Resource":"*"}]}"#;

fn with_policy() -> (House, CertificateId) {
    let (mut house, id) = House::with_device();
    house.change(|draft| draft.create_policy(&scope(), "open", OPEN, BTreeMap::new(), NOW_MS).map(|_| ()));
    (house, id)
}

fn identity() -> Target {
    Target::Identity("us-east-1:0123abcd-0000-4000-8000-000000000000".into())
}

#[test]
fn names_and_documents_are_checked() {
    let check = |name: &str, document: &str, expected: Option<ErrorKind>| {
        let (house, _) = with_policy();
        let mut draft = house.registry.draft();
        let created = draft.create_policy(&scope(), name, document, BTreeMap::new(), NOW_MS);
        assert_eq!(created.err().map(|error| error.kind()), expected, "{name} {document}");
    };
    check("a_b+c=d,e.f@g-1", OPEN, None);
    check(&"n".repeat(128), OPEN, None);
    check(&"n".repeat(129), OPEN, Some(ErrorKind::Invalid));
    check("", OPEN, Some(ErrorKind::Invalid));
    check("a b", OPEN, Some(ErrorKind::Invalid));
    check("a/b", OPEN, Some(ErrorKind::Invalid));
    check("open", OPEN, Some(ErrorKind::Exists { id: "open".into(), name: "open".into() }));
    check("p", "", Some(ErrorKind::MalformedPolicy));
    check("p", "{}", Some(ErrorKind::MalformedPolicy));
    check("p", &OPEN.replace("Allow", "allow"), Some(ErrorKind::MalformedPolicy));
    check(
        "p",
        &OPEN.replace("iot:*", &format!("iot:{}", "a".repeat(2000))),
        Some(ErrorKind::MalformedPolicy),
    );
    check("p", &OPEN.replace(":[", &format!(":{}[", " ".repeat(9000))), None);
}

#[test]
fn a_malformed_document_is_refused_with_its_place() {
    let (house, _) = with_policy();
    let document = OPEN.replace("Allow", "Alow");
    let refused =
        house.refusal(|d| d.create_policy(&scope(), "p", &document, BTreeMap::new(), NOW_MS).map(|_| ()));
    let text = refused.to_string();
    assert!(
        text.starts_with("policy p is malformed: line 1, column ") && text.contains("\"Alow\""),
        "{text}"
    );
    let refused =
        house.refusal(|draft| draft.create_policy_version(&scope(), "open", &document, true, NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::MalformedPolicy);
}

#[test]
fn versions_grow_and_are_never_used_again() {
    let (mut house, _) = with_policy();
    for expected in 2..=5 {
        let id = house.change(|d| d.create_policy_version(&scope(), "open", SHUT, false, NOW_MS + 1));
        assert_eq!(id, expected);
    }
    let refused = house.refusal(|draft| draft.create_policy_version(&scope(), "open", SHUT, true, NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::VersionsLimit);
    house.change(|draft| draft.delete_policy_version(&scope(), "open", 5, NOW_MS));
    assert_eq!(house.change(|d| d.create_policy_version(&scope(), "open", SHUT, true, NOW_MS)), 6);
    let policy = house.reopened().find_policy(&scope(), "open").unwrap().clone();
    assert_eq!(policy.versions.iter().map(|version| version.id).collect::<Vec<_>>(), [1, 2, 3, 4, 6]);
    assert_eq!((policy.default_version, policy.document()), (6, SHUT));
}

#[test]
fn the_default_version_is_chosen_and_kept() {
    let (mut house, _) = with_policy();
    house.change(|draft| draft.create_policy_version(&scope(), "open", SHUT, false, NOW_MS));
    let default = |house: &House| house.reopened().find_policy(&scope(), "open").unwrap().default_version;
    assert_eq!(default(&house), 1);
    house.change(|draft| draft.set_default_version(&scope(), "open", 2, NOW_MS));
    assert_eq!(default(&house), 2);
    let refused = house.refusal(|draft| draft.delete_policy_version(&scope(), "open", 2, NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::DeleteConflict);
    for version in [0, 3] {
        let refused = house.refusal(|draft| draft.set_default_version(&scope(), "open", version, NOW_MS));
        assert_eq!(refused.kind(), ErrorKind::NotFound);
        let refused = house.refusal(|draft| draft.delete_policy_version(&scope(), "open", version, NOW_MS));
        assert_eq!(refused.kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_policy_is_deleted_alone() {
    let (mut house, id) = with_policy();
    house.change(|draft| {
        draft.create_policy_version(&scope(), "open", SHUT, true, NOW_MS)?;
        draft.attach_policy(&scope(), "open", &Target::Certificate(id))
    });
    let refused = house.refusal(|draft| draft.delete_policy(&scope(), "open"));
    assert_eq!(refused, RegistryError::PolicyHasVersions { name: "open".into(), version: 1 });
    house.change(|draft| draft.delete_policy_version(&scope(), "open", 1, NOW_MS));
    let refused = house.refusal(|draft| draft.delete_policy(&scope(), "open"));
    assert_eq!(
        refused,
        RegistryError::PolicyInUse { name: "open".into(), target: format!("certificate {id}") }
    );
    assert_eq!(refused.kind(), ErrorKind::DeleteConflict);
    assert!(house.change(|draft| draft.detach_policy(&scope(), "open", &Target::Certificate(id))));
    house.change(|draft| draft.delete_policy(&scope(), "open"));
    assert!(house.reopened().find_policy(&scope(), "open").is_none());
    let again = house.change(|d| d.create_policy(&scope(), "open", OPEN, BTreeMap::new(), NOW_MS).cloned());
    assert_eq!(again.default_version, 1);
}

#[test]
fn attaching_twice_is_once_and_detaching_what_is_not_attached_is_no_error() {
    let (mut house, id) = with_policy();
    house.change(|draft| draft.create_group(&scope(), group("plant", None), NOW_MS).map(|_| ()));
    for target in [Target::Certificate(id), Target::Group("plant".into()), identity()] {
        house.change(|draft| {
            draft.attach_policy(&scope(), "open", &target)?;
            draft.attach_policy(&scope(), "open", &target)
        });
        assert_eq!(house.reopened().attached_to(&scope(), &target, false), ["open".into()], "{target}");
        assert_eq!(house.registry.targets_of(&scope(), "open", None).collect::<Vec<_>>(), [&target]);
        assert!(house.change(|draft| draft.detach_policy(&scope(), "open", &target)));
        assert!(!house.change(|draft| draft.detach_policy(&scope(), "open", &target)));
        assert!(!house.change(|draft| draft.detach_policy(&scope(), "none", &target)));
        assert!(house.reopened().attached_to(&scope(), &target, true).is_empty());
    }
    let check = |name: &str, target: Target| {
        let refused = house.refusal(|draft| draft.attach_policy(&scope(), name, &target));
        assert_eq!(refused.kind(), ErrorKind::NotFound);
    };
    check("none", Target::Certificate(id));
    check("open", Target::Certificate(CertificateId::from_der(b"none")));
    check("open", Target::Group("none".into()));
}

#[test]
fn attachments_are_bounded() {
    let check = |target: Target, max: usize| {
        let (mut house, _) = with_policy();
        house.change(|draft| {
            draft.create_group(&scope(), group("plant", None), NOW_MS)?;
            for n in 0..=max {
                draft.create_policy(&scope(), &format!("p{n}"), OPEN, BTreeMap::new(), NOW_MS)?;
            }
            (0..max).try_for_each(|n| draft.attach_policy(&scope(), &format!("p{n}"), &target))
        });
        let refused = house.refusal(|draft| draft.attach_policy(&scope(), &format!("p{max}"), &target));
        assert_eq!(refused, RegistryError::TooManyPolicies { target: target.to_string(), max });
        assert_eq!(refused.kind(), ErrorKind::Limit);
        house.change(|draft| draft.attach_policy(&scope(), "p0", &target));
    };
    check(Target::Certificate(with_policy().1), 10);
    check(identity(), 10);
    check(Target::Group("plant".into()), 2);
}

#[test]
fn a_certificate_with_a_policy_is_not_deleted_unless_forced() {
    let (mut house, id) = with_policy();
    house.change(|draft| {
        draft.attach_policy(&scope(), "open", &Target::Certificate(id))?;
        draft.detach(&scope(), "pump-1", &id)?;
        draft.set_status(&scope(), &id, CertificateStatus::Inactive, NOW_MS)
    });
    let refused = house.refusal(|draft| draft.delete_certificate(&scope(), &id, false));
    assert_eq!(refused, RegistryError::CertificateHasPolicy { id, policy: "open".into() });
    assert_eq!(refused.kind(), ErrorKind::DeleteConflict);
    house.change(|draft| draft.delete_certificate(&scope(), &id, true));
    assert_eq!(house.reopened().targets_of(&scope(), "open", None).count(), 0);
}

#[test]
fn a_deleted_group_sets_its_policies_free() {
    let (mut house, _) = with_policy();
    house.change(|draft| {
        draft.create_group(&scope(), group("plant", None), NOW_MS)?;
        draft.attach_policy(&scope(), "open", &Target::Group("plant".into()))
    });
    house.change(|draft| draft.delete_group(&scope(), "plant", None));
    house.change(|draft| draft.delete_policy(&scope(), "open"));
}

#[test]
fn targets_are_read_from_what_aws_writes() {
    let id = "0123456789abcdef".repeat(4);
    let check = |text: &str, expected: Option<ErrorKind>| {
        let read = Target::parse(&scope(), text);
        if let Ok(target) = &read {
            assert_eq!(target.text(&scope()), text);
        }
        assert_eq!(read.err().map(|error| error.kind()), expected, "{text}");
    };
    check(&format!("arn:aws:iot:us-east-1:000000000000:cert/{id}"), None);
    check("arn:aws:iot:us-east-1:000000000000:thinggroup/plant", None);
    check("us-east-1:0123abcd-0000-4000-8000-000000000000", None);
    check("us-east-1:0123abcd-0000-4000-8000-00000000000", Some(ErrorKind::Invalid));
    check("us-east-1:0123abcd00000-4000-8000-000000000000", Some(ErrorKind::Invalid));
    check("0123abcd-0000-4000-8000-000000000000", Some(ErrorKind::Invalid));
    check("arn:aws:iot:us-east-1:000000000000:cert/12", Some(ErrorKind::Invalid));
    check("arn:aws:iot:us-east-1:000000000000:thing/pump", Some(ErrorKind::Invalid));
    check("arn:aws:iot:us-east-1:000000000000:thinggroup/a b", Some(ErrorKind::Invalid));
    check("arn:aws:iot:us-east-1:111111111111:thinggroup/plant", Some(ErrorKind::Invalid));
    check("arn:aws:iot:eu-west-1:000000000000:thinggroup/plant", Some(ErrorKind::Invalid));
    check("", Some(ErrorKind::Invalid));
}
