//! A refusal as a value: the code for the wire, the reason for presence, the sentence for people.

use broker::presence::DisconnectReason;
use mqtt::ReasonCode;

/// Why something was refused or ended, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: ReasonCode,
    pub reason: DisconnectReason,
    /// Cause and next step, in words.
    pub text: String,
}

impl Refusal {
    pub fn new(code: ReasonCode, reason: DisconnectReason, text: impl Into<String>) -> Self {
        Refusal { code, reason, text: text.into() }
    }

    /// The client broke a rule of the protocol or of the dialect.
    pub fn client_error(code: ReasonCode, text: impl Into<String>) -> Self {
        Refusal::new(code, DisconnectReason::ClientError, text)
    }

    /// The client may not do that.
    pub fn not_allowed(text: impl Into<String>) -> Self {
        Refusal::new(ReasonCode::NotAuthorized, DisconnectReason::AuthError, text)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
