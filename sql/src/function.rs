//! Every function of the language: its name and arguments in, its value out. Wrong arguments come to Undefined.

use crate::call::{Stop, Surroundings};
use crate::value::Value;
use crate::version::Version;

/// A function by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) since: Version,
    /// Fewest and most arguments.
    pub(crate) arity: (usize, usize),
    pub(crate) body: fn(&[Value], &mut Surroundings<'_>) -> Result<Value, Stop>,
}

impl Function {
    /// Names are found in any case.
    pub(crate) fn find(_name: &str) -> Option<&'static Function> {
        None
    }

    /// Names that look like this one, for a suggestion.
    pub(crate) fn near(_name: &str) -> Option<&'static str> {
        None
    }
}
