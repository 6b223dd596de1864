//! A form in, an operation's members as JSON out, led by their shapes. Knows no operation.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value as Json};

use super::validation;
use crate::fault::Fault;
use crate::path;
use crate::request::Request;
use crate::shape::{Member, Shape};
use crate::value::quoted;

/// The parameters of the query and of the form in the body. The last of several with one name counts.
#[derive(Debug)]
pub(super) struct Form {
    parameters: BTreeMap<String, String>,
}

impl Form {
    pub(super) fn of(request: &Request<'_>) -> Result<Self, Fault> {
        let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = if is_form { request.body } else { b"" };
        let body = std::str::from_utf8(body).map_err(|_| validation("the form in the body is not UTF-8"))?;
        let mut parameters = BTreeMap::new();
        for text in [request.query, body.trim_end()] {
            parameters.extend(path::query(text).map_err(|fault| validation(fault.message))?);
        }
        Ok(Self { parameters })
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn members(&self, members: &[Member]) -> Result<Map<String, Json>, Fault> {
        let mut found = Map::new();
        for member in members {
            if let Some(value) = self.value(member.wire, &member.shape)? {
                found.insert(member.wire.to_owned(), value);
            }
        }
        Ok(found)
    }

    fn value(&self, name: &str, shape: &Shape) -> Result<Option<Json>, Fault> {
        let Some(text) = self.parameters.get(name) else { return self.compound(name, shape) };
        let must_be = |what: &str| validation(format!("`{name}` must be {what}, not {}", quoted(text)));
        match shape {
            Shape::String | Shape::Enumeration { .. } | Shape::Blob => Ok(Some(Json::from(text.as_str()))),
            Shape::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Some(Json::from(true))),
                "false" => Ok(Some(Json::from(false))),
                _ => Err(must_be("true or false")),
            },
            Shape::Integer => {
                text.parse::<i64>().map(|number| Some(Json::from(number))).map_err(|_| must_be("an integer"))
            }
            Shape::Timestamp => {
                text.parse::<i64>().map(|s| Some(Json::from(s))).map_err(|_| must_be("seconds since 1970"))
            }
            // A list without items has the form of an empty text.
            Shape::List(_) if text.is_empty() => Ok(Some(Json::Array(Vec::new()))),
            Shape::List(_) => Err(must_be(&format!("a list, such as {name}.member.1"))),
            Shape::Map(..) | Shape::Structure { .. } => {
                Err(must_be(&format!("several parameters that begin with {name}.")))
            }
        }
    }

    /// What has several parameters, whose names begin with its own.
    fn compound(&self, name: &str, shape: &Shape) -> Result<Option<Json>, Fault> {
        match shape {
            Shape::List(item) => {
                let numbers = self.numbers(&format!("{name}.member."))?;
                let items = numbers.into_iter().map(|number| {
                    let name = format!("{name}.member.{number}");
                    Ok(self.value(&name, item)?.unwrap_or(Json::Null))
                });
                let items = items.collect::<Result<Vec<Json>, Fault>>()?;
                Ok((!items.is_empty()).then_some(Json::Array(items)))
            }
            Shape::Map(_, value) => {
                let mut entries = Map::new();
                for number in self.numbers(&format!("{name}.entry."))? {
                    let key = self.parameters.get(&format!("{name}.entry.{number}.key"));
                    let value = self.value(&format!("{name}.entry.{number}.value"), value)?;
                    entries.extend(key.cloned().zip(value));
                }
                Ok((!entries.is_empty()).then_some(Json::Object(entries)))
            }
            Shape::Structure { members, .. } => {
                let mut found = Map::new();
                for member in *members {
                    if let Some(value) = self.value(&format!("{name}.{}", member.wire), &member.shape)? {
                        found.insert(member.wire.to_owned(), value);
                    }
                }
                Ok((!found.is_empty()).then_some(Json::Object(found)))
            }
            _ => Ok(None),
        }
    }

    /// The numbers that stand after the prefix, in their order.
    fn numbers(&self, prefix: &str) -> Result<Vec<u32>, Fault> {
        let mut numbers = Vec::new();
        let after = self.parameters.range(prefix.to_owned()..).map(|(name, _)| name);
        for name in after.map_while(|name| name.strip_prefix(prefix)) {
            let digits = name.split('.').next().unwrap_or_default();
            let number = digits.parse::<u32>().ok().filter(|number| number.to_string() == digits);
            numbers.push(number.ok_or_else(|| {
                validation(format!(
                    "{} must go on with a number after `{prefix}`",
                    quoted(&format!("{prefix}{name}"))
                ))
            })?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }
}
