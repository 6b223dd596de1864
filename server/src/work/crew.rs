//! Jobs and questions in, begun in a fair order out. What one comes to is told by whoever does it.

use std::collections::HashMap;
use std::sync::Arc;

use broker::ScopeId;
use hub::{Event, Worked};
use rules::{Action, Job, Task};
use tokio::task::{Id, JoinSet};

use super::fair::Fair;
use super::{confirm, page, perform};
use crate::shared::Shared;

/// Jobs that wait in memory; of the others only the numbers, and they are read again when it is their turn.
const KEPT: usize = 256;

/// Who does the work.
pub(super) struct Crew {
    shared: Arc<Shared>,
    /// Where owners of destinations can answer.
    api: String,
    fair: Fair<Piece>,
    kept: usize,
    running: JoinSet<()>,
    /// What each of those that run is counted for.
    lanes: HashMap<Id, (ScopeId, String)>,
}

enum Piece {
    Job {
        seq: u64,
        job: Option<Arc<Job>>,
    },
    /// A destination's owner is asked.
    Question(String),
}

impl Crew {
    pub(super) fn new(shared: Arc<Shared>, api: String) -> Crew {
        let (running, lanes) = (JoinSet::new(), HashMap::new());
        Crew { shared, api, fair: Fair::default(), kept: 0, running, lanes }
    }

    /// Whether more jobs of the scope are to be read.
    pub(super) fn wants(&self, scope: ScopeId) -> bool {
        self.fair.wants(scope)
    }

    pub(super) fn give(&mut self, scope: ScopeId, seq: u64, job: Arc<Job>) {
        let lane = lane(&job);
        let job = (self.kept < KEPT).then_some(job);
        self.kept += usize::from(job.is_some());
        self.fair.push(scope, lane, Piece::Job { seq, job });
    }

    pub(super) fn ask(&mut self, scope: ScopeId, destination: String) {
        self.fair.push(scope, "confirmation".to_owned(), Piece::Question(destination));
    }

    /// Counts what is over.
    pub(super) fn collect(&mut self) {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.ended(ended.map_or_else(|error| error.id(), |(id, ())| id));
        }
    }

    /// Begins whatever may be begun now.
    pub(super) fn begin(&mut self, epoch: u64) {
        while let Some((scope, lane, piece)) = self.fair.next() {
            let shared = self.shared.clone();
            let begun = match piece {
                Piece::Job { seq, job } => {
                    self.kept -= usize::from(job.is_some());
                    self.running.spawn(async move { done(&shared, epoch, scope, (seq, job)).await })
                }
                Piece::Question(destination) => {
                    let api = self.api.clone();
                    self.running.spawn(async move { confirm::ask(&shared, scope, &destination, &api).await })
                }
            };
            self.lanes.insert(begun.id(), (scope, lane));
        }
    }

    /// Waits until something that was begun is over; for ever if nothing was.
    pub(super) async fn one_ended(&mut self) {
        match self.running.join_next_with_id().await {
            Some(ended) => self.ended(ended.map_or_else(|error| error.id(), |(id, ())| id)),
            None => std::future::pending().await,
        }
    }

    /// Ends everything and forgets what waits: numbers begin anew.
    pub(super) fn forget(&mut self) {
        self.running.abort_all();
        self.lanes.clear();
        self.fair = Fair::default();
        self.kept = 0;
    }

    fn ended(&mut self, id: Id) {
        if let Some((scope, lane)) = self.lanes.remove(&id) {
            self.fair.done(scope, &lane);
        }
    }
}

async fn done(shared: &Arc<Shared>, epoch: u64, scope: ScopeId, (seq, job): (u64, Option<Arc<Job>>)) {
    let job = match job {
        Some(job) => job,
        None => {
            let (now, jobs, _) = page(shared, scope, (epoch, seq), 1).await;
            // One that is not there is over. One that cannot be read is a letter, or stays for the next start.
            match jobs.into_iter().next() {
                Some((found, job)) if found == seq && now == epoch => job,
                _ => return,
            }
        }
    };
    let result = perform(shared, scope, &job).await;
    shared.desk.submit(Event::Worked(Box::new(Worked { epoch, scope, seq, job, result })));
}

/// Everyone who is called for a job.
fn lane(job: &Job) -> String {
    let mut called: Vec<String> = match &job.task {
        Task::Evaluate => return format!("evaluation {}", job.rule),
        Task::ActOnError { action } => vec![callee(action)],
        Task::Act { actions, .. } => actions.iter().map(callee).collect(),
    };
    called.sort_unstable();
    called.dedup();
    called.join(" ")
}

/// Whom an action calls: a host and port, or a service.
fn callee(action: &Action<String>) -> String {
    let Action::Http(http) = action else { return action.word().to_owned() };
    let rest = http.url.split_once("://").map_or(http.url.as_str(), |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::action::{Http, Sqs};

    #[test]
    fn a_url_is_known_by_whom_it_calls() {
        let check = |url: &str, expected: &str| {
            let action = Action::Http(Http { url: url.to_owned(), ..Http::default() });
            assert_eq!(callee(&action), expected, "{url}");
        };
        check("http://A.example:8000/in?x=1", "a.example:8000");
        check("https://a.example?x=/", "a.example");
        check("https://a.example", "a.example");
        let queue = Action::Sqs(Sqs { queue_url: "http://q/1".to_owned(), ..Sqs::default() });
        assert_eq!(callee(&queue), "sqs");
    }
}
