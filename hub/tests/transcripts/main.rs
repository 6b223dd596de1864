//! Text files in, a hub driven by them, and its notices held to what the files say; `BLESS=1` writes what is said.
//!
//! A line `> event` happens, is committed and told; the lines `< notice` below it are all that is told, in order.
//! `#` begins a comment; `settings` lines stand at the top. The words of events are listed in `script.rs`.

mod script;
mod stage;
mod told;

use std::path::{Path, PathBuf};

use stage::Stage;

#[test]
fn every_transcript_is_told_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of transcripts")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "transcripts are missing: {files:?}");
    let wrong: Vec<String> = files.iter().filter_map(|file| check(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a transcript.
fn check(file: &Path) -> Option<String> {
    let written = std::fs::read_to_string(file).expect("a readable transcript");
    let told = play(&written).unwrap_or_else(|wrong| panic!("{}: {wrong}", file.display()));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, told).expect("a writable transcript");
        return None;
    }
    let differs = written.lines().zip(told.lines()).enumerate().find(|(_, (a, b))| a != b);
    let (line, (expected, found)) = match differs {
        Some(found) => found,
        None if written.lines().count() == told.lines().count() => return None,
        None => (written.lines().count().min(told.lines().count()), ("the end, or more", "more, or the end")),
    };
    Some(format!("{}:{}\n  written: {expected}\n  told:    {found}", file.display(), line + 1))
}

/// The transcript with what the hub really tells.
fn play(written: &str) -> Result<String, String> {
    let settings = written.lines().filter_map(|line| line.strip_prefix("settings "));
    let mut stage = Stage::open(settings)?;
    let mut told = String::new();
    for line in written.lines().filter(|line| !line.starts_with('<')) {
        told.push_str(line);
        told.push('\n');
        if let Some(event) = line.strip_prefix("> ") {
            let notices = stage.happen(event).map_err(|wrong| format!("`{line}`: {wrong}"))?;
            for notice in notices {
                told.push_str(&format!("< {notice}\n"));
            }
        }
    }
    Ok(told)
}
