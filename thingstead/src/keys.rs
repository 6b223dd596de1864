//! `thingstead keys …`: access keys for AWS's clients on other machines.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make an access key; its secret is shown this once
    New(New),
    /// List access keys
    Ls(List),
    /// Remove an access key; what signs with it is refused from then on
    Rm(Remove),
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The account that it is for [default: the instance's]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// A name, by which a caller is told apart from others of the account
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The account whose keys are meant [default: the instance's]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The access key's id: AKIA…
    id: String,
    #[command(flatten)]
    common: Common,
}

const PATH: &str = "/_thingstead/api/keys";

impl Keys {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Keys::New(verb) => &verb.common,
            Keys::Ls(verb) => &verb.common,
            Keys::Rm(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common().data)?;
        let reply = match self {
            Keys::New(verb) => api.post(PATH, &json!({ "account": verb.account, "name": verb.name }))?,
            Keys::Ls(verb) => {
                let query = verb.account.as_deref().map(|id| format!("?account={}", encode(id)));
                api.get(&format!("{PATH}{}", query.unwrap_or_default()))?
            }
            Keys::Rm(verb) => api.delete(&format!("{PATH}/{}", encode(&verb.id)))?,
        };
        if self.common().json {
            output::json(&reply);
            return Ok(());
        }
        match self {
            Keys::New(_) => {
                output::line(&format!("export AWS_ACCESS_KEY_ID={}", text(&reply["access_key_id"])));
                output::line(&format!("export AWS_SECRET_ACCESS_KEY={}", text(&reply["secret_access_key"])));
                output::line(&format!(
                    "# for account {}; the secret is shown this once",
                    text(&reply["account"])
                ));
            }
            Keys::Ls(_) => list(&reply),
            Keys::Rm(verb) => output::line(&format!("{} was removed", verb.id)),
        }
        Ok(())
    }
}

fn list(reply: &Value) {
    let keys = reply["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    if keys.is_empty() {
        output::line("there are no keys: `thingstead keys new` makes one");
        return;
    }
    let mut rows = vec![["KEY", "ACCOUNT", "NAME", "SECRET", "MADE"].map(str::to_owned).to_vec()];
    for key in keys {
        rows.push(vec![
            text(&key["access_key_id"]).to_owned(),
            text(&key["account"]).to_owned(),
            text(&key["name"]).to_owned(),
            format!("…{}", text(&key["secret_ends_with"])),
            output::instant(key["created_ms"].as_u64().unwrap_or(0), "%Y-%m-%d %H:%M:%S"),
        ]);
    }
    output::table(&rows);
}
