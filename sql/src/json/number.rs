//! A JSON number's text in, an Int or a Decimal out, as the version has it, and where it ends; it computes nothing.

use super::scan::Flags;
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
    // A statement may write zeros in front; they make no number longer.
    let significant = digits.trim_start_matches('0');
    if significant.len() <= DIGITS as usize && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Value::Int);
    }
    // A whole number that is too long for an Int stays a Decimal.
    Some(convert::number(Decimal::parse(text)?, version))
}

/// Where the number that starts here ends, and what of it is written otherwise; None: it is no number.
pub(super) fn number_span(bytes: &[u8], start: usize) -> Option<(usize, Flags)> {
    let negative = bytes.get(start) == Some(&b'-');
    let whole = start + usize::from(negative);
    let zero = bytes.get(whole) == Some(&b'0');
    let mut end = past_digits(bytes, whole)?;
    if zero && end > whole + 1 {
        return None;
    }
    let mut flags = Flags::NONE;
    // There is no Int of -0.
    let mut plain = !(negative && zero);
    if bytes.get(end) == Some(&b'.') {
        let fraction = end + 1;
        end = past_digits(bytes, fraction)?;
        let fraction = bytes.get(fraction..end).unwrap_or_default();
        if fraction.iter().all(|digit| *digit == b'0') {
            flags.add(Flags::WHOLE);
        }
        // So small a decimal is written with an exponent.
        plain &= !fraction.starts_with(b"000000");
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        end = past_digits(bytes, end + 1 + usize::from(signed))?;
        plain = false;
    }
    if !plain || end - start > DIGITS as usize {
        flags.add(Flags::NUMBER);
    }
    Some((end, flags))
}

/// None: there is no digit.
#[inline]
fn past_digits(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while matches!(bytes.get(at), Some(b'0'..=b'9')) {
        at += 1;
    }
    (at > start).then_some(at)
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
