//! A decimal number of 34 significant digits, as AWS computes with it. No binary rounding.

/// `coefficient × 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decimal {
    pub coefficient: i128,
    pub exponent: i32,
}
