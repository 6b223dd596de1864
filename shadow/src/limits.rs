//! AWS IoT's quotas for shadows, each beside the name AWS gives it; checks nothing itself.

/// "Maximum size of a JSON state document": desired and reported without metadata, in bytes of compact JSON.
pub const DOCUMENT_BYTES: usize = 8 * 1024;
/// "Maximum depth of JSON device state documents": levels of objects and arrays below desired or reported.
pub const DEPTH: usize = 8;
/// The largest request that is read at all: AWS IoT's "Maximum publish size".
pub const PAYLOAD_BYTES: usize = 128 * 1024;
/// A request's state, its nulls too, may be this many times the document's quota: an answer names every value's time,
/// so that a request of nothing but short nulls would be answered by one of many times its size.
pub const REQUEST_PARTS: usize = 2;
/// "Maximum size of a client token".
pub const CLIENT_TOKEN_BYTES: usize = 64;
/// "Maximum length of a thing name".
pub const THING_NAME_BYTES: usize = 128;
/// "Maximum length of a shadow name".
pub const SHADOW_NAME_BYTES: usize = 64;
/// How long a deleted shadow's version is remembered.
pub const VERSION_MEMORY_MS: u64 = 48 * 60 * 60 * 1000;
/// Nesting at which a request is no longer read, whatever quota is set: it bounds the reader's own stack.
pub const READ_DEPTH: usize = 64;
/// The highest version a request can name or a document can reach.
pub const VERSION: u64 = i64::MAX as u64;

/// "Requests per second per shadow".
pub const REQUESTS_PER_SECOND: u64 = 20;
/// From this many parts of [`HEAVY_WHOLE`] of the document's quota on, a shadow is advised to be split.
pub const HEAVY_PARTS: usize = 3;
pub const HEAVY_WHOLE: usize = 4;
/// From here on a shadow that only reports is advised to be a topic: AWS bills each update as an operation.
pub const TELEMETRY_UPDATES_PER_HOUR: u64 = 60;
/// How long a shadow must have been watched before it is called telemetry, unless it was updated as often already.
pub const TELEMETRY_LEAST_MS: u64 = 10 * 60 * 1000;

/// The quotas an account may have raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub document_bytes: usize,
    pub depth: usize,
    pub payload_bytes: usize,
    pub client_token_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: DOCUMENT_BYTES,
            depth: DEPTH,
            payload_bytes: PAYLOAD_BYTES,
            client_token_bytes: CLIENT_TOKEN_BYTES,
        }
    }
}
