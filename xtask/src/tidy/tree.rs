//! In: the project's root. Out: its text files with their contents. Does not read build output or fetched code.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

#[derive(Clone, Debug)]
pub(super) struct TextFile {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

pub(super) struct Tree {
    pub(super) files: Vec<TextFile>,
}

const NOT_OURS: [&str; 5] = ["target", "node_modules", "thingstead-data", "__pycache__", "corpus"];
const OUR_DOT_FOLDERS: [&str; 3] = [".ci", ".cargo", ".config"];

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Tree> {
        let mut files = Vec::new();
        collect(root, "", &mut files)?;
        files.sort_by(|a: &TextFile, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    pub(super) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a TextFile> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.ending(".rs")
    }

    pub(super) fn get(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A tree made of literals, for the rules' own tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let file = |&(path, text): &(&str, &str)| TextFile { path: path.to_owned(), text: text.to_owned() };
        Tree { files: files.iter().map(file).collect() }
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<TextFile>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let ours = !name.starts_with('.') || OUR_DOT_FOLDERS.contains(&name.as_str());
            if ours && !NOT_OURS.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if kind.is_file() {
            // Bytes that are no text (a picture, a fuzz seed) have no lines to check.
            if let Ok(text) = String::from_utf8(fs::read(entry.path())?) {
                files.push(TextFile { path, text });
            }
        }
    }
    Ok(())
}
