//! Every function of the language: its name and arguments in, its value out. Wrong arguments come to Undefined.

use crate::call::{Stop, Surroundings};
use crate::convert;
use crate::functions::{self, Pattern};
use crate::limits;
use crate::value::Value;
use crate::version::Version;

/// A function by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) since: Version,
    /// Fewest and most arguments. Another number comes to Undefined, whatever the arguments are.
    pub(crate) arity: (usize, usize),
    pub(crate) form: Form,
    pub(crate) service: Service,
    body: Body,
    prepare: Option<Prepare>,
}

/// How a call is written and evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// A first argument that stops with [`Stop::Failed`] is passed as Undefined.
    Catching,
    /// `cast(x as type)`: the type's name is passed as the second argument.
    Cast,
}

/// Whether somebody who calls a function gets what AWS would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Served,
    /// The outside is asked, and says so itself where it does not serve.
    Asked,
    /// Served but for what the text names.
    Partly(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// Of the arguments alone; None is Undefined.
    Pure(fn(&[Value]) -> Option<Value>),
    Full(fn(&[Value], &mut Surroundings<'_>) -> Result<Value, Stop>),
}

/// Literal arguments in (None is any other expression), what need not be made again for each message out.
type Prepare = fn(&[Option<Value>]) -> Option<Pattern>;

/// A row of the list of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub since: Version,
    pub service: Service,
}

/// Every function and whether it is served, in alphabetical order.
pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Function::all()
        .map(|function| Row { name: function.name, since: function.since, service: function.service })
        .collect();
    rows.sort_by_key(|row| row.name);
    rows
}

impl Function {
    const fn new(name: &'static str, since: Version, arity: (usize, usize), body: Body) -> Function {
        Function { name, since, arity, form: Form::Plain, service: Service::Served, body, prepare: None }
    }

    pub(crate) const fn pure(
        name: &'static str,
        since: Version,
        arity: (usize, usize),
        body: fn(&[Value]) -> Option<Value>,
    ) -> Function {
        Function::new(name, since, arity, Body::Pure(body))
    }

    pub(crate) const fn full(
        name: &'static str,
        since: Version,
        arity: (usize, usize),
        body: fn(&[Value], &mut Surroundings<'_>) -> Result<Value, Stop>,
    ) -> Function {
        Function::new(name, since, arity, Body::Full(body))
    }

    pub(crate) const fn form(self, form: Form) -> Function {
        Function { form, ..self }
    }

    pub(crate) const fn service(self, service: Service) -> Function {
        Function { service, ..self }
    }

    pub(crate) const fn prepared_by(self, prepare: Prepare) -> Function {
        Function { prepare: Some(prepare), ..self }
    }

    /// Names are found in any case.
    pub(crate) fn find(name: &str) -> Option<&'static Function> {
        Function::all().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    /// The name that looks most like this one, for a suggestion.
    pub(crate) fn near(name: &str) -> Option<&'static str> {
        if name.len() > limits::NAME_BYTES {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let far = name.len() / 3 + 1;
        let distances = Function::all().map(|function| (distance(&name, function.name), function.name));
        distances.filter(|(distance, _)| *distance <= far).min().map(|(_, name)| name)
    }

    /// Whether a call with so many arguments can have a value.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        (self.arity.0..=self.arity.1).contains(&arguments)
    }

    /// What is the same for every message: made once, when the statement is read. Literal arguments are given.
    pub(crate) fn prepare(&self, literals: &[Option<Value>]) -> Option<Pattern> {
        self.prepare.and_then(|prepare| prepare(literals))
    }

    pub(crate) fn call(
        &self,
        arguments: &[Value],
        surroundings: &mut Surroundings<'_>,
    ) -> Result<Value, Stop> {
        if !self.takes(arguments.len()) {
            return Ok(Value::Undefined);
        }
        let value = match self.body {
            Body::Pure(body) => body(arguments).unwrap_or(Value::Undefined),
            Body::Full(body) => body(arguments, surroundings)?,
        };
        match value {
            Value::Decimal(decimal) => Ok(convert::number(decimal, surroundings.version)),
            Value::String(text) if text.len() > limits::OUTPUT_BYTES => Err(functions::too_large()),
            value => Ok(value),
        }
    }

    pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
        functions::TABLES.iter().flat_map(|table| table.iter())
    }
}

/// How many letters have to be put in, left out or replaced. For short names only.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.bytes().enumerate() {
        let mut diagonal = at;
        let mut before = at + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (other, cell) in right.bytes().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(other != letter);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's guide, "Functions", written out.
    const COMPLETE: &str = "abs accountid acos asin atan atan2 aws_lambda bitand bitnot bitor bitxor cast ceil chr \
        clientid concat cos cosh decode encode endswith exp floor get get_dynamodb get_mqtt_property \
        get_or_default get_registry_data get_secret get_thing_shadow get_user_properties indexof isnull \
        isundefined length ln log lower lpad ltrim machinelearning_predict md2 md5 mod nanvl newuuid numbytes \
        parse_time power principal rand regexp_matches regexp_replace regexp_substr remainder replace round rpad \
        rtrim sha1 sha224 sha256 sha384 sha512 sign sin sinh sourceip sql_version sqrt startswith substring tan \
        tanh time_to_epoch timestamp topic traceid transform trim trunc upper";

    #[test]
    fn every_function_of_the_guide_is_in_the_table_once() {
        let names: Vec<&str> = rows().into_iter().map(|row| row.name).collect();
        assert_eq!(names, COMPLETE.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn names_are_found_in_any_case() {
        for name in COMPLETE.split_whitespace() {
            assert_eq!(Function::find(&name.to_uppercase()).map(|function| function.name), Some(name));
        }
        assert!(Function::find("isNull").is_some());
        assert!(Function::find("nope").is_none());
        assert!(Function::find("").is_none());
    }

    #[test]
    fn a_name_with_a_slip_is_suggested_right() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(Function::near(name), expected, "{name}");
        check("sustring", Some("substring"));
        check("SubStr1ng", Some("substring"));
        check("clientId", Some("clientid"));
        check("client_id", Some("clientid"));
        check("timstamp", Some("timestamp"));
        check("uper", Some("upper"));
        check("get_shadow", None);
        check("get_thing_shadows", Some("get_thing_shadow"));
        check("completely_else", None);
        check(&"a".repeat(100_000), None);
    }

    #[test]
    fn distance_counts_letters_put_in_left_out_and_replaced() {
        let check = |left: &str, right: &str, expected| {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        };
        check("", "", 0);
        check("", "abc", 3);
        check("abc", "abc", 0);
        check("kitten", "sitting", 3);
        check("trim", "ltrim", 1);
    }
}
