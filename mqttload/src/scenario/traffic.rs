//! In: options. Out: reports on messages from publishers to subscribers: fan-in, fan-out, pairs, wildcards.

use std::collections::HashMap;
use std::time::Instant;

use super::{Res, bring_up, common, head, stream, traffic};
use crate::args::Args;
use crate::engine::{Client, Publisher, Seqs};
use crate::proc;
use crate::report::Report;

pub(super) fn fanin(a: &mut Args) -> Res<Report> {
    let (mut e, c) = common(a)?;
    let pubs: usize = a.num("pubs", 100)?;
    let subs: usize = a.num("subs", 1)?;
    a.finish()?;
    for i in 0..subs {
        let mut s = Client::new(format!("fi-s{i}"));
        s.filters = vec!["fanin/#".into()];
        s.sub_qos = c.qos;
        s.seqs = Seqs::Range { base: 0, next: vec![0; pubs] };
        e.clients.push(s);
    }
    for i in 0..pubs {
        let mut p = Client::new(format!("fi-p{i}"));
        let st =
            stream(&mut e, subs + i, &format!("fanin/line{}/dev{i}/data", i % 10), &c, false, subs as u32);
        p.publisher = Some(Publisher::new(vec![st], c.qos, c.window, c.e2e));
        e.clients.push(p);
    }
    bring_up(&mut e, &c)?;
    let m = e.run(&c.load);
    let mut r = head(a, &c, &e);
    r.put("pubs", pubs as u64);
    r.put("subs", subs as u64);
    traffic(&mut r, &e, &c, &m);
    Ok(r)
}

pub(super) fn fanout(a: &mut Args) -> Res<Report> {
    let (mut e, c) = common(a)?;
    let subs: usize = a.num("subs", 1000)?;
    a.finish()?;
    for i in 0..subs {
        let mut s = Client::new(format!("fo-s{i}"));
        s.filters = vec!["fanout/all".into()];
        s.sub_qos = c.qos;
        s.seqs = Seqs::Range { base: 0, next: vec![0] };
        e.clients.push(s);
    }
    let mut p = Client::new("fo-p".into());
    let st = stream(&mut e, subs, "fanout/all", &c, false, subs as u32);
    p.publisher = Some(Publisher::new(vec![st], c.qos, c.window, c.e2e));
    e.clients.push(p);
    bring_up(&mut e, &c)?;
    let m = e.run(&c.load);
    let mut r = head(a, &c, &e);
    r.put("pubs", 1);
    r.put("subs", subs as u64);
    traffic(&mut r, &e, &c, &m);
    Ok(r)
}

pub(super) fn pairs(a: &mut Args) -> Res<Report> {
    let (mut e, c) = common(a)?;
    let n: usize = a.num("pairs", 100)?;
    a.finish()?;
    for i in 0..n {
        let topic = format!("pairs/{i}/data");
        let mut s = Client::new(format!("pa-s{i}"));
        s.filters = vec![topic];
        s.sub_qos = c.qos;
        s.seqs = Seqs::Range { base: i as u32, next: vec![0] };
        e.clients.push(s);
    }
    for i in 0..n {
        let mut p = Client::new(format!("pa-p{i}"));
        let st = stream(&mut e, n + i, &format!("pairs/{i}/data"), &c, false, 1);
        p.publisher = Some(Publisher::new(vec![st], c.qos, c.window, c.e2e));
        e.clients.push(p);
    }
    bring_up(&mut e, &c)?;
    let m = e.run(&c.load);
    let mut r = head(a, &c, &e);
    r.put("pubs", n as u64);
    r.put("subs", n as u64);
    traffic(&mut r, &e, &c, &m);
    Ok(r)
}

/// xorshift: the same topics in every run.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as u32 % n
    }
}

/// Topics f/SITE/LINE/DEV/t. A client's filters are all of one of three kinds and
/// never overlap, so a client gets at most one copy of a message:
/// f/SITE/+/DEV/t, f/SITE/LINE/+/t, f/SITE/LINE/DEV/#.
#[expect(
    clippy::too_many_lines,
    reason = "topics are drawn from one sequence, so that every run has the same"
)]
pub(super) fn wild(a: &mut Args) -> Res<Report> {
    const SITES: u32 = 200;
    const LINES: u32 = 50;
    const DEVS: u32 = 50;
    let (mut e, c) = common(a)?;
    let subs: usize = a.num("subs", 1000)?;
    let per: usize = a.num("filters", 100)?;
    let pubs: usize = a.num("pubs", 20)?;
    let topics: usize = a.num("topics", 2000)?;
    a.finish()?;
    let mut rng = Rng(0x5EED_1234_ABCD);
    let mut count: [HashMap<(u32, u32, u32), u32>; 3] = Default::default();
    for i in 0..subs {
        let kind = i % 3;
        let mut mine: Vec<(u32, u32, u32)> = Vec::with_capacity(per);
        let mut taken = std::collections::HashSet::new();
        while mine.len() < per {
            let mut k = (rng.below(SITES), rng.below(LINES), rng.below(DEVS));
            match kind {
                0 => k.1 = 0,
                1 => k.2 = 0,
                _ => {}
            }
            if taken.insert(k) {
                mine.push(k);
            }
        }
        let mut s = Client::new(format!("wi-s{i}"));
        for k in mine {
            *count[kind].entry(k).or_insert(0) += 1;
            let (site, line, dev) = k;
            s.filters.push(match kind {
                0 => format!("f/site{site}/+/dev{dev}/t"),
                1 => format!("f/site{site}/line{line}/+/t"),
                _ => format!("f/site{site}/line{line}/dev{dev}/#"),
            });
        }
        s.sub_qos = c.qos;
        s.seqs = Seqs::Map(HashMap::default());
        e.clients.push(s);
    }
    let get = |kind: usize, k| count[kind].get(&k).copied().unwrap_or(0);
    let mut total_fan = 0u64;
    let mut used = std::collections::HashSet::new();
    for i in 0..pubs {
        let owner = subs + i;
        let mut streams = Vec::new();
        while streams.len() < topics / pubs {
            let (s, l, d) = (rng.below(SITES), rng.below(LINES), rng.below(DEVS));
            let fan = get(0, (s, 0, d)) + get(1, (s, l, 0)) + get(2, (s, l, d));
            if fan == 0 || !used.insert((s, l, d)) {
                continue;
            }
            total_fan += fan as u64;
            let t = format!("f/site{s}/line{l}/dev{d}/t");
            streams.push(stream(&mut e, owner, &t, &c, false, fan));
        }
        let mut p = Client::new(format!("wi-p{i}"));
        p.publisher = Some(Publisher::new(streams, c.qos, c.window, c.e2e));
        e.clients.push(p);
    }
    let empty = proc::usage(&e.net.pids);
    let t = Instant::now();
    bring_up(&mut e, &c)?;
    let sub_s = t.elapsed().as_secs_f64();
    let loaded = proc::usage(&e.net.pids);
    let m = e.run(&c.load);
    let mut r = head(a, &c, &e);
    r.put("pubs", pubs as u64);
    r.put("subs", subs as u64);
    r.put("filters_total", (subs * per) as u64);
    r.put("mean_fan", total_fan as f64 / e.owner.len() as f64);
    r.put("subscribe_s", sub_s);
    r.put("subscribe_cpu_s", loaded.cpu_s - empty.cpu_s);
    r.put("bytes_per_filter", (loaded.rss_kib as f64 - empty.rss_kib as f64) * 1024.0 / (subs * per) as f64);
    traffic(&mut r, &e, &c, &m);
    Ok(r)
}
