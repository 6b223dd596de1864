//! What rules leave for outside: queued in the message's own commit, taken page by page, told when it is over.

use std::sync::Arc;

use broker::ScopeId;
use bytes::Bytes;
use rules::limits::{BYTES_PER_MESSAGE, DEAD_LETTERS, LETTER_BYTES, LETTERS_BYTES};
use rules::{Failure, Job, Letter, Occasion, Task, Unreadable};
use store::{Need, ReadError};

use crate::Link;
use crate::event::{WorkResult, Worked};
use crate::notice::Notice;
use crate::plan::Plan;
use crate::world::Hub;

use super::firing::Firing;

/// Bytes of jobs read at a time.
const PAGE_BYTES: usize = 1024 * 1024;

/// Jobs with their numbers, and where to read on.
type Page = (Vec<(u64, Result<Arc<Job>, Unreadable>)>, u64);

impl<L: Link> Hub<L> {
    /// Jobs from number `from` on that nobody has finished, and where to read on.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn rule_jobs(&self, scope: ScopeId, from: u64, most: usize) -> Result<Page, ReadError> {
        let Some(place) = self.scopes.get(scope.0 as usize) else { return Ok((Vec::new(), from)) };
        let from = from.max(place.rules.jobs.head());
        let log = self.key(scope).rule_jobs();
        let mut next = from;
        let mut jobs = Vec::new();
        for (seq, bytes) in self.reader.read_log(&log, from, most, PAGE_BYTES)? {
            next = seq + 1;
            if place.rules.jobs.is_taken(seq) {
                continue;
            }
            jobs.push((seq, Job::from_bytes(&bytes).map(Arc::new)));
        }
        Ok((jobs, next))
    }

    /// How many jobs wait, and their bytes.
    pub fn rule_backlog(&self, scope: ScopeId) -> (u64, u64) {
        let jobs = self.scopes.get(scope.0 as usize).map(|place| &place.rules.jobs);
        jobs.map_or((0, 0), |jobs| (jobs.len(), jobs.bytes()))
    }

    /// A page of letters from a number on, oldest first, and the number behind it; none: there are no more.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn rule_letters(&self, scope: ScopeId, from: u64) -> Result<(Vec<Letter>, Option<u64>), ReadError> {
        let Some(place) = self.scopes.get(scope.0 as usize) else { return Ok((Vec::new(), None)) };
        let (from, most) = (from.max(place.rules.letters.head()), usize::MAX);
        let records = self.reader.read_log(&self.key(scope).rule_letters(), from, most, PAGE_BYTES)?;
        let next = records.last().map(|(last, _)| last + 1);
        let read = |(seq, bytes): (u64, Bytes)| {
            Letter::from_bytes(&bytes)
                .unwrap_or_else(|reason| Letter::unread(0, ("StoredLetter", seq), &reason, &bytes))
        };
        Ok((records.into_iter().map(read).collect(), next))
    }

    /// Puts work for outside into the queue, in the commit of what is being decided.
    pub(super) fn leave(
        &mut self,
        firing: &Firing<'_>,
        task: Task,
        payload: Bytes,
        plan: &mut Plan<L>,
    ) -> Result<(), String> {
        let Firing { scope, occasion, rule } = *firing;
        if self.is_disk_full() {
            return Err("the disk is full: free some space".to_owned());
        }
        let key = self.key(scope).rule_jobs();
        let job = Job { rule: rule.name.to_string(), task, payload, occasion: occasion.clone() };
        let bytes = job.to_bytes();
        if !self.waking.budgets.hold(occasion.root, bytes.len()) {
            return Err(format!("what one message brings about has more than {BYTES_PER_MESSAGE} bytes"));
        }
        let Some(place) = self.scope(scope) else { return Err("its account is gone".to_owned()) };
        let seq = place.rules.jobs.admit(bytes.len() as u64).map_err(|_| {
            let jobs = &place.rules.jobs;
            format!("{} actions with {} bytes wait for the outside, the limit", jobs.len(), jobs.bytes())
        })?;
        self.waking.budgets.job_begins(occasion.root);
        plan.append(key, seq, Bytes::from(bytes));
        plan.tell(Notice::Work { scope });
        Ok(())
    }

    /// A piece of work is over: it leaves the queue in the commit of what follows from it.
    pub(crate) fn worked(&mut self, worked: Worked, plan: &mut Plan<L>) {
        let Worked { epoch, scope, seq, job, result } = worked;
        if epoch != self.epoch {
            return;
        }
        let key = self.key(scope).rule_jobs();
        let Some(place) = self.scope(scope) else { return };
        if place.rules.jobs.is_taken(seq) {
            return;
        }
        self.waking.budgets.job_ends(job.occasion.root);
        let Some(place) = self.scope(scope) else { return };
        if place.rules.jobs.take(seq) {
            let head = place.rules.jobs.head();
            plan.trim(key, head);
        }
        let rule = place.rules.set.get(&job.rule).map(|entry| entry.rule.clone());
        match (result, &job.task) {
            (WorkResult::Evaluated(rule, outcome), _) => {
                let firing = Firing { scope, occasion: &job.occasion, rule: &rule };
                self.settle_firing(&firing, outcome, plan);
            }
            (WorkResult::Acted(failures), Task::Act { failed, .. }) => {
                let failures: Vec<Failure> = failed.iter().cloned().chain(failures).collect();
                if failures.is_empty() {
                    return;
                }
                match rule {
                    Some(rule) => {
                        let firing = Firing { scope, occasion: &job.occasion, rule: &rule };
                        self.fail(&firing, failures, plan);
                    }
                    None => self.keep_letter(scope, &job.occasion, &job.rule, failures, plan),
                }
            }
            (WorkResult::Acted(failures), _) if failures.is_empty() => {}
            (WorkResult::Acted(failures), _) => {
                self.explain_failures(scope, &job.occasion, &job.rule, &failures, plan);
                self.keep_letter(scope, &job.occasion, &job.rule, failures, plan);
            }
            (WorkResult::Dropped(reason), _) => {
                let failure = Failure::new("RuleStatement", &job.rule, reason);
                self.keep_letter(scope, &job.occasion, &job.rule, vec![failure], plan);
            }
        }
    }

    /// Work that cannot be read goes from the queue to the letters, or nothing behind it would ever leave the queue.
    pub(crate) fn set_work_aside(
        &mut self,
        epoch: u64,
        (scope, seq): (ScopeId, u64),
        reason: &Unreadable,
        plan: &mut Plan<L>,
    ) {
        // The letter takes the room that the work gives back; without any it stays where it is, for the next start.
        if epoch != self.epoch || !self.has_room(Need::Reserve) {
            return;
        }
        let key = self.key(scope).rule_jobs();
        let Ok(records) = self.reader.read_log(&key, seq, 1, PAGE_BYTES) else { return };
        let Some((_, bytes)) = records.first().filter(|(found, _)| *found == seq) else { return };
        let letter = Letter::unread(self.now_ms, ("StoredWork", seq), reason, bytes);
        let Some(place) = self.scope(scope) else { return };
        if place.rules.jobs.is_taken(seq) || !self.add_letter(scope, &letter, plan) {
            return;
        }
        let Some(place) = self.scope(scope) else { return };
        if place.rules.jobs.take(seq) {
            plan.trim(key, place.rules.jobs.head());
        }
    }

    /// Says what a rule could not do to whoever asks about the device that published.
    pub(super) fn explain_failures(
        &self,
        scope: ScopeId,
        occasion: &Occasion,
        rule: &str,
        failures: &[Failure],
        plan: &mut Plan<L>,
    ) {
        let client = occasion.source.client.clone().unwrap_or_else(|| occasion.message.publisher.clone());
        for failure in failures {
            let text = format!("rule {rule}, for a message on {}: {failure}", occasion.message.topic);
            let scope = Some(scope);
            plan.tell(Notice::Explain {
                client: client.clone(),
                what: "rule failed",
                text,
                scope,
                verdict: None,
            });
        }
    }

    pub(super) fn keep_letter(
        &mut self,
        scope: ScopeId,
        occasion: &Occasion,
        rule: &str,
        failures: Vec<Failure>,
        plan: &mut Plan<L>,
    ) {
        if self.is_disk_full() {
            return;
        }
        let (topic, message) = (occasion.message.topic.to_string(), occasion.message.id);
        let (at_ms, rule) = (self.now_ms, rule.to_owned());
        self.add_letter(scope, &Letter { at_ms, rule, topic, message, failures, stored: None }, plan);
    }

    /// The oldest ones make room for it. False: it is too long to be kept.
    fn add_letter(&mut self, scope: ScopeId, letter: &Letter, plan: &mut Plan<L>) -> bool {
        let key = self.key(scope).rule_letters();
        let Some(place) = self.scope(scope) else { return false };
        let bytes = letter.to_bytes();
        if bytes.len() > LETTER_BYTES {
            return false;
        }
        let letters = &mut place.rules.letters;
        while letters.len() >= DEAD_LETTERS || !letters.is_empty() && letters.bytes() > LETTERS_BYTES {
            letters.take(letters.head());
            plan.trim(key.clone(), letters.head());
        }
        let Ok(seq) = letters.admit(bytes.len() as u64) else { return false };
        plan.append(key, seq, Bytes::from(bytes));
        true
    }
}
