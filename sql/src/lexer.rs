//! A statement's text in, its tokens one by one out; it knows no grammar.

use crate::error::{Span, SqlError};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A key, a keyword or the name of a function.
    Word(String),
    /// `@name`, without the `@`.
    Variable(String),
    Text {
        text: String,
        single: bool,
    },
    Number(String),
    /// One of `( ) [ ] { } , . : * / % + - = <> < <= > >=`.
    Sign(&'static str),
    End,
}

pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// Longer ones first.
const SIGNS: [&str; 20] =
    ["<>", "<=", ">=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "*", "/", "%", "+", "-", "=", "<", ">"];

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Lexer<'a> {
        Lexer { text, at }
    }

    /// At the end of the text this is `Token::End`, again and again.
    pub(crate) fn next(&mut self) -> Result<(Token, Span), SqlError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok((Token::End, start..start)) };
        let token = match first {
            '\'' | '"' => self.quoted(first)?,
            '@' => self.variable()?,
            '0'..='9' => self.number()?,
            _ if first == '_' || first.is_alphabetic() => Token::Word(self.word().to_owned()),
            _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some("-") if rest.starts_with("--") => return Err(self.comment(2)),
                Some("/") if rest.starts_with("/*") => return Err(self.comment(2)),
                Some(sign) => {
                    self.at += sign.len();
                    Token::Sign(sign)
                }
                None => return Err(self.strange(first)),
            },
        };
        Ok((token, start..self.at))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn variable(&mut self) -> Result<Token, SqlError> {
        self.at += 1;
        let name = self.word();
        if name.is_empty() {
            let span = self.at - 1..self.at;
            return Err(
                self.error(span, "a variable needs a name of letters, digits and underscores after its @")
            );
        }
        Ok(Token::Variable(name.to_owned()))
    }

    fn number(&mut self) -> Result<Token, SqlError> {
        let start = self.at;
        self.digits();
        if self.rest().starts_with('.') && self.digit_at(1) {
            self.at += 1;
            self.digits();
        }
        if self.rest().starts_with(['e', 'E']) {
            let signed = self.rest().get(1..).is_some_and(|rest| rest.starts_with(['+', '-']));
            if self.digit_at(1 + usize::from(signed)) {
                self.at += 1 + usize::from(signed);
                self.digits();
            }
        }
        if self.rest().starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
            self.word();
            let error =
                self.error(start..self.at, "a key that starts with a digit is not a name in a statement");
            return Err(error.suggest("read it with get(object, 'key')"));
        }
        Ok(Token::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn digits(&mut self) {
        let rest = self.rest();
        self.at += rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    }

    fn digit_at(&self, offset: usize) -> bool {
        self.rest().as_bytes().get(offset).is_some_and(u8::is_ascii_digit)
    }

    /// A quote within is written twice.
    fn quoted(&mut self, quote: char) -> Result<Token, SqlError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(quote) else {
                self.at = self.text.len();
                let error = self.error(start..start + 1, "the text that begins here has no closing quote");
                return Err(error.suggest(format!("close it with {quote}")));
            };
            text.push_str(rest.get(..end).unwrap_or_default());
            self.at += end + 1;
            if !self.rest().starts_with(quote) {
                return Ok(Token::Text { text, single: quote == '\'' });
            }
            text.push(quote);
            self.at += 1;
        }
    }

    fn comment(&self, length: usize) -> SqlError {
        self.error(self.at..self.at + length, "AWS IoT SQL has no comments; remove it")
    }

    fn strange(&self, first: char) -> SqlError {
        let rest = self.rest();
        let (length, message, fix) = match first {
            _ if rest.starts_with("!=") => (2, "AWS IoT SQL has no !=", Some("write <>")),
            _ if rest.starts_with("||") => {
                (2, "AWS IoT SQL has no ||", Some("join texts with + or concat()"))
            }
            _ if rest.starts_with("&&") => (2, "AWS IoT SQL has no &&", Some("write AND")),
            ';' => (1, "a statement ends without a semicolon", Some("remove it")),
            '`' => (
                1,
                "a key is written without backquotes",
                Some("write get(object, 'key') for an unusual key"),
            ),
            '$' => (1, "a $ begins nothing here", Some("write a topic as 'text', a variable as @name")),
            _ => (first.len_utf8(), "this character begins nothing in a statement", None),
        };
        let error = self.error(self.at..self.at + length, message);
        match fix {
            Some(fix) => error.suggest(fix),
            None => error,
        }
    }

    fn error(&self, span: Span, message: &str) -> SqlError {
        SqlError::new(self.text, span, message)
    }
}
