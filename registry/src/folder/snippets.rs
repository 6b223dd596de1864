//! A kind of client and a device's folder in, a program that publishes one reading out. Runs nothing.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{Endpoint, FileNames};

/// The clients there is a program for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnippetKind {
    PythonV1,
    PythonV2,
    JsV2,
    Rust,
    Paho,
    Mosquitto,
    /// Over HTTPS; the others speak MQTT.
    Curl,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no program for \"{0}\": choose python-v1, python-v2, js-v2, rust, paho, mosquitto or curl")]
pub struct UnknownSnippet(pub String);

impl SnippetKind {
    pub const ALL: [Self; 7] =
        [Self::PythonV1, Self::PythonV2, Self::JsV2, Self::Rust, Self::Paho, Self::Mosquitto, Self::Curl];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PythonV1 => "python-v1",
            Self::PythonV2 => "python-v2",
            Self::JsV2 => "js-v2",
            Self::Rust => "rust",
            Self::Paho => "paho",
            Self::Mosquitto => "mosquitto",
            Self::Curl => "curl",
        }
    }
}

impl fmt::Display for SnippetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SnippetKind {
    type Err = UnknownSnippet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| UnknownSnippet(text.chars().take(40).collect()))
    }
}

/// A program, complete as it is, that publishes to `NAME/data` with the files of the folder.
#[must_use]
pub fn snippet(kind: SnippetKind, name: &str, endpoint: &Endpoint, folder: &str) -> String {
    let names = FileNames::new(name);
    let folder = if folder.is_empty() { "." } else { folder.trim_end_matches('/') };
    let place = |file: &str| format!("{folder}/{file}");
    let (template, quote): (&str, fn(&str) -> String) = match kind {
        SnippetKind::PythonV1 => (PYTHON_V1, quote_json),
        SnippetKind::PythonV2 => (PYTHON_V2, quote_json),
        SnippetKind::JsV2 => (JS_V2, quote_json),
        SnippetKind::Rust => (RUST, quote_json),
        SnippetKind::Paho => (PAHO, quote_json),
        SnippetKind::Mosquitto => (MOSQUITTO, quote_shell),
        SnippetKind::Curl => (CURL, quote_shell),
    };
    // AWS speaks MQTT on 443 only to who asks for it during the handshake; its own SDKs do so by themselves.
    let alpn = match kind {
        SnippetKind::Rust if endpoint.port == 443 => "Some(vec![b\"x-amzn-mqtt-ca\".to_vec()])",
        SnippetKind::Rust => "None",
        _ if endpoint.port != 443 => "",
        SnippetKind::Paho => ", alpn_protocols=[\"x-amzn-mqtt-ca\"]",
        SnippetKind::Mosquitto => " --tls-alpn x-amzn-mqtt-ca",
        _ => "",
    };
    fill(
        template,
        &[
            ("{host}", quote(&endpoint.host)),
            ("{port}", endpoint.port.to_string()),
            (
                "{url}",
                quote(&format!("https://{}:{}/topics/{name}/data?qos=1", endpoint.host, endpoint.https_port)),
            ),
            ("{root}", quote(&place(FileNames::ROOT))),
            ("{key}", quote(&place(&names.private_key))),
            ("{certificate}", quote(&place(&names.certificate))),
            ("{client}", quote(name)),
            ("{topic}", quote(&format!("{name}/data"))),
            ("{alpn}", alpn.to_owned()),
        ],
    )
}

/// Replaces every mark in one pass, so that a value that looks like a mark stays as it is.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((before, from)) = rest.find('{').map(|at| rest.split_at(at)) {
        text.push_str(before);
        match values.iter().find_map(|(mark, value)| Some((from.strip_prefix(mark)?, value))) {
            Some((after, value)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = from.strip_prefix('{').unwrap_or_default();
            }
        }
    }
    text.push_str(rest);
    text
}

/// A literal of Python and of JavaScript.
fn quote_json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One word for a POSIX shell.
fn quote_shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

const PYTHON_V1: &str = r#"# pip install AWSIoTPythonSDK
import json

from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTClient

client = AWSIoTMQTTClient({client})
client.configureEndpoint({host}, {port})
client.configureCredentials({root}, {key}, {certificate})
client.connect()
client.publish({topic}, json.dumps({"temperature": 23.6}), 1)
client.disconnect()
"#;

const PYTHON_V2: &str = r#"# pip install awsiotsdk
import json

from awscrt import mqtt
from awsiot import mqtt_connection_builder

connection = mqtt_connection_builder.mtls_from_path(
    endpoint={host},
    port={port},
    ca_filepath={root},
    pri_key_filepath={key},
    cert_filepath={certificate},
    client_id={client},
)
connection.connect().result()
published, _ = connection.publish({topic}, json.dumps({"temperature": 23.6}), mqtt.QoS.AT_LEAST_ONCE)
published.result()
connection.disconnect().result()
"#;

const JS_V2: &str = r#"// npm install aws-iot-device-sdk-v2
const { iot, mqtt } = require("aws-iot-device-sdk-v2");

const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(
  {certificate},
  {key},
)
  .with_certificate_authority_from_path(undefined, {root})
  .with_endpoint({host})
  .with_port({port})
  .with_client_id({client})
  .build();

async function main() {
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  await connection.publish({topic}, JSON.stringify({ temperature: 23.6 }), mqtt.QoS.AtLeastOnce);
  await connection.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
"#;

const RUST: &str = include_str!("rust.txt");

const PAHO: &str = r#"# pip install paho-mqtt
import json

import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id={client})
client.tls_set({root}, {certificate}, {key}{alpn})
client.connect({host}, {port})
client.loop_start()
client.publish({topic}, json.dumps({"temperature": 23.6}), qos=1).wait_for_publish(30)
client.disconnect()
client.loop_stop()
"#;

const MOSQUITTO: &str = "mosquitto_pub -h {host} -p {port} --cafile {root} --cert {certificate} --key {key}{alpn} \
                         -i {client} -q 1 -t {topic} -m '{\"temperature\": 23.6}'\n";

const CURL: &str = "curl --fail-with-body --cacert {root} --cert {certificate} --key {key} \
                    -d '{\"temperature\": 23.6}' {url}\n";
