//! A JSON number's text in, an Int or a Decimal out, as the version has it; it computes nothing.

use crate::convert;
use crate::decimal::Decimal;
use crate::limits::DIGITS;
use crate::value::Value;
use crate::version::Version;

/// None: the text is no number, or one that no Decimal holds.
pub(crate) fn number(text: &str, version: Version) -> Option<Value> {
    if let Some((coefficient, places)) = short(text) {
        return Some(match places {
            None => Value::Int(coefficient.into()),
            Some(places) => convert::number(Decimal::short(coefficient, -places), version),
        });
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() <= DIGITS as usize && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Value::Int);
    }
    // A whole number that is too long for an Int stays a Decimal.
    Some(convert::number(Decimal::parse(text)?, version))
}

/// The common case of up to 18 digits: the number without its point, and how many digits stood behind it.
fn short(text: &str) -> Option<(i64, Option<i8>)> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut coefficient = 0_i64;
    let mut point = None;
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => coefficient = coefficient.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?,
            b'.' if point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    let places = match point {
        None => None,
        Some(point) => Some(i8::try_from(digits.len() - point - 1).ok().filter(|places| *places > 0)?),
    };
    Some((if negative { -coefficient } else { coefficient }, places))
}
