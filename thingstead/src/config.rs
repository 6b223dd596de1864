//! Flags and a TOML file in, the server's configuration out. A flag wins over the file; an unknown word is refused.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Args;
use message::Dialect;
use serde::Deserialize;
use server::{Checking, Config, HistoryBound};

use crate::period::parse_ms;

use crate::outside::{self, Endpoint, EndpointKeys};

/// How the platform is run. Each can also stand in the file, by the same name without the dashes.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// One more name or address for the server certificate; may be repeated
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    host: Vec<String>,
    /// AWS API, WebSocket and console, plain HTTP [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR")]
    api: Option<Address>,
    /// MQTT over TLS with client certificates [default: 127.0.0.1:8883]
    #[arg(long, value_name = "ADDR")]
    mqtt: Option<Address>,
    /// TLS port on which ALPN decides, or `off` [default: 127.0.0.1:443 if it can be bound]
    #[arg(long, value_name = "ADDR|off")]
    tls443: Option<Switch>,
    /// Calls of the data plane over HTTPS with client certificates, or `off` [default: 127.0.0.1:8443 if it can be bound]
    #[arg(long, value_name = "ADDR|off")]
    https: Option<Switch>,
    /// MQTT without TLS and without certificates, for labs and benchmarks [default: off]
    #[arg(long, value_name = "ADDR")]
    plain: Option<Address>,
    /// Let --plain listen on an address that other machines reach
    #[arg(long)]
    #[serde(default)]
    plain_anywhere: bool,
    /// Whose MQTT: aws (its deviations and quotas) or standard [default: aws]
    #[arg(long, value_name = "aws|standard")]
    #[serde(default, deserialize_with = "dialect")]
    dialect: Option<Dialect>,
    /// Account number [default: 000000000000]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Region [default: us-east-1]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// File with an IoT policy for the clients of --plain; without it they may do everything
    #[arg(long, value_name = "FILE")]
    anonymous_policy: Option<PathBuf>,
    /// How closely signatures of AWS's clients are looked at on this machine: off, soft (unknown keys and unsigned calls
    /// are let in) or strict; other machines are always looked at strictly [default: soft]
    #[arg(long, value_name = "off|soft|strict")]
    #[serde(default, deserialize_with = "checking")]
    signatures: Option<Checking>,
    /// How closely the roles of rules are looked at: relaxed (what AWS would refuse is said) or strict (it is refused)
    /// [default: relaxed]
    #[arg(long, value_name = "relaxed|strict")]
    roles: Option<Roles>,
    /// Let `POST /_thingstead/reset` empty everything but the root CA, for test suites
    #[arg(long)]
    #[serde(default)]
    allow_reset: bool,
    /// Changes of each shadow that are remembered, for `thingstead shadow log` and `restore`; 0: none [default: 100]
    #[arg(long, value_name = "N")]
    shadow_history: Option<u64>,
    /// How long they are remembered at most, such as 30d [default: 90d]
    #[arg(long, value_name = "PERIOD")]
    shadow_history_age: Option<Period>,
    /// Requests a second that one shadow takes before it answers 429, or `off` [default: 20, as AWS]
    #[arg(long, value_name = "N|off")]
    shadow_rate: Option<Rate>,
    /// Longest keep-alive a client gets [default: 1200 in the aws dialect, no limit in the standard one]
    #[arg(long, value_name = "SECONDS")]
    keep_alive_max: Option<u16>,
    /// Bytes of the disk to leave free; three quarters of it may be used to turn things off [default: 67108864]
    #[arg(long, value_name = "BYTES")]
    keep_free: Option<u64>,
    /// A service of AWS's that rules call at this URL, such as sqs=http://localhost:9324; may be repeated [default: none,
    /// and nothing leaves this machine]
    #[arg(long, value_name = "SERVICE=URL")]
    #[serde(skip)]
    endpoint: Vec<Endpoint>,
    /// The same in the file: service = "URL"
    #[arg(skip)]
    #[serde(default)]
    endpoints: BTreeMap<String, String>,
    /// Keys for the endpoints, in the file; without them those of the environment
    #[arg(skip)]
    endpoint_keys: Option<EndpointKeys>,
    /// File with certificate authorities, in PEM, that are believed when the platform calls out, beside the machine's
    #[arg(long, value_name = "FILE")]
    endpoint_ca: Option<PathBuf>,
    /// Open a damaged store without what the damage took; what is lost is named
    #[arg(long)]
    #[serde(default)]
    accept_loss: bool,
}

/// How closely roles are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Roles {
    Relaxed,
    Strict,
}

impl Settings {
    pub(crate) fn read(path: &Path) -> Result<Settings> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    /// These, and where they say nothing, the others.
    pub(crate) fn or(mut self, other: Settings) -> Settings {
        if self.host.is_empty() {
            self.host = other.host;
        }
        Settings {
            host: self.host,
            api: self.api.or(other.api),
            mqtt: self.mqtt.or(other.mqtt),
            tls443: self.tls443.or(other.tls443),
            https: self.https.or(other.https),
            plain: self.plain.or(other.plain),
            plain_anywhere: self.plain_anywhere || other.plain_anywhere,
            dialect: self.dialect.or(other.dialect),
            account: self.account.or(other.account),
            region: self.region.or(other.region),
            anonymous_policy: self.anonymous_policy.or(other.anonymous_policy),
            signatures: self.signatures.or(other.signatures),
            roles: self.roles.or(other.roles),
            allow_reset: self.allow_reset || other.allow_reset,
            shadow_history: self.shadow_history.or(other.shadow_history),
            shadow_history_age: self.shadow_history_age.or(other.shadow_history_age),
            shadow_rate: self.shadow_rate.or(other.shadow_rate),
            keep_alive_max: self.keep_alive_max.or(other.keep_alive_max),
            keep_free: self.keep_free.or(other.keep_free),
            endpoint: self.endpoint,
            endpoints: if self.endpoints.is_empty() { other.endpoints } else { self.endpoints },
            endpoint_keys: self.endpoint_keys.or(other.endpoint_keys),
            endpoint_ca: self.endpoint_ca.or(other.endpoint_ca),
            accept_loss: self.accept_loss || other.accept_loss,
        }
    }

    pub(crate) fn server(self, data: PathBuf) -> Result<Config> {
        if self.anonymous_policy.is_some() && self.plain.is_none() {
            bail!("--anonymous-policy is for the clients of --plain, which is off: add --plain ADDR");
        }
        let default = Config::default();
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let decided = |switch: Option<Switch>, default: Option<SocketAddr>| match switch {
            None => (default, false),
            Some(Switch::Off) => (None, false),
            Some(Switch::On(address)) => (Some(address.0), true),
        };
        let (tls443, tls443_required) = decided(self.tls443, default.tls443);
        let (https, https_required) = decided(self.https, default.https);
        Ok(Config {
            data,
            host: self.host,
            api: self.api.map_or(default.api, |address| address.0),
            mqtt: self.mqtt.map_or(default.mqtt, |address| address.0),
            tls443,
            tls443_required,
            https,
            https_required,
            plain: self.plain.map(|address| address.0),
            plain_anywhere: self.plain_anywhere,
            account: self.account.unwrap_or(default.account),
            region: self.region.unwrap_or(default.region),
            dialect: self.dialect.unwrap_or(default.dialect),
            anonymous_policy: self.anonymous_policy.as_ref().map(read).transpose()?,
            checking: self.signatures.unwrap_or_default(),
            strict_roles: self.roles == Some(Roles::Strict),
            allow_reset: self.allow_reset,
            shadow_history: HistoryBound {
                changes: self.shadow_history.unwrap_or(default.shadow_history.changes),
                age_ms: self.shadow_history_age.map_or(default.shadow_history.age_ms, |age| age.0),
            },
            shadow_rate: self.shadow_rate.map(|rate| rate.0),
            keep_alive_max_s: self.keep_alive_max,
            keep_free_bytes: self.keep_free.unwrap_or(default.keep_free_bytes),
            outside: outside::settings(
                self.endpoint,
                self.endpoints,
                self.endpoint_keys,
                self.endpoint_ca,
                |name| std::env::var(name).ok(),
            )?,
            accept_loss: self.accept_loss,
        })
    }
}

fn dialect<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Dialect>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(serde::de::Error::custom)
}

fn checking<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Checking>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(serde::de::Error::custom)
}

/// An address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Address(SocketAddr);

impl FromStr for Address {
    type Err = String;

    /// `IP:PORT`, `localhost:PORT`, or a port alone, which is on loopback.
    fn from_str(text: &str) -> Result<Address, String> {
        if let Ok(address) = text.parse() {
            return Ok(Address(address));
        }
        let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
        let port: u16 = port.parse().map_err(|_| {
            format!("{text:?} is no address: write one like 127.0.0.1:8883, 0.0.0.0:8883 or 8883")
        })?;
        Ok(Address(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)))
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Address, String> {
        text.parse()
    }
}

/// Milliseconds, written as people write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Period(u64);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        parse_ms(text).map(Period)
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Period, String> {
        text.parse()
    }
}

/// A number a second; 0: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Rate(u32);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let wrong = || format!("{text:?} is no rate: write a number from 1, or off");
        match text {
            "off" => Ok(Rate(0)),
            _ => text.parse().ok().filter(|rate| *rate > 0).map(Rate).ok_or_else(wrong),
        }
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Rate, String> {
        text.parse()
    }
}

/// An address, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Switch {
    Off,
    On(Address),
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Switch, String> {
        if text == "off" { Ok(Switch::Off) } else { text.parse().map(Switch::On) }
    }
}

impl TryFrom<String> for Switch {
    type Error = String;

    fn try_from(text: String) -> Result<Switch, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings> {
        Ok(toml::from_str(text)?)
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, address) in [
            ("127.0.0.1:8883", "127.0.0.1:8883"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:8883", "[::1]:8883"),
            ("localhost:8883", "127.0.0.1:8883"),
            (":8883", "127.0.0.1:8883"),
            ("0", "127.0.0.1:0"),
        ] {
            assert_eq!(text.parse::<Address>().expect(text).0.to_string(), address);
        }
        for text in ["", "example", "example:1", "127.0.0.1", "70000"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let file =
            parse("mqtt = \"1.2.3.4:1\"\nregion = \"eu-west-1\"\ntls443 = \"off\"\ndialect = \"standard\"")
                .expect("a file");
        let flags = Settings { mqtt: Some("5.6.7.8:2".parse().expect("an address")), ..Settings::default() };
        let config = flags.or(file).server("d".into()).expect("a configuration");
        assert_eq!(config.mqtt.to_string(), "5.6.7.8:2");
        assert_eq!((config.region.as_str(), config.dialect), ("eu-west-1", Dialect::Standard));
        assert_eq!((config.tls443, config.tls443_required), (None, false));
        assert_eq!(config.account, "000000000000");
    }

    #[test]
    fn endpoints_stand_in_the_file_by_their_services() {
        let text = "[endpoints]\nsqs = \"http://localhost:9324\"\n[endpoint-keys]\naccess-key-id = \"k\"\n\
                    secret-access-key = \"hidden\"";
        let settings = parse(text).expect("a file");
        assert!(!format!("{settings:?}").contains("hidden"));
        let config = Settings::default().or(settings).server("d".into()).expect("a configuration");
        assert_eq!(config.outside.shown().collect::<Vec<_>>(), ["sqs http://localhost:9324"]);
        assert!(parse("[endpoints]\nsqs = \"a\"\nx = \"b\"").expect("a file").server("d".into()).is_err());
        assert!(parse("endpoint = [\"sqs=a\"]").is_err());
    }

    #[test]
    fn a_policy_without_its_listener_is_refused() {
        let refused = parse("anonymous-policy = \"p.json\"").expect("a file").server("d".into());
        assert!(refused.expect_err("refused").to_string().contains("--plain"));
    }

    #[test]
    fn what_is_remembered_of_shadows_and_their_rate_are_settings() {
        let settings = "shadow-history = 7\nshadow-history-age = \"30d\"\nshadow-rate = \"off\"";
        let config = parse(settings).expect("a file").server("d".into()).expect("a configuration");
        assert_eq!(config.shadow_history, HistoryBound { changes: 7, age_ms: 30 * 86_400_000 });
        assert_eq!(config.shadow_rate, Some(0));
        let config = Settings::default().server("d".into()).expect("a configuration");
        assert_eq!((config.shadow_history, config.shadow_rate), (HistoryBound::default(), None));
        assert!(parse("shadow-rate = \"0\"").is_err() && parse("shadow-history-age = \"soon\"").is_err());
    }

    #[test]
    fn an_unknown_word_in_the_file_is_refused() {
        for text in ["mqqt = \"1\"", "dialect = \"AWS\"", "api = \"nowhere\"", "tls443 = 443"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
