//! Decimals as text: JSON's numbers in; plain or scientific digits out. It knows no separators and no locale.

use std::fmt;

use super::Decimal;
use super::wide::Wide;
use crate::limits::DIGITS;

impl Decimal {
    /// Reads `-?digits[.digits][e[+-]digits]`; more than 34 significant digits are rounded.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        if !is_digits(whole) {
            return None;
        }
        let places = i64::try_from(fraction.len()).ok()?;
        let (magnitude, dropped) = significant(whole.bytes().chain(fraction.bytes()));
        Decimal::rounded(negative, Wide::from(magnitude), exponent - places + dropped)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_digits(digits) {
        return None;
    }
    // Far out of range is as good as any other number out of range.
    const FAR: i64 = i32::MAX as i64;
    let size = digits.bytes().fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(FAR));
    Some(if text.starts_with('-') { -size } else { size })
}

/// The first 35 significant digits, the last of them moved off the middle if more follows, and how many were left out.
fn significant(text: impl Iterator<Item = u8>) -> (u128, i64) {
    let (mut magnitude, mut dropped, mut more) = (0u128, 0, false);
    for byte in text {
        let digit = u128::from(byte - b'0');
        if magnitude < 10u128.pow(DIGITS) {
            magnitude = magnitude * 10 + digit;
        } else {
            dropped += 1;
            more |= digit != 0;
        }
    }
    if more && magnitude.is_multiple_of(5) {
        magnitude += 1;
    }
    (magnitude, dropped)
}

impl fmt::Display for Decimal {
    /// Plain digits while the point stands among them or at most six zeros before; else with an exponent.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let magnitude = self.coefficient.unsigned_abs();
        // Printing 128 bits takes several times as long.
        let digits =
            u64::try_from(magnitude).map_or_else(|_| magnitude.to_string(), |short| short.to_string());
        let highest = i64::from(self.exponent) + digits.len() as i64 - 1;
        if self.exponent == 0 {
            return write!(out, "{sign}{digits}");
        }
        if self.exponent < 0 && highest >= -6 {
            let places = self.exponent.unsigned_abs() as usize;
            return match digits.len().checked_sub(places).filter(|point| *point > 0) {
                Some(point) => {
                    let (whole, fraction) = digits.split_at(point);
                    [sign, whole, ".", fraction].into_iter().try_for_each(|part| out.write_str(part))
                }
                None => write!(out, "{sign}0.{digits:0>places$}"),
            };
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(out, "{sign}{first}{point}{rest}E{highest:+}")
    }
}
