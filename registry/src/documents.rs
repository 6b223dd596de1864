//! Records in, JSON documents with a format number out, and back. Reads and writes no store.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::events::EventConfigurations;
use crate::policies::Identity;
use crate::shelf::RegistrationCode;
use crate::{CaCertificate, CertificateRecord, Group, Policy, Thing, ThingType};

/// The format written by this version. New fields with a default need no new number.
const FORMAT: u32 = 1;

/// Why a stored document cannot be used.
pub(crate) enum Unreadable {
    /// Written by a newer version.
    Newer(u32),
    Damaged(String),
}

/// A record with a document of its own.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    fn revision(&self) -> u64;
    fn set_revision(&mut self, revision: u64);
}

macro_rules! kept {
    ($($record:ty),* $(,)?) => {
        $(impl Kept for $record {
            fn revision(&self) -> u64 {
                self.revision
            }

            fn set_revision(&mut self, revision: u64) {
                self.revision = revision;
            }
        })*
    };
}

kept!(
    Thing,
    ThingType,
    Group,
    Policy,
    CaCertificate,
    CertificateRecord,
    Identity,
    RegistrationCode,
    EventConfigurations
);

#[derive(Serialize)]
struct Outgoing<'a, T> {
    format: u32,
    #[serde(flatten)]
    record: &'a T,
}

#[derive(Deserialize)]
struct Envelope {
    format: u32,
}

pub(crate) fn encode<T: Kept>(record: &T) -> Vec<u8> {
    serde_json::to_vec(&Outgoing { format: FORMAT, record })
        .expect("maps with text keys and numbers always have a JSON form")
}

/// Looks at the format number first: a newer document may lack what this version expects.
pub(crate) fn decode<T: Kept>(value: &[u8], revision: u64) -> Result<T, Unreadable> {
    let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
    // As this version writes it: saves reading every document twice.
    if !value.starts_with(br#"{"format":1,"#) {
        let Envelope { format } = serde_json::from_slice(value).map_err(damaged)?;
        if format > FORMAT {
            return Err(Unreadable::Newer(format));
        }
    }
    let mut record: T = serde_json::from_slice(value).map_err(damaged)?;
    record.set_revision(revision);
    Ok(record)
}
