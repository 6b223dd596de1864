//! Messages in flight, in the order of sending: packet id in, entry out. Limits nothing and writes nothing.

use std::collections::VecDeque;

/// What a message in flight waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    AwaitPuback,
    AwaitPubrec,
    AwaitPubcomp,
}

/// One message in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight<'a, T> {
    pub packet_id: u16,
    pub phase: Phase,
    pub sent_ms: u64,
    pub handle: &'a T,
}

#[derive(Debug)]
struct Entry<T> {
    sent_ms: u64,
    handle: T,
    packet_id: u16,
    phase: Phase,
}

#[derive(Debug)]
pub(super) struct Window<T> {
    entries: VecDeque<Entry<T>>,
    /// Whether packet ids rise from front to back, so that a look at the ends or a binary search finds them.
    rising: bool,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), rising: true }
    }
}

impl<T> Window<T> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn push(&mut self, packet_id: u16, phase: Phase, sent_ms: u64, handle: T) {
        self.rising = match self.entries.back() {
            None => true,
            Some(last) => self.rising && last.packet_id < packet_id,
        };
        self.entries.push_back(Entry { sent_ms, handle, packet_id, phase });
    }

    pub(super) fn contains(&self, packet_id: u16) -> bool {
        self.position(packet_id).is_some()
    }

    pub(super) fn phase(&self, packet_id: u16) -> Option<Phase> {
        self.entries.get(self.position(packet_id)?).map(|entry| entry.phase)
    }

    /// Removes the entry when it is in that phase.
    pub(super) fn take(&mut self, packet_id: u16, phase: Phase) -> Option<T> {
        let at = self.position(packet_id)?;
        if self.entries.get(at)?.phase != phase {
            return None;
        }
        self.entries.remove(at).map(|entry| entry.handle)
    }

    /// Moves a QoS 2 message on to its last phase. False: there is none with that packet id.
    pub(super) fn release(&mut self, packet_id: u16) -> bool {
        let entry = self.position(packet_id).and_then(|at| self.entries.get_mut(at));
        match entry {
            Some(entry) if entry.phase != Phase::AwaitPuback => {
                entry.phase = Phase::AwaitPubcomp;
                true
            }
            _ => false,
        }
    }

    pub(super) fn touch(&mut self, packet_id: u16, now_ms: u64) {
        if let Some(entry) = self.position(packet_id).and_then(|at| self.entries.get_mut(at)) {
            entry.sent_ms = now_ms;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = InFlight<'_, T>> {
        self.entries.iter().map(|entry| InFlight {
            packet_id: entry.packet_id,
            phase: entry.phase,
            sent_ms: entry.sent_ms,
            handle: &entry.handle,
        })
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u16, Phase, T)> + '_ {
        self.rising = true;
        self.entries.drain(..).map(|entry| (entry.packet_id, entry.phase, entry.handle))
    }

    /// Acknowledgements nearly always come in order, so the front is looked at first.
    fn position(&self, packet_id: u16) -> Option<usize> {
        let (first, last) = (self.entries.front()?, self.entries.back()?);
        if first.packet_id == packet_id {
            return Some(0);
        }
        if !self.rising {
            return self.entries.iter().position(|entry| entry.packet_id == packet_id);
        }
        if packet_id < first.packet_id || packet_id > last.packet_id {
            return None;
        }
        self.entries.binary_search_by_key(&packet_id, |entry| entry.packet_id).ok()
    }
}
