//! A failed run: what it takes to see it again, as text that can be kept in a file and read back.

use std::fmt;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub seed: u64,
    pub steps: usize,
    /// The step that showed it; equal to `steps` when it was the end.
    pub step: usize,
    pub what: String,
    /// What happened last.
    pub log: Vec<String>,
}

/// Why a file is not a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl Failure {
    /// The seed and the number of steps in a file's text.
    pub fn read(text: &str) -> Result<(u64, usize), Unreadable> {
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            let line =
                line.ok_or_else(|| Unreadable(format!("a failure file needs a line `{name} NUMBER`")))?;
            line.trim().parse::<u64>().map_err(|e| Unreadable(format!("`{name} {line}`: {e}")))
        };
        let steps = usize::try_from(number("steps")?).map_err(|e| Unreadable(e.to_string()))?;
        Ok((number("seed")?, steps))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, steps, step, what, log } = self;
        writeln!(f, "seed {seed}\nsteps {steps}\nstep {step}\n{what}")?;
        log.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
impl std::error::Error for Unreadable {}
