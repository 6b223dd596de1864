//! A decimal number of 34 significant digits, as AWS computes with it. No binary rounding.

mod text;
mod wide;

use std::cmp::Ordering;

use crate::limits::{DIGITS, MAGNITUDE};
use wide::{Wide, digits, power};

/// `coefficient × 10^exponent`. Trailing zeros are kept, as AWS prints them; they make no difference to `==`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    coefficient: i128,
    exponent: i32,
}

/// Which neighbour a number between two takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Down,
    Floor,
    Ceiling,
    /// To the nearest; from the middle, away from zero.
    HalfUp,
    /// To the nearest; from the middle, to the even one. What arithmetic does.
    HalfEven,
}

impl Decimal {
    pub const ZERO: Decimal = Decimal { coefficient: 0, exponent: 0 };

    /// Rounds to 34 digits; None is too large or, without being zero, too small.
    pub fn new(coefficient: i128, exponent: i32) -> Option<Decimal> {
        let wide = Wide::from(coefficient.unsigned_abs());
        Decimal::rounded(coefficient < 0, wide, i64::from(exponent))
    }

    /// What needs no rounding: 19 digits, and an exponent that keeps well within the range.
    pub(crate) fn short(coefficient: i64, exponent: i8) -> Decimal {
        Decimal { coefficient: coefficient.into(), exponent: exponent.into() }
    }

    pub fn from_int(int: i128) -> Decimal {
        if let Ok(short) = i64::try_from(int) {
            return Decimal::short(short, 0);
        }
        Decimal::new(int, 0).expect("no i128 has more than 39 digits")
    }

    /// As the shortest text that reads back as the same double. None is not a number, or not a finite one.
    pub fn from_f64(double: f64) -> Option<Decimal> {
        if !double.is_finite() {
            return None;
        }
        let plain = double == 0.0 || (1e-3..1e7).contains(&double.abs());
        let text = if plain { format!("{double:?}") } else { format!("{double:e}") };
        match text.split_once('e') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                Decimal::parse(&format!("{mantissa}.0e{exponent}"))
            }
            _ => Decimal::parse(&text),
        }
    }

    /// The nearest double. None is beyond the doubles.
    pub fn to_f64(self) -> Option<f64> {
        self.to_string().parse().ok().filter(|double: &f64| double.is_finite())
    }

    pub fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    /// Whether it is written without a point and an exponent, as an Int is.
    pub(crate) fn has_plain_digits(self) -> bool {
        self.exponent == 0
    }

    /// -1, 0 or 1.
    pub fn sign(self) -> i128 {
        self.coefficient.signum()
    }

    pub fn abs(self) -> Decimal {
        Decimal { coefficient: self.coefficient.abs(), exponent: self.exponent }
    }

    pub fn negated(self) -> Decimal {
        Decimal { coefficient: -self.coefficient, exponent: self.exponent }
    }

    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        if let Some((left, right, exponent)) = self.aligned(other) {
            return Some(Decimal { coefficient: left + right, exponent });
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if high.is_zero() {
            return Some(low);
        }
        // Padding the higher number to 34 digits keeps the sum within twice 34 digits.
        let gap = high.exponent.abs_diff(low.exponent);
        let padding = (DIGITS - digits(high.coefficient.unsigned_abs())).min(gap);
        let padded = high.coefficient.unsigned_abs() * power(padding);
        let shift = (gap - padding).min(DIGITS);
        let exponent = i64::from(high.exponent) - i64::from(padding) - i64::from(shift);
        let small = below(low.coefficient.unsigned_abs(), gap - padding - shift);
        let sum = Wide::shifted(padded, shift);
        if (high.coefficient < 0) == (low.coefficient < 0) {
            Decimal::rounded(high.coefficient < 0, sum.plus(small), exponent)
        } else {
            let (smaller, difference) = sum.minus(small);
            Decimal::rounded((high.coefficient < 0) != smaller, difference, exponent)
        }
    }

    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        self.checked_add(other.negated())
    }

    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        const SHORT: i128 = 10i128.pow(DIGITS / 2);
        let short = |decimal: Decimal| -SHORT < decimal.coefficient && decimal.coefficient < SHORT;
        let near = |decimal: Decimal| (-100..100).contains(&decimal.exponent);
        if short(self) && short(other) && near(self) && near(other) {
            let (coefficient, exponent) =
                (self.coefficient * other.coefficient, self.exponent + other.exponent);
            return Some(Decimal { coefficient, exponent });
        }
        let product = Wide::product(self.coefficient.unsigned_abs(), other.coefficient.unsigned_abs());
        let exponent = i64::from(self.exponent) + i64::from(other.exponent);
        Decimal::rounded((self.coefficient < 0) != (other.coefficient < 0), product, exponent)
    }

    /// None for a division by zero too.
    pub fn checked_div(self, other: Decimal) -> Option<Decimal> {
        let divisor = other.coefficient.unsigned_abs();
        if divisor == 0 {
            return None;
        }
        let mut exponent = i64::from(self.exponent) - i64::from(other.exponent);
        let mut quotient = self.coefficient.unsigned_abs() / divisor;
        let mut rest = self.coefficient.unsigned_abs() % divisor;
        // One digit more than is kept, so that the last one and the rest say how to round.
        while rest != 0 && digits(quotient) <= DIGITS {
            rest *= 10;
            quotient = quotient * 10 + rest / divisor;
            rest %= divisor;
            exponent -= 1;
        }
        let quotient = if rest != 0 && quotient.is_multiple_of(5) { quotient + 1 } else { quotient };
        Decimal::rounded((self.coefficient < 0) != (other.coefficient < 0), Wide::from(quotient), exponent)
    }

    /// What is left of a division to a whole quotient; it has the sign of the dividend. Exact.
    pub fn checked_rem(self, other: Decimal) -> Option<Decimal> {
        let divisor = other.coefficient.unsigned_abs();
        if divisor == 0 {
            return None;
        }
        let gap = self.exponent.abs_diff(other.exponent);
        let mut rest = self.coefficient.unsigned_abs();
        if self.exponent >= other.exponent {
            rest %= divisor;
            // No more rounds than exponents are apart: about 2,000.
            for _ in 0..gap {
                rest = rest * 10 % divisor;
            }
        } else if digits(divisor) + gap <= DIGITS {
            rest %= divisor * power(gap);
        }
        Decimal::rounded(self.coefficient < 0, Wide::from(rest), i64::from(self.exponent.min(other.exponent)))
    }

    /// Whole, and of no more than 34 digits.
    pub fn to_int(self, rounding: Rounding) -> Option<i128> {
        let int = self.placed(0, rounding)?;
        let missing = u32::try_from(int.exponent).ok()?;
        if int.is_zero() {
            return Some(0);
        }
        (digits(int.coefficient.unsigned_abs()) + missing <= DIGITS)
            .then(|| int.coefficient * power(missing).cast_signed())
    }

    /// With no more than `places` digits behind the point.
    pub fn placed(self, places: u32, rounding: Rounding) -> Option<Decimal> {
        let last = -i64::from(places);
        let Some(gone) = u32::try_from(last - i64::from(self.exponent)).ok().filter(|gone| *gone > 0) else {
            return Some(self);
        };
        let magnitude = self.coefficient.unsigned_abs();
        // Beyond 35 places only zeros are left in front: one place more than the digits is enough to round by.
        let unit = power(gone.min(DIGITS + 1));
        let (kept, rest) = (magnitude / unit, magnitude % unit);
        let up = match rounding {
            Rounding::Down => false,
            Rounding::Floor => rest != 0 && self.coefficient < 0,
            Rounding::Ceiling => rest != 0 && self.coefficient > 0,
            Rounding::HalfUp => rest * 2 >= unit,
            Rounding::HalfEven => rest * 2 > unit || (rest * 2 == unit && kept % 2 == 1),
        };
        Decimal::rounded(self.coefficient < 0, Wide::from(kept + u128::from(up)), last)
    }

    pub fn is_whole(self) -> bool {
        if let (Ok(short), -18..0) = (i64::try_from(self.coefficient), self.exponent) {
            return short % 10i64.pow(self.exponent.unsigned_abs()) == 0;
        }
        self.exponent >= 0
            || self.is_zero()
            || self
                .coefficient
                .unsigned_abs()
                .is_multiple_of(power(self.exponent.unsigned_abs().min(DIGITS + 1)))
    }

    /// Without zeros at the end of what stands behind the point.
    pub fn trimmed(self) -> Decimal {
        let mut trimmed = self;
        while trimmed.exponent < 0 && trimmed.coefficient % 10 == 0 {
            trimmed = Decimal { coefficient: trimmed.coefficient / 10, exponent: trimmed.exponent + 1 };
        }
        trimmed
    }

    /// The coefficients of both at the lower of their exponents, when they are so short that even their sum has no
    /// more than 34 digits.
    fn aligned(self, other: Decimal) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        if !(-100..100).contains(&exponent) {
            return None;
        }
        let at = |decimal: Decimal| {
            let places = u32::try_from(decimal.exponent - exponent).ok().filter(|places| *places <= 14)?;
            Some(i128::from(i64::try_from(decimal.coefficient).ok()?) * i128::from(10i64.pow(places)))
        };
        Some((at(self)?, at(other)?, exponent))
    }

    fn rounded(negative: bool, wide: Wide, exponent: i64) -> Option<Decimal> {
        let (magnitude, dropped) = wide.rounded();
        let magnitude = i128::try_from(magnitude).ok()?;
        let exponent = exponent + i64::from(dropped);
        let (least, most) = (-i64::from(MAGNITUDE), i64::from(MAGNITUDE));
        let exponent = match magnitude {
            0 => exponent.clamp(least, most),
            _ => {
                let highest = exponent + i64::from(digits(magnitude.unsigned_abs())) - 1;
                (least..=most).contains(&highest).then_some(exponent)?
            }
        };
        let coefficient = if negative { -magnitude } else { magnitude };
        Some(Decimal { coefficient, exponent: i32::try_from(exponent).ok()? })
    }

    /// The power of ten of the first digit.
    fn highest(self) -> i64 {
        i64::from(self.exponent) + i64::from(digits(self.coefficient.unsigned_abs())) - 1
    }
}

/// What a low number adds below the last place of a high one: a part of a unit counts as one, because all that
/// matters so far down is whether there is something.
fn below(magnitude: u128, places: u32) -> u128 {
    let unit = power(places.min(DIGITS + 1));
    let (kept, rest) = (magnitude / unit, magnitude % unit);
    if rest != 0 && kept.is_multiple_of(10) { kept + 1 } else { kept }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if let Some((left, right, _)) = self.aligned(*other) {
            return left.cmp(&right);
        }
        let signs = self.sign().cmp(&other.sign());
        if signs != Ordering::Equal || self.is_zero() {
            return signs;
        }
        let magnitudes = self.highest().cmp(&other.highest()).then_with(|| {
            let padded = |decimal: &Decimal| {
                let magnitude = decimal.coefficient.unsigned_abs();
                magnitude * power(DIGITS - digits(magnitude))
            };
            padded(self).cmp(&padded(other))
        });
        if self.sign() < 0 { magnitudes.reverse() } else { magnitudes }
    }
}
