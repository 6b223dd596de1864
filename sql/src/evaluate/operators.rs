//! Two values and an operator in, one value out, by AWS's tables; it evaluates nothing.

use super::Operand;
use crate::convert;
use crate::decimal::Decimal;
use crate::syntax::Operator;
use crate::value::Value;
use crate::version::Version;

/// A Boolean, or Undefined.
pub(super) fn maybe<'v>(result: Option<bool>) -> Operand<'v> {
    Operand::Own(result.map_or(Value::Undefined, Value::Bool))
}

/// Whether two strings are equal, when that is asked; strings of the payload are not copied for it.
pub(super) fn equal_texts(operator: Operator, left: &Operand<'_>, right: &Operand<'_>) -> Option<bool> {
    let wanted = match operator {
        Operator::Equal => true,
        Operator::Unequal => false,
        _ => return None,
    };
    let (left, right) = (left.string()?, right.string()?);
    Some((left == right) == wanted)
}

pub(super) fn apply(operator: Operator, left: &Value, right: &Value, version: Version) -> Value {
    let ordered = |holds: fn(std::cmp::Ordering) -> bool| convert::order(left, right).map(holds);
    let truth = match operator {
        Operator::Equal => convert::equal(left, right),
        Operator::Unequal => convert::equal(left, right).map(|equal| !equal),
        Operator::Less => ordered(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => ordered(std::cmp::Ordering::is_le),
        Operator::Greater => ordered(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(std::cmp::Ordering::is_ge),
        Operator::In => within(left, right),
        Operator::Add => return add(left, right, version),
        _ => return arithmetic(operator, left, right, version),
    };
    truth.map_or(Value::Undefined, Value::Bool)
}

pub(super) fn negate(value: &Value, version: Version) -> Value {
    match value {
        Value::Int(int) => Value::Int(-int),
        _ => match convert::decimal(value) {
            Some(decimal) => convert::number(decimal.negated(), version),
            None => Value::Undefined,
        },
    }
}

fn within(left: &Value, right: &Value) -> Option<bool> {
    let Value::Array(elements) = right else { return None };
    if *left == Value::Undefined {
        return None;
    }
    Some(elements.iter().any(|element| convert::equal(left, element) == Some(true)))
}

fn add(left: &Value, right: &Value, version: Version) -> Value {
    if matches!(left, Value::String(_)) || matches!(right, Value::String(_)) {
        return match (convert::text(left), convert::text(right)) {
            (Some(left), Some(right)) => Value::String(format!("{left}{right}")),
            _ => Value::Undefined,
        };
    }
    arithmetic(Operator::Add, left, right, version)
}

fn arithmetic(operator: Operator, left: &Value, right: &Value, version: Version) -> Value {
    if let (Value::Int(left), Value::Int(right)) = (left, right)
        && let Some(int) = whole(operator, *left, *right)
    {
        return convert::whole(int);
    }
    let (Some(left), Some(right)) = (convert::decimal(left), convert::decimal(right)) else {
        return Value::Undefined;
    };
    let result = match operator {
        Operator::Add => Decimal::checked_add(left, right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
        _ => None,
    };
    result.map_or(Value::Undefined, |decimal| convert::number(decimal, version))
}

/// None: it does not fit, or divides by zero.
fn whole(operator: Operator, left: i128, right: i128) -> Option<i128> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
        _ => None,
    }
}
