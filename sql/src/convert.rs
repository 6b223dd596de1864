//! How values of one type become another, by AWS's tables, and how they compare. It computes nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::decimal::{Decimal, Rounding};
use crate::json;
use crate::limits::DIGITS;
use crate::value::{Object, Value};
use crate::version::Version;

/// What `cast` can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    String,
    Int,
    /// A decimal of a double's precision.
    Double,
    Decimal,
    Bool,
}

impl Target {
    /// Every name that `cast(x as …)` takes.
    pub(crate) const NAMES: [(&'static str, Target); 11] = [
        ("string", Target::String),
        ("nvarchar", Target::String),
        ("text", Target::String),
        ("ntext", Target::String),
        ("varchar", Target::String),
        ("int", Target::Int),
        ("integer", Target::Int),
        ("double", Target::Double),
        ("decimal", Target::Decimal),
        ("bool", Target::Bool),
        ("boolean", Target::Bool),
    ];

    /// Names are found in any case.
    pub(crate) fn parse(name: &str) -> Option<Target> {
        let found = Target::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, target)| *target)
    }

    pub(crate) fn since(self) -> Version {
        match self {
            Target::String | Target::Int | Target::Double => Version::V2015,
            Target::Decimal | Target::Bool => Version::V2016,
        }
    }
}

/// `cast(value as target)`.
pub(crate) fn cast(value: &Value, target: Target, version: Version) -> Value {
    let cast = match target {
        Target::String => text(value).map(|text| Value::String(text.into_owned())),
        Target::Int => match value {
            Value::Bool(bool) => Some(Value::Int(i128::from(*bool))),
            _ => floor(value).map(Value::Int),
        },
        Target::Double | Target::Decimal => {
            let decimal = match value {
                Value::Bool(bool) => Decimal::new(if *bool { 10 } else { 0 }, -1),
                _ => decimal(value),
            };
            let double = |decimal: Decimal| Decimal::from_f64(decimal.to_f64()?);
            let decimal = if target == Target::Double { decimal.and_then(double) } else { decimal };
            decimal.map(|decimal| number(decimal, version))
        }
        Target::Bool => match value {
            Value::Int(int) => Some(Value::Bool(*int != 0)),
            Value::Decimal(decimal) => Some(Value::Bool(!decimal.is_zero())),
            _ => boolean(value).map(Value::Bool),
        },
    };
    cast.unwrap_or(Value::Undefined)
}

/// A number as a value: since 2016-03-23, a whole one is an Int.
pub(crate) fn number(decimal: Decimal, version: Version) -> Value {
    if version == Version::V2015 || !decimal.is_whole() {
        return Value::Decimal(decimal);
    }
    decimal.to_int(Rounding::Down).map_or(Value::Decimal(decimal), Value::Int)
}

/// A whole number as a value: one of more than 34 digits is a Decimal.
pub(crate) fn whole(int: i128) -> Value {
    match int.unsigned_abs() < 10u128.pow(DIGITS) {
        true => Value::Int(int),
        false => Value::Decimal(Decimal::from_int(int)),
    }
}

/// To Decimal. AWS's table says Null for Null; nothing that converts makes that visible.
pub(crate) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(int) => Some(Decimal::from_int(*int)),
        Value::Decimal(decimal) => Some(*decimal),
        // AWS reads `^-?\d+(\.\d+)?((?i)E-?\d+)?$`: JSON's numbers, less `E+5`.
        Value::String(text) if !text.contains('+') => Decimal::parse(text),
        _ => None,
    }
}

/// To Int: decimals to the nearest, strings cut.
pub(crate) fn int(value: &Value) -> Option<i128> {
    let rounding = if matches!(value, Value::String(_)) { Rounding::Down } else { Rounding::HalfUp };
    decimal(value)?.to_int(rounding)
}

/// To Int, as the functions do that say "rounded down".
pub(crate) fn floor(value: &Value) -> Option<i128> {
    decimal(value)?.to_int(Rounding::Floor)
}

/// To Boolean.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(bool) => Some(*bool),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// To String.
pub(crate) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Undefined | Value::Null => None,
        Value::Bool(bool) => Some(Cow::Borrowed(if *bool { "true" } else { "false" })),
        Value::Int(int) => Some(Cow::Owned(int.to_string())),
        Value::Decimal(decimal) => Some(Cow::Owned(decimal.to_string())),
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(_) | Value::Object(_) => Some(Cow::Owned(json::write(value))),
    }
}

/// `left = right`; None is Undefined.
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Undefined, _) | (_, Value::Undefined) => None,
        _ => Some(same(left, right)),
    }
}

/// What `<` and its kind go by; None is Undefined.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    Some(decimal(left)?.cmp(&decimal(right)?))
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Decimal(right)) | (Value::Decimal(right), Value::Int(left)) => {
            Decimal::from_int(*left) == *right
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => same_members(left, right),
        _ => left == right,
    }
}

fn same_members(left: &Object, right: &Object) -> bool {
    left.len() == right.len()
        && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{V2015, V2016};

    fn dec(text: &str) -> Value {
        Value::Decimal(Decimal::parse(text).expect("a decimal"))
    }

    fn string(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn array() -> Value {
        Value::Array(vec![Value::Int(1), string("a"), Value::Null])
    }

    fn object() -> Value {
        let mut object = Object::default();
        object.set("b", Value::Bool(true));
        object.set("a", dec("1.5"));
        Value::Object(object)
    }

    fn shown(value: &Value) -> String {
        format!("{value:?}")
    }

    #[test]
    fn every_type_becomes_a_decimal_as_the_table_says() {
        let check = |value: Value, expected: Option<&str>| {
            let found = decimal(&value).map(|decimal| decimal.to_string());
            assert_eq!(found.as_deref(), expected, "{value:?}");
        };
        check(Value::Int(5), Some("5"));
        check(dec("5.10"), Some("5.10"));
        check(Value::Bool(true), None);
        check(string("0"), Some("0"));
        check(string("-1.2"), Some("-1.2"));
        check(string("5E-12"), Some("5E-12"));
        check(string("5e3"), Some("5E+3"));
        check(string("5E+3"), None);
        check(string("+5"), None);
        check(string(" 5"), None);
        check(string(".5"), None);
        check(string(""), None);
        check(string("5E9999"), None);
        check(array(), None);
        check(object(), None);
        check(Value::Null, None);
        check(Value::Undefined, None);
    }

    #[test]
    fn every_type_becomes_an_int_as_the_table_says() {
        let check = |value: Value, expected: Option<i128>| assert_eq!(int(&value), expected, "{value:?}");
        check(Value::Int(-5), Some(-5));
        check(dec("2.5"), Some(3));
        check(dec("2.4"), Some(2));
        check(dec("-2.5"), Some(-3));
        check(dec("1E34"), None);
        check(Value::Bool(true), None);
        check(string("2.9"), Some(2));
        check(string("-2.9"), Some(-2));
        check(string("two"), None);
        check(array(), None);
        check(object(), None);
        check(Value::Null, None);
        check(Value::Undefined, None);
    }

    #[test]
    fn every_type_becomes_a_boolean_as_the_table_says() {
        let check = |value: Value, expected: Option<bool>| assert_eq!(boolean(&value), expected, "{value:?}");
        check(Value::Int(1), None);
        check(dec("1.0"), None);
        check(Value::Bool(false), Some(false));
        check(string("TRUE"), Some(true));
        check(string("fAlse"), Some(false));
        check(string("yes"), None);
        check(array(), None);
        check(object(), None);
        check(Value::Null, None);
        check(Value::Undefined, None);
    }

    #[test]
    fn every_type_becomes_a_string_as_the_table_says() {
        let check = |value: Value, expected: Option<&str>| {
            assert_eq!(text(&value).as_deref(), expected, "{value:?}");
        };
        check(Value::Int(-12), Some("-12"));
        check(dec("1.50"), Some("1.50"));
        check(dec("1E-9"), Some("1E-9"));
        check(Value::Bool(true), Some("true"));
        check(Value::Bool(false), Some("false"));
        check(string(" x "), Some(" x "));
        check(array(), Some(r#"[1,"a",null]"#));
        check(object(), Some(r#"{"b":true,"a":1.5}"#));
        check(Value::Null, None);
        check(Value::Undefined, None);
    }

    #[test]
    fn cast_says_for_each_type_and_version_what_the_table_says() {
        let check = |value: Value, target: &str, old: Value, new: Value| {
            let target = Target::parse(target).expect("a type");
            assert_eq!(shown(&cast(&value, target, V2015)), shown(&old), "{value:?} as {target:?} in 2015");
            assert_eq!(shown(&cast(&value, target, V2016)), shown(&new), "{value:?} as {target:?} in 2016");
        };
        let undefined = || Value::Undefined;
        check(Value::Int(5), "Decimal", dec("5"), Value::Int(5));
        check(dec("10.0"), "Decimal", dec("10.0"), Value::Int(10));
        check(dec("1.5"), "decimal", dec("1.5"), dec("1.5"));
        check(Value::Bool(true), "Decimal", dec("1.0"), Value::Int(1));
        check(Value::Bool(false), "Decimal", dec("0.0"), Value::Int(0));
        check(string("-1.2"), "Decimal", dec("-1.2"), dec("-1.2"));
        check(string("x"), "Decimal", undefined(), undefined());
        check(array(), "Decimal", undefined(), undefined());
        check(object(), "Decimal", undefined(), undefined());
        check(Value::Null, "Decimal", undefined(), undefined());
        check(undefined(), "Decimal", undefined(), undefined());

        check(dec("0.1234567890123456789"), "Double", dec("0.12345678901234568"), dec("0.12345678901234568"));
        check(Value::Int(2), "double", dec("2.0"), Value::Int(2));
        check(Value::Bool(true), "Double", dec("1.0"), Value::Int(1));
        check(dec("1E999"), "Double", undefined(), undefined());
        check(Value::Null, "Double", undefined(), undefined());

        check(Value::Int(5), "Int", Value::Int(5), Value::Int(5));
        check(dec("1.9"), "Integer", Value::Int(1), Value::Int(1));
        check(dec("-1.1"), "int", Value::Int(-2), Value::Int(-2));
        check(Value::Bool(true), "Int", Value::Int(1), Value::Int(1));
        check(Value::Bool(false), "Int", Value::Int(0), Value::Int(0));
        check(string("7.9"), "Int", Value::Int(7), Value::Int(7));
        check(string("7.9.1"), "Int", undefined(), undefined());
        check(array(), "Int", undefined(), undefined());
        check(object(), "Int", undefined(), undefined());
        check(Value::Null, "Int", undefined(), undefined());
        check(undefined(), "Int", undefined(), undefined());

        check(Value::Int(0), "Bool", Value::Bool(false), Value::Bool(false));
        check(Value::Int(-3), "Boolean", Value::Bool(true), Value::Bool(true));
        check(dec("0.00"), "Bool", Value::Bool(false), Value::Bool(false));
        check(dec("0.01"), "Bool", Value::Bool(true), Value::Bool(true));
        check(Value::Bool(true), "Bool", Value::Bool(true), Value::Bool(true));
        check(string("True"), "Bool", Value::Bool(true), Value::Bool(true));
        check(string("1"), "Bool", undefined(), undefined());
        check(array(), "Bool", undefined(), undefined());
        check(object(), "Bool", undefined(), undefined());
        check(Value::Null, "Bool", undefined(), undefined());
        check(undefined(), "Bool", undefined(), undefined());

        check(Value::Int(5), "String", string("5"), string("5"));
        check(dec("1E-9"), "Nvarchar", string("1E-9"), string("1E-9"));
        check(Value::Bool(true), "Text", string("true"), string("true"));
        check(string("TRUE"), "Ntext", string("TRUE"), string("TRUE"));
        check(array(), "VARCHAR", string(r#"[1,"a",null]"#), string(r#"[1,"a",null]"#));
        check(object(), "string", string(r#"{"b":true,"a":1.5}"#), string(r#"{"b":true,"a":1.5}"#));
        check(Value::Null, "String", undefined(), undefined());
        check(undefined(), "String", undefined(), undefined());
    }

    #[test]
    fn decimal_and_boolean_targets_came_with_2016_and_no_other_names_are_known() {
        for (name, target) in Target::NAMES {
            let new = matches!(name, "decimal" | "bool" | "boolean");
            assert_eq!(target.since(), if new { V2016 } else { V2015 }, "{name}");
        }
        assert_eq!(Target::parse("float"), None);
        assert_eq!(Target::parse("array"), None);
    }

    #[test]
    fn whole_decimals_are_ints_since_2016_and_long_ints_are_decimals() {
        let check = |text: &str, old: Value, new: Value| {
            let decimal = Decimal::parse(text).expect("a decimal");
            assert_eq!(shown(&number(decimal, V2015)), shown(&old), "{text} in 2015");
            assert_eq!(shown(&number(decimal, V2016)), shown(&new), "{text} in 2016");
            assert_eq!(shown(&number(decimal, Version::Beta)), shown(&new), "{text} in beta");
        };
        check("10.0", dec("10.0"), Value::Int(10));
        check("1E3", dec("1E3"), Value::Int(1000));
        check("0.0", dec("0.0"), Value::Int(0));
        check("10.5", dec("10.5"), dec("10.5"));
        check("1E40", dec("1E40"), dec("1E40"));
        let longest = 10i128.pow(34) - 1;
        assert_eq!(whole(longest), Value::Int(longest));
        assert_eq!(whole(-longest), Value::Int(-longest));
        assert_eq!(whole(longest + 1), dec("1E34"));
        assert_eq!(whole(i128::MIN), dec("-170141183460469231731687303715884105728"));
    }

    #[test]
    fn equality_is_by_type_and_for_numbers_by_value() {
        let check = |left: Value, right: Value, expected: Option<bool>| {
            assert_eq!(equal(&left, &right), expected, "{left:?} = {right:?}");
            assert_eq!(equal(&right, &left), expected, "{right:?} = {left:?}");
        };
        let list = |values: &[i128]| Value::Array(values.iter().map(|int| Value::Int(*int)).collect());
        let mut turned = Object::default();
        turned.set("a", dec("1.500"));
        turned.set("b", Value::Bool(true));
        let mut other = turned.clone();
        check(Value::Int(1), Value::Int(1), Some(true));
        check(Value::Int(1), Value::Int(2), Some(false));
        check(Value::Int(1), dec("1.0"), Some(true));
        check(dec("1.1"), dec("1.10"), Some(true));
        check(string("a"), string("a"), Some(true));
        check(string("a"), string("A"), Some(false));
        check(string("1"), Value::Int(1), Some(false));
        check(string("true"), Value::Bool(true), Some(false));
        check(Value::Bool(true), Value::Bool(true), Some(true));
        check(list(&[1, 2]), list(&[1, 2]), Some(true));
        check(list(&[1, 2]), list(&[2, 1]), Some(false));
        check(list(&[1, 2]), list(&[1]), Some(false));
        check(list(&[1]), Value::Array(vec![dec("1.0")]), Some(true));
        check(object(), Value::Object(turned), Some(true));
        other.set("c", Value::Null);
        check(object(), Value::Object(other), Some(false));
        check(Value::Null, Value::Null, Some(true));
        check(Value::Null, Value::Int(0), Some(false));
        check(Value::Undefined, Value::Int(0), None);
        check(Value::Undefined, Value::Null, None);
        check(Value::Undefined, Value::Undefined, None);
    }

    #[test]
    fn order_is_among_what_converts_to_decimal() {
        let check = |left: Value, right: Value, expected: Option<Ordering>| {
            assert_eq!(order(&left, &right), expected, "{left:?} and {right:?}");
            assert_eq!(order(&right, &left), expected.map(Ordering::reverse), "{right:?} and {left:?}");
        };
        check(Value::Int(1), Value::Int(2), Some(Ordering::Less));
        check(Value::Int(1), dec("1.00"), Some(Ordering::Equal));
        check(string("10"), Value::Int(9), Some(Ordering::Greater));
        check(string("10"), string("9"), Some(Ordering::Greater));
        check(string("b"), string("a"), None);
        check(Value::Bool(true), Value::Int(0), None);
        check(array(), array(), None);
        check(object(), Value::Int(0), None);
        check(Value::Null, Value::Int(0), None);
        check(Value::Undefined, Value::Int(0), None);
    }
}
