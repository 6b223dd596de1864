//! `{ $.field = value && … }` in, whether a JSON object fits it out.

use serde_json::Value as Json;

use super::terms::quoted;
use super::{PatternError, syntax};
use crate::limits::PATTERN_DEPTH;

#[derive(Debug, Clone)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Field { path: Vec<Step>, test: Test },
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Test {
    Equal(Operand),
    Differs(Operand),
    Compare(Order, f64),
    IsNull,
    Is(bool),
    IsMissing,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// A text, whose asterisks stand for anything, and the number that it says.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    text: String,
    number: Option<f64>,
}

impl Condition {
    pub(super) fn holds(&self, json: &Json) -> bool {
        match self {
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(json)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(json)),
            Condition::Field { path, test } => test.holds(find(json, path)),
        }
    }
}

fn find<'a>(json: &'a Json, path: &[Step]) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, step| match step {
        Step::Key(key) => json.get(key.as_str()),
        Step::Index(index) => json.get(*index),
    })
}

impl Test {
    fn holds(&self, found: Option<&Json>) -> bool {
        let Some(json) = found else { return matches!(self, Test::IsMissing) };
        match self {
            Test::Equal(operand) => operand.equals(json),
            Test::Differs(operand) => !operand.equals(json),
            Test::Compare(order, number) => as_number(json).is_some_and(|value| match order {
                Order::Less => value < *number,
                Order::LessOrEqual => value <= *number,
                Order::More => value > *number,
                Order::MoreOrEqual => value >= *number,
            }),
            Test::IsNull => json.is_null(),
            Test::Is(expected) => json.as_bool() == Some(*expected),
            Test::IsMissing => false,
        }
    }
}

impl Operand {
    fn new(text: String) -> Self {
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        Self { text, number }
    }

    #[expect(clippy::float_cmp, reason = "the pattern asks for this very number")]
    fn equals(&self, json: &Json) -> bool {
        match json {
            Json::String(text) => fits(&self.text, text),
            Json::Number(number) => match (self.number, number.as_f64()) {
                (Some(wanted), Some(found)) => wanted == found,
                _ => fits(&self.text, &number.to_string()),
            },
            Json::Bool(value) => self.text == value.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => false,
        }
    }
}

fn as_number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Whether the text is the pattern, whose asterisks stand for any letters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

pub(super) fn parse(text: &str) -> Result<Condition, PatternError> {
    let mut reader = Reader { rest: text };
    reader.skip("{");
    let condition = reader.any(0)?;
    if !reader.skip("}") {
        return Err(syntax("the closing brace is missing, or && or || between conditions"));
    }
    if !reader.rest.is_empty() {
        return Err(syntax("nothing may stand behind the closing brace"));
    }
    Ok(condition)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, PatternError> {
        let mut conditions = vec![self.all(depth)?];
        while self.skip("||") {
            conditions.push(self.all(depth)?);
        }
        Ok(Condition::Any(conditions))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, PatternError> {
        let mut conditions = vec![self.one(depth)?];
        while self.skip("&&") {
            conditions.push(self.one(depth)?);
        }
        Ok(Condition::All(conditions))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, PatternError> {
        if !self.skip("(") {
            let path = self.path()?;
            return Ok(Condition::Field { path, test: self.test()? });
        }
        if depth >= PATTERN_DEPTH {
            return Err(syntax(format!("more than {PATTERN_DEPTH} parentheses inside each other")));
        }
        let condition = self.any(depth + 1)?;
        if self.skip(")") { Ok(condition) } else { Err(syntax("a closing parenthesis is missing")) }
    }

    fn path(&mut self) -> Result<Vec<Step>, PatternError> {
        if !self.skip("$") {
            return Err(syntax("a condition begins with $.field"));
        }
        let mut path = Vec::new();
        loop {
            let bracket = self.rest.strip_prefix('[').or_else(|| self.rest.strip_prefix(".["));
            if let Some(rest) = bracket {
                let (inside, after) = rest.split_once(']').ok_or_else(|| syntax("a ] is missing"))?;
                path.push(step(inside.trim())?);
                self.rest = after;
            } else if let Some(rest) = self.rest.strip_prefix('.') {
                let end = rest.find(|letter: char| !is_key_letter(letter)).unwrap_or(rest.len());
                let (key, after) = rest.split_at(end);
                if key.is_empty() {
                    return Err(syntax("a field's name is missing behind $."));
                }
                path.push(Step::Key(key.to_owned()));
                self.rest = after;
            } else if path.is_empty() {
                return Err(syntax("a condition begins with $.field"));
            } else {
                self.rest = self.rest.trim_start();
                return Ok(path);
            }
        }
    }

    fn test(&mut self) -> Result<Test, PatternError> {
        const WORDS: [(&[&str], Test); 4] = [
            (&["IS", "NULL"], Test::IsNull),
            (&["IS", "TRUE"], Test::Is(true)),
            (&["IS", "FALSE"], Test::Is(false)),
            (&["NOT", "EXISTS"], Test::IsMissing),
        ];
        for (words, test) in WORDS {
            if self.skip_words(words) {
                return Ok(test);
            }
        }
        if self.skip("!=") {
            return Ok(Test::Differs(self.operand()?));
        }
        let orders =
            [("<=", Order::LessOrEqual), (">=", Order::MoreOrEqual), ("<", Order::Less), (">", Order::More)];
        for (sign, order) in orders {
            if self.skip(sign) {
                let operand = self.operand()?;
                let number =
                    operand.number.ok_or_else(|| syntax(format!("{sign} needs a number behind it")))?;
                return Ok(Test::Compare(order, number));
            }
        }
        if self.skip("=") {
            return Ok(Test::Equal(self.operand()?));
        }
        Err(syntax("an operator is missing: = != < > <= >= IS NULL, IS TRUE, IS FALSE or NOT EXISTS"))
    }

    fn skip_words(&mut self, words: &[&str]) -> bool {
        let before = self.rest;
        let fits = words.iter().all(|word| {
            let rest = self.rest.trim_start();
            let has = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            if has {
                self.rest = rest.get(word.len()..).unwrap_or_default();
            }
            has
        });
        self.rest = if fits { self.rest.trim_start() } else { before };
        fits
    }

    fn operand(&mut self) -> Result<Operand, PatternError> {
        if let Some(phrase) = self.rest.strip_prefix('"') {
            let (text, after) = quoted(phrase)?;
            self.rest = after.trim_start();
            return Ok(Operand::new(text));
        }
        if self.rest.starts_with('%') {
            return Err(PatternError::Unserved("a regular expression (%…%)"));
        }
        let ends = |letter: char| letter.is_whitespace() || "&|(){}\"".contains(letter);
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (text, after) = self.rest.split_at(end);
        if text.is_empty() {
            return Err(syntax("a value is missing behind the operator"));
        }
        let operand = Operand::new(text.to_owned());
        self.rest = after.trim_start();
        Ok(operand)
    }
}

fn is_key_letter(letter: char) -> bool {
    letter.is_alphanumeric() || "_-@:/".contains(letter)
}

fn step(inside: &str) -> Result<Step, PatternError> {
    if inside == "*" {
        return Err(PatternError::Unserved("a wildcard in a selector ([*])"));
    }
    let unquoted = |mark| inside.strip_prefix(mark).and_then(|inside| inside.strip_suffix(mark));
    if let Some(key) = unquoted('\'').or_else(|| unquoted('"')) {
        return Ok(Step::Key(key.to_owned()));
    }
    let index =
        inside.parse().map_err(|_| syntax("between [ and ] stands a number or a name in quotation marks"));
    index.map(Step::Index)
}
