//! In: options. Out: reports on connections: held idle, or made and ended again and again. Sends no messages.

use std::time::{Duration, Instant};

use super::{Res, bring_up, common, head, memory};
use crate::args::Args;
use crate::engine::{Client, Engine};
use crate::proc;
use crate::report::Report;

pub(super) fn idle(a: &mut Args) -> Res<Report> {
    let (mut e, c) = common(a)?;
    let n: usize = a.num("conns", 10_000)?;
    let hold = a.secs("hold", 5.0)?;
    let ping: f64 = a.num("ping", 0.0)?;
    let filters: usize = a.num("filters", 1)?;
    a.finish()?;
    for i in 0..n {
        let mut s = Client::new(format!("idle-{i:06}"));
        s.filters = (0..filters).map(|k| format!("idle/dev{i}/cmd{k}")).collect();
        e.clients.push(s);
    }
    let empty = proc::usage(&e.net.pids);
    let t = Instant::now();
    bring_up(&mut e, &c)?;
    let up_s = t.elapsed().as_secs_f64();
    let opened = proc::usage(&e.net.pids);
    let start = Instant::now();
    let mut pinged = 0usize;
    while start.elapsed() < hold {
        if ping > 0.0 {
            let due = (start.elapsed().as_secs_f64() * n as f64 / ping) as usize;
            e.ping((pinged..due).map(|k| k % n));
            pinged = due;
        }
        e.poll(Duration::from_millis(10));
    }
    let held = proc::usage(&e.net.pids);
    let mut r = head(a, &c, &e);
    r.put("conns", n as u64);
    r.put("filters_each", filters as u64);
    r.put("up_s", up_s);
    r.put("up_per_s", n as f64 / up_s);
    r.put("connect_cpu_ms_each", (opened.cpu_s - empty.cpu_s) * 1e3 / n as f64);
    r.put("hold_s", hold.as_secs_f64());
    r.put("pings", pinged as u64);
    r.put("hold_cpu_s", held.cpu_s - opened.cpu_s);
    r.put("rss_before_mib", empty.rss_kib as f64 / 1024.0);
    r.put("bytes_per_conn", (held.rss_kib as f64 - empty.rss_kib as f64) * 1024.0 / n as f64);
    r.put("disconnects", e.counts.closed);
    memory(&mut r, &held);
    Ok(r)
}

pub(super) fn connect(a: &mut Args) -> Res<Report> {
    let (mut e, c) = common(a)?;
    a.finish()?;
    e.net.src_ips = if e.net.addr.ip().is_loopback() { 8 } else { 1 };
    for i in 0..c.at_once {
        e.clients.push(Client::new(format!("co-{i}")));
    }
    e.churn = true;
    for i in 0..c.at_once {
        e.open(i);
    }
    let spin = |e: &mut Engine, d: Duration| {
        let t = Instant::now();
        while t.elapsed() < d {
            e.poll(Duration::from_millis(5));
        }
        t.elapsed().as_secs_f64()
    };
    spin(&mut e, c.load.warmup);
    e.connect_time = crate::hist::Hist::new();
    let (before, counts, own) = (proc::usage(&e.net.pids), e.counts, proc::cpu_seconds(std::process::id()));
    let seconds = spin(&mut e, c.load.duration);
    let after = proc::usage(&e.net.pids);
    let n = (e.counts.connects - counts.connects) as f64;
    e.churn = false;
    let mut r = head(a, &c, &e);
    r.put("at_once", c.at_once as u64);
    r.put("seconds", seconds);
    r.put("connects_per_s", n / seconds);
    r.put("broker_cores", (after.cpu_s - before.cpu_s) / seconds);
    r.put("cpu_ms_per_connect", (after.cpu_s - before.cpu_s) * 1e3 / n);
    r.put("generator_cpu_s", proc::cpu_seconds(std::process::id()) - own);
    r.put("p50_us", e.connect_time.quantile(0.5) as f64 / 1e3);
    r.put("p99_us", e.connect_time.quantile(0.99) as f64 / 1e3);
    r.put("failed", e.counts.refused - counts.refused);
    memory(&mut r, &after);
    Ok(r)
}
