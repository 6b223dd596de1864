//! In: the tree. Out: missing papers, headings and dead links. Does not judge what they say.

use super::tree::Tree;

const PAPERS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "STYLE.md",
    "CONTRIBUTING.md",
    "COMPAT.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    ".ci/run",
];

pub(super) fn papers(tree: &Tree) -> Vec<String> {
    let lacking = PAPERS.iter().filter(|path| tree.get(path).is_none_or(|file| file.text.trim().is_empty()));
    let mut breaches: Vec<String> = lacking.map(|path| format!("{path}: is missing")).collect();
    for page in tree.ending(".md") {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in links(&page.text) {
            if !leads_somewhere(tree, folder, target) {
                breaches.push(format!("{}: the link to {target} leads nowhere", page.path));
            }
        }
    }
    breaches
}

/// Targets of `[text](target)` that are files of the project.
fn links(text: &str) -> Vec<&str> {
    let targets = text.match_indices("](").filter_map(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        rest.split_once(')').map(|(target, _)| target)
    });
    let own = targets.filter(|target| !target.contains("://") && !target.starts_with(['#', '<']));
    own.filter(|target| !target.contains(char::is_whitespace) && !target.starts_with("mailto:")).collect()
}

fn leads_somewhere(tree: &Tree, folder: &str, target: &str) -> bool {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let file = target.split('#').next().unwrap_or_default();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    // A picture is no text file, so only its folder can be checked here.
    let picture = [".png", ".jpg"].iter().any(|end| path.ends_with(end));
    let inside = format!("{path}/");
    picture || tree.files.iter().any(|file| file.path == path || file.path.starts_with(&inside))
}

pub(super) fn decisions(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for page in tree.files.iter().filter(|file| file.path.starts_with("docs/decisions/")) {
        let name = page.path.rsplit('/').next().unwrap_or_default();
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            breaches.push(format!("{}: name it NNNN-what-was-decided.md", page.path));
        }
        for wanted in [&["Context"][..], &["Decision", "Choice"], &["Consequence"]] {
            let headings = page.text.lines().filter_map(|line| line.strip_prefix('#'));
            let mut said = headings.map(|line| line.trim_start_matches('#').trim());
            if !said.any(|heading| wanted.iter().any(|word| heading.starts_with(word))) {
                breaches.push(format!("{}: has no heading `{}`", page.path, wanted[0]));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(with: &[(&str, &str)]) -> Tree {
        let mut files: Vec<(&str, &str)> = PAPERS.iter().map(|path| (*path, "text")).collect();
        files.extend(with);
        Tree::of(&files)
    }

    #[test]
    fn a_missing_or_empty_paper_is_named() {
        assert_eq!(papers(&tree(&[])), Vec::<String>::new());
        assert_eq!(papers(&Tree::of(&[("README.md", "")])).len(), PAPERS.len());
    }

    #[test]
    fn links_lead_somewhere() {
        let good = "[a](../COMPAT.md#mqtt) [b](b.md) [c](https://example.org) [d](#here) [e](sub)";
        let files = [("docs/a.md", good), ("docs/b.md", "b"), ("docs/sub/c.md", "c")];
        assert_eq!(papers(&tree(&files)), Vec::<String>::new());
        let found = papers(&tree(&[("docs/a.md", "[x](gone.md)")]));
        assert_eq!(found, ["docs/a.md: the link to gone.md leads nowhere"]);
    }

    #[test]
    fn a_decision_says_why_what_and_what_follows() {
        let good = "# One writer\n## Context\n## Decision\n## Consequences\n";
        assert_eq!(
            decisions(&Tree::of(&[("docs/decisions/0001-one-writer.md", good)])),
            Vec::<String>::new()
        );
        let found = decisions(&Tree::of(&[("docs/decisions/writer.md", "# One writer\n## Choice\n")]));
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
