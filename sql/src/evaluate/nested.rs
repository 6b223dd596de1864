//! Where keys are looked up, and the rows of a nested SELECT.

use super::{Evaluation, Operand, operators};
use crate::call::Stop;
use crate::json::{self, Raw};
use crate::syntax::{Column, Nested, Query, Select};
use crate::value::{Object, Value};

/// The payload, or an element that a nested SELECT has come to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'v> {
    Payload,
    Element { element: Place<'v>, alias: Option<&'v str>, outer: &'v Scope<'v> },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'v> {
    Raw(Raw<'v>),
    Value(&'v Value),
}

impl<'v> From<Place<'v>> for Operand<'v> {
    fn from(place: Place<'v>) -> Operand<'v> {
        match place {
            Place::Raw(raw) => Operand::Raw(raw),
            Place::Value(value) => Operand::Ref(value),
        }
    }
}

impl<'v> Scope<'v> {
    /// The element that goes by this alias here.
    fn alias(&self, name: &str) -> Option<Place<'v>> {
        let mut scope = self;
        while let Scope::Element { element, alias, outer } = scope {
            if *alias == Some(name) {
                return Some(*element);
            }
            scope = outer;
        }
        None
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn star<'v>(&mut self, scope: &Scope<'v>) -> Result<Operand<'v>, Stop>
    where
        'a: 'v,
    {
        if let Scope::Element { element, .. } = scope {
            return Ok((*element).into());
        }
        self.shape()?;
        Ok(self.document().whole().map_or(Operand::UNDEFINED, Operand::Raw))
    }

    /// A key of the payload, an alias, or a key of the element: no key of what lies outside of it.
    pub(super) fn key<'v>(&mut self, key: &str, scope: &Scope<'v>) -> Result<Operand<'v>, Stop>
    where
        'a: 'v,
    {
        match scope {
            Scope::Payload => {
                self.shape()?;
                Ok(self.document().member(key).map_or(Operand::UNDEFINED, Operand::Raw))
            }
            Scope::Element { element, .. } => match scope.alias(key) {
                Some(element) => Ok(element.into()),
                None => self.member((*element).into(), key),
            },
        }
    }

    pub(super) fn exists<'v>(&mut self, nested: &Nested, scope: &Scope<'_>) -> Result<Operand<'v>, Stop> {
        let mut found = false;
        self.each(nested, scope, |evaluation, row| {
            found = evaluation.passes(&nested.query, row)?;
            Ok(!found)
        })?;
        Ok(operators::maybe(Some(found)))
    }

    pub(super) fn nested(&mut self, nested: &Nested, scope: &Scope<'_>) -> Result<Value, Stop> {
        let mut rows = Vec::new();
        self.each(nested, scope, |evaluation, row| {
            if evaluation.passes(&nested.query, row)? {
                let row = match &nested.query.select {
                    Select::Value(value) => evaluation.value(value, row)?,
                    Select::Columns(columns) => evaluation.row(columns, row)?,
                };
                rows.push(row);
            }
            Ok(true)
        })?;
        // What is not there leaves no gap.
        rows.retain(|row| *row != Value::Undefined);
        Ok(Value::Array(rows))
    }

    /// Goes over the elements of the source, an object being the only one, until told to stop.
    fn each(
        &mut self,
        nested: &Nested,
        outer: &Scope<'_>,
        mut visit: impl FnMut(&mut Self, &Scope<'_>) -> Result<bool, Stop>,
    ) -> Result<(), Stop> {
        let source = self.operand(&nested.source, outer)?;
        let alias = nested.alias.as_deref();
        let mut enter = |evaluation: &mut Self, element: Place<'_>| {
            let weight = if let Place::Raw(raw) = element { raw.text.len() } else { 0 };
            evaluation.charge(weight)?;
            visit(evaluation, &Scope::Element { element, alias, outer })
        };
        if let Operand::Raw(raw) = source {
            if raw.is_object() {
                enter(self, Place::Raw(raw))?;
            }
            for element in json::elements(raw) {
                if !enter(self, Place::Raw(element))? {
                    break;
                }
            }
            return Ok(());
        }
        match source.known() {
            Some(Value::Array(elements)) => {
                for element in elements {
                    if !enter(self, Place::Value(element))? {
                        break;
                    }
                }
            }
            Some(object @ Value::Object(_)) => drop(enter(self, Place::Value(object))?),
            _ => {}
        }
        Ok(())
    }

    fn passes(&mut self, query: &Query, scope: &Scope<'_>) -> Result<bool, Stop> {
        let Some(condition) = &query.condition else { return Ok(true) };
        Ok(self.operand(condition, scope)?.boolean(self.version()) == Some(true))
    }

    /// The columns as one value: an object, or for a lone `*` whatever it stands for.
    pub(crate) fn row(&mut self, columns: &[Column], scope: &Scope<'_>) -> Result<Value, Stop> {
        if let [Column { expression, name, .. }] = columns
            && name.is_empty()
        {
            return self.value(expression, scope);
        }
        let mut values = Vec::with_capacity(columns.len());
        for column in columns {
            values.push(self.value(&column.expression, scope)?);
        }
        Ok(row_of(columns, values))
    }
}

/// The object that columns with these values make.
pub(crate) fn row_of(columns: &[Column], values: Vec<Value>) -> Value {
    let mut row = Object::default();
    for (column, value) in columns.iter().zip(values) {
        if !column.name.is_empty() {
            put(&mut row, &column.name, value);
        } else if let Value::Object(all) = value {
            all.into_iter().for_each(|(name, value)| row.set(name, value));
        }
    }
    Value::Object(row)
}

/// Sets `a.b`, making the objects on the way.
fn put(object: &mut Object, name: &[String], value: Value) {
    match name {
        [] => {}
        [last] => object.set(last, value),
        [first, rest @ ..] => {
            if !matches!(object.get(first), Some(Value::Object(_))) {
                if value == Value::Undefined {
                    return;
                }
                object.set(first, Value::Object(Object::default()));
            }
            if let Some(Value::Object(inner)) = object.get_mut(first) {
                put(inner, rest, value);
            }
        }
    }
}
