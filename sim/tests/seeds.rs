//! Seeds in, promises kept: a few hundred runs, kept failures once more, and shells with faults that must be found.

use std::path::Path;

use sim::{Failure, Flaw, run, run_flawed};

#[test]
fn two_hundred_seeds_keep_every_promise() {
    let mut promised = 0;
    let mut crashes = 0;
    let (mut requests, mut restored) = (0, 0);
    for seed in 1..=200 {
        let report = run(seed, sim::STEPS).unwrap_or_else(|failure| panic!("{failure}"));
        promised += report.promised;
        crashes += report.crashes;
        requests += report.shadow_requests;
        restored += report.restored;
    }
    assert!(
        promised > 5000 && crashes > 200,
        "the runs do too little: {promised} promises, {crashes} crashes"
    );
    assert!(requests > 50_000 && restored > 1_000, "too little: {requests} requests, {restored} restored");
}

#[test]
fn kept_failures_stay_repaired() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("failures");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(entry.path()).expect("a readable file");
            let (seed, steps) =
                Failure::read(&text).unwrap_or_else(|e| panic!("{}: {e}", entry.path().display()));
            run(seed, steps).unwrap_or_else(|failure| panic!("{failure}"));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_life() {
    assert_eq!(run(7, 300), run(7, 300));
}

#[test]
fn a_failure_is_read_back_from_its_text() {
    let failure =
        Failure { seed: 9, steps: 400, step: 3, what: "seed of doubt".into(), log: vec!["1 x".into()] };
    assert_eq!(Failure::read(&failure.to_string()), Ok((9, 400)));
    assert!(Failure::read("steps 4").is_err());
}

#[test]
fn answers_before_the_commit_are_found_out() {
    must_be_found(Flaw::AnswersBeforeCommit);
}

#[test]
fn pubcomp_before_the_commit_is_found_out() {
    must_be_found(Flaw::CompletesBeforeCommit);
}

#[test]
fn a_publish_lane_that_overtakes_the_writer_is_found_out() {
    must_be_found(Flaw::Overtakes);
}

fn must_be_found(flaw: Flaw) {
    let found = (1..=300).any(|seed| run_flawed(seed, sim::STEPS, flaw).is_err());
    assert!(found, "300 seeds did not find {flaw:?}");
}
