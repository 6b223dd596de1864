//! One pattern against one topic: two texts in, yes or no out; it does not check that either is well formed.

use crate::Dialect;

/// Whether a filter without its share name selects the topic.
pub fn pattern_matches(pattern: &str, topic: &str, dialect: Dialect) -> bool {
    if topic.starts_with('$') && pattern.starts_with(['+', '#']) {
        return false;
    }
    match follow(pattern, Some(topic), dialect) {
        Followed::Everything | Followed::To(None) => true,
        Followed::To(Some(_)) | Followed::Nowhere => false,
    }
}

/// Where a run of pattern levels leads in a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Followed<'t> {
    /// A level differs, or the topic is too short.
    Nowhere,
    /// All levels of the run agree; these levels of the topic are left (`None`: none, not an empty one).
    To(Option<&'t str>),
    /// The run ended in `#`, which takes all that is left.
    Everything,
}

/// Consumes the levels of the topic that the run of pattern levels names.
pub(crate) fn follow<'t>(run: &str, topic: Option<&'t str>, dialect: Dialect) -> Followed<'t> {
    let mut run_left = Some(run);
    let mut topic_left = topic;
    while let Some(run) = run_left {
        if run == "#" {
            let taken = topic_left.is_some() || dialect == Dialect::Standard;
            return if taken { Followed::Everything } else { Followed::Nowhere };
        }
        let Some(topic) = topic_left else { return Followed::Nowhere };
        let (wanted, run_rest) = split_level(run);
        let (level, topic_rest) = split_level(topic);
        if wanted != level && wanted != "+" {
            return Followed::Nowhere;
        }
        run_left = run_rest;
        topic_left = topic_rest;
    }
    Followed::To(topic_left)
}

/// The first level, and the levels behind it if there are any.
pub(crate) fn split_level(levels: &str) -> (&str, Option<&str>) {
    // Levels are short: going through their bytes beats a search that is made for long texts.
    let end = levels.bytes().position(|byte| byte == b'/');
    match end.and_then(|end| Some((levels.get(..end)?, levels.get(end + 1..)?))) {
        Some((level, rest)) => (level, Some(rest)),
        None => (levels, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, topic: &str, standard: bool, aws: bool) {
        assert_eq!(
            pattern_matches(pattern, topic, Dialect::Standard),
            standard,
            "{pattern} {topic} standard"
        );
        assert_eq!(pattern_matches(pattern, topic, Dialect::Aws), aws, "{pattern} {topic} aws");
    }

    fn both(pattern: &str, topic: &str, expected: bool) {
        check(pattern, topic, expected, expected);
    }

    #[test]
    fn hash_takes_every_level_below_and_in_the_standard_its_parent() {
        both("sport/tennis/player1/#", "sport/tennis/player1/ranking", true);
        both("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true);
        check("sport/tennis/player1/#", "sport/tennis/player1", true, false);
        check("sport/#", "sport", true, false);
        both("sport/#", "sport/", true);
        both("sport/#", "sports", false);
        both("#", "a", true);
        both("#", "/", true);
        both("#", "a/b/c", true);
        check("+/#", "a", true, false);
        both("+/#", "a/", true);
        check("a/+/#", "a/b", true, false);
        both("a/+/#", "a", false);
        check("/#", "", true, false);
        both("/#", "/", true);
    }

    #[test]
    fn plus_takes_exactly_one_level_even_an_empty_one() {
        both("sport/tennis/+", "sport/tennis/player1", true);
        both("sport/tennis/+", "sport/tennis/player1/ranking", false);
        both("sport/+", "sport", false);
        both("sport/+", "sport/", true);
        both("+/+", "/finance", true);
        both("/+", "/finance", true);
        both("+", "/finance", false);
        both("+", "finance", true);
        both("a/+/c", "a//c", true);
        both("a/+/c", "a/c", false);
        both("+/b", "a/b", true);
        both("+/b", "a/b/", false);
    }

    #[test]
    fn a_first_wildcard_never_selects_a_dollar_topic() {
        both("#", "$SYS/broker", false);
        both("+/monitor/Clients", "$SYS/monitor/Clients", false);
        both("$SYS/#", "$SYS/", true);
        both("$SYS/monitor/+", "$SYS/monitor/Clients", true);
        check("$SYS/#", "$SYS", true, false);
        both("+", "$", false);
        both("a/+", "a/$b", true);
        both("$aws/things/+/shadow/#", "$aws/things/x/shadow/update/delta", true);
    }

    #[test]
    fn levels_compare_whole_and_case_counts() {
        both("ACCOUNTS", "Accounts", false);
        both("a/b", "a/b", true);
        both("a/b", "a/bc", false);
        both("a/b", "a", false);
        both("a", "a/b", false);
        both("/finance", "finance", false);
        both("a/", "a", false);
        both("a", "a/", false);
        both("a//b", "a/b", false);
        both("Accounts payable", "Accounts payable", true);
    }

    #[test]
    fn a_misplaced_wildcard_is_plain_text() {
        both("a/#/b", "a/x/b", false);
        both("a+", "ab", false);
    }
}
