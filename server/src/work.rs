//! What rules left for outside: taken from the queue, done with a few attempts, told to the writer when it is over.

mod act;
mod answer;
mod confirm;
mod crew;
mod fair;
mod http;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use broker::ScopeId;
use hub::{Event, WorkResult};
use rules::limits::{ATTEMPTS, BACK_OFF_MS, NEEDS};
use rules::{Action, Failure, Job, Outcome, Task, fire};
use sql::Evaluation;
use tokio::sync::Notify;

use crew::Crew;

use crate::endpoints::Endpoints;
use crate::shared::Shared;

/// Jobs that are read at a time.
const PAGE: usize = 64;

/// Which scopes have work that nobody has looked at.
#[derive(Debug, Default)]
pub(crate) struct Work {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    scopes: BTreeSet<ScopeId>,
    /// Destinations whose owners have to be asked.
    destinations: BTreeSet<(ScopeId, String)>,
}

impl Work {
    pub(crate) fn ring(&self, scope: ScopeId) {
        self.lock().scopes.insert(scope);
        self.bell.notify_one();
    }

    pub(crate) fn confirm(&self, scope: ScopeId, destination: String) {
        self.lock().destinations.insert((scope, destination));
        self.bell.notify_one();
    }

    /// Everything was reset: who works looks again, at what is there now.
    pub(crate) fn forget(&self) {
        *self.lock() = Waiting::default();
        self.bell.notify_one();
    }

    fn take(&self) -> Waiting {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Runs until it is dropped; what was not finished then is done again after the next start.
pub(crate) async fn run(shared: Arc<Shared>, endpoints: Endpoints) {
    for (_, scope) in shared.scopes.all() {
        shared.work.ring(scope);
        confirm::ask_again(&shared, scope).await;
    }
    // Where to read on, of scopes that have more.
    let mut reading: BTreeMap<ScopeId, u64> = BTreeMap::new();
    let mut waiting: BTreeSet<ScopeId> = BTreeSet::new();
    let mut crew = Crew::new(shared.clone(), endpoints.api);
    let mut epoch = 0;
    loop {
        let Waiting { scopes, destinations } = shared.work.take();
        waiting.extend(scopes);
        for (scope, destination) in destinations {
            crew.ask(scope, destination);
        }
        // Not again before the end of the round: who had no room in it is looked at when the next one ends.
        crew.collect();
        crew.begin(epoch);
        let mut idle = true;
        for scope in waiting.clone() {
            if !crew.wants(scope) {
                continue;
            }
            let from = reading.get(&scope).copied().unwrap_or(0);
            let (now, jobs, next) = page(&shared, scope, (epoch, from), PAGE).await;
            if now != epoch {
                // Numbers begin anew; nobody may tell what was begun before.
                epoch = now;
                reading.clear();
                crew.forget();
                waiting.extend(shared.scopes.all().into_iter().map(|(_, scope)| scope));
                idle = false;
                break;
            }
            reading.insert(scope, next);
            if next == from {
                waiting.remove(&scope);
            }
            idle &= next == from;
            jobs.into_iter().for_each(|(seq, job)| crew.give(scope, seq, job));
            crew.begin(epoch);
        }
        if idle {
            tokio::select! {
                () = shared.work.bell.notified() => {}
                () = crew.one_ended() => {}
            }
        }
    }
}

/// The hub's epoch, jobs with their numbers, and where to read on.
type Page = (u64, Vec<(u64, Arc<Job>)>, u64);

async fn page(shared: &Shared, scope: ScopeId, (known, from): (u64, u64), most: usize) -> Page {
    let found = shared.desk.ask(move |hub| (hub.epoch(), hub.rule_jobs(scope, from, most))).await;
    match found {
        Ok((epoch, Ok((found, next)))) => {
            let mut jobs = Vec::new();
            for (seq, job) in found {
                match job {
                    Ok(job) => jobs.push((seq, job)),
                    Err(reason) => {
                        tracing::error!(seq, %reason, "something that rules left for outside cannot be read");
                        shared.desk.submit(Event::Unread { epoch, scope, seq, reason });
                    }
                }
            }
            (epoch, jobs, next)
        }
        Ok((epoch, Err(error))) => {
            tracing::error!(%error, "what rules left for outside cannot be read");
            (epoch, Vec::new(), from)
        }
        // The desk is closing.
        Err(_) => (known, Vec::new(), from),
    }
}

async fn perform(shared: &Arc<Shared>, scope: ScopeId, job: &Job) -> WorkResult {
    match &job.task {
        Task::Evaluate => evaluate(shared, scope, job).await,
        Task::ActOnError { action } => {
            WorkResult::Acted(attempt(shared, scope, job, action).await.err().into_iter().collect())
        }
        Task::Act { actions, .. } => {
            let mut failed = Vec::new();
            for action in actions {
                failed.extend(attempt(shared, scope, job, action).await.err());
            }
            WorkResult::Acted(failed)
        }
    }
}

/// One action, with a few attempts if another may help.
async fn attempt(
    shared: &Arc<Shared>,
    scope: ScopeId,
    job: &Job,
    action: &Action<String>,
) -> Result<(), Failure> {
    let mut attempt = 1;
    loop {
        let Err(wrong) = act::act(shared, scope, job, action).await else { return Ok(()) };
        if !wrong.may_pass || attempt >= ATTEMPTS {
            let tries = if attempt > 1 { format!(" ({attempt} attempts)") } else { String::new() };
            let text = format!("{}{tries}", wrong.text);
            return Err(Failure::new(action.failed(), action.shown_resource(), text));
        }
        tokio::time::sleep(Duration::from_millis(BACK_OFF_MS << (attempt - 1))).await;
        attempt += 1;
    }
}

/// Asks what the rule wants to know and evaluates it again, until it comes to something.
async fn evaluate(shared: &Arc<Shared>, scope: ScopeId, job: &Job) -> WorkResult {
    let name = job.rule.clone();
    let found = shared
        .desk
        .ask(move |hub| hub.rules(scope).and_then(|rules| rules.get(&name)).map(|entry| entry.rule.clone()));
    let Ok(Some(rule)) = found.await else {
        return WorkResult::Dropped("the rule is gone since the message came".to_owned());
    };
    let mut answers = Vec::new();
    loop {
        let outcome = fire(&rule, &mut Evaluation::new(&job.occasion.input(&answers)));
        match outcome {
            Outcome::Open(need) if answers.len() < NEEDS => {
                let answer = answer::to(shared, scope, &need).await;
                answers.push((*need, answer));
            }
            Outcome::Open(_) => {
                let text = format!("it asks the outside more than {NEEDS} times");
                let failure = Failure::new("RuleStatement", &rule.name, text);
                return WorkResult::Evaluated(rule, Outcome::Failed(failure));
            }
            outcome => return WorkResult::Evaluated(rule, outcome),
        }
    }
}
