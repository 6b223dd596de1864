//! Records as they are stored: a byte of format, then JSON. It knows nothing of what they say.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Stored bytes that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what is stored cannot be read: {0}; it was written by another version")]
pub struct Unreadable(pub String);

/// Format of every record so far.
const FORMAT: u8 = 1;

pub(crate) fn to_bytes(record: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, record).expect("texts, numbers and lists can always be written");
    bytes
}

pub(crate) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    match bytes.split_first() {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|error| Unreadable(error.to_string())),
        Some((format, _)) => Err(Unreadable(format!("format {format}"))),
        None => Err(Unreadable("it is empty".to_owned())),
    }
}
