//! Files that a user names, read up to a bound; a device's folder, filled with what the server answered. No file that
//! holds a key is lost. Knows nothing of what the texts mean.

use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// No policy and no signing request that the server takes is longer.
const MOST_BYTES: u64 = 65_536;

/// The text of a file. Never more than the bound, whatever the file is.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let why = format!("it has more than {MOST_BYTES} bytes, and nothing that belongs here has");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Asks for files and writes them. The folder is made before it asks, so that no device is left without one, and is
/// gone again if nothing comes of it.
pub(crate) fn fill(folder: &Path, ask: impl FnOnce() -> Result<Value>) -> Result<Value> {
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made: choose another folder with --out", folder.display()))?;
    let reply = ask().inspect_err(|_| {
        if is_new {
            let _ = std::fs::remove_dir(folder);
        }
    })?;
    for file in reply["files"].as_array().context("the reply has no files")? {
        let name = file["name"].as_str().filter(|name| !name.contains('/')).context("a file has no name")?;
        set_aside(folder, name)?;
        let private = file["private"].as_bool().unwrap_or(true);
        write(&folder.join(name), file["contents"].as_str().unwrap_or_default(), private)?;
    }
    Ok(reply)
}

/// A certificate or key that is there already stays as `*.previous`: it may be the only copy of one that still counts.
fn set_aside(folder: &Path, name: &str) -> Result<()> {
    let path = folder.join(name);
    if !path.exists() || !(name.ends_with(".crt") || name.ends_with(".key")) {
        return Ok(());
    }
    std::fs::rename(&path, folder.join(format!("{name}.previous")))
        .with_context(|| format!("{} cannot be renamed", path.display()))
}

fn write(path: &Path, text: &str, private: bool) -> Result<()> {
    let failed = || format!("{} cannot be written", path.display());
    // A file that exists keeps its mode, so it goes first.
    let _ = std::fs::remove_file(path);
    let mode = if private { 0o600 } else { 0o644 };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)
}
