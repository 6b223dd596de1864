//! What an expression comes to before anyone needs it as a value: a piece of the payload, or a value lent, shared or owned.

use std::borrow::Cow;
use std::rc::Rc;

use super::Evaluation;
use crate::call::Stop;
use crate::convert;
use crate::json::{self, Raw};
use crate::limits::BYTES_PER_STEP;
use crate::value::Value;
use crate::version::Version;

#[derive(Debug, Clone)]
pub(crate) enum Operand<'v> {
    Raw(Raw<'v>),
    Ref(&'v Value),
    Shared(Rc<Value>),
    Own(Value),
}

impl<'v> Operand<'v> {
    pub(crate) const UNDEFINED: Operand<'v> = Operand::Own(Value::Undefined);

    /// The value, unless it has still to be read.
    pub(crate) fn known(&self) -> Option<&Value> {
        match self {
            Operand::Raw(_) => None,
            Operand::Ref(value) => Some(value),
            Operand::Shared(value) => Some(value),
            Operand::Own(value) => Some(value),
        }
    }

    /// What a string says; None: it is none.
    pub(crate) fn string(&self) -> Option<Cow<'_, str>> {
        match self {
            Operand::Raw(raw) => raw.string(),
            _ => match self.known() {
                Some(Value::String(text)) => Some(Cow::Borrowed(text)),
                _ => None,
            },
        }
    }

    pub(crate) fn boolean(&self, version: Version) -> Option<bool> {
        match self {
            Operand::Raw(raw) if raw.is_array() || raw.is_object() => None,
            Operand::Raw(raw) => convert::boolean(&raw.value(version)),
            _ => self.known().and_then(convert::boolean),
        }
    }

    /// Appends compact JSON; nothing for Undefined. Whether anything was written.
    pub(crate) fn write(&self, version: Version, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        match self {
            Operand::Raw(raw) => raw.write(version, out),
            _ => self.known().into_iter().for_each(|value| json::write_into(value, out)),
        }
        out.len() > start
    }
}

impl<'a> Evaluation<'a> {
    /// The operand as a value of its own, which is paid for by its size.
    pub(crate) fn own(&mut self, operand: Operand<'_>) -> Result<Value, Stop> {
        match operand {
            Operand::Own(value) => Ok(value),
            Operand::Raw(raw) => {
                self.charge(raw.text.len() * 2)?;
                Ok(raw.value(self.version()))
            }
            Operand::Ref(value) => {
                self.charge(weight(value))?;
                Ok(value.clone())
            }
            Operand::Shared(value) => {
                self.charge(weight(&value))?;
                Ok(Rc::unwrap_or_clone(value))
            }
        }
    }

    /// The operand as a value to look at, which is paid for by its size.
    pub(crate) fn borrow<'v>(&mut self, operand: Operand<'v>) -> Result<Cow<'v, Value>, Stop> {
        if let Operand::Ref(value) = operand {
            self.charge(weight(value))?;
            return Ok(Cow::Borrowed(value));
        }
        if let Operand::Own(value) = &operand {
            self.charge(weight(value))?;
        }
        self.own(operand).map(Cow::Owned)
    }

    pub(crate) fn member<'v>(&mut self, operand: Operand<'v>, key: &str) -> Result<Operand<'v>, Stop> {
        let member = |value: &Value| match value {
            Value::Object(object) => object.get(key).cloned(),
            _ => None,
        };
        let found = match operand {
            Operand::Raw(raw) => {
                self.charge(raw.text.len())?;
                raw.member(key).map(Operand::Raw)
            }
            Operand::Ref(Value::Object(object)) => object.get(key).map(Operand::Ref),
            Operand::Own(Value::Object(mut object)) => {
                object.get_mut(key).map(|value| Operand::Own(std::mem::replace(value, Value::Undefined)))
            }
            Operand::Shared(value) => {
                let found = member(&value);
                self.charge(found.as_ref().map_or(0, weight))?;
                found.map(Operand::Own)
            }
            _ => None,
        };
        Ok(found.unwrap_or(Operand::UNDEFINED))
    }
}

/// Bytes that stand for a value's size: a step's worth for every part, and its text.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(elements) => elements.iter().map(|element| BYTES_PER_STEP + weight(element)).sum(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| BYTES_PER_STEP + name.len() + weight(value)).sum()
        }
        _ => 0,
    }
}
