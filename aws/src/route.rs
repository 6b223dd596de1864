//! A method and a path in, the operation they name and its labels out. Reads no query and no body.

use crate::fault::Fault;
use crate::path;
use crate::request::{Request, Service};
use crate::shape::Descriptor;
use crate::{iot, iot_data, unserved};

/// Templates whose last label is the rest of the path: a topic or an ARN, whose slashes may come unencoded.
const GREEDY: &[&str] = &["/topics/{topic}", "/retainedMessage/{topic}", "/attached-policies/{target}"];

/// An operation that is known by name: its name, its method, its path.
pub(crate) type Named = (&'static str, &'static str, &'static str);

/// Where a request leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The operation's name, and its labels decoded.
    Operation(&'static str, Vec<(&'static str, String)>),
    /// The path is known, but not with this method.
    OtherMethod,
    Nowhere,
}

/// Finds the operation of `service` that the request names; the most literal template wins.
///
/// # Errors
/// A template fits, but a label in the path cannot be decoded.
pub(crate) fn find(service: &Service, request: &Request<'_>) -> Result<Route, Fault> {
    let fitting = |(_, _, template): &Named| fits(template, request.path);
    let fits_method = |(_, method, _): &Named| *method == request.method.as_str();
    let best =
        named(service).filter(fits_method).filter(fitting).min_by_key(|(_, _, template)| rank(template));
    match best {
        Some((name, _, template)) => Ok(Route::Operation(name, labels(template, request.path)?)),
        None if named(service).any(|operation| fitting(&operation)) => Ok(Route::OtherMethod),
        None => Ok(Route::Nowhere),
    }
}

/// True if `service` has an operation with this method and path.
pub(crate) fn is_known(service: &Service, request: &Request<'_>) -> bool {
    named(service)
        .any(|(_, method, template)| method == request.method.as_str() && fits(template, request.path))
}

/// Every operation of a service that is told by its path, served or not.
fn named(service: &Service) -> impl Iterator<Item = Named> {
    fn name(descriptor: &Descriptor) -> Named {
        (descriptor.name, descriptor.method, descriptor.path)
    }
    let (served, data, others) = match service {
        Service::Iot => (iot::SERVED, &[][..], unserved::IOT),
        Service::IotData => (&[][..], iot_data::SERVED, unserved::IOT_DATA),
        Service::IotJobsData => (&[][..], &[][..], unserved::IOT_JOBS_DATA),
        _ => (&[][..], &[][..], &[][..]),
    };
    let served = served.iter().map(|(descriptor, _)| name(descriptor));
    served.chain(data.iter().map(|(descriptor, _)| name(descriptor))).chain(others.iter().copied())
}

/// One part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Literal(&'static str),
    Label(&'static str),
    Rest(&'static str),
}

fn parts(template: &'static str) -> impl Iterator<Item = Part> {
    let greedy = GREEDY.contains(&template);
    segments(template).map(move |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        None => Part::Literal(part),
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Part::Rest(name),
            None if greedy => Part::Rest(name),
            None => Part::Label(name),
        },
    })
}

/// What lies between a path's slashes; one slash at its end is no part.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/')
}

fn fits(template: &'static str, path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    let mut given = segments(path);
    for part in parts(template) {
        match (part, given.next()) {
            (Part::Literal(literal), Some(segment)) if literal == segment => {}
            (Part::Label(_), Some(_)) => {}
            (Part::Rest(_), Some(_)) => return true,
            _ => return false,
        }
    }
    given.next().is_none()
}

/// Lower is more literal, from the left.
fn rank(template: &'static str) -> Vec<u8> {
    let weight = |part| match part {
        Part::Literal(_) => 0,
        Part::Label(_) => 1,
        Part::Rest(_) => 2,
    };
    parts(template).map(weight).collect()
}

fn labels(template: &'static str, path: &str) -> Result<Vec<(&'static str, String)>, Fault> {
    let mut labels = Vec::new();
    let mut left = path.strip_prefix('/').unwrap_or(path);
    for part in parts(template) {
        let (segment, after) = left.split_once('/').unwrap_or((left, ""));
        match part {
            Part::Literal(_) => {}
            Part::Label(name) => labels.push((name, path::label(segment)?)),
            Part::Rest(name) => labels.push((name, path::rest(left)?)),
        }
        left = after;
    }
    Ok(labels)
}
