//! The query protocol of STS and IAM: forms in, typed calls out; outputs in, XML out. Answers no call.

mod form;
mod xml;

use crate::fault::Fault;
use crate::parts::Parts;
use crate::request::{Request, Service};
use crate::shape::{Descriptor, Member};
use crate::{iam, sts};
use form::Form;

pub(crate) use xml::reply;

/// What a form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Sts(sts::Call),
    Iam(iam::Call),
    /// An operation that is not served, by its name.
    Unserved(String),
    /// No operation is named.
    Unknown,
}

/// Reads the call of STS or IAM that the form in the body, or in the query, makes.
///
/// # Errors
/// The operation is served, but the form is not a whole call of it, or asks for what is not served of it.
pub fn read(service: &Service, request: &Request<'_>) -> Result<Asked, Fault> {
    let form = Form::of(request)?;
    let Some(action) = form.text("Action") else { return Ok(Asked::Unknown) };
    let found = match service {
        Service::Sts => call(sts::SERVED, action, &form, request)?.map(Asked::Sts),
        Service::Iam => call(iam::SERVED, action, &form, request)?.map(Asked::Iam),
        _ => None,
    };
    if let Some(Asked::Sts(call)) = &found {
        call.check_served()?;
    }
    Ok(found.unwrap_or_else(|| Asked::Unserved(action.to_owned())))
}

/// `ValidationError`, 400: a parameter is not what it must be.
pub(crate) fn validation(message: impl Into<String>) -> Fault {
    Fault::new(400, "ValidationError", message)
}

type Served<C> = (&'static Descriptor, fn(&mut Parts<'_>) -> Result<C, Fault>);

fn call<C>(
    served: &[Served<C>],
    action: &str,
    form: &Form,
    request: &Request<'_>,
) -> Result<Option<C>, Fault> {
    let Some((operation, read)) = served.iter().find(|(operation, _)| operation.name == action) else {
        return Ok(None);
    };
    let members = form.members(operation.input)?;
    let is_missing = |member: &&Member| member.required && !members.contains_key(member.wire);
    if let Some(missing) = operation.input.iter().find(is_missing) {
        let name = missing.wire;
        let message = format!("The request must contain the parameter {name}: {action} needs it");
        return Err(Fault::new(400, "MissingParameter", message));
    }
    let mut parts = Parts::of_members(request, members);
    // The members are read as those of other protocols are; only the error has another name here.
    read(&mut parts).map(Some).map_err(|fault| validation(fault.message))
}

#[cfg(test)]
mod tests;
