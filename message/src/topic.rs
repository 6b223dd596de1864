//! A topic: text in, a topic every MQTT server accepts out; it applies no AWS quota (see `limits`).

use std::{fmt, ops::Deref, sync::Arc};

/// The longest string MQTT can carry.
pub(crate) const STRING_BYTES: usize = 65_535;

/// The name a message is published to: never empty, no wildcard, no NUL. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    #[error("the topic is empty; name at least one level")]
    Empty,
    #[error("the topic has {bytes} bytes; MQTT allows 65535")]
    TooLong { bytes: usize },
    #[error("the topic contains the wildcard '{wildcard}'; wildcards belong in subscriptions only")]
    Wildcard { wildcard: char },
    #[error("the topic contains the NUL character, which MQTT forbids; remove it")]
    Nul,
}

impl Topic {
    pub fn parse(text: &str) -> Result<Self, TopicError> {
        Self::check(text)?;
        Ok(Self(Arc::from(text)))
    }

    /// Whether `parse` would accept the text, without allocating.
    pub fn check(text: &str) -> Result<(), TopicError> {
        if text.is_empty() {
            return Err(TopicError::Empty);
        }
        if text.len() > STRING_BYTES {
            return Err(TopicError::TooLong { bytes: text.len() });
        }
        match text.bytes().find(|byte| matches!(byte, b'+' | b'#' | 0)) {
            None => Ok(()),
            Some(0) => Err(TopicError::Nul),
            Some(wildcard) => Err(TopicError::Wildcard { wildcard: char::from(wildcard) }),
        }
    }

    /// Whether the topic starts with `$`, as the service's own topics do.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('$')
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Topic {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Topic {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Topic {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), TopicError>) {
        assert_eq!(Topic::check(text), expected, "{text:?}");
        assert_eq!(Topic::parse(text).map(|topic| assert_eq!(topic.as_str(), text)), expected, "{text:?}");
    }

    #[test]
    fn a_topic_is_refused_for_what_mqtt_forbids_only() {
        check("a", Ok(()));
        check("/", Ok(()));
        check("a//b/", Ok(()));
        check("Accounts payable", Ok(()));
        check("a/$b", Ok(()));
        check("$aws/things/x/shadow/get", Ok(()));
        check("größe/°C/\u{1F321}", Ok(()));
        check("", Err(TopicError::Empty));
        check("a/+", Err(TopicError::Wildcard { wildcard: '+' }));
        check("a+b", Err(TopicError::Wildcard { wildcard: '+' }));
        check("#", Err(TopicError::Wildcard { wildcard: '#' }));
        check("a\0b", Err(TopicError::Nul));
        check(&"a".repeat(65_535), Ok(()));
        check(&"a".repeat(65_536), Err(TopicError::TooLong { bytes: 65_536 }));
    }

    #[test]
    fn a_dollar_counts_at_the_start_only() {
        let reserved = |text| Topic::parse(text).is_ok_and(|topic| topic.is_reserved());
        assert!(reserved("$aws/x"));
        assert!(reserved("$"));
        assert!(!reserved("a/$aws"));
    }
}
