//! How long evaluating takes: prints nanoseconds for usual statements on a message of 322 bytes. A sample, no benchmark.

use std::hint::black_box;
use std::time::Instant;

use sql::{Document, Evaluation, Input, Outcome, Statement, Template, Version};

const PAYLOAD: &str = r#"{"deviceId":"pump-1","location":{"site":"north","line":22,"cell":"drying"},"temperature":23.61,"humidity":41.2,"pressure":1013.25,"vibration":[0.012,0.018,0.011,0.02],"status":"ok","firmware":"2.14.0","battery":87,"uptime":123456,"timestamp":1700000000123,"tags":["bme680","indoor","calibrated"],"error":null,"active":true}"#;
/// Short batches, of which the fastest counts: the others were disturbed.
const BATCHES: u32 = 1000;
const ROUNDS: u32 = 300;

fn main() {
    println!("{} bytes", PAYLOAD.len());
    for text in [
        "SELECT * FROM 'a/b'",
        "SELECT temperature, humidity FROM 'a/b' WHERE temperature > 20",
        "SELECT temperature, humidity FROM 'a/b' WHERE status = 'ok'",
        "SELECT temperature, humidity FROM 'a/b' WHERE temperature > 50",
        "SELECT *, topic(2) AS device, timestamp() AS at FROM 'a/b'",
        "SELECT location.site AS site, (temperature * 9 / 5) + 32 AS f FROM 'a/b' WHERE battery < 90 AND active",
        "SELECT (SELECT VALUE v FROM vibration AS v WHERE v > 0.015) AS high FROM 'a/b'",
        "SELECT upper(deviceId) AS id, get(vibration, 1) AS v FROM 'a/b'",
    ] {
        let statement = Statement::parse(text, Version::V2016).expect("a statement");
        measure(PAYLOAD.as_bytes(), text, |input| {
            let document = Document::of(input.payload);
            match statement.run(&mut Evaluation::over(input, &document)) {
                Ok(Outcome::Selected(bytes)) => bytes.len(),
                _ => 0,
            }
        });
    }
    let spaced = PAYLOAD.replace(',', ", ").replace(':', ": ");
    let statement = Statement::parse("SELECT * FROM 'a/b'", Version::V2016).expect("a statement");
    measure(spaced.as_bytes(), "SELECT * with blanks", |input| {
        matches!(statement.run(&mut Evaluation::new(input)), Ok(Outcome::Selected(_))).into()
    });
    measure(PAYLOAD.as_bytes(), "for scale: serde_json reads it to a Value", |input| {
        serde_json::from_slice::<serde_json::Value>(input.payload).is_ok().into()
    });
    let template = Template::parse("data/${deviceId}/${location.line}", Version::V2016).expect("a template");
    measure(PAYLOAD.as_bytes(), template.text(), |input| {
        template.render(&mut Evaluation::new(input)).map_or(0, |text| text.len())
    });
}

#[expect(clippy::disallowed_methods, reason = "a sample of time has to look at the clock")]
fn measure(payload: &[u8], name: &str, run: impl Fn(&Input<'_>) -> usize) {
    let input = Input {
        client_id: Some("pump-1"),
        account: "123456789012",
        now_ms: 1_700_000_000_000,
        seed: 7,
        ..Input::new(payload, "device/pump-1/data")
    };
    let mut best = f64::MAX;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(run(black_box(&input)));
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(ROUNDS));
    }
    println!("{best:8.0} ns  {name}");
}
