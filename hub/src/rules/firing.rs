//! A message and the rules it wakes in; republished messages, work for outside and error actions out.

use std::sync::Arc;

use broker::{ScopeId, SessionId};
use bytes::Bytes;
use message::limits::{PAYLOAD_BYTES, check_properties};
use message::{Dialect, Message, Properties, QoS, Reserved, Topic};
use rules::action::Republish;
use rules::limits::{CHAIN, STEPS_PER_MESSAGE};
use rules::{
    Action, Came, Effect, Failure, Occasion, Outcome, Recorded, Rule, Source, Task, fire_within, on_error,
    seed_of,
};
use sql::{Document, Evaluation};

use crate::Link;
use crate::event::{Fired, Origin};
use crate::notice::Notice;
use crate::plan::Plan;
use crate::publish::DISK_FULL;
use crate::shadows::check_served;
use crate::trace::{Step, What};
use crate::world::Hub;

/// What is told when one message brings about too much.
fn used_up() -> String {
    format!(
        "a loop, or too many rules that wake each other: one message brought about {STEPS_PER_MESSAGE} evaluations and \
         republishes, the limit; let rules not hear what they republish (AWS would go on)"
    )
}

/// One rule with the message that woke it.
#[derive(Clone, Copy)]
pub(super) struct Firing<'a> {
    pub(super) scope: ScopeId,
    pub(super) occasion: &'a Occasion,
    pub(super) rule: &'a Rule,
}

impl<L: Link> Hub<L> {
    /// Notes which rules a message wakes; they are evaluated when what is being decided now is decided.
    pub(crate) fn wake_rules(
        &mut self,
        scope: ScopeId,
        publisher: Option<SessionId>,
        message: &Arc<Message>,
    ) {
        let Some(place) = self.scopes.get(scope.0 as usize) else { return };
        let woken = place.rules.set.picture().woken(&message.topic);
        let Some(account) = woken.first().map(|rule| rule.account.clone()) else { return };
        let source = self.source(publisher);
        let seed = seed_of(message.id, self.settings.seed);
        let (hops, root) = (self.waking.hops, self.waking.root.unwrap_or(message.id));
        let occasion = Occasion { message: message.clone(), source, account, seed, hops, root };
        self.waking.queue.push_back((scope, occasion, woken));
    }

    fn source(&self, publisher: Option<SessionId>) -> Source {
        let session = publisher.and_then(|id| self.sessions.get(id));
        session.map_or_else(Source::default, |session| Source {
            client: Some(session.client.clone()),
            principal: Some(session.connection.principal.clone()),
            address: Some(session.connection.address.clone()),
        })
    }

    /// Evaluates what was woken, and what that wakes, until nothing is left or the bounds are reached.
    pub(crate) fn fire_rules(&mut self, plan: &mut Plan<L>) {
        while let Some((scope, occasion, woken)) = self.waking.queue.pop_front() {
            let document = Document::of(&occasion.message.payload);
            let (mut came, mut held) = (Vec::with_capacity(woken.len()), 0);
            for rule in woken {
                if !self.waking.budgets.step(occasion.root) {
                    self.end_chain(&Firing { scope, occasion: &occasion, rule: &rule }, plan);
                    break;
                }
                let input = occasion.input(&[]);
                let outcome = fire_within(&rule, &mut Evaluation::over(&input, &document), &mut held);
                came.push(Came::of(&rule.name, &outcome));
                let firing = Firing { scope, occasion: &occasion, rule: &rule };
                self.settle_firing(&firing, outcome, plan);
            }
            plan.tell(Notice::Woke {
                scope,
                recorded: Box::new(Recorded { occasion: occasion.clone(), came }),
            });
        }
        self.waking.budgets.settle();
    }

    /// A message has brought about all that it may: what else it woke sleeps on, and somebody is told once.
    fn end_chain(&mut self, firing: &Firing<'_>, plan: &mut Plan<L>) {
        let root = firing.occasion.root;
        self.waking.queue.retain(|(_, occasion, _)| occasion.root != root);
        if self.waking.budgets.is_first_word(root) {
            let failure = Failure::new("RuleStatement", &firing.rule.name, used_up());
            self.fail(firing, vec![failure], plan);
        }
    }

    /// What the publish lane has evaluated.
    pub(crate) fn settle_fired(&mut self, fired: Fired, plan: &mut Plan<L>) {
        let Fired { scope, occasion, outcomes } = fired;
        for (rule, outcome) in outcomes {
            self.settle_firing(&Firing { scope, occasion: &occasion, rule: &rule }, outcome, plan);
        }
    }

    pub(super) fn settle_firing(&mut self, firing: &Firing<'_>, outcome: Outcome, plan: &mut Plan<L>) {
        let (result, text) = outcome.describe();
        trace(firing, self.now_ms, result, text, plan);
        match outcome {
            Outcome::Skipped(_) => {}
            Outcome::Failed(failure) => self.fail(firing, vec![failure], plan),
            Outcome::Open(_) => {
                if let Err(reason) = self.leave(firing, Task::Evaluate, Bytes::new(), plan) {
                    self.fail(firing, vec![Failure::new("RuleStatement", &firing.rule.name, reason)], plan);
                }
            }
            Outcome::Fired(effects) => self.do_effects(firing, effects, plan),
        }
    }

    fn do_effects(&mut self, firing: &Firing<'_>, effects: Vec<Result<Effect, Failure>>, plan: &mut Plan<L>) {
        let (mut outside, mut payload, mut failed) = (Vec::new(), Bytes::new(), Vec::new());
        for effect in effects {
            match effect {
                Err(failure) => failed.push(failure),
                Ok(effect) if effect.action.stays() => {
                    let done = self.do_here(firing, &effect, CHAIN, plan);
                    failed.extend(done.err());
                }
                Ok(effect) => {
                    payload = effect.payload;
                    outside.push(effect.action);
                }
            }
        }
        if outside.is_empty() {
            if !failed.is_empty() {
                self.fail(firing, failed, plan);
            }
            return;
        }
        let named: Vec<(&str, String)> =
            outside.iter().map(|a| (a.failed(), a.shown_resource().to_owned())).collect();
        let task = Task::Act { actions: outside, failed: failed.clone() };
        if let Err(reason) = self.leave(firing, task, payload, plan) {
            failed.extend(
                named.iter().map(|(action, resource)| Failure::new(action, resource, reason.as_str())),
            );
            self.fail(firing, failed, plan);
        }
    }

    /// Tells the rule's error action; without one, or when that fails too, a letter is kept for people.
    pub(super) fn fail(&mut self, firing: &Firing<'_>, failures: Vec<Failure>, plan: &mut Plan<L>) {
        let Firing { scope, occasion, rule } = *firing;
        for failure in &failures {
            trace(firing, self.now_ms, "failed", failure.to_string(), plan);
        }
        self.explain_failures(scope, occasion, &rule.name, &failures, plan);
        // The error document has the message in base64 and the failures.
        let document = occasion.message.payload.len() / 3 * 4 + 1024;
        if rule.error_action.is_some() && !self.waking.budgets.hold(occasion.root, document) {
            self.keep_letter(scope, occasion, &rule.name, failures, plan);
            return;
        }
        let lost = match on_error(rule, &occasion.input(&[]), &failures) {
            None => return self.keep_letter(scope, occasion, &rule.name, failures, plan),
            Some(Err(failure)) => vec![failure],
            Some(Ok(effect)) if effect.action.stays() => {
                // Behind the last of a chain there is room for the word that it ended.
                let done = self.do_here(firing, &effect, CHAIN + 1, plan);
                done.err().into_iter().collect()
            }
            Some(Ok(Effect { action, payload, .. })) => {
                let (failed, resource) = (action.failed(), action.shown_resource().to_owned());
                let left = self.leave(firing, Task::ActOnError { action }, payload, plan);
                left.err().map(|reason| Failure::new(failed, &resource, reason)).into_iter().collect()
            }
        };
        if !lost.is_empty() {
            self.explain_failures(scope, occasion, &rule.name, &lost, plan);
            self.keep_letter(scope, occasion, &rule.name, lost, plan);
        }
    }

    fn do_here(
        &mut self,
        firing: &Firing<'_>,
        effect: &Effect,
        most_hops: u8,
        plan: &mut Plan<L>,
    ) -> Result<(), Failure> {
        let done = match &effect.action {
            Action::Republish(republish) => {
                self.republish((firing, most_hops), republish, &effect.payload, plan)
            }
            Action::Logs(logs) => {
                self.log_result(firing.scope, &firing.rule.name, logs, &effect.payload, plan)
            }
            _ => Err("the action leaves the house".to_owned()),
        };
        match done {
            Ok(text) => {
                trace(firing, self.now_ms, "done", text, plan);
                Ok(())
            }
            Err(reason) => Err(Failure::new(effect.action.failed(), effect.action.shown_resource(), reason)),
        }
    }

    fn republish(
        &mut self,
        (firing, most_hops): (&Firing<'_>, u8),
        republish: &Republish<String>,
        payload: &Bytes,
        plan: &mut Plan<L>,
    ) -> Result<String, String> {
        let Firing { scope, occasion, rule } = *firing;
        let topic = self.target(scope, &republish.topic)?;
        self.check_rule_role(scope, &republish.role, &topic)?;
        if payload.len() > PAYLOAD_BYTES && self.settings.dialect == Dialect::Aws {
            return Err(format!("the result has {} bytes; a message takes {PAYLOAD_BYTES}", payload.len()));
        }
        let hops = occasion.hops + 1;
        if hops > most_hops {
            return Err(format!(
                "a loop: {CHAIN} republishes follow from one message, the last to {topic}; let the rule not hear what it \
                 republishes (AWS would go on until somebody disables it)"
            ));
        }
        let is_last_word = most_hops > CHAIN;
        let root = occasion.root;
        if !(self.waking.budgets.step(root) && self.waking.budgets.hold(root, payload.len()) || is_last_word)
        {
            return Err(used_up());
        }
        let properties = properties(republish, payload)?;
        let expires_ms = properties
            .as_ref()
            .and_then(|properties| properties.message_expiry_s)
            .map(|seconds| self.now_ms + u64::from(seconds) * 1000);
        let message = Message {
            id: self.message_id(),
            topic,
            payload: payload.clone(),
            qos: if republish.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce },
            retain: false,
            properties: properties.map(Arc::new),
            publisher: format!("rule {}", rule.name).into(),
            received_ms: self.now_ms,
            expires_ms,
        };
        let text = format!("republished to {} as message {}", message.topic, message.id);
        let origin = Origin { scope, session: None };
        if self.is_disk_full() && self.needs_disk(origin, &message) {
            return Err(DISK_FULL.to_owned());
        }
        let before = (std::mem::replace(&mut self.waking.hops, hops), self.waking.root.replace(root));
        self.publish_and_serve(origin, message, plan);
        (self.waking.hops, self.waking.root) = before;
        Ok(text)
    }

    /// A topic that a rule may publish to.
    fn target(&self, scope: ScopeId, text: &str) -> Result<Topic, String> {
        if self.settings.dialect == Dialect::Standard {
            return Topic::parse(text).map_err(|error| error.to_string());
        }
        let topic = rules::target(text)?;
        if let Some(Reserved::BasicIngest { rule, .. }) = Reserved::parse(&topic)
            && self.rules(scope).is_none_or(|rules| rules.picture().woken(&topic).is_empty())
        {
            return Err(format!("RuleNotFound: rule {rule} does not exist, or is disabled"));
        }
        if topic.is_reserved() {
            check_served(&topic)?;
        }
        Ok(topic)
    }
}

fn trace<L>(firing: &Firing<'_>, at_ms: u64, result: &'static str, text: String, plan: &mut Plan<L>) {
    let what = What::Rule { scope: firing.scope, rule: firing.rule.name.clone(), result, text: text.into() };
    plan.tell(Notice::Trace(Step { message: firing.occasion.message.id, at_ms, what }));
}

/// The MQTT 5 properties of a republished message; none if the action names none.
fn properties(republish: &Republish<String>, payload: &[u8]) -> Result<Option<Properties>, String> {
    let properties = Properties {
        payload_format: match republish.payload_format.as_deref() {
            None | Some("" | "UNSPECIFIED_BYTES") => None,
            Some("UTF8_DATA") => Some(1),
            Some(other) => return Err(format!("payloadFormatIndicator {other} is unknown")),
        },
        message_expiry_s: match republish.message_expiry.as_deref() {
            None | Some("") => None,
            Some(text) => {
                let seconds: u32 =
                    text.parse().map_err(|_| format!("messageExpiry {text} is no number of seconds"))?;
                Some(seconds.clamp(1, EXPIRY_S))
            }
        },
        content_type: republish.content_type.clone(),
        response_topic: republish.response_topic.clone(),
        correlation_data: republish.correlation_data.clone().map(Bytes::from),
        user: republish.user_properties.clone(),
    };
    check_properties(&properties).map_err(|limit| limit.to_string())?;
    check_texts(&properties, payload)?;
    Ok((!properties.is_empty()).then_some(properties))
}

/// The longest that a message lives (AWS: a week).
const EXPIRY_S: u32 = 604_800;

/// What a conforming client would close its connection over must not reach one.
fn check_texts(properties: &Properties, payload: &[u8]) -> Result<(), String> {
    let user = properties.user.iter().flat_map(|(name, value)| [name, value]);
    if user.chain(&properties.content_type).any(|text| text.contains('\0')) {
        return Err("a header holds the character NUL, which MQTT forbids".to_owned());
    }
    if let Some(topic) = &properties.response_topic {
        Topic::check(topic).map_err(|error| format!("responseTopic \"{topic}\": {error}"))?;
    }
    if properties.payload_format == Some(1) && std::str::from_utf8(payload).is_err() {
        return Err("payloadFormatIndicator says UTF8_DATA, and the result is no UTF-8".to_owned());
    }
    Ok(())
}
