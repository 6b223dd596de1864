//! The way out of the house, for actions of rules: nothing leaves it yet, and whoever asks is told so.

use std::sync::Arc;

use broker::ScopeId;
use bytes::Bytes;
use rules::{Action, Job};
use sql::{Answer, Need};

use crate::shared::Shared;

/// Where calls may go.
#[derive(Debug, Default)]
pub(crate) struct Outgoing;

/// Why something was not done, and whether another attempt may help.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) may_pass: bool,
    pub(crate) text: String,
}

const CLOSED: &str = "nothing can leave Thingstead yet";

impl Outgoing {
    pub(crate) async fn act(
        &self,
        _: &Arc<Shared>,
        _: ScopeId,
        _: &Job,
        action: &Action<String>,
    ) -> Result<(), Wrong> {
        Err(Wrong { may_pass: false, text: format!("the {} action is not served: {CLOSED}", action.word()) })
    }

    pub(crate) async fn post(&self, _: &str, _: &[(String, String)], _: Bytes) -> Result<(), Wrong> {
        Err(Wrong { may_pass: false, text: CLOSED.to_owned() })
    }

    pub(crate) async fn ask(&self, _: &Arc<Shared>, _: ScopeId, need: &Need) -> Answer {
        Err(format!("{need} cannot be asked for: {CLOSED}"))
    }
}
