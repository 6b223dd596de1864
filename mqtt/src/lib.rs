//! Bytes in, MQTT packets out, and back; plus what one connection must remember. No sockets, no clock, no sessions.

mod decode;
mod encode;
mod fanout;
#[doc(hidden)]
pub mod fuzzing;
mod inbound;
mod keep_alive;
pub mod limits;
mod outbound;
mod packet;
mod reason;
mod version;

pub use decode::{DecodeError, decode};
pub use fanout::Fanout;
pub use inbound::{Inbound, InboundLimits, Incoming, Role};
pub use keep_alive::KeepAlive;
pub use message::{Properties, QoS};
pub use outbound::{InFlight, Outbound, OutboundLimits, Phase, Pubrec, SendError};
pub use packet::{
    Ack, Auth, Connack, Connect, Disconnect, Packet, Publish, Suback, Subscribe, SubscribeFilter, Unsuback,
    Unsubscribe, Will,
};
pub use reason::ReasonCode;
pub use version::Version;
