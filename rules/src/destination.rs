//! Where HTTP actions may post to: an address whose owner has said yes. Sends nothing itself.

use serde::{Deserialize, Serialize};

use crate::address::check_confirmation;
use crate::stored::{self, Unreadable};

/// An address and whether its owner has confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// A UUID; the end of its ARN.
    pub id: String,
    /// Every URL that begins with it is covered.
    pub confirmation_url: String,
    pub status: DestinationStatus,
    /// Why it has this status.
    pub reason: Option<String>,
    /// What the owner has to show; empty once it was shown.
    pub token: String,
    /// The owner has shown it once.
    pub is_confirmed: bool,
    pub created_ms: u64,
    pub updated_ms: u64,
}

/// Whether messages go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DestinationStatus {
    /// The owner has been asked and has not answered.
    InProgress,
    Enabled,
    Disabled,
    /// The owner could not be asked.
    Error,
}

/// Why destinations are not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    #[error("there is a destination for {0} already")]
    Exists(String),
    #[error("there is no such destination")]
    Unknown,
    #[error(
        "no destination waits for this confirmation token: it is wrong, was used already, or was replaced by a newer one"
    )]
    Token,
    #[error("the destination has not been confirmed yet: its owner has to open the enableUrl it was sent")]
    NotConfirmed,
    #[error("there are {most} destinations, the limit", most = crate::limits::DESTINATIONS)]
    TooMany,
    #[error("the confirmation URL is not valid ({0}): write it like https://host:port/path")]
    Url(&'static str),
}

impl Destination {
    /// # Errors
    /// The address is none that can be posted to.
    pub fn new(id: String, url: String, token: String, now_ms: u64) -> Result<Destination, DestinationError> {
        check_confirmation(&url).map_err(DestinationError::Url)?;
        Ok(Destination {
            id,
            confirmation_url: url,
            status: DestinationStatus::InProgress,
            reason: None,
            token,
            is_confirmed: false,
            created_ms: now_ms,
            updated_ms: now_ms,
        })
    }

    /// Whether an action may post to this URL because of it.
    pub fn covers(&self, url: &str) -> bool {
        let Some(rest) = url.strip_prefix(&self.confirmation_url) else { return false };
        // https://a.example must not cover https://a.example.net.
        self.confirmation_url.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?', '#'])
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(self)
    }

    /// # Errors
    /// The bytes are no destination of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Destination, Unreadable> {
        stored::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_covers_what_lies_below_it_and_no_other_host() {
        let destination = |url: &str| Destination::new("i".into(), url.into(), "t".into(), 0).expect("valid");
        for (confirmation, url, covered) in [
            ("https://a.example", "https://a.example/in", true),
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "https://a.example.net/in", false),
            ("https://a.example", "https://a.example@evil.example/", false),
            ("https://a.example", "https://a.example:9000/", false),
            ("https://a.example/in/", "https://a.example/in/1", true),
            ("https://a.example/in", "https://a.example/inner", false),
            ("https://a.example/in", "http://a.example/in", false),
        ] {
            assert_eq!(destination(confirmation).covers(url), covered, "{confirmation} {url}");
        }
    }
}
