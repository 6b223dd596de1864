//! A program of the Vector Remap Language over a message, by the crate `vrl`.

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::to_writer;
use vrl::compiler::runtime::Runtime;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Program, TargetValue, TimeZone, compile};
use vrl::value::{ObjectMap, Secrets, Value};

use super::{Engine, Made};
use crate::work::{Vrl, Work};

pub struct Vector {
    name: &'static str,
    program: Program,
    runtime: Runtime,
    /// The message is handed in as text, which the program parses.
    parses: bool,
    untouched: bool,
}

impl Vector {
    /// The event is read from JSON by serde_json before the program runs, as Vector's decoders do.
    pub fn handed_in(work: &Work) -> Result<Vector> {
        Vector::new("vrl", work, false)
    }

    /// The program reads the JSON, as many of Vector's users write it.
    pub fn parsing(work: &Work) -> Result<Vector> {
        Vector::new("vrl, parse_json!", work, true)
    }

    fn new(name: &'static str, work: &Work, parses: bool) -> Result<Vector> {
        let (body, untouched) = match work.vrl {
            Vrl::Untouched => ("null", true),
            Vrl::Result(body) => (body, false),
        };
        let parse = if parses { ". = parse_json!(string!(.message))\n" } else { "" };
        let source = format!("{parse}{body}");
        let program = compile(&source, &vrl::stdlib::all())
            .map_err(|errors| anyhow!("{}", vrl::diagnostic::Formatter::new(&source, errors)))?;
        let runtime = Runtime::new(RuntimeState::default());
        Ok(Vector { name, program: program.program, runtime, parses, untouched })
    }
}

impl Engine for Vector {
    fn name(&self) -> &'static str {
        self.name
    }

    fn make(&mut self, message: &[u8]) -> Result<Made> {
        let value = match self.parses {
            true => {
                let text = Value::from(std::str::from_utf8(message)?);
                Value::Object(ObjectMap::from([("message".into(), text)]))
            }
            false => serde_json::from_slice(message)?,
        };
        let metadata = Value::Object(ObjectMap::new());
        let mut target = TargetValue { value, metadata, secrets: Secrets::default() };
        let result = self.runtime.resolve(&mut target, &self.program, &TimeZone::default());
        self.runtime.clear();
        let result = result.map_err(|end| anyhow!("{end}")).context("the program")?;
        let mut json = Vec::with_capacity(message.len());
        if self.untouched {
            to_writer(&mut json, &target.value)?;
            return Ok(Made { json, field: None });
        }
        match &result {
            Value::Array(pair) => {
                let [result, field] = pair.as_slice() else { bail!("the program came to {pair:?}") };
                to_writer(&mut json, result)?;
                let field = field.to_str_lossy().context("the field is no text")?.into_owned();
                Ok(Made { json, field: Some(field) })
            }
            Value::Null => bail!("the program selected nothing"),
            result => {
                to_writer(&mut json, result)?;
                Ok(Made { json, field: None })
            }
        }
    }
}
