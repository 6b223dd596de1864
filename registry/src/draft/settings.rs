//! Wishes about a scope as a whole: its registration code and which events it publishes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Draft;
use crate::events::{EventConfigurations, EventKind};
use crate::shelf::RegistrationCode;
use crate::{RegistryError, Scope};

impl Draft<'_> {
    /// The code there is, or a new one made of the random bytes.
    pub fn registration_code(&mut self, scope: &Scope, random: [u8; 32]) -> String {
        if let Some(code) = self.view(scope).registration_code() {
            return code.to_owned();
        }
        let mut code = String::with_capacity(64);
        for byte in random {
            write!(code, "{byte:02x}").expect("a string takes all text");
        }
        let step = self.step;
        let kept = RegistrationCode { code: code.clone(), revision: 0 };
        self.shelf(scope).registration.put(step, (), Some(Arc::new(kept)));
        code
    }

    pub fn delete_registration_code(&mut self, scope: &Scope) -> Result<(), RegistryError> {
        if self.view(scope).registration_code().is_none() {
            return Err(RegistryError::NoRegistrationCode);
        }
        let step = self.step;
        self.shelf(scope).registration.put(step, (), None);
        Ok(())
    }

    /// What is not named stays as it is.
    pub fn set_events(&mut self, scope: &Scope, enabled: &BTreeMap<EventKind, bool>, now_ms: u64) {
        let mut events = match self.view(scope).events() {
            Some(events) => (**events).clone(),
            None => EventConfigurations { created_ms: now_ms, ..EventConfigurations::default() },
        };
        events.enabled.extend(enabled);
        events.modified_ms = now_ms;
        let step = self.step;
        self.shelf(scope).events.put(step, (), Some(Arc::new(events)));
    }
}
