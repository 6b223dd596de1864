//! Figures in; a table for the page, or JSON for programs out. Measures nothing.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::measure::{Spread, ratios, spread};

pub struct Report {
    pub works: Vec<Measured>,
    pub many: Option<Many>,
    pub rounds: usize,
}

/// One piece of work in all engines.
pub struct Measured {
    pub name: &'static str,
    pub title: &'static str,
    pub goal: f64,
    /// Ours first.
    pub engines: Vec<(&'static str, Vec<f64>)>,
}

/// One rule's costs alone, and among many.
pub struct Many {
    pub alone: Vec<f64>,
    pub among: Vec<f64>,
}

const MANY_GOAL: f64 = 1.1;
const BEGIN: &str = "<!-- measured: written by `cargo xtask bench rules` -->";
const END: &str = "<!-- end of what was measured of rules -->";
/// Those whose version the page names.
const PEERS: [&str; 4] = ["vrl", "jaq-core", "jaq-std", "jaq-json"];

impl Measured {
    fn nanoseconds(&self) -> Vec<(&'static str, Spread)> {
        self.engines.iter().map(|(name, costs)| (*name, spread(costs.clone()))).collect()
    }

    /// The peer that costs least, and what it costs beside ours.
    fn better_peer(&self) -> Option<(&'static str, Spread)> {
        let (_, ours) = self.engines.first()?;
        let median = |costs: &[f64]| spread(costs.to_vec()).median;
        let peers = self.engines.iter().skip(1);
        let (name, costs) = peers.min_by(|(_, one), (_, other)| median(one).total_cmp(&median(other)))?;
        Some((*name, ratios(costs, ours)))
    }
}

impl Report {
    pub fn page(&self) -> Result<String> {
        let mut page = String::new();
        writeln!(page, "{}. {}. Medians of {} rounds.\n", machine()?, versions()?, self.rounds)?;
        self.table(&mut page)?;
        writeln!(page, "\nThousands of events a second on one core (nanoseconds of CPU for one):\n")?;
        self.engines(&mut page)?;
        Ok(page)
    }

    fn table(&self, page: &mut String) -> Result<()> {
        page.push_str("| | better peer | times as fast | nine rounds of ten | to reach | |\n");
        page.push_str("| --- | --- | --: | --- | --: | --- |\n");
        for work in &self.works {
            let Some((peer, Spread { median, low, high })) = work.better_peer() else { continue };
            let met = verdict(median, work.goal);
            let (title, goal) = (work.title, work.goal);
            writeln!(
                page,
                "| {title} | {peer} | {median:.2} | {low:.2} to {high:.2} | ≥ {goal:.1} | {met} |"
            )?;
        }
        if let Some(many) = &self.many {
            let Spread { median, low, high } = ratios(&many.among, &many.alone);
            let met = verdict(MANY_GOAL, median);
            let title = "(d) one rule among 1,000, beside alone";
            writeln!(
                page,
                "| {title} | | costs {median:.3} | {low:.3} to {high:.3} | ≤ {MANY_GOAL} | {met} |"
            )?;
        }
        Ok(())
    }

    fn engines(&self, page: &mut String) -> Result<()> {
        let Some(first) = self.works.first() else { return Ok(()) };
        let names: Vec<&str> = first.engines.iter().map(|(name, _)| *name).collect();
        writeln!(page, "| | {} |", names.join(" | "))?;
        writeln!(page, "| --- |{}", " --: |".repeat(names.len()))?;
        for work in &self.works {
            write!(page, "| {} |", work.title)?;
            for (_, Spread { median, .. }) in work.nanoseconds() {
                write!(page, " {:.0} ({median:.0}) |", 1e6 / median)?;
            }
            page.push('\n');
        }
        if let Some(Many { alone, among }) = &self.many {
            for (title, costs) in [("(d) one rule alone", alone), ("(d) one among 1,000", among)] {
                let median = spread(costs.clone()).median;
                let none = " |".repeat(names.len() - 1);
                writeln!(page, "| {title} | {:.0} ({median:.0}) |{none}", 1e6 / median)?;
            }
        }
        Ok(())
    }

    pub fn json(&self) -> Result<Value> {
        let works = self.works.iter().map(|work| {
            let engines = work.nanoseconds().into_iter().map(|(name, costs)| {
                json!({"engine": name, "ns_per_event": figures(costs), "events_per_s": 1e9 / costs.median})
            });
            let better = work.better_peer();
            json!({
                "work": work.name,
                "engines": engines.collect::<Vec<_>>(),
                "better_peer": better.map(|(name, _)| name),
                "times_as_fast": better.map(|(_, ratios)| figures(ratios)),
                "goal": work.goal,
            })
        });
        let many = self.many.as_ref().map(|Many { alone, among }| {
            json!({
                "alone_ns_per_event": figures(spread(alone.clone())),
                "among_ns_per_event": figures(spread(among.clone())),
                "among_to_alone": figures(ratios(among, alone)),
                "goal": MANY_GOAL,
            })
        });
        Ok(json!({
            "machine": machine()?,
            "versions": versions()?,
            "rounds": self.rounds,
            "works": works.collect::<Vec<_>>(),
            "one_of_1000_rules": many,
        }))
    }
}

/// The page with its measured part replaced.
pub fn put_into(page: &str, measured: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("the page has no line `{BEGIN}`"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("the page has no line `{END}`"))?;
    Ok(format!("{before}{BEGIN}\n\n{measured}\n{END}{after}"))
}

fn figures(spread: Spread) -> Value {
    json!({"median": spread.median, "p5": spread.low, "p95": spread.high})
}

/// Whether a figure reaches what it should.
fn verdict(reached: f64, goal: f64) -> String {
    match reached >= goal {
        true => "met".to_owned(),
        false => format!("missed by {:.0} %", (1.0 - reached / goal) * 100.0),
    }
}

fn machine() -> Result<String> {
    let processors = std::fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
    let models: Vec<&str> = processors
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, model)| model))
        .collect();
    let model = models.first().copied().unwrap_or("a processor without a name");
    let day = jiff::Timestamp::now().strftime("%F").to_string();
    Ok(format!("{model}, {} cores, {day}", models.len()))
}

/// Those of this program's own lock file.
fn versions() -> Result<String> {
    let lock = include_str!("../Cargo.lock");
    let mut versions = Vec::new();
    for peer in PEERS {
        let head = format!("name = \"{peer}\"\nversion = \"");
        let found = lock.split_once(&head).and_then(|(_, rest)| rest.split('"').next());
        versions
            .push(format!("{peer} {}", found.with_context(|| format!("{peer} is not in the lock file"))?));
    }
    Ok(versions.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let engines = vec![("ours", vec![100.0, 100.0]), ("slow", vec![900.0; 2]), ("fast", vec![250.0; 2])];
        let works = vec![Measured { name: "work", title: "(a)", goal: 2.0, engines }];
        let many = Some(Many { alone: vec![100.0; 2], among: vec![120.0; 2] });
        Report { works, many, rounds: 2 }
    }

    #[test]
    fn the_cheapest_peer_is_the_one_compared_with() {
        let page = report().page().unwrap();
        assert!(page.contains("| (a) | fast | 2.50 | 2.50 to 2.50 | ≥ 2.0 | met |"), "{page}");
        assert!(page.contains("| costs 1.200 | 1.200 to 1.200 | ≤ 1.1 | missed by 8 % |"), "{page}");
        assert!(page.contains("| (a) | 10000 (100) | 1111 (900) | 4000 (250) |"), "{page}");
        let json = report().json().unwrap();
        assert_eq!(json["works"][0]["better_peer"], "fast");
        assert_eq!(json["one_of_1000_rules"]["among_to_alone"]["median"], 1.2);
    }

    #[test]
    fn a_page_keeps_what_was_not_measured() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = put_into(&page, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert!(put_into("no marks", "new").is_err());
    }

    #[test]
    fn versions_come_from_the_lock_file() {
        let versions = versions().unwrap();
        assert!(PEERS.iter().all(|peer| versions.contains(peer)), "{versions}");
        assert!(versions.split(", ").all(|one| one.split(' ').nth(1).is_some_and(|it| it.contains('.'))));
    }
}
