//! Nothing in, the time to open a registry of 100,000 devices out.

use registry::{
    Attachment, Authority, CertificateId, CertificateStatus, KeyChoice, NewThing, Order, Registry, Scope,
};
use store::{Batch, Durability, Embedded, Expect, Options, Store, Write};

const DEVICES: u32 = 100_000;
const NOW_S: i64 = 1_790_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut store: Box<dyn Store> = Box::new(Embedded::open(folder.path(), &Options::default())?);
    let (sample_id, sample) = sample()?;
    let mut batch = Batch::new();
    for number in 0..DEVICES {
        let id = CertificateId::from_der(&number.to_be_bytes()).to_string();
        let name = format!("pump-{number}");
        let copied =
            |text: &[u8]| String::from_utf8_lossy(text).replace(&sample_id, &id).replace("pump-x", &name);
        for (key, value) in &sample {
            batch.put(copied(key), copied(value), Expect::Absent);
        }
        if batch.len() >= 3_000 {
            store.commit(&std::mem::take(&mut batch), Durability::Synced)?;
        }
    }
    store.commit(&batch, Durability::Synced)?;
    let reader = store.reader();
    #[expect(clippy::disallowed_methods, reason = "this program measures time")]
    let start = std::time::Instant::now();
    let registry = Registry::open(&*reader)?;
    println!(
        "{} certificates opened in {:?}",
        registry.certificates(&Scope::default(), None, Order::OldestFirst).count(),
        start.elapsed()
    );
    Ok(())
}

type Documents = Vec<(Vec<u8>, Vec<u8>)>;

/// The documents of a device called `pump-x`, and its certificate's id.
fn sample() -> Result<(String, Documents), Box<dyn std::error::Error>> {
    let registry = Registry::default();
    let scope = Scope::default();
    let pem = Authority::create(NOW_S)?.issue_device(KeyChoice::Rsa2048, NOW_S)?.cert_pem;
    let mut draft = registry.draft();
    let id = draft.register_certificate(&scope, &pem, CertificateStatus::Active, 0)?;
    let new = NewThing { name: "pump-x".into(), ..NewThing::default() };
    draft.create_thing(&scope, new, 0)?;
    draft.attach(&scope, "pump-x", &id, Attachment::NonExclusiveThing)?;
    let put = |write| match write {
        Write::Put { key, value, .. } => Some((key, value)),
        _ => None,
    };
    Ok((id.to_string(), draft.finish().writes.writes.into_iter().filter_map(put).collect()))
}
