//! The policy that a new device begins with: its choice in, a name and perhaps a document out. Creates nothing.

use policy::Variables;
use registry::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refused;

/// Which policy a new device gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StarterPolicy {
    /// Its own client id, topics and shadow, in a policy of its name.
    #[default]
    Own,
    /// Everything. Good for a first try, and for nothing else.
    Open,
    /// One that exists.
    Name(String),
    /// A document of the device's own.
    Document(String),
}

/// A policy to attach; with a document it is made if it does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Starter {
    pub(crate) name: String,
    pub(crate) document: Option<String>,
}

/// The one policy of all devices that may do everything.
pub(crate) const OPEN: &str = "thingstead-open";

impl StarterPolicy {
    pub(crate) fn resolve(&self, scope: &Scope, device: &str) -> Result<Starter, Refused> {
        let made = |name: &str, document: Value| Starter {
            name: name.to_owned(),
            document: Some(document.to_string()),
        };
        Ok(match self {
            StarterPolicy::Own => made(&own_name(device), own(&prefix(scope), device)),
            StarterPolicy::Open => made(OPEN, open()),
            StarterPolicy::Name(name) => Starter { name: name.clone(), document: None },
            StarterPolicy::Document(text) => {
                policy::Document::parse(text)
                    .map_err(|fault| Refused::invalid(format!("the policy is not valid: {fault}")))?;
                Starter { name: own_name(device), document: Some(text.clone()) }
            }
        })
    }
}

/// The name of a device's own policy; colons may stand in the names of things alone.
pub(crate) fn own_name(device: &str) -> String {
    device.replace(':', ".")
}

fn prefix(scope: &Scope) -> String {
    let (account, region) = (scope.account().to_owned(), scope.region().to_owned());
    Variables { account, region, ..Variables::default() }.arn_prefix()
}

/// Its name is the first level of its topics, or one of the later ones: `pump-1/data`, `sensors/pump-1/data`. The
/// name itself and no variable, which would have no value over HTTPS.
fn own(prefix: &str, device: &str) -> Value {
    let each = |kind: &str| -> Vec<String> {
        [format!("{device}/*"), format!("*/{device}"), format!("*/{device}/*")]
            .map(|tail| format!("{prefix}{kind}/{tail}"))
            .to_vec()
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ConnectAsItself",
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": [format!("{prefix}client/{device}"), format!("{prefix}client/{device}-*")],
            },
            {
                "Sid": "UseItsOwnTopics",
                "Effect": "Allow",
                "Action": ["iot:Publish", "iot:RetainPublish", "iot:Receive"],
                "Resource": each("topic"),
            },
            {
                "Sid": "SubscribeToItsOwnTopics",
                "Effect": "Allow",
                "Action": "iot:Subscribe",
                "Resource": each("topicfilter"),
            },
        ],
    })
}

fn open() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "iot:*", "Resource": "*" }],
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use policy::{Access, Ask, Document, NamedDocument};

    use super::*;

    #[test]
    fn a_new_device_is_at_home_and_nowhere_else() {
        let starter = StarterPolicy::Own.resolve(&Scope::default(), "pump-1").expect("a policy");
        let document = Document::parse(&starter.document.expect("a document")).expect("valid");
        assert_eq!(document.lint(), []);
        let variables =
            Variables { account: "000000000000".into(), region: "us-east-1".into(), ..Variables::default() };
        let access = Access::compile(&[NamedDocument::new(starter.name, 1, Arc::new(document))], variables);
        for (ask, allowed) in [
            (Ask::connect("pump-1"), true),
            (Ask::connect("pump-1-display"), true),
            (Ask::connect("pump-10"), false),
            (Ask::publish("pump-1/data"), true),
            (Ask::publish("sensors/pump-1"), true),
            (Ask::publish("sensors/pump-1/data"), true),
            (Ask::publish("$aws/things/pump-1/shadow/update"), true),
            (Ask::publish("$aws/things/pump-2/shadow/update"), false),
            (Ask::publish("pump-10/data"), false),
            (Ask::publish("sensors/data"), false),
            (Ask::subscribe("pump-1/#"), true),
            (Ask::subscribe("#"), false),
            (Ask::receive("pump-1/commands"), true),
            (Ask::receive("pump-2/commands"), false),
        ] {
            assert_eq!(access.allows(&ask), allowed, "{ask}");
        }
    }
}
