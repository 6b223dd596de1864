//! Which actions can be done here: an action in, yes or the reason why not out.

use std::collections::BTreeSet;

use crate::action::Action;

/// AWS services outside the house that an endpoint is configured for, by AWS's short names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Services {
    configured: BTreeSet<String>,
}

impl Services {
    pub fn new(configured: impl IntoIterator<Item = String>) -> Services {
        Services { configured: configured.into_iter().collect() }
    }

    /// # Errors
    /// The action would come to nothing here, in words.
    pub fn check<T>(&self, action: &Action<T>) -> Result<(), String> {
        match service(action) {
            None => Ok(()),
            Some(service) if self.configured.contains(service) => Ok(()),
            Some(service) => Err(unconfigured(action.word(), service)),
        }
    }
}

/// The AWS service that an action needs, if it is none of the house's own.
pub fn service<T>(action: &Action<T>) -> Option<&'static str> {
    match action {
        Action::Republish(_) | Action::Logs(_) | Action::Http(_) => None,
        Action::S3(_) => Some("s3"),
        Action::Firehose(_) => Some("firehose"),
        Action::Lambda(_) => Some("lambda"),
        Action::Sqs(_) => Some("sqs"),
        Action::Sns(_) => Some("sns"),
        Action::Kinesis(_) => Some("kinesis"),
        Action::DynamoDb(_) | Action::DynamoDbV2(_) => Some("dynamodb"),
    }
}

fn unconfigured(word: &str, service: &str) -> String {
    format!(
        "the {word} action needs {service}, which is not part of Thingstead: start it with `--endpoint {service}=URL`, \
         where URL is AWS's or that of anything compatible"
    )
}
