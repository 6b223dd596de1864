//! The tables of functions by kind, and what their rows share.

mod collection;
mod encoding;
mod hash;
mod message;
mod number;
mod outside;
mod pattern;
mod text;
mod time;
#[cfg(test)]
mod trial;

use crate::call::Stop;
use crate::convert;
use crate::decimal::Rounding;
use crate::function::Function;
use crate::json;
use crate::limits;
use crate::value::Value;

pub(crate) use pattern::Pattern;

pub(crate) static TABLES: [&[Function]; 9] = [
    collection::TABLE,
    encoding::TABLE,
    hash::TABLE,
    message::TABLE,
    number::TABLE,
    outside::TABLE,
    pattern::TABLE,
    text::TABLE,
    time::TABLE,
];

pub(crate) fn too_large() -> Stop {
    Stop::Limit("a function's result is larger than 128 KiB")
}

/// Refuses what would be too large before it is made.
fn within(bytes: usize) -> Result<(), Stop> {
    if bytes > limits::OUTPUT_BYTES { Err(too_large()) } else { Ok(()) }
}

/// How long a value is as JSON.
fn size(value: &Value) -> usize {
    json::write(value).len()
}

/// A number rounded down and then held to a range, however far out it is.
fn clamped(value: &Value, least: i128, most: i128) -> Option<i128> {
    let decimal = convert::decimal(value)?;
    let out_of_range = if decimal.sign() < 0 { least } else { most };
    Some(decimal.to_int(Rounding::Floor).map_or(out_of_range, |int| int.clamp(least, most)))
}

fn string(text: impl Into<String>) -> Value {
    Value::String(text.into())
}
