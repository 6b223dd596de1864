//! Endpoints and keys as people write them in, the server's settings for calls to other machines out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use aws::outgoing::{Keys, Outside};
use aws::value::Secret;
use serde::Deserialize;
use server::outgoing::OutsideSettings;

/// `SERVICE=URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    service: Outside,
    url: String,
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        let (service, url) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?} is no endpoint: write one like sqs=http://localhost:9324"))?;
        Ok(Endpoint { service: service.parse()?, url: url.to_owned() })
    }
}

/// Keys in the file, where the environment must not hold them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct EndpointKeys {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl fmt::Debug for EndpointKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("EndpointKeys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A flag wins over the file, and the file over the environment, which is read only if there is an endpoint.
pub(crate) fn settings(
    flags: Vec<Endpoint>,
    file: BTreeMap<String, String>,
    keys: Option<EndpointKeys>,
    ca: Option<PathBuf>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<OutsideSettings> {
    let mut endpoints = BTreeMap::new();
    for (service, url) in file {
        let service: Outside =
            service.parse().map_err(|why: String| anyhow::anyhow!("[endpoints]: {why}"))?;
        endpoints.insert(service, url);
    }
    endpoints.extend(flags.into_iter().map(|endpoint| (endpoint.service, endpoint.url)));
    let keys = match keys {
        Some(EndpointKeys { access_key_id, secret_access_key, session_token }) => {
            Some(of(access_key_id, secret_access_key, session_token))
        }
        None if endpoints.is_empty() => None,
        None => {
            let given = |name: &str| variable(name).filter(|value| !value.is_empty());
            match (given("AWS_ACCESS_KEY_ID"), given("AWS_SECRET_ACCESS_KEY")) {
                (Some(id), Some(secret)) => Some(of(id, secret, given("AWS_SESSION_TOKEN"))),
                (None, None) => None,
                (Some(_), None) => {
                    bail!("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both or none")
                }
                (None, Some(_)) => {
                    bail!("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not: set both or none")
                }
            }
        }
    };
    Ok(OutsideSettings { endpoints, keys, ca })
}

fn of(access_key: String, secret: String, session_token: Option<String>) -> Keys {
    Keys { access_key, secret: Secret(secret), session_token: session_token.map(Secret) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(variables: &[(&str, &str)], keys: Option<EndpointKeys>) -> Result<OutsideSettings> {
        let file = BTreeMap::from([
            ("sqs".to_owned(), "http://a".to_owned()),
            ("sns".to_owned(), "http://b".to_owned()),
        ]);
        let flags = vec!["sqs=http://c:1".parse().expect("an endpoint")];
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
        settings(flags, file, keys, None, variable)
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let made = made(&[], None).expect("settings");
        assert_eq!(made.endpoints[&Outside::Sqs], "http://c:1");
        assert_eq!(made.endpoints[&Outside::Sns], "http://b");
        assert_eq!(made.keys, None);
    }

    #[test]
    fn keys_are_those_of_the_file_or_of_the_environment() {
        let variables =
            [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hidden"), ("AWS_SESSION_TOKEN", "")];
        let keys = made(&variables, None).expect("settings").keys.expect("keys");
        assert_eq!((keys.access_key.as_str(), keys.session_token), ("id", None));
        let of_file = EndpointKeys {
            access_key_id: "other".into(),
            secret_access_key: "hidden".into(),
            session_token: Some("hidden".into()),
        };
        assert!(!format!("{of_file:?}").contains("hidden"));
        let keys = made(&variables, Some(of_file)).expect("settings").keys.expect("keys");
        assert_eq!(keys.access_key, "other");
        assert!(
            made(&variables[..1], None).expect_err("half a key").to_string().contains("set both or none")
        );
        let none =
            settings(Vec::new(), BTreeMap::new(), None, None, |_| panic!("nobody asked for the environment"));
        assert_eq!(none.expect("settings"), OutsideSettings::default());
    }

    #[test]
    fn an_endpoint_is_a_service_and_a_url() {
        for (text, words) in [("sqs", "sqs=http"), ("s4=http://a", "no service"), ("=http://a", "no service")]
        {
            assert!(text.parse::<Endpoint>().expect_err(text).contains(words), "{text}");
        }
        assert_eq!("s3=http://a/?b=c".parse::<Endpoint>().expect("an endpoint").url, "http://a/?b=c");
    }
}
