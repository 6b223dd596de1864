//! Event in, decision, plan out: what the platform does, without a socket, a clock or a file of its own.
//!
//! Two lanes. The change lane is [`Hub`]: one writer decides events in order and fills a [`Plan`]; the shell
//! commits the plan's writes, publishes the next [`View`] and then tells the notices. The publish lane is
//! [`Lane`]: it decides an ordinary publish against a shared `View` on the connection's own thread.

pub mod event;
pub mod keys;
pub mod lane;
pub mod notice;
pub mod plan;
pub mod refusal;
pub mod settings;
pub mod trace;
pub mod view;

mod connect;
mod deadlines;
mod disconnect;
mod logs;
mod mail;
mod open;
mod publish;
mod rights;
mod rules;
mod shadows;
mod standing;
mod subscribe;
mod time;
mod world;

pub use self::logs::{LogBatch, Logged, NotLogged};
pub use event::{
    Answer, Cause, Closed, ConnectRequest, Event, Fired, Origin, Store, StoreFor, WorkResult, Worked,
};
pub use lane::{Lane, Outcome};
pub use notice::{Deliver, Notice, Parcel, Welcome};
pub use open::OpenError;
pub use plan::Plan;
pub use refusal::Refusal;
pub use settings::Settings;
pub use shadows::history::{HistoryBound, RestoreError};
pub use shadows::{Asker, check_served};
pub use trace::{Step, Trace};
pub use view::{Reach, Route, Unheard, View};
pub use world::Hub;

/// A handle for a live connection: cheap to clone, equal only to itself.
pub trait Link: Clone + PartialEq {}

impl<T: Clone + PartialEq> Link for T {}
