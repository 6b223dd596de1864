//! Names and offsets of time zones as Joda and java.time write them in, zones of the bundled database out. It reads no
//! file and knows no place of this machine.

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// Short names that java.time reads, and where they hold. Summer time goes by the date, as there.
const SHORT: [(&str, &str); 30] = [
    ("ACDT", "Australia/Adelaide"),
    ("ACST", "Australia/Adelaide"),
    ("AEDT", "Australia/Sydney"),
    ("AEST", "Australia/Sydney"),
    ("AKDT", "America/Anchorage"),
    ("AKST", "America/Anchorage"),
    ("AWST", "Australia/Perth"),
    ("BST", "Europe/London"),
    ("CDT", "America/Chicago"),
    ("CEST", "Europe/Paris"),
    ("CET", "Europe/Paris"),
    ("CST", "America/Chicago"),
    ("EDT", "America/New_York"),
    ("EEST", "Europe/Bucharest"),
    ("EET", "Europe/Bucharest"),
    ("EST", "America/New_York"),
    ("GMT", "UTC"),
    ("HKT", "Asia/Hong_Kong"),
    ("HST", "Pacific/Honolulu"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("MDT", "America/Denver"),
    ("MSK", "Europe/Moscow"),
    ("MST", "America/Denver"),
    ("NZDT", "Pacific/Auckland"),
    ("NZST", "Pacific/Auckland"),
    ("PDT", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("WET", "Europe/Lisbon"),
];

/// A name of the database, in its own case.
fn named(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}

/// `Europe/Berlin`, `UTC`, `+05:30`.
pub(super) fn of_joda(text: &str) -> Option<TimeZone> {
    match text.starts_with(['+', '-']) {
        true => offset(text).filter(|(_, rest)| rest.is_empty()).map(|(offset, _)| TimeZone::fixed(offset)),
        false => named(text),
    }
}

/// A zone at the start of a text, and what follows it: `Z`, an offset, `UTC+01:00`, a name, or a short name too.
pub(super) fn of_java(text: &str, short: bool) -> Option<(TimeZone, &str)> {
    let of = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '_' | '-' | '+');
    let end = text.find(|letter: char| !of(&letter)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    if let Some(zone) = short.then(|| SHORT.iter().find(|(known, _)| *known == name)).flatten() {
        return Some((named(zone.1)?, rest));
    }
    if name == "Z" {
        return Some((TimeZone::UTC, rest));
    }
    if let Some(zone) = named(name) {
        return Some((zone, rest));
    }
    let signed = ["UTC", "GMT", "UT", ""]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix).filter(|rest| rest.starts_with(['+', '-'])))?;
    let (offset, rest) = offset(signed)?;
    Some((TimeZone::fixed(offset), rest))
}

/// `+h`, `+hh`, `+hhmm`, `+hh:mm`, `+hh:mm:ss` at the start of a text, and what follows.
pub(super) fn offset(text: &str) -> Option<(Offset, &str)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, mut rest) = match two(digits) {
        Some(two) => two,
        None => digits.split_at_checked(1).and_then(|(digit, rest)| Some((digit.parse().ok()?, rest)))?,
    };
    let mut parts = [hours, 0, 0];
    let colons = rest.starts_with(':');
    for part in parts.iter_mut().skip(1) {
        let next = if colons { rest.strip_prefix(':') } else { Some(rest) };
        let Some((value, after)) = next.and_then(two) else { break };
        (*part, rest) = (value, after);
    }
    let [hours, minutes, seconds] = parts;
    if hours > 18 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some((Offset::from_seconds(sign * (hours * 3600 + minutes * 60 + seconds)).ok()?, rest))
}

fn two(text: &str) -> Option<(i32, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| Some((digits.parse().ok()?, rest)))?
}

/// `+hh:mm`, with `sign` between hours and minutes; seconds only where there are some.
pub(super) fn written(offset: Offset, sign: &str) -> String {
    let seconds = offset.seconds().abs();
    let minus = if offset.seconds() < 0 { '-' } else { '+' };
    let mut text = format!("{minus}{:02}{sign}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 {
        text.push_str(&format!("{sign}{:02}", seconds % 60));
    }
    text
}
