//! In: this machine. Out: the tools, Python packages and Node modules that tests need, or their names if missing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::process;
use crate::tally::Tally;

struct Tool {
    name: &'static str,
    /// Proves that the tool is there; what it prints is read for a version.
    proof: &'static [&'static str],
    /// Lowest major and minor version; (0, 0) takes any.
    least: (u32, u32),
    debian: &'static str,
}

const TOOLS: [Tool; 9] = [
    Tool { name: "python3", proof: &["--version"], least: (3, 10), debian: "python3" },
    Tool { name: "python3", proof: &["-c", "import ensurepip, venv"], least: (0, 0), debian: "python3-venv" },
    Tool { name: "node", proof: &["--version"], least: (18, 0), debian: "nodejs" },
    Tool { name: "npm", proof: &["--version"], least: (0, 0), debian: "npm" },
    Tool { name: "openssl", proof: &["version"], least: (0, 0), debian: "openssl" },
    Tool { name: "mosquitto", proof: &[], least: (0, 0), debian: "mosquitto" },
    Tool { name: "mosquitto_pub", proof: &[], least: (0, 0), debian: "mosquitto-clients" },
    Tool { name: "chromium", proof: &[], least: (0, 0), debian: "chromium" },
    Tool { name: "c++", proof: &["--version"], least: (0, 0), debian: "g++" },
];

pub(crate) fn provide(place: &Place) -> Result<Tally> {
    let missing = missing();
    if !missing.is_empty() {
        install(&missing)?;
    }
    let still = self::missing();
    if !still.is_empty() {
        let lines: Vec<String> = still.iter().map(|tool| describe(tool)).collect();
        bail!("missing on this machine:\n  {}", lines.join("\n  "));
    }
    let mut tally = Tally { passed: TOOLS.len() as u64, failed: 0 };
    python_packages(place).context("target/venv could not be made")?;
    node_modules(place).context("target/node could not be made")?;
    tally.passed += 2;
    println!("{} tools, {} and {} are ready", TOOLS.len(), place.venv().display(), place.node().display());
    Ok(tally)
}

fn missing() -> Vec<&'static Tool> {
    TOOLS.iter().filter(|tool| !present(tool)).collect()
}

fn present(tool: &Tool) -> bool {
    if tool.proof.is_empty() {
        return on_path(tool.name);
    }
    match process::quiet(tool.name, tool.proof) {
        None => false,
        Some(_) if tool.least == (0, 0) => true,
        Some(text) => version(&text).is_some_and(|found| found >= tool.least),
    }
}

/// Mosquitto's programs have no option that prints a version and succeeds. Debian keeps servers in sbin.
fn on_path(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin"]).any(|folder| Path::new(folder).join(name).is_file())
}

/// The first `MAJOR.MINOR` in a text such as `Python 3.11.7` or `v20.19.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let mut numbers = text[start..].trim().split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn describe(tool: &Tool) -> String {
    let least = match tool.least {
        (0, 0) => String::new(),
        (major, minor) => format!(" {major}.{minor} or newer"),
    };
    format!("{}{least}: Debian package `{}`", tool.name, tool.debian)
}

fn install(missing: &[&Tool]) -> Result<()> {
    let packages: Vec<&str> = missing.iter().map(|tool| tool.debian).collect();
    let list = packages.join(" ");
    if !on_path("apt-get") {
        bail!("missing: {list} (names of Debian packages); there is no apt-get here to install them");
    }
    let root = process::quiet("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if !root && process::quiet("sudo", &["-n", "true"]).is_none() {
        bail!("missing: install them with `sudo apt-get install --no-install-recommends {list}`");
    }
    let apt = |words: &[&str]| {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        if !root {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(words);
        process::must(&mut command)
    };
    apt(&["update", "-qq"])?;
    let mut words = vec!["install", "-y", "-qq", "--no-install-recommends"];
    words.extend(packages);
    apt(&words)
}

fn python_packages(place: &Place) -> Result<()> {
    let wanted = place.conformance("requirements.txt");
    let stamp = place.venv().join("installed-requirements.txt");
    if same(&wanted, &stamp) && process::quiet(&place.python().to_string_lossy(), &["--version"]).is_some() {
        return Ok(());
    }
    fs::create_dir_all(&place.target)?;
    process::must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(place.venv()))?;
    let mut pip = Command::new(place.python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    process::must(pip.arg(&wanted))?;
    fs::copy(&wanted, &stamp)?;
    Ok(())
}

fn node_modules(place: &Place) -> Result<()> {
    let lock = place.conformance("package-lock.json");
    let stamp = place.node().join("installed-lock.json");
    if same(&lock, &stamp) {
        return Ok(());
    }
    fs::create_dir_all(place.node())?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(place.conformance(file), place.node().join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(place.node());
    process::must(&mut npm)?;
    fs::copy(&lock, &stamp)?;
    Ok(())
}

fn same(wanted: &Path, stamp: &Path) -> bool {
    match (fs::read(wanted), fs::read(stamp)) {
        (Ok(wanted), Ok(stamp)) => wanted == stamp,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u32, u32)>) {
        assert_eq!(version(text), expected, "{text}");
    }

    #[test]
    fn versions_are_read_as_the_tools_print_them() {
        check("Python 3.11.7\n", Some((3, 11)));
        check("v20.19.0\n", Some((20, 19)));
        check("v18.0", Some((18, 0)));
        check("no number", None);
        check("7", None);
    }

    #[test]
    fn a_missing_tool_is_named_with_its_debian_package() {
        assert_eq!(describe(&TOOLS[2]), "node 18.0 or newer: Debian package `nodejs`");
        assert_eq!(describe(&TOOLS[6]), "mosquitto_pub: Debian package `mosquitto-clients`");
    }

    #[test]
    fn a_program_that_nobody_has_is_not_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-anywhere"));
    }
}
