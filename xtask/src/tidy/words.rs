//! In: the tree. Out: lines with words that must not be committed. Does not parse the languages.

use super::tree::Tree;

/// Written in two halves, so that this file does not find itself.
const STUBS: [&str; 6] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("#[", "allow("),
    concat!("#![", "allow("),
    concat!("@unittest", ".skip"),
];
const PLACES: [&str; 8] = [
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("registry.", "npmjs"),
    concat!("registry.", "yarnpkg"),
    concat!("pypi.org/", "simple"),
    concat!("files.", "pythonhosted"),
    concat!("index.", "crates"),
];

pub(super) fn stubs(tree: &Tree) -> Vec<String> {
    find(tree, &STUBS, &[".rs", ".py"])
}

pub(super) fn places(tree: &Tree) -> Vec<String> {
    find(tree, &PLACES, &[""])
}

fn find(tree: &Tree, words: &[&str], ends: &[&str]) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in tree.files.iter().filter(|file| ends.iter().any(|end| file.path.ends_with(end))) {
        for (at, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                breaches.push(format!("{}:{}: `{word}`", file.path, at + 1));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stubs_and_silenced_lints_are_found() {
        for word in STUBS {
            let line = format!("    {word}");
            assert_eq!(stubs(&Tree::of(&[("a/src/a.rs", &line)])), [format!("a/src/a.rs:1: `{word}`")]);
        }
        assert!(stubs(&Tree::of(&[("a/src/a.rs", "#[expect(dead_code, reason = \"…\")]")])).is_empty());
    }

    #[test]
    fn machine_paths_and_registry_hosts_are_found_in_any_file() {
        for word in PLACES {
            let line = format!("x\nsee {word}y");
            assert_eq!(places(&Tree::of(&[("docs/a.md", &line)])), [format!("docs/a.md:2: `{word}`")]);
        }
    }
}
