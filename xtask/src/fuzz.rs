//! In: seconds per target. Out: one passed or failed per fuzz target. Does not need nightly or cargo-fuzz.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::arguments::Arguments;
use crate::chores;
use crate::place::Place;
use crate::process;
use crate::tally::Tally;

/// Coverage feedback for libFuzzer through stable compiler flags: the code is safe Rust, so that no
/// address sanitizer (which needs nightly) has to watch it.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

pub(crate) fn run(mut options: Arguments) -> Result<Tally> {
    if options.helped(
        "Usage: cargo xtask fuzz [--seconds N] [--only TARGET]\n\n\
         Builds every target in fuzz/fuzz_targets with stable Rust and runs each for N seconds (60).\n\
         Findings and the corpus are kept in target/fuzz.",
    ) {
        return Ok(Tally::default());
    }
    let seconds = options.number("--seconds", 60)?;
    let only = options.value("--only")?;
    options.done()?;
    each(&Place::find(), seconds, only.as_deref())
}

pub(crate) fn all(place: &Place, seconds: u64) -> Result<Tally> {
    each(place, seconds, None)
}

fn each(place: &Place, seconds: u64, only: Option<&str>) -> Result<Tally> {
    let home = place.root.join("fuzz");
    let targets = targets(place)?;
    let chosen: Vec<&String> = targets.iter().filter(|name| only.is_none_or(|only| only == *name)).collect();
    ensure!(!chosen.is_empty(), "no fuzz target is called `{}`", only.unwrap_or_default());
    let build = place.target.join("fuzz/build");
    // With an explicit target the flags leave build scripts and proc macros alone.
    let host = process::quiet("rustc", &["--print", "host-tuple"]).context("rustc does not name its host")?;
    let host = host.trim();
    let mut command = chores::cargo(place);
    command.args(["build", "--release", "--bins", "--target", host, "--manifest-path"]);
    command.arg(home.join("Cargo.toml")).env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &build);
    process::must(&mut command)?;
    let mut sum = Tally::default();
    for name in chosen {
        let kept = place.target.join("fuzz").join(name);
        std::fs::create_dir_all(kept.join("corpus"))?;
        let mut target = Command::new(build.join(host).join("release").join(name));
        target.arg(kept.join("corpus")).current_dir(&kept);
        let seeds = home.join("seeds").join(name);
        if seeds.is_dir() {
            target.arg(seeds);
        }
        target.arg(format!("-max_total_time={seconds}")).args(["-timeout=10", "-rss_limit_mb=1024"]);
        sum += process::step(target.args(["-verbosity=0", "-print_final_stats=1"]))?;
    }
    Ok(sum)
}

fn targets(place: &Place) -> Result<Vec<String>> {
    let folder = place.root.join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("{} cannot be read: fuzz targets belong there", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "{} holds no target", folder.display());
    Ok(names)
}
