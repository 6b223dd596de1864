//! Nothing in, every served operation's description out, as JSON. For tests and documents; no call needs it.

use serde_json::{Value as Json, json};

use crate::fault::STATUSES;
use crate::request::Service;
use crate::shape::{Descriptor, Member, Range, Shape};
use crate::{iam, iot, iot_data, logs, sts, unserved};

/// Every served operation, every one known by name, and every error's status; those of the query protocol, and those
/// named by their target, apart.
#[must_use]
pub fn describe() -> Json {
    let control = iot::SERVED.iter().map(|(descriptor, _)| operation(&Service::Iot, descriptor));
    let data = iot_data::SERVED.iter().map(|(descriptor, _)| operation(&Service::IotData, descriptor));
    let accounts = iam::SERVED.iter().map(|(descriptor, _)| operation(&Service::Iam, descriptor));
    let sessions = sts::SERVED.iter().map(|(descriptor, _)| operation(&Service::Sts, descriptor));
    let events = logs::SERVED.iter().map(|(descriptor, _)| operation(&Service::Logs, descriptor));
    let targets = unserved::LOGS.iter().map(|name| json!({ "service": Service::Logs.name(), "name": name }));
    let known = [
        (Service::Iot, unserved::IOT),
        (Service::IotData, unserved::IOT_DATA),
        (Service::IotJobsData, unserved::IOT_JOBS_DATA),
    ];
    let known = known.iter().flat_map(|(service, names)| {
        names.iter().map(move |(name, method, path)| {
            json!({ "service": service.name(), "name": name, "method": method, "path": path })
        })
    });
    let statuses = STATUSES.iter().map(|(name, status)| ((*name).to_owned(), Json::from(*status)));
    let query_statuses =
        iam::faults::STATUSES.iter().map(|(name, status)| ((*name).to_owned(), Json::from(*status)));
    let target_statuses =
        logs::faults::STATUSES.iter().map(|(name, status)| ((*name).to_owned(), Json::from(*status)));
    json!({
        "served": control.chain(data).collect::<Json>(),
        "unserved": known.collect::<Json>(),
        "query": sessions.chain(accounts).collect::<Json>(),
        "query_errors": query_statuses.collect::<Json>(),
        "target": events.collect::<Json>(),
        "target_unserved": targets.collect::<Json>(),
        "target_errors": target_statuses.collect::<Json>(),
        "errors": statuses.collect::<Json>(),
    })
}

fn operation(service: &Service, descriptor: &Descriptor) -> Json {
    json!({
        "service": service.name(),
        "name": descriptor.name,
        "method": descriptor.method,
        "path": descriptor.path,
        "status": descriptor.status,
        "input": members(descriptor.input),
        "output": members(descriptor.output),
        "errors": descriptor.errors,
    })
}

fn members(members: &[Member]) -> Json {
    members.iter().map(member).collect()
}

fn member(member: &Member) -> Json {
    let range = member.range.map(|Range { least, most }| json!([least, most]));
    json!({
        "wire": member.wire,
        "location": member.location.name(),
        "required": member.required,
        "range": range,
        "shape": shape(&member.shape),
    })
}

fn shape(of: &Shape) -> Json {
    match of {
        Shape::String => json!({ "type": "string" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Timestamp => json!({ "type": "timestamp" }),
        Shape::Blob => json!({ "type": "blob" }),
        Shape::Enumeration { name, values } => json!({ "type": "string", "name": name, "enum": values }),
        Shape::List(item) => json!({ "type": "list", "member": shape(item) }),
        Shape::Map(key, value) => json!({ "type": "map", "key": shape(key), "value": shape(value) }),
        Shape::Structure { name, members: inner } => {
            json!({ "type": "structure", "name": name, "members": members(inner) })
        }
    }
}
