//! In: one chore's options. Out: its tally. Does not hold the order of the whole test run: see `suite`.

use std::process::Command;

use anyhow::Result;

use crate::arguments::Arguments;
use crate::place::Place;
use crate::tally::Tally;
use crate::{prerequisites, process, tidy};

pub(crate) fn setup(options: Arguments) -> Result<Tally> {
    if options.helped(
        "Usage: cargo xtask setup\n\n\
         Finds Python, Node, openssl, a C++ compiler and mosquitto; installs missing Debian packages when it\n\
         may (as root or with password-less sudo); makes target/venv and target/node. What is missing and\n\
         cannot be installed is named, and the chore fails.",
    ) {
        return Ok(Tally::default());
    }
    options.done()?;
    prerequisites::provide(&Place::find())
}

pub(crate) fn tidy(options: Arguments) -> Result<Tally> {
    if options.helped(
        "Usage: cargo xtask tidy\n\n\
         Checks the rules of STYLE.md that a compiler cannot: file lengths and names, opening lines, the\n\
         floors between crates, what pure crates may not use, forbidden words, and the project's papers.",
    ) {
        return Ok(Tally::default());
    }
    options.done()?;
    tidy::run(&Place::find().root)
}

pub(crate) fn sim(mut options: Arguments) -> Result<Tally> {
    if options.helped(
        "Usage: cargo xtask sim [--seeds N] [--first N]\n\n\
         Runs the platform on one thread with a made-up clock, network and disk, once per seed.\n\
         --seeds N   how many seeds (500)\n\
         --first N   the first seed (1); a failing seed is replayed with `--first SEED --seeds 1`",
    ) {
        return Ok(Tally::default());
    }
    let seeds = options.number("--seeds", 500)?;
    let first = options.number("--first", 1)?;
    options.done()?;
    sim_seeds(&Place::find(), first, seeds)
}

pub(crate) fn sim_seeds(place: &Place, first: u64, seeds: u64) -> Result<Tally> {
    let mut command = cargo(place);
    command.args(["run", "--quiet", "--release", "--package", "sim", "--bin", "sim", "--"]);
    command.args(["--first", &first.to_string(), "--seeds", &seeds.to_string()]);
    process::tallied(&mut command)
}

pub(crate) fn conformance(mut options: Arguments) -> Result<Tally> {
    if options.helped(
        "Usage: cargo xtask conformance [--only NAME] [--paho DIR]\n\n\
         Builds the release binary and tests it with unmodified clients from Debian, PyPI and npm, and with\n\
         our own raw packets.\n\
         --only NAME  cases whose name contains NAME (`--only raw`, `--only awsiotsdk`)\n\
         --paho DIR   instead, run paho's interoperability suites from your checkout of\n\
         \u{20}            eclipse-paho/paho.mqtt.testing",
    ) {
        return Ok(Tally::default());
    }
    let only = options.value("--only")?;
    let paho = options.value("--paho")?;
    options.done()?;
    let place = ready()?;
    let mut command = python(&place, "run.py");
    if let Some(name) = only {
        command.args(["--only", &name]);
    }
    if let Some(folder) = paho {
        command.args(["--paho", &folder]);
    }
    process::tallied(&mut command)
}

pub(crate) fn crash(mut options: Arguments) -> Result<Tally> {
    if options.helped(
        "Usage: cargo xtask crash [--kills N]\n\n\
         Publishers and persistent subscribers run while the release binary is killed with SIGKILL and\n\
         started again on the same data. Every acknowledged message must arrive in the end.\n\
         --kills N   how many kills (50)",
    ) {
        return Ok(Tally::default());
    }
    let kills = options.number("--kills", 50)?;
    options.done()?;
    let place = ready()?;
    crash_kills(&place, kills)
}

pub(crate) fn crash_kills(place: &Place, kills: u64) -> Result<Tally> {
    process::tallied(python(place, "crash.py").args(["--kills", &kills.to_string()]))
}

/// The release binary that conformance, crash and bench all use, so it is built once.
pub(crate) fn build_release(place: &Place) -> Result<Tally> {
    process::step(cargo(place).args(["build", "--release", "--package", "thingstead"]))
}

pub(crate) fn python(place: &Place, script: &str) -> Command {
    let mut command = Command::new(place.python());
    command.arg("-u").arg(place.conformance(script)).current_dir(&place.root);
    command.arg("--binary").arg(place.release_binary());
    command.env("THINGSTEAD_NODE", place.node());
    command
}

pub(crate) fn cargo(place: &Place) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&place.root);
    command
}

fn ready() -> Result<Place> {
    let place = Place::find();
    let mut tally = prerequisites::provide(&place)?;
    tally += build_release(&place)?;
    anyhow::ensure!(tally.failed == 0, "not everything that this chore needs is there: see above");
    Ok(place)
}
