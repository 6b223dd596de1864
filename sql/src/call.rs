//! What a function has at hand beside its arguments, and why it may not come to a value.

use crate::input::Input;
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
