//! In: options. Out: a report on updates of device shadows: over many things, or of one by many clients.

use std::time::Duration;

use super::{Res, bring_up, common, head, stream, traffic};
use crate::args::Args;
use crate::engine::{Client, Load, Publisher, Seqs};
use crate::hist::Hist;
use crate::proc;
use crate::report::Report;

/// Every thing is updated once, then on and on; subscribers hear what was accepted.
pub(super) fn shadow(a: &mut Args) -> Res<Report> {
    let text: usize = a.num("text", 32)?;
    let (mut e, mut c) = common(a)?;
    let things: usize = a.num("things", 100_000)?;
    let pubs: usize = a.num("pubs", 1000)?;
    let subs: usize = a.num("subs", 1)?;
    a.finish()?;
    c.qos = c.qos.max(1);
    e.speak_of_shadows(text);
    for i in 0..subs {
        let mut s = Client::new(format!("sh-s{i}"));
        s.filters = vec!["$aws/things/+/shadow/update/accepted".into()];
        s.sub_qos = 0;
        s.seqs = Seqs::Range { base: 0, next: vec![0; things.max(pubs)] };
        s.version = (things == 1).then_some(0);
        e.clients.push(s);
    }
    for i in 0..pubs {
        // Of one thing every client is a publisher; of many each has its own.
        let mine: Vec<usize> = if things == 1 { vec![0] } else { (i..things).step_by(pubs).collect() };
        let streams = mine.iter().map(|k| {
            let topic = format!("$aws/things/thing-{k:06}/shadow/update");
            stream(&mut e, subs + i, &topic, &c, false, subs as u32)
        });
        let mut p = Client::new(format!("sh-p{i}"));
        p.publisher = Some(Publisher::new(streams.collect(), c.qos, c.window, c.e2e));
        e.clients.push(p);
    }
    bring_up(&mut e, &c)?;
    let empty = proc::usage(&e.net.pids);
    let made = e.run(&Load { total: things as u64, duration: Duration::from_secs(120), rate: 0.0, ..c.load });
    let full = proc::usage(&e.net.pids);
    // Making them all at once is queueing, and no latency of the updates that follow.
    e.latency = Hist::new();
    let m = e.run(&c.load);
    let mut r = head(a, &c, &e);
    r.put("things", things as u64);
    r.put("pubs", pubs as u64);
    r.put("subs", subs as u64);
    r.put("made_per_s", made.window.acked as f64 / made.seconds);
    r.put("bytes_per_shadow", (full.rss_kib as f64 - empty.rss_kib as f64) * 1024.0 / things as f64);
    r.put("updates_per_s", m.window.acked as f64 / m.seconds);
    let cpu = m.after.cpu_s - m.before.cpu_s;
    r.put("cpu_s_per_million_updates", cpu / m.window.acked as f64 * 1e6);
    r.put("acked", e.counts.acked);
    r.put("version_gaps", e.counts.gaps);
    r.put("version", e.clients.first().and_then(|s| s.version).unwrap_or(0));
    traffic(&mut r, &e, &c, &m);
    Ok(r)
}
