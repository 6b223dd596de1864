//! HTTP requests in, typed calls of AWS's services out, and their replies and errors back; checks and makes
//! signatures. Holds no socket, no clock and no state.

mod call;
pub mod credential;
mod describe;
pub mod fault;
pub mod fuzzing;
pub mod iam;
pub mod iot;
pub mod iot_data;
pub mod logs;
mod operations;
pub mod outgoing;
mod parts;
mod path;
pub mod query;
mod reply;
mod request;
mod route;
pub mod shape;
pub mod signature;
pub mod sts;
pub mod target;
mod unserved;
pub mod value;

pub use call::{Parsed, parse};
pub use describe::describe;
pub use fault::Fault;
pub use operations::{Operation, Output};
pub use parts::Parts;
pub use path::query as parameters;
pub use reply::{Draft, reply};
pub use request::{Request, Service, service_of};
