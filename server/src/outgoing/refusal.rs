//! Why a request to another machine brought no reply: the cause and what to do about it. Shows no path, no query and no
//! header: keys may stand there.

use super::connect::Place;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    #[error("the URL cannot be called ({0}): write it like https://host:port/path")]
    Url(&'static str),
    #[error(
        "{authority} cannot be reached ({why}): check the name, that it runs there and that nothing blocks the way"
    )]
    Connect { authority: String, why: String },
    #[error(
        "{authority} is this server itself, which nothing that leaves it may call: republish to a topic, or name another \
         server"
    )]
    Own { authority: String },
    #[error(
        "{authority} took no connection within {ms} ms: check that it runs there and that nothing blocks the way"
    )]
    ConnectTimeout { authority: String, ms: u128 },
    #[error(
        "{authority} speaks no TLS that is trusted here ({why}): if its certificate is of an authority of your own, give \
         that one's file with --endpoint-ca"
    )]
    Tls { authority: String, why: String },
    #[error(
        "no certificate authority can be read ({0}): install ca-certificates, or give a file with --endpoint-ca"
    )]
    Authorities(String),
    #[error("{authority} did not answer within {ms} ms: check how busy it is")]
    Timeout { authority: String, ms: u128 },
    #[error("the reply of {authority} is longer than {most} bytes, more than is taken: let it answer less")]
    ReplyTooLong { authority: String, most: usize },
    #[error("{authority} ended the connection before it had answered ({why}): look into its log")]
    Closed { authority: String, why: String },
    #[error("the request cannot be sent ({0}): change what does not fit into a header")]
    Request(String),
}

impl OutgoingError {
    pub(super) fn closed(place: &Place, error: &hyper::Error) -> Self {
        Self::Closed { authority: place.authority.clone(), why: error.to_string() }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::ConnectTimeout { .. } | Self::Timeout { .. } | Self::Closed { .. }
        )
    }
}
