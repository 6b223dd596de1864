//! AWS IoT SQL: a statement, a message and the moment in; a result, a need or a reason out. It fires no action.

mod decimal;
mod input;
mod need;
mod value;
mod version;

pub use decimal::{Decimal, Rounding};
pub use input::Input;
pub use need::{Answer, Need};
pub use value::{Object, Value};
pub use version::Version;
