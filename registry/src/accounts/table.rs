//! Records of one kind by account and name: committed ones, and changes on top of them. Knows nothing of their meaning.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Batch, Expect, Reader};

use crate::{OpenError, Scope, limits};

/// The format written by this version.
const FORMAT: u32 = 1;

/// What belongs to an account as a whole is kept beside its regions, under this name.
pub(super) const REGION: &str = "aws-global";

pub(super) trait Record: Clone + Serialize + DeserializeOwned {
    /// Stands in the key between scope and name.
    const KIND: &'static str;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table<R> {
    accounts: BTreeMap<String, BTreeMap<String, Row<R>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row<R> {
    record: Arc<R>,
    revision: u64,
}

/// `None` is a record that is deleted.
type Wishes<R> = BTreeMap<(String, String), Option<Arc<R>>>;

/// Wishes on top of a table.
#[derive(Debug)]
pub(super) struct DraftTable<'a, R> {
    base: &'a Table<R>,
    wishes: Wishes<R>,
}

/// What a table takes over once it is committed.
#[derive(Debug, Clone)]
pub(super) struct TableChange<R> {
    rows: BTreeMap<(String, String), Option<Row<R>>>,
}

#[derive(Serialize)]
struct Written<'a, R> {
    format: u32,
    value: &'a R,
}

#[derive(Deserialize)]
struct Read<R> {
    value: R,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { accounts: BTreeMap::new() }
    }
}

impl<R: Record> Table<R> {
    pub(super) fn find(&self, account: &str, name: &str) -> Option<&R> {
        self.row(account, name).map(|row| row.record.as_ref())
    }

    /// In the order of the names.
    pub(super) fn all<'a>(&'a self, account: &str) -> impl Iterator<Item = &'a R> + use<'a, R> {
        self.accounts.get(account).into_iter().flat_map(|rows| rows.values().map(|row| row.record.as_ref()))
    }

    /// Reads the account's records.
    pub(super) fn read(&mut self, reader: &dyn Reader, scope: &Scope) -> Result<(), OpenError> {
        let prefix = key(scope, R::KIND, "");
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = reader.scan(&prefix, after.as_deref(), limits::SCAN_DOCUMENTS)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for (key, document) in page {
                let damaged = |key, reason: &str| OpenError::Damaged { key, reason: reason.to_owned() };
                let name =
                    key.strip_prefix(prefix.as_slice()).and_then(|name| std::str::from_utf8(name).ok());
                let Some(name) = name.map(str::to_owned) else {
                    return Err(damaged(key, "its name is not text"));
                };
                let record = match decode(&document.value) {
                    Ok(record) => Arc::new(record),
                    Err(Unreadable::Newer(format)) => return Err(OpenError::Newer { key, format }),
                    Err(Unreadable::Damaged(reason)) => return Err(damaged(key, &reason)),
                };
                let row = Row { record, revision: document.revision };
                self.accounts.entry(scope.account().to_owned()).or_default().insert(name, row);
            }
        }
    }

    pub(super) fn draft(&self) -> DraftTable<'_, R> {
        DraftTable { base: self, wishes: BTreeMap::new() }
    }

    pub(super) fn apply(&mut self, change: TableChange<R>) {
        for ((account, name), row) in change.rows {
            let rows = self.accounts.entry(account.clone()).or_default();
            match row {
                Some(row) => rows.insert(name, row),
                None => rows.remove(&name),
            };
            if rows.is_empty() {
                self.accounts.remove(&account);
            }
        }
    }

    fn row(&self, account: &str, name: &str) -> Option<&Row<R>> {
        self.accounts.get(account)?.get(name)
    }
}

impl<R: Record> DraftTable<'_, R> {
    pub(super) fn find(&self, account: &str, name: &str) -> Option<&R> {
        match self.wishes.get(&(account.to_owned(), name.to_owned())) {
            Some(wished) => wished.as_deref(),
            None => self.base.find(account, name),
        }
    }

    /// The wished ones come last.
    pub(super) fn all(&self, account: &str) -> impl Iterator<Item = &R> {
        let base = self.base.accounts.get(account).into_iter().flatten();
        let untouched = base
            .filter(|(name, _)| {
                self.wishes.is_empty() || !self.wishes.contains_key(&(account.to_owned(), (*name).clone()))
            })
            .map(|(_, row)| row.record.as_ref());
        let wished = self.wishes.iter().filter(move |((owner, _), _)| owner == account);
        untouched.chain(wished.filter_map(|(_, record)| record.as_deref()))
    }

    pub(super) fn put(&mut self, account: &str, name: &str, record: R) {
        self.wishes.insert((account.to_owned(), name.to_owned()), Some(Arc::new(record)));
    }

    pub(super) fn remove(&mut self, account: &str, name: &str) {
        self.wishes.insert((account.to_owned(), name.to_owned()), None);
    }

    /// Adds the writes. What was created and removed again leaves none.
    pub(super) fn finish(self, writes: &mut Batch) -> TableChange<R> {
        let mut rows = BTreeMap::new();
        for ((account, name), wished) in self.wishes {
            let stored = self.base.row(&account, &name).map(|row| row.revision);
            let scope =
                Scope::new(account.as_str(), REGION).expect("accounts are checked when a wish names one");
            let key = key(&scope, R::KIND, &name);
            let row = match (stored, wished) {
                (None, None) => continue,
                (Some(revision), None) => {
                    writes.delete(key, Expect::Revision(revision));
                    None
                }
                (Some(revision), Some(record)) => {
                    writes.put(key, encode(record.as_ref()), Expect::Revision(revision));
                    Some(Row { record, revision: revision.saturating_add(1) })
                }
                (None, Some(record)) => {
                    writes.put(key, encode(record.as_ref()), Expect::Absent);
                    Some(Row { record, revision: 1 })
                }
            };
            rows.insert((account, name), row);
        }
        TableChange { rows }
    }
}

impl<R> TableChange<R> {
    /// What was put, or removed, by account and name.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.rows.iter().map(|((account, name), row)| (account.as_str(), name.as_str(), row.is_some()))
    }
}

fn key(scope: &Scope, kind: &str, name: &str) -> Vec<u8> {
    let mut key = scope.key_prefix();
    key.extend_from_slice(kind.as_bytes());
    key.push(0);
    key.extend_from_slice(name.as_bytes());
    key
}

enum Unreadable {
    Newer(u32),
    Damaged(String),
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(&Written { format: FORMAT, value })
        .expect("records are maps with text keys, which always have a JSON form")
}

/// Looks at the format number first: a newer document may lack what this version expects.
fn decode<R: DeserializeOwned>(value: &[u8]) -> Result<R, Unreadable> {
    let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
    let Format { format } = serde_json::from_slice(value).map_err(damaged)?;
    if format > FORMAT {
        return Err(Unreadable::Newer(format));
    }
    serde_json::from_slice(value).map(|read: Read<R>| read.value).map_err(damaged)
}
