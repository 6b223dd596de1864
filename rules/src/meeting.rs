//! A rule's FROM and a topic in; whether they meet, level by level, or what keeps them apart, out. Wakes nothing.

use message::{Dialect, Filter, Reserved};

/// How FROM and a topic lie to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meeting {
    /// Messages on the topic wake the rule.
    Matches,
    /// The topic names the rule itself: Basic Ingest.
    Ingest,
    Apart(Apart),
}

/// Why a topic does not wake a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    pub levels: Vec<Level>,
    pub why: String,
    /// What is probably meant, if the two nearly meet.
    pub hint: Option<String>,
}

/// One level of each, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    pub wanted: Option<String>,
    pub found: Option<String>,
    pub fits: bool,
}

impl Meeting {
    pub fn of(rule: &str, filter: Option<&Filter>, topic: &str) -> Meeting {
        if let Some(Reserved::BasicIngest { rule: named, .. }) = Reserved::parse(topic) {
            return if named == rule { Meeting::Ingest } else { Meeting::Apart(other_rule(rule, named)) };
        }
        let Some(filter) = filter else { return Meeting::Apart(without_from(rule)) };
        if filter.matches(topic, Dialect::Aws) {
            return Meeting::Matches;
        }
        let levels = levels(filter.pattern(), topic);
        let why = why(filter.pattern(), topic, &levels);
        Meeting::Apart(Apart { levels, why, hint: hint(filter.pattern(), topic) })
    }

    pub fn wakes(&self) -> bool {
        !matches!(self, Meeting::Apart(_))
    }

    /// What is probably meant, where the two nearly meet.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Meeting::Apart(apart) => apart.hint.as_deref(),
            _ => None,
        }
    }
}

fn other_rule(rule: &str, named: &str) -> Apart {
    let hint = named.eq_ignore_ascii_case(rule).then(|| format!("publish to $aws/rules/{rule}/…"));
    Apart { levels: Vec::new(), why: format!("the topic is for rule \"{named}\" and for no other"), hint }
}

fn without_from(rule: &str) -> Apart {
    let why = format!("the rule has no FROM, so only topics that begin with $aws/rules/{rule} wake it");
    Apart { levels: Vec::new(), why, hint: None }
}

fn levels(filter: &str, topic: &str) -> Vec<Level> {
    let wanted: Vec<&str> = filter.split('/').collect();
    let found: Vec<&str> = topic.split('/').collect();
    let takes_rest = wanted.last() == Some(&"#");
    let rows = if takes_rest { wanted.len() } else { wanted.len().max(found.len()) };
    let reserved = topic.starts_with('$');
    (0..rows)
        .map(|at| {
            let (wanted, found) = (wanted.get(at).copied(), found.get(at).copied());
            let is_hidden = reserved && at == 0;
            let fits = match (wanted, found) {
                (Some("+" | "#"), Some(_)) => !is_hidden,
                (wanted, found) => wanted == found,
            };
            Level { wanted: wanted.map(str::to_owned), found: found.map(str::to_owned), fits }
        })
        .collect()
}

fn why(filter: &str, topic: &str, levels: &[Level]) -> String {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return "a filter that begins with a wildcard matches no topic that begins with $".to_owned();
    }
    let first = levels.iter().enumerate().find(|(_, level)| !level.fits);
    let Some((at, level)) = first else {
        return "the filter and the topic differ".to_owned();
    };
    let number = at + 1;
    match (level.wanted.as_deref(), level.found.as_deref()) {
        (Some("#"), None) => {
            format!("level {number}: # stands for one level or more on AWS, and the topic has no level there")
        }
        (Some(wanted), None) => format!("level {number}: FROM wants \"{wanted}\", and the topic has ended"),
        (None, Some(found)) => {
            format!("level {number}: FROM has ended, and the topic goes on with \"{found}\"")
        }
        (wanted, found) => format!(
            "level {number}: FROM wants \"{}\", and the topic has \"{}\"",
            wanted.unwrap_or_default(),
            found.unwrap_or_default()
        ),
    }
}

/// What makes the two meet and is likely to be meant.
fn hint(filter: &str, topic: &str) -> Option<String> {
    let matches = |filter: &str, topic: &str| {
        Filter::parse(filter).is_ok_and(|filter| filter.matches(topic, Dialect::Aws))
    };
    if matches(&filter.to_lowercase(), &topic.to_lowercase()) {
        return Some("they differ in upper and lower case only: topics count both".to_owned());
    }
    if let Some(one) = filter.strip_prefix('$').filter(|rest| rest.starts_with('$')) {
        return matches(one, topic)
            .then(|| format!("write FROM '{one}': two dollars are for republish only"));
    }
    let (dollar_filter, dollar_topic) = (format!("${filter}"), format!("${topic}"));
    if matches(&dollar_filter, topic) {
        return Some(format!("write FROM '{dollar_filter}': reserved topics begin with $"));
    }
    if matches(filter, &dollar_topic) {
        return Some(format!("publish to {dollar_topic}: reserved topics begin with $"));
    }
    let (bare_filter, bare_topic) = (filter.trim_matches('/'), topic.trim_matches('/'));
    if matches(bare_filter, bare_topic) {
        return Some("they differ in a slash at the beginning or the end: that is an empty level".to_owned());
    }
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        let first = topic.split('/').next().unwrap_or_default();
        return Some(format!("write FROM '{first}/…'"));
    }
    if let Some(stem) = filter.strip_suffix("/+").filter(|stem| matches(&format!("{stem}/#"), topic)) {
        return Some(format!("write FROM '{stem}/#': + stands for one level, # for all that follow"));
    }
    if matches(&format!("{filter}/#"), topic) {
        return Some(format!("write FROM '{filter}/#' for the levels below, too"));
    }
    let stem = filter.strip_suffix("/#").filter(|stem| matches(stem, topic));
    stem.map(|stem| format!("write FROM '{stem}', or publish to a level below it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(filter: &str, topic: &str) -> Apart {
        let filter = Filter::parse(filter).expect("a filter");
        match Meeting::of("r", Some(&filter), topic) {
            Meeting::Apart(apart) => apart,
            other => panic!("{filter} {topic}: {other:?}"),
        }
    }

    #[test]
    fn the_first_level_that_differs_is_named() {
        for (filter, topic, why) in [
            ("a/b", "a/c", "level 2: FROM wants \"b\", and the topic has \"c\""),
            ("a/b/c", "a/b", "level 3: FROM wants \"c\", and the topic has ended"),
            ("a/+", "a/b/c", "level 3: FROM has ended, and the topic goes on with \"c\""),
            ("a/#", "a", "level 2: # stands for one level or more on AWS, and the topic has no level there"),
            ("#", "$aws/x", "a filter that begins with a wildcard matches no topic that begins with $"),
        ] {
            assert_eq!(apart(filter, topic).why, why, "{filter} {topic}");
        }
        let fits: Vec<bool> = apart("a/+/c/#", "a/b/x/y").levels.iter().map(|level| level.fits).collect();
        assert_eq!(fits, [true, true, false, true]);
    }

    #[test]
    fn near_misses_come_with_what_is_meant_and_far_ones_with_nothing() {
        for (filter, topic, part) in [
            ("my/Things/+", "my/things/RPI", Some("upper and lower case")),
            ("aws/things/+/shadow/update", "$aws/things/a/shadow/update", Some("FROM '$aws/things/+")),
            ("$$aws/things/+/shadow/update", "$aws/things/a/shadow/update", Some("FROM '$aws/things/+")),
            ("$aws/things/a/shadow/get", "aws/things/a/shadow/get", Some("publish to $aws/things/a/")),
            ("a/b", "/a/b", Some("empty level")),
            ("a/+", "a/b/c", Some("FROM 'a/#'")),
            ("a/b", "a/b/c", Some("FROM 'a/b/#'")),
            ("a/#", "a", Some("FROM 'a'")),
            ("#", "$aws/events/presence/connected/x", Some("FROM '$aws/…'")),
            ("a/b", "x/y", None),
        ] {
            let hint = apart(filter, topic).hint;
            match part {
                Some(part) => assert!(hint.as_deref().is_some_and(|hint| hint.contains(part)), "{hint:?}"),
                None => assert_eq!(hint, None),
            }
        }
    }

    #[test]
    fn basic_ingest_is_for_the_rule_it_names() {
        let filter = Filter::parse("#").expect("a filter");
        assert_eq!(Meeting::of("r", None, "$aws/rules/r/x"), Meeting::Ingest);
        assert_eq!(Meeting::of("r", Some(&filter), "a"), Meeting::Matches);
        let Meeting::Apart(apart) = Meeting::of("r", Some(&filter), "$aws/rules/R/x") else { panic!("met") };
        assert!(apart.why.contains("rule \"R\"") && apart.hint.is_some());
        assert!(!Meeting::of("r", None, "a").wakes());
    }
}
