//! A definition and the rule that it makes. Compiling takes a while, so it is done before whoever keeps rules is asked.

use std::sync::Arc;

use crate::definition::Definition;
use crate::lint::{self, Finding};
use crate::rule::{Invalid, Rule};

/// A checked rule with its definition, not entered anywhere.
#[derive(Debug, Clone)]
pub struct Made {
    pub(crate) rule: Arc<Rule>,
    pub(crate) definition: Definition,
}

impl Made {
    /// # Errors
    /// The definition is not valid.
    pub fn new(account: &Arc<str>, name: &str, definition: Definition) -> Result<Made, Invalid> {
        Ok(Made { rule: Arc::new(Rule::compile(account, name, &definition)?), definition })
    }

    pub fn name(&self) -> &str {
        &self.rule.name
    }

    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What in it is probably not meant.
    pub fn lint(&self) -> Vec<Finding> {
        lint::of(&self.definition, &self.rule.statement)
    }

    /// The same rule, enabled or disabled.
    #[must_use]
    pub fn switched(self, is_disabled: bool) -> Made {
        let rule = Arc::new(Rule { is_disabled, ..(*self.rule).clone() });
        Made { rule, definition: Definition { is_disabled, ..self.definition } }
    }
}
