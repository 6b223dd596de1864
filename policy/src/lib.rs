//! AWS IoT policy documents and an ask in, an explained verdict out; no clock, no sockets, no storage.

mod access;
mod ask;
mod document;
mod fault;
mod json;
pub mod limits;
mod pattern;
mod template;
mod variables;
mod verdict;

pub use access::{Access, NamedDocument};
pub use ask::{Action, Ask, Resource};
pub use document::{Document, Effect};
pub use fault::{Fault, PolicyError};
pub use variables::{ConnectAttribute, Variables};
pub use verdict::{Difference, Fix, Nearest, Place, Variable, Verdict, Why};
