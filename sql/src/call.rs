//! What a function has at hand beside its arguments, and why it may not come to a value.

use crate::chance::{STEP, mix};
use crate::functions::Pattern;
use crate::input::Input;
use crate::limits;
use crate::need::Need;
use crate::version::Version;

/// One evaluation's surroundings, as functions see them.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) version: Version,
    /// Moves on with every value drawn from it.
    pub(crate) chance: u64,
    /// The call's first argument is written `*`: the payload's own bytes are meant. The value passed for it is the
    /// payload's if that is JSON, else Undefined.
    pub(crate) whole: bool,
    /// What the call's `Function::prepare` made of its literal arguments, if there was something to make.
    pub(crate) prepared: Option<&'a Pattern>,
    /// Bytes of what had to be compiled for this call.
    pub(crate) compiled: usize,
    /// Why values are Undefined that AWS would have: what somebody who tries a rule has to be told.
    pub(crate) remarks: Vec<String>,
}

impl Surroundings<'_> {
    /// Keeps a remark once, and only the first few.
    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.remarks.len() < limits::REMARKS && !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// The next 64 random bits, by splitmix64.
    pub(crate) fn draw(&mut self) -> u64 {
        let drawn = mix(self.chance);
        self.chance = self.chance.wrapping_add(STEP);
        drawn
    }
}

/// Why an evaluation ends before it has a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The outside has to be asked first.
    Need(Box<Need>),
    /// The outside was asked and failed: the rule fails.
    Failed(String),
    /// A limit of the house was reached: the rule fails.
    Limit(&'static str),
}
