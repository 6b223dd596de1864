//! In: the tree. Out: files with the wrong length, opening line or name. Does not read meaning.

use std::collections::BTreeSet;

use super::tree::{TextFile, Tree};

const EXCEPTIONS: &str = "xtask/tidy-exceptions";
const LONG: usize = 600;
const TOO_LONG: usize = 1000;
const NO_NOUNS: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "types", "misc"];
const CODE: [&str; 7] = [".rs", ".py", ".mjs", ".js", ".sh", ".html", ".css"];

pub(super) fn lengths(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut unused = exceptions(tree, &mut breaches);
    for file in tree.files.iter().filter(|file| CODE.iter().any(|end| file.path.ends_with(end))) {
        let lines = file.text.lines().count();
        let excused = unused.remove(file.path.as_str());
        if lines > TOO_LONG {
            breaches.push(format!("{}: {lines} lines; over {TOO_LONG} is refused: split it", file.path));
        } else if lines > LONG && !excused {
            breaches
                .push(format!("{}: {lines} lines; split it, or give a reason in {EXCEPTIONS}", file.path));
        } else if lines <= LONG && excused {
            breaches.push(format!("{EXCEPTIONS}: {} has {lines} lines and needs no entry", file.path));
        }
    }
    breaches.extend(unused.into_iter().map(|path| format!("{EXCEPTIONS}: there is no file {path}")));
    breaches
}

/// Lines of `path: reason`.
fn exceptions<'a>(tree: &'a Tree, breaches: &mut Vec<String>) -> BTreeSet<&'a str> {
    let text = tree.get(EXCEPTIONS).map_or("", |file| file.text.as_str());
    let mut paths = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_once(':') {
            Some((path, reason)) if !reason.trim().is_empty() => {
                paths.insert(path.trim());
            }
            _ => breaches.push(format!("{EXCEPTIONS}: `{line}` is not `path: reason`")),
        }
    }
    paths
}

pub(super) fn openings(tree: &Tree) -> Vec<String> {
    let silent = tree.rust().filter(|file| !opens_well(file));
    silent.map(|file| format!("{}: the first line must be `//! …`", file.path)).collect()
}

fn opens_well(file: &TextFile) -> bool {
    // A fuzz target must begin with its crate attribute, or rustc reads it too late.
    let mut lines = file.text.lines().skip_while(|line| line.starts_with("#!["));
    lines.next().and_then(|line| line.strip_prefix("//! ")).is_some_and(|said| said.trim().len() > 10)
}

pub(super) fn names(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in &tree.files {
        let mut parts: Vec<&str> = file.path.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        if name == "mod.rs" {
            breaches.push(format!("{}: use NAME.rs beside the folder NAME, not mod.rs", file.path));
        }
        let code = CODE.iter().any(|end| name.ends_with(end));
        if (code && NO_NOUNS.contains(&stem)) || parts.iter().any(|part| NO_NOUNS.contains(part)) {
            breaches.push(format!("{}: name it after what it holds", file.path));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&Tree) -> Vec<String>, files: &[(&str, &str)], expected: &[&str]) {
        let found = rule(&Tree::of(files));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} should name {expected}");
        }
    }

    #[test]
    fn long_files_need_a_reason_and_the_longest_are_refused() {
        let [fine, long, huge] = [600, 601, 1001].map(|lines| "x\n".repeat(lines));
        check(lengths, &[("a/src/a.rs", &fine)], &[]);
        check(lengths, &[("a/src/a.rs", &long)], &["split it"]);
        check(lengths, &[("a/src/a.rs", &long), (EXCEPTIONS, "a/src/a.rs: one table")], &[]);
        check(lengths, &[("a/src/a.rs", &huge), (EXCEPTIONS, "a/src/a.rs: one table")], &["refused"]);
        check(lengths, &[("README.md", &huge)], &[]);
    }

    #[test]
    fn an_exception_that_is_not_needed_is_a_breach() {
        check(lengths, &[(EXCEPTIONS, "a/src/a.rs: one table")], &["no file"]);
        check(lengths, &[("a/src/a.rs", "x"), (EXCEPTIONS, "a/src/a.rs: one table")], &["needs no entry"]);
        check(lengths, &[(EXCEPTIONS, "a/src/a.rs")], &["path: reason"]);
    }

    #[test]
    fn a_file_must_open_by_saying_what_it_is() {
        check(openings, &[("a.rs", "//! In: bytes. Out: packets.\n")], &[]);
        check(openings, &[("a.rs", "#![no_main]\n//! In: bytes. Out: packets.\n")], &[]);
        check(openings, &[("a.rs", "use std::fs;\n")], &["a.rs"]);
        check(openings, &[("a.rs", "//!\n")], &["a.rs"]);
        check(openings, &[("a.rs", "")], &["a.rs"]);
    }

    #[test]
    fn empty_names_are_refused() {
        check(names, &[("a/src/retained.rs", "")], &[]);
        check(names, &[("a/src/utils.rs", "")], &["utils.rs"]);
        check(names, &[("a/src/b/mod.rs", "")], &["mod.rs"]);
        check(names, &[("a/tests/common/disk.rs", "")], &["common"]);
        check(names, &[("conformance/helpers.py", "")], &["helpers.py"]);
    }
}
