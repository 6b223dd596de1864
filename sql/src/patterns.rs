//! What the regular expressions of a text take when compiled in, whether they are few enough out. Compiles none.

use crate::limits::{PATTERNS, PATTERNS_BYTES};

/// Regular expressions that are kept compiled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Patterns {
    count: usize,
    bytes: usize,
}

impl Patterns {
    pub(crate) fn of(bytes: usize) -> Patterns {
        Patterns { count: 1, bytes }
    }

    /// Those of both together.
    ///
    /// # Errors
    /// They are more than one statement, or one rule with all its templates, may have.
    pub fn with(self, more: Patterns) -> Result<Patterns, String> {
        let (count, bytes) = (self.count + more.count, self.bytes + more.bytes);
        if count > PATTERNS {
            return Err(format!("there are more than {PATTERNS} regular expressions, the limit: use fewer"));
        }
        if bytes > PATTERNS_BYTES {
            let text = "the regular expressions take more than 4 MiB when compiled: use fewer, or repeat less in them";
            return Err(text.to_owned());
        }
        Ok(Patterns { count, bytes })
    }
}
