//! What every part of the shell can reach: the view, the writer's desk, the clock, counters, the recent past.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwap;
use hub::{Settings, View};
use policy::Access;
use registry::Registry;

use crate::activity::Activity;
use crate::clock::Clock;
use crate::desk::Desk;
use crate::link::{Link, Pending};
use crate::links::Links;
use crate::metrics::Metrics;
use crate::traces::Traces;

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
    /// Things and certificates; changed only together with a write at the desk.
    pub(crate) registry: Mutex<Registry>,
    /// What the principal of the plain listener may do.
    pub(crate) anonymous: Access,
    next_message: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        view: View<Arc<Link>>,
        desk: Desk,
        registry: Registry,
        anonymous: Access,
    ) -> Shared {
        Shared {
            settings,
            clock,
            view: ArcSwap::from_pointee(view),
            desk,
            links: Links::default(),
            pending: Pending::default(),
            metrics: Metrics::default(),
            activity: Activity::default(),
            traces: Traces::default(),
            registry: Mutex::new(registry),
            anonymous,
            next_message: AtomicU64::new(1),
        }
    }

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn message_id(&self) -> u64 {
        self.next_message.fetch_add(1, Ordering::Relaxed)
    }

    /// Says what happened to a client, to the log and to whoever asks later.
    pub(crate) fn explain(&self, client: &str, what: &'static str, text: &str) {
        let (client, text) = (&*Activity::clip(client), &*Activity::clip(text));
        if self.activity.admits(client, what) {
            self.say(client, what, text);
        }
    }

    /// Once a second: says how much of a flood was only counted.
    pub(crate) fn explain_surplus(&self) {
        for surplus in self.activity.begin_second() {
            let text = format!("{} more of these in the last second", surplus.count);
            self.say(&surplus.client, surplus.what, &text);
        }
    }

    fn say(&self, client: &str, what: &'static str, text: &str) {
        tracing::info!(client, what, "{text}");
        self.activity.note(self.clock.wall_ms(), client, what, text);
    }
}
