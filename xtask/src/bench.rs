//! In: what to measure. Out: the measurement's own table. Does not judge it: machines differ.

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::chores;
use crate::place::Place;
use crate::process;
use crate::tally::Tally;

const HELP: &str = "\
Usage: cargo xtask bench broker [-- OPTIONS]
       cargo xtask bench store [-- OPTIONS]

  broker  conformance/bench.py: the release binary beside the brokers installed here, in one run
          (`-- --help` lists its options)
  store   store/examples/bench.rs: group commits against a raw append and fdatasync loop

What follows `--` goes to the measuring program.";

pub(crate) fn run(mut options: Arguments) -> Result<Tally> {
    if options.helped(HELP) {
        return Ok(Tally::default());
    }
    let passed_on = options.passed_on();
    let subject = options.word();
    options.done()?;
    let place = Place::find();
    match subject.as_deref() {
        Some("broker") => broker(&place, &passed_on),
        Some("store") => store(&place, &passed_on),
        Some(other) => bail!("`{other}` cannot be measured; choose `broker` or `store`"),
        None => bail!("say what to measure: `broker` or `store`"),
    }
}

fn broker(place: &Place, passed_on: &[String]) -> Result<Tally> {
    let tally = chores::build_release(place)?;
    if tally.failed > 0 {
        bail!("there is no release binary to measure");
    }
    process::step(chores::python(place, "bench.py").args(passed_on))
}

fn store(place: &Place, passed_on: &[String]) -> Result<Tally> {
    let mut command = chores::cargo(place);
    command.args(["run", "--release", "--package", "store", "--example", "bench", "--"]).args(passed_on);
    process::step(&mut command)
}
