//! Documents of older versions of the house stay readable.

use registry::{Attachment, CertificateMode, CertificateStatus, Registry};
use store::{Batch, Durability, Expect, Memory, Store};

use crate::house::scope;

/// As the first version of the house wrote them.
const THING: &str = r#"{"format":1,"id":"07070707-0707-4707-8707-070707070707","version":3,"attributes":{"room":"12"},"created_ms":5}"#;
const CERTIFICATE: &str = r#"{"format":1,"status":"ACTIVE","created_ms":5,"modified_ms":6,"not_before_s":-1,"not_after_s":9,"things":{"pump-1":"NON_EXCLUSIVE_THING"}}"#;

#[test]
fn documents_of_the_first_version_are_read() {
    let id = "0123456789abcdef".repeat(4);
    let mut store = Memory::default();
    let mut batch = Batch::new();
    batch.put("000000000000/us-east-1\0thing\0pump-1", THING, Expect::Absent);
    batch.put(format!("000000000000/us-east-1\0certificate\0{id}"), CERTIFICATE, Expect::Absent);
    store.commit(&batch, Durability::Synced).unwrap();
    let mut registry = Registry::open(&*store.reader()).unwrap();

    let thing = registry.find_thing(&scope(), "pump-1").unwrap();
    assert_eq!((thing.version, thing.attributes.get("room"), &thing.thing_type), (3, Some("12"), &None));
    assert!(thing.groups.is_empty());
    let id = id.parse().unwrap();
    let record = registry.find_certificate(&id).unwrap();
    assert_eq!(
        (record.status, record.mode, record.version),
        (CertificateStatus::Active, CertificateMode::Default, 1)
    );
    assert_eq!(record.things.get("pump-1"), Some(Attachment::NonExclusiveThing));
    assert_eq!((record.policies.len(), record.ca), (0, None));
    assert_eq!(registry.principals_of(&scope(), "pump-1").collect::<Vec<_>>(), [id]);

    let mut draft = registry.draft();
    draft.set_status(&scope(), &id, CertificateStatus::Inactive, 7).unwrap();
    let change = draft.finish();
    store.commit(&change.writes, Durability::Synced).unwrap();
    registry.apply(change);
    assert_eq!(format!("{:?}", Registry::open(&*store.reader()).unwrap()), format!("{registry:?}"));
}
