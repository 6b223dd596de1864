//! CA certificates, and certificates registered with one or without.

use std::collections::BTreeMap;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use registry::{
    CaStatus, CaUpdate, CertificateFault, CertificateId, CertificateMode, CertificateStatus, ErrorKind,
    NewCa, Order, PublicCertificate, RegistrationConfig, RegistryError, Tagged,
};

use crate::house::{House, NOW_MS, pairs, scope};

const CODE: [u8; 32] = [0xab; 32];

/// Somebody's CA, made by other means than the house's own.
struct Ca {
    key: KeyPair,
    params: CertificateParams,
    pem: String,
}

impl Ca {
    fn new(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap())
    }

    fn with_key(name: &str, key: KeyPair) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { key, params, pem }
    }

    /// A certificate with this common name.
    fn sign(&self, name: &str) -> String {
        let key = KeyPair::generate().unwrap();
        params(name).signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap().pem()
    }

    fn id(&self) -> CertificateId {
        id(&self.pem)
    }

    fn wish<'a>(&'a self, verification_pem: Option<&'a str>) -> NewCa<'a> {
        NewCa {
            pem: &self.pem,
            verification_pem,
            mode: if verification_pem.is_some() {
                CertificateMode::Default
            } else {
                CertificateMode::SniOnly
            },
            status: CaStatus::Active,
            registers_automatically: false,
            registration: None,
            tags: BTreeMap::new(),
        }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn id(pem: &str) -> CertificateId {
    PublicCertificate::from_pem(pem).unwrap().id
}

/// A house with the CA, which needed no verification.
fn with(ca: &Ca) -> House {
    let mut house = House::default();
    house.change(|draft| draft.register_ca(&scope(), ca.wish(None), NOW_MS));
    house
}

#[test]
fn a_ca_is_registered_with_a_certificate_that_carries_the_code() {
    let ca = Ca::new("Factory");
    let mut house = House::default();
    let early = ca.sign("x");
    let refused = house.refusal(|draft| draft.register_ca(&scope(), ca.wish(Some(&early)), NOW_MS));
    assert_eq!(refused, RegistryError::NoRegistrationCode);
    let code = house.change(|draft| Ok(draft.registration_code(&scope(), CODE)));
    assert_eq!(code, "ab".repeat(32));
    let verification = ca.sign(&code);
    let id = house.change(|draft| draft.register_ca(&scope(), ca.wish(Some(&verification)), NOW_MS));
    let found = house.reopened().find_ca(&scope(), &id).unwrap().clone();
    assert_eq!((found.id, &found.pem, found.version), (ca.id(), &ca.pem, 1));
    assert_eq!((found.mode, found.status), (CertificateMode::Default, CaStatus::Active));
    let refused = house.refusal(|draft| draft.register_ca(&scope(), ca.wish(Some(&verification)), NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::Exists { id: id.to_string(), name: id.to_string() });
}

#[test]
fn a_verification_that_proves_nothing_is_refused() {
    let (ca, other) = (Ca::new("Factory"), Ca::new("Factory"));
    let mut house = House::default();
    let code = house.change(|draft| Ok(draft.registration_code(&scope(), CODE)));
    let check = |wish: NewCa<'_>, kind: ErrorKind, part: &str| {
        let refused = house.refusal(|draft| draft.register_ca(&scope(), wish, NOW_MS));
        assert_eq!(refused.kind(), kind, "{refused}");
        assert!(refused.to_string().contains(part), "{refused}");
    };
    check(ca.wish(Some(&ca.sign("wrong"))), ErrorKind::RegistrationCode, "\"wrong\"");
    check(ca.wish(Some(&other.sign(&code))), ErrorKind::CertificateInvalid, "did not sign");
    check(ca.wish(Some("nothing")), ErrorKind::CertificateInvalid, "-----BEGIN");
    let without = NewCa { mode: CertificateMode::Default, ..ca.wish(None) };
    check(without, ErrorKind::Invalid, "SNI_ONLY");
    let signed = ca.sign(&code);
    let needless = NewCa { mode: CertificateMode::SniOnly, ..ca.wish(Some(&signed)) };
    check(needless, ErrorKind::Invalid, "leave it out");
}

#[test]
fn what_is_no_ca_is_refused_by_name() {
    let ca = Ca::new("Factory");
    let leaf = ca.sign("leaf");
    let house = House::default();
    let refused = house.refusal(|d| d.register_ca(&scope(), NewCa { pem: &leaf, ..ca.wish(None) }, NOW_MS));
    assert_eq!(refused, RegistryError::NotCa(id(&leaf)));
    let refused =
        house.refusal(|draft| draft.register_ca(&scope(), NewCa { pem: "x", ..ca.wish(None) }, NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::CertificateInvalid);
    let refused = house.refusal(|draft| draft.register_ca(&scope(), ca.wish(None), u64::MAX));
    assert!(matches!(refused, RegistryError::Expired { .. }), "{refused}");
}

#[test]
fn a_ca_of_version_1_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output =
            std::process::Command::new("openssl").args(arguments).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run(&["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "r", "-subj", "/CN=Old"]);
    run(&["x509", "-req", "-in", "r", "-signkey", "k", "-out", "v1.pem"]);
    let pem = std::fs::read_to_string(folder.path().join("v1.pem")).unwrap();
    let ca = Ca { pem, ..Ca::new("Old") };
    let refused = House::default().refusal(|draft| draft.register_ca(&scope(), ca.wish(None), NOW_MS));
    assert_eq!(refused, RegistryError::Certificate(CertificateFault::Version(1)));
}

#[test]
fn ten_cas_have_the_same_subject() {
    let mut house = House::default();
    for _ in 0..10 {
        let ca = Ca::new("Factory");
        house.change(|draft| draft.register_ca(&scope(), ca.wish(None), NOW_MS));
    }
    let (ca, other) = (Ca::new("Factory"), Ca::new("Other"));
    let refused = house.refusal(|draft| draft.register_ca(&scope(), ca.wish(None), NOW_MS));
    assert_eq!((&refused, refused.kind()), (&RegistryError::TooManyCas, ErrorKind::Limit));
    house.change(|draft| draft.register_ca(&scope(), other.wish(None), NOW_MS + 1));
    let newest: Vec<_> = house.registry.cas(&scope(), None, Order::NewestFirst).map(|ca| ca.id).collect();
    assert_eq!((newest.len(), newest[0]), (11, other.id()));
    let after = house.registry.cas(&scope(), Some((NOW_MS, newest[10])), Order::OldestFirst);
    assert_eq!(
        after.map(|ca| ca.id).collect::<Vec<_>>(),
        newest[..10].iter().rev().copied().collect::<Vec<_>>()
    );
}

#[test]
fn a_ca_is_changed_and_deleted_when_inactive() {
    let ca = Ca::new("Factory");
    let mut house = with(&ca);
    let refused = house.refusal(|draft| draft.delete_ca(&scope(), &ca.id()));
    assert_eq!(
        (&refused, refused.kind()),
        (&RegistryError::CaStillActive(ca.id()), ErrorKind::CertificateState)
    );
    let config = RegistrationConfig {
        template_name: Some("fleet".into()),
        role_arn: Some("arn:aws:iam::000000000000:role/x".into()),
        template_body: Some("{}".into()),
    };
    let update = CaUpdate {
        registers_automatically: Some(true),
        registration: Some(config.clone()),
        ..CaUpdate::default()
    };
    house.change(|draft| draft.update_ca(&scope(), &ca.id(), update, NOW_MS + 1));
    let found = house.reopened().find_ca(&scope(), &ca.id()).unwrap().clone();
    assert_eq!((found.registers_automatically, found.registration), (true, Some(config.clone())));
    assert_eq!((found.version, found.modified_ms, found.created_ms), (2, NOW_MS + 1, NOW_MS));
    let update =
        CaUpdate { remove_registration: true, status: Some(CaStatus::Inactive), ..CaUpdate::default() };
    house.change(|draft| draft.update_ca(&scope(), &ca.id(), update, NOW_MS));
    let found = house.reopened().find_ca(&scope(), &ca.id()).unwrap().clone();
    assert_eq!(
        (found.registers_automatically, found.registration, found.status),
        (false, None, CaStatus::Inactive)
    );
    let bad = |registration: RegistrationConfig| {
        let update = CaUpdate { registration: Some(registration), ..CaUpdate::default() };
        house.refusal(|draft| draft.update_ca(&scope(), &ca.id(), update, NOW_MS)).kind()
    };
    assert_eq!(
        bad(RegistrationConfig { template_name: Some("a b".into()), ..config.clone() }),
        ErrorKind::Invalid
    );
    assert_eq!(bad(RegistrationConfig { role_arn: Some("me".into()), ..config.clone() }), ErrorKind::Invalid);
    assert_eq!(
        bad(RegistrationConfig { template_body: Some("x".repeat(10_241)), ..config }),
        ErrorKind::Invalid
    );
    house.change(|draft| draft.delete_ca(&scope(), &ca.id()));
    assert!(house.reopened().find_ca(&scope(), &ca.id()).is_none());
    let refused = house.refusal(|draft| draft.delete_ca(&scope(), &ca.id()));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[test]
fn certificates_of_a_registered_ca_are_registered() {
    let kinds: [&SignatureAlgorithm; 4] =
        [&PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ECDSA_P521_SHA512];
    for kind in kinds {
        let ca = Ca::with_key("Factory", KeyPair::generate_for(kind).unwrap());
        let mut house = with(&ca);
        let pem = ca.sign("device");
        let status = CertificateStatus::PendingActivation;
        let id = house.change(|d| d.register_certificate_with_ca(&scope(), &pem, None, status, NOW_MS));
        let reopened = house.reopened();
        let record = reopened.find_certificate(&id).unwrap();
        assert_eq!(
            (record.ca, record.mode, record.status),
            (Some(ca.id()), CertificateMode::SniOnly, status)
        );
        let listed = |ca, order| reopened.certificates_of_ca(&scope(), &ca, None, order).count();
        assert_eq!((listed(ca.id(), Order::OldestFirst), listed(ca.id(), Order::NewestFirst)), (1, 1));
        assert_eq!(listed(id, Order::OldestFirst), 0);
        let der = PublicCertificate::from_pem(&pem).unwrap().der;
        let issuers = reopened.issuers_of(&der).unwrap();
        assert_eq!(
            issuers.iter().map(|(scope, ca)| (&**scope, ca.id)).collect::<Vec<_>>(),
            [(&scope(), ca.id())]
        );
    }
}

#[test]
fn an_unknown_certificate_is_registered_when_its_ca_lets_it() {
    let ca = Ca::new("Factory");
    let mut house = with(&ca);
    let certificate = PublicCertificate::from_pem(&ca.sign("device")).unwrap();
    let refused = house.refusal(|draft| draft.register_on_connect(&scope(), &certificate.der, NOW_MS));
    assert_eq!(refused, RegistryError::CaDoesNotRegister(ca.id()));
    let update = CaUpdate { registers_automatically: Some(true), ..CaUpdate::default() };
    house.change(|draft| draft.update_ca(&scope(), &ca.id(), update, NOW_MS));
    let mut draft = house.registry.draft();
    let id = draft.register_on_connect(&scope(), &certificate.der, NOW_MS).unwrap();
    let record = draft.find_certificate(&id).unwrap();
    assert_eq!((record.status, record.ca), (CertificateStatus::PendingActivation, Some(ca.id())));
    let events = draft.finish().events;
    assert_eq!(events[0].topic, format!("$aws/events/certificates/registered/{}", ca.id()));
    let payload: serde_json::Value = serde_json::from_slice(&events[0].payload("e-1", NOW_MS + 5)).unwrap();
    let expected = serde_json::json!({
        "certificateId": id.to_string(), "caCertificateId": ca.id().to_string(), "timestamp": NOW_MS + 5,
        "certificateStatus": "PENDING_ACTIVATION", "awsAccountId": "000000000000",
        "certificateRegistrationTimestamp": NOW_MS.to_string(),
    });
    assert_eq!(payload, expected);
}

#[test]
fn certificates_of_others_are_refused_by_name() {
    let (ca, impostor) = (Ca::new("Factory"), Ca::new("Factory"));
    let mut house = with(&ca);
    let register = |house: &House, pem: &str, ca_pem: Option<&str>| {
        house.refusal(|draft| {
            draft.register_certificate_with_ca(&scope(), pem, ca_pem, CertificateStatus::Active, NOW_MS)
        })
    };
    let (own, foreign) = (ca.sign("device"), impostor.sign("device"));
    let refused = register(&house, &foreign, None);
    assert_eq!(refused.kind(), ErrorKind::CertificateInvalid);
    assert!(refused.to_string().contains("register its CA certificate first"), "{refused}");
    assert!(register(&house, &own, Some(&impostor.pem)).to_string().contains("the CA certificate given"));
    let inactive = CaUpdate { status: Some(CaStatus::Inactive), ..CaUpdate::default() };
    house.change(|draft| draft.update_ca(&scope(), &ca.id(), inactive, NOW_MS));
    assert_eq!(register(&house, &own, Some(&ca.pem)).kind(), ErrorKind::CertificateState);
}

#[test]
fn of_two_cas_with_one_key_the_one_given_counts() {
    let first = Ca::new("Factory");
    let key = KeyPair::from_pem(&first.key.serialize_pem()).unwrap();
    let second = Ca::with_key("Factory", key);
    let mut house = with(&first);
    house.change(|draft| draft.register_ca(&scope(), second.wish(None), NOW_MS));
    let pem = first.sign("device");
    let active = CertificateStatus::Active;
    let refused = house.refusal(|d| d.register_certificate_with_ca(&scope(), &pem, None, active, NOW_MS));
    assert_eq!(refused.kind(), ErrorKind::CertificateConflict);
    let id =
        house.change(|d| d.register_certificate_with_ca(&scope(), &pem, Some(&second.pem), active, NOW_MS));
    assert_eq!(house.registry.find_certificate(&id).unwrap().ca, Some(second.id()));
}

#[test]
fn without_a_ca_a_certificate_is_active_or_inactive() {
    let pem = Ca::new("Nobody").sign("device");
    let check = |status, expected: bool| {
        let house = House::default();
        let mut draft = house.registry.draft();
        let registered = draft.register_certificate_without_ca(&scope(), &pem, status, NOW_MS);
        assert_eq!(registered.is_ok(), expected, "{status}");
        if let Ok(id) = registered {
            let record = draft.find_certificate(&id).unwrap();
            assert_eq!((record.mode, record.ca, record.version), (CertificateMode::SniOnly, None, 1));
        }
    };
    for status in CertificateStatus::ALL {
        check(status, matches!(status, CertificateStatus::Active | CertificateStatus::Inactive));
    }
}

#[test]
fn the_registration_code_lasts_until_it_is_deleted() {
    let mut house = House::default();
    let refused = house.refusal(|draft| draft.delete_registration_code(&scope()));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    let first = house.change(|draft| Ok(draft.registration_code(&scope(), CODE)));
    assert_eq!(house.change(|draft| Ok(draft.registration_code(&scope(), [1; 32]))), first);
    assert_eq!(house.reopened().registration_code(&scope()), Some(&*first));
    house.change(|draft| draft.delete_registration_code(&scope()));
    assert_eq!(house.reopened().registration_code(&scope()), None);
    assert_ne!(house.change(|draft| Ok(draft.registration_code(&scope(), [1; 32]))), first);
}

#[test]
fn a_ca_carries_tags() {
    let ca = Ca::new("Factory");
    let mut house = with(&ca);
    let what = Tagged::CaCertificate(ca.id());
    house.change(|draft| draft.tag(&scope(), &what, &pairs(&[("plant", "7")])));
    assert_eq!(house.reopened().tags(&scope(), &what), Ok(&pairs(&[("plant", "7")])));
    house.change(|draft| draft.untag(&scope(), &what, &["plant".into()]));
    assert!(house.reopened().tags(&scope(), &what).unwrap().is_empty());
}
