//! In: the words after a chore's name. Out: their values, each taken once. Does not know any chore.

use anyhow::{Context, Result, bail};

pub(crate) struct Arguments {
    chore: String,
    words: Vec<String>,
}

impl Arguments {
    pub(crate) fn new(chore: &str, words: &[String]) -> Arguments {
        Arguments { chore: chore.to_owned(), words: words.to_vec() }
    }

    /// True when help was asked for and printed: the caller then has nothing left to do.
    pub(crate) fn helped(&self, text: &str) -> bool {
        let own = self.words.iter().take_while(|word| *word != "--");
        let asked = own.into_iter().any(|word| matches!(word.as_str(), "-h" | "--help"));
        if asked {
            println!("{text}");
        }
        asked
    }

    /// The value of `--name VALUE` or `--name=VALUE`, removed from the words.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let end = self.words.iter().position(|word| word == "--").unwrap_or(self.words.len());
        for at in 0..end {
            if self.words[at] == name {
                self.words.remove(at);
                if at >= self.words.len() {
                    bail!("{name} wants a value");
                }
                return Ok(Some(self.words.remove(at)));
            }
            let joined = self.words[at].strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
            if let Some(value) = joined.map(str::to_owned) {
                self.words.remove(at);
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    pub(crate) fn number(&mut self, name: &str, default: u64) -> Result<u64> {
        match self.value(name)? {
            None => Ok(default),
            Some(text) => text.parse().with_context(|| format!("{name} wants a number, not `{text}`")),
        }
    }

    /// The next word that is no option.
    pub(crate) fn word(&mut self) -> Option<String> {
        if self.words.first().is_some_and(|word| !word.starts_with('-')) {
            return Some(self.words.remove(0));
        }
        None
    }

    /// What follows a bare `--`, to be handed on unread.
    pub(crate) fn passed_on(&mut self) -> Vec<String> {
        match self.words.iter().position(|word| word == "--") {
            None => Vec::new(),
            Some(at) => {
                let rest = self.words.split_off(at + 1);
                self.words.pop();
                rest
            }
        }
    }

    /// Refuses what nobody took, so that a mistyped option is never ignored.
    pub(crate) fn done(self) -> Result<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => bail!("`{word}` is not understood; see `cargo xtask {} --help`", self.chore),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Arguments::new("chore", &words)
    }

    #[test]
    fn values_are_taken_in_both_spellings() {
        let mut given = arguments("--kills 7 --only=a --only b");
        assert_eq!(given.number("--kills", 1).unwrap(), 7);
        assert_eq!(given.value("--only").unwrap().as_deref(), Some("a"));
        assert_eq!(given.value("--only").unwrap().as_deref(), Some("b"));
        assert_eq!(given.value("--only").unwrap(), None);
        given.done().unwrap();
    }

    #[test]
    fn a_word_that_nobody_took_is_refused() {
        assert!(arguments("--kils 7").done().is_err());
    }

    #[test]
    fn a_missing_or_wrong_value_is_refused() {
        assert!(arguments("--kills").value("--kills").is_err());
        assert!(arguments("--kills many").number("--kills", 1).is_err());
    }

    #[test]
    fn what_follows_two_dashes_is_handed_on_unread() {
        let mut given = arguments("broker -- --kills 3");
        assert_eq!(given.word().as_deref(), Some("broker"));
        assert_eq!(given.value("--kills").unwrap(), None);
        assert_eq!(given.passed_on(), ["--kills", "3"]);
        given.done().unwrap();
    }
}
