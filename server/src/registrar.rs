//! Wishes for the registry in, their outcomes out once they are on disk. Many wishes share one commit; what they mean
//! for live connections takes effect before anybody is answered.

use std::sync::{Arc, Mutex, MutexGuard};

use hub::{Event, Origin};
use message::{Message, QoS, Topic};
use registry::{Draft, Registry, RegistryEvent};
use tokio::sync::{Notify, oneshot};

use crate::limits::{WISHES_PER_COMMIT, WISHES_WAITING};
use crate::rights;
use crate::shared::Shared;

/// Where wishes wait. Everybody who changes the registry does so here.
#[derive(Default)]
pub(crate) struct Registrar {
    queue: Mutex<Queue>,
    bell: Notify,
}

#[derive(Default)]
struct Queue {
    wishes: Vec<Wish>,
    resets: Vec<oneshot::Sender<Result<(), String>>>,
}

/// Decides on the draft; what it gives back is called with how the commit went.
type Wish = Box<dyn FnOnce(&mut Draft<'_>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Why a wish was not even decided, or could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unavailable(pub(crate) String);

impl Registrar {
    /// Decides a wish behind all those before it, and answers when it is on disk and in effect. What it refuses changes
    /// nothing. Whoever stops waiting does not stop the wish.
    pub(crate) async fn change<T, E>(
        &self,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Unavailable>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        if !self.has_room() {
            return Err(Unavailable(BUSY.to_owned()));
        }
        let (done, outcome) = oneshot::channel();
        let wish: Wish = Box::new(move |draft| {
            let decided = decide(draft);
            Box::new(move |committed: Result<(), String>| {
                let _ = done.send(committed.map(|()| decided));
            })
        });
        self.lock().wishes.push(wish);
        self.bell.notify_one();
        outcome.await.unwrap_or_else(|_| Err(STOPPING.to_owned())).map_err(Unavailable)
    }

    /// A wish that nobody waits for; `then` hears how its commit went.
    pub(crate) fn post(
        &self,
        decide: impl FnOnce(&mut Draft<'_>) + Send + 'static,
        then: impl FnOnce(Result<(), String>) + Send + 'static,
    ) {
        if !self.has_room() {
            return then(Err(BUSY.to_owned()));
        }
        let wish: Wish = Box::new(move |draft| {
            decide(draft);
            Box::new(then)
        });
        self.lock().wishes.push(wish);
        self.bell.notify_one();
    }

    /// Empties the registry, and with it everything else that is stored.
    pub(crate) async fn reset(&self) -> Result<(), Unavailable> {
        let (done, outcome) = oneshot::channel();
        self.lock().resets.push(done);
        self.bell.notify_one();
        outcome.await.unwrap_or_else(|_| Err(STOPPING.to_owned())).map_err(Unavailable)
    }

    /// The one that decides, one commit after the other. Runs until it is dropped.
    pub(crate) async fn run(shared: Arc<Shared>) {
        loop {
            let Queue { wishes, resets } = shared.registrar.take(shared.desk.is_disk_full());
            if wishes.is_empty() && resets.is_empty() {
                shared.registrar.bell.notified().await;
                continue;
            }
            if !wishes.is_empty() {
                commit(&shared, wishes).await;
            }
            if !resets.is_empty() {
                let emptied = empty(&shared).await;
                resets.into_iter().for_each(|done| _ = done.send(emptied.clone()));
            }
        }
    }

    /// Callers that gave up have left their wishes here, so the number of connections is no bound.
    fn has_room(&self) -> bool {
        self.lock().wishes.len() < WISHES_WAITING
    }

    /// On a full disk one by one: what takes rights away must not be refused for what somebody else wants to make.
    fn take(&self, disk_full: bool) -> Queue {
        let mut queue = self.lock();
        let most = queue.wishes.len().min(if disk_full { 1 } else { WISHES_PER_COMMIT });
        let rest = queue.wishes.split_off(most);
        let wishes = std::mem::replace(&mut queue.wishes, rest);
        Queue { wishes, resets: std::mem::take(&mut queue.resets) }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Registrar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registrar").field("waiting", &self.lock().wishes.len()).finish()
    }
}

const STOPPING: &str = "the server is stopping";
const BUSY: &str = "too many changes wait to be decided: try again in a moment";

async fn empty(shared: &Arc<Shared>) -> Result<(), String> {
    shared.ledger.reset(&shared.desk).await?;
    *shared.registry_mut() = Registry::default();
    shared.rotations.forget();
    shared.activity.forget();
    shared.firings.forget();
    shared.work.forget();
    // Who connected after the sessions were emptied came by a certificate that is gone now.
    for link in shared.links.all() {
        rights::review(shared, &link);
    }
    Ok(())
}

async fn commit(shared: &Arc<Shared>, wishes: Vec<Wish>) {
    let (answers, change) = {
        let registry = shared.registry();
        let mut draft = registry.draft();
        let answers: Vec<Answer> = wishes.into_iter().map(|wish| wish(&mut draft)).collect();
        (answers, draft.finish())
    };
    let written = match change.writes.is_empty() {
        true => Ok(()),
        false => shared.desk.write(change.writes.clone()).await,
    };
    if written.is_ok() {
        let events = change.events.clone();
        let affected = shared.registry_mut().apply(change);
        rights::take_effect(shared, affected).await;
        publish(shared, events);
    }
    answers.into_iter().for_each(|answer| answer(written.clone()));
}

/// Registry events are messages like others: who has subscribed gets them.
fn publish(shared: &Shared, events: Vec<RegistryEvent>) {
    for event in events {
        let Some(scope) = shared.scopes.find(&event.scope) else { continue };
        let Ok(topic) = Topic::parse(&event.topic) else { continue };
        let received_ms = shared.clock.wall_ms();
        let payload = event.payload(&uuid::Uuid::new_v4().to_string(), received_ms);
        let message = Message {
            id: shared.message_id(),
            topic,
            payload: payload.into(),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: None,
            publisher: "$aws".into(),
            received_ms,
            expires_ms: None,
        };
        let origin = Origin { scope, session: None };
        shared.desk.submit(Event::Publish { origin, message, answer: None });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn wishes_beyond_the_bound_are_refused_at_once() {
        let registrar = Registrar::default();
        for _ in 0..WISHES_WAITING {
            registrar.post(|_| {}, |_| {});
        }
        let refused = Arc::new(AtomicBool::new(false));
        let told = refused.clone();
        registrar.post(|_| {}, move |committed| told.store(committed.is_err(), Ordering::Relaxed));
        assert!(refused.load(Ordering::Relaxed));
        let changed = registrar.change(|_| Ok::<_, ()>(())).await;
        assert_eq!(changed, Err(Unavailable(BUSY.to_owned())));
    }

    #[test]
    fn on_a_full_disk_each_wish_is_committed_for_itself() {
        let registrar = Registrar::default();
        (0..3).for_each(|_| registrar.post(|_| {}, |_| {}));
        assert_eq!(registrar.take(true).wishes.len(), 1);
        assert_eq!(registrar.take(false).wishes.len(), 2);
    }
}
