//! AWS IoT SQL: a statement, a message and the moment in; a result, a need or a reason out. It fires no action.

mod call;
mod convert;
mod decimal;
mod error;
mod evaluate;
mod function;
mod functions;
pub mod fuzzing;
mod input;
pub mod json;
mod lexer;
pub mod limits;
pub mod lint;
mod need;
mod parser;
mod reach;
mod statement;
mod syntax;
mod template;
mod trace;
mod value;
mod version;

pub use call::Stop;
pub use decimal::{Decimal, Rounding};
pub use error::{Span, SqlError};
pub use evaluate::Evaluation;
pub use function::{Row, Service, rows};
pub use input::Input;
pub use json::Document;
pub use need::{Answer, Need};
pub use statement::{Outcome, Reference, Statement};
pub use template::Template;
pub use trace::{Branch, Trace};
pub use value::{Object, Value};
pub use version::Version;
