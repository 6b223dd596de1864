//! JSON text in, a value or the place where it breaks out; holds the nesting to a limit.

use super::{Number, READ_DEPTH, Value};
use crate::fields::Fields;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("at byte {at}: {reason}")]
    At { at: usize, reason: &'static str },
    #[error("values lie more than {READ_DEPTH} levels within each other")]
    TooDeep,
}

pub(crate) fn read(text: &str) -> Result<Value, Broken> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(READ_DEPTH)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.broken("there is text after the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, levels: usize) -> Result<Value, Broken> {
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(levels.checked_sub(1).ok_or(Broken::TooDeep)?),
            Some(b'[') => self.list(levels.checked_sub(1).ok_or(Broken::TooDeep)?),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.broken("no value begins like this")),
            None => Err(self.broken("the text ends where a value is due")),
        }
    }

    fn object(&mut self, levels: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.took(b'}') {
            return Ok(Value::Object(Fields::default()));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.broken("a name in double quotes is due"));
            }
            let name = self.string()?;
            self.blanks();
            if !self.took(b':') {
                return Err(self.broken("a colon is due"));
            }
            members.push((name, self.value(levels)?));
            self.blanks();
            if self.took(b'}') {
                return Ok(Value::Object(Fields::from_written(members)));
            }
            if !self.took(b',') {
                return Err(self.broken("a comma or `}` is due"));
            }
        }
    }

    fn list(&mut self, levels: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut elements = Vec::new();
        self.blanks();
        if self.took(b']') {
            return Ok(Value::List(elements));
        }
        loop {
            elements.push(self.value(levels)?);
            self.blanks();
            if self.took(b']') {
                return Ok(Value::List(elements));
            }
            if !self.took(b',') {
                return Err(self.broken("a comma or `]` is due"));
            }
        }
    }

    fn string(&mut self) -> Result<Box<str>, Broken> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let stop = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'));
            let Some(stop) = stop else {
                self.at = self.text.len();
                return Err(self.broken("the string has no end"));
            };
            let clean = rest.get(..stop).unwrap_or_default();
            self.at += stop;
            if self.took(b'"') {
                return Ok(if text.is_empty() { clean.into() } else { (text + clean).into() });
            }
            text.push_str(clean);
            if !self.took(b'\\') {
                return Err(self.broken("a control character in a string must be escaped"));
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, Broken> {
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.broken("there is no such escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode(&mut self) -> Result<char, Broken> {
        let first = self.unit()?;
        let code = match first {
            0xd800..=0xdbff => {
                let second = if self.took(b'\\') { self.unit()? } else { 0 };
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.broken("half of a surrogate pair is missing"));
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.broken("half of a surrogate pair is missing"))
    }

    /// The four digits behind a `u`.
    fn unit(&mut self) -> Result<u32, Broken> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|_| self.peek() == Some(b'u'));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.broken("four hexadecimal digits are due"))?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Value, Broken> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = |byte: u8| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        let number = Number::new(rest.get(..end).unwrap_or_default());
        let number =
            number.ok_or_else(|| self.broken("this is no number of JSON, or too large for its readers"))?;
        self.at += end;
        Ok(Value::Number(number))
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Broken> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.broken("no value begins like this"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn took(&mut self, byte: u8) -> bool {
        let took = self.peek() == Some(byte);
        self.at += usize::from(took);
        took
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn broken(&self, reason: &'static str) -> Broken {
        Broken::At { at: self.at, reason }
    }
}
