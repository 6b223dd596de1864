//! `sim --seeds N --first S --steps K`: runs seeds, keeps failures as files, counts.

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "Usage: sim [--seeds N] [--first SEED] [--steps K]

Runs the platform on one thread with a made-up clock, network and disk, once per seed.
  --seeds N      how many seeds (500)
  --first SEED   the first seed (1); --from is the same
  --steps K      steps of each run (400)
A failing seed is written to sim/failures/SEED.txt, which the tests replay from then on.";

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(Some((seeds, first, steps))) => run(seeds, first, steps),
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Option<(u64, u64, usize)>, String> {
    let (mut seeds, mut first, mut steps) = (500, 1, sim::STEPS);
    while let Some(word) = words.next() {
        if word == "--help" || word == "-h" {
            return Ok(None);
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
        let number: u64 = value.parse().map_err(|_| format!("{word} needs a number, not {value}"))?;
        match word.as_str() {
            "--seeds" => seeds = number,
            "--first" | "--from" => first = number,
            "--steps" => steps = usize::try_from(number).map_err(|e| e.to_string())?,
            _ => return Err(format!("there is no option {word}")),
        }
    }
    Ok(Some((seeds, first, steps)))
}

fn run(seeds: u64, first: u64, steps: usize) -> ExitCode {
    let (mut failed, mut promised, mut crashes, mut requests, mut restored) = (0u64, 0, 0, 0, 0);
    for seed in first..first.saturating_add(seeds) {
        match sim::run(seed, steps) {
            Ok(report) => {
                promised += report.promised;
                crashes += report.crashes;
                requests += report.shadow_requests;
                restored += report.restored;
            }
            Err(failure) => {
                failed += 1;
                println!("{failure}");
                keep(&failure);
            }
        }
    }
    println!(
        "{promised} promises kept over {crashes} crashes; {requests} requests to shadows, {restored} of them restored a version"
    );
    println!("{} passed, {failed} failed", seeds - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn keep(failure: &sim::Failure) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("failures");
    let file = folder.join(format!("{}.txt", failure.seed));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, failure.to_string()));
    match written {
        Ok(()) => println!("kept as {}", file.display()),
        Err(error) => println!("{} cannot be written: {error}", file.display()),
    }
}
