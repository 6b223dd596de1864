//! In: bytes from the broker. Out: counts, latencies, and acknowledgements queued to be written. Sends no publishes.

use super::{Engine, HEADER, MISSING_CAP, Phase, Seqs, token};
use crate::codec::{self, Parsed};

impl Engine {
    pub(super) fn consume(&mut self, i: usize, data: &[u8]) -> bool {
        let Some(conn) = &mut self.clients[i].conn else {
            return true;
        };
        let mut joined = std::mem::take(&mut conn.partial);
        let whole: &[u8] = if joined.is_empty() {
            data
        } else {
            joined.extend_from_slice(data);
            &joined
        };
        let mut at = 0;
        loop {
            match codec::parse(&whole[at..]) {
                Parsed::Frame(f, used) => {
                    at += used;
                    if !self.frame(i, &f) {
                        return false;
                    }
                }
                Parsed::NeedMore => break,
                Parsed::Malformed => return false,
            }
        }
        let rest = &whole[at..];
        if let (false, Some(conn)) = (rest.is_empty(), &mut self.clients[i].conn) {
            conn.partial = rest.to_vec();
        }
        true
    }

    fn frame(&mut self, i: usize, f: &codec::Frame) -> bool {
        match f.kind {
            codec::PUBLISH => return self.delivered(i, f),
            codec::PUBACK => {
                let c = &mut self.clients[i];
                let (Some(p), Some(pid)) = (&mut c.publisher, f.ack_id()) else {
                    return false;
                };
                if p.ack(pid) {
                    self.counts.acked += 1;
                    Self::wake(&mut self.ready, i as u32, p);
                } else {
                    self.counts.stray_acks += 1;
                }
            }
            codec::CONNACK => {
                if f.body.get(1) != Some(&0) {
                    self.counts.refused += 1;
                    return false;
                }
                self.counts.connects += 1;
                let per = self.net.filters_per_subscribe.max(1);
                let c = &mut self.clients[i];
                let ns = c.opened.elapsed().as_nanos() as u64;
                self.connect_time.record(ns);
                let Some(conn) = &mut c.conn else { return true };
                let mut packets = 0;
                for chunk in c.filters.chunks(per) {
                    packets += 1;
                    codec::subscribe(&mut conn.out, packets as u16, chunk, c.sub_qos);
                }
                c.phase = match packets {
                    0 => Phase::Up,
                    n => Phase::Subscribing(n),
                };
                if self.churn {
                    conn.out.extend_from_slice(&codec::DISCONNECT);
                    conn.finish();
                    c.phase = Phase::Closing;
                }
            }
            codec::SUBACK => {
                if f.body.get(2..).is_none_or(|codes| codes.contains(&0x80)) {
                    self.counts.refused += 1;
                }
                let c = &mut self.clients[i];
                if let Phase::Subscribing(n) = c.phase {
                    c.phase = if n == 1 { Phase::Up } else { Phase::Subscribing(n - 1) };
                }
            }
            codec::PINGRESP => {}
            _ => return false,
        }
        true
    }

    #[inline]
    fn delivered(&mut self, i: usize, f: &codec::Frame) -> bool {
        let Some((pid, payload)) = f.publish() else {
            return false;
        };
        let c = &mut self.clients[i];
        if let (Some(pid), Some(conn)) = (pid, &mut c.conn) {
            codec::puback(&mut conn.out, pid);
        }
        let read = if self.is_of_shadows { token::reply(payload) } else { header(payload) };
        let Some((ts, stream, seq, version)) = read else { return true };
        if let Some(latest) = &mut c.version {
            self.counts.gaps += u64::from(version != *latest + 1);
            *latest = version;
        }
        self.counts.received += 1;
        if self.sample.contains(&ts) {
            self.latency.record(self.now.saturating_sub(ts));
        }
        let want = match &mut c.seqs {
            Seqs::Unchecked => return true,
            Seqs::Range { base, next } => next.get_mut(stream.wrapping_sub(*base) as usize),
            Seqs::Map(m) => Some(m.entry(stream).or_insert(0)),
        };
        let Some(want) = want else { return false };
        let settled = if seq >= *want {
            let first = *want;
            *want = seq + 1;
            if first < seq && self.missing.len() < MISSING_CAP {
                self.missing.extend((first..seq).map(|s| (i as u32, stream, s)));
            }
            (seq - first) as i64 + 1
        } else {
            if self.missing.remove(&(i as u32, stream, seq)) {
                self.counts.late += 1;
            } else {
                self.counts.dup += 1;
            }
            0
        };
        let Some(&o) = self.owner.get(stream as usize) else {
            return true;
        };
        if let Some(p) = &mut self.clients[o as usize].publisher {
            p.owed -= settled;
            if p.e2e > 0 && p.may_send() {
                Self::wake(&mut self.ready, o, p);
            }
        }
        true
    }
}

/// Time, stream and sequence number at the beginning of a payload; no version.
fn header(payload: &[u8]) -> Option<(u64, u32, u32, u64)> {
    let (head, _) = payload.split_first_chunk::<HEADER>()?;
    let ts = u64::from_le_bytes(head[..8].try_into().unwrap());
    let stream = u32::from_le_bytes(head[8..12].try_into().unwrap());
    let seq = u32::from_le_bytes(head[12..].try_into().unwrap());
    Some((ts, stream, seq, 0))
}
