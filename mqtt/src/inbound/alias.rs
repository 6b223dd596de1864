//! Topic aliases the peer defined, alias in, topic out. Bounded by the maximum we announced.

use crate::ReasonCode;
use crate::decode::DecodeError;

/// The topic of alias n stands at n - 1; empty: not defined.
#[derive(Debug, Default)]
pub(super) struct AliasTable {
    topics: Vec<Box<str>>,
}

impl AliasTable {
    /// Defines `alias` as `topic`, or looks it up when the topic is empty (MQTT 5.0 section 3.3.2.3.4). The
    /// table is made by the first definition.
    pub(super) fn resolve<'a>(
        table: &'a mut Option<Box<Self>>,
        alias: u16,
        topic: &'a str,
        maximum: u16,
    ) -> Result<&'a str, DecodeError> {
        let error = |what| DecodeError { reason: ReasonCode::TopicAliasInvalid, packet: "PUBLISH", what };
        let at = match alias.checked_sub(1) {
            Some(at) if alias <= maximum => usize::from(at),
            _ => {
                return Err(error(
                    "the topic alias is above the topic alias maximum [5.0 section 3.3.2.3.4]",
                ));
            }
        };
        if topic.is_empty() {
            let known = table.as_ref().and_then(|table| table.topics.get(at));
            return known.map(|topic| &**topic).filter(|topic| !topic.is_empty()).ok_or_else(|| {
                error("the topic alias was never defined; send the topic once [5.0 section 3.3.2.3.4]")
            });
        }
        let topics = &mut table.get_or_insert_default().topics;
        if topics.len() <= at {
            topics.resize_with(at + 1, Box::default);
        }
        if let Some(slot) = topics.get_mut(at)
            && **slot != *topic
        {
            *slot = topic.into();
        }
        Ok(topic)
    }
}
