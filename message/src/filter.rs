//! A topic filter: the text of a SUBSCRIBE in, its share name and pattern out; it applies no AWS quota (see `limits`).

use std::{fmt, sync::Arc};

use crate::{Dialect, pattern_matches, topic::STRING_BYTES};

const SHARE_PREFIX: &str = "$share/";

/// What a client subscribes to. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    text: Arc<str>,
    /// Where the pattern starts: behind `$share/NAME/`, else 0.
    pattern_at: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error("the filter is empty; name at least one level")]
    Empty,
    #[error("the filter has {bytes} bytes; MQTT allows 65535")]
    TooLong { bytes: usize },
    #[error("the filter contains the NUL character, which MQTT forbids; remove it")]
    Nul,
    #[error("'#' is not the last level of the filter; move it to the end")]
    HashNotLast,
    #[error("'#' shares its level with other characters; write it alone, as in \"a/#\"")]
    HashNotAlone,
    #[error("'+' shares its level with other characters; write it alone, as in \"a/+/b\"")]
    PlusNotAlone,
    #[error("the share name is empty; write $share/NAME/FILTER")]
    ShareNameEmpty,
    #[error("the share name contains '+' or '#'; choose a name without them")]
    ShareNameWildcard,
    #[error("no filter follows the share name; write $share/NAME/FILTER")]
    ShareWithoutFilter,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let pattern_at = pattern_start(text)?;
        Ok(Self { text: Arc::from(text), pattern_at })
    }

    /// Whether `parse` would accept the text, without allocating.
    pub fn check(text: &str) -> Result<(), FilterError> {
        pattern_start(text).map(drop)
    }

    /// The whole text, with `$share/NAME/` where it has one.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn share(&self) -> Option<&str> {
        let end = (self.pattern_at as usize).checked_sub(1)?;
        self.text.get(SHARE_PREFIX.len()..end)
    }

    /// The filter without its `$share/NAME/`.
    pub fn pattern(&self) -> &str {
        self.text.get(self.pattern_at as usize..).unwrap_or_default()
    }

    pub fn has_wildcard(&self) -> bool {
        self.pattern().bytes().any(|byte| matches!(byte, b'+' | b'#'))
    }

    pub fn matches(&self, topic: &str, dialect: Dialect) -> bool {
        pattern_matches(self.pattern(), topic, dialect)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, out)
    }
}

fn pattern_start(text: &str) -> Result<u32, FilterError> {
    if text.is_empty() {
        return Err(FilterError::Empty);
    }
    if text.len() > STRING_BYTES {
        return Err(FilterError::TooLong { bytes: text.len() });
    }
    if text.bytes().any(|byte| byte == 0) {
        return Err(FilterError::Nul);
    }
    let Some(shared) = text.strip_prefix(SHARE_PREFIX) else {
        return check_pattern(text).map(|()| 0);
    };
    let (name, pattern) = shared.split_once('/').unwrap_or((shared, ""));
    if name.is_empty() {
        return Err(FilterError::ShareNameEmpty);
    }
    if name.contains(['+', '#']) {
        return Err(FilterError::ShareNameWildcard);
    }
    if pattern.is_empty() {
        return Err(FilterError::ShareWithoutFilter);
    }
    check_pattern(pattern)?;
    Ok((SHARE_PREFIX.len() + name.len() + 1) as u32)
}

fn check_pattern(pattern: &str) -> Result<(), FilterError> {
    let mut hash_seen = false;
    for level in pattern.split('/') {
        if hash_seen {
            return Err(FilterError::HashNotLast);
        }
        match level {
            "#" => hash_seen = true,
            "+" => {}
            _ => match level.bytes().find(|byte| matches!(byte, b'+' | b'#')) {
                None => {}
                Some(b'+') => return Err(FilterError::PlusNotAlone),
                Some(_) => return Err(FilterError::HashNotAlone),
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(Option<&str>, &str), FilterError>) {
        let filter = Filter::parse(text);
        let parts = filter.as_ref().map(|filter| (filter.share(), filter.pattern())).map_err(|error| *error);
        assert_eq!(parts, expected, "{text:?}");
        assert_eq!(Filter::check(text), expected.map(drop), "{text:?}");
    }

    #[test]
    fn wildcards_stand_alone_and_a_hash_comes_last() {
        for text in
            ["a", "#", "+", "/", "/+", "+/", "a/+/b", "sport/tennis/#", "+/+/#", "a//b", "$aws/+/x", "$share"]
        {
            check(text, Ok((None, text)));
        }
        check("", Err(FilterError::Empty));
        check("sport/tennis#", Err(FilterError::HashNotAlone));
        check("sport/tennis/#/ranking", Err(FilterError::HashNotLast));
        check("#/", Err(FilterError::HashNotLast));
        check("sport+", Err(FilterError::PlusNotAlone));
        check("++", Err(FilterError::PlusNotAlone));
        check("a/+b/c", Err(FilterError::PlusNotAlone));
        check("a\0", Err(FilterError::Nul));
        check(&"a".repeat(65_536), Err(FilterError::TooLong { bytes: 65_536 }));
    }

    #[test]
    fn a_share_name_is_split_from_its_pattern() {
        check("$share/g/a/+", Ok((Some("g"), "a/+")));
        check("$share/g//", Ok((Some("g"), "/")));
        check("$share/g/#", Ok((Some("g"), "#")));
        check("$share/größe/$aws/x", Ok((Some("größe"), "$aws/x")));
        check("$shared/g/a", Ok((None, "$shared/g/a")));
        check("a/$share/g", Ok((None, "a/$share/g")));
        check("$share/", Err(FilterError::ShareNameEmpty));
        check("$share//a", Err(FilterError::ShareNameEmpty));
        check("$share/g", Err(FilterError::ShareWithoutFilter));
        check("$share/g/", Err(FilterError::ShareWithoutFilter));
        check("$share/+/a", Err(FilterError::ShareNameWildcard));
        check("$share/g#/a", Err(FilterError::ShareNameWildcard));
        check("$share/g/a/#/b", Err(FilterError::HashNotLast));
    }

    #[test]
    fn only_the_pattern_makes_a_filter_wild() {
        let wild = |text| Filter::parse(text).is_ok_and(|filter| filter.has_wildcard());
        assert!(wild("a/+"));
        assert!(wild("$share/g/#"));
        assert!(!wild("$share/g/a"));
        assert!(!wild("a/b"));
    }

    #[test]
    fn a_shared_filter_matches_by_its_pattern() {
        let filter = Filter::parse("$share/g/a/+").expect("valid");
        assert!(filter.matches("a/b", Dialect::Aws));
        assert!(!filter.matches("$share/g/a/b", Dialect::Aws));
        assert_eq!(filter.to_string(), "$share/g/a/+");
    }
}
