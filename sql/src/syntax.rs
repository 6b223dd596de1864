//! A statement as a tree: what was written, with where it was written. It is printed, walked and evaluated elsewhere.

mod print;

pub(crate) use print::{condition, quoted};

use crate::error::Span;
use crate::function::Function;
use crate::functions::Pattern;
use crate::value::Value;

/// `SET … SELECT … FROM … WHERE …`, or the inside of a nested one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) select: Select,
    pub(crate) condition: Option<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Select {
    /// `SELECT VALUE expression`
    Value(Expression),
    Columns(Vec<Column>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) expression: Expression,
    /// Where its value stands in the result; empty for a bare `*`.
    pub(crate) name: Vec<String>,
    /// Whether the name was written with AS.
    pub(crate) named: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) node: Node,
    pub(crate) span: Span,
    /// How many expressions lie within each other here, this one counted.
    pub(crate) height: u16,
}

/// Where it stands does not count.
impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.node == other.node
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Literal(Value),
    /// `*`: the whole payload, or the whole element within a nested SELECT.
    Star,
    /// A key of the payload, or of the element within a nested SELECT.
    Key(String),
    /// `@name`
    Variable(String),
    /// `expression.key`
    Member(Box<Expression>, String),
    Array(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    /// Chains are flat, so that a long one is not deep.
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Case(Box<Case>),
    Exists(Box<Nested>),
    Nested(Box<Nested>),
    Call(Call),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::Unequal => "<>",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "IN",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }

    /// Higher binds more tightly. OR, AND and NOT come below all of these.
    pub(crate) fn binding(self) -> u8 {
        match self {
            Operator::Add | Operator::Subtract => 5,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 6,
            _ => 4,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    pub(crate) subject: Expression,
    pub(crate) branches: Vec<(Expression, Expression)>,
    pub(crate) otherwise: Option<Expression>,
}

/// `(SELECT … FROM expression [AS alias] [WHERE …])`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nested {
    pub(crate) source: Expression,
    pub(crate) alias: Option<String>,
    pub(crate) query: Query,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    /// The type of a cast is a literal.
    pub(crate) arguments: Vec<Expression>,
    /// What the function has made of its literal arguments.
    pub(crate) prepared: Option<Pattern>,
}

impl Call {
    pub(crate) fn new(function: &'static Function, arguments: Vec<Expression>) -> Call {
        let literal = |argument: &Expression| match &argument.node {
            Node::Literal(value) => Some(value.clone()),
            _ => None,
        };
        let literals: Vec<Option<Value>> = arguments.iter().map(literal).collect();
        Call { function, prepared: function.prepare(&literals), arguments }
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Call) -> bool {
        self.function.name == other.function.name && self.arguments == other.arguments
    }
}

impl Expression {
    /// The keys of a path, outermost first; None if this is no path.
    pub(crate) fn path(&self) -> Option<Vec<&str>> {
        match &self.node {
            Node::Key(key) => Some(vec![key]),
            Node::Member(inner, key) => {
                let mut path = inner.path()?;
                path.push(key);
                Some(path)
            }
            _ => None,
        }
    }

    /// The expressions directly within this one, those of a nested SELECT too.
    pub(crate) fn parts(&self) -> Vec<&Expression> {
        match &self.node {
            Node::Literal(_) | Node::Star | Node::Key(_) | Node::Variable(_) => Vec::new(),
            Node::Member(inner, _) | Node::Not(inner) | Node::Negate(inner) => vec![inner],
            Node::Array(parts) | Node::And(parts) | Node::Or(parts) => parts.iter().collect(),
            Node::Object(members) => members.iter().map(|(_, value)| value).collect(),
            Node::Binary(_, left, right) => vec![left, right],
            Node::Case(case) => {
                let branches = case.branches.iter().flat_map(|(when, then)| [when, then]);
                std::iter::once(&case.subject).chain(branches).chain(&case.otherwise).collect()
            }
            Node::Exists(nested) | Node::Nested(nested) => {
                std::iter::once(&nested.source).chain(nested.query.parts()).collect()
            }
            Node::Call(call) => call.arguments.iter().collect(),
        }
    }
}

impl Query {
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Expression> {
        let columns = match &self.select {
            Select::Value(value) => vec![value],
            Select::Columns(columns) => columns.iter().map(|column| &column.expression).collect(),
        };
        columns.into_iter().chain(&self.condition)
    }
}
