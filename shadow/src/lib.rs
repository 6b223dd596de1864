//! Device shadows: a stored document and a request in, the next document and the messages to send out; no clock, no storage.

mod delta;
mod fields;
pub mod history;
mod id;
mod json;
pub mod limits;
pub mod lint;
mod rejection;
mod request;
mod section;
mod snapshot;
mod stored;
pub mod topic;

pub use fields::Fields;
pub use id::{IdError, ShadowId};
pub use json::{Number, Value};
pub use limits::Limits;
pub use rejection::{Fault, Rejection};
pub use request::client_token_of;
pub use snapshot::{Snapshot, SnapshotError};
pub use stored::{Deleted, Got, RecordError, Stored, Updated, Wanted};
