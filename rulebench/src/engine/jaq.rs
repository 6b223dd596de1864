//! A jq filter over a message, by jaq's crates.

use anyhow::{Context as _, Result, anyhow, bail};
use jaq_core::compile::Filter;
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Native, Vars, unwrap_valr};
use jaq_json::write::Pp;
use jaq_json::{Val, read};

use super::{Engine, Made};
use crate::work::Work;

pub struct Jaq {
    filter: Filter<Native<JustLut<Val>>>,
    compact: Pp,
    /// The filter's second value is the filled field.
    fills: bool,
}

impl Jaq {
    pub fn new(work: &Work) -> Result<Jaq> {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let loaded = Loader::new(definitions).load(&arena, File { code: work.jaq, path: () });
        let modules = loaded.map_err(|errors| anyhow!("{errors:?}"))?;
        let compiled = jaq_core::Compiler::default().with_funs(functions).compile(modules);
        let filter = compiled.map_err(|errors| anyhow!("{errors:?}"))?;
        Ok(Jaq { filter, compact: Pp::default(), fills: work.template.is_some() })
    }
}

impl Engine for Jaq {
    fn name(&self) -> &'static str {
        "jaq"
    }

    fn make(&mut self, message: &[u8]) -> Result<Made> {
        let value = read::parse_single(message).map_err(|error| anyhow!("{error}"))?;
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut values = self.filter.id.run((context, value)).map(unwrap_valr);
        let mut next = || {
            let value = values.next().context("the filter selected nothing")?;
            value.map_err(|error| anyhow!("{error}")).context("the filter")
        };
        let mut json = Vec::with_capacity(message.len());
        jaq_json::write::write(&mut json, &self.compact, 0, &next()?)?;
        let field = match self.fills {
            true => match next()? {
                Val::TStr(text) => Some(String::from_utf8(text.to_vec())?),
                other => bail!("the field is {other}"),
            },
            false => None,
        };
        Ok(Made { json, field })
    }
}
