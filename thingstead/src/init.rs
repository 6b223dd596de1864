//! `thingstead init …`: recipes that are made in the running instance, and may be made again without harm.

mod alert;
mod presence;

use anyhow::{Result, bail};
use clap::Subcommand;
use rules::Finding;
use serde_json::Value;

use crate::Common;
use crate::api::{Api, encode};
use crate::rule::{create, definition};

#[derive(Debug, Subcommand)]
pub(crate) enum Init {
    /// Keep `connected` in each device's shadow: its last will on a plain topic, and a rule that brings it there
    Presence(presence::Presence),
    /// Publish an alert for readings that failed or have no value
    Alert(alert::Alert),
}

impl Init {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Init::Presence(verb) => &verb.common,
            Init::Alert(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common().data)?;
        match self {
            Init::Presence(verb) => verb.run(&api),
            Init::Alert(verb) => verb.run(&api),
        }
    }
}

/// Makes the recipe's rule unless it is there.
pub(crate) fn rule(api: &Api, name: &str, payload: &Value, replace: bool) -> Result<(bool, Vec<Finding>)> {
    let wanted = definition(payload)?;
    let (status, body) = api.answer("GET", &format!("/_thingstead/api/rules/named/{}", encode(name)), "")?;
    if status == 200 && !replace {
        let known: Value = serde_json::from_slice(&body)?;
        if known["definition"] == serde_json::to_value(&wanted)? {
            return Ok((false, rules::lint(&wanted)));
        }
        bail!(
            "rule {name} exists and says something else: `thingstead rule show {name}`; replace it with --replace, or \
             choose another name with --name"
        );
    }
    Ok((true, create(api, name, payload, replace)?))
}

/// The role that rules of recipes name.
pub(crate) fn role(api: &Api) -> String {
    format!("arn:aws:iam::{}:role/thingstead-rules", api.endpoints.account)
}
