//! What one message may bring about: evaluations, republishes and bytes, its republished descendants' and its jobs'
//! included. Counts; decides nothing.

use std::collections::HashMap;

use rules::limits::{BYTES_PER_MESSAGE, STEPS_PER_MESSAGE};

/// The messages whose consequences are not over, by number.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    roots: HashMap<u64, Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    steps: u32,
    bytes: usize,
    /// Jobs of it that wait. After a restart they are not counted, and the message's count begins anew.
    jobs: u32,
    /// Somebody was told that it is used up.
    is_told: bool,
}

impl Budgets {
    /// False: the message has brought about all that it may.
    pub(super) fn step(&mut self, root: u64) -> bool {
        let spent = self.roots.entry(root).or_default();
        spent.steps = spent.steps.saturating_add(1);
        spent.steps <= STEPS_PER_MESSAGE
    }

    /// False: it has made more bytes than it may.
    pub(super) fn hold(&mut self, root: u64, bytes: usize) -> bool {
        let spent = self.roots.entry(root).or_default();
        spent.bytes = spent.bytes.saturating_add(bytes);
        spent.bytes <= BYTES_PER_MESSAGE
    }

    /// True once for each message.
    pub(super) fn is_first_word(&mut self, root: u64) -> bool {
        !std::mem::replace(&mut self.roots.entry(root).or_default().is_told, true)
    }

    pub(super) fn job_begins(&mut self, root: u64) {
        self.roots.entry(root).or_default().jobs += 1;
    }

    pub(super) fn job_ends(&mut self, root: u64) {
        let spent = self.roots.entry(root).or_default();
        spent.jobs = spent.jobs.saturating_sub(1);
    }

    /// Forgets the messages that have nothing open.
    pub(super) fn settle(&mut self) {
        if !self.roots.is_empty() {
            self.roots.retain(|_, spent| spent.jobs > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_open_jobs_goes_on_counting_and_others_are_forgotten() {
        let mut budgets = Budgets::default();
        (0..STEPS_PER_MESSAGE).for_each(|_| assert!(budgets.step(1) && budgets.step(2)));
        budgets.job_begins(1);
        budgets.settle();
        assert!(!budgets.step(1));
        assert!(budgets.step(2));
        budgets.job_ends(1);
        budgets.settle();
        assert!(budgets.roots.is_empty());
        assert!(budgets.hold(1, BYTES_PER_MESSAGE) && !budgets.hold(1, 1));
        assert!(budgets.is_first_word(1) && !budgets.is_first_word(1));
    }
}
