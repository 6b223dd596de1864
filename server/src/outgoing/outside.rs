//! Calls of AWS's services in, signed and sent to the endpoints that the settings name. Without an endpoint nothing is
//! sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::aws::outgoing::{Call, Failure, Keys, Outside, outcome};
use ::aws::signature::{SignatureFault, Timestamp};
use ::aws::value::Secret;
use bytes::Bytes;
use registry::Scope;

use super::connect::Place;
use super::{Limits, Outgoing, OutgoingError, Reply};

/// Where services of AWS's stand, and what is needed to call them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutsideSettings {
    pub endpoints: BTreeMap<Outside, String>,
    /// None: endpoints on this machine are called with the account's number as key and `test` as secret.
    pub keys: Option<Keys>,
    /// More certificate authorities that are believed, in PEM.
    pub ca: Option<PathBuf>,
}

/// Why a call of a service was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error(
        "no endpoint is set for {0}: start with --endpoint {0}=URL, or name it under [endpoints] in the file"
    )]
    NoEndpoint(Outside),
    #[error("the call of {service} cannot be signed: {why}")]
    Unsigned { service: Outside, why: SignatureFault },
    #[error("{operation} of {service}: {why}")]
    NoReply { service: Outside, operation: &'static str, why: OutgoingError },
    #[error("{operation} was refused by {service} at {authority}: {failure}")]
    Refused { service: Outside, operation: &'static str, authority: String, failure: Failure },
}

impl CallError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoEndpoint(_) | Self::Unsigned { .. } => false,
            Self::NoReply { why, .. } => why.is_retryable(),
            Self::Refused { failure, .. } => failure.is_retryable,
        }
    }
}

impl OutsideSettings {
    /// What would fail only when the first call is made.
    pub fn check(&self) -> Result<(), String> {
        for (service, url) in &self.endpoints {
            let place = Place::of(url).map_err(|error| format!("the endpoint of {service}: {error}"))?;
            if place.target.contains('?') {
                return Err(format!(
                    "the endpoint of {service} may not have a query: take off what follows the ?"
                ));
            }
            if self.keys.is_none() && !place.is_loopback() {
                return Err(format!(
                    "the endpoint of {service} is on another machine, and no keys are set: put AWS_ACCESS_KEY_ID and \
                     AWS_SECRET_ACCESS_KEY into the environment, or [endpoint-keys] into the file"
                ));
            }
        }
        Ok(())
    }

    /// Who is called, for people.
    pub fn shown(&self) -> impl Iterator<Item = String> {
        self.endpoints.iter().map(|(service, url)| format!("{service} {url}"))
    }
}

impl Outgoing {
    /// Whether an endpoint is set for the service.
    #[must_use]
    pub fn reaches(&self, service: Outside) -> bool {
        self.settings.endpoints.contains_key(&service)
    }

    /// Signs a call for the scope's region, sends it to the service's endpoint and reads what became of it.
    pub async fn call(&self, scope: &Scope, call: &Call) -> Result<Reply, CallError> {
        let (service, operation) = (call.service, call.operation);
        let Some(endpoint) = self.settings.endpoints.get(&service) else {
            return Err(CallError::NoEndpoint(service));
        };
        let no_reply = |why| CallError::NoReply { service, operation, why };
        let place = Place::of(endpoint).map_err(no_reply)?;
        let path = format!("{}{}", place.target.trim_end_matches('/'), call.path);
        let at = Timestamp::from_unix_s(crate::identity::machine_now_s());
        let keys = self.keys_for(scope);
        let headers = call
            .signed(&place.authority, &path, &keys, scope.region(), at)
            .map_err(|why| CallError::Unsigned { service, why })?;
        let scheme = if place.is_tls { "https" } else { "http" };
        let url = format!("{scheme}://{}{path}", place.authority);
        let body = Bytes::from(call.body.clone());
        let reply =
            self.send(call.method.clone(), &url, headers, body, Limits::CALL).await.map_err(no_reply)?;
        match outcome(reply.status, &reply.headers, &reply.body) {
            Ok(()) => Ok(reply),
            Err(failure) => {
                Err(CallError::Refused { service, operation, authority: place.authority, failure })
            }
        }
    }

    pub(crate) fn keys_for(&self, scope: &Scope) -> Keys {
        self.settings.keys.clone().unwrap_or_else(|| Keys {
            access_key: scope.account().to_owned(),
            secret: Secret("test".to_owned()),
            session_token: None,
        })
    }
}
