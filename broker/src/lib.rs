//! What the broker knows: sessions, subscriptions, mailboxes, retained messages, wills and presence; no sockets, no clock.
//!
//! Everything here is plain data changed by one writer. `L` is the owner's handle for a live connection:
//! the server keeps an `Arc` of its out-buffer there, the simulation a number.

pub mod limits;
pub mod mailbox;
pub mod presence;
pub mod record;
pub mod retained;
pub mod routes;
pub mod session;
pub mod standing;

pub use mailbox::Mailbox;
pub use presence::Presence;
pub use record::Record;
pub use retained::Retained;
pub use routes::{Group, Routes, Subscriber, Target};
pub use session::{Session, SessionId, Sessions, Subscription};

/// Which account and region a key, session or topic belongs to: an index into the hub's list of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ScopeId(pub u32);
