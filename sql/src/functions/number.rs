//! Functions of numbers: numbers or their text in, a number out. What is no finite number is Undefined.

use crate::convert;
use crate::decimal::{Decimal, Rounding};
use crate::function::Function;
use crate::functions::clamped;
use crate::limits;
use crate::value::Value;
use crate::version::Version::V2015;

pub(super) static TABLE: &[Function] = &[
    Function::pure("abs", V2015, (1, 1), abs),
    Function::pure("acos", V2015, (1, 1), |arguments| double(arguments, f64::acos)),
    Function::pure("asin", V2015, (1, 1), |arguments| double(arguments, f64::asin)),
    Function::pure("atan", V2015, (1, 1), |arguments| double(arguments, f64::atan)),
    Function::pure("atan2", V2015, (2, 2), |arguments| doubles(arguments, f64::atan2)),
    Function::pure("bitand", V2015, (2, 2), |arguments| bits(arguments, |left, right| left & right)),
    Function::pure("bitnot", V2015, (1, 1), |arguments| int(!convert::floor(arguments.first()?)?)),
    Function::pure("bitor", V2015, (2, 2), |arguments| bits(arguments, |left, right| left | right)),
    Function::pure("bitxor", V2015, (2, 2), |arguments| bits(arguments, |left, right| left ^ right)),
    Function::pure("ceil", V2015, (1, 1), |arguments| rounded(arguments, Rounding::Ceiling)),
    Function::pure("cos", V2015, (1, 1), |arguments| double(arguments, f64::cos)),
    Function::pure("cosh", V2015, (1, 1), |arguments| double(arguments, f64::cosh)),
    Function::pure("exp", V2015, (1, 1), |arguments| double(arguments, f64::exp)),
    Function::pure("floor", V2015, (1, 1), |arguments| rounded(arguments, Rounding::Floor)),
    Function::pure("ln", V2015, (1, 1), |arguments| double(arguments, f64::ln)),
    Function::pure("log", V2015, (1, 1), |arguments| double(arguments, f64::log10)),
    Function::pure("mod", V2015, (2, 2), |arguments| remainder(arguments.first()?, arguments.get(1)?)),
    Function::pure("power", V2015, (2, 2), |arguments| doubles(arguments, f64::powf)),
    Function::pure("remainder", V2015, (2, 2), |arguments| remainder(arguments.first()?, arguments.get(1)?)),
    Function::pure("round", V2015, (1, 1), |arguments| rounded(arguments, Rounding::HalfUp)),
    Function::pure("sign", V2015, (1, 1), |arguments| {
        Some(Value::Int(convert::decimal(arguments.first()?)?.sign()))
    }),
    Function::pure("sin", V2015, (1, 1), |arguments| double(arguments, f64::sin)),
    Function::pure("sinh", V2015, (1, 1), |arguments| double(arguments, f64::sinh)),
    Function::pure("sqrt", V2015, (1, 1), |arguments| double(arguments, f64::sqrt)),
    Function::pure("tan", V2015, (1, 1), |arguments| double(arguments, f64::tan)),
    Function::pure("tanh", V2015, (1, 1), |arguments| double(arguments, f64::tanh)),
    Function::pure("trunc", V2015, (2, 2), trunc),
];

/// As `left % right`.
fn remainder(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.checked_rem(*right).map(Value::Int),
        _ => convert::decimal(left)?.checked_rem(convert::decimal(right)?).map(Value::Decimal),
    }
}

fn abs(arguments: &[Value]) -> Option<Value> {
    match arguments.first()? {
        Value::Int(int) => int.checked_abs().map(Value::Int),
        other => Some(Value::Decimal(convert::decimal(other)?.abs())),
    }
}

fn bits(arguments: &[Value], operator: fn(i128, i128) -> i128) -> Option<Value> {
    let left = convert::floor(arguments.first()?)?;
    let right = convert::floor(arguments.get(1)?)?;
    int(operator(left, right))
}

/// Bits that make no Int are no number: a rounded one would have other bits.
fn int(int: i128) -> Option<Value> {
    match convert::whole(int) {
        Value::Int(int) => Some(Value::Int(int)),
        _ => None,
    }
}

fn double(arguments: &[Value], function: fn(f64) -> f64) -> Option<Value> {
    let argument = convert::decimal(arguments.first()?)?.to_f64()?;
    Decimal::from_f64(function(argument)).map(Value::Decimal)
}

fn doubles(arguments: &[Value], function: fn(f64, f64) -> f64) -> Option<Value> {
    let left = convert::decimal(arguments.first()?)?.to_f64()?;
    let right = convert::decimal(arguments.get(1)?)?.to_f64()?;
    Decimal::from_f64(function(left, right)).map(Value::Decimal)
}

/// An Int; a whole number that is too long for one stays a Decimal.
fn rounded(arguments: &[Value], rounding: Rounding) -> Option<Value> {
    match arguments.first()? {
        Value::Int(int) => Some(Value::Int(*int)),
        other => {
            let decimal = convert::decimal(other)?;
            match decimal.to_int(rounding) {
                Some(int) => Some(Value::Int(int)),
                None => decimal.placed(0, rounding).map(Value::Decimal),
            }
        }
    }
}

/// The places are a number, not its text.
fn trunc(arguments: &[Value]) -> Option<Value> {
    let places = match arguments.get(1)? {
        places @ (Value::Int(_) | Value::Decimal(_)) => clamped(places, 0, i128::from(limits::DIGITS))?,
        _ => return None,
    };
    match arguments.first()? {
        Value::Int(int) => Some(Value::Int(*int)),
        other => {
            let cut = convert::decimal(other)?.placed(u32::try_from(places).ok()?, Rounding::Down)?;
            Some(Value::Decimal(cut.trimmed()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Trial, check, check_versions};

    #[test]
    fn sizes_and_signs_of_numbers() {
        check("abs(-5)", "5");
        check("abs(-5.123)", "5.123");
        check(r#"abs("-5.123")"#, "5.123");
        check_versions(r#"abs("-5.0")"#, "5.0", "5");
        check("abs(true)", "undefined");
        check(r#"abs("five")"#, "undefined");
        check("abs([5])", "undefined");
        check(r#"abs({"a":5})"#, "undefined");
        check("abs(null)", "undefined");
        check("abs(undefined)", "undefined");
        check("abs()", "undefined");
        check("abs(1, 2)", "undefined");
        check("sign(-7)", "-1");
        check("sign(0)", "0");
        check("sign(13)", "1");
        check("sign(-0.001)", "-1");
        check(r#"sign("2E9")"#, "1");
        check("sign(true)", "undefined");
        check("sign(null)", "undefined");
    }

    #[test]
    fn bits_are_those_of_whole_numbers_rounded_down() {
        check("bitand(13, 5)", "5");
        check("bitor(8, 5)", "13");
        check("bitor(13, 5)", "13");
        check("bitxor(13, 5)", "8");
        check("bitnot(13)", "-14");
        check("bitnot(-14)", "13");
        check("bitand(13.9, \"5.9\")", "5");
        check("bitor(-0.5, 0)", "-1");
        check("bitxor(\"x\", 5)", "undefined");
        check("bitand(true, 1)", "undefined");
        check("bitand(null, 1)", "undefined");
        check("bitnot([1])", "undefined");
        check("bitand(1E40, 1)", "undefined");
        check("bitor(9999999999999999999999999999999999, 1)", "9999999999999999999999999999999999");
        check("bitor(9999999999999999999999999999999999, 1023999999999999999999999999999999)", "undefined");
        check("bitnot(-10000)", "9999");
    }

    #[test]
    fn rounding_goes_to_ints_in_the_direction_of_its_name() {
        check("ceil(1.2)", "2");
        check("ceil(-1.2)", "-1");
        check("floor(1.2)", "1");
        check("floor(-1.2)", "-2");
        check("floor(5)", "5");
        check(r#"ceil("1.2")"#, "2");
        check("floor([1,2,3])", "undefined");
        check("ceil(true)", "undefined");
        check("ceil(null)", "undefined");
        check("round(1.2)", "1");
        check("round(1.5)", "2");
        check("round(1.7)", "2");
        check("round(-1.1)", "-1");
        check("round(-1.5)", "-2");
        check("round(2.5)", "3");
        check(r#"round("2.4")"#, "2");
        check("round(undefined)", "undefined");
        check("floor(1E40)", "1E+40");
        check("floor(-1E-999)", "-1");
        check("trunc(2.3, 0)", "2");
        check("trunc(2.3123, 2)", "2.31");
        check("trunc(2.888, 2)", "2.88");
        check("trunc(2.00, 5)", "2");
        check("trunc(-2.888, 1.9)", "-2.8");
        check("trunc(2.888, -4)", "2");
        check("trunc(2.888, 1E99)", "2.888");
        check("trunc(7, 2)", "7");
        check(r#"trunc("2.888", 2)"#, "2.88");
        check(r#"trunc(2.888, "2")"#, "undefined");
        check(r#"trunc("x", 2)"#, "undefined");
        check("trunc(2.888, null)", "undefined");
        check("trunc(true, 2)", "undefined");
        check("trunc(2.888)", "undefined");
    }

    #[test]
    fn remainders_have_the_sign_of_the_dividend() {
        for name in ["mod", "remainder"] {
            check(&format!("{name}(8, 3)"), "2");
            check(&format!("{name}(-8, 3)"), "-2");
            check(&format!("{name}(8.5, 3)"), "2.5");
            check(&format!(r#"{name}("8", 3)"#), "2");
            check(&format!("{name}(8, 0)"), "undefined");
            check(&format!("{name}(8, 0.0)"), "undefined");
            check(&format!(r#"{name}("x", 3)"#), "undefined");
            check(&format!("{name}(true, 3)"), "undefined");
            check(&format!("{name}(null, 3)"), "undefined");
        }
    }

    #[test]
    fn angles_and_logarithms_are_those_of_doubles() {
        check("acos(0)", "1.5707963267948966");
        check_versions("asin(0)", "0.0", "0");
        check_versions("atan(0)", "0.0", "0");
        check("atan2(1, 0)", "1.5707963267948966");
        check(r#"atan2("1", "0")"#, "1.5707963267948966");
        check_versions("cos(0)", "1.0", "1");
        check("cosh(2.3)", "5.037220649268761");
        check("exp(1)", "2.718281828459045");
        check_versions("ln(1)", "0.0", "0");
        check_versions("log(100)", "2.0", "2");
        check_versions("power(2, 5)", "32.0", "32");
        check("power(2, 0.5)", "1.4142135623730951");
        check_versions("sin(0)", "0.0", "0");
        check("sinh(2.3)", "4.936961805545957");
        check_versions("sqrt(9)", "3.0", "3");
        check("tan(3)", "-0.1425465430742778");
        check("tanh(2.3)", "0.9800963962661914");
    }

    #[test]
    fn what_is_no_real_number_is_undefined() {
        for call in [
            "acos(2)",
            "asin(-1.5)",
            "sqrt(-1)",
            "ln(0)",
            "ln(-1)",
            "log(0)",
            "exp(1000)",
            "power(10, 400)",
            "power(-8, 0.5)",
            "power(0, -1)",
            "cosh(1E9)",
            "sinh(1E400)",
            "tan(1E400)",
        ] {
            check(call, "undefined");
        }
        for name in
            ["acos", "asin", "atan", "cos", "cosh", "exp", "ln", "log", "sin", "sinh", "sqrt", "tan", "tanh"]
        {
            for argument in ["true", r#""x""#, "[1]", r#"{"a":1}"#, "null", "undefined", "", "1, 1"] {
                check(&format!("{name}({argument})"), "undefined");
            }
            let (number, _) = Trial::default().run(&format!("{name}(0.5)"));
            assert_eq!(Trial::default().run(&format!(r#"{name}("0.5")"#)).0, number, "{name}");
            assert_ne!(number.as_deref(), Ok("undefined"), "{name}");
        }
        for argument in ["true, 1", "1, null", r#"1, "x""#, "[1], 1", "1", "1, 2, 3"] {
            check(&format!("power({argument})"), "undefined");
            check(&format!("atan2({argument})"), "undefined");
        }
    }
}
