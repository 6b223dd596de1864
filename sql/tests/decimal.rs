//! Decimals against literal cases and against a slow reference: whole numbers of any length, rounded at the end.

use num_bigint::BigInt;
use proptest::prelude::*;
use sql::{Decimal, Rounding};

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text} is no decimal"))
}

fn shown(decimal: Option<Decimal>) -> String {
    decimal.map_or("none".to_owned(), |decimal| decimal.to_string())
}

#[test]
fn text_is_read_and_printed_as_java_does() {
    let check = |text: &str, expected: &str| assert_eq!(shown(Decimal::parse(text)), expected, "{text}");
    check("0", "0");
    check("-0", "0");
    check("007", "7");
    check("-1.2", "-1.2");
    check("1.50", "1.50");
    check("0.00", "0.00");
    check("5E-12", "5E-12");
    check("12e-13", "1.2E-12");
    check("0.000001", "0.000001");
    check("0.0000001", "1E-7");
    check("-0.0000123", "-0.0000123");
    check("-0.00000012", "-1.2E-7");
    check("1E3", "1E+3");
    check("12e+3", "1.2E+4");
    check("-2.411E247", "-2.411E+247");
    check("0e5", "0E+5");
    check("0.0000000", "0E-7");
    check("1E-999", "1E-999");
    check("9.999E999", "9.999E+999");
    check("1E1000", "none");
    check("1E-1000", "none");
    check("0E99999999999999999999", "0E+999");
    check("1E99999999999999999999", "none");
    check("1234567890123456789012345678901234", "1234567890123456789012345678901234");
    check("12345678901234567890123456789012345", "1.234567890123456789012345678901234E+34");
    check("12345678901234567890123456789012355", "1.234567890123456789012345678901236E+34");
    check("123456789012345678901234567890123450000000001", "1.234567890123456789012345678901235E+44");
    check("9999999999999999999999999999999999.9", "1.000000000000000000000000000000000E+34");
    check("0.00000000000000000000000000000000000000000000001", "1E-47");
}

#[test]
fn text_that_is_no_number_is_refused() {
    for text in
        ["", "-", "+1", ".5", "5.", "1.e3", "1e", "1e-", "1e+-2", "--1", "1,5", " 1", "1 ", "0x1", "NaN", "١"]
    {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn arithmetic_keeps_34_digits_and_stays_in_range() {
    let check = |left: &str, operator: char, right: &str, expected: &str| {
        let (a, b) = (decimal(left), decimal(right));
        let result = match operator {
            '+' => a.checked_add(b),
            '-' => a.checked_sub(b),
            '*' => a.checked_mul(b),
            '/' => a.checked_div(b),
            _ => a.checked_rem(b),
        };
        assert_eq!(shown(result), expected, "{left} {operator} {right}");
    };
    check("0.1", '+', "0.2", "0.3");
    check("1.50", '+', "1", "2.50");
    check("1E999", '+', "1E-999", "1.000000000000000000000000000000000E+999");
    check("1", '-', "1E-999", "1.000000000000000000000000000000000");
    check("1", '-', "1E-34", "0.9999999999999999999999999999999999");
    check("1", '-', "1E-36", "1.000000000000000000000000000000000");
    check("9E999", '+', "9E999", "none");
    check("5", '-', "5.0", "0.0");
    check("0", '+', "0.00", "0.00");
    check("0E10", '-', "3", "-3");
    check("1.1", '*', "-1.1", "-1.21");
    check(
        "9999999999999999999999999999999999",
        '*',
        "9999999999999999999999999999999999",
        "9.999999999999999999999999999999998E+67",
    );
    check("1E500", '*', "1E500", "none");
    check("1E-500", '*', "1E-500", "none");
    check("0", '*', "1E999", "0E+999");
    check("7", '/', "2", "3.5");
    check("10.0", '/', "4", "2.5");
    check("1", '/', "3", "0.3333333333333333333333333333333333");
    check("-2", '/', "3", "-0.6666666666666666666666666666666667");
    check("1E3", '/', "2", "5E+2");
    check("0", '/', "7", "0");
    check("1", '/', "0", "none");
    check("0", '/', "0.0", "none");
    check("1E-999", '/', "1E999", "none");
    check("8", '%', "3", "2");
    check("-8", '%', "3", "-2");
    check("8", '%', "-3", "2");
    check("5.5", '%', "2", "1.5");
    check("1", '%', "0.3", "0.1");
    check("1", '%', "0", "none");
    check("3", '%', "1E900", "3");
    check("1E999", '%', "7", "6");
}

#[test]
fn rounding_takes_the_neighbour_it_is_told() {
    let check = |text: &str, expected: [&str; 5]| {
        let all = [Rounding::Down, Rounding::Floor, Rounding::Ceiling, Rounding::HalfUp, Rounding::HalfEven];
        for (rounding, expected) in all.into_iter().zip(expected) {
            let int = decimal(text).to_int(rounding).map_or("none".to_owned(), |int| int.to_string());
            assert_eq!(int, expected, "{text} {rounding:?}");
        }
    };
    check("1.2", ["1", "1", "2", "1", "1"]);
    check("-1.2", ["-1", "-2", "-1", "-1", "-1"]);
    check("1.5", ["1", "1", "2", "2", "2"]);
    check("2.5", ["2", "2", "3", "3", "2"]);
    check("-1.5", ["-1", "-2", "-1", "-2", "-2"]);
    check("-0.5", ["0", "-1", "0", "-1", "0"]);
    check("0.51", ["0", "0", "1", "1", "1"]);
    check("7", ["7"; 5]);
    check("7E3", ["7000"; 5]);
    check("0E900", ["0"; 5]);
    check("1E-999", ["0", "0", "1", "0", "0"]);
    check("-1E-999", ["0", "-1", "0", "0", "0"]);
    check("1E33", ["1000000000000000000000000000000000"; 5]);
    check("1E34", ["none"; 5]);
    check("-2.411E247", ["none"; 5]);
}

#[test]
fn places_behind_the_point_are_cut_and_trimmed() {
    let check = |text: &str, places: u32, expected: &str| {
        let cut = decimal(text).placed(places, Rounding::Down).map(Decimal::trimmed);
        assert_eq!(shown(cut), expected, "{text} to {places}");
    };
    check("2.3456789", 2, "2.34");
    check("2.3", 9, "2.3");
    check("2.300", 9, "2.3");
    check("10.00", 1, "10");
    check("-2.999", 0, "-2");
    check("1E3", 2, "1E+3");
}

#[test]
fn doubles_come_as_the_shortest_text_that_java_would_print() {
    let check =
        |double: f64, expected: &str| assert_eq!(shown(Decimal::from_f64(double)), expected, "{double}");
    check(3.0, "3.0");
    check(-0.0, "0.0");
    check(32.0, "32.0");
    check(std::f64::consts::FRAC_PI_2, "1.5707963267948966");
    check(0.001, "0.001");
    check(1e7, "1.0E+7");
    check(12_345_678.0, "12345678");
    check(1e22, "1.0E+22");
    check(1.5e-5, "0.000015");
    check(1e-7, "1.0E-7");
    check(5e-324, "5.0E-324");
    check(f64::MAX, "1.7976931348623157E+308");
    check(f64::NAN, "none");
    check(f64::INFINITY, "none");
    check(f64::NEG_INFINITY, "none");
    assert_eq!(decimal("1E-999").to_f64(), Some(0.0));
    assert_eq!(decimal("-1E999").to_f64(), None);
    assert_eq!(decimal("0.1").to_f64(), Some(0.1));
}

#[test]
fn order_goes_by_value_and_not_by_digits() {
    let rising = [
        "-1E999", "-10", "-9.5", "-1E-999", "0", "1E-999", "0.1", "1", "1.0001", "9.5", "10", "1E34", "1E999",
    ];
    for (left, low) in rising.iter().enumerate() {
        for (right, high) in rising.iter().enumerate() {
            assert_eq!(decimal(low).cmp(&decimal(high)), left.cmp(&right), "{low} and {high}");
        }
    }
    assert_eq!(decimal("1.0"), decimal("1.000"));
    assert_eq!(decimal("1E3"), decimal("1000"));
    assert_eq!(decimal("0.0"), decimal("0E9"));
}

/// `numerator / denominator × 10^exponent` to 34 digits, the slow way; None out of range.
fn rounded(numerator: BigInt, denominator: BigInt, exponent: i64) -> Option<(BigInt, i64)> {
    let ten = BigInt::from(10);
    let negative = (numerator < BigInt::ZERO) != (denominator < BigInt::ZERO);
    let (mut top, mut bottom, mut exponent) = (absolute(numerator), absolute(denominator), exponent);
    if top == BigInt::ZERO {
        return Some((BigInt::ZERO, 0));
    }
    while &top / &bottom < ten.pow(33) {
        top *= &ten;
        exponent -= 1;
    }
    while &top / &bottom >= ten.pow(34) {
        bottom *= &ten;
        exponent += 1;
    }
    let (mut kept, rest) = (&top / &bottom, (&top % &bottom) * 2);
    if rest > bottom || (rest == bottom && &kept % 2 == BigInt::from(1)) {
        kept += 1;
    }
    if kept == ten.pow(34) {
        (kept, exponent) = (ten.pow(33), exponent + 1);
    }
    (-999..=999).contains(&(exponent + 33)).then_some((if negative { -kept } else { kept }, exponent))
}

fn absolute(number: BigInt) -> BigInt {
    if number < BigInt::ZERO { -number } else { number }
}

fn any_decimal() -> impl Strategy<Value = (i128, i32)> {
    let coefficients = prop_oneof![
        3 => -9_999_999_999_999_999_999_999_999_999_999_999i128..=9_999_999_999_999_999_999_999_999_999_999_999i128,
        2 => -1000i128..=1000,
        1 => (0u32..34).prop_map(|power| 10i128.pow(power)),
        1 => (1u32..=34).prop_map(|power| 1 - 10i128.pow(power)),
        1 => (0u32..33).prop_map(|power| 5 * 10i128.pow(power)),
    ];
    let exponents = prop_oneof![4 => -40i32..=40, 1 => -999i32..=966];
    (coefficients, exponents)
}

fn aligned(left: (i128, i32), right: (i128, i32)) -> (BigInt, BigInt, i64) {
    let exponent = left.1.min(right.1);
    let at = |(coefficient, from): (i128, i32)| {
        BigInt::from(coefficient) * BigInt::from(10).pow((from - exponent).unsigned_abs())
    };
    (at(left), at(right), i64::from(exponent))
}

fn agrees(result: Option<Decimal>, expected: Option<(BigInt, i64)>) -> Result<(), TestCaseError> {
    let expected = expected.map(|(kept, exponent)| decimal(&format!("{kept}e{exponent}")));
    prop_assert_eq!(result, expected, "{} instead of {}", shown(result), shown(expected));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arithmetic_agrees_with_the_slow_reference(left in any_decimal(), right in any_decimal()) {
        let a = Decimal::new(left.0, left.1).expect("in range");
        let b = Decimal::new(right.0, right.1).expect("in range");
        let (top, bottom, exponent) = aligned(left, right);
        let one = BigInt::from(1);
        agrees(a.checked_add(b), rounded(&top + &bottom, one.clone(), exponent))?;
        agrees(a.checked_sub(b), rounded(&top - &bottom, one.clone(), exponent))?;
        let product = BigInt::from(left.0) * BigInt::from(right.0);
        agrees(a.checked_mul(b), rounded(product, one.clone(), i64::from(left.1) + i64::from(right.1)))?;
        prop_assert_eq!(a.cmp(&b), top.cmp(&bottom));
        if right.0 == 0 {
            prop_assert_eq!(a.checked_div(b), None);
            prop_assert_eq!(a.checked_rem(b), None);
        } else {
            let quotient = rounded(left.0.into(), right.0.into(), i64::from(left.1) - i64::from(right.1));
            agrees(a.checked_div(b), quotient)?;
            agrees(a.checked_rem(b), rounded(top % bottom, one, exponent))?;
        }
    }

    #[test]
    fn printed_decimals_read_back_as_they_were((coefficient, exponent) in any_decimal()) {
        let decimal = Decimal::new(coefficient, exponent).expect("in range");
        let again = Decimal::parse(&decimal.to_string()).expect("its own text");
        prop_assert_eq!(again, decimal);
        prop_assert_eq!(again.to_string(), decimal.to_string());
    }

    #[test]
    fn doubles_come_back_as_they_were(double in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        prop_assert_eq!(Decimal::from_f64(double).and_then(Decimal::to_f64), Some(double));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[-+]?[0-9]{0,40}(\\.[0-9]{0,40})?([eE][-+]?[0-9]{0,20})?") {
        if let Some(decimal) = Decimal::parse(&text) {
            for rounding in [Rounding::Down, Rounding::Floor, Rounding::Ceiling, Rounding::HalfUp, Rounding::HalfEven] {
                let whole = decimal.to_int(rounding).map(Decimal::from_int);
                prop_assert!(whole.is_none_or(|whole| !decimal.is_whole() || whole == decimal));
            }
        }
    }
}
