//! Things and certificates in, JSON documents with a format number out, and back. Reads and writes no store.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Attachment, CertificateId, CertificateRecord, CertificateStatus, Scope, Thing};

/// The format written by this version.
const FORMAT: u32 = 1;

/// Why a stored document cannot be used.
pub(crate) enum Unreadable {
    /// Written by a newer version.
    Newer(u32),
    Damaged(String),
}

#[derive(Deserialize)]
struct Envelope {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct ThingDocument {
    format: u32,
    id: String,
    version: u64,
    attributes: BTreeMap<String, String>,
    created_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct CertificateDocument {
    format: u32,
    status: CertificateStatus,
    created_ms: u64,
    modified_ms: u64,
    not_before_s: i64,
    not_after_s: i64,
    things: BTreeMap<String, Attachment>,
}

pub(crate) fn write_thing(thing: &Thing) -> Vec<u8> {
    encode(&ThingDocument {
        format: FORMAT,
        id: thing.id.clone(),
        version: thing.version,
        attributes: thing.attributes.clone(),
        created_ms: thing.created_ms,
    })
}

pub(crate) fn read_thing(name: String, value: &[u8], revision: u64) -> Result<Thing, Unreadable> {
    let ThingDocument { format: _, id, version, attributes, created_ms } = decode(value)?;
    Ok(Thing { name, id, version, attributes, created_ms, revision })
}

pub(crate) fn write_certificate(record: &CertificateRecord) -> Vec<u8> {
    encode(&CertificateDocument {
        format: FORMAT,
        status: record.status,
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        not_before_s: record.not_before_s,
        not_after_s: record.not_after_s,
        things: record.things.clone(),
    })
}

pub(crate) fn read_certificate(
    scope: Arc<Scope>,
    id: CertificateId,
    value: &[u8],
    revision: u64,
) -> Result<CertificateRecord, Unreadable> {
    let CertificateDocument { format: _, status, created_ms, modified_ms, not_before_s, not_after_s, things } =
        decode(value)?;
    Ok(CertificateRecord {
        id,
        scope,
        status,
        created_ms,
        modified_ms,
        not_before_s,
        not_after_s,
        things,
        revision,
    })
}

fn encode(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("maps with text keys and numbers always have a JSON form")
}

/// Looks at the format number first: a newer document may lack what this version expects.
fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, Unreadable> {
    let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
    // As this version writes it: saves reading every document twice.
    if !value.starts_with(br#"{"format":1,"#) {
        let Envelope { format } = serde_json::from_slice(value).map_err(damaged)?;
        if format > FORMAT {
            return Err(Unreadable::Newer(format));
        }
    }
    serde_json::from_slice(value).map_err(damaged)
}
