//! A message's bytes in, the bytes of what an engine makes of it out. Each engine is used as its makers use it.

mod jaq;
mod thingstead;
mod vector;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::work::Work;

/// What one message came to.
#[derive(Debug, PartialEq)]
pub struct Made {
    pub json: Vec<u8>,
    /// The filled field of an action.
    pub field: Option<String>,
}

pub trait Engine {
    fn name(&self) -> &'static str;

    /// Fails when nothing is selected: every message here is to be.
    fn make(&mut self, message: &[u8]) -> Result<Made>;
}

/// The first is ours.
pub fn all(work: &Work) -> Result<Vec<Box<dyn Engine>>> {
    Ok(vec![
        Box::new(thingstead::Thingstead::new(work)?),
        Box::new(vector::Vector::handed_in(work)?),
        Box::new(vector::Vector::parsing(work)?),
        Box::new(jaq::Jaq::new(work)?),
    ])
}

/// Whether all engines make the same of these messages, so that none does less work.
pub fn agree(engines: &mut [Box<dyn Engine>], messages: &[Vec<u8>]) -> Result<()> {
    let Some((first, others)) = engines.split_first_mut() else { return Ok(()) };
    for message in messages {
        let expected = first.make(message)?;
        let value: Value = serde_json::from_slice(&expected.json)?;
        for other in others.iter_mut() {
            let made = other.make(message)?;
            if !alike(&value, &serde_json::from_slice(&made.json)?) || made.field != expected.field {
                let show = |made: &Made| format!("{} {:?}", String::from_utf8_lossy(&made.json), made.field);
                bail!(
                    "{} and {} differ on {}:\n  {}\n  {}",
                    first.name(),
                    other.name(),
                    String::from_utf8_lossy(message),
                    show(&expected),
                    show(&made)
                );
            }
        }
    }
    Ok(())
}

/// Equal JSON; 41 and 41.0 are one number, and so is what doubles round otherwise than decimals.
fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => (left - right).abs() <= 1e-12 * left.abs().max(right.abs()),
            _ => left == right,
        },
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| alike(left, right)))
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages;
    use crate::work::WORKS;

    #[test]
    fn every_engine_makes_the_same_of_every_message() {
        for work in &WORKS {
            let messages = if work.spaced { messages::spaced() } else { messages::compact() };
            agree(&mut all(work).unwrap(), &messages).unwrap();
        }
    }

    #[test]
    fn json_is_alike_by_value_only() {
        let check = |left: &str, right: &str, expected| {
            let read = |json| serde_json::from_str::<Value>(json).unwrap();
            assert_eq!(alike(&read(left), &read(right)), expected, "{left} {right}");
        };
        check("41", "41.0", true);
        check("74.498", "74.49799999999999", true);
        check("74.498", "74.4979", false);
        check(r#"{"a":[1,null],"b":"x"}"#, r#"{"b":"x","a":[1.0,null]}"#, true);
        check(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false);
        check(r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false);
        check("[1,2]", "[2,1]", false);
        check("[1]", "[1,2]", false);
        check("1", "\"1\"", false);
    }
}
