//! The calls of STS: who am I, and temporary credentials. Does not answer them.
#![expect(clippy::large_enum_variant, reason = "a request has one call, which is not kept")]

pub mod identity;
pub mod sessions;

use http::Response;

use crate::fault::Fault;
use crate::operations::{Output, calls};
use crate::query;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

calls! {
    identity: GetCallerIdentity GetAccessKeyInfo;
    sessions: AssumeRole GetSessionToken;
}

/// The response that says `output`.
pub fn reply<O: Output>(output: &O, request_id: &str) -> Response<Vec<u8>> {
    query::reply(NAMESPACE, output, request_id)
}

impl Call {
    /// Refuses what would change the meaning of a call if it were left out of account.
    pub(crate) fn check_served(&self) -> Result<(), Fault> {
        let given = match self {
            Self::AssumeRole(call) => call.unserved(),
            Self::GetSessionToken(call) => call.unserved(),
            Self::GetCallerIdentity(_) | Self::GetAccessKeyInfo(_) => None,
        };
        match given {
            Some(member) => Err(query::validation(format!(
                "`{member}` of {} is not served by Thingstead: leave it out",
                self.name()
            ))),
            None => Ok(()),
        }
    }
}
