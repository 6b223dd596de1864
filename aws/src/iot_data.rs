//! The calls of `iot-data`, the data plane. Does not answer them.

pub mod connections;
pub mod messages;
pub mod properties;
pub mod shadows;

use crate::operations::calls;

calls! {
    messages: Publish GetRetainedMessage ListRetainedMessages SendDirectMessage;
    shadows: GetThingShadow UpdateThingShadow DeleteThingShadow ListNamedShadowsForThing;
    connections: GetConnection DeleteConnection ListSubscriptions;
}
