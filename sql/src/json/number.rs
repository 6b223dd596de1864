//! A JSON number's text in, an Int or a Decimal out, as the version has it; it computes nothing.

use crate::convert;
use crate::decimal::Decimal;
use crate::limits::DIGITS;
use crate::value::Value;
use crate::version::Version;

/// None: the text is no number, or one that no Decimal holds.
pub(crate) fn number(text: &str, version: Version) -> Option<Value> {
    if let Some(int) = short_int(text) {
        return Some(Value::Int(int));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() <= DIGITS as usize && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Value::Int);
    }
    let decimal = Decimal::parse(text)?;
    // Without a point or an exponent it was too long for an Int, and stays what it is.
    Some(convert::number(decimal, version))
}

/// The common case: up to 18 digits.
fn short_int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let int = digits
        .bytes()
        .try_fold(0_i64, |int, byte| byte.is_ascii_digit().then(|| int * 10 + i64::from(byte - b'0')))?;
    Some(i128::from(if negative { -int } else { int }))
}
