//! In: which work to measure. Out: what an event costs our rules and the engines of Vector and jaq. Judges nothing.

mod engine;
mod many;
mod measure;
mod messages;
mod report;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use measure::{Subject, take_turns};
use report::{Many, Measured, Report};
use work::{WORKS, Work};

/// As the broker has it, for every engine alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
Usage: rulebench [--only TEXT] [--rounds N] [--json] [--out PAGE]

  --only TEXT  the pieces of work whose name has this: pass-through, pass-through-blanks, project, functions, many
  --rounds N   how many turns everyone gets (300)
  --json       one JSON object instead of tables
  --out PAGE   put the tables into this page, between its marks";

struct Options {
    only: String,
    rounds: usize,
    json: bool,
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words = std::env::args().skip(1);
    if words.len() == 1 && std::env::args().any(|word| word == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match options(words).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rulebench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options { only: String::new(), rounds: 300, json: false, out: None };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} wants a value"));
        match word.as_str() {
            "--only" => options.only = value()?,
            "--rounds" => options.rounds = value()?.parse().context("--rounds wants a number")?,
            "--json" => options.json = true,
            "--out" => options.out = Some(value()?.into()),
            _ => bail!("`{word}` is no option\n\n{USAGE}"),
        }
    }
    ensure!(options.rounds > 0, "--rounds wants at least 1");
    ensure!(
        options.out.is_none() || options.only.is_empty(),
        "--out writes all of the page: leave out --only"
    );
    Ok(options)
}

fn run(options: &Options) -> Result<()> {
    let chosen = |name: &str| name.contains(&options.only);
    let mut report = Report { works: Vec::new(), many: None, rounds: options.rounds };
    for work in WORKS.iter().filter(|work| chosen(work.name)) {
        report.works.push(measured(work, options.rounds)?);
    }
    if chosen("many") {
        report.many = Some(among_many(options.rounds)?);
    }
    ensure!(!report.works.is_empty() || report.many.is_some(), "no piece of work has `{}`", options.only);
    match options.json {
        true => println!("{:#}", report.json()?),
        false => println!("{}", report.page()?),
    }
    if let Some(path) = &options.out {
        let page = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        std::fs::write(path, report::put_into(&page, &report.page()?)?)?;
    }
    Ok(())
}

fn measured(work: &Work, rounds: usize) -> Result<Measured> {
    let messages = if work.spaced { messages::spaced() } else { messages::compact() };
    let mut engines = engine::all(work)?;
    engine::agree(&mut engines, &messages)?;
    let names: Vec<&'static str> = engines.iter().map(|engine| engine.name()).collect();
    let mut subjects: Vec<Subject<'_>> =
        engines.iter_mut().map(|engine| over(&messages, |message| engine.make(message).map(drop))).collect();
    let costs = take_turns(&mut subjects, rounds)?;
    let engines = names.into_iter().zip(costs).collect();
    Ok(Measured { name: work.name, title: work.title, goal: work.goal, engines })
}

fn among_many(rounds: usize) -> Result<Many> {
    let occasions = many::occasions(messages::compact())?;
    let (alone, among) = (many::alone()?, many::many()?);
    for occasion in &occasions {
        ensure!(
            many::effect(&alone, occasion)? == many::effect(&among, occasion)?,
            "one rule and many differ"
        );
    }
    let mut subjects = [
        over(&occasions, |occasion| many::effect(&alone, occasion).map(drop)),
        over(&occasions, |occasion| many::effect(&among, occasion).map(drop)),
    ];
    let costs = take_turns(&mut subjects, rounds)?;
    let [alone, among] = <[Vec<f64>; 2]>::try_from(costs).ok().context("two subjects")?;
    Ok(Many { alone, among })
}

/// One after the other, over and over.
fn over<'a, T>(items: &'a [T], mut make: impl FnMut(&T) -> Result<()> + 'a) -> Subject<'a> {
    Box::new(move |events| items.iter().cycle().take(events).try_for_each(&mut make))
}
