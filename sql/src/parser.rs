//! A statement's or a template's text in, its tree or the first mistake out; it evaluates nothing.

mod clauses;
#[cfg(test)]
mod differential;
mod expression;
mod nearest;
mod primary;

pub(crate) use clauses::{Parsed, statement};

use crate::error::{Span, SqlError};
use crate::lexer::{Lexer, Token};
use crate::limits::{HEIGHT, NESTING, STATEMENT_BYTES};
use crate::patterns::Patterns;
use crate::syntax::{Expression, Node};
use crate::version::Version;

type Result<T> = std::result::Result<T, SqlError>;

/// Words that are no keys, but after a dot.
const RESERVED: [&str; 17] = [
    "select", "from", "where", "as", "and", "or", "not", "case", "when", "then", "else", "end", "in", "null",
    "true", "false", "exists",
];

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    version: Version,
    /// What comes next, and where.
    token: Token,
    span: Span,
    /// Where the last token ended.
    end: usize,
    depth: u16,
    /// The variables that are set so far; None: set elsewhere.
    variables: Option<Vec<String>>,
    /// Those of the text so far.
    patterns: Patterns,
}

/// The expression of a template that begins at `at`, and where its closing brace ends.
pub(crate) fn embedded(
    text: &str,
    at: usize,
    version: Version,
    variables: Option<Vec<String>>,
    patterns: &mut Patterns,
) -> Result<(Expression, usize)> {
    let mut parser = Parser::new(text, at, version, variables)?;
    parser.patterns = *patterns;
    if parser.is_sign("}") {
        return Err(parser.unexpected("an expression").suggest("write it between the braces: ${topic()}"));
    }
    let expression = parser.expression()?;
    *patterns = parser.patterns;
    match parser.is_sign("}") {
        true => Ok((expression, parser.span.end)),
        false => Err(parser.unexpected("the } that ends the template")),
    }
}

pub(crate) fn check_size(text: &str) -> Result<()> {
    if text.len() <= STATEMENT_BYTES {
        return Ok(());
    }
    let message = format!("the text has {} bytes, and {STATEMENT_BYTES} are allowed; shorten it", text.len());
    Err(SqlError::new(text, 0..0, message))
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, at: usize, version: Version, variables: Option<Vec<String>>) -> Result<Parser<'a>> {
        let mut parser = Parser {
            text,
            lexer: Lexer::new(text, at),
            version,
            token: Token::End,
            span: at..at,
            end: at,
            depth: 0,
            variables,
            patterns: Patterns::default(),
        };
        parser.advance()?;
        Ok(parser)
    }

    fn advance(&mut self) -> Result<Token> {
        let (token, span) = self.lexer.next()?;
        self.end = self.span.end;
        self.span = span;
        Ok(std::mem::replace(&mut self.token, token))
    }

    /// The token after the next, if there is a good one.
    fn second(&self) -> Option<Token> {
        let mut lexer = Lexer::new(self.text, self.span.end);
        lexer.next().ok().map(|(token, _)| token)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        is_word(&self.token, word)
    }

    fn eat_sign(&mut self, sign: &str) -> Result<bool> {
        let found = self.is_sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn eat_word(&mut self, word: &str) -> Result<bool> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_sign(&mut self, sign: &str) -> Result<()> {
        match self.eat_sign(sign)? {
            true => Ok(()),
            false => Err(self.unexpected(sign)),
        }
    }

    fn expect_word(&mut self, word: &str) -> Result<()> {
        match self.eat_word(word)? {
            true => Ok(()),
            false => {
                let error = self.unexpected(word);
                let close = matches!(&self.token, Token::Word(found) if nearest::close(found, word));
                Err(if close { error.suggest(format!("did you mean {word}?")) } else { error })
            }
        }
    }

    fn error(&self, span: Span, message: impl Into<String>) -> SqlError {
        SqlError::new(self.text, span, message)
    }

    /// An error at what comes next.
    fn unexpected(&self, wanted: &str) -> SqlError {
        let found = match &self.token {
            Token::End => "the end".to_owned(),
            _ => format!("`{}`", self.text.get(self.span.clone()).unwrap_or_default()),
        };
        self.error(self.span.clone(), format!("found {found} where {wanted} is expected"))
    }

    /// Refuses what only newer versions have.
    fn since(&self, since: Version, what: &str, span: Span) -> Result<()> {
        if self.version >= since {
            return Ok(());
        }
        let (own, since) = (self.version.name(), since.name());
        let error =
            self.error(span, format!("{what} needs SQL version {since}, and this statement has {own}"));
        Err(error.suggest(format!("set awsIotSqlVersion to {since}")))
    }

    fn make(&self, node: Node, start: usize) -> Result<Expression> {
        let expression = Expression { node, span: start..self.end, height: 0 };
        let height = expression.parts().iter().map(|part| part.height).max().unwrap_or(0) + 1;
        match height <= HEIGHT {
            true => Ok(Expression { height, ..expression }),
            false => Err(self.too_deep(expression.span, HEIGHT)),
        }
    }

    /// Keeps the parser's own stack in bounds.
    fn nest<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING {
            return Err(self.too_deep(self.span.clone(), NESTING));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn too_deep(&self, span: Span, limit: u16) -> SqlError {
        let error = self.error(span, format!("expressions nest more than {limit} deep here"));
        error.suggest("split the expression, with SET or with concat()")
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word))
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
