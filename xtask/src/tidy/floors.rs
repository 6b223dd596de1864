//! In: every crate's manifest. Out: breaches of the staircase of crates. Does not read source code.

use super::tree::Tree;

/// Higher may call lower, never the same or higher. `message` lies under its floor-0 neighbours.
const STEPS: [(&str, u8); 22] = [
    ("message", 0),
    ("mqtt", 1),
    ("aws", 1),
    ("policy", 1),
    ("sql", 1),
    ("shadow", 1),
    ("template", 1),
    ("store", 2),
    ("registry", 3),
    ("broker", 3),
    ("logs", 3),
    ("rules", 3),
    ("delivery", 3),
    ("functions", 3),
    ("objects", 3),
    ("stacks", 3),
    ("hub", PURE_BELOW - 1),
    ("sandbox", 5),
    ("server", 6),
    ("thingstead", 7),
    ("device", BESIDE),
    ("sim", BESIDE),
];
const PURE_BELOW: u8 = 5;
const BESIDE: u8 = 8;
/// Programs that only run other programs.
const APART: [&str; 4] = ["xtask", "fuzz", "mqttload", "rulebench"];
const SHELL_ONLY: [&str; 12] = [
    "tokio",
    "tokio-rustls",
    "rustls",
    "hyper",
    "hyper-util",
    "axum",
    "reqwest",
    "mio",
    "rand",
    "getrandom",
    "parking_lot",
    "rustix",
];

struct Manifest<'a> {
    folder: &'a str,
    text: &'a str,
}

pub(super) fn step(name: &str) -> Option<u8> {
    STEPS.iter().find(|(known, _)| *known == name).map(|(_, step)| *step)
}

/// Floors 0 to 3: no clock, no lock, no socket.
pub(super) fn is_pure(name: &str) -> bool {
    step(name).is_some_and(|step| step < PURE_BELOW)
}

pub(super) fn directions(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for manifest in manifests(tree) {
        let name = manifest.folder;
        let path = format!("{name}/Cargo.toml");
        if APART.contains(&name) {
            continue;
        }
        let Some(own) = step(name) else {
            breaches.push(format!("{path}: give `{name}` its floor in xtask/src/tidy/floors.rs"));
            continue;
        };
        for used in dependencies(manifest.text) {
            if step(used).is_some_and(|step| step >= own) || APART.contains(&used) {
                breaches.push(format!("{path}: `{name}` may not use `{used}`, which is no lower floor"));
            }
            // The store needs the system's own calls for its files.
            let at_home = name == "store" && used == "rustix";
            if is_pure(name) && SHELL_ONLY.contains(&used) && !at_home {
                breaches.push(format!("{path}: `{name}` is on floors 0 to 3, `{used}` belongs to the shell"));
            }
        }
    }
    breaches
}

pub(super) fn folders(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for Manifest { folder, text } in manifests(tree) {
        let name = value(section(text, "[package]"), "name").unwrap_or_default();
        // A fuzz crate cannot be called like its folder: cargo-fuzz expects NAME-fuzz.
        if name != folder && folder != "fuzz" {
            breaches.push(format!("{folder}/Cargo.toml: the crate is called `{name}`"));
        }
    }
    breaches
}

pub(super) fn lints(tree: &Tree) -> Vec<String> {
    let lacking = manifests(tree).filter(|manifest| manifest.folder != "fuzz");
    let lacking = lacking.filter(|manifest| value(section(manifest.text, "[lints]"), "workspace").is_none());
    lacking
        .map(|manifest| format!("{}/Cargo.toml: add `[lints] workspace = true`", manifest.folder))
        .collect()
}

pub(super) fn bans(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for Manifest { folder, .. } in manifests(tree).filter(|manifest| is_pure(manifest.folder)) {
        let path = format!("{folder}/clippy.toml");
        let text = tree.get(&path).map_or("", |file| file.text.as_str());
        for needed in ["too-many-lines-threshold = 70", "disallowed-methods", "SystemTime::now", "TcpStream"]
        {
            if !text.contains(needed) {
                breaches.push(format!("{path}: `{needed}` is missing"));
            }
        }
    }
    breaches
}

fn manifests(tree: &Tree) -> impl Iterator<Item = Manifest<'_>> {
    tree.ending("/Cargo.toml").filter_map(|file| {
        let folder = file.path.strip_suffix("/Cargo.toml")?;
        (!folder.contains('/')).then_some(Manifest { folder, text: &file.text })
    })
}

/// Names under `[dependencies]`; what only tests use may come from anywhere.
fn dependencies(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header == "dependencies" || header.ends_with(".dependencies");
            names.extend(header.strip_prefix("dependencies."));
        } else if inside && !line.starts_with('#') {
            names.extend(line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty()));
        }
    }
    names
}

fn section<'a>(text: &'a str, header: &str) -> &'a str {
    let Some(start) = text.find(header) else { return "" };
    let rest = &text[start + header.len()..];
    rest.find("\n[").map_or(rest, |end| &rest[..end])
}

fn value<'a>(section: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = section.lines().filter_map(|line| line.split_once('='));
    let found = lines.find(|(name, _)| name.trim() == key)?;
    Some(found.1.trim().trim_matches('"'))
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
    fn a_crate_may_only_use_lower_floors() {
        check(directions, &[("mqtt/Cargo.toml", "[dependencies]\nmessage.workspace = true")], &[]);
        check(directions, &[("message/Cargo.toml", "[dependencies]\nmqtt.workspace = true")], &["`mqtt`"]);
        check(
            directions,
            &[("broker/Cargo.toml", "[dependencies]\nregistry = { path = \"x\" }")],
            &["`registry`"],
        );
        check(directions, &[("hub/Cargo.toml", "[dependencies.server]\npath = \"x\"")], &["`server`"]);
        check(directions, &[("hub/Cargo.toml", "[dev-dependencies]\nserver.workspace = true")], &[]);
        check(directions, &[("server/Cargo.toml", "[dependencies]\nxtask = \"1\"")], &["`xtask`"]);
    }

    #[test]
    fn pure_crates_may_not_use_the_shells_dependencies() {
        check(directions, &[("hub/Cargo.toml", "[dependencies]\ntokio = \"1\"")], &["`tokio`"]);
        check(directions, &[("server/Cargo.toml", "[dependencies]\ntokio = \"1\"")], &[]);
    }

    #[test]
    fn a_crate_without_a_floor_is_refused() {
        check(directions, &[("gadget/Cargo.toml", "")], &["`gadget`"]);
    }

    #[test]
    fn folder_name_and_lints_are_checked() {
        let good = "[package]\nname = \"hub\"\n\n[lints]\nworkspace = true\n";
        check(folders, &[("hub/Cargo.toml", good)], &[]);
        check(lints, &[("hub/Cargo.toml", good)], &[]);
        check(folders, &[("brain/Cargo.toml", good)], &["`hub`"]);
        check(lints, &[("hub/Cargo.toml", "[package]\nname = \"hub\"\n")], &["[lints]"]);
    }

    #[test]
    fn pure_crates_need_their_bans() {
        let good = "too-many-lines-threshold = 70\ndisallowed-methods = [\"SystemTime::now\", \"TcpStream\"]";
        check(bans, &[("hub/Cargo.toml", ""), ("hub/clippy.toml", good)], &[]);
        check(bans, &[("hub/Cargo.toml", ""), ("hub/clippy.toml", "")], &["70", "methods", "now", "Tcp"]);
        check(bans, &[("server/Cargo.toml", "")], &[]);
    }
}
