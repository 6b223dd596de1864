//! The rules of one account and region: by name, and by the topics that wake them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use message::{Dialect, Reserved, Tree};

use crate::definition::Record;
use crate::limits::RULES;
use crate::made::Made;
use crate::rule::{Invalid, Rule};

/// Rules with their records.
#[derive(Debug)]
pub struct Rules {
    account: Arc<str>,
    by_name: BTreeMap<Arc<str>, Entry>,
    view: Arc<Picture>,
    next_key: u64,
}

/// One rule as it is kept and as it is evaluated.
#[derive(Debug, Clone)]
pub struct Entry {
    pub record: Arc<Record>,
    pub rule: Arc<Rule>,
    key: u64,
}

/// What decides about messages reads: it never changes, a change makes another.
#[derive(Debug, Clone)]
pub struct Picture {
    tree: Tree<Arc<Rule>>,
    by_name: BTreeMap<Arc<str>, Arc<Rule>>,
}

/// Why the rules are not changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RuleError {
    #[error("rule {0} exists already: choose another name, or replace it")]
    Exists(String),
    #[error("no rule is called {0}")]
    Unknown(String),
    #[error("there are {RULES} rules, the limit (AWS quota \"Maximum number of rules per AWS account\")")]
    TooMany,
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Entry {
    pub fn made(&self) -> Made {
        Made { rule: self.rule.clone(), definition: self.record.definition.clone() }
    }
}

impl Rules {
    pub fn new(dialect: Dialect, account: Arc<str>) -> Rules {
        let picture = Picture { tree: Tree::new(dialect), by_name: BTreeMap::new() };
        Rules { account, by_name: BTreeMap::new(), view: Arc::new(picture), next_key: 0 }
    }

    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name)
    }

    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// In the order of their names, beginning after the one given.
    pub fn iter_after<'a>(&'a self, after: Option<&'a str>) -> impl Iterator<Item = &'a Entry> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_name.range::<str, _>((from, Bound::Unbounded)).map(|(_, entry)| entry)
    }

    pub fn picture(&self) -> &Arc<Picture> {
        &self.view
    }

    /// # Errors
    /// The name is taken or none, or there are too many.
    pub fn check_new(&self, name: &str) -> Result<(), RuleError> {
        crate::rule::check_name(name)?;
        if self.by_name.contains_key(name) {
            return Err(RuleError::Exists(name.to_owned()));
        }
        if self.by_name.len() >= RULES { Err(RuleError::TooMany) } else { Ok(()) }
    }

    /// # Errors
    /// There is no such rule.
    pub fn check_known(&self, name: &str) -> Result<(), RuleError> {
        crate::rule::check_name(name)?;
        if self.by_name.contains_key(name) { Ok(()) } else { Err(RuleError::Unknown(name.to_owned())) }
    }

    /// Enters a rule as it was kept.
    ///
    /// # Errors
    /// It is not valid; nothing has changed.
    pub fn load(&mut self, record: Record) -> Result<(), RuleError> {
        let Record { name, created_ms, definition, tags } = record;
        self.set(Made::new(&self.account, &name, definition)?, created_ms, tags);
        Ok(())
    }

    /// Enters a rule, or replaces the one of its name; how it is to be kept.
    pub fn set(&mut self, made: Made, created_ms: u64, tags: BTreeMap<String, String>) -> Arc<Record> {
        let Made { rule, definition } = made;
        let record = Arc::new(Record { name: rule.name.to_string(), created_ms, definition, tags });
        self.remove(&rule.name);
        self.next_key += 1;
        let key = self.next_key;
        let picture = Arc::make_mut(&mut self.view);
        if let Some(filter) = rule.filter().filter(|_| !rule.is_disabled) {
            picture.tree.insert(filter.pattern(), key, rule.clone());
        }
        picture.by_name.insert(rule.name.clone(), rule.clone());
        self.by_name.insert(rule.name.clone(), Entry { record: record.clone(), rule, key });
        record
    }

    pub fn remove(&mut self, name: &str) -> Option<Entry> {
        let entry = self.by_name.remove(name)?;
        let picture = Arc::make_mut(&mut self.view);
        if let Some(filter) = entry.rule.filter() {
            picture.tree.remove(filter.pattern(), entry.key);
        }
        picture.by_name.remove(name);
        Some(entry)
    }
}

impl Picture {
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub fn rule(&self, name: &str) -> Option<&Arc<Rule>> {
        self.by_name.get(name)
    }

    /// Every enabled rule that a message on this topic wakes, in the order of their names.
    pub fn woken(&self, topic: &str) -> Vec<Arc<Rule>> {
        if self.by_name.is_empty() {
            return Vec::new();
        }
        if let Some(Reserved::BasicIngest { rule, .. }) = Reserved::parse(topic) {
            return self.rule(rule).filter(|rule| !rule.is_disabled).cloned().into_iter().collect();
        }
        let mut woken: Vec<Arc<Rule>> = Vec::new();
        self.tree.for_each_match(topic, |_, rule| woken.push(rule.clone()));
        woken.sort_by(|a, b| a.name.cmp(&b.name));
        woken
    }

    /// Whether some rule waits for messages on this topic.
    pub fn is_wanted(&self, topic: &str) -> bool {
        self.tree.any_match(topic)
    }
}
