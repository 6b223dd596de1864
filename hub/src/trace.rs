//! The recent past, bounded: what happened to each message, by its id. Filled by the shell, read by people.

use std::collections::VecDeque;
use std::sync::Arc;

use broker::ScopeId;
use message::{QoS, Topic};

/// Steps one ring keeps before the oldest goes.
pub const STEPS: usize = 16_384;
/// And bytes of the names in them: topics may be long.
pub const STEP_BYTES: usize = 4 * 1024 * 1024;

/// One thing that happened to one message.
#[derive(Debug, Clone)]
pub struct Step {
    pub message: u64,
    pub at_ms: u64,
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    Published {
        client: Arc<str>,
        topic: Topic,
        qos: QoS,
        bytes: u32,
        receivers: u32,
    },
    Refused {
        client: Arc<str>,
        topic: Box<str>,
        why: Box<str>,
    },
    Stored {
        receivers: u32,
    },
    /// A rule looked at the message: what came of it, in a word and in words.
    Rule {
        scope: ScopeId,
        rule: Arc<str>,
        result: &'static str,
        text: Box<str>,
    },
}

impl Step {
    fn bytes(&self) -> usize {
        match &self.what {
            What::Published { topic, .. } => topic.len(),
            What::Refused { topic, why, .. } => topic.len() + why.len(),
            What::Rule { text, .. } => text.len(),
            What::Stored { .. } => 0,
        }
    }
}

/// A bounded ring of steps.
#[derive(Debug, Default)]
pub struct Trace {
    steps: VecDeque<Step>,
    bytes: usize,
    forgotten: u64,
}

impl Trace {
    pub fn push(&mut self, step: Step) {
        self.bytes += step.bytes();
        self.steps.push_back(step);
        while self.steps.len() > STEPS || self.bytes > STEP_BYTES {
            let Some(oldest) = self.steps.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.forgotten += 1;
        }
    }

    /// Steps of one message, oldest first.
    pub fn of(&self, message: u64) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |s| s.message == message)
    }

    /// The latest steps, oldest first.
    pub fn latest(&self, most: usize) -> impl Iterator<Item = &Step> {
        self.steps.iter().skip(self.steps.len().saturating_sub(most))
    }

    /// Steps that were kept once and are no more.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_push_old_steps_out() {
        let mut trace = Trace::default();
        for message in 0..200 {
            let why = "w".repeat(60_000).into();
            let what = What::Refused { client: "c".into(), topic: "t".into(), why };
            trace.push(Step { message, at_ms: 0, what });
        }
        assert!(trace.bytes <= STEP_BYTES);
        assert_eq!(trace.latest(1000).count() as u64, 200 - trace.forgotten());
        assert_eq!(trace.latest(1).next().map(|step| step.message), Some(199));
    }
}
