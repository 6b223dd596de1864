//! In: what test runners print. Out: how many passed and failed. Does not run anything.

use std::fmt;
use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    pub(crate) const ONE_PASSED: Tally = Tally { passed: 1, failed: 0 };
    pub(crate) const ONE_FAILED: Tally = Tally { passed: 0, failed: 1 };

    /// Sums every runner's closing line found in `output`; `None` when there is none.
    pub(crate) fn read(output: &str) -> Option<Tally> {
        let mut sum: Option<Tally> = None;
        for line in output.lines() {
            if let Some(found) = closing_line(line) {
                *sum.get_or_insert_default() += found;
            }
        }
        sum
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn closing_line(line: &str) -> Option<Tally> {
    let plain = without_colours(line);
    let text = plain.trim();
    let libtest = text.strip_prefix("test result:");
    let nextest = text.strip_prefix("Summary [").and_then(|rest| rest.split_once("run:"));
    let counts = match (libtest, nextest) {
        (Some(rest), _) => rest,
        (_, Some((_, rest))) => rest,
        (None, None) => return own_closing_line(text),
    };
    // A skipped or ignored test is a promise nobody checked, so it counts against the run.
    let passed = count_before(counts, "passed");
    let failed = ["failed", "timed out", "exec failed", "skipped", "ignored"];
    Some(Tally { passed, failed: failed.iter().map(|word| count_before(counts, word)).sum() })
}

/// `12 passed, 0 failed`, alone on its line.
fn own_closing_line(text: &str) -> Option<Tally> {
    let (passed, failed) = text.split_once(" passed, ")?;
    let failed = failed.strip_suffix(" failed")?;
    Some(Tally { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

/// The number right before `word`: 3 for `passed` in "3 passed (1 slow), 0 skipped".
fn count_before(counts: &str, word: &str) -> u64 {
    let pieces = counts.split([',', ';', '.', '(', ')']);
    let mut found = pieces.filter_map(|piece| piece.trim().strip_suffix(word));
    found.find_map(|number| number.trim().parse().ok()).unwrap_or(0)
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(|end| end.is_ascii_alphabetic());
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, expected: Option<(u64, u64)>) {
        let expected = expected.map(|(passed, failed)| Tally { passed, failed });
        assert_eq!(Tally::read(output), expected, "{output}");
    }

    #[test]
    fn closing_lines_of_every_runner_are_counted() {
        check("", None);
        check("2 tests passed, 1 failed", None);
        check("12 passed, 3 failed", Some((12, 3)));
        check("noise\n12 passed, 0 failed\n", Some((12, 0)));
        check("test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out", Some((4, 0)));
        check("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured", Some((4, 2)));
        check("     Summary [   1.005s] 9 tests run: 9 passed, 0 skipped", Some((9, 0)));
        check("     Summary [   1.0s] 9/12 tests run: 7 passed (1 slow, 1 flaky), 2 failed", Some((7, 2)));
        check("     Summary [   1.0s] 3 tests run: 1 passed, 1 failed, 1 timed out, 0 skipped", Some((1, 2)));
        check("     Summary [   1.0s] 1 test run: 1 passed, 0 skipped", Some((1, 0)));
    }

    #[test]
    fn several_runners_are_summed() {
        check("test result: ok. 4 passed; 0 failed\ntest result: ok. 5 passed; 1 failed", Some((9, 1)));
    }

    #[test]
    fn colours_do_not_hide_a_closing_line() {
        check(
            "\u{1b}[32;1m     Summary\u{1b}[0m [ 1.0s] 2 tests run: \u{1b}[1m2\u{1b}[0m passed",
            Some((2, 0)),
        );
    }

    #[test]
    fn a_skipped_test_counts_as_failed() {
        check("test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured", Some((4, 1)));
        check("     Summary [   1.0s] 1 test run: 1 passed, 2 skipped", Some((1, 2)));
    }
}
