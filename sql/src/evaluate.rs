//! An expression and a message in, its value or why there is none out; it chooses no result of a statement.

mod nested;
mod operand;
mod operators;

use std::rc::Rc;

use crate::call::{Stop, Surroundings};
use crate::convert;
use crate::error::Span;
use crate::function::Form;
use crate::input::Input;
use crate::json::{Document, Shape};
use crate::limits::{BYTES_PER_STEP, COMPILED_BYTES_PER_STEP, STEPS};
use crate::syntax::{Call, Case, Expression, Node, Operator};
use crate::value::{Object, Value};
use crate::version::Version;

pub(crate) use nested::{Scope, row_of};
pub(crate) use operand::{Operand, weight};

/// One rule's look at one message. Its statement and all its templates share what has been read and set.
#[derive(Debug)]
pub struct Evaluation<'a> {
    input: &'a Input<'a>,
    version: Version,
    /// Where the next random value comes from.
    chance: u64,
    remarks: Vec<String>,
    document: Held<'a>,
    variables: Vec<(String, Rc<Value>)>,
    /// What is left of [`STEPS`].
    steps: u64,
    /// Where the branches of CASE stand that were taken, if anybody wants to know.
    taken: Option<Vec<Span>>,
}

#[derive(Debug)]
enum Held<'a> {
    Own(Document<'a>),
    Shared(&'a Document<'a>),
}

impl<'a> Evaluation<'a> {
    pub fn new(input: &'a Input<'a>) -> Evaluation<'a> {
        Evaluation::with(input, Held::Own(Document::of(input.payload)))
    }

    /// The document is the input's payload, which other rules read too.
    pub fn over(input: &'a Input<'a>, document: &'a Document<'a>) -> Evaluation<'a> {
        Evaluation::with(input, Held::Shared(document))
    }

    fn with(input: &'a Input<'a>, document: Held<'a>) -> Evaluation<'a> {
        Evaluation {
            input,
            version: Version::default(),
            chance: input.seed,
            remarks: Vec::new(),
            document,
            variables: Vec::new(),
            steps: STEPS,
            taken: None,
        }
    }

    /// The value of a variable that the statement has set.
    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// What somebody who tries a rule has to be told about the values it came to.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// From here on the branches of CASE that are taken are noted.
    pub(crate) fn note_branches(&mut self) {
        self.taken = Some(Vec::new());
    }

    pub(crate) fn taken(&mut self) -> Vec<Span> {
        self.taken.take().unwrap_or_default()
    }

    fn take_branch(&mut self, then: &Expression) {
        if let Some(taken) = self.taken.as_mut().filter(|taken| !taken.contains(&then.span)) {
            taken.push(then.span.clone());
        }
    }

    pub(crate) fn document(&self) -> &Document<'a> {
        match &self.document {
            Held::Own(document) => document,
            Held::Shared(document) => document,
        }
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Before a statement or a template: each has all the steps.
    pub(crate) fn begin(&mut self, version: Version) {
        self.version = version;
        self.steps = STEPS;
    }

    pub(crate) fn forget_variables(&mut self) {
        self.variables.clear();
    }

    pub(crate) fn set_variable(&mut self, name: &str, value: Value) {
        self.variables.push((name.to_owned(), Rc::new(value)));
    }

    /// What kind of text the payload is.
    pub(crate) fn shape(&self) -> Result<Shape, Stop> {
        match self.document().shape() {
            Shape::TooDeep => Err(Stop::Limit(
                "the payload nests objects and arrays more than 128 deep; publish a flatter one",
            )),
            shape => Ok(shape),
        }
    }

    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Stop> {
        let cost = 1 + (bytes / BYTES_PER_STEP) as u64;
        match self.steps.checked_sub(cost) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Stop::Limit(
                "the statement takes more than 1000000 steps on this message; select less, or send less",
            )),
        }
    }

    pub(crate) fn value(&mut self, expression: &Expression, scope: &Scope<'_>) -> Result<Value, Stop> {
        let operand = self.operand(expression, scope)?;
        self.own(operand)
    }

    pub(crate) fn operand<'v>(
        &mut self,
        expression: &'v Expression,
        scope: &Scope<'v>,
    ) -> Result<Operand<'v>, Stop>
    where
        'a: 'v,
    {
        self.charge(0)?;
        match &expression.node {
            Node::Literal(value) => Ok(Operand::Ref(value)),
            Node::Star => self.star(scope),
            Node::Key(key) => self.key(key, scope),
            Node::Member(inner, key) => {
                let inner = self.operand(inner, scope)?;
                self.member(inner, key)
            }
            Node::Variable(name) => {
                let found = self.variables.iter().find(|(known, _)| known == name);
                Ok(found.map_or(Operand::UNDEFINED, |(_, value)| Operand::Shared(Rc::clone(value))))
            }
            Node::Binary(operator, left, right) => self.binary(*operator, left, right, scope),
            Node::And(parts) => self.logic(parts, true, scope),
            Node::Or(parts) => self.logic(parts, false, scope),
            Node::Not(inner) => {
                let inner = self.operand(inner, scope)?;
                let version = self.version();
                Ok(operators::maybe(inner.boolean(version).map(|found| !found)))
            }
            Node::Exists(nested) => self.exists(nested, scope),
            _ => self.made(expression, scope).map(Operand::Own),
        }
    }

    /// What comes to a new value.
    fn made(&mut self, expression: &Expression, scope: &Scope<'_>) -> Result<Value, Stop> {
        match &expression.node {
            Node::Negate(inner) => {
                let inner = self.value(inner, scope)?;
                Ok(operators::negate(&inner, self.version()))
            }
            Node::Array(elements) => elements
                .iter()
                .map(|element| self.value(element, scope))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Node::Object(members) => {
                let mut object = Object::default();
                for (name, member) in members {
                    object.set(name, self.value(member, scope)?);
                }
                Ok(Value::Object(object))
            }
            Node::Case(case) => self.case(case, scope),
            Node::Nested(nested) => self.nested(nested, scope),
            Node::Call(call) => self.call(call, scope),
            _ => self.value(expression, scope),
        }
    }

    fn binary<'v>(
        &mut self,
        operator: Operator,
        left: &'v Expression,
        right: &'v Expression,
        scope: &Scope<'v>,
    ) -> Result<Operand<'v>, Stop>
    where
        'a: 'v,
    {
        let left = self.operand(left, scope)?;
        let right = self.operand(right, scope)?;
        if let Some(equal) = operators::equal_texts(operator, &left, &right) {
            return Ok(Operand::Own(Value::Bool(equal)));
        }
        let (left, right) = (self.borrow(left)?, self.borrow(right)?);
        let value = operators::apply(operator, &left, &right, self.version());
        if let Value::String(text) = &value {
            self.charge(text.len())?;
        }
        Ok(Operand::Own(value))
    }

    /// AND and OR: every part is asked, and one that is no Boolean makes the whole Undefined.
    fn logic<'v>(
        &mut self,
        parts: &'v [Expression],
        all: bool,
        scope: &Scope<'v>,
    ) -> Result<Operand<'v>, Stop>
    where
        'a: 'v,
    {
        let mut result = Some(all);
        for part in parts {
            let part = self.operand(part, scope)?;
            let part = part.boolean(self.version());
            result = result.zip(part).map(|(sofar, part)| if all { sofar && part } else { sofar || part });
        }
        Ok(operators::maybe(result))
    }

    fn case(&mut self, case: &Case, scope: &Scope<'_>) -> Result<Value, Stop> {
        let subject = self.value(&case.subject, scope)?;
        if subject == Value::Undefined {
            return Ok(Value::Undefined);
        }
        for (when, then) in &case.branches {
            let when = self.value(when, scope)?;
            if convert::equal(&subject, &when) == Some(true) {
                self.take_branch(then);
                return self.value(then, scope);
            }
        }
        let Some(otherwise) = &case.otherwise else { return Ok(Value::Undefined) };
        self.take_branch(otherwise);
        self.value(otherwise, scope)
    }

    fn call(&mut self, call: &Call, scope: &Scope<'_>) -> Result<Value, Stop> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let catches = call.function.form == Form::Catching && arguments.is_empty();
            arguments.push(match self.value(argument, scope) {
                Err(Stop::Failed(_)) if catches => Value::Undefined,
                value => value?,
            });
        }
        let whole = call.arguments.first().is_some_and(|first| first.node == Node::Star);
        let mut surroundings = Surroundings {
            input: self.input,
            version: self.version,
            chance: self.chance,
            whole,
            prepared: call.prepared.as_ref(),
            compiled: 0,
            remarks: std::mem::take(&mut self.remarks),
        };
        let called = call.function.call(&arguments, &mut surroundings);
        self.chance = surroundings.chance;
        self.remarks = surroundings.remarks;
        let compiled = surroundings.compiled / COMPILED_BYTES_PER_STEP * BYTES_PER_STEP;
        let value = called?;
        self.charge(weight(&value).saturating_add(compiled))?;
        Ok(value)
    }
}
