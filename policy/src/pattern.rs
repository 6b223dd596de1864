//! Text with `*` and `?` against text; variables are filled in before.

/// Neither byte occurs in UTF-8, so literal `*` and `?` need no escape.
const RUN: u8 = 0xFF;
const ONE: u8 = 0xFE;

/// A resource or value pattern in which every character but the two wildcards stands for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    bytes: Box<[u8]>,
}

#[derive(Default)]
pub(crate) struct PatternBuilder {
    bytes: Vec<u8>,
}

impl PatternBuilder {
    /// Text in which `*` and `?` are wildcards.
    pub(crate) fn wild(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                // A run of stars means what one star means.
                b'*' if self.bytes.last() == Some(&RUN) => {}
                b'*' => self.bytes.push(RUN),
                b'?' => self.bytes.push(ONE),
                byte => self.bytes.push(byte),
            }
        }
    }

    /// Text that stands for itself.
    pub(crate) fn literal(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn build(self) -> Pattern {
        Pattern { bytes: self.bytes.into_boxed_slice() }
    }
}

impl Pattern {
    pub(crate) fn wild(text: &str) -> Pattern {
        let mut builder = PatternBuilder::default();
        builder.wild(text);
        builder.build()
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        matches(&self.bytes, text.as_bytes())
    }

    /// Whether the rest of the pattern from a place that `places_after` named matches the rest of the text.
    pub(crate) fn matches_from(&self, place: u16, rest: &str) -> bool {
        self.bytes.get(usize::from(place)..).is_some_and(|pattern| matches(pattern, rest.as_bytes()))
    }

    /// Where matching can stand after this prefix: the pattern matches `prefix + rest` exactly if it
    /// matches `rest` from one of these places.
    pub(crate) fn places_after(&self, prefix: &str) -> Vec<u16> {
        // What stands before the first wildcard has one place at a time, and needs no list of them.
        let plain = self.bytes.iter().position(|byte| matches!(*byte, RUN | ONE)).unwrap_or(self.bytes.len());
        // A prefix with no end of a character there differs before.
        let Some((head, rest)) = prefix.split_at_checked(plain.min(prefix.len())) else { return Vec::new() };
        if !self.bytes.starts_with(head.as_bytes()) {
            return Vec::new();
        }
        let mut places: Vec<usize> = vec![head.len()];
        self.settle(&mut places);
        for ch in rest.chars() {
            let Some(&first) = places.first() else { break };
            // A run at the end takes whatever comes.
            if first + 1 == self.bytes.len() && self.bytes.get(first) == Some(&RUN) {
                break;
            }
            let mut buffer = [0; 4];
            let encoded = ch.encode_utf8(&mut buffer).as_bytes();
            let mut next: Vec<usize> = Vec::new();
            for &place in &places {
                match self.bytes.get(place) {
                    Some(&RUN) => next.push(place),
                    Some(&ONE) => next.push(place + 1),
                    Some(_) if self.bytes.get(place..).is_some_and(|rest| rest.starts_with(encoded)) => {
                        next.push(place + encoded.len());
                    }
                    _ => {}
                }
            }
            self.settle(&mut next);
            places = next;
        }
        // A place just past a run in the list matches nothing that the run itself does not.
        let covered = |place: usize| {
            place > 0 && self.bytes.get(place - 1) == Some(&RUN) && places.contains(&(place - 1))
        };
        places
            .iter()
            .copied()
            .filter(|&place| !covered(place))
            .filter_map(|place| u16::try_from(place).ok())
            .collect()
    }

    /// Adds the places reached by empty runs, and keeps only what the last run does not cover already.
    fn settle(&self, places: &mut Vec<usize>) {
        let past_runs: Vec<usize> = places
            .iter()
            .filter(|&&place| self.bytes.get(place) == Some(&RUN))
            .map(|place| place + 1)
            .collect();
        places.extend(past_runs);
        places.sort_unstable();
        places.dedup();
        let last_run = places.iter().copied().filter(|&place| self.bytes.get(place) == Some(&RUN)).max();
        if let Some(last_run) = last_run {
            places.retain(|&place| place >= last_run);
        }
    }
}

/// Only the last run is ever tried again, so the work is at most pattern times text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(&RUN), _) => {
                p += 1;
                if p == pattern.len() {
                    return true;
                }
                retry = Some((p, t));
                continue;
            }
            (Some(&ONE), Some(&byte)) if let Some(width) = width(byte) => {
                p += 1;
                t += width;
                continue;
            }
            (Some(want), Some(byte)) if want == byte => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after_run, start)) if start < text.len() => {
                retry = Some((after_run, start + 1));
                (p, t) = (after_run, start + 1);
            }
            _ => return false,
        }
    }
}

/// Bytes of the character that begins with this byte; none inside a character.
fn width(byte: u8) -> Option<usize> {
    match byte {
        0x00..=0x7F => Some(1),
        0xC0..=0xDF => Some(2),
        0xE0..=0xEF => Some(3),
        0xF0..=0xF7 => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', pattern @ ..], _) => (0..=text.len()).any(|skip| naive(pattern, &text[skip..])),
            (['?', pattern @ ..], [_, text @ ..]) => naive(pattern, text),
            ([want, pattern @ ..], [ch, text @ ..]) => want == ch && naive(pattern, text),
            _ => false,
        }
    }

    #[test]
    fn stars_and_question_marks_match_and_mqtt_wildcards_are_literal() {
        let check = |pattern: &str, text: &str, expected: bool| {
            assert_eq!(Pattern::wild(pattern).matches(text), expected, "{pattern} on {text}");
        };
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("a*", "a/b/c", true);
        check("a/*/c", "a/b/b/c", true);
        check("a/*/c", "a//c", true);
        check("a/*/c", "a/c", false);
        check("a?c", "a/c", true);
        check("a?c", "ac", false);
        check("?", "é", true);
        check("??", "é", false);
        check("*?", "é", true);
        check("*é*", "caffè é", true);
        check("a/+", "a/b", false);
        check("a/+", "a/+", true);
        check("a/#", "a/b", false);
        check("*ab", "aab", true);
        check("*a*b", "xaxbx", false);
        check("A", "a", false);
    }

    #[test]
    fn a_wildcard_from_a_variable_stands_for_itself() {
        let mut builder = PatternBuilder::default();
        builder.wild("a/");
        builder.literal("*");
        let pattern = builder.build();
        assert!(pattern.matches("a/*"));
        assert!(!pattern.matches("a/b"));
    }

    #[test]
    fn many_stars_do_not_multiply_the_work() {
        let pattern = Pattern::wild(&("*a".repeat(1000) + "*b"));
        let text = "a".repeat(60_000);
        assert!(!pattern.matches(&text));
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_a_naive_one(pattern in "[aé/*?]{0,8}", text in "[aé/]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(Pattern::wild(&pattern).matches(&text), naive(&p, &t));
        }

        #[test]
        fn matching_in_two_steps_is_matching_in_one(
            pattern in "[aé/*?]{0,8}", prefix in "[aé/]{0,5}", rest in "[aé/]{0,5}"
        ) {
            let compiled = Pattern::wild(&pattern);
            let stepped =
                compiled.places_after(&prefix).into_iter().any(|place| compiled.matches_from(place, &rest));
            prop_assert_eq!(stepped, compiled.matches(&(prefix + &rest)));
        }
    }
}
