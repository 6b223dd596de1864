//! In: options. Out: reports on what a broker keeps: retained messages, and queues of clients that are away.

use std::time::{Duration, Instant};

use super::{Res, common, head, losses, memory, spread, stream};
use crate::args::Args;
use crate::engine::{Client, Load, Phase, Publisher, Seqs};
use crate::proc;
use crate::report::Report;

pub(super) fn retained(a: &mut Args) -> Res<Report> {
    let (mut e, mut c) = common(a)?;
    let topics: usize = a.num("topics", 100_000)?;
    let subs: usize = a.num("subs", 10)?;
    let pubs: usize = a.num("pubs", 4)?;
    a.finish()?;
    c.qos = c.qos.max(1);
    for i in 0..pubs {
        let mut streams = Vec::new();
        for k in (i..topics).step_by(pubs) {
            let t = format!("ret/g{}/dev{k}/state", k % 100);
            streams.push(stream(&mut e, i, &t, &c, true, 0));
        }
        let mut p = Client::new(format!("re-p{i}"));
        let mut publisher = Publisher::new(streams, c.qos, c.window, 0);
        publisher.quota = publisher.streams.len() as u64;
        p.publisher = Some(publisher);
        e.clients.push(p);
    }
    for i in 0..subs {
        let mut s = Client::new(format!("re-s{i}"));
        s.filters = vec!["ret/+/+/state".into()];
        s.sub_qos = 0;
        e.clients.push(s);
    }
    let up = e.open_all(0..pubs, c.at_once, Duration::from_secs(10));
    if up < pubs {
        return Err(format!("{up} of {pubs} publishers came up"));
    }
    let m = e.run(&Load { total: topics as u64, duration: Duration::from_secs(60), ..c.load });
    // A broker may acknowledge before the message is stored.
    let t = Instant::now();
    while t.elapsed() < Duration::from_secs(1) {
        e.poll(Duration::from_millis(10));
    }
    let set_cpu = m.after.cpu_s - m.before.cpu_s;
    let stored = proc::usage(&e.net.pids);
    e.counts.received = 0;
    let want = (topics * subs) as u64;
    let t0 = Instant::now();
    e.open_all(pubs..pubs + subs, c.at_once, Duration::from_secs(20));
    let (mut last, mut seen) = (Instant::now(), 0);
    while e.counts.received < want && last.elapsed() < Duration::from_secs(3) {
        e.poll(Duration::from_millis(10));
        if e.counts.received != seen {
            seen = e.counts.received;
            last = Instant::now();
        }
    }
    let took = last.duration_since(t0).as_secs_f64();
    let replayed = proc::usage(&e.net.pids);
    let got = e.counts.received as f64;
    let mut r = head(a, &c, &e);
    r.put("topics", topics as u64);
    r.put("subs", subs as u64);
    r.put("acked", e.counts.acked);
    r.put("set_per_s", e.counts.acked as f64 / m.seconds);
    r.put("set_cpu_s_per_million", set_cpu / e.counts.acked as f64 * 1e6);
    r.put("bytes_per_retained", (stored.rss_kib as f64 - m.before.rss_kib as f64) * 1024.0 / topics as f64);
    r.put("replay_s", took);
    r.put("replayed_per_s", got / took);
    r.put("replay_cpu_s_per_million", (replayed.cpu_s - stored.cpu_s) / got * 1e6);
    r.put("expected", want);
    r.put("received", e.counts.received);
    r.put("lost", want.saturating_sub(e.counts.received));
    r.put("disconnects", e.counts.closed);
    memory(&mut r, &replayed);
    Ok(r)
}

#[expect(clippy::too_many_lines, reason = "one story in order: sessions, queueing, draining")]
pub(super) fn offline(a: &mut Args) -> Res<Report> {
    let (mut e, mut c) = common(a)?;
    let n: usize = a.num("sessions", 1000)?;
    let messages: usize = a.num("messages", 200_000)?;
    let pubs: usize = a.num("pubs", 4)?;
    a.finish()?;
    c.qos = 1;
    for i in 0..n {
        let mut s = Client::new(format!("of-s{i}"));
        s.filters = vec![format!("off/{i}/cmd")];
        s.sub_qos = 1;
        s.seqs = Seqs::Range { base: 0, next: vec![0; n] };
        e.clients.push(s);
    }
    for i in 0..pubs {
        let mut streams = Vec::new();
        for k in (i..n).step_by(pubs) {
            streams.push(stream(&mut e, n + i, &format!("off/{k}/cmd"), &c, false, 1));
        }
        let mut p = Client::new(format!("of-p{i}"));
        p.publisher = Some(Publisher::new(streams, c.qos, c.window, 0));
        e.clients.push(p);
    }
    // Streams were numbered publisher by publisher: one check slot is enough.
    for p in 0..pubs {
        let ids: Vec<(usize, u32)> = {
            let streams = &e.clients[n + p].publisher.as_ref().expect("a publisher").streams;
            (p..n).step_by(pubs).zip(streams.iter().map(|s| s.id)).collect()
        };
        for (k, id) in ids {
            e.clients[k].seqs = Seqs::Range { base: id, next: vec![0] };
        }
    }
    // Forget old sessions, make new ones, leave.
    e.open_all(0..n, c.at_once, Duration::from_secs(60));
    e.close_all(0..n);
    for s in &mut e.clients[..n] {
        s.clean = false;
    }
    let up = e.open_all(0..n + pubs, c.at_once, Duration::from_secs(60));
    if up < n + pubs {
        return Err(format!("{up} of {} clients came up", n + pubs));
    }
    e.close_all(0..n);
    let t = Instant::now();
    while t.elapsed() < Duration::from_millis(500) {
        e.poll(Duration::from_millis(10));
    }
    let load =
        Load { total: messages as u64, duration: Duration::from_secs(120), drain: Duration::ZERO, ..c.load };
    let m = e.run(&load);
    let stored = proc::usage(&e.net.pids);
    let (acked, early) = (e.counts.acked, e.counts.received);
    for s in &mut e.clients[..n] {
        s.filters.clear();
    }
    let t0 = Instant::now();
    e.open_all(0..n, c.at_once, Duration::from_secs(60));
    let (mut last, mut seen) = (Instant::now(), e.counts.received);
    while e.counts.received < e.expected && last.elapsed() < Duration::from_secs(4) {
        e.poll(Duration::from_millis(10));
        if e.counts.received != seen {
            seen = e.counts.received;
            last = Instant::now();
        }
    }
    let took = last.duration_since(t0).as_secs_f64();
    let drained = proc::usage(&e.net.pids);
    let got = (e.counts.received - early) as f64;
    let mut r = head(a, &c, &e);
    r.put("sessions", n as u64);
    r.put("messages", messages as u64);
    r.put("window", c.window as u64);
    r.put("acked", acked);
    r.put("queue_per_s", acked as f64 / m.seconds);
    let cpu = m.after.cpu_s - m.before.cpu_s;
    r.put("queue_cpu_s_per_million", cpu / acked as f64 * 1e6);
    r.put("bytes_per_queued", (stored.rss_kib as f64 - m.before.rss_kib as f64) * 1024.0 / messages as f64);
    r.put("drain_s", took);
    r.put("drained_per_s", got / took);
    r.put("drain_cpu_s_per_million", (drained.cpu_s - stored.cpu_s) / got * 1e6);
    losses(&mut r, &e);
    memory(&mut r, &stored);
    // Leave nothing behind.
    e.close_all(0..n);
    for s in &mut e.clients[..n] {
        s.clean = true;
    }
    e.open_all(0..n, c.at_once, Duration::from_secs(60));
    debug_assert!(e.clients.iter().all(|c| c.phase != Phase::Connecting));
    e.close_all(0..n + pubs);
    Ok(r)
}

/// Makes sessions that stay, wave after wave, and queues messages to all of them; leaves it all there.
pub(super) fn fill(a: &mut Args) -> Res<Report> {
    let (mut e, mut c) = common(a)?;
    let sessions: usize = a.num("sessions", 100_000)?;
    let messages: u64 = a.num("messages", 1_000_000)?;
    let wave: usize = a.num("wave", 5000)?;
    let pubs: usize = a.num("pubs", 20)?;
    a.finish()?;
    c.qos = 1;
    spread(&mut e, wave);
    let began = Instant::now();
    for i in 0..sessions {
        let mut s = Client::new(format!("fill-s{i}"));
        s.clean = false;
        s.filters = vec![format!("fill/{i}/cmd")];
        s.sub_qos = 1;
        e.clients.push(s);
    }
    for first in (0..sessions).step_by(wave.max(1)) {
        let which = first..(first + wave).min(sessions);
        let wanted = which.len();
        let up = e.open_all(which.clone(), c.at_once, Duration::from_secs(60));
        if up < wanted {
            return Err(format!("{up} of {wanted} sessions came up"));
        }
        e.close_all(which);
    }
    let sessions_s = began.elapsed().as_secs_f64();
    for i in 0..pubs {
        let topics = (i..sessions).step_by(pubs);
        let streams =
            topics.map(|k| stream(&mut e, sessions + i, &format!("fill/{k}/cmd"), &c, false, 0)).collect();
        let mut p = Client::new(format!("fill-p{i}"));
        p.publisher = Some(Publisher::new(streams, 1, c.window, 0));
        e.clients.push(p);
    }
    let up = e.open_all(sessions..sessions + pubs, c.at_once, Duration::from_secs(10));
    if up < pubs {
        return Err(format!("{up} of {pubs} publishers came up"));
    }
    let m =
        e.run(&Load { total: messages, duration: Duration::from_secs(300), drain: Duration::ZERO, ..c.load });
    let mut r = head(a, &c, &e);
    r.put("sessions", sessions as u64);
    r.put("sessions_s", sessions_s);
    r.put("messages", messages);
    r.put("acked", e.counts.acked);
    r.put("queue_per_s", e.counts.acked as f64 / m.seconds);
    memory(&mut r, &m.after);
    Ok(r)
}
