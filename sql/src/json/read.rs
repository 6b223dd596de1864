//! JSON to values; of members with one name, the last counts.

use super::scan::{Document, Raw};
use super::{number, text, walk};
use crate::value::{Object, Value};
use crate::version::Version;

/// The value of a JSON text; None is not JSON, or nests too deep.
pub fn read(json: &str, version: Version) -> Option<Value> {
    let document = Document::of(json.as_bytes());
    document.whole().map(|raw| raw.value(version))
}

impl Raw<'_> {
    /// A number that no Decimal holds is Undefined.
    pub(crate) fn value(self, version: Version) -> Value {
        match self.text.as_bytes().first() {
            Some(b'{') => {
                let members = walk::members(self).map(|(key, raw)| (text::unescape(key), raw.value(version)));
                Value::Object(members.collect::<Object>())
            }
            Some(b'[') => Value::Array(walk::elements(self).map(|raw| raw.value(version)).collect()),
            Some(b'"') => Value::String(self.string().unwrap_or_default().into_owned()),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') => Value::Null,
            _ => number(self.text, version).unwrap_or(Value::Undefined),
        }
    }
}
