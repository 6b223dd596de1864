//! `thingstead pub`: a topic and a payload in, one acknowledged message out.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::client::Client;
use crate::identity::Connection;
use crate::messages::qos;
use crate::{Common, client_runtime, output};

/// Publish a message; without -m and -f it is read from standard input
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Topic (or -t)
    #[arg(value_name = "TOPIC", required_unless_present = "topic_flag", conflicts_with = "topic_flag")]
    topic: Option<String>,
    /// Payload (or -m)
    #[arg(value_name = "PAYLOAD", conflicts_with_all = ["message", "file"])]
    payload: Option<String>,
    #[arg(long = "topic", short = 't', value_name = "TOPIC", hide = true)]
    topic_flag: Option<String>,
    /// Payload
    #[arg(long, short = 'm', conflicts_with = "file", value_name = "TEXT")]
    message: Option<String>,
    /// File that holds the payload
    #[arg(long, short = 'f', value_name = "FILE")]
    file: Option<PathBuf>,
    /// 0, 1 or 2; AWS has no 2
    #[arg(long, short = 'q', default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2))]
    qos: u8,
    /// Keep the message for subscribers to come
    #[arg(long)]
    retain: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Publish {
    pub(crate) fn run(&self) -> Result<()> {
        let topic = self.topic.as_ref().or(self.topic_flag.as_ref()).context("no topic was given")?;
        let payload = self.payload()?;
        let target = self.connection.target(&self.common, "pub")?;
        client_runtime()?.block_on(async {
            let mut client = Client::connect(&target).await?;
            client.publish(topic, &payload, qos(self.qos), self.retain).await?;
            client.close().await
        })?;
        if self.common.json {
            output::json(
                &json!({ "topic": topic, "bytes": payload.len(), "qos": self.qos, "retain": self.retain }),
            );
        }
        Ok(())
    }

    fn payload(&self) -> Result<Vec<u8>> {
        if let Some(text) = self.payload.as_ref().or(self.message.as_ref()) {
            return Ok(text.clone().into_bytes());
        }
        if let Some(file) = &self.file {
            return std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()));
        }
        let mut payload = Vec::new();
        std::io::stdin().read_to_end(&mut payload).context("standard input cannot be read")?;
        Ok(payload)
    }
}
