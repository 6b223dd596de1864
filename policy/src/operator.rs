//! Condition operators: their names, the values they take, and one comparison; knows no keys.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::arn;
use crate::date;
use crate::template::{Template, Unresolved};
use crate::variables::Variables;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Option<Quantifier>,
    pub(crate) test: Test,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    ForAllValues,
    ForAnyValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Text,
    FoldedText,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const NAMES: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Text, false),
    ("StringNotEquals", Test::Text, true),
    ("StringEqualsIgnoreCase", Test::FoldedText, false),
    ("StringNotEqualsIgnoreCase", Test::FoldedText, true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

impl Operator {
    pub(crate) fn parse(text: &str) -> Result<Operator, String> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (None, text),
            Some(("ForAllValues", rest)) => (Some(Quantifier::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return Err("write ForAllValues: or ForAnyValue: in front".to_owned()),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        match NAMES.iter().find(|(known, ..)| *known == name) {
            Some((_, Test::Null, _)) if if_exists || quantifier.is_some() => {
                Err("write \"Null\": it takes neither IfExists nor a quantifier".to_owned())
            }
            Some(&(_, test, negated)) => Ok(Operator { quantifier, test, negated, if_exists }),
            None => match NAMES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) {
                Some((known, ..)) => Err(format!("write {known:?}: the case of its letters counts")),
                None => Err("write one of IAM's operators, such as \"StringEquals\"".to_owned()),
            },
        }
    }

    /// Whether a value without variables makes sense; the error says what is wanted.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        let (right, wanted) = match self.test {
            Test::Text | Test::FoldedText | Test::Like | Test::Binary => (true, "a text"),
            Test::Number(_) => (number(value).is_some(), "a number"),
            Test::Date(_) => (date::parse_ms(value).is_some(), "a date such as 2026-01-31T00:00:00Z"),
            Test::Bool | Test::Null => (boolean(value).is_some(), "\"true\" or \"false\""),
            Test::Ip => (Network::parse(value).is_some(), "an address or a range such as 203.0.113.0/24"),
            Test::Arn => (value == "*" || arn::parts(value).len() == 6, "an ARN with six parts"),
        };
        if right { Ok(()) } else { Err(wanted) }
    }

    /// Whether one value of the key is one that the policy names; negation is the caller's.
    pub(crate) fn accepts(
        self,
        wanted: &Template,
        found: &str,
        variables: &Variables,
    ) -> Result<bool, Unresolved> {
        if self.test == Test::Like {
            return Ok(wanted.fill(variables)?.matches(found));
        }
        if self.test == Test::Arn {
            return arn_accepts(wanted, found, variables);
        }
        let wanted = wanted.fill_text(variables)?;
        Ok(match self.test {
            Test::FoldedText => wanted.to_lowercase() == found.to_lowercase(),
            Test::Number(order) => compare(order, number(found), number(&wanted)),
            Test::Date(order) => compare(order, date::parse_ms(found), date::parse_ms(&wanted)),
            Test::Bool | Test::Null => boolean(found).is_some() && boolean(found) == boolean(&wanted),
            Test::Ip => match (Network::parse(&wanted), found.parse::<IpAddr>()) {
                (Some(network), Ok(ip)) => network.contains(ip),
                _ => false,
            },
            Test::Text | Test::Binary | Test::Like | Test::Arn => wanted == found,
        })
    }
}

/// Part by part: a star does not cross the first five colons.
fn arn_accepts(wanted: &Template, found: &str, variables: &Variables) -> Result<bool, Unresolved> {
    if wanted.text() == "*" {
        return Ok(found.starts_with("arn:"));
    }
    let wanted = wanted.arn_parts();
    let found = arn::parts(found);
    if wanted.len() != found.len() {
        return Ok(false);
    }
    for (wanted, found) in wanted.iter().zip(found) {
        if !wanted.fill(variables)?.matches(found) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare<T: PartialOrd>(order: Order, found: Option<T>, wanted: Option<T>) -> bool {
    let (Some(found), Some(wanted)) = (found, wanted) else {
        return false;
    };
    match found.partial_cmp(&wanted) {
        None => false,
        Some(Ordering::Equal) => matches!(order, Order::Equal | Order::LessOrEqual | Order::GreaterOrEqual),
        Some(Ordering::Less) => matches!(order, Order::Less | Order::LessOrEqual),
        Some(Ordering::Greater) => matches!(order, Order::Greater | Order::GreaterOrEqual),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

struct Network {
    ip: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Network> {
        let (ip, bits) = match text.split_once('/') {
            None => (text, None),
            Some((ip, bits)) => (ip, Some(bits.parse::<u32>().ok()?)),
        };
        let ip: IpAddr = ip.parse().ok()?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits <= most { Some(Network { ip, bits }) } else { None }
    }

    /// A mapped IPv4 address counts as IPv4.
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.ip, ip.to_canonical()) {
            (IpAddr::V4(mine), IpAddr::V4(ip)) => {
                (mine.to_bits() ^ ip.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(mine), IpAddr::V6(ip)) => {
                (mine.to_bits() ^ ip.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
