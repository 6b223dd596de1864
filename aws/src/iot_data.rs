//! The calls of `iot-data`, the data plane. Does not answer them.

pub mod connections;
pub mod messages;
pub mod properties;

use crate::operations::calls;

calls! {
    messages: Publish GetRetainedMessage ListRetainedMessages SendDirectMessage;
    connections: GetConnection DeleteConnection ListSubscriptions;
}
