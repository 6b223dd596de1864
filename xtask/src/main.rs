//! In: a chore's name and options. Out: its exit code. Does not hold product code: the chores run other programs.

mod arguments;
mod bench;
mod chores;
mod fuzz;
mod place;
mod prerequisites;
mod process;
mod suite;
mod tally;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use arguments::Arguments;
use tally::Tally;

const HELP: &str = "\
The project's chores.

Usage: cargo xtask CHORE [OPTIONS]

  test [--only PART]...        everything that must hold before a change is merged
  setup                        find or install what the tests need, under target/
  tidy                         the house rules that a compiler cannot check
  sim [--seeds N] [--first N]  the platform on one thread, driven by seeds
  fuzz [--seconds N]           every fuzz target for a bounded time
  conformance [--only NAME] [--paho DIR]
                               other people's MQTT clients against the release binary
  crash [--kills N]            kill -9 under load; nothing acknowledged may be lost
  bench broker|fleet|store [-- ...]  measurements, side by side with peers

`cargo xtask CHORE --help` tells more about one chore.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(tally) if tally.failed == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<Tally> {
    let Some((chore, rest)) = words.split_first() else {
        println!("{HELP}");
        anyhow::bail!("no chore named");
    };
    if matches!(chore.as_str(), "help" | "-h" | "--help") {
        println!("{HELP}");
        return Ok(Tally::default());
    }
    let options = Arguments::new(chore, rest);
    match chore.as_str() {
        "test" => suite::run(options),
        "setup" => chores::setup(options),
        "tidy" => chores::tidy(options),
        "sim" => chores::sim(options),
        "fuzz" => fuzz::run(options),
        "conformance" => chores::conformance(options),
        "crash" => chores::crash(options),
        "bench" => bench::run(options),
        other => anyhow::bail!("no chore is called `{other}`; `cargo xtask --help` lists them"),
    }
}
