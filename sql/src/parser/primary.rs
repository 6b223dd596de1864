//! What operators stand between: literals, paths, variables, calls, CASE, nested SELECT.

use super::{Parser, Result, is_reserved};
use crate::convert::Target;
use crate::error::Span;
use crate::function::{Form, Function};
use crate::json;
use crate::lexer::Token;
use crate::patterns::Patterns;
use crate::syntax::{Call, Case, Expression, Node};
use crate::value::Value;
use crate::version::Version;

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expression> {
        let start = self.span.start;
        match &self.token {
            Token::Number(digits) => {
                let digits = digits.clone();
                self.number(&digits)
            }
            Token::Text { text, .. } => {
                let literal = Node::Literal(Value::String(text.clone()));
                self.advance()?;
                self.make(literal, start)
            }
            Token::Variable(name) => {
                let name = name.clone();
                self.variable(name)
            }
            Token::Sign("(") => self.parentheses(),
            Token::Sign("[") => self.array(),
            Token::Sign("{") => self.object(),
            Token::Sign("*") => Err(self
                .unexpected("an expression")
                .suggest("* stands alone in SELECT, or as the first argument of encode() or decode()")),
            Token::Word(word) => {
                let word = word.clone();
                self.word(&word)
            }
            _ => Err(self.unexpected("an expression")),
        }
    }

    pub(super) fn number(&mut self, text: &str) -> Result<Expression> {
        let start = self.span.start - usize::from(text.starts_with('-'));
        let Some(value) = json::number(text, self.version) else {
            return Err(self.error(self.span.clone(), "the number is out of range: 1E-999 to 9.99E999"));
        };
        self.advance()?;
        self.make(Node::Literal(value), start)
    }

    fn variable(&mut self, name: String) -> Result<Expression> {
        let start = self.span.start;
        if let Some(known) = self.variables.as_ref().filter(|known| !known.contains(&name)) {
            let error = self.error(self.span.clone(), format!("the variable @{name} is not set before this"));
            let near = known.iter().find(|known| super::nearest::close(&name, known));
            return Err(match near {
                Some(near) => error.suggest(format!("did you mean @{near}?")),
                None => error.suggest(format!("begin the statement with SET @{name} = …")),
            });
        }
        self.advance()?;
        self.make(Node::Variable(name), start)
    }

    fn parentheses(&mut self) -> Result<Expression> {
        let start = self.span.start;
        self.advance()?;
        if self.is_word("select") {
            let nested = self.nest(Self::nested)?;
            self.expect_sign(")")?;
            return self.make(Node::Nested(Box::new(nested)), start);
        }
        let inner = self.expression()?;
        self.expect_sign(")")?;
        Ok(inner)
    }

    fn array(&mut self) -> Result<Expression> {
        let start = self.span.start;
        self.since(Version::V2016, "an array literal", self.span.clone())?;
        self.advance()?;
        let mut elements = Vec::new();
        while !self.eat_sign("]")? {
            if !elements.is_empty() {
                self.expect_sign(",")?;
            }
            elements.push(self.expression()?);
        }
        self.make(Node::Array(elements), start)
    }

    fn object(&mut self) -> Result<Expression> {
        let start = self.span.start;
        self.since(Version::V2016, "an object literal", self.span.clone())?;
        self.advance()?;
        let mut members: Vec<(String, Expression)> = Vec::new();
        while !self.eat_sign("}")? {
            if !members.is_empty() {
                self.expect_sign(",")?;
            }
            let Token::Text { text: name, .. } = &self.token else {
                return Err(self.unexpected("a key in quotes").suggest("write {'key': expression}"));
            };
            let name = name.clone();
            self.advance()?;
            self.expect_sign(":")?;
            members.push((name, self.expression()?));
        }
        self.make(Node::Object(members), start)
    }

    fn word(&mut self, word: &str) -> Result<Expression> {
        let (start, span) = (self.span.start, self.span.clone());
        let called = self.second() == Some(Token::Sign("("));
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "true" | "false" => {
                self.advance()?;
                self.make(Node::Literal(Value::Bool(lower == "true")), start)
            }
            "null" => {
                self.advance()?;
                self.make(Node::Literal(Value::Null), start)
            }
            "case" => self.case(),
            "exists" if called => self.exists(),
            "not" => {
                Err(self.unexpected("an expression").suggest("put NOT and what it denies in parentheses"))
            }
            "select" => Err(self.unexpected("an expression").suggest("put a nested SELECT in parentheses")),
            _ if called => {
                self.advance()?;
                self.call(word, span)
            }
            _ if is_reserved(word) => Err(self.unexpected("an expression")),
            _ => {
                self.advance()?;
                self.make(Node::Key(word.to_owned()), start)
            }
        }
    }

    fn case(&mut self) -> Result<Expression> {
        let start = self.span.start;
        self.advance()?;
        if self.is_word("when") {
            let error =
                self.error(self.span.clone(), "CASE needs the value that its WHENs are compared with");
            return Err(error.suggest(
                "write CASE x WHEN 1 THEN 'a' END; for conditions, CASE true WHEN x > 1 THEN 'a' END",
            ));
        }
        let subject = self.expression()?;
        let mut branches = Vec::new();
        self.expect_word("WHEN")?;
        loop {
            let when = self.expression()?;
            self.expect_word("THEN")?;
            branches.push((when, self.expression()?));
            if !self.eat_word("when")? {
                break;
            }
        }
        let otherwise = if self.eat_word("else")? { Some(self.expression()?) } else { None };
        self.expect_word("END")?;
        self.make(Node::Case(Box::new(Case { subject, branches, otherwise })), start)
    }

    fn exists(&mut self) -> Result<Expression> {
        let start = self.span.start;
        self.advance()?;
        self.expect_sign("(")?;
        if !self.is_word("select") {
            return Err(self.unexpected("SELECT"));
        }
        let nested = self.nest(Self::nested)?;
        self.expect_sign(")")?;
        self.make(Node::Exists(Box::new(nested)), start)
    }

    /// Behind the name of a function.
    fn call(&mut self, name: &str, span: Span) -> Result<Expression> {
        let start = span.start;
        let Some(function) = Function::find(name) else {
            let error = self.error(span, format!("there is no function {name}"));
            return Err(match Function::near(name) {
                Some(near) => error.suggest(format!("did you mean {near}?")),
                None => error,
            });
        };
        self.since(function.since, &format!("{}()", function.name), span)?;
        let arguments = match function.form {
            Form::Cast => self.cast()?,
            Form::Plain | Form::Catching => self.arguments()?,
        };
        let call = Call::new(function, arguments);
        if let Some(pattern) = &call.prepared {
            let all = self.patterns.with(Patterns::of(pattern.bytes));
            self.patterns = all.map_err(|reason| self.error(start..self.end, reason))?;
        }
        self.make(Node::Call(call), start)
    }

    fn arguments(&mut self) -> Result<Vec<Expression>> {
        self.expect_sign("(")?;
        let mut arguments = Vec::new();
        while !self.eat_sign(")")? {
            if !arguments.is_empty() {
                self.expect_sign(",")?;
            }
            let start = self.span.start;
            let whole = arguments.is_empty() && self.is_sign("*");
            if whole && matches!(self.second(), Some(Token::Sign("," | ")"))) {
                self.advance()?;
                arguments.push(self.make(Node::Star, start)?);
            } else {
                arguments.push(self.expression()?);
            }
        }
        Ok(arguments)
    }

    /// `(expression as Type)`
    fn cast(&mut self) -> Result<Vec<Expression>> {
        self.expect_sign("(")?;
        let inner = self.expression()?;
        if !self.eat_word("as")? {
            return Err(self.unexpected("AS").suggest("write cast(x as Int)"));
        }
        let start = self.span.start;
        let found = match &self.token {
            Token::Word(name) => Target::parse(name).zip(Some(name.to_ascii_lowercase())),
            _ => None,
        };
        let Some((target, name)) = found else {
            let error = self.unexpected("a type");
            return Err(error.suggest("write String, Int, Double, Decimal or Boolean"));
        };
        self.since(target.since(), "cast() to this type", self.span.clone())?;
        self.advance()?;
        let target = self.make(Node::Literal(Value::String(name)), start)?;
        self.expect_sign(")")?;
        Ok(vec![inner, target])
    }
}
