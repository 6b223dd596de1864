//! Names and tags in, whether AWS would take them out.

use std::collections::BTreeMap;

use crate::limits::{NAME_LETTERS, RETENTION_DAYS, TAG_KEY_LETTERS, TAG_VALUE_LETTERS, TAGS};
use crate::refusal::Refusal;

pub(crate) fn check_group(name: &str) -> Result<(), Refusal> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte);
    let fits = !name.is_empty() && name.len() <= NAME_LETTERS && name.bytes().all(is_letter);
    if fits { Ok(()) } else { Err(Refusal::GroupName) }
}

pub(crate) fn check_stream(name: &str) -> Result<(), Refusal> {
    let fits = !name.is_empty() && name.chars().count() <= NAME_LETTERS && !name.contains([':', '*', '\0']);
    if fits { Ok(()) } else { Err(Refusal::StreamName) }
}

pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > TAGS {
        return Err(Refusal::TooManyTags(TAGS));
    }
    let fits = |(key, value): (&String, &String)| {
        let letters = key.chars().count();
        let own = key.get(..4).is_none_or(|start| !start.eq_ignore_ascii_case("aws:"));
        own && (1..=TAG_KEY_LETTERS).contains(&letters) && value.chars().count() <= TAG_VALUE_LETTERS
    };
    if tags.iter().all(fits) { Ok(()) } else { Err(Refusal::Tag) }
}

pub(crate) fn retention(days: i64) -> Result<u16, Refusal> {
    let fits = u16::try_from(days).ok().filter(|days| RETENTION_DAYS.contains(days));
    fits.ok_or(Refusal::Retention(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_aws_takes() {
        let group = |name: &str, fits: bool| assert_eq!(check_group(name).is_ok(), fits, "{name}");
        group("/aws/iot/rules-1_a.b#c", true);
        group("", false);
        group("a b", false);
        group("ä", false);
        group(&"a".repeat(512), true);
        group(&"a".repeat(513), false);
        let stream = |name: &str, fits: bool| assert_eq!(check_stream(name).is_ok(), fits, "{name}");
        stream("2026/01/02/[$LATEST]ä b", true);
        stream("a:b", false);
        stream("a*", false);
        stream("a\0", false);
        stream("", false);
    }

    #[test]
    fn retention_is_one_of_aws_s_days() {
        assert_eq!(retention(14), Ok(14));
        for days in [0, 2, -1, 100_000] {
            assert_eq!(retention(days), Err(Refusal::Retention(days)));
        }
    }
}
