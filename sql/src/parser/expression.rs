//! Operators by how tightly they bind: OR, AND, NOT, comparisons, sums, products, signs.

use super::{Parser, Result};
use crate::error::SqlError;
use crate::lexer::Token;
use crate::syntax::{Expression, Node, Operator};

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.nest(|parser| parser.disjunction())
    }

    fn disjunction(&mut self) -> Result<Expression> {
        self.chain("or", Node::Or, |parser| parser.chain("and", Node::And, Self::negation))
    }

    fn chain(
        &mut self,
        word: &str,
        node: fn(Vec<Expression>) -> Node,
        part: impl Fn(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        let start = self.span.start;
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat_word(word)? {
            parts.push(part(self)?);
        }
        self.make(node(parts), start)
    }

    fn negation(&mut self) -> Result<Expression> {
        let start = self.span.start;
        if !self.eat_word("not")? {
            return self.binary(Operator::Equal.binding());
        }
        let inner = self.nest(Self::negation)?;
        self.make(Node::Not(Box::new(inner)), start)
    }

    fn binary(&mut self, least: u8) -> Result<Expression> {
        let start = self.span.start;
        let mut left = self.signed()?;
        loop {
            let Some(operator) = self.operator()? else { return Ok(left) };
            if operator.binding() < least {
                return Ok(left);
            }
            self.advance()?;
            let right = self.nest(|parser| parser.binary(operator.binding() + 1))?;
            left = self.make(Node::Binary(operator, Box::new(left), Box::new(right)), start)?;
        }
    }

    fn operator(&self) -> Result<Option<Operator>> {
        Ok(Some(match &self.token {
            Token::Sign("=") => Operator::Equal,
            Token::Sign("<>") => Operator::Unequal,
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessOrEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterOrEqual,
            Token::Sign("+") => Operator::Add,
            Token::Sign("-") => Operator::Subtract,
            Token::Sign("*") => Operator::Multiply,
            Token::Sign("/") => Operator::Divide,
            Token::Sign("%") => Operator::Remainder,
            Token::Word(word) if word.eq_ignore_ascii_case("in") => Operator::In,
            Token::Word(word) => match self.foreign(word) {
                Some(error) => return Err(error),
                None => return Ok(None),
            },
            _ => return Ok(None),
        }))
    }

    /// What other dialects of SQL have in the place of an operator.
    fn foreign(&self, word: &str) -> Option<SqlError> {
        let fix = match word.to_ascii_lowercase().as_str() {
            "is" => "write isNull(x), NOT isNull(x), isUndefined(x) or NOT isUndefined(x)",
            "like" | "rlike" => "write regexp_matches(x, 'pattern'), startswith(x, 'a') or endswith(x, 'z')",
            "between" => "write x >= low AND x <= high",
            "not" => "write NOT before the whole comparison: NOT x IN [1, 2]",
            "div" => "write /",
            "mod" => "write % or mod(a, b)",
            _ => return None,
        };
        let message = format!("AWS IoT SQL has no operator {}", word.to_uppercase());
        Some(self.error(self.span.clone(), message).suggest(fix))
    }

    fn signed(&mut self) -> Result<Expression> {
        let start = self.span.start;
        if self.eat_sign("-")? {
            if let Token::Number(digits) = &self.token {
                let literal = format!("-{digits}");
                let number = self.number(&literal)?;
                return self.members(number, start);
            }
            let inner = self.nest(Self::signed)?;
            return self.make(Node::Negate(Box::new(inner)), start);
        }
        let primary = self.primary()?;
        self.members(primary, start)
    }

    /// What a nested SELECT reads from: anything without an operator around it.
    pub(super) fn source(&mut self) -> Result<Expression> {
        let start = self.span.start;
        let primary = self.nest(Self::primary)?;
        self.members(primary, start)
    }

    /// `.key.key` after an expression.
    fn members(&mut self, mut expression: Expression, start: usize) -> Result<Expression> {
        loop {
            if self.is_sign("[") {
                let error = self.error(self.span.clone(), "an element is not read with brackets");
                return Err(error.suggest("write get(array, 0)"));
            }
            if !self.eat_sign(".")? {
                return Ok(expression);
            }
            let Token::Word(key) = &self.token else {
                return Err(self.unexpected("a key").suggest("write get(object, 'key') for an unusual key"));
            };
            let key = key.clone();
            self.advance()?;
            expression = self.make(Node::Member(Box::new(expression), key), start)?;
        }
    }
}
