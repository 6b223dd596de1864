//! Flags in, where and as whom an MQTT client connects out. Defaults to the operator of the data folder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use server::Endpoints;

use crate::Common;

/// Whom to connect to and as whom, in the words of AWS's samples.
#[derive(Debug, Clone, Args)]
pub(crate) struct Connection {
    /// Host, or host:port (8883 without one); without this the instance of the data folder
    #[arg(long, short = 'e', value_name = "HOST[:PORT]")]
    endpoint: Option<String>,
    /// Root certificate to trust
    #[arg(long = "ca", alias = "rootCA", alias = "ca_file", short = 'r', value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Client certificate
    #[arg(long, short = 'c', value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the client certificate
    #[arg(long, short = 'k', value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Client id; without this one that nobody else has
    #[arg(long = "client-id", alias = "clientId", alias = "client_id", short = 'i', value_name = "ID")]
    client_id: Option<String>,
}

/// Everything a connection needs.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) client_id: String,
}

impl Connection {
    pub(crate) fn target(&self, common: &Common, verb: &str) -> Result<Target> {
        let operator = common.data.join("operator");
        let given = |flag: &Option<PathBuf>, default: PathBuf| flag.clone().unwrap_or(default);
        let (host, port) = match &self.endpoint {
            Some(endpoint) => host_and_port(endpoint)?,
            None => {
                let mqtt = Endpoints::read(&common.data)?.mqtt;
                host_and_port(&mqtt.context("the MQTT face is off: start `thingstead up` with --mqtt ADDR")?)?
            }
        };
        Ok(Target {
            host,
            port,
            ca: given(&self.ca, common.data.join("ca/AmazonRootCA1.pem")),
            certificate: given(&self.cert, operator.join("certificate.pem.crt")),
            key: given(&self.key, operator.join("private.pem.key")),
            client_id: self
                .client_id
                .clone()
                .unwrap_or_else(|| format!("thingstead-{verb}-{}", std::process::id())),
        })
    }
}

/// `host`, `host:port` or `[v6]:port`.
pub(crate) fn host_and_port(endpoint: &str) -> Result<(String, u16)> {
    let bare = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).trim_end_matches('/');
    if let Some((host, port)) = bare.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        return Ok((host.to_owned(), port.parse().with_context(|| wrong(endpoint))?));
    }
    match bare.split_once(':') {
        Some((host, port)) if !port.contains(':') => {
            Ok((host.to_owned(), port.parse().with_context(|| wrong(endpoint))?))
        }
        _ => Ok((bare.trim_start_matches('[').trim_end_matches(']').to_owned(), 8883)),
    }
}

fn wrong(endpoint: &str) -> String {
    format!("{endpoint:?} is no endpoint: write HOST or HOST:PORT")
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn an_endpoint_is_a_host_and_perhaps_a_port() {
        for (endpoint, host, port) in [
            ("localhost", "localhost", 8883),
            ("localhost:443", "localhost", 443),
            ("[::1]:8884", "::1", 8884),
            ("::1", "::1", 8883),
            ("mqtts://a.example:1/", "a.example", 1),
        ] {
            assert_eq!(host_and_port(endpoint).expect(endpoint), (host.to_owned(), port));
        }
        for endpoint in ["localhost:x", "localhost:", "localhost:70000"] {
            assert!(host_and_port(endpoint).is_err(), "{endpoint}");
        }
    }
}
