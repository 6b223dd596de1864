//! Work that leaves the house, as bytes on disk: actions with their payload, or an evaluation that has to ask first.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::fire::Failure;
use crate::occasion::Occasion;
use crate::stored::Unreadable;

/// One entry of the queue.
#[derive(Debug, Clone)]
pub struct Job {
    pub rule: String,
    pub task: Task,
    /// What the actions get.
    pub payload: Bytes,
    /// The message that brought it about.
    pub occasion: Occasion,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Task {
    /// Actions of one rule; what failed before is told together with what fails now.
    Act { actions: Vec<Action<String>>, failed: Vec<Failure> },
    /// A rule's error action: whatever fails now has nobody left to tell but people.
    ActOnError { action: Action<String> },
    /// The rule asks something of the outside before it is known what it comes to.
    Evaluate,
}

/// Format of a stored job.
const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    rule: String,
    task: Task,
    payload: usize,
}

impl Job {
    pub fn to_bytes(&self) -> Vec<u8> {
        let (rule, task) = (self.rule.clone(), self.task.clone());
        let head = Head { rule, task, payload: self.payload.len() };
        let head = serde_json::to_vec(&head).expect("texts and numbers can always be written");
        let mut bytes = vec![FORMAT];
        bytes.extend(u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(head);
        bytes.extend_from_slice(&self.payload);
        bytes.extend(self.occasion.to_bytes());
        bytes
    }

    /// # Errors
    /// The bytes are no job of this version.
    pub fn from_bytes(bytes: &Bytes) -> Result<Job, Unreadable> {
        let short = || Unreadable("it is cut short".to_owned());
        let (format, rest) = bytes.split_first().ok_or_else(short)?;
        if *format != FORMAT {
            return Err(Unreadable(format!("format {format}")));
        }
        let (length, _) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let end = 5 + u32::from_be_bytes(*length) as usize;
        let head = bytes.get(5..end).ok_or_else(short)?;
        let Head { rule, task, payload } =
            serde_json::from_slice(head).map_err(|error| Unreadable(error.to_string()))?;
        let until = end.checked_add(payload).filter(|until| *until <= bytes.len()).ok_or_else(short)?;
        let occasion = Occasion::from_bytes(&bytes.slice(until..))?;
        Ok(Job { rule, task, payload: bytes.slice(end..until), occasion })
    }
}
