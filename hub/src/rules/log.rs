//! A rule's log action: its result in, events in a log group of the house out, in the message's own commit.

use ::logs::Event;
use broker::ScopeId;
use rules::action::Logs;
use sql::{Value, Version};

use crate::Link;
use crate::logs::LogBatch;
use crate::plan::Plan;
use crate::world::Hub;

impl<L: Link> Hub<L> {
    /// The stream has the rule's name; the group must exist, as on AWS.
    pub(super) fn log_result(
        &mut self,
        scope: ScopeId,
        rule: &str,
        action: &Logs<String>,
        payload: &[u8],
        plan: &mut Plan<L>,
    ) -> Result<String, String> {
        let now_ms = self.now_ms;
        let mut events = events(action.batch, payload, now_ms)?;
        events.sort_by_key(|event| event.timestamp_ms);
        let batch = LogBatch { group: &action.group, stream: rule, events: &events, makes_stream: true };
        let logged = self.append_log(now_ms, scope, &batch, plan).map_err(|error| error.to_string())?;
        let rejected = logged.rejected;
        if rejected != Default::default() {
            return Err(format!(
                "events outside the times that {} takes were left out: {rejected:?}",
                action.group
            ));
        }
        Ok(format!("{} event(s) in log group {}", events.len(), action.group))
    }
}

/// One event, or in a batch those that the result lists.
fn events(is_batch: bool, payload: &[u8], now_ms: u64) -> Result<Vec<Event>, String> {
    if !is_batch {
        let message = String::from_utf8(payload.to_vec()).map_err(|_| "the result is no text".to_owned())?;
        return Ok(vec![Event { timestamp_ms: now_ms, message }]);
    }
    const SHAPE: &str = "in a batch the result is [{\"timestamp\":MILLISECONDS,\"message\":TEXT},…]";
    let text = std::str::from_utf8(payload).map_err(|_| SHAPE.to_owned())?;
    let Some(Value::Array(listed)) = sql::json::read(text, Version::V2016) else {
        return Err(SHAPE.to_owned());
    };
    listed.iter().map(|one| event(one).ok_or_else(|| SHAPE.to_owned())).collect()
}

fn event(listed: &Value) -> Option<Event> {
    let Value::Object(members) = listed else { return None };
    match (members.get("timestamp")?, members.get("message")?) {
        (Value::Int(at), Value::String(message)) => {
            Some(Event { timestamp_ms: u64::try_from(*at).ok()?, message: message.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_what_the_result_lists_and_nothing_else() {
        let check = |payload: &str| events(true, payload.as_bytes(), 7).ok().map(|events| events.len());
        assert_eq!(check(r#"[{"timestamp":1,"message":"a"},{"timestamp":2,"message":"b"}]"#), Some(2));
        for wrong in [
            "{}",
            "1",
            "",
            r#"[{"timestamp":"1","message":"a"}]"#,
            r#"[{"timestamp":-1,"message":"a"}]"#,
            "[1]",
        ] {
            assert_eq!(check(wrong), None, "{wrong}");
        }
        let single = events(false, b"[1]", 7).expect("any text");
        assert_eq!(single, [Event { timestamp_ms: 7, message: "[1]".to_owned() }]);
    }
}
