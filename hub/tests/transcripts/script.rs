//! The words of an event in, values out. Knows no hub.
//!
//! `connect LINK CLIENT v5|v311 [clean] [expiry=S] [keepalive=S] [will=TOPIC:QOS:TEXT] [willdelay=S] [willexpiry=S]
//! [willretain] [denied] [allow=ACTION:TAIL,…] [thing=NAME]` · `access LINK [denied] [allow=…]` · `review CLIENT` · `bye LINK [expiry=S] [sent=SEQ]` · `lost LINK [reason=NAME] [sent=SEQ]` ·
//! `subscribe LINK FILTER:QOS[:nl][:rap][:rh1|rh2]… [id=N]` · `unsubscribe LINK FILTER…` ·
//! `publish LINK TOPIC QOS [TEXT] [pid=N] [retain] [expiry=S]` · `taken LINK SEQ…` · `received LINK SEQ` ·
//! `released LINK PID` · `fetch LINK FROM MOST` · `drop CLIENT [clean] [will]` · `wait SECONDS` · `disk full|room` ·
//! `rule NAME [off] [topic=TOPIC] [qos=N] [http=URL] [onerror=TOPIC] SQL…` · `unrule NAME` · `worked SEQ [fails]` ·
//! `letters` ·
//! `crash` · `stuff CLIENT` (fills its mailbox to the byte, over a crash) · `state`

use broker::presence::DisconnectReason;
use message::QoS;

/// One event's words.
pub(crate) struct Words<'a> {
    words: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(crate) fn of(event: &'a str) -> Words<'a> {
        Words { words: event.split_whitespace().collect() }
    }

    /// The word at a place that must be there.
    pub(crate) fn at(&self, place: usize) -> Result<&'a str, String> {
        self.words.get(place).copied().ok_or_else(|| format!("word {place} is missing"))
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, place: usize) -> Result<T, String> {
        let word = self.at(place)?;
        word.parse().map_err(|_| format!("{word} is not a number that fits"))
    }

    pub(crate) fn from(&self, place: usize) -> impl Iterator<Item = &'a str> {
        self.words.iter().skip(place).copied()
    }

    /// Everything from the first word that is one of these on.
    pub(crate) fn text_from(&self, beginnings: &[&str]) -> String {
        let at = self.words.iter().position(|word| beginnings.contains(word)).unwrap_or(self.words.len());
        self.words.get(at..).unwrap_or_default().join(" ")
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.words.contains(&flag)
    }

    /// The value of `name=value`.
    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    pub(crate) fn value_as<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| format!("{name}={value} is not a number that fits"))
    }
}

pub(crate) fn qos(word: &str) -> Result<QoS, String> {
    word.parse().ok().and_then(QoS::from_u8).ok_or_else(|| format!("{word} is no QoS"))
}

pub(crate) fn reason(name: &str) -> Result<DisconnectReason, String> {
    DisconnectReason::ALL
        .into_iter()
        .find(|r| r.as_str() == name)
        .ok_or_else(|| format!("{name} is no reason"))
}
