//! The recent past, bounded: what happened to each message, by its id. Filled by the shell, read by people.

use std::collections::VecDeque;
use std::sync::Arc;

use message::{QoS, Topic};

/// Steps one ring keeps before the oldest goes.
pub const STEPS: usize = 16_384;

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
    Published { client: Arc<str>, topic: Topic, qos: QoS, bytes: u32, receivers: u32 },
    Refused { client: Arc<str>, topic: Box<str>, why: Box<str> },
    Stored { receivers: u32 },
}

/// A bounded ring of steps.
#[derive(Debug, Default)]
pub struct Trace {
    steps: VecDeque<Step>,
    forgotten: u64,
}

impl Trace {
    pub fn push(&mut self, step: Step) {
        if self.steps.len() >= STEPS {
            self.steps.pop_front();
            self.forgotten += 1;
        }
        self.steps.push_back(step);
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
