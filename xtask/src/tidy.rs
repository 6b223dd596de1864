//! In: the project's files. Out: a tally of house rules, every breach printed. Does not check what rustc and clippy do.

mod floors;
mod papers;
mod purity;
mod shape;
mod tree;
mod words;

use std::path::Path;

use anyhow::Result;

use crate::tally::Tally;
use tree::Tree;

type Rule = (&'static str, fn(&Tree) -> Vec<String>);

const RULES: [Rule; 12] = [
    ("files over 600 lines have a reason, none has over 1,000", shape::lengths),
    ("every Rust file opens with one //! line", shape::openings),
    ("files and folders are named by nouns of the domain", shape::names),
    ("calls go to lower floors only", floors::directions),
    ("a folder is named like its crate", floors::folders),
    ("every crate takes the workspace's lints", floors::lints),
    ("crates on floors 0 to 3 have a clippy.toml that bans clocks and sockets", floors::bans),
    ("floors 0 to 3 are pure", purity::impurities),
    ("no stub, no ignored test, no silenced lint", words::stubs),
    ("no path of one machine, no host of a package registry", words::places),
    ("the project's papers are there and their links lead somewhere", papers::papers),
    ("decisions have Context, Decision and Consequences", papers::decisions),
];

pub(crate) fn run(root: &Path) -> Result<Tally> {
    let tree = Tree::read(root)?;
    let mut tally = Tally::default();
    for (promise, rule) in RULES {
        let breaches = rule(&tree);
        if breaches.is_empty() {
            tally += Tally::ONE_PASSED;
            continue;
        }
        tally += Tally::ONE_FAILED;
        println!("not kept: {promise}");
        for breach in breaches {
            println!("  {breach}");
        }
    }
    println!("tidy: {} rules over {} files", RULES.len(), tree.files.len());
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_project_keeps_its_house_rules() {
        let root = crate::place::Place::find().root;
        let tree = Tree::read(&root).unwrap();
        assert!(tree.files.iter().any(|file| file.path == "xtask/src/tidy.rs"));
        for (promise, rule) in RULES {
            // The other crates are checked by `cargo xtask tidy` itself; here only the chores' own folder.
            let own = Tree {
                files: tree.files.iter().filter(|file| file.path.starts_with("xtask/")).cloned().collect(),
            };
            let breaches: Vec<String> =
                rule(&own).into_iter().filter(|line| line.starts_with("xtask/")).collect();
            assert_eq!(breaches, Vec::<String>::new(), "{promise}");
        }
    }
}
