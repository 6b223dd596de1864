//! In: a load (rate or window, warm-up, duration). Out: publishes on their way, and what was measured meanwhile.
//! Does not read what arrives: see `frames`.

use std::time::{Duration, Instant};

use super::{BATCH, Counts, Engine, Load, Measured, Phase, Publisher, token};
use crate::hist::Hist;
use crate::proc::{self, Usage};

impl Engine {
    #[inline]
    fn encode(&mut self, i: usize, ts: u64) {
        let c = &mut self.clients[i];
        let (Some(p), Some(conn)) = (&mut c.publisher, &mut c.conn) else {
            return;
        };
        let pid = if p.qos > 0 { Some(p.take_pid()) } else { None };
        let s = &mut p.streams[p.turn];
        let out = &mut conn.out;
        out.extend_from_slice(&s.head);
        if let Some(pid) = pid {
            out.extend_from_slice(&pid.to_be_bytes());
        }
        if self.is_of_shadows {
            token::update(out, ts, s.id, s.seq, &self.payload);
        } else {
            out.extend_from_slice(&ts.to_le_bytes());
            out.extend_from_slice(&s.id.to_le_bytes());
            out.extend_from_slice(&s.seq.to_le_bytes());
            out.extend_from_slice(&self.payload);
        }
        s.seq += 1;
        p.quota -= 1;
        p.owed += s.fan as i64;
        self.expected += s.fan as u64;
        self.counts.sent += 1;
        p.turn += 1;
        if p.turn == p.streams.len() {
            p.turn = 0;
        }
    }

    fn can_send(&self, i: usize) -> bool {
        let c = &self.clients[i];
        c.phase == Phase::Up
            && c.conn.as_ref().is_some_and(|k| k.out.len() < 64 * 1024)
            && c.publisher.as_ref().is_some_and(Publisher::may_send)
    }

    /// As fast as the windows allow: one batch for each ready publisher.
    fn pump_max(&mut self, mut left: u64) {
        for _ in 0..self.ready.len() {
            let Some(i) = self.ready.pop_front() else {
                break;
            };
            let i = i as usize;
            if let Some(p) = &mut self.clients[i].publisher {
                p.queued = false;
            }
            let ts = self.clock();
            let mut n = 0;
            while n < BATCH && left > 0 && self.can_send(i) {
                self.encode(i, ts);
                n += 1;
                left -= 1;
            }
            // A publisher that is not drained is woken by EPOLLOUT.
            if n > 0
                && self.flush(i)
                && self.can_send(i)
                && let Some(p) = &mut self.clients[i].publisher
            {
                Self::wake(&mut self.ready, i as u32, p);
            }
        }
    }

    /// Sends what the schedule says is due; true when all publishers are blocked.
    fn pump_rate(&mut self, pubs: &[u32], turn: &mut usize, due: u64, done: &mut u64) {
        let ts = self.clock();
        while *done < due {
            let Some(step) = (0..pubs.len()).find(|k| {
                let i = pubs[(*turn + k) % pubs.len()];
                self.can_send(i as usize)
            }) else {
                break;
            };
            let i = pubs[(*turn + step) % pubs.len()];
            *turn = (*turn + step + 1) % pubs.len();
            self.encode(i as usize, ts);
            self.touched.push(i);
            *done += 1;
        }
        self.flush_touched();
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one loop: the clock, the schedule and the window depend on each other"
    )]
    pub fn run(&mut self, load: &Load) -> Measured {
        let pubs: Vec<u32> = (0..self.clients.len() as u32)
            .filter(|&i| self.clients[i as usize].publisher.is_some())
            .collect();
        self.ready.clear();
        for &i in &pubs {
            if let Some(p) = &mut self.clients[i as usize].publisher {
                p.queued = false;
                Self::wake(&mut self.ready, i, p);
            }
        }
        let mut lag = Hist::new();
        let ns = |d: Duration| d.as_nanos() as u64;
        let start = self.clock();
        let open_ended = load.total == 0;
        let from = start + if open_ended { ns(load.warmup) } else { 0 };
        let till = if open_ended { from + ns(load.duration) } else { u64::MAX };
        self.sample = from..till;
        let sent0 = self.counts.sent;
        let (mut turn, mut done) = (0, 0u64);
        let mut base: Option<(u64, Counts, Usage, f64)> = None;
        let own = std::process::id();
        let mut progress = (start, self.counts.received);
        // Sending (and measuring).
        let (t1, end, after, gen_cpu) = loop {
            let now = self.clock();
            if base.is_none() && now >= from {
                let u = proc::usage(&self.net.pids);
                base = Some((now, self.counts, u, proc::cpu_seconds(own)));
            }
            let finished = if open_ended {
                now >= till
            } else {
                let sent = self.counts.sent - sent0;
                let acked = pubs
                    .iter()
                    .all(|&i| self.clients[i as usize].publisher.as_ref().is_none_or(|p| p.inflight == 0));
                (sent >= load.total && acked) || now - start > ns(load.duration)
            };
            if finished {
                let u = proc::usage(&self.net.pids);
                break (now, self.counts, u, proc::cpu_seconds(own));
            }
            // Lost messages at the end of a stream never show as gaps: write them off.
            if progress.1 != self.counts.received {
                progress = (now, self.counts.received);
            } else if now - progress.0 > 1_000_000_000 {
                progress.0 = now;
                for &i in &pubs {
                    if let Some(p) = &mut self.clients[i as usize].publisher {
                        p.owed = 0;
                        Self::wake(&mut self.ready, i, p);
                    }
                }
            }
            let mut wait = Duration::from_millis(10);
            if load.rate > 0.0 {
                let due = ((now - start) as f64 * load.rate / 1e9) as u64;
                if done < due {
                    if base.is_some() {
                        lag.record((now - start).saturating_sub((done as f64 / load.rate * 1e9) as u64));
                    }
                    self.pump_rate(&pubs, &mut turn, due, &mut done);
                }
                // Never wake more often than every 100 us.
                let next = start + ((done + 1) as f64 / load.rate * 1e9) as u64;
                let blocked = done < due;
                let us = if blocked { 100_000 } else { next.saturating_sub(self.clock()).max(100_000) };
                wait = wait.min(Duration::from_nanos(us));
            } else {
                let left = if open_ended { u64::MAX } else { load.total - (self.counts.sent - sent0) };
                self.pump_max(left);
                if !self.ready.is_empty() && left > 0 {
                    wait = Duration::ZERO;
                }
            }
            self.poll(wait);
        };
        // Let what is under way arrive.
        let mut quiet = Instant::now();
        let mut seen = self.counts.received;
        while self.counts.received < self.expected && quiet.elapsed() < load.drain {
            self.poll(Duration::from_millis(10));
            if self.counts.received != seen {
                seen = self.counts.received;
                quiet = Instant::now();
            }
        }
        self.sample = 0..0;
        let (t0, begin, before, gen0) = base.expect("the window began");
        Measured {
            seconds: (t1 - t0) as f64 / 1e9,
            window: Counts {
                sent: end.sent - begin.sent,
                acked: end.acked - begin.acked,
                received: end.received - begin.received,
                ..end
            },
            before,
            after,
            gen_cpu_s: gen_cpu - gen0,
            lag_p99_ns: lag.quantile(0.99),
        }
    }
}
