//! An operation's output in, its XML response out, led by the shapes. Builds no errors: see `fault`.

use http::Response;
use serde_json::{Map, Value as Json};

use crate::fault::escaped;
use crate::operations::Output;
use crate::reply::{Draft, response};
use crate::shape::{Member, Shape};
use crate::signature::Timestamp;

/// The response that says `output` in the service's namespace.
pub(crate) fn reply<O: Output>(namespace: &str, output: &O, request_id: &str) -> Response<Vec<u8>> {
    let mut draft = Draft::default();
    output.write(&mut draft);
    let name = O::DESCRIPTOR.name;
    let mut text = format!("<{name}Response xmlns=\"{namespace}\">");
    let found = match draft.into_json() {
        Json::Object(found) => found,
        _ => Map::new(),
    };
    // AWS leaves the result out where there is nothing to say; only here clients look for it nevertheless.
    if !O::DESCRIPTOR.output.is_empty() || name == "UpdateRole" {
        text.push_str(&format!("<{name}Result>"));
        members(&mut text, O::DESCRIPTOR.output, &found);
        text.push_str(&format!("</{name}Result>"));
    }
    let id = escaped(request_id);
    text.push_str(&format!(
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{name}Response>"
    ));
    response(O::DESCRIPTOR.status, "text/xml", request_id, text.into_bytes())
}

/// In the order of the shape.
fn members(text: &mut String, shapes: &[Member], found: &Map<String, Json>) {
    for member in shapes {
        if let Some(json) = found.get(member.wire) {
            element(text, member.wire, &member.shape, json);
        }
    }
}

fn element(text: &mut String, name: &str, shape: &Shape, json: &Json) {
    text.push_str(&format!("<{name}>"));
    match (shape, json) {
        (Shape::List(item), Json::Array(items)) => {
            for json in items {
                element(text, "member", item, json);
            }
        }
        (Shape::Map(key, value), Json::Object(entries)) => {
            for (name, json) in entries {
                text.push_str("<entry>");
                element(text, "key", key, &Json::from(name.as_str()));
                element(text, "value", value, json);
                text.push_str("</entry>");
            }
        }
        (Shape::Structure { members: shapes, .. }, Json::Object(found)) => members(text, shapes, found),
        (Shape::Timestamp, json) => {
            let seconds = json.as_i64().or_else(|| json.as_f64().map(whole));
            text.push_str(&Timestamp::from_unix_s(seconds.unwrap_or_default()).extended());
        }
        (_, Json::String(content)) => text.push_str(&escaped(content)),
        (_, other) => text.push_str(&escaped(&other.to_string())),
    }
    text.push_str(&format!("</{name}>"));
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no date lies out there")]
fn whole(seconds: f64) -> i64 {
    seconds.floor() as i64
}
