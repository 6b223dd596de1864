//! A refusal as a value: the code for the wire, the reason for presence, the sentence for people.

use std::sync::Arc;

use broker::presence::DisconnectReason;
use mqtt::ReasonCode;
use policy::Verdict;

/// Why something was refused or ended, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: ReasonCode,
    pub reason: DisconnectReason,
    /// Cause and next step, in words.
    pub text: String,
    /// What the policies say, if it is they who refuse.
    pub verdict: Option<Arc<Verdict>>,
}

impl Refusal {
    pub fn new(code: ReasonCode, reason: DisconnectReason, text: impl Into<String>) -> Self {
        Refusal { code, reason, text: text.into(), verdict: None }
    }

    /// The client broke a rule of the protocol or of the dialect.
    pub fn client_error(code: ReasonCode, text: impl Into<String>) -> Self {
        Refusal::new(code, DisconnectReason::ClientError, text)
    }

    /// The client may not do that, for a reason that no policy gives.
    pub fn not_allowed(text: impl Into<String>) -> Self {
        Refusal::new(ReasonCode::NotAuthorized, DisconnectReason::AuthError, text)
    }

    /// The client's policies do not allow that.
    pub fn denied(verdict: impl Into<Arc<Verdict>>) -> Self {
        let verdict = verdict.into();
        Refusal { verdict: Some(verdict.clone()), ..Refusal::not_allowed(verdict.to_string()) }
    }

    /// The same, where the words need an introduction.
    pub fn denied_because(what: &str, verdict: impl Into<Arc<Verdict>>) -> Self {
        let verdict = verdict.into();
        Refusal { verdict: Some(verdict.clone()), ..Refusal::not_allowed(format!("{what}: {verdict}")) }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
