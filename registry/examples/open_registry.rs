//! Nothing in; the time to open a registry of 100,000 devices, the memory of one, and the time of a page of a filtered
//! list out.

use std::collections::BTreeMap;
use std::time::Duration;

use registry::{
    Attachment, Authority, Caller, CertificateId, CertificateStatus, KeyChoice, NewThing, NewThingType,
    Order, Registry, Scope, Target, ThingFilter,
};
use store::{Batch, Durability, Embedded, Expect, Options, Store, Write};

const DEVICES: u32 = 100_000;
const NOW_S: i64 = 1_790_000_000;
const PAGE: usize = 250;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:000000000000:client/${iot:Connection.Thing.ThingName}"},
    {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:us-east-1:000000000000:topic/d/${iot:ClientId}/*"}]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut store: Box<dyn Store> = Box::new(Embedded::open(folder.path(), &Options::default())?);
    fill(&mut *store)?;
    let reader = store.reader();
    let (first, took) = timed(|| Registry::open(&*reader));
    let first = first?;
    let scope = Scope::default();
    println!(
        "{} certificates opened in {took:?}",
        first.certificates(&scope, None, Order::OldestFirst).count()
    );
    // The second time, what the store keeps in memory is there already.
    let before = resident_bytes()?;
    let (second, took) = timed(|| Registry::open(&*reader));
    let bytes = resident_bytes()?.saturating_sub(before) / u64::from(DEVICES);
    println!("opened again in {took:?}; {bytes} bytes for each thing with its certificate");
    look_around(&second?, &scope);
    Ok(())
}

fn look_around(registry: &Registry, scope: &Scope) {
    let filters = [
        ("by type", ThingFilter { thing_type: Some("pump".into()), ..ThingFilter::default() }),
        (
            "by attribute",
            ThingFilter { attribute: Some(("room".into(), "7".into())), ..ThingFilter::default() },
        ),
        (
            "by the beginning of an attribute",
            ThingFilter {
                attribute: Some(("room".into(), "9".into())),
                value_is_prefix: true,
                ..ThingFilter::default()
            },
        ),
    ];
    for (name, filter) in &filters {
        let (found, took) = timed(|| registry.things_where(scope, filter, Some("pump-5")).take(PAGE).count());
        println!("a page of {found} things {name} in {took:?}");
    }
    let id = CertificateId::from_der(&5u32.to_be_bytes());
    let caller = Caller { client_id: Some("pump-5".into()), is_mqtt: true, ..Caller::default() };
    let (_, took) = timed(|| registry.access(&id, &caller));
    println!("rights of a connection in {took:?}");
    let (change, took) = timed(|| {
        let mut draft = registry.draft();
        draft.set_status(scope, &id, CertificateStatus::Inactive, 9).map(|()| draft.finish())
    });
    println!("one status set in {took:?}: {} writes", change.map_or(0, |change| change.writes.len()));
}

#[expect(clippy::disallowed_methods, reason = "this program measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let outcome = work();
    (outcome, start.elapsed())
}

fn resident_bytes() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// Writes the documents of all devices.
fn fill(store: &mut dyn Store) -> Result<(), Box<dyn std::error::Error>> {
    let (sample_id, sample) = sample()?;
    let mut batch = Batch::new();
    for number in 0..DEVICES {
        let id = CertificateId::from_der(&number.to_be_bytes()).to_string();
        let (name, room) = (format!("pump-{number}"), format!("room\":\"{}\"", number % 100));
        let copied = |text: &[u8]| {
            String::from_utf8_lossy(text)
                .replace(&sample_id, &id)
                .replace("pump-x", &name)
                .replace("room\":\"x\"", &room)
        };
        for (key, value) in &sample {
            batch.put(copied(key), copied(value), Expect::Any);
        }
        if batch.len() >= 3_000 {
            store.commit(&std::mem::take(&mut batch), Durability::Synced)?;
        }
    }
    store.commit(&batch, Durability::Synced)?;
    Ok(())
}

type Documents = Vec<(Vec<u8>, Vec<u8>)>;

/// The documents of a device called `pump-x` with its type and its policy, and its certificate's id.
fn sample() -> Result<(String, Documents), Box<dyn std::error::Error>> {
    let registry = Registry::default();
    let scope = Scope::default();
    let pem = Authority::create(NOW_S)?.issue_device(KeyChoice::Rsa2048, NOW_S)?.cert_pem;
    let mut draft = registry.draft();
    let id = draft.register_certificate(&scope, &pem, CertificateStatus::Active, 0)?;
    draft.create_type(&scope, NewThingType { name: "pump".into(), ..NewThingType::default() }, 0)?;
    let attributes = [("model", "BME680"), ("room", "x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let new = NewThing {
        name: "pump-x".into(),
        thing_type: Some("pump".into()),
        attributes: BTreeMap::from(attributes),
        random: [0; 16],
    };
    draft.create_thing(&scope, new, 0)?;
    draft.attach(&scope, "pump-x", &id, Attachment::NonExclusiveThing)?;
    draft.create_policy(&scope, "device", POLICY, BTreeMap::new(), 0)?;
    draft.attach_policy(&scope, "device", &Target::Certificate(id))?;
    let put = |write| match write {
        Write::Put { key, value, .. } => Some((key, value)),
        _ => None,
    };
    Ok((id.to_string(), draft.finish().writes.writes.into_iter().filter_map(put).collect()))
}
