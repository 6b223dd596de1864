//! Who gets a topic: the subscription tree of one scope with single subscribers and share groups.

use std::collections::HashMap;
use std::sync::Arc;

use message::{Dialect, Filter, QoS, Tree};
use policy::Access;

use crate::session::SessionId;

/// One session's subscription as routing sees it.
#[derive(Debug, Clone)]
pub struct Subscriber<L> {
    pub session: SessionId,
    /// The live connection; none while a persistent session is offline.
    pub link: Option<L>,
    pub qos: QoS,
    pub no_local: bool,
    pub retain_as_published: bool,
    /// Messages above QoS 0 go through the session's mailbox.
    pub persistent: bool,
    /// 0: none.
    pub subscription_id: u32,
    /// What the live connection may receive.
    pub access: Access,
}

/// The members of `$share/NAME/filter`: each message goes to one of them.
#[derive(Debug, Clone)]
pub struct Group<L> {
    pub name: Arc<str>,
    pub members: Vec<Subscriber<L>>,
}

impl<L> Group<L> {
    /// The member for this message: somebody online if there is one; else, for QoS above 0, a persistent one.
    pub fn pick(&self, lot: u64, qos: QoS) -> Option<&Subscriber<L>> {
        let online = |m: &&Subscriber<L>| m.link.is_some();
        let stored = |m: &&Subscriber<L>| m.persistent && qos > QoS::AtMostOnce && m.qos > QoS::AtMostOnce;
        let count = self.members.iter().filter(online).count();
        if count > 0 {
            return self.members.iter().filter(online).nth(nth(lot, count));
        }
        let count = self.members.iter().filter(stored).count();
        if count == 0 {
            return None;
        }
        self.members.iter().filter(stored).nth(nth(lot, count))
    }
}

fn nth(lot: u64, count: usize) -> usize {
    usize::try_from(lot % count as u64).unwrap_or(0)
}

/// What a filter leads to.
#[derive(Debug, Clone)]
pub enum Target<L> {
    One(Subscriber<L>),
    Group(Arc<Group<L>>),
}

/// Subscriptions of one scope. `tree` is cheap to clone: a clone is what the publish lane reads.
#[derive(Debug)]
pub struct Routes<L> {
    pub tree: Tree<Target<L>>,
    groups: HashMap<(Arc<str>, Arc<str>), u64>,
    next_group: u64,
}

/// Group keys live above session keys in the tree.
const FIRST_GROUP: u64 = 1 << 63;

impl<L: Clone> Routes<L> {
    pub fn new(dialect: Dialect) -> Self {
        Routes { tree: Tree::new(dialect), groups: HashMap::new(), next_group: FIRST_GROUP }
    }

    pub fn share_groups(&self) -> usize {
        self.groups.len()
    }

    /// Members of the group that `filter` names, if it names one that exists.
    pub fn share_members(&self, filter: &Filter) -> Option<usize> {
        let key = self.group_key(filter)?;
        match self.target(filter.pattern(), key)? {
            Target::Group(group) => Some(group.members.len()),
            Target::One(_) => None,
        }
    }

    /// Adds or replaces a session's subscription.
    pub fn insert(&mut self, filter: &Filter, subscriber: Subscriber<L>) {
        let Some(name) = filter.share() else {
            let key = subscriber.session.0;
            self.tree.insert(filter.pattern(), key, Target::One(subscriber));
            return;
        };
        let name: Arc<str> = name.into();
        let pattern: Arc<str> = filter.pattern().into();
        let next = &mut self.next_group;
        let key = *self.groups.entry((name.clone(), pattern.clone())).or_insert_with(|| {
            *next += 1;
            *next
        });
        let mut group = match self.tree.remove(&pattern, key) {
            Some(Target::Group(group)) => Arc::unwrap_or_clone(group),
            _ => Group { name, members: Vec::new() },
        };
        group.members.retain(|m| m.session != subscriber.session);
        group.members.push(subscriber);
        self.tree.insert(&pattern, key, Target::Group(Arc::new(group)));
    }

    /// Takes a session's subscription away.
    pub fn remove(&mut self, filter: &Filter, session: SessionId) {
        if filter.share().is_none() {
            self.tree.remove(filter.pattern(), session.0);
            return;
        }
        let Some(key) = self.group_key(filter) else { return };
        let Some(Target::Group(group)) = self.tree.remove(filter.pattern(), key) else { return };
        let mut group = Arc::unwrap_or_clone(group);
        group.members.retain(|m| m.session != session);
        if group.members.is_empty() {
            self.groups.remove(&(group.name, filter.pattern().into()));
        } else {
            self.tree.insert(filter.pattern(), key, Target::Group(Arc::new(group)));
        }
    }

    fn group_key(&self, filter: &Filter) -> Option<u64> {
        self.groups.get(&(filter.share()?.into(), filter.pattern().into())).copied()
    }

    fn target(&self, pattern: &str, key: u64) -> Option<&Target<L>> {
        self.tree.get(pattern, key)
    }
}
