//! Where a running instance is and how it does: asked over its API, printed.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::output;

pub(crate) fn status(common: &Common) -> Result<()> {
    let api = Api::of(&common.data)?;
    let status = api.get("/_thingstead/api/status")?;
    if common.json {
        output::json(&status);
        return Ok(());
    }
    let up_s = status["up_ms"].as_u64().unwrap_or(0) / 1000;
    let mut rows = vec![
        vec!["running".to_owned(), format!("pid {}, for {up_s} s", status["pid"])],
        vec!["version".to_owned(), text(&status["version"])],
        vec!["data".to_owned(), common.data.display().to_string()],
        vec!["dialect".to_owned(), text(&status["dialect"])],
    ];
    let faces = ["api", "mqtt", "tls443", "https", "plain", "ca", "account", "region"];
    rows.extend(faces.map(|face| vec![face.to_owned(), text(&status["endpoints"][face])]));
    rows.push(vec!["endpoint".to_owned(), text(&status["endpoint"])]);
    rows.push(vec!["things".to_owned(), status["things"].to_string()]);
    rows.push(vec!["certificates".to_owned(), status["certificates"].to_string()]);
    if let Some(numbers) = status["numbers"].as_object() {
        rows.extend(numbers.iter().map(|(name, value)| vec![name.replace('_', " "), value.to_string()]));
    }
    output::table(&rows);
    Ok(())
}

/// What a shell needs so that AWS's tools reach this instance.
pub(crate) fn env(common: &Common) -> Result<()> {
    let endpoints = Api::of(&common.data)?.endpoints;
    let ca = std::path::absolute(&endpoints.ca).unwrap_or(endpoints.ca);
    let ca = ca.display().to_string();
    let variables = [
        ("AWS_ENDPOINT_URL", endpoints.api.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", &endpoints.region),
        ("AWS_REGION", &endpoints.region),
        ("THINGSTEAD_CA", &ca),
    ];
    if common.json {
        output::json(&variables.into_iter().map(|(name, value)| (name, json!(value))).collect());
        return Ok(());
    }
    for (name, value) in variables {
        output::line(&format!("export {name}='{}'", value.replace('\'', r"'\''")));
    }
    Ok(())
}

/// Where devices connect.
#[derive(Debug, Args)]
pub(crate) struct Endpoint {
    /// The face to print
    #[arg(value_enum, default_value_t = Face::Mqtt)]
    face: Face,
    /// Print the host name that AWS's DescribeEndpoint returns for this type instead, such as iot:Data-ATS
    #[arg(long, value_name = "TYPE", conflicts_with = "face")]
    endpoint_type: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Face {
    Mqtt,
    Tls443,
    Https,
    Plain,
    Api,
    Ca,
}

impl Endpoint {
    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common.data)?;
        let endpoints = &api.endpoints;
        let (name, found) = match (&self.endpoint_type, self.face) {
            (Some(kind), _) => {
                let reply = api.get(&format!("/endpoint?endpointType={}", encode(kind)))?;
                ("endpointAddress", reply["endpointAddress"].as_str().map(str::to_owned))
            }
            (None, Face::Mqtt) => ("mqtt", endpoints.mqtt.clone()),
            (None, Face::Tls443) => ("tls443", endpoints.tls443.clone()),
            (None, Face::Https) => ("https", endpoints.https.clone()),
            (None, Face::Plain) => ("plain", endpoints.plain.clone()),
            (None, Face::Api) => ("api", Some(endpoints.api.clone())),
            (None, Face::Ca) => ("ca", Some(endpoints.ca.display().to_string())),
        };
        if self.common.json {
            output::json(&json!({ name: found }));
            return Ok(());
        }
        match found {
            Some(found) => output::line(&found),
            None => anyhow::bail!(
                "the face {name} is off: `thingstead up --help` names the flag that turns it on"
            ),
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "off".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
