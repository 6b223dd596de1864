//! In: what a client is to do. Out: its state: filters, windows, packet ids, next sequence numbers. Does no I/O.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use crate::net::Conn;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Off,
    Connecting,
    Subscribing(u32),
    Up,
    Closing,
    Dead,
}

#[derive(Default)]
pub struct IdHash(u64);

impl Hasher for IdHash {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u32 keys")
    }
    fn write_u32(&mut self, v: u32) {
        self.0 = (v as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Next expected sequence number by stream.
pub enum Seqs {
    Unchecked,
    Range { base: u32, next: Vec<u32> },
    Map(HashMap<u32, u32, BuildHasherDefault<IdHash>>),
}

pub struct Stream {
    pub head: Vec<u8>,
    pub id: u32,
    pub seq: u32,
    /// Deliveries that one publish causes.
    pub fan: u32,
}

pub struct Publisher {
    pub streams: Vec<Stream>,
    pub turn: usize,
    pub qos: u8,
    pub window: u32,
    /// Publishes still allowed in all.
    pub quota: u64,
    pub(super) inflight: u32,
    pub(super) next_pid: u16,
    pub(super) busy: Box<[u64]>,
    /// Deliveries still owed to subscribers.
    pub(super) owed: i64,
    /// End-to-end cap: publishes not yet delivered everywhere (0: none).
    pub(super) e2e: u32,
    pub(super) queued: bool,
}

impl Publisher {
    pub fn new(streams: Vec<Stream>, qos: u8, window: u32, e2e: u32) -> Self {
        let busy = if qos > 0 { vec![0; 1024].into() } else { Box::default() };
        Publisher {
            streams,
            turn: 0,
            qos,
            window,
            quota: u64::MAX,
            inflight: 0,
            next_pid: 1,
            busy,
            owed: 0,
            e2e,
            queued: false,
        }
    }

    #[inline]
    pub(super) fn may_send(&self) -> bool {
        if self.quota == 0 || self.qos > 0 && self.inflight >= self.window {
            return false;
        }
        let fan = self.streams[self.turn].fan as i64;
        self.e2e == 0 || self.owed < self.e2e as i64 * fan.max(1)
    }

    #[inline]
    pub(super) fn take_pid(&mut self) -> u16 {
        loop {
            let p = self.next_pid;
            self.next_pid = if p == u16::MAX { 1 } else { p + 1 };
            let (w, b) = (p as usize / 64, 1u64 << (p % 64));
            if self.busy[w] & b == 0 {
                self.busy[w] |= b;
                self.inflight += 1;
                return p;
            }
        }
    }

    /// False for an acknowledgement of nothing.
    pub(super) fn ack(&mut self, p: u16) -> bool {
        let (w, b) = (p as usize / 64, 1u64 << (p % 64));
        let known = self.busy[w] & b != 0;
        if known {
            self.busy[w] &= !b;
            self.inflight -= 1;
        }
        known
    }
}

pub struct Client {
    pub id: String,
    pub clean: bool,
    pub filters: Vec<String>,
    pub sub_qos: u8,
    pub seqs: Seqs,
    /// The latest version of the one shadow it hears of.
    pub version: Option<u64>,
    pub publisher: Option<Publisher>,
    pub conn: Option<Conn>,
    pub phase: Phase,
    pub(super) opened: Instant,
}

impl Client {
    pub fn new(id: String) -> Self {
        Client {
            id,
            clean: true,
            filters: Vec::new(),
            sub_qos: 0,
            seqs: Seqs::Unchecked,
            version: None,
            publisher: None,
            conn: None,
            phase: Phase::Off,
            opened: Instant::now(),
        }
    }
}
