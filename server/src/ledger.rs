//! Access keys, roles and managed policies: read by everybody, changed one wish after the other, on disk before it counts.

use std::sync::{RwLock, RwLockReadGuard};

use registry::accounts::{Accounts, AccountsError, Draft};

use crate::desk::Desk;

/// The accounts of this instance.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: RwLock<Accounts>,
    /// Held while a change is decided, committed and applied.
    turn: tokio::sync::Mutex<()>,
}

/// Why a wish about accounts came to nothing.
#[derive(Debug)]
pub(crate) enum Denied {
    Refused(AccountsError),
    Unavailable(String),
}

impl Ledger {
    pub(crate) fn new(accounts: Accounts) -> Ledger {
        Ledger { accounts: RwLock::new(accounts), turn: tokio::sync::Mutex::default() }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Accounts> {
        self.accounts.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The caller's task must not be dropped in between: it is one that nobody else can end.
    pub(crate) async fn change<T>(
        &self,
        desk: &Desk,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<T, AccountsError>,
    ) -> Result<T, Denied> {
        let _turn = self.turn.lock().await;
        let (outcome, change) = {
            let accounts = self.read();
            let mut draft = accounts.draft();
            let outcome = decide(&mut draft).map_err(Denied::Refused)?;
            (outcome, draft.finish())
        };
        if !change.writes.is_empty() {
            desk.write(change.writes.clone()).await.map_err(Denied::Unavailable)?;
        }
        self.write(|accounts| accounts.apply(change));
        Ok(outcome)
    }

    /// Empties the whole store and the accounts with it. A change decided on what is wiped would not fit what is left,
    /// so none may be under way.
    pub(crate) async fn reset(&self, desk: &Desk) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        desk.reset().await?;
        self.write(|accounts| *accounts = Accounts::default());
        Ok(())
    }

    fn write(&self, act: impl FnOnce(&mut Accounts)) {
        act(&mut self.accounts.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}
