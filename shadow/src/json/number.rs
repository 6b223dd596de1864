//! A number's text in, the same text and whether two numbers are equal out; never rounds.

/// A JSON number as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(Box<str>);

/// What a number amounts to: its significant digits and the power of ten of the last one.
#[derive(PartialEq, Eq)]
struct Amount<'a> {
    negative: bool,
    whole: &'a str,
    decimals: &'a str,
    power: i64,
}

impl Number {
    /// `None` unless this is a number of JSON's grammar that readers of JSON can hold: `1e999` is infinite to them.
    pub fn new(text: &str) -> Option<Self> {
        (is_number(text) && is_finite(text)).then(|| Self(text.into()))
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// A count that is written as one: `12`, but neither `12.0` nor `-1`.
    pub fn whole(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// Whether both amount to the same, compared exactly: `1`, `1.0` and `10e-1` do.
    pub fn same(&self, other: &Self) -> bool {
        if self.0 == other.0 {
            return true;
        }
        match (Amount::of(&self.0), Amount::of(&other.0)) {
            (Some(one), Some(two)) => one.same(&two),
            _ => false,
        }
    }
}

impl<'a> Amount<'a> {
    /// `None` where the exponent itself cannot be counted; such a number equals only its own text.
    fn of(text: &'a str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
        let power = exponent.checked_sub(i64::try_from(decimals.len()).ok()?)?;
        Some(Self { negative, whole, decimals, power })
    }

    fn digits(&self) -> impl DoubleEndedIterator<Item = u8> + use<'a> {
        self.whole.bytes().chain(self.decimals.bytes())
    }

    fn zeros_at_the_end(&self) -> usize {
        self.digits().rev().take_while(|digit| *digit == b'0').count()
    }

    fn same(&self, other: &Self) -> bool {
        let (ends, other_ends) = (self.zeros_at_the_end(), other.zeros_at_the_end());
        let count = self.whole.len() + self.decimals.len();
        let other_count = other.whole.len() + other.decimals.len();
        if ends == count || other_ends == other_count {
            return ends == count && other_ends == other_count;
        }
        let digits = self.digits().take(count - ends).skip_while(|digit| *digit == b'0');
        let others = other.digits().take(other_count - other_ends).skip_while(|digit| *digit == b'0');
        self.negative == other.negative
            && i128::from(self.power) + ends as i128 == i128::from(other.power) + other_ends as i128
            && digits.eq(others)
    }
}

fn is_finite(text: &str) -> bool {
    let may_be_large = text.len() > 300 || text.contains(['e', 'E']);
    !may_be_large || text.parse().is_ok_and(f64::is_finite)
}

fn is_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        None => (rest, None),
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
    };
    let (whole, decimals) = match mantissa.split_once('.') {
        None => (mantissa, None),
        Some((whole, decimals)) => (whole, Some(decimals)),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && decimals.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_the_grammar_are_numbers() {
        for text in ["0", "-0", "10", "1.5", "-0.0e+10", "1E9", "1e-9", "9223372036854775808", "1e308"] {
            assert_eq!(Number::new(text).as_ref().map(Number::text), Some(text));
        }
        for text in [
            "", "-", "01", "1.", ".5", "+1", "1e", "1e+", "1.e5", "NaN", "0x1", "1 ", "١", "--1", "1e1e1",
            "1e309",
        ] {
            assert_eq!(Number::new(text), None, "{text}");
        }
    }

    fn check(one: &str, two: &str, same: bool) {
        let [a, b] = [one, two].map(|text| Number::new(text).expect("a literal number"));
        assert_eq!((a.same(&b), b.same(&a)), (same, same), "{one} {two}");
    }

    #[test]
    fn numbers_are_compared_exactly_whatever_their_form() {
        check("1", "1.0", true);
        check("1", "10e-1", true);
        check("100", "1E2", true);
        check("0.001", "1e-3", true);
        check("0", "-0.00e5", true);
        check("0", "0e-99999999999999999999", false);
        check("1", "-1", false);
        check("10", "1", false);
        check("9223372036854775807", "9223372036854775808", false);
        check("9007199254740993", "9007199254740992.0", false);
        check("0.1", "0.10000000000000001", false);
        check("1e-99999999999999999999", "1e-99999999999999999999", true);
        check("1e-9223372036854775808", "10e-9223372036854775808", false);
        check("10e-9223372036854775808", "1e-9223372036854775807", true);
        check("1e-9223372036854775808", "0.1e-9223372036854775808", false);
        check("1.7976931348623157e308", "17976931348623157e292", true);
    }
}
