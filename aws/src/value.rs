//! JSON and text in, plain values out, and back. Knows no operation.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value as Json;

use crate::shape::{Range, Shape};

/// A string-keyed JSON object.
pub type Map<K, V> = BTreeMap<K, V>;

/// Something that can be a member of a JSON body.
pub trait Value: Sized {
    const SHAPE: Shape;

    /// # Errors
    /// The JSON is of another kind.
    fn read(json: Json) -> Result<Self, Mismatch>;

    fn write(&self) -> Json;
}

/// Something that can be a label, a query parameter, a header or a key.
pub trait Text: Value {
    /// # Errors
    /// The text does not say such a value.
    fn parse(text: &str) -> Result<Self, Mismatch>;
}

/// A value, or a value that may be left out.
pub trait Optional: Sized {
    type Value: Value;
    const REQUIRED: bool;

    /// None where a value is required and there is none.
    fn from_value(value: Option<Self::Value>) -> Option<Self>;
    fn value(&self) -> Option<&Self::Value>;
}

impl<T: Value> Optional for T {
    type Value = T;
    const REQUIRED: bool = true;

    fn from_value(value: Option<T>) -> Option<Self> {
        value
    }

    fn value(&self) -> Option<&T> {
        Some(self)
    }
}

impl<T: Value> Optional for Option<T> {
    type Value = T;
    const REQUIRED: bool = false;

    fn from_value(value: Option<T>) -> Option<Self> {
        Some(value)
    }

    fn value(&self) -> Option<&T> {
        self.as_ref()
    }
}

/// Why a value could not be read, and where in the member it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// `.key` and `[index]` steps below the member.
    pub place: String,
    pub reason: String,
}

impl Mismatch {
    pub(crate) fn new(expected: &str, found: &str) -> Self {
        Self { place: String::new(), reason: format!("must be {expected}, not {found}") }
    }

    pub(crate) fn missing() -> Self {
        Self { place: String::new(), reason: "is required but missing".to_owned() }
    }

    pub(crate) fn outside(values: &[&str], found: &str) -> Self {
        Self::new(&format!("one of {}", values.join(", ")), &quoted(found))
    }

    /// The same, seen from one step further out.
    pub(crate) fn under(self, step: &str) -> Self {
        Self { place: format!("{step}{}", self.place), ..self }
    }
}

/// The members of a structure while it is being read.
pub(crate) struct Members {
    left: serde_json::Map<String, Json>,
}

impl Members {
    pub(crate) fn of(json: Json) -> Result<Self, Mismatch> {
        match json {
            Json::Object(left) => Ok(Self { left }),
            other => Err(Mismatch::new("an object", kind(&other))),
        }
    }

    /// The member's value; JSON's null counts as left out.
    pub(crate) fn take<T: Optional>(&mut self, wire: &str, range: Option<Range>) -> Result<T, Mismatch> {
        let under = |mismatch: Mismatch| mismatch.under(&format!(".{wire}"));
        let json = self.left.remove(wire).filter(|json| !json.is_null());
        let value =
            json.map(|json| within(json, range).and_then(T::Value::read)).transpose().map_err(under)?;
        T::from_value(value).ok_or_else(|| under(Mismatch::missing()))
    }
}

/// The one member that a union has; JSON's null counts as left out.
pub(crate) fn only_member(json: Json, keys: &[&str]) -> Result<(String, Json), Mismatch> {
    let members = match json {
        Json::Object(members) => members,
        other => return Err(Mismatch::new("an object", kind(&other))),
    };
    let mut given: Vec<(String, Json)> = members.into_iter().filter(|(_, json)| !json.is_null()).collect();
    match given.pop() {
        Some(one) if given.is_empty() => Ok(one),
        Some(last) => {
            given.push(last);
            let names: Vec<String> = given.iter().take(4).map(|(name, _)| quoted(name)).collect();
            Err(Mismatch::new("an object with one member", &format!("one with {}", names.join(", "))))
        }
        None => Err(Mismatch::new(&format!("an object with one of {}", keys.join(", ")), "one with nothing")),
    }
}

/// The same number, if it is one and lies in the range.
pub(crate) fn within(json: Json, range: Option<Range>) -> Result<Json, Mismatch> {
    let (Some(range), Some(number)) = (range, json.as_i64()) else {
        return Ok(json);
    };
    if range.holds(number) {
        return Ok(json);
    }
    let expected = format!("from {} to {}", range.least, range.most);
    Err(Mismatch::new(&expected, &quoted(&number.to_string())))
}

/// Names a JSON value's kind without repeating what may be long or secret.
pub(crate) fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// At most the beginning of what was sent, on one line.
fn excerpt(text: &str) -> String {
    const MOST: usize = 64;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", excerpt(text))
}

impl Value for String {
    const SHAPE: Shape = Shape::String;

    fn read(json: Json) -> Result<Self, Mismatch> {
        match json {
            Json::String(text) => Ok(text),
            other => Err(Mismatch::new("a string", kind(&other))),
        }
    }

    fn write(&self) -> Json {
        Json::String(self.clone())
    }
}

impl Text for String {
    fn parse(text: &str) -> Result<Self, Mismatch> {
        Ok(text.to_owned())
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn read(json: Json) -> Result<Self, Mismatch> {
        json.as_bool().ok_or_else(|| Mismatch::new("true or false", kind(&json)))
    }

    fn write(&self) -> Json {
        Json::Bool(*self)
    }
}

impl Text for bool {
    fn parse(text: &str) -> Result<Self, Mismatch> {
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(Mismatch::new("true or false", &quoted(text)))
        }
    }
}

const EXPECTED_INTEGER: &str = "an integer that is not too large or too small here";

/// The integers of Rust that stand for AWS's `integer` and `long`.
macro_rules! integers {
    ($($integer:ident)*) => {$(
        impl Value for $integer {
            const SHAPE: Shape = Shape::Integer;

            fn read(json: Json) -> Result<Self, Mismatch> {
                let number = json.as_i64().and_then(|number| number.try_into().ok());
                number.ok_or_else(|| match &json {
                    Json::Number(number) => Mismatch::new(EXPECTED_INTEGER, &format!("`{number}`")),
                    other => Mismatch::new(EXPECTED_INTEGER, kind(other)),
                })
            }

            fn write(&self) -> Json {
                Json::from(*self)
            }
        }

        impl Text for $integer {
            fn parse(text: &str) -> Result<Self, Mismatch> {
                text.parse().map_err(|_| Mismatch::new(EXPECTED_INTEGER, &quoted(text)))
            }
        }
    )*};
}

integers!(u8 u16 u32 i64);

/// A point in time: kept in milliseconds, sent as seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Seconds {
    ms: i64,
}

impl Seconds {
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self { ms }
    }

    #[must_use]
    pub const fn ms(self) -> i64 {
        self.ms
    }
}

impl Value for Seconds {
    const SHAPE: Shape = Shape::Timestamp;

    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no date lies out there")]
    fn read(json: Json) -> Result<Self, Mismatch> {
        let seconds = json.as_f64().ok_or_else(|| Mismatch::new("seconds since 1970", kind(&json)))?;
        Ok(Self { ms: (seconds * 1000.0).round() as i64 })
    }

    #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
    fn write(&self) -> Json {
        if self.ms % 1000 == 0 { Json::from(self.ms / 1000) } else { Json::from(self.ms as f64 / 1000.0) }
    }
}

/// Bytes: base64 as a JSON member, as they are as a payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blob(pub Vec<u8>);

impl Value for Blob {
    const SHAPE: Shape = Shape::Blob;

    fn read(json: Json) -> Result<Self, Mismatch> {
        let text = String::read(json)?;
        let bytes = BASE64.decode(&text).map_err(|_| Mismatch::new("base64", &quoted(&text)))?;
        Ok(Self(bytes))
    }

    fn write(&self) -> Json {
        Json::String(BASE64.encode(&self.0))
    }
}

/// A string that logs must not show.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl Value for Secret {
    const SHAPE: Shape = Shape::String;

    fn read(json: Json) -> Result<Self, Mismatch> {
        String::read(json).map(Self)
    }

    fn write(&self) -> Json {
        self.0.write()
    }
}

impl<T: Value> Value for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(json: Json) -> Result<Self, Mismatch> {
        let Json::Array(items) = json else {
            return Err(Mismatch::new("a list", kind(&json)));
        };
        let read = |(at, item)| T::read(item).map_err(|mismatch| mismatch.under(&format!("[{at}]")));
        items.into_iter().enumerate().map(read).collect()
    }

    fn write(&self) -> Json {
        self.iter().map(T::write).collect()
    }
}

impl<K: Text + Ord, V: Value> Value for Map<K, V> {
    const SHAPE: Shape = Shape::Map(&K::SHAPE, &V::SHAPE);

    fn read(json: Json) -> Result<Self, Mismatch> {
        let Json::Object(entries) = json else {
            return Err(Mismatch::new("an object", kind(&json)));
        };
        let mut map = Self::new();
        for (name, entry) in entries {
            let under = |mismatch: Mismatch| mismatch.under(&format!("[\"{}\"]", excerpt(&name)));
            map.insert(K::parse(&name).map_err(under)?, V::read(entry).map_err(under)?);
        }
        Ok(map)
    }

    fn write(&self) -> Json {
        let entry = |(key, value): (&K, &V)| match key.write() {
            Json::String(name) => (name, value.write()),
            other => (other.to_string(), value.write()),
        };
        Json::Object(self.iter().map(entry).collect())
    }
}
