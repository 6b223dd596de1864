//! What a republish names in; the topic, or why a rule may not publish there, out. Publishes nothing.

use message::limits::check_topic;
use message::{Reserved, Topic, can_publish};

/// # Errors
/// AWS lets no rule publish there, in words.
pub fn target(text: &str) -> Result<Topic, String> {
    let topic = Topic::parse(text).map_err(|error| error.to_string())?;
    check_topic(&topic).map_err(|limit| limit.to_string())?;
    if topic.is_reserved() {
        if !can_publish(&topic) {
            return Err(format!("nobody may publish to {topic}"));
        }
        if matches!(Reserved::parse(&topic), Some(Reserved::Jobs { .. })) {
            return Err(format!("{topic}: AWS republishes to no topic of jobs"));
        }
    }
    Ok(topic)
}
