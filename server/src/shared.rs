//! What every part of the shell can reach: the view, the writer's desk, the clock, counters, the recent past.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use hub::{Refusal, Settings, View};
use policy::Access;
use registry::{CertificateId, Registry};
use rules::Services;

use crate::activity::{Activity, Trouble, Who};
use crate::clock::Clock;
use crate::desk::Desk;
use crate::firings::Firings;
use crate::ledger::Ledger;
use crate::link::{Link, Pending};
use crate::links::Links;
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::registrar::Registrar;
use crate::rotation::Rotations;
use crate::scopes::Scopes;
use crate::traces::Traces;
use crate::work::Work;

/// What the store and the data folder hold of those who may come.
pub(crate) struct Recovered {
    pub(crate) registry: Registry,
    pub(crate) documents: Arc<dyn store::Reader>,
    pub(crate) ledger: Ledger,
    pub(crate) scopes: Scopes,
    pub(crate) rotations: Rotations,
    pub(crate) operator: CertificateId,
    pub(crate) anonymous: Access,
    pub(crate) services: Services,
    pub(crate) outgoing: Outgoing,
}

/// The one thing that tasks and threads have in common.
pub struct Shared {
    pub settings: Settings,
    pub clock: Clock,
    pub(crate) view: ArcSwap<View<Arc<Link>>>,
    pub(crate) desk: Desk,
    pub(crate) links: Links,
    pub(crate) pending: Pending,
    pub metrics: Metrics,
    pub activity: Activity,
    pub traces: Traces,
    /// Messages that woke rules, and how often each fired.
    pub(crate) firings: Firings,
    /// Things and certificates; changed only together with a write at the desk.
    pub(crate) registry: RwLock<Registry>,
    pub(crate) registrar: Registrar,
    /// What is on disk, for records that memory does not keep.
    pub(crate) documents: Arc<dyn store::Reader>,
    pub(crate) scopes: Scopes,
    pub(crate) ledger: Ledger,
    pub(crate) rotations: Rotations,
    /// Which actions of rules can be done here.
    pub(crate) services: Services,
    /// What rules left for outside, and the way there.
    pub(crate) work: Work,
    pub(crate) outgoing: Outgoing,
    /// The certificate of whoever runs the house.
    pub(crate) operator: CertificateId,
    /// What the principal of the plain listener may do.
    pub(crate) anonymous: Access,

    next_message: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        view: View<Arc<Link>>,
        recovered: Recovered,
    ) -> Shared {
        let Recovered {
            registry,
            documents,
            ledger,
            scopes,
            rotations,
            operator,
            anonymous,
            services,
            outgoing,
        } = recovered;
        Shared {
            settings,
            clock,
            view: ArcSwap::from_pointee(view),
            desk: Desk::default(),
            links: Links::default(),
            pending: Pending::default(),
            metrics: Metrics::default(),
            activity: Activity::default(),
            traces: Traces::default(),
            firings: Firings::default(),
            registry: RwLock::new(registry),
            registrar: Registrar::default(),
            documents,
            scopes,
            ledger,
            rotations,
            services,
            work: Work::default(),
            outgoing,
            operator,
            anonymous,
            next_message: AtomicU64::new(1),
        }
    }

    pub(crate) fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Only for the registrar, to apply what is committed.
    pub(crate) fn registry_mut(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn message_id(&self) -> u64 {
        self.next_message.fetch_add(1, Ordering::Relaxed)
    }

    /// Says what happened to a client, to the log and to whoever asks later.
    pub(crate) fn explain(&self, client: &str, what: &'static str, text: &str) {
        self.explain_lazily(client, what, || text);
    }

    /// As `explain`, with a text that is made only if it is written out.
    pub(crate) fn explain_lazily<T: AsRef<str>>(
        &self,
        client: &str,
        what: &'static str,
        text: impl FnOnce() -> T,
    ) {
        let client = &*Activity::clip(client);
        if self.activity.admits(client, what) {
            self.say(client, what, &Activity::clip(text().as_ref()));
        }
    }

    /// Once a second: says how much of a flood was only counted.
    pub(crate) fn explain_surplus(&self) {
        for surplus in self.activity.begin_second() {
            let text = format!("{} more of these in the last second", surplus.count);
            self.say(&surplus.client, surplus.what, &text);
        }
    }

    /// Keeps what went wrong for a client, for whoever asks why.
    pub(crate) fn trouble(&self, who: &Who, what: &str, refusal: &Refusal) {
        let owner = who.certificate.filter(|_| who.client.is_empty()).and_then(|id| self.owner(&id));
        let who = owner.as_ref().unwrap_or(who);
        let trouble = Trouble::new(what, refusal.reason.as_str(), &refusal.text, refusal.verdict.as_deref());
        let now_ms = self.clock.wall_ms();
        self.activity.clients.enter(who, |record| record.troubled(trouble, now_ms));
    }

    /// Whose trouble it is if a certificate has some and no client id is known: its thing's, or its own if it has none
    /// or several.
    pub(crate) fn owner(&self, id: &CertificateId) -> Option<Who> {
        let registry = self.registry();
        let record = registry.find_certificate(id)?;
        let mut things = registry.things_of(id);
        let thing = things.next().filter(|_| things.next().is_none());
        let client = thing.map_or_else(|| id.to_string().into(), Into::into);
        Some(Who { scope: self.scopes.find(&record.scope)?, client, certificate: Some(*id) })
    }

    fn say(&self, client: &str, what: &'static str, text: &str) {
        tracing::info!(client, what, "{text}");
        self.activity.note(self.clock.wall_ms(), client, what, text);
    }
}
