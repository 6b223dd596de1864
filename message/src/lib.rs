//! Topics, filters, the subscription tree, messages and their limits: text and bytes in, checked values out; no sessions, no storage, no clock.

mod dialect;
mod filter;
pub mod limits;
mod matching;
mod message;
mod properties;
mod qos;
mod reserved;
mod stored;
mod topic;
mod tree;

pub use dialect::{Dialect, UnknownDialect};
pub use filter::{Filter, FilterError};
pub use limits::LimitExceeded;
pub use matching::pattern_matches;
pub use message::Message;
pub use properties::Properties;
pub use qos::QoS;
pub use reserved::{
    PresenceKind, ProvisioningOp, Reserved, ShadowOp, ShadowReply, SubscriptionEventKind, can_publish,
};
pub use stored::StoredMessageError;
pub use topic::{Topic, TopicError};
pub use tree::Tree;
