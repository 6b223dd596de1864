//! The rules that a publish wakes, evaluated on this thread; what they want is left to the writer.

use std::sync::Arc;

use hub::event::Fired;
use hub::trace::What;
use hub::{Route, Step};
use message::{Message, Reserved, Topic};
use mqtt::{Publish, ReasonCode};
use rules::{Came, Occasion, Outcome, Recorded, Rule, Source, fire_within, seed_of, seen_topic};
use sql::{Document, Evaluation, Input};

use super::Core;
use crate::link::{Dirty, Link};

/// What one message's rules came to.
pub(super) type Outcomes = Vec<(Arc<Rule>, Outcome)>;

/// Basic Ingest: the message is for one rule, and for nobody else.
pub(super) fn ingests(topic: &Topic) -> bool {
    matches!(Reserved::parse(topic), Some(Reserved::BasicIngest { .. }))
}

impl Core {
    /// A message for the rule that its topic names.
    pub(super) fn ingest(
        &mut self,
        publish: &Publish<'_>,
        topic: &Topic,
        route: &Route<Arc<Link>>,
        now_ms: u64,
        dirty: &mut Dirty,
    ) {
        if route.rules.is_empty() {
            let text = format!(
                "{topic}: RuleNotFound: there is no such rule, or it is disabled; the message went nowhere"
            );
            self.shared.explain(&self.client, "rule not found", &text);
            let refusal = hub::Refusal::client_error(ReasonCode::ImplementationSpecific, text);
            self.shared.trouble(&self.who(), "rule not found", &refusal);
        }
        // Whoever may have subscribed to such a topic hears nothing.
        let own = Route { rules: route.rules.clone(), ..Route::empty() };
        self.deliver(publish, topic, &own, now_ms, dirty);
    }

    /// Every rule on one reading of the payload. Those whose WHERE is not true are told to the trace and left out of
    /// the outcomes.
    pub(super) fn evaluate(
        &self,
        (id, now_ms): (u64, u64),
        publish: &Publish<'_>,
        rules: &[Arc<Rule>],
    ) -> (Outcomes, Vec<Came>) {
        let (mut outcomes, mut came) = (Vec::new(), Vec::with_capacity(rules.len()));
        let Some(first) = rules.first() else { return (outcomes, came) };
        let seed = seed_of(id, self.shared.settings.seed);
        let document = Document::of(publish.payload);
        let input = Input {
            payload: publish.payload,
            topic: seen_topic(publish.topic),
            client_id: Some(&self.client),
            principal: Some(&self.principal.name),
            source_ip: Some(&self.link.address),
            account: &first.account,
            properties: publish.properties.as_deref(),
            now_ms,
            seed,
            answers: &[],
        };
        let mut held = 0;
        for rule in rules {
            let outcome = fire_within(rule, &mut Evaluation::over(&input, &document), &mut held);
            came.push(Came::of(&rule.name, &outcome));
            match outcome {
                Outcome::Skipped(_) => self.note_skipped(id, now_ms, rule, &outcome),
                outcome => outcomes.push((rule.clone(), outcome)),
            }
        }
        (outcomes, came)
    }

    fn note_skipped(&self, id: u64, now_ms: u64, rule: &Rule, outcome: &Outcome) {
        let (result, text) = outcome.describe();
        self.shared.firings.count(self.scope, &rule.name, result, id, now_ms);
        let what = What::Rule { scope: self.scope, rule: rule.name.clone(), result, text: text.into() };
        self.shared.traces.mine().push(Step { message: id, at_ms: now_ms, what });
    }

    /// Keeps the message for whoever asks why a rule fired or did not.
    pub(super) fn record(&self, message: Arc<Message>, rules: &[Arc<Rule>], came: Vec<Came>) {
        let Some(account) = rules.first().map(|rule| rule.account.clone()) else { return };
        let occasion = self.occasion(message, account);
        self.shared.firings.keep(self.scope, Recorded { occasion, came });
    }

    /// What the writer gets of it.
    pub(super) fn fired(&self, message: Arc<Message>, outcomes: Outcomes) -> Option<Box<Fired>> {
        let account = outcomes.first().map(|(rule, _)| rule.account.clone())?;
        let occasion = self.occasion(message, account);
        Some(Box::new(Fired { scope: self.scope, occasion, outcomes }))
    }

    fn occasion(&self, message: Arc<Message>, account: Arc<str>) -> Occasion {
        let source = Source {
            client: Some(self.client.clone()),
            principal: Some(self.principal.name.clone()),
            address: Some(self.link.address.clone()),
        };
        let seed = seed_of(message.id, self.shared.settings.seed);
        let root = message.id;
        Occasion { message, source, account, seed, hops: 0, root }
    }
}
