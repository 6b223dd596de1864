//! A statement of AWS IoT SQL and a template over a message, by the crate `sql`.

use anyhow::{Result, anyhow, bail};
use sql::{Document, Evaluation, Input, Outcome, Statement, Template, Version};

use super::{Engine, Made};
use crate::work::Work;

pub struct Thingstead {
    statement: Statement,
    template: Option<Template>,
}

impl Thingstead {
    pub fn new(work: &Work) -> Result<Thingstead> {
        let template = work.template.map(|text| Template::parse(text, Version::V2016));
        let template = template.transpose().map_err(|error| anyhow!("{}", error.render()))?;
        let statement = Statement::parse(work.statement, Version::V2016);
        let statement = statement.map_err(|error| anyhow!("{}", error.render()))?;
        Ok(Thingstead { statement, template })
    }
}

impl Engine for Thingstead {
    fn name(&self) -> &'static str {
        "thingstead"
    }

    fn make(&mut self, message: &[u8]) -> Result<Made> {
        let input = input(message);
        let document = Document::of(message);
        let mut evaluation = Evaluation::over(&input, &document);
        let json = match self.statement.run(&mut evaluation) {
            Ok(Outcome::Selected(json)) => json,
            Ok(Outcome::Skipped(met)) => bail!("WHERE came to {met:?}"),
            Err(stop) => bail!("the statement: {stop:?}"),
        };
        let field = self.template.as_ref().map(|template| template.render(&mut evaluation));
        let field = field.transpose().map_err(|stop| anyhow!("the template: {stop:?}"))?;
        Ok(Made { json, field })
    }
}

fn input(payload: &[u8]) -> Input<'_> {
    Input {
        client_id: Some("pump-1"),
        account: "123456789012",
        now_ms: 1_700_000_000_000,
        seed: 7,
        ..Input::new(payload, "device/pump-1/data")
    }
}
