//! Actions as data: what one is told to do, its texts still templates or already resolved. Does none of it.

use serde::{Deserialize, Serialize};

use crate::address::without_query;

/// Declares actions. `text` fields are templates, `maybe` ones may be left out, `pairs` are names with values; `plain`
/// ones hold for every message alike. The first word is the action's name in AWS's payload, the second the one that
/// error documents use.
macro_rules! actions {
    ($(
        $(#[$note:meta])*
        $name:ident $word:literal $failed:literal {
            plain { $($plain:ident: $type:ty),* }
            text { $($text:ident),* }
            maybe { $($maybe:ident),* }
            pairs { $($pairs:ident),* }
        }
    )*) => {
        $(
            $(#[$note])*
            #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
            pub struct $name<T> {
                $(pub $plain: $type,)*
                $(pub $text: T,)*
                $(pub $maybe: Option<T>,)*
                $(pub $pairs: Vec<(T, T)>,)*
            }

            impl<T> $name<T> {
                fn map<U, E>(
                    &self,
                    each: &mut impl FnMut(&'static str, &T) -> Result<U, E>,
                ) -> Result<$name<U>, E> {
                    let _ = &each;
                    Ok($name {
                        $($plain: self.$plain.clone(),)*
                        $($text: each(stringify!($text), &self.$text)?,)*
                        $($maybe: match &self.$maybe {
                            Some(text) => Some(each(stringify!($maybe), text)?),
                            None => None,
                        },)*
                        $($pairs: map_pairs(stringify!($pairs), &self.$pairs, each)?,)*
                    })
                }
            }
        )*

        /// One action. `T` is a template's text, a template, or what it came to.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Action<T> {
            $($name($name<T>),)*
        }

        impl<T> Action<T> {
            /// Its name in a rule's payload.
            pub fn word(&self) -> &'static str {
                match self {
                    $(Action::$name(_) => $word,)*
                }
            }

            /// Its name in an error document.
            pub fn failed(&self) -> &'static str {
                match self {
                    $(Action::$name(_) => $failed,)*
                }
            }

            /// The same action with every text made into something else; `each` also gets the field's name.
            ///
            /// # Errors
            /// The first that `each` gives back.
            pub fn map<U, E>(
                &self,
                mut each: impl FnMut(&'static str, &T) -> Result<U, E>,
            ) -> Result<Action<U>, E> {
                Ok(match self {
                    $(Action::$name(action) => Action::$name(action.map(&mut each)?),)*
                })
            }
        }
    };
}

fn map_pairs<T, U, E>(
    field: &'static str,
    pairs: &[(T, T)],
    each: &mut impl FnMut(&'static str, &T) -> Result<U, E>,
) -> Result<Vec<(U, U)>, E> {
    pairs.iter().map(|(name, value)| Ok((each(field, name)?, each(field, value)?))).collect()
}

actions! {
    /// Publishes the result.
    Republish "republish" "RepublishAction" {
        plain { qos: u8, role: String }
        text { topic }
        maybe { payload_format, content_type, response_topic, correlation_data, message_expiry }
        pairs { user_properties }
    }

    /// Writes the result to a log group of the house.
    Logs "cloudwatchLogs" "CloudwatchLogsAction" {
        plain { batch: bool, role: String }
        text { group }
        maybe { }
        pairs { }
    }

    /// Posts the result.
    Http "http" "HttpAction" {
        plain { signed: Option<Signed> }
        text { url }
        maybe { confirmation_url }
        pairs { headers }
    }

    /// Puts one object for each message.
    S3 "s3" "S3Action" {
        plain { canned_acl: Option<String>, role: String }
        text { bucket, key }
        maybe { }
        pairs { }
    }

    /// Puts a record into a delivery stream; in a batch, one for each element of the result.
    Firehose "firehose" "FirehoseAction" {
        plain { separator: Option<String>, batch: bool, role: String }
        text { stream }
        maybe { }
        pairs { }
    }

    /// Invokes a function and waits for nothing.
    Lambda "lambda" "LambdaAction" {
        plain { }
        text { function }
        maybe { }
        pairs { }
    }

    /// Sends the result to a queue.
    Sqs "sqs" "SqsAction" {
        plain { base64: bool, role: String }
        text { queue_url }
        maybe { }
        pairs { }
    }

    /// Publishes the result to a topic of SNS.
    Sns "sns" "SnsAction" {
        plain { json: bool, role: String }
        text { target }
        maybe { }
        pairs { }
    }

    /// Puts a record into a Kinesis stream.
    Kinesis "kinesis" "KinesisAction" {
        plain { role: String }
        text { stream }
        maybe { partition_key }
        pairs { }
    }

    /// Writes one item whose one attribute is the result.
    DynamoDb "dynamoDB" "DynamoDBAction" {
        plain { hash_is_number: bool, range_is_number: bool, role: String }
        text { table, hash_field, hash_value }
        maybe { range_field, range_value, payload_field, operation }
        pairs { }
    }

    /// Writes one item with an attribute for each key of the result.
    DynamoDbV2 "dynamoDBv2" "DynamoDBv2Action" {
        plain { role: String }
        text { table }
        maybe { }
        pairs { }
    }
}

/// A request that is signed as AWS's own are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub region: String,
    pub service: String,
    pub role: String,
}

impl<T> Action<T> {
    /// The role in whose name it is done, of those that have one.
    pub fn role(&self) -> Option<&str> {
        match self {
            Action::Republish(Republish { role, .. })
            | Action::Logs(Logs { role, .. })
            | Action::S3(S3 { role, .. })
            | Action::Firehose(Firehose { role, .. })
            | Action::Sqs(Sqs { role, .. })
            | Action::Sns(Sns { role, .. })
            | Action::Kinesis(Kinesis { role, .. })
            | Action::DynamoDb(DynamoDb { role, .. })
            | Action::DynamoDbV2(DynamoDbV2 { role, .. }) => Some(role),
            Action::Http(http) => http.signed.as_ref().map(|signed| signed.role.as_str()),
            Action::Lambda(_) => None,
        }
    }

    /// What it is done to: a topic, a bucket, a URL.
    pub fn resource(&self) -> &T {
        match self {
            Action::Republish(action) => &action.topic,
            Action::Logs(action) => &action.group,
            Action::Http(action) => &action.url,
            Action::S3(action) => &action.bucket,
            Action::Firehose(action) => &action.stream,
            Action::Lambda(action) => &action.function,
            Action::Sqs(action) => &action.queue_url,
            Action::Sns(action) => &action.target,
            Action::Kinesis(action) => &action.stream,
            Action::DynamoDb(action) => &action.table,
            Action::DynamoDbV2(action) => &action.table,
        }
    }

    /// Whether it takes the disk. A message that nobody acknowledges does not, unless it asks something of the house.
    pub fn needs_disk(&self, text: impl Fn(&T) -> &str) -> bool {
        match self {
            Action::Republish(republish) => republish.qos > 0 || text(&republish.topic).starts_with('$'),
            _ => true,
        }
    }

    /// True for those that end in the house: they are part of the message's own commit.
    pub fn stays(&self) -> bool {
        matches!(self, Action::Republish(_) | Action::Logs(_))
    }
}

impl Action<String> {
    /// The resource as people are shown it, in logs and error documents: a URL's query may carry keys.
    pub fn shown_resource(&self) -> &str {
        match self {
            Action::Http(action) => without_query(&action.url),
            other => other.resource(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_query() {
        let url = "http://127.0.0.1:1/in?token=TOPSECRET".to_owned();
        let post = Action::Http(Http { url: url.clone(), ..Http::default() });
        assert_eq!((post.shown_resource(), post.resource()), ("http://127.0.0.1:1/in", &url));
        let put = Action::S3(S3 { bucket: "b?c".to_owned(), ..S3::default() });
        assert_eq!(put.shown_resource(), "b?c");
    }
}
