//! AWS IoT policy documents and an ask in, an explained verdict out; no clock, no sockets, no storage.

mod access;
mod arn;
mod ask;
mod condition;
mod date;
mod document;
mod fault;
mod json;
mod keys;
pub mod limits;
mod lint;
mod nearest;
mod operator;
mod pattern;
mod template;
mod variables;
mod verdict;

pub use access::{Access, NamedDocument};
pub use ask::{Action, Ask, Resource};
pub use document::{Document, Effect};
pub use fault::{Fault, PolicyError};
pub use lint::{Finding, Rule};
pub use variables::{ConnectAttribute, Variables};
pub use verdict::{Difference, Fix, Nearest, Place, Variable, Verdict, Why, allow_statement};
