//! `thingstead device …`: devices made with their folder of files, listed, shown, rotated, disconnected, removed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use registry::{Endpoint, SnippetKind, snippet};
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::doctor;
use crate::files;
use crate::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Make a device: thing, certificate, and a folder with its files
    New(New),
    /// List devices
    Ls(Common),
    /// Show one device, and a program to start from
    Show(Show),
    /// Give a device a new certificate; the old one is turned off once the new one has connected
    Rotate(Rotate),
    /// Go through everything that a device needs, up to the first thing that is wrong; ends with 1 if something is
    Doctor(Named),
    /// End a device's connection; it may connect again
    Drop(Named),
    /// Remove a device and its certificates; it cannot connect again
    Rm(Named),
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The device's name: letters, digits, `:`, `_` and `-`
    name: String,
    /// Folder for its files [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    key: KeyChoice,
    /// What it may do: own (its own topics), open (everything), a file with a policy, or a policy's name
    #[arg(long, value_name = "own|open|FILE|NAME", default_value = "own")]
    policy: String,
    /// Print a program for this SDK: python-v1, python-v2, js-v2, rust, paho, mosquitto, curl
    #[arg(long, value_name = "SDK", default_value = "mosquitto")]
    snippet: SnippetKind,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct KeyChoice {
    /// Kind of key; AWS makes rsa
    #[arg(long, value_enum, default_value_t = Key::Rsa)]
    key: Key,
    /// Certificate signing request of a device that keeps its key to itself
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    csr: Option<PathBuf>,
}

impl KeyChoice {
    /// As the API takes it.
    fn wish(&self) -> Result<Value> {
        Ok(match (&self.csr, self.key) {
            (Some(path), _) => {
                let csr = files::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
                json!({ "key": "csr", "csr": csr })
            }
            (None, Key::Rsa) => json!({ "key": "rsa" }),
            (None, Key::P256) => json!({ "key": "p256" }),
        })
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Key {
    Rsa,
    P256,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The device's name
    name: String,
    /// Print a program for this SDK instead: python-v1, python-v2, js-v2, rust, paho, mosquitto, curl
    #[arg(long, value_name = "SDK")]
    snippet: Option<SnippetKind>,
    /// The device's folder, for the program [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The device's name
    name: String,
    /// The device's folder; its present certificate and key are kept there as *.previous [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    key: KeyChoice,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The device's name
    name: String,
    #[command(flatten)]
    common: Common,
}

const PATH: &str = "/_thingstead/api/devices";

impl Device {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Device::New(verb) => &verb.common,
            Device::Ls(common) => common,
            Device::Show(verb) => &verb.common,
            Device::Rotate(verb) => &verb.common,
            Device::Doctor(verb) | Device::Drop(verb) | Device::Rm(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common().data)?;
        match self {
            Device::New(verb) => new(&api, verb),
            Device::Ls(common) => list(&api, common),
            Device::Show(verb) => show(&api, verb),
            Device::Rotate(verb) => rotate(&api, verb),
            Device::Doctor(verb) => doctor::doctor(&api, &verb.name, &verb.common),
            Device::Drop(verb) => {
                let reply = api.post(&format!("{PATH}/{}/drop", encode(&verb.name)), &json!({}))?;
                done(&verb.common, &reply, &format!("{} was disconnected", verb.name));
                Ok(())
            }
            Device::Rm(verb) => {
                let reply = api.delete(&format!("{PATH}/{}", encode(&verb.name)))?;
                done(&verb.common, &reply, &format!("{} and its certificates were removed", verb.name));
                Ok(())
            }
        }
    }
}

fn done(common: &Common, reply: &Value, text: &str) {
    if common.json {
        output::json(reply);
    } else {
        output::line(text);
    }
}

fn new(api: &Api, verb: &New) -> Result<()> {
    let folder = verb.out.clone().unwrap_or_else(|| PathBuf::from(&verb.name));
    let policy = policy(&verb.policy)?;
    let mut wish = verb.key.wish()?;
    wish["name"] = json!(verb.name);
    wish["policy"] = policy;
    let reply = make(api, &verb.name, &wish, &folder)?;
    let shown = std::path::absolute(&folder).unwrap_or(folder);
    let endpoint = endpoint(&reply)?;
    if verb.common.json {
        let files: Vec<&Value> = output::list(&reply["files"]).map(|file| &file["name"]).collect();
        output::json(&json!({
            "name": verb.name, "thing_id": reply["thing_id"], "certificate_id": reply["certificate_id"],
            "policy": reply["policy"],
            "folder": shown, "files": files, "endpoint": reply["endpoint"],
        }));
        return Ok(());
    }
    output::line(&format!("{} made: certificate {} is ACTIVE", verb.name, text(&reply["certificate_id"])));
    let may = match verb.policy.as_str() {
        "own" => format!(": it may use topics with the level {}, and no others", verb.name),
        "open" => ": it may do everything, so keep it for first tries".to_owned(),
        _ => String::new(),
    };
    output::line(&format!("policy {}{may}", text(&reply["policy"])));
    output::line(&format!("files in {}; the private key is nowhere else", shown.display()));
    output::line(&format!("it connects to {}:{}, for example so:\n", endpoint.host, endpoint.port));
    output::line(snippet(verb.snippet, &verb.name, &endpoint, &shown.display().to_string()).trim_end());
    Ok(())
}

/// The files that are replaced stay beside the new ones until somebody deletes them: the old certificate counts until
/// the new one has connected.
fn rotate(api: &Api, verb: &Rotate) -> Result<()> {
    let folder = verb.out.clone().unwrap_or_else(|| PathBuf::from(&verb.name));
    let wish = verb.key.wish()?;
    let reply = files::fill(&folder, || api.post(&format!("{PATH}/{}/rotate", encode(&verb.name)), &wish))?;
    if verb.common.json {
        output::json(&json!({
            "name": verb.name, "certificate_id": reply["certificate_id"], "replaces": reply["replaces"],
            "folder": std::path::absolute(&folder).unwrap_or(folder),
        }));
        return Ok(());
    }
    output::line(&format!("{} has a new certificate: {}", verb.name, text(&reply["certificate_id"])));
    output::line(&format!("files in {}; those before are there as *.previous", folder.display()));
    for old in output::list(&reply["replaces"]) {
        output::line(&format!("certificate {} is turned off once the new one has connected", text(old)));
    }
    Ok(())
}

/// A policy as the API takes it: a word, a document, or a name.
fn policy(text: &str) -> Result<Value> {
    if matches!(text, "own" | "open") {
        return Ok(json!(text));
    }
    match files::read(Path::new(text)) {
        Ok(document) => Ok(json!({ "document": document })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !text.contains(['/', '.']) => {
            Ok(json!({ "name": text }))
        }
        Err(error) => Err(error).with_context(|| format!("the policy {text} cannot be read")),
    }
}

/// Has a device made and writes its files. The folder is made first, so that no device is left without one.
pub(crate) fn make(api: &Api, name: &str, wish: &Value, folder: &Path) -> Result<Value> {
    let own = Folder::new(folder, name);
    let known = api.get(&format!("{PATH}/{}", encode(name))).is_ok();
    if own.key().exists() && known {
        bail!("{} exists: choose another folder with --out", own.key().display());
    }
    files::fill(folder, || api.post(PATH, wish))
}

/// The files of a device, by their names in its folder.
pub(crate) struct Folder<'a> {
    path: &'a Path,
    name: &'a str,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(path: &'a Path, name: &'a str) -> Folder<'a> {
        Folder { path, name }
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path.join(format!("{}-certificate.pem.crt", self.name))
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path.join(format!("{}-private.pem.key", self.name))
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.path.join("AmazonRootCA1.pem")
    }
}

fn list(api: &Api, common: &Common) -> Result<()> {
    let reply = api.get(PATH)?;
    let devices = reply["devices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if common.json {
        output::json(&reply);
        return Ok(());
    }
    if devices.is_empty() {
        output::line("there are no devices: `thingstead device new NAME` makes one");
        return Ok(());
    }
    let mut rows = vec![["NAME", "CONNECTED", "CERTIFICATES", "MADE"].map(str::to_owned).to_vec()];
    for device in devices {
        let certificates: Vec<String> = output::list(&device["certificates"])
            .map(|one| format!("{}… {}", text(&one["id"]).get(..8).unwrap_or_default(), text(&one["status"])))
            .collect();
        rows.push(vec![
            text(&device["name"]).to_owned(),
            if device["connected"] == true { "yes" } else { "no" }.to_owned(),
            if certificates.is_empty() { "none".to_owned() } else { certificates.join(", ") },
            output::instant(device["created_ms"].as_u64().unwrap_or(0), "%Y-%m-%d %H:%M:%S"),
        ]);
    }
    output::table(&rows);
    Ok(())
}

fn show(api: &Api, verb: &Show) -> Result<()> {
    let device = api.get(&format!("{PATH}/{}", encode(&verb.name)))?;
    if let Some(kind) = verb.snippet {
        let folder = verb.folder.clone().unwrap_or_else(|| PathBuf::from(&verb.name));
        let folder = std::path::absolute(&folder).unwrap_or(folder).display().to_string();
        let program = snippet(kind, &verb.name, &endpoint(&device)?, &folder);
        if verb.common.json {
            output::json(&json!({ "name": verb.name, "snippet": program }));
        } else {
            output::line(program.trim_end());
        }
        return Ok(());
    }
    if verb.common.json {
        output::json(&device);
        return Ok(());
    }
    let form = "%Y-%m-%d %H:%M:%S UTC";
    let mut rows = vec![
        vec!["name".to_owned(), text(&device["name"]).to_owned()],
        vec!["thing".to_owned(), text(&device["thing_id"]).to_owned()],
        vec!["made".to_owned(), output::instant(device["created_ms"].as_u64().unwrap_or(0), form)],
        vec!["connected".to_owned(), connectivity(&device, form)],
    ];
    for certificate in output::list(&device["certificates"]) {
        let until_ms = certificate["not_after_s"].as_u64().unwrap_or(0).saturating_mul(1000);
        let until = output::instant(until_ms, "%Y-%m-%d");
        let (id, status) = (text(&certificate["id"]), text(&certificate["status"]));
        rows.push(vec!["certificate".to_owned(), format!("{id} {status}, until {until}")]);
    }
    output::table(&rows);
    Ok(())
}

/// Whether, since when, and if not, why.
fn connectivity(device: &Value, form: &str) -> String {
    let since = device["since_ms"].as_u64().map(|at_ms| output::instant(at_ms, form));
    match (device["connected"] == true, since) {
        (true, Some(since)) => format!("yes, since {since}"),
        (false, Some(since)) => format!("no, since {since} ({})", text(&device["disconnect_reason"])),
        (true, None) => "yes".to_owned(),
        (false, None) => "no; it never was, as far as is known".to_owned(),
    }
}

fn endpoint(reply: &Value) -> Result<Endpoint> {
    let host = reply["endpoint"]["host"].as_str().context("the reply has no endpoint")?.to_owned();
    let port = |name: &str| reply["endpoint"][name].as_u64().and_then(|port| u16::try_from(port).ok());
    let (port, https_port) = (port("port"), port("https_port"));
    let https_port = https_port.context("the reply has no port for HTTPS")?;
    Ok(Endpoint { host, port: port.context("the reply has no port")?, https_port })
}
