//! Seconds in (default 3), updates per second of a 200-byte document on one core out; stores nothing.

use std::time::{Duration, Instant};

use shadow::{Limits, Stored};

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock and its arguments")]
fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let limits = Limits::default();
    let first = br#"{"state":{"desired":{"on":true,"level":80,"colour":{"r":255,"g":180,"b":90}},"reported":{"on":true,"level":80,"colour":{"r":255,"g":180,"b":90},"temperature":21.5,"humidity":48.25,"firmware":"1.4.2","uptime":86400}}}"#;
    let payloads: Vec<String> = (0..64)
        .map(|at| format!(r#"{{"state":{{"reported":{{"temperature":{}.5,"uptime":{}}}}}}}"#, at % 40, at))
        .collect();
    let mut stored = Stored::update(None, first, 0, &limits).expect("a valid update").stored;
    let mut record = stored.to_bytes();
    let (mut updates, mut sent, start) = (0_u64, 0_usize, Instant::now());
    while start.elapsed() < Duration::from_secs(seconds) {
        for payload in &payloads {
            let current = Stored::from_bytes(&record).expect("its own record");
            let updated = Stored::update(Some(&current), payload.as_bytes(), updates, &limits);
            let updated = updated.expect("a valid update");
            sent += updated.accepted.len()
                + updated.documents.len()
                + updated.delta.map_or(0, |delta| delta.len());
            stored = updated.stored;
            record = stored.to_bytes();
            updates += 1;
        }
    }
    let per_second = updates as f64 / start.elapsed().as_secs_f64();
    println!(
        "{per_second:.0} updates a second; document {} bytes, record {} bytes, {} bytes sent an update",
        stored.document_bytes(),
        record.len(),
        sent / usize::try_from(updates).unwrap_or(1)
    );
}
