//! Groups, streams and events of logs in, the writes that keep them and the events that are found out. Neither commits
//! nor tells anybody.
//!
//! [`Logs`] is one scope's state. What changes it answers with the writes to commit; until they are committed, nothing of
//! the change may be told. A [`Search`] is taken from it and run elsewhere, because it may read much.

mod append;
mod event;
mod group;
pub mod limits;
mod names;
mod open;
mod pattern;
mod refusal;
mod search;
mod stream;

pub use append::{Accepted, Rejected};
pub use event::Event;
pub use group::{Group, Logs};
pub use open::OpenError;
pub use pattern::{Pattern, PatternError};
pub use refusal::{Kind, Refusal};
pub use search::{Direction, Found, Key, Page, Search};
pub use stream::Stream;
