//! Rules on the change lane: made, changed and ended here; who wakes them and what they come to is in `firing` and `work`.

mod budget;
mod destinations;
mod firing;
mod log;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use broker::ScopeId;
use broker::mailbox::Mailbox;
use message::Dialect;
use policy::{Access, Action, Resource};
use rules::{Entry, Made, Occasion, Rule, RuleError, Rules, check_name};

use crate::Link;
use crate::keys::ScopeKey;
use crate::plan::Plan;
use crate::world::Hub;

use budget::Budgets;
use destinations::Destinations;

/// The rules of one scope, and what they left to be done.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) set: Rules,
    /// Work for outside: numbers only, the records are in a log.
    pub(crate) jobs: Mailbox,
    /// What could not be done and nobody was told of: the latest are kept.
    pub(crate) letters: Mailbox,
    pub(crate) destinations: Destinations,
    /// What its roles may do, by their ARNs.
    pub(crate) roles: BTreeMap<String, Access>,
}

/// Messages that wait for their rules while the message before them is being decided.
#[derive(Debug, Default)]
pub(crate) struct Waking {
    queue: VecDeque<(ScopeId, Occasion, Vec<Arc<Rule>>)>,
    /// Republishes before the message that is published now.
    hops: u8,
    /// The number of the message it all began with, while one that followed from it is published.
    root: Option<u64>,
    budgets: Budgets,
}

impl Rulebook {
    pub(crate) fn new(key: &ScopeKey, dialect: Dialect) -> Rulebook {
        let account = key.0.split('/').next().unwrap_or_default().into();
        let (jobs, letters) = (Mailbox::default(), Mailbox::default());
        Rulebook {
            set: Rules::new(dialect, account),
            jobs,
            letters,
            destinations: Destinations::new(),
            roles: BTreeMap::new(),
        }
    }
}

impl<L: Link> Hub<L> {
    /// The rules of a scope.
    pub fn rules(&self, scope: ScopeId) -> Option<&Rules> {
        self.scopes.get(scope.0 as usize).map(|place| &place.rules.set)
    }

    /// # Errors
    /// The name is taken, or there are too many rules; nothing has changed.
    pub fn create_rule(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        (made, tags): (Made, BTreeMap<String, String>),
        plan: &mut Plan<L>,
    ) -> Result<(), RuleError> {
        self.now_ms = self.now_ms.max(now_ms);
        if let Some(rules) = self.rules(scope) {
            rules.check_new(made.name())?;
        }
        self.set_rule(scope, made, (self.now_ms, tags), plan);
        Ok(())
    }

    /// Gives a rule another definition; its tags and the time it was made stay.
    ///
    /// # Errors
    /// There is no such rule; nothing has changed.
    pub fn replace_rule(&mut self, scope: ScopeId, made: Made, plan: &mut Plan<L>) -> Result<(), RuleError> {
        let record = self.rule_entry(scope, made.name())?.record;
        self.set_rule(scope, made, (record.created_ms, record.tags.clone()), plan);
        Ok(())
    }

    /// # Errors
    /// There is no such rule.
    pub fn switch_rule(
        &mut self,
        scope: ScopeId,
        name: &str,
        is_disabled: bool,
        plan: &mut Plan<L>,
    ) -> Result<(), RuleError> {
        let entry = self.rule_entry(scope, name)?;
        let kept = (entry.record.created_ms, entry.record.tags.clone());
        self.set_rule(scope, entry.made().switched(is_disabled), kept, plan);
        Ok(())
    }

    /// Changes a rule's tags.
    ///
    /// # Errors
    /// There is no such rule.
    pub fn tag_rule(
        &mut self,
        scope: ScopeId,
        name: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
        plan: &mut Plan<L>,
    ) -> Result<(), RuleError> {
        let entry = self.rule_entry(scope, name)?;
        let mut tags = entry.record.tags.clone();
        change(&mut tags);
        self.set_rule(scope, entry.made(), (entry.record.created_ms, tags), plan);
        Ok(())
    }

    /// False: there is no such rule.
    pub fn delete_rule(&mut self, scope: ScopeId, name: &str, plan: &mut Plan<L>) -> bool {
        let key = self.key(scope).rule(name);
        let Some(place) = self.scope(scope) else { return false };
        let is_there = place.rules.set.remove(name).is_some();
        if is_there {
            self.changed = true;
            plan.delete(key);
        }
        is_there
    }

    pub(crate) fn set_rule_roles(&mut self, scope: ScopeId, roles: BTreeMap<String, Access>) {
        if let Some(place) = self.scope(scope) {
            place.rules.roles = roles;
        }
    }

    /// Where roles are held to what they may: whether this one lets a rule publish there.
    pub(crate) fn check_rule_role(&self, scope: ScopeId, role: &str, topic: &str) -> Result<(), String> {
        if !self.settings.strict_roles {
            return Ok(());
        }
        let roles = self.scopes.get(scope.0 as usize).map(|place| &place.rules.roles);
        let access = roles.and_then(|roles| roles.get(role));
        let access = access.ok_or_else(|| format!("role {role} cannot be assumed by iot.amazonaws.com"))?;
        let ask = self.ask(Action::Publish, Resource::Topic(topic));
        if access.allows(&ask) { Ok(()) } else { Err(access.evaluate(&ask).to_string()) }
    }

    /// Whether a message on this topic wakes a rule whose doing takes the disk.
    pub(crate) fn wakes_work(&self, scope: ScopeId, topic: &str) -> bool {
        let woken = self.rules(scope).map(|rules| rules.picture().woken(topic)).unwrap_or_default();
        woken.iter().any(|rule| rule.needs_disk())
    }

    fn rule_entry(&self, scope: ScopeId, name: &str) -> Result<Entry, RuleError> {
        check_name(name)?;
        let entry = self.rules(scope).and_then(|rules| rules.get(name));
        entry.cloned().ok_or_else(|| RuleError::Unknown(name.to_owned()))
    }

    fn set_rule(
        &mut self,
        scope: ScopeId,
        made: Made,
        (created_ms, tags): (u64, BTreeMap<String, String>),
        plan: &mut Plan<L>,
    ) {
        let key = self.key(scope).rule(made.name());
        let Some(place) = self.scope(scope) else { return };
        let record = place.rules.set.set(made, created_ms, tags);
        self.changed = true;
        plan.put(key, record.to_bytes());
    }
}
