//! In: the parts asked for. Out: a table, and one closing line `N passed, N failed`. Does not stop at a failure.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::place::Place;
use crate::tally::Tally;
use crate::{chores, fuzz, prerequisites, process, tidy};

const HELP: &str = "\
Usage: cargo xtask test [--only PART]...

Runs every part in order, prints a table, and closes with one line: N passed, N failed.
A skipped test, a missing tool or a runner without a count is a failure.

  prerequisites  tools, target/venv and target/node
  tidy           the house rules
  build          the release binary, which conformance and crash use
  tests          every crate's tests
  doctests       the examples in the documentation
  fuzz           every fuzz target for 10 seconds
  sim            300 seeds
  conformance    other people's clients
  crash          50 kills";

type Part = (&'static str, fn(&Place) -> Result<Tally>);

const PARTS: [Part; 9] = [
    ("prerequisites", prerequisites::provide),
    ("tidy", |place| tidy::run(&place.root)),
    ("build", chores::build_release),
    ("tests", tests),
    ("doctests", doctests),
    ("fuzz", |place| fuzz::all(place, 10)),
    ("sim", |place| chores::sim_seeds(place, 1, 300)),
    ("conformance", |place| process::tallied(&mut chores::python(place, "run.py"))),
    ("crash", |place| chores::crash_kills(place, 50)),
];

struct Line {
    part: &'static str,
    tally: Tally,
    took: Duration,
}

pub(crate) fn run(mut options: Arguments) -> Result<Tally> {
    if options.helped(HELP) {
        return Ok(Tally::default());
    }
    let mut only = Vec::new();
    while let Some(part) = options.value("--only")? {
        if !PARTS.iter().any(|(name, _)| *name == part) {
            bail!("no part is called `{part}`; see `cargo xtask test --help`");
        }
        only.push(part);
    }
    options.done()?;
    let place = Place::find();
    let chosen = |name: &str| only.is_empty() || only.iter().any(|part| part == name);
    let lines: Vec<Line> =
        PARTS.iter().filter(|(name, _)| chosen(name)).map(|part| run_part(&place, part)).collect();
    Ok(report(&lines))
}

fn run_part(place: &Place, (part, work): &Part) -> Line {
    println!("\n== {part}");
    let start = Instant::now();
    let tally = work(place).unwrap_or_else(|error| {
        println!("{part}: {error:#}");
        Tally::ONE_FAILED
    });
    Line { part, tally, took: start.elapsed() }
}

fn report(lines: &[Line]) -> Tally {
    let mut sum = Tally::default();
    println!("\n{:<14} {:>8} {:>8} {:>9}", "part", "passed", "failed", "seconds");
    for Line { part, tally, took } in lines {
        println!("{part:<14} {:>8} {:>8} {:>9.1}", tally.passed, tally.failed, took.as_secs_f64());
        sum += *tally;
    }
    println!("\n{sum}");
    sum
}

fn tests(place: &Place) -> Result<Tally> {
    let mut command = chores::cargo(place);
    if process::quiet("cargo", &["nextest", "--version"]).is_some() {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "fail"]);
        command.args(["--final-status-level", "fail", "--hide-progress-bar"]);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast", "--quiet"]);
    }
    process::tallied(&mut command)
}

/// Nextest does not run documentation's examples, and none may exist: then no count is no failure.
fn doctests(place: &Place) -> Result<Tally> {
    let mut command = chores::cargo(place);
    command.args(["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"]);
    let (success, output) = process::watch(&mut command)?;
    let mut tally = Tally::read(&output).unwrap_or_default();
    if !success && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}
