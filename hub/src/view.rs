//! What the publish lane reads: an immutable picture of all subscriptions, and the route of one topic through it.

use std::sync::Arc;

use broker::{Group, ScopeId, SessionId, Subscriber, Target};
use message::{QoS, Tree};
use policy::{Access, Action, Ask, Resource, Verdict};
use rules::{Picture, Rule};

/// One picture; replaced as a whole after each commit that changed a subscription.
#[derive(Debug)]
pub struct View<L> {
    /// Grows with each picture: what was looked up under another number is stale.
    pub generation: u64,
    pub trees: Vec<Tree<Target<L>>>,
    /// The rules of each scope.
    pub rules: Vec<Arc<Picture>>,
}

/// Everybody who gets a topic.
#[derive(Debug)]
pub struct Route<L> {
    pub direct: Vec<Reach<L>>,
    pub groups: Vec<Arc<Group<L>>>,
    /// Somebody here takes QoS above 0 through a mailbox.
    pub stores: bool,
    /// Who has a matching subscription and may not receive the topic.
    pub unheard: Vec<Unheard<L>>,
    /// Good for this moment only: a policy's condition depends on the time.
    pub is_momentary: bool,
    /// Every rule that a message on the topic wakes.
    pub rules: Vec<Arc<Rule>>,
}

/// A connection that does not get a topic, and why.
#[derive(Debug, Clone)]
pub struct Unheard<L> {
    pub link: L,
    access: Access,
    topic: Arc<str>,
    now_ms: u64,
}

impl<L> Unheard<L> {
    pub(crate) fn new(link: L, access: Access, topic: &str, now_ms: u64) -> Self {
        Unheard { link, access, topic: topic.into(), now_ms }
    }

    /// Worked out when somebody wants to read it.
    pub fn verdict(&self) -> Verdict {
        self.access.evaluate(&receive(&self.topic, self.now_ms))
    }
}

/// The ask of a delivery.
pub(crate) fn receive(topic: &str, now_ms: u64) -> Ask<'_> {
    Ask { now_ms: Some(now_ms), ..Ask::new(Action::Receive, Resource::Topic(topic)) }
}

/// One session that gets a topic, all its matching subscriptions merged.
#[derive(Debug, Clone)]
pub struct Reach<L> {
    pub session: SessionId,
    pub link: Option<L>,
    pub qos: QoS,
    pub no_local: bool,
    pub retain_as_published: bool,
    pub persistent: bool,
    pub subscription_ids: Vec<u32>,
}

impl<L: Clone> View<L> {
    /// Before there was anything.
    pub fn empty() -> Self {
        View { generation: 0, trees: Vec::new(), rules: Vec::new() }
    }

    pub fn route(&self, scope: ScopeId, topic: &str, now_ms: u64) -> Route<L> {
        let at = scope.0 as usize;
        let mut route = self.trees.get(at).map_or_else(Route::empty, |tree| Route::of(tree, topic, now_ms));
        route.rules = self.rules.get(at).map(|rules| rules.woken(topic)).unwrap_or_default();
        route
    }
}

impl<L: Clone> Route<L> {
    pub fn empty() -> Self {
        Route {
            direct: Vec::new(),
            groups: Vec::new(),
            stores: false,
            unheard: Vec::new(),
            is_momentary: false,
            rules: Vec::new(),
        }
    }

    /// Looks up who has subscribed to a topic. A session with several matching filters gets one copy, at its highest QoS; a connection that
    /// may not receive the topic gets none. What an offline session may receive is asked when it is online again.
    pub fn of(tree: &Tree<Target<L>>, topic: &str, now_ms: u64) -> Self {
        let mut direct: Vec<Reach<L>> = Vec::new();
        let mut groups = Vec::new();
        let mut hearing = Hearing { topic, now_ms, unheard: Vec::new(), is_momentary: false };
        tree.for_each_match(topic, |_, target| match target {
            Target::One(subscriber) if hearing.admits(subscriber) => direct.push(Reach::of(subscriber)),
            Target::One(_) => {}
            Target::Group(group) => groups.push(hearing.group(group)),
        });
        if !direct.is_sorted_by_key(|r| r.session) {
            direct.sort_by_key(|r| r.session);
        }
        direct.dedup_by(|later, kept| {
            let same = later.session == kept.session;
            if same {
                kept.merge(later);
            }
            same
        });
        let stores = direct.iter().any(|r| r.persistent && r.qos > QoS::AtMostOnce)
            || groups.iter().any(|g| g.members.iter().any(|m| m.persistent && m.qos > QoS::AtMostOnce));
        let Hearing { unheard, is_momentary, .. } = hearing;
        Route { direct, groups, stores, unheard, is_momentary, rules: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.direct.is_empty() && self.groups.is_empty()
    }

    /// Calls `each` for everybody who gets a message published by `publisher`; `lot` picks a group's member.
    pub fn for_each(
        &self,
        publisher: Option<SessionId>,
        lot: u64,
        qos: QoS,
        mut each: impl FnMut(&Reach<L>),
    ) {
        for reach in &self.direct {
            if !(reach.no_local && Some(reach.session) == publisher) {
                each(reach);
            }
        }
        for group in &self.groups {
            if let Some(member) = group.pick(lot, qos) {
                each(&Reach::of(member));
            }
        }
    }
}

/// Asks each subscriber's policies for one topic.
struct Hearing<'a, L> {
    topic: &'a str,
    now_ms: u64,
    unheard: Vec<Unheard<L>>,
    is_momentary: bool,
}

impl<L: Clone> Hearing<'_, L> {
    fn admits(&mut self, subscriber: &Subscriber<L>) -> bool {
        let Some(link) = &subscriber.link else { return true };
        let admitted = subscriber.access.allows(&receive(self.topic, self.now_ms));
        if !admitted {
            let access = subscriber.access.clone();
            self.unheard.push(Unheard::new(link.clone(), access, self.topic, self.now_ms));
        }
        self.is_momentary |= subscriber.access.depends_on_moment(Action::Receive);
        admitted
    }

    /// The group without those members that may not receive the topic.
    fn group(&mut self, group: &Arc<Group<L>>) -> Arc<Group<L>> {
        let admitted: Vec<bool> = group.members.iter().map(|member| self.admits(member)).collect();
        if !admitted.contains(&false) {
            return group.clone();
        }
        let members = group.members.iter().zip(admitted).filter(|(_, admitted)| *admitted);
        Arc::new(Group { name: group.name.clone(), members: members.map(|(m, _)| m.clone()).collect() })
    }
}

impl<L: Clone> Reach<L> {
    fn of(subscriber: &Subscriber<L>) -> Self {
        Reach {
            session: subscriber.session,
            link: subscriber.link.clone(),
            qos: subscriber.qos,
            no_local: subscriber.no_local,
            retain_as_published: subscriber.retain_as_published,
            persistent: subscriber.persistent,
            subscription_ids: match subscriber.subscription_id {
                0 => Vec::new(),
                id => vec![id],
            },
        }
    }

    fn merge(&mut self, other: &mut Reach<L>) {
        self.qos = self.qos.max(other.qos);
        self.retain_as_published |= other.retain_as_published;
        self.no_local &= other.no_local;
        self.subscription_ids.append(&mut other.subscription_ids);
    }

    /// The QoS a message published at `qos` has for this session.
    pub fn granted(&self, qos: QoS) -> QoS {
        self.qos.min(qos)
    }

    /// Whether a message of this QoS goes through the session's mailbox.
    pub fn stores(&self, qos: QoS) -> bool {
        self.persistent && self.granted(qos) > QoS::AtMostOnce
    }

    /// The RETAIN flag of a live delivery.
    pub fn retain(&self, published: bool) -> bool {
        published && self.retain_as_published
    }
}
