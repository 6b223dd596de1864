//! SET, SELECT, FROM and WHERE, at the top and nested.

use message::Filter;

use super::{Parser, Result, check_size, is_reserved, is_word, nearest};
use crate::error::Span;
use crate::lexer::Token;
use crate::limits::{VARIABLE_NAME_BYTES, VARIABLES};
use crate::patterns::Patterns;
use crate::syntax::{Column, Expression, Nested, Node, Query, Select};
use crate::version::Version;

/// A whole statement.
pub(crate) struct Parsed {
    pub(crate) variables: Vec<(String, Expression)>,
    pub(crate) query: Query,
    pub(crate) filter: Option<(Filter, Span)>,
    pub(crate) patterns: Patterns,
}

pub(crate) fn statement(text: &str, version: Version) -> Result<Parsed> {
    check_size(text)?;
    let mut parser = Parser::new(text, 0, version, Some(Vec::new()))?;
    let variables = parser.set()?;
    let select = parser.select()?;
    let filter = if parser.eat_word("from")? { Some(parser.topic_filter()?) } else { None };
    let condition = parser.condition()?;
    if parser.token != Token::End {
        return Err(parser.leftover(filter.is_some(), condition.is_some()));
    }
    Ok(Parsed { variables, query: Query { select, condition }, filter, patterns: parser.patterns })
}

impl Parser<'_> {
    fn set(&mut self) -> Result<Vec<(String, Expression)>> {
        let mut variables: Vec<(String, Expression)> = Vec::new();
        if !self.eat_word("set")? {
            return Ok(variables);
        }
        loop {
            let Token::Variable(name) = &self.token else {
                return Err(self.unexpected("a variable").suggest("write SET @name = expression"));
            };
            let name = name.clone();
            self.check_variable(&name, variables.len())?;
            self.advance()?;
            self.expect_sign("=")?;
            let value = self.expression()?;
            self.variables.get_or_insert_default().push(name.clone());
            variables.push((name, value));
            if !self.eat_sign(",")? {
                break;
            }
        }
        if self.is_word("set") {
            let error = self.error(self.span.clone(), "SET stands once in a statement");
            return Err(error.suggest("set more variables after a comma"));
        }
        Ok(variables)
    }

    fn check_variable(&self, name: &str, set: usize) -> Result<()> {
        let message = if self.variables.iter().flatten().any(|known| known == name) {
            format!("the variable @{name} is set already, and stays what it is; choose another name")
        } else if set >= VARIABLES {
            format!("a statement sets at most {VARIABLES} variables")
        } else if name.len() > VARIABLE_NAME_BYTES {
            format!("a variable's name has at most {VARIABLE_NAME_BYTES} characters")
        } else if !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            "a variable's name has the letters a to z, digits and underscores".to_owned()
        } else {
            return Ok(());
        };
        Err(self.error(self.span.clone(), message))
    }

    fn select(&mut self) -> Result<Select> {
        if !self.eat_word("select")? {
            let error = self.unexpected("SELECT");
            let close = matches!(&self.token, Token::Word(word) if nearest::close(word, "select"));
            return Err(if close { error.suggest("did you mean SELECT?") } else { error });
        }
        if self.is_value_keyword() {
            self.advance()?;
            let start = self.span.start;
            let value = if self.eat_sign("*")? { self.make(Node::Star, start)? } else { self.expression()? };
            if self.is_sign(",") {
                let error = self.error(self.span.clone(), "SELECT VALUE has one value");
                return Err(error.suggest("leave VALUE out, or select one array or object"));
            }
            return Ok(Select::Value(value));
        }
        let mut columns = vec![self.column()?];
        while self.eat_sign(",")? {
            columns.push(self.column()?);
        }
        Ok(Select::Columns(columns))
    }

    /// VALUE is a keyword only where an expression follows it; else a key may be called so.
    fn is_value_keyword(&self) -> bool {
        if !self.is_word("value") {
            return false;
        }
        match self.second() {
            Some(Token::Word(next)) => {
                !["from", "as", "where", "in", "and", "or"].iter().any(|word| next.eq_ignore_ascii_case(word))
            }
            Some(Token::Text { .. } | Token::Number(_) | Token::Variable(_)) => true,
            Some(Token::Sign("(" | "[" | "{")) => true,
            Some(Token::Sign("*")) => {
                // `value * 2` is a product.
                let rest = self.text.get(self.span.end..).unwrap_or_default().trim_start();
                let mut lexer = crate::lexer::Lexer::new(rest, 1);
                let after = lexer.next().ok().map(|(token, _)| token);
                after.is_none_or(|token| {
                    token == Token::End || ["from", "where"].iter().any(|word| is_word(&token, word))
                })
            }
            _ => false,
        }
    }

    fn column(&mut self) -> Result<Column> {
        let start = self.span.start;
        let expression = if self.eat_sign("*")? { self.make(Node::Star, start)? } else { self.expression()? };
        if self.eat_word("as")? {
            return Ok(Column { expression, name: self.name()?, named: true });
        }
        Ok(Column { name: expression.own_name(), expression, named: false })
    }

    /// `name.name` after AS.
    fn name(&mut self) -> Result<Vec<String>> {
        let mut name = Vec::new();
        loop {
            let part = match &self.token {
                Token::Word(word) if !(name.is_empty() && is_reserved(word)) => word.clone(),
                Token::Text { .. } => {
                    let error = self.error(self.span.clone(), "a name after AS is written without quotes");
                    return Err(error.suggest("write AS name"));
                }
                _ => return Err(self.unexpected("a name")),
            };
            self.advance()?;
            name.push(part);
            if !self.eat_sign(".")? {
                return Ok(name);
            }
        }
    }

    fn topic_filter(&mut self) -> Result<(Filter, Span)> {
        let span = self.span.clone();
        let text = match &self.token {
            Token::Text { text, single: true } => text.clone(),
            Token::Text { text, .. } => {
                let error = self.error(span, "FROM needs its topic filter in single quotes");
                return Err(error.suggest(format!("write FROM '{text}'")));
            }
            _ => {
                let error = self.unexpected("a topic filter in single quotes");
                return Err(error.suggest("write FROM 'device/+/data'"));
            }
        };
        let filter = Filter::parse(&text).map_err(|fault| self.error(span.clone(), fault.to_string()))?;
        if filter.share().is_some() {
            let error = self.error(span, "a rule has no shared subscription");
            return Err(error.suggest(format!("write FROM '{}'", filter.pattern())));
        }
        self.advance()?;
        Ok((filter, span))
    }

    fn condition(&mut self) -> Result<Option<Expression>> {
        if self.eat_word("where")? { self.expression().map(Some) } else { Ok(None) }
    }

    /// `SELECT … FROM expression [AS alias] [WHERE …]`
    pub(super) fn nested(&mut self) -> Result<Nested> {
        self.since(Version::V2016, "a nested SELECT", self.span.clone())?;
        let select = self.select()?;
        self.expect_word("FROM")?;
        if let Token::Text { text, .. } = &self.token {
            let error = self.error(self.span.clone(), "a nested SELECT reads from a key, not from a topic");
            return Err(error.suggest(format!("write FROM {text}")));
        }
        let source = self.source()?;
        let alias = if self.eat_word("as")? {
            match self.name()? {
                parts if parts.len() == 1 => parts.into_iter().next(),
                _ => return Err(self.error(self.span.clone(), "an alias of a nested SELECT has no dots")),
            }
        } else {
            None
        };
        let condition = self.condition()?;
        Ok(Nested { source, alias, query: Query { select, condition } })
    }

    /// What follows a statement that could have ended.
    fn leftover(&self, from: bool, condition: bool) -> crate::error::SqlError {
        let error = self.unexpected("the end of the statement");
        let Token::Word(word) = &self.token else { return error };
        let wanted = match (from, condition) {
            (false, false) => ["from", "where", "as"].as_slice(),
            (true, false) => &["where"],
            _ => &["and", "or"],
        };
        if let Some(near) = wanted.iter().find(|known| nearest::close(word, known)) {
            let said = near.to_uppercase();
            return match word.eq_ignore_ascii_case(near) {
                true => error,
                false => error.suggest(format!("did you mean {said}?")),
            };
        }
        match word.to_ascii_lowercase().as_str() {
            "from" => error.suggest("FROM comes once, before WHERE"),
            "group" | "order" | "having" | "limit" | "join" | "union" => {
                error.suggest(format!("AWS IoT SQL has no {}", word.to_uppercase()))
            }
            _ if !from => error.suggest(format!("write AS {word} to name the column, or a comma before it")),
            _ => error,
        }
    }
}
