//! In: a scenario's name and options. Out: its report. Does not move bytes: see `engine`.

mod held;
mod kept;
mod shadow;
mod traffic;

use std::time::Duration;

use crate::args::Args;
use crate::codec;
use crate::engine::{Engine, Load, Measured, Stream};
use crate::proc::Usage;
use crate::report::Report;

type Res<T> = Result<T, String>;

/// Connections that one loopback source address can carry at a time.
const PORTS_PER_ADDRESS: usize = 20_000;

struct Common {
    label: String,
    qos: u8,
    window: u32,
    e2e: u32,
    load: Load,
    at_once: usize,
}

fn common(a: &mut Args) -> Res<(Engine, Common)> {
    let net = a.net()?;
    let payload: usize = a.num("payload", 128)?;
    let qos: u8 = a.num("qos", 0)?;
    if qos > 1 {
        return Err("--qos is 0 or 1".into());
    }
    let rate: f64 = a.num("rate", 0.0)?;
    let e2e = a.num("e2e", if rate == 0.0 { 200 } else { 0 })?;
    let c = Common {
        label: a.text("label").unwrap_or_default(),
        qos,
        window: a.num("window", 100u32)?.clamp(1, 60_000),
        e2e,
        load: Load {
            rate,
            warmup: a.secs("warmup", 2.0)?,
            duration: a.secs("duration", 5.0)?,
            drain: a.secs("drain", 3.0)?,
            total: 0,
        },
        at_once: a.num("at-once", 200)?,
    };
    let e = Engine::new(net, payload).map_err(|e| e.to_string())?;
    Ok((e, c))
}

fn head(a: &Args, c: &Common, e: &Engine) -> Report {
    let mut r = Report::default();
    r.put("label", c.label.as_str());
    r.put("scenario", a.scenario.as_str());
    r.put("tls", e.net.tls.is_some() as u64);
    r.put("qos", c.qos as u64);
    r.put("payload", e.payload_len() as u64);
    r
}

fn bring_up(e: &mut Engine, c: &Common) -> Res<()> {
    let n = e.clients.len();
    spread(e, n);
    let up = e.open_all(0..n, c.at_once, Duration::from_secs(120));
    if up < n {
        return Err(format!("only {up} of {n} clients came up ({} refused)", e.counts.refused));
    }
    Ok(())
}

fn spread(e: &mut Engine, conns: usize) {
    if e.net.addr.ip().is_loopback() {
        e.net.src_ips = (conns / PORTS_PER_ADDRESS + 1) as u32;
    }
}

fn stream(e: &mut Engine, owner: usize, topic: &str, c: &Common, retain: bool, fan: u32) -> Stream {
    let id = e.owner.len() as u32;
    e.owner.push(owner as u32);
    Stream { head: codec::publish_head(topic, c.qos, retain, e.payload_len()), id, seq: 0, fan }
}

fn traffic(r: &mut Report, e: &Engine, c: &Common, m: &Measured) {
    let delivered = m.window.received as f64;
    r.put("rate", c.load.rate);
    r.put("window", if c.qos > 0 { c.window as u64 } else { 0 });
    r.put("e2e", c.e2e as u64);
    r.put("seconds", m.seconds);
    r.put("sent_per_s", m.window.sent as f64 / m.seconds);
    r.put("delivered_per_s", delivered / m.seconds);
    let cpu = m.after.cpu_s - m.before.cpu_s;
    r.put("broker_cpu_s", cpu);
    r.put("broker_cores", cpu / m.seconds);
    r.put("cpu_s_per_million", cpu / delivered * 1e6);
    for (k, q) in [("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999)] {
        r.put(k, e.latency.quantile(q) as f64 / 1e3);
    }
    r.put("max_us", e.latency.max() as f64 / 1e3);
    r.put("send_lag_p99_us", m.lag_p99_ns as f64 / 1e3);
    r.put("generator_cpu_s", m.gen_cpu_s);
    losses(r, e);
    memory(r, &m.after);
}

fn losses(r: &mut Report, e: &Engine) {
    r.put("expected", e.expected);
    r.put("received", e.counts.received);
    r.put("lost", e.expected.saturating_sub(e.counts.received - e.counts.dup));
    r.put("late", e.counts.late);
    r.put("dup", e.counts.dup);
    r.put("disconnects", e.counts.closed);
    r.put("refused", e.counts.refused);
}

fn memory(r: &mut Report, u: &Usage) {
    r.put("rss_mib", u.rss_kib as f64 / 1024.0);
    r.put("peak_mib", u.peak_kib as f64 / 1024.0);
}

pub fn run(a: &mut Args) -> Res<Report> {
    match a.scenario.as_str() {
        "fanin" => traffic::fanin(a),
        "fanout" => traffic::fanout(a),
        "pairs" => traffic::pairs(a),
        "shared-wild" => traffic::wild(a),
        "idle" => held::idle(a),
        "connect" => held::connect(a),
        "retained" => kept::retained(a),
        "offline" => kept::offline(a),
        "fill" => kept::fill(a),
        "shadow" => shadow::shadow(a),
        s => Err(format!("no such scenario: {s}")),
    }
}
