//! A request whose operation is known in, one member after the other out. Knows no operation by name.

use http::HeaderMap;
use serde_json::{Map, Value as Json};

use crate::fault::Fault;
use crate::path;
use crate::request::Request;
use crate::shape::{Descriptor, Location, Member, Range};
use crate::value::{Blob, Mismatch, Optional, Text, Value, kind, within};

/// A request taken apart, as an operation's input reads it.
#[derive(Debug)]
pub struct Parts<'a> {
    labels: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    headers: &'a HeaderMap,
    members: Map<String, Json>,
    payload: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes `request` apart as far as `operation` has members there: a body that no member stands in is not
    /// looked at.
    ///
    /// # Errors
    /// The query or the JSON body cannot be read.
    pub(crate) fn new(
        request: &Request<'a>,
        operation: &Descriptor,
        labels: Vec<(&'static str, String)>,
    ) -> Result<Self, Fault> {
        let stands_in = |location| operation.input.iter().any(|member: &Member| member.location == location);
        let query = if stands_in(Location::Query) { path::query(request.query)? } else { Vec::new() };
        let members = if stands_in(Location::Body) { object(request.body)? } else { Map::new() };
        Ok(Self { labels, query, headers: request.headers, members, payload: request.body })
    }

    /// The same for members that were read from a form: there is no label, no query and no payload.
    pub(crate) fn of_members(request: &Request<'a>, members: Map<String, Json>) -> Self {
        Self { labels: Vec::new(), query: Vec::new(), headers: request.headers, members, payload: b"" }
    }

    /// # Errors
    /// The label does not say a `T`.
    pub fn label<T>(&mut self, wire: &'static str, range: Option<Range>) -> Result<T, Fault>
    where
        T: Optional<Value: Text>,
    {
        let found = self.labels.iter().find(|(name, _)| *name == wire);
        text(wire, found.map(|(_, value)| value.as_str()), range)
    }

    /// The last of several with one name counts.
    ///
    /// # Errors
    /// The parameter is required and missing, or does not say a `T`.
    pub fn query<T>(&mut self, wire: &'static str, range: Option<Range>) -> Result<T, Fault>
    where
        T: Optional<Value: Text>,
    {
        let found = self.query.iter().rev().find(|(name, _)| name == wire);
        text(wire, found.map(|(_, value)| value.as_str()), range)
    }

    /// # Errors
    /// The header is required and missing, is not text, or does not say a `T`.
    pub fn header<T>(&mut self, wire: &'static str, range: Option<Range>) -> Result<T, Fault>
    where
        T: Optional<Value: Text>,
    {
        let value = match self.headers.get(wire).map(|value| std::str::from_utf8(value.as_bytes())) {
            None => None,
            Some(Ok(value)) => Some(value),
            Some(Err(_)) => return Err(Fault::invalid_request(format!("the header `{wire}` is not UTF-8"))),
        };
        text(wire, value, range)
    }

    /// A member of the body; JSON's null counts as left out.
    ///
    /// # Errors
    /// The member is required and missing, or is no `T`.
    pub fn body<T: Optional>(&mut self, wire: &'static str, range: Option<Range>) -> Result<T, Fault> {
        let value = match self.members.remove(wire).filter(|json| !json.is_null()) {
            None => None,
            Some(json) => Some(within(json, range).and_then(T::Value::read).map_err(|why| at(wire, &why))?),
        };
        T::from_value(value).ok_or_else(|| at(wire, &Mismatch::missing()))
    }

    /// The whole body; an empty one counts as left out.
    ///
    /// # Errors
    /// The payload is required, and the body is empty.
    pub fn payload<T>(&mut self, wire: &'static str, _range: Option<Range>) -> Result<T, Fault>
    where
        T: Optional<Value = Blob>,
    {
        let payload = Some(self.payload).filter(|bytes| !bytes.is_empty()).map(|bytes| Blob(bytes.to_vec()));
        T::from_value(payload).ok_or_else(|| at(wire, &Mismatch::missing()))
    }

    /// The whole body as one JSON value; an empty one counts as left out.
    ///
    /// # Errors
    /// The body is required and empty, or is no `T` in JSON.
    pub fn document<T: Optional>(&mut self, wire: &'static str, _range: Option<Range>) -> Result<T, Fault> {
        let value = match self.payload.iter().all(u8::is_ascii_whitespace) {
            true => None,
            false => {
                let json = Json::Object(object(self.payload)?);
                Some(T::Value::read(json).map_err(|why| at(wire, &why))?)
            }
        };
        T::from_value(value).ok_or_else(|| at(wire, &Mismatch::missing()))
    }
}

/// The body's JSON object; an empty body is an empty object.
fn object(body: &[u8]) -> Result<Map<String, Json>, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(other) => {
            Err(Fault::invalid_request(format!("the body must be a JSON object, not {}", kind(&other))))
        }
        Err(error) => Err(Fault::invalid_request(format!("the body is not JSON: {error}"))),
    }
}

fn text<T>(wire: &'static str, found: Option<&str>, range: Option<Range>) -> Result<T, Fault>
where
    T: Optional<Value: Text>,
{
    let value = match found {
        None => None,
        Some(text) => {
            let value = T::Value::parse(text).map_err(|why| at(wire, &why))?;
            within(value.write(), range).map_err(|why| at(wire, &why))?;
            Some(value)
        }
    };
    T::from_value(value).ok_or_else(|| at(wire, &Mismatch::missing()))
}

fn at(wire: &str, mismatch: &Mismatch) -> Fault {
    Fault::invalid_request(format!("`{wire}{}` {}", mismatch.place, mismatch.reason))
}
