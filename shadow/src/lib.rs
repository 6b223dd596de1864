//! Device shadows: a stored document and a request in, the next document and the messages to send out; no clock, no storage.

mod id;
pub mod limits;
pub mod topic;

pub use id::{IdError, ShadowId};
pub use limits::Limits;
