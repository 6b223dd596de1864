//! Accounts and regions in, the numbers that the hub knows them by out. Checks no credentials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use broker::ScopeId;
use hub::Event;
use hub::keys::ScopeKey;
use registry::Scope;

use crate::desk::Desk;
use crate::limits::SCOPES;

/// What callers hear when no other can be opened.
pub(crate) const TOO_MANY: &str =
    "there are too many accounts and regions here: use fewer, or a second instance";

/// Every account and region that something lives in.
#[derive(Debug, Default)]
pub(crate) struct Scopes(Mutex<HashMap<Arc<Scope>, ScopeId>>);

impl Scopes {
    /// Those that the hub was opened with, in its order.
    pub(crate) fn new(scopes: impl IntoIterator<Item = Arc<Scope>>) -> Scopes {
        let numbers = (0..).map(ScopeId);
        Scopes(Mutex::new(scopes.into_iter().zip(numbers).collect()))
    }

    /// The scope's number; one that is not known yet is opened. None: there are too many.
    pub(crate) fn open(&self, scope: &Scope, desk: &Desk) -> Option<ScopeId> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(number) = known.get(scope) {
            return Some(*number);
        }
        let number = u32::try_from(known.len()).ok().filter(|_| known.len() < SCOPES).map(ScopeId)?;
        // With the lock held, so that the hub counts in the same order.
        desk.submit(Event::Scope(ScopeKey(scope.to_string())));
        known.insert(Arc::new(scope.clone()), number);
        Some(number)
    }

    /// The scope that a number stands for.
    pub(crate) fn name(&self, number: ScopeId) -> Option<Arc<Scope>> {
        self.all().into_iter().find(|(_, known)| *known == number).map(|(scope, _)| scope)
    }

    /// Every scope with its number.
    pub(crate) fn all(&self) -> Vec<(Arc<Scope>, ScopeId)> {
        let known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.iter().map(|(scope, number)| (scope.clone(), *number)).collect()
    }

    /// The number of a scope that something lives in already.
    pub(crate) fn find(&self, scope: &Scope) -> Option<ScopeId> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(scope).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_keeps_its_number_and_their_number_is_bounded() {
        let first = Arc::new(Scope::default());
        let scopes = Scopes::new([first.clone()]);
        let desk = Desk::default();
        assert_eq!(scopes.open(&first, &desk), Some(ScopeId(0)));
        let scope = |account: usize| Scope::new(format!("{account:012}"), "eu-west-1").expect("a scope");
        for account in 1..SCOPES {
            let number = scopes.open(&scope(account), &desk).expect("there is room");
            assert_eq!(number.0 as usize, account);
        }
        assert_eq!(scopes.open(&scope(SCOPES), &desk), None);
        assert_eq!(scopes.find(&scope(7)), Some(ScopeId(7)));
        assert_eq!(scopes.find(&scope(SCOPES)), None);
        assert_eq!(desk.len(), SCOPES - 1);
    }
}
