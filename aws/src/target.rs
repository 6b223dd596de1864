//! The protocol of services whose calls are named by `X-Amz-Target`: JSON in, typed calls out; outputs in, JSON out. Answers
//! no call.

use http::Response;

use crate::fault::Fault;
use crate::logs;
use crate::operations::Output;
use crate::parts::Parts;
use crate::reply::{Draft, response};
use crate::request::{Request, Service, target};
use crate::shape::Descriptor;

pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Logs(logs::Call),
    /// An operation that is not served, by its name.
    Unserved(String),
    /// No operation is named.
    Unknown,
}

/// Reads the call that the target names and the body makes.
///
/// # Errors
/// The operation is served, but the body is not a whole call of it.
pub fn read(service: &Service, request: &Request<'_>) -> Result<Asked, Fault> {
    let operation = target(request).map(|(_, operation)| operation).filter(|name| !name.is_empty());
    let Some(operation) = operation else { return Ok(Asked::Unknown) };
    let found = match service {
        Service::Logs => {
            call(logs::SERVED, operation, request, logs::faults::invalid_parameter)?.map(Asked::Logs)
        }
        _ => None,
    };
    Ok(found.unwrap_or_else(|| Asked::Unserved(operation.to_owned())))
}

/// The response that says `output`.
pub fn reply<O: Output>(output: &O, request_id: &str) -> Response<Vec<u8>> {
    let mut draft = Draft::default();
    output.write(&mut draft);
    response(O::DESCRIPTOR.status, CONTENT_TYPE, request_id, draft.into_body())
}

type Served<C> = (&'static Descriptor, fn(&mut Parts<'_>) -> Result<C, Fault>);

/// The members are read as those of other protocols are; only the error has another name in each service.
fn call<C>(
    served: &[Served<C>],
    operation: &str,
    request: &Request<'_>,
    invalid: fn(String) -> Fault,
) -> Result<Option<C>, Fault> {
    let Some((descriptor, read)) = served.iter().find(|(descriptor, _)| descriptor.name == operation) else {
        return Ok(None);
    };
    let parts = Parts::new(request, descriptor, Vec::new());
    parts.and_then(|mut parts| read(&mut parts)).map(Some).map_err(|fault| invalid(fault.message))
}
