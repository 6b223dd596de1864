//! The shell: listeners, TLS, the clock, connections, the writer thread and the wire faces. Bytes in, bytes out;
//! decisions are the hub's.

mod accept;
mod activity;
mod aws;
mod certificates;
mod chance;
mod clock;
mod connection;
mod desk;
mod drive;
mod endpoints;
mod http;
mod identity;
mod ledger;
mod limits;
mod link;
mod links;
mod metrics;
mod owner;
mod registrar;
mod rights;
mod rotation;
mod scopes;
mod shared;
mod start;
mod sweep;
mod tell;
mod tls;
mod traces;

pub use activity::Note;
pub use aws::Checking;
pub use clock::{Clock, Reading};
pub(crate) use drive::drive_ws;
pub use endpoints::{Endpoints, EndpointsError};
pub use shared::Shared;
pub use start::{Config, Running, StartError, start};
