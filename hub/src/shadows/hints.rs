//! A request to a shadow in, what its sender may not have meant out, in words. Refuses nothing and changes no answer.

use std::collections::HashSet;

use broker::{ScopeId, SessionId};
use shadow::Rejection;
use shadow::history::Change;
use shadow::limits::TELEMETRY_UPDATES_PER_HOUR;
use shadow::lint::{self, Finding, Usage};
use shadow::topic::{Reply, Request, Verb};
use store::Span;

use super::describe;
use crate::Link;
use crate::event::Origin;
use crate::notice::Notice;
use crate::plan::Plan;
use crate::world::Hub;

/// Connections that were told something; beyond that all may be told again.
const TOLD: usize = 10_000;

/// Which connections were told that nobody hears the answers they ask for.
#[derive(Debug, Default)]
pub(crate) struct Told(HashSet<(SessionId, Verb)>);

impl Told {
    /// Whether it is the first time.
    fn is_new(&mut self, session: Option<SessionId>, verb: Verb) -> bool {
        let Some(session) = session else { return true };
        if self.0.len() >= TOLD {
            self.0.clear();
        }
        self.0.insert((session, verb))
    }
}

impl<L: Link> Hub<L> {
    /// Says so, once to a connection, when nobody hears the answers it has in mind: a `get` is for its answer; an update or
    /// a delete has answers in mind if it bears a token to know them by.
    pub(super) fn hint_unheard(
        &mut self,
        origin: Origin,
        request: &Request,
        message: &message::Message,
        plan: &mut Plan<L>,
    ) {
        let (accepted, rejected) = (Reply::Accepted(request.verb), Reply::Rejected(request.verb));
        let heard = |reply: Reply| self.is_wanted(origin.scope, &reply.topic(&request.id));
        let is_heard = match request.verb {
            Verb::Get => heard(accepted),
            Verb::Update | Verb::Delete => heard(accepted) || heard(rejected),
        };
        if is_heard || !self.shadows.told.is_new(origin.session, request.verb) {
            return;
        }
        let text = format!(
            "nobody was subscribed to {} when it was answered: subscribe before you publish the request",
            accepted.topic(&request.id)
        );
        self.explain(&message.publisher, "shadow reply unheard", text, plan);
    }

    /// Says why a request was rejected, and whether its sender could know.
    pub(super) fn explain_rejection(
        &self,
        scope: ScopeId,
        request: &Request,
        message: &message::Message,
        rejection: &Rejection,
        plan: &mut Plan<L>,
    ) {
        let topic = Reply::Rejected(request.verb).topic(&request.id);
        let unheard = match self.is_wanted(scope, &topic) {
            true => String::new(),
            false => format!("; nobody was subscribed to {topic}"),
        };
        let text = format!("{} of {}: {rejection}{unheard}", request.verb.word(), describe(&request.id));
        self.explain(&message.publisher, "shadow request rejected", text, plan);
    }

    /// A shadow that is new or missing and has the name of a client: the shell knows whether that is a thing, too.
    pub(super) fn hint_client(
        &self,
        scope: ScopeId,
        who: &std::sync::Arc<str>,
        thing: &str,
        plan: &mut Plan<L>,
    ) {
        if self.sessions.of_client(scope, thing).is_some() {
            plan.tell(Notice::ShadowOfClient { client: who.clone(), scope, thing: thing.to_owned() });
        }
    }

    /// What the history says about the way a shadow is used, looked at when it has grown by a half, and so ever more rarely.
    pub(super) fn usage_advice(&self, log: &[u8], tail: u64) -> Vec<Finding> {
        let least = TELEMETRY_UPDATES_PER_HOUR;
        if tail == 0 || !tail.is_multiple_of(least) || !(tail / least).is_power_of_two() {
            return Vec::new();
        }
        let count = usize::try_from(least).unwrap_or(usize::MAX);
        let from = tail - least;
        let span = self.reader.span(log).ok().flatten().unwrap_or(Span { head: 0, tail: 0, bytes: 0 });
        if span.head > from {
            return Vec::new();
        }
        let records =
            self.reader.read_log(log, from, count, super::history::HISTORY_BYTES).unwrap_or_default();
        let changes: Vec<Change> =
            records.iter().filter_map(|(_, bytes)| Change::from_bytes(bytes).ok()).collect();
        let Some(first) = changes.first() else { return Vec::new() };
        lint::usage(&Usage {
            over_ms: self.now_ms.saturating_sub(first.at_ms),
            updates: least,
            desired_updates: changes.iter().filter(|change| change.asks_desired()).count() as u64,
            most_per_second: 0,
        })
    }
}
