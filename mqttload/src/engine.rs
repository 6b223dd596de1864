//! In: clients and a load. Out: counts, latencies and the broker's usage. Knows no scenario.
//!
//! One thread drives every connection. Every payload starts with a 16-byte header: send time (ns), stream,
//! sequence number. A stream is one (publisher, topic); subscribers check its sequence.

mod client;
mod frames;
mod pump;
mod token;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

pub use self::client::{Client, Phase, Publisher, Seqs, Stream};
use crate::codec;
use crate::hist::Hist;
use crate::net::{Conn, Event, Fill, Poller, Tls};
use crate::proc::Usage;

pub const HEADER: usize = 16;
/// Messages one publisher may send before the next gets its turn.
const BATCH: u32 = 64;
/// Past so many skipped messages, late ones count as doubles.
const MISSING_CAP: usize = 4_000_000;
const SCRATCH: usize = 256 * 1024;

#[derive(Clone)]
pub struct Net {
    pub addr: SocketAddrV4,
    pub tls: Option<Tls>,
    pub login: Option<(String, String)>,
    pub keepalive: u16,
    pub src_ips: u32,
    pub filters_per_subscribe: usize,
    pub pids: Vec<u32>,
}

#[derive(Default, Clone, Copy)]
pub struct Counts {
    pub sent: u64,
    pub acked: u64,
    pub received: u64,
    /// Messages that came after a later one of their stream.
    pub late: u64,
    /// Versions of a shadow that do not follow the one before.
    pub gaps: u64,
    /// Messages that came again.
    pub dup: u64,
    pub stray_acks: u64,
    pub refused: u64,
    pub closed: u64,
    pub connects: u64,
}

pub struct Load {
    pub rate: f64,
    pub warmup: Duration,
    pub duration: Duration,
    pub drain: Duration,
    /// Stop after so many publishes instead of after `duration` (0: off).
    pub total: u64,
}

pub struct Measured {
    pub seconds: f64,
    pub window: Counts,
    pub before: Usage,
    pub after: Usage,
    pub gen_cpu_s: f64,
    pub lag_p99_ns: u64,
}

pub struct Engine {
    pub net: Net,
    pub clients: Vec<Client>,
    /// Publisher by stream.
    pub owner: Vec<u32>,
    pub payload: Vec<u8>,
    /// Payloads are updates of shadows, and what comes back are their replies.
    is_of_shadows: bool,
    pub counts: Counts,
    pub expected: u64,
    pub latency: Hist,
    pub connect_time: Hist,
    /// (client, stream, sequence number) skipped so far.
    missing: HashSet<(u32, u32, u32)>,
    /// Reopen a client as soon as the broker closed it.
    pub churn: bool,
    poller: Poller,
    events: Vec<Event>,
    scratch: Vec<u8>,
    ready: VecDeque<u32>,
    touched: Vec<u32>,
    epoch: Instant,
    sample: std::ops::Range<u64>,
    now: u64,
}

impl Engine {
    pub fn new(net: Net, payload: usize) -> io::Result<Self> {
        // A timed wait must not be rounded up by the default 50 us slack.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1000) };
        Ok(Engine {
            net,
            clients: Vec::new(),
            owner: Vec::new(),
            payload: vec![b'x'; payload.max(HEADER) - HEADER],
            is_of_shadows: false,
            counts: Counts::default(),
            expected: 0,
            latency: Hist::new(),
            connect_time: Hist::new(),
            missing: HashSet::new(),
            churn: false,
            poller: Poller::new()?,
            events: Vec::new(),
            scratch: vec![0; SCRATCH],
            ready: VecDeque::new(),
            touched: Vec::new(),
            epoch: Instant::now(),
            sample: 0..0,
            now: 0,
        })
    }

    pub fn payload_len(&self) -> usize {
        if self.is_of_shadows { token::update_len(self.payload.len()) } else { self.payload.len() + HEADER }
    }

    /// From now on payloads are updates of shadows with so many bytes of text.
    pub fn speak_of_shadows(&mut self, text: usize) {
        self.is_of_shadows = true;
        self.payload = vec![b'x'; text];
    }

    fn clock(&mut self) -> u64 {
        self.now = self.epoch.elapsed().as_nanos() as u64;
        self.now
    }

    pub fn open(&mut self, i: usize) {
        let from = (self.net.src_ips > 1).then(|| {
            let k = (i as u32) % self.net.src_ips;
            Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 2)) + k)
        });
        let c = &mut self.clients[i];
        c.opened = Instant::now();
        match Conn::open(self.net.addr, from, self.net.tls.as_ref()) {
            Ok(mut conn) => {
                codec::connect(&mut conn.out, &c.id, c.clean, self.net.keepalive, self.net.login.as_ref());
                c.phase = Phase::Connecting;
                if self.poller.add(conn.fd(), i).is_err() {
                    c.phase = Phase::Dead;
                }
                c.conn = Some(conn);
            }
            Err(_) => {
                c.phase = Phase::Dead;
                self.counts.refused += 1;
            }
        }
    }

    /// Connects (and subscribes) clients, at most `at_once` at a time.
    /// Returns how many came up before the deadline.
    pub fn open_all(&mut self, which: std::ops::Range<usize>, at_once: usize, limit: Duration) -> usize {
        let deadline = Instant::now() + limit;
        let pending = |c: &Client| matches!(c.phase, Phase::Connecting | Phase::Subscribing(_));
        let mut open: Vec<usize> = Vec::new();
        let mut next = which.start;
        while (next < which.end || !open.is_empty()) && Instant::now() < deadline {
            while open.len() < at_once && next < which.end {
                self.open(next);
                open.push(next);
                next += 1;
            }
            self.poll(Duration::from_millis(20));
            open.retain(|&i| pending(&self.clients[i]));
        }
        which.filter(|&i| self.clients[i].phase == Phase::Up).count()
    }

    /// Sends DISCONNECT and waits for the broker to close.
    pub fn close_all(&mut self, which: std::ops::Range<usize>) {
        for i in which.clone() {
            let c = &mut self.clients[i];
            if let Some(conn) = &mut c.conn {
                conn.out.extend_from_slice(&codec::DISCONNECT);
                conn.finish();
                c.phase = Phase::Closing;
                self.touched.push(i as u32);
            }
        }
        self.flush_touched();
        let deadline = Instant::now() + Duration::from_secs(5);
        while which.clone().any(|i| self.clients[i].phase == Phase::Closing) && Instant::now() < deadline {
            self.poll(Duration::from_millis(20));
        }
        for i in which {
            self.clients[i].conn = None;
            self.clients[i].phase = Phase::Off;
        }
    }

    fn lost(&mut self, i: usize) {
        let c = &mut self.clients[i];
        let wanted = c.phase == Phase::Closing;
        c.conn = None;
        if wanted {
            c.phase = Phase::Off;
        } else {
            if c.phase == Phase::Connecting {
                self.counts.refused += 1;
            }
            c.phase = Phase::Dead;
            self.counts.closed += 1;
        }
        if self.churn {
            self.open(i);
        }
    }

    fn flush_touched(&mut self) {
        let mut list = std::mem::take(&mut self.touched);
        for i in list.drain(..) {
            self.flush(i as usize);
        }
        self.touched = list;
    }

    /// False if the connection is gone or still has bytes to write.
    fn flush(&mut self, i: usize) -> bool {
        let Some(conn) = &mut self.clients[i].conn else {
            return false;
        };
        match conn.flush() {
            Ok(done) => done,
            Err(_) => {
                self.lost(i);
                false
            }
        }
    }

    fn wake(ready: &mut VecDeque<u32>, i: u32, p: &mut Publisher) {
        if !p.queued {
            p.queued = true;
            ready.push_back(i);
        }
    }

    /// One wait for events, and everything that follows from them.
    pub fn poll(&mut self, timeout: Duration) {
        let mut events = std::mem::take(&mut self.events);
        self.poller.wait(timeout, &mut events);
        for ev in &events {
            let i = ev.token;
            if ev.readable {
                self.read(i);
            }
            if ev.writable || self.clients[i].conn.as_ref().is_some_and(|c| !c.out.is_empty()) {
                let done = self.flush(i);
                if let (true, Some(p)) = (done, &mut self.clients[i].publisher) {
                    Self::wake(&mut self.ready, i as u32, p);
                }
            }
        }
        self.events = events;
    }

    fn read(&mut self, i: usize) {
        let mut scratch = std::mem::take(&mut self.scratch);
        while let Some(conn) = &mut self.clients[i].conn {
            match conn.fill(&mut scratch) {
                Ok(Fill::Data(n, more)) => {
                    self.clock();
                    if !self.consume(i, &scratch[..n]) {
                        self.lost(i);
                        break;
                    }
                    if !more {
                        break;
                    }
                }
                Ok(Fill::Block) => break,
                Ok(Fill::Eof) | Err(_) => {
                    self.lost(i);
                    break;
                }
            }
        }
        self.scratch = scratch;
        // TLS may have answered within the read.
        self.flush(i);
    }

    /// Queues a PINGREQ on every client of the range that is up.
    pub fn ping(&mut self, which: impl Iterator<Item = usize>) {
        for i in which {
            if let (Phase::Up, Some(conn)) = (self.clients[i].phase, &mut self.clients[i].conn) {
                conn.out.extend_from_slice(&codec::PINGREQ);
                self.touched.push(i as u32);
            }
        }
        self.flush_touched();
    }
}
