//! Records of clients and the store: what has changed is written every few seconds and at the stop, and read at the
//! start. A crash loses the last seconds; what was acknowledged to devices is elsewhere and safe.

use std::sync::Arc;
use std::time::Duration;

use broker::ScopeId;
use registry::Scope;
use serde::{Deserialize, Serialize};
use store::{Batch, Expect, ReadError, Reader};

use super::clients::Clients;
use super::record::Record;
use crate::scopes::Scopes;
use crate::shared::Shared;

const EVERY: Duration = Duration::from_secs(3);
/// Documents of one write.
const WRITTEN_AT_ONCE: usize = 500;
/// The format written by this version. New fields with a default need no new number.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Outgoing<'a> {
    format: u32,
    #[serde(flatten)]
    record: &'a Record,
}

#[derive(Deserialize)]
struct Envelope {
    format: u32,
}

/// Runs until it is dropped.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        write_some(&shared).await;
    }
}

/// At the stop.
pub(crate) async fn keep_all(shared: &Shared) {
    while write_some(shared).await == WRITTEN_AT_ONCE {}
}

/// How many were written.
async fn write_some(shared: &Shared) -> usize {
    // It is no more than a memory: the reserve is not for it.
    if shared.desk.is_disk_full() {
        return 0;
    }
    let clients = &shared.activity.clients;
    let changed = clients.take_changed(WRITTEN_AT_ONCE);
    if changed.is_empty() {
        return 0;
    }
    let mut batch = Batch::new();
    for ((scope, client), record) in &changed {
        let Some(scope) = shared.scopes.name(*scope) else { continue };
        let key = key(&scope, client);
        match record {
            Some(record) => batch.put(key, encode(record), Expect::Any),
            None => batch.delete(key, Expect::Any),
        };
    }
    let count = changed.len();
    if let Err(why) = shared.desk.write(batch).await {
        tracing::debug!(why, "the activity of clients could not be written; it is tried again");
        clients.put_back(changed.into_iter().map(|(key, _)| key));
        return 0;
    }
    count
}

/// Reads what an earlier process wrote. What cannot be understood is left out: it is no more than a memory.
pub(crate) fn load(reader: &dyn Reader, scopes: &Scopes, clients: &Clients) -> Result<(), ReadError> {
    for (scope, number) in scopes.all() {
        let prefix = key(&scope, "");
        let mut after: Option<Vec<u8>> = None;
        loop {
            let found = reader.scan(&prefix, after.as_deref(), WRITTEN_AT_ONCE)?;
            for (key, document) in &found {
                restore(clients, number, key.get(prefix.len()..).unwrap_or_default(), &document.value);
            }
            if found.len() < WRITTEN_AT_ONCE {
                break;
            }
            after = found.into_iter().next_back().map(|(key, _)| key);
        }
    }
    Ok(())
}

fn restore(clients: &Clients, scope: ScopeId, client: &[u8], value: &[u8]) {
    let Ok(client) = std::str::from_utf8(client) else { return };
    match decode(value) {
        Ok(record) => clients.restore((scope, client.into()), record),
        Err(why) => tracing::warn!(client, why, "the stored activity of this client is left out"),
    }
}

fn encode(record: &Record) -> Vec<u8> {
    serde_json::to_vec(&Outgoing { format: FORMAT, record })
        .expect("maps with text keys and numbers always have a JSON form")
}

fn decode(value: &[u8]) -> Result<Record, String> {
    let Envelope { format } = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    if format > FORMAT {
        return Err(format!("it was written in format {format} by a newer version"));
    }
    serde_json::from_slice(value).map_err(|error| error.to_string())
}

fn key(scope: &Scope, client: &str) -> Vec<u8> {
    let mut key = scope.key_prefix();
    key.extend_from_slice(b"activity\0");
    key.extend_from_slice(client.as_bytes());
    key
}

#[cfg(test)]
mod tests {
    use store::{Durability, Memory, Store};

    use super::*;
    use crate::activity::record::Trouble;

    #[test]
    fn a_record_survives_a_restart_without_its_connection() {
        let mut record = Record::default();
        record.connected(7, "127.0.0.1", 1000);
        record.published("a/b", 3, 2000);
        record.granted("a/#");
        record.troubled(Trouble::new("publish denied", "AUTH_ERROR", "no", None), 3000);
        let scope = Arc::new(Scope::default());
        let mut store = Memory::default();
        let mut batch = Batch::new();
        batch.put(key(&scope, "pump-1"), encode(&record), Expect::Any);
        batch.put(key(&scope, "newer"), r#"{"format":2}"#, Expect::Any);
        batch.put(key(&scope, "damaged"), "{", Expect::Any);
        store.commit(&batch, Durability::Synced).expect("a commit");
        let (scopes, clients) = (Scopes::new([scope]), Clients::default());
        load(&*store.reader(), &scopes, &clients).expect("readable");
        (record.link, record.is_stored) = (None, true);
        assert_eq!(clients.find(ScopeId(0), "pump-1"), Some(record));
        assert_eq!(clients.find(ScopeId(0), "newer"), None);
        assert_eq!(clients.take_changed(10), []);
    }
}
