//! Destinations of HTTP actions on the change lane: made, confirmed, switched and ended.

use std::collections::BTreeMap;

use broker::ScopeId;
use rules::limits::DESTINATIONS;
use rules::{Destination, DestinationError, DestinationStatus};

use crate::Link;
use crate::notice::Notice;
use crate::plan::Plan;
use crate::world::Hub;

/// Destinations by id.
pub(crate) type Destinations = BTreeMap<String, Destination>;

impl<L: Link> Hub<L> {
    /// The destinations of a scope, in the order of their ids.
    pub fn destinations(&self, scope: ScopeId) -> impl Iterator<Item = &Destination> {
        self.scopes.get(scope.0 as usize).into_iter().flat_map(|place| place.rules.destinations.values())
    }

    pub fn destination(&self, scope: ScopeId, id: &str) -> Option<&Destination> {
        self.scopes.get(scope.0 as usize)?.rules.destinations.get(id)
    }

    /// Makes a destination and has its owner asked.
    ///
    /// # Errors
    /// There is one for its address, or there are too many.
    pub fn create_destination(
        &mut self,
        scope: ScopeId,
        destination: Destination,
        plan: &mut Plan<L>,
    ) -> Result<(), DestinationError> {
        let url = &destination.confirmation_url;
        if self.destinations(scope).any(|known| known.confirmation_url == *url) {
            return Err(DestinationError::Exists(url.clone()));
        }
        if self.destinations(scope).count() >= DESTINATIONS {
            return Err(DestinationError::TooMany);
        }
        plan.tell(Notice::Confirm { scope, destination: destination.id.clone() });
        self.keep_destination(scope, destination, plan);
        Ok(())
    }

    /// # Errors
    /// There is no such destination, or it was never confirmed and would be enabled. `token`: for another question.
    pub fn switch_destination(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        id: &str,
        (status, token): (DestinationStatus, String),
        plan: &mut Plan<L>,
    ) -> Result<(), DestinationError> {
        let mut destination = self.destination(scope, id).ok_or(DestinationError::Unknown)?.clone();
        match status {
            DestinationStatus::Enabled if !destination.is_confirmed => {
                return Err(DestinationError::NotConfirmed);
            }
            DestinationStatus::InProgress => {
                destination.token = token;
                plan.tell(Notice::Confirm { scope, destination: id.to_owned() });
            }
            _ => {}
        }
        (destination.status, destination.reason, destination.updated_ms) = (status, None, now_ms);
        self.keep_destination(scope, destination, plan);
        Ok(())
    }

    /// The owner shows the token that it was sent.
    ///
    /// # Errors
    /// Nobody was sent this token, or it was shown already, or a newer one was sent since.
    pub fn confirm_destination(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        token: &str,
        plan: &mut Plan<L>,
    ) -> Result<(), DestinationError> {
        let found = self.destinations(scope).find(|known| known.token == token && !token.is_empty());
        let mut destination = found.ok_or(DestinationError::Token)?.clone();
        destination.is_confirmed = true;
        // It says yes to one question only.
        destination.token.clear();
        if destination.status != DestinationStatus::Disabled {
            (destination.status, destination.reason) = (DestinationStatus::Enabled, None);
        }
        destination.updated_ms = now_ms;
        self.keep_destination(scope, destination, plan);
        Ok(())
    }

    /// The owner could not be asked.
    pub fn fail_destination(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        (id, token): (&str, &str),
        reason: String,
        plan: &mut Plan<L>,
    ) {
        let Some(destination) = self.destination(scope, id) else { return };
        if destination.token != token || destination.status != DestinationStatus::InProgress {
            return;
        }
        let status = DestinationStatus::Error;
        let failed = Destination { status, reason: Some(reason), updated_ms: now_ms, ..destination.clone() };
        self.keep_destination(scope, failed, plan);
    }

    /// False: there is no such destination.
    pub fn delete_destination(&mut self, scope: ScopeId, id: &str, plan: &mut Plan<L>) -> bool {
        let key = self.key(scope).rule_destination(id);
        let Some(place) = self.scope(scope) else { return false };
        let is_there = place.rules.destinations.remove(id).is_some();
        if is_there {
            plan.delete(key);
        }
        is_there
    }

    fn keep_destination(&mut self, scope: ScopeId, destination: Destination, plan: &mut Plan<L>) {
        plan.put(self.key(scope).rule_destination(&destination.id), destination.to_bytes());
        if let Some(place) = self.scope(scope) {
            place.rules.destinations.insert(destination.id.clone(), destination);
        }
    }
}
