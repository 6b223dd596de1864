//! What happens to clients in, their records out, bounded in number and in bytes: the longest silent go first.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use broker::ScopeId;
use registry::CertificateId;

use super::LONGEST_NAME_BYTES;
use super::record::{Record, Trouble};

/// Clients that are remembered.
const CLIENTS: usize = 10_000;
/// Bytes of all records together, about.
const BYTES: usize = 64 * 1024 * 1024;

/// An account and region, and a client id there.
pub(crate) type Key = (ScopeId, Arc<str>);

/// Whose happening it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) scope: ScopeId,
    pub(crate) client: Arc<str>,
    pub(crate) certificate: Option<CertificateId>,
}

/// All records.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    records: HashMap<Key, Record>,
    bytes: usize,
    scopes: BTreeSet<ScopeId>,
    /// Those whose stored form is not the latest, or that have to go from the store.
    changed: HashSet<Key>,
}

impl Clients {
    /// Enters something into a client's record.
    pub(crate) fn enter(&self, who: &Who, happened: impl FnOnce(&mut Record)) {
        if who.client.is_empty() || who.client.len() > LONGEST_NAME_BYTES {
            return;
        }
        let mut table = self.lock();
        table.enter(&(who.scope, who.client.clone()), |record| {
            if let Some(id) = &who.certificate {
                record.certificate = Some(id.to_string());
            }
            happened(record);
        });
    }

    /// As `enter`, for a client that may be known in some scope; one that is not known nowhere is left alone.
    pub(crate) fn trouble(&self, scope: Option<ScopeId>, client: &Arc<str>, trouble: Trouble, now_ms: u64) {
        let mut table = self.lock();
        let scopes = table.scopes.iter().copied();
        let known: Vec<Key> = scopes
            .filter(|known| scope.is_none_or(|scope| scope == *known))
            .map(|scope| (scope, client.clone()))
            .filter(|key| table.records.contains_key(key))
            .collect();
        if let [key] = known.as_slice() {
            table.enter(key, |record| record.troubled(trouble, now_ms));
        }
    }

    #[cfg(test)]
    pub(crate) fn find(&self, scope: ScopeId, client: &str) -> Option<Record> {
        self.lock().records.get(&(scope, client.into())).cloned()
    }

    /// Visits everybody in a scope.
    pub(crate) fn each(&self, scope: ScopeId, mut visit: impl FnMut(&Arc<str>, &Record)) {
        let table = self.lock();
        let here = table.records.iter().filter(|((at, _), _)| *at == scope);
        here.for_each(|((_, client), record)| visit(client, record));
    }

    /// What was stored by the process before this one.
    pub(crate) fn restore(&self, key: Key, record: Record) {
        let mut table = self.lock();
        table.enter(&key, |entered| *entered = Record { is_stored: true, ..record });
        table.changed.remove(&key);
    }

    /// At most so many that have to be written; none: its record is gone.
    pub(crate) fn take_changed(&self, most: usize) -> Vec<(Key, Option<Record>)> {
        let mut table = self.lock();
        let keys: Vec<Key> = table.changed.iter().take(most).cloned().collect();
        let taken = keys.into_iter().map(|key| {
            table.changed.remove(&key);
            let record = table.records.get_mut(&key).map(|record| {
                record.is_stored = true;
                record.clone()
            });
            (key, record)
        });
        taken.collect()
    }

    /// They could not be written.
    pub(crate) fn put_back(&self, keys: impl IntoIterator<Item = Key>) {
        self.lock().changed.extend(keys);
    }

    pub(crate) fn forget(&self) {
        *self.lock() = Table::default();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Table {
    fn enter(&mut self, key: &Key, happened: impl FnOnce(&mut Record)) {
        if !self.records.contains_key(key) {
            self.make_room();
            self.scopes.insert(key.0);
        }
        let record = self.records.entry(key.clone()).or_insert_with(|| {
            let new = Record::default();
            self.bytes += new.weight() + key.1.len();
            new
        });
        let before = record.weight();
        happened(record);
        self.bytes = (self.bytes + record.weight()).saturating_sub(before);
        self.changed.insert(key.clone());
    }

    /// A tenth goes at once, so that a crowd of new clients does not search for one victim each.
    fn make_room(&mut self) {
        if self.records.len() < CLIENTS && self.bytes < BYTES {
            return;
        }
        let rank = |(key, record): (&Key, &Record)| (record.link.is_some(), record.heard_ms, key.clone());
        let mut silent: Vec<(bool, u64, Key)> = self.records.iter().map(rank).collect();
        let count = (silent.len() / 10).max(1).min(silent.len());
        if count == 0 {
            return;
        }
        silent.select_nth_unstable_by(count - 1, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        for (_, _, key) in silent.into_iter().take(count) {
            let Some(record) = self.records.remove(&key) else { continue };
            self.bytes = self.bytes.saturating_sub(record.weight() + key.1.len());
            // What the store does not know needs no deleting, however many come and go.
            if record.is_stored {
                self.changed.insert(key);
            } else {
                self.changed.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(client: &str) -> Who {
        Who { scope: ScopeId(0), client: client.into(), certificate: None }
    }

    #[test]
    fn the_longest_silent_make_room_and_leave_the_store() {
        let clients = Clients::default();
        for number in 0..CLIENTS as u64 {
            clients.enter(&who(&format!("c{number}")), |record| record.heard_ms = number);
        }
        while !clients.take_changed(1000).is_empty() {}
        clients.enter(&who("new"), |record| record.heard_ms = 1_000_000);
        assert!(clients.find(ScopeId(0), "c0").is_none() && clients.find(ScopeId(0), "c999").is_none());
        assert!(clients.find(ScopeId(0), "c1000").is_some() && clients.find(ScopeId(0), "new").is_some());
        let changed = clients.take_changed(10_000);
        assert_eq!(changed.iter().filter(|(_, record)| record.is_none()).count(), CLIENTS / 10);
        assert_eq!(changed.iter().filter(|(_, record)| record.is_some()).count(), 1);
    }

    #[test]
    fn a_crowd_that_comes_and_goes_leaves_nothing_to_write_but_itself() {
        let clients = Clients::default();
        for number in 0..5 * CLIENTS as u64 {
            clients.enter(&who(&format!("c{number}")), |record| record.heard_ms = number);
        }
        assert!(clients.lock().changed.len() <= CLIENTS);
    }

    #[test]
    fn records_are_bounded_in_bytes() {
        let clients = Clients::default();
        let text = "x".repeat(2000);
        for number in 0..CLIENTS as u64 {
            clients.enter(&who(&format!("c{number}")), |record| {
                for kind in 0..20 {
                    let text = format!("{kind}{text}");
                    record.troubled(Trouble::new("publish denied", "X", &text, None), number);
                }
            });
        }
        let (bytes, held) = {
            let table = clients.lock();
            (
                table.bytes,
                table.records.iter().map(|(key, record)| record.weight() + key.1.len()).sum::<usize>(),
            )
        };
        assert_eq!(bytes, held);
        assert!(bytes <= BYTES + 50_000, "{bytes}");
    }

    #[test]
    fn a_name_in_two_accounts_is_not_mixed_up() {
        let clients = Clients::default();
        let other = Who { scope: ScopeId(1), ..who("a") };
        clients.enter(&who("a"), |_| {});
        clients.enter(&other, |_| {});
        let trouble = || Trouble::new("message dropped", "", "no", None);
        clients.trouble(None, &"a".into(), trouble(), 1);
        let troubles = |scope| clients.find(ScopeId(scope), "a").map(|record| record.troubles.len());
        assert_eq!((troubles(0), troubles(1)), (Some(0), Some(0)));
        clients.trouble(Some(ScopeId(1)), &"a".into(), trouble(), 1);
        assert_eq!((troubles(0), troubles(1)), (Some(0), Some(1)));
    }
}
