//! `thingstead shadow …`: shadows shown, changed, compared, listed and removed. Decides nothing itself.

mod difference;
mod pretty;

use std::io::Read;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::output::{self, texts};
use crate::why::pasteable;
use difference::{Difference, Document};
use pretty::pretty;

#[derive(Debug, Subcommand)]
pub(crate) enum Shadow {
    /// Show a shadow's document
    Get(Get),
    /// Change what a device should be, or what it says it is; a member that is null is taken out
    Set(Set),
    /// What is desired and not reported, value by value
    Diff(Get),
    /// Who changed a shadow when, newest last
    Log(Log),
    /// Make an earlier version's state the present one again, also after the shadow was removed
    Restore(Restore),
    /// A thing's shadows
    Ls(List),
    /// Remove a shadow
    Rm(Get),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The thing's name
    thing: String,
    /// A named shadow [default: the classic one, which has no name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Change {
    /// What the device should be, such as '{"on":true}'
    #[arg(long, value_name = "JSON")]
    desired: Option<String>,
    /// What the device says it is
    #[arg(long, value_name = "JSON", conflicts_with = "desired")]
    reported: Option<String>,
    /// A file with {"desired":…,"reported":…}, or a whole request around it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["desired", "reported"])]
    state: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(flatten)]
    which: Which,
    /// Changes to show
    #[arg(long, short = 'n', default_value_t = 20)]
    most: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    which: Which,
    /// One that `thingstead shadow log` shows
    #[arg(long, value_name = "V")]
    version: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The thing's name
    thing: String,
    #[command(flatten)]
    common: Common,
}

impl Shadow {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Shadow::Get(verb) | Shadow::Diff(verb) | Shadow::Rm(verb) => &verb.common,
            Shadow::Set(verb) => &verb.common,
            Shadow::Log(verb) => &verb.common,
            Shadow::Restore(verb) => &verb.common,
            Shadow::Ls(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common().data)?;
        match self {
            Shadow::Get(verb) => get(&api, verb),
            Shadow::Set(verb) => set(&api, verb),
            Shadow::Diff(verb) => diff(&api, verb),
            Shadow::Log(verb) => log(&api, verb),
            Shadow::Restore(verb) => restore(&api, verb),
            Shadow::Ls(verb) => ls(&api, verb),
            Shadow::Rm(verb) => rm(&api, verb),
        }
    }
}

fn log(api: &Api, verb: &Log) -> Result<()> {
    let name = verb.which.name.as_deref().map(|name| format!("&name={}", encode(name)));
    let thing = encode(&verb.which.thing);
    let path = format!("/_thingstead/api/shadows/{thing}/log?most={}{}", verb.most, name.unwrap_or_default());
    let reply = api.send("GET", &path, "")?;
    if verb.common.json {
        output::line(&reply);
        return Ok(());
    }
    let History { changes } = serde_json::from_str(&reply)?;
    if changes.is_empty() {
        output::line(&format!("no change of {} is remembered", verb.which.title()));
        return Ok(());
    }
    let mut rows = vec![["VERSION", "WHEN", "BY", "HOW", "WHAT"].map(str::to_owned).to_vec()];
    for change in changes {
        rows.push(vec![
            change.version.to_string(),
            output::instant(change.at_ms, "%Y-%m-%d %H:%M:%S"),
            change.by,
            change.source,
            change.state.map_or_else(|| "deleted".to_owned(), |state| state.get().to_owned()),
        ]);
    }
    output::table(&rows);
    Ok(())
}

/// What the server remembers of a shadow; states as texts, which keep every digit.
#[derive(Debug, Deserialize)]
struct History {
    changes: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    version: u64,
    at_ms: u64,
    by: String,
    source: String,
    state: Option<Box<RawValue>>,
}

fn restore(api: &Api, verb: &Restore) -> Result<()> {
    let path = format!("/_thingstead/api/shadows/{}/restore", encode(&verb.which.thing));
    let wish = json!({ "name": verb.which.name, "version": verb.version }).to_string();
    let reply = api
        .send("POST", &path, &wish)
        .with_context(|| format!("{} cannot be restored to version {}", verb.which.title(), verb.version))?;
    if verb.common.json {
        output::line(&reply);
        return Ok(());
    }
    let accepted: Value = serde_json::from_str(&reply)?;
    output::line(&format!(
        "{} is at version {}, with the state of version {}",
        verb.which.title(),
        accepted["version"],
        verb.version
    ));
    Ok(())
}

impl Which {
    fn path(&self) -> String {
        let path = format!("/things/{}/shadow", encode(&self.thing));
        match &self.name {
            None => path,
            Some(name) => format!("{path}?name={}", encode(name)),
        }
    }

    /// As people call it.
    fn title(&self) -> String {
        match &self.name {
            None => format!("the shadow of {}", self.thing),
            Some(name) => format!("shadow {name} of {}", self.thing),
        }
    }
}

fn get(api: &Api, verb: &Get) -> Result<()> {
    let text = api.send("GET", &verb.which.path(), "")?;
    if verb.common.json {
        output::line(&text);
        return Ok(());
    }
    let document: Shown<'_> = serde_json::from_str(&text)?;
    output::line(&format!("{}, version {}", verb.which.title(), document.version));
    output::line(&pretty(document.state.get()));
    Ok(())
}

/// What of a document is shown.
#[derive(Debug, Deserialize)]
struct Shown<'a> {
    version: u64,
    #[serde(borrow)]
    state: &'a RawValue,
}

fn set(api: &Api, verb: &Set) -> Result<()> {
    let request = verb.change.request()?;
    let reply = api.send("POST", &verb.which.path(), &request)?;
    if verb.common.json {
        output::line(&reply);
        return Ok(());
    }
    let answer: Value = serde_json::from_str(&reply)?;
    output::line(&format!("{} is at version {}", verb.which.title(), answer["version"]));
    Ok(())
}

impl Change {
    /// The request's own text: its numbers keep all their digits.
    fn request(&self) -> Result<String> {
        if let Some(file) = &self.state {
            let text = read(file)?;
            let value: Value = serde_json::from_str(&text).with_context(|| {
                format!("{} is no JSON: it has to hold {{\"desired\":…,\"reported\":…}}", shown(file))
            })?;
            let is_whole = value.get("state").is_some();
            return Ok(if is_whole { text } else { format!(r#"{{"state":{text}}}"#) });
        }
        let (section, text) = match (&self.desired, &self.reported) {
            (Some(text), _) => ("desired", text),
            (None, Some(text)) => ("reported", text),
            (None, None) => bail!("nothing to set: give --desired, --reported or --state"),
        };
        serde_json::from_str::<IgnoredAny>(text).with_context(|| {
            format!("--{section} is no JSON: quote it for the shell, such as --{section} '{{\"on\":true}}'")
        })?;
        Ok(format!(r#"{{"state":{{"{section}":{text}}}}}"#))
    }
}

fn shown(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

fn read(file: &str) -> Result<String> {
    if file != "-" {
        return std::fs::read_to_string(file)
            .with_context(|| format!("{file} cannot be read: name a file of text, or - for standard input"));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
    Ok(text)
}

#[derive(Debug, Serialize)]
struct Compared<'a> {
    thing: &'a str,
    name: Option<&'a str>,
    version: u64,
    differences: Vec<Difference<'a>>,
}

fn diff(api: &Api, verb: &Get) -> Result<()> {
    let text = api.send("GET", &verb.which.path(), "")?;
    let document: Document<'_> = serde_json::from_str(&text)?;
    let differences = Difference::all(&document);
    let Which { thing, name } = &verb.which;
    if verb.common.json {
        let compared = Compared { thing, name: name.as_deref(), version: document.version, differences };
        output::line(&serde_json::to_string(&compared)?);
        return Ok(());
    }
    if differences.is_empty() {
        output::line(&format!(
            "{}, version {}: all that is desired is reported",
            verb.which.title(),
            document.version
        ));
        return Ok(());
    }
    let mut rows = vec![["VALUE", "DESIRED", "REPORTED", "DESIRED SINCE"].map(str::to_owned).to_vec()];
    rows.extend(differences.iter().map(Difference::row));
    output::table(&rows);
    Ok(())
}

fn ls(api: &Api, verb: &List) -> Result<()> {
    let mut found = Vec::new();
    for name in std::iter::once(None).chain(names(api, &verb.thing)?.into_iter().map(Some)) {
        let which = Which { thing: verb.thing.clone(), name };
        let (status, body) = api.answer("GET", &which.path(), "")?;
        // The classic shadow need not exist, and any may have been removed since it was listed.
        if status == 404 {
            continue;
        }
        let text = match status {
            200 => String::from_utf8(body)?,
            // It says what is wrong.
            _ => api.send("GET", &which.path(), "")?,
        };
        let document: Document<'_> = serde_json::from_str(&text)?;
        found.push(Summary {
            name: which.name,
            version: document.version,
            changed: document.changed_s(),
            differences: Difference::all(&document).len(),
        });
    }
    if verb.common.json {
        output::json(&json!({ "thing": verb.thing, "shadows": found }));
        return Ok(());
    }
    if found.is_empty() {
        let command = format!("thingstead shadow set {} --desired '{{\"on\":true}}'", verb.thing);
        output::line(&format!(
            "{} has no shadow: `{}` makes one",
            verb.thing,
            pasteable(&command, &verb.common)
        ));
        return Ok(());
    }
    let mut rows = vec![["SHADOW", "VERSION", "CHANGED", "DIFFERENCES"].map(str::to_owned).to_vec()];
    for Summary { name, version, changed, differences } in found {
        rows.push(vec![
            name.unwrap_or_else(|| "(classic)".to_owned()),
            version.to_string(),
            changed.map_or_else(|| "-".to_owned(), difference::instant),
            differences.to_string(),
        ]);
    }
    output::table(&rows);
    Ok(())
}

#[derive(Debug, Serialize)]
struct Summary {
    name: Option<String>,
    version: u64,
    changed: Option<u64>,
    differences: usize,
}

fn names(api: &Api, thing: &str) -> Result<Vec<String>> {
    let path = format!("/api/things/shadow/ListNamedShadowsForThing/{}?pageSize=100", encode(thing));
    let mut names = Vec::new();
    let mut page = api.get(&path)?;
    loop {
        names.extend(texts(&page["results"]).map(str::to_owned));
        match page["nextToken"].as_str() {
            Some(token) => page = api.get(&format!("{path}&nextToken={}", encode(token)))?,
            None => return Ok(names),
        }
    }
}

fn rm(api: &Api, verb: &Get) -> Result<()> {
    let reply = api.send("DELETE", &verb.which.path(), "")?;
    if verb.common.json {
        output::line(&reply);
        return Ok(());
    }
    output::line(&format!(
        "{} was removed; the next one within 48 hours goes on from its version",
        verb.which.title()
    ));
    Ok(())
}
