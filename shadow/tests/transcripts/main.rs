//! Text files in, a shadow driven by them, and all it sends held to what the files say; `BLESS=1` writes what is sent.
//!
//! `settings` names the shadow and quotas (`lamp`, `lamp~name`, `document=100`, `depth=3`). A line `> request` happens,
//! the lines `< message` below it are all that is sent, in order. Time starts at 1700000000 and moves by `> wait 47h`.

use std::path::{Path, PathBuf};

use shadow::{Limits, Rejection, ShadowId, Stored};

#[test]
fn every_transcript_is_sent_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of transcripts")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    assert!(files.len() >= 8, "transcripts are missing: {files:?}");
    let wrong: Vec<String> = files.iter().filter_map(|file| check(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a transcript.
fn check(file: &Path) -> Option<String> {
    let written = std::fs::read_to_string(file).expect("a readable transcript");
    let sent = play(&written).unwrap_or_else(|wrong| panic!("{}: {wrong}", file.display()));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, sent).expect("a writable transcript");
        return None;
    }
    let differs = written.lines().zip(sent.lines()).enumerate().find(|(_, (a, b))| a != b);
    let (line, (expected, found)) = match differs {
        Some(found) => found,
        None if written.lines().count() == sent.lines().count() => return None,
        None => (written.lines().count().min(sent.lines().count()), ("the end, or more", "more, or the end")),
    };
    Some(format!("{}:{}\n  written: {expected}\n  sent:    {found}", file.display(), line + 1))
}

/// The transcript with what is really sent.
fn play(written: &str) -> Result<String, String> {
    let mut stage = Stage::new(written.lines().filter_map(|line| line.strip_prefix("settings ")))?;
    let mut sent = String::new();
    for line in written.lines().filter(|line| !line.starts_with('<')) {
        sent.push_str(line);
        sent.push('\n');
        if let Some(request) = line.strip_prefix("> ") {
            for message in stage.happen(request).map_err(|wrong| format!("`{line}`: {wrong}"))? {
                sent.push_str(&format!("< {message}\n"));
            }
        }
    }
    Ok(sent)
}

struct Stage {
    id: ShadowId,
    limits: Limits,
    now_ms: u64,
    /// As it would lie on the disk.
    kept: Option<Vec<u8>>,
}

impl Stage {
    fn new<'a>(settings: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut limits = Limits::default();
        let mut id = None;
        for word in settings.flat_map(str::split_whitespace) {
            let number = |text: &str| text.parse().map_err(|_| format!("`{word}` has no number"));
            match word.split_once('=') {
                Some(("document", bytes)) => limits.document_bytes = number(bytes)?,
                Some(("payload", bytes)) => limits.payload_bytes = number(bytes)?,
                Some(("depth", levels)) => limits.depth = number(levels)?,
                Some(_) => return Err(format!("there is no setting `{word}`")),
                None => {
                    let (thing, name) =
                        word.split_once('~').map_or((word, None), |(thing, name)| (thing, Some(name)));
                    id = Some(ShadowId::new(thing, name).map_err(|wrong| wrong.to_string())?);
                }
            }
        }
        let id = id.ok_or("settings name no shadow")?;
        Ok(Self { id, limits, now_ms: 1_700_000_000_000, kept: None })
    }

    fn happen(&mut self, request: &str) -> Result<Vec<String>, String> {
        let (word, rest) = request.split_once(' ').unwrap_or((request, ""));
        let payload = match rest.strip_prefix("hex ") {
            Some(digits) => bytes(digits)?,
            None => rest.as_bytes().to_vec(),
        };
        match word {
            "wait" => self.wait(rest).map(|()| Vec::new()),
            "update" => Ok(self.update(&payload)),
            "get" => Ok(self.get(&payload)),
            "delete" => Ok(self.delete(&payload)),
            "state" => Ok(vec![self.state()]),
            _ => Err("there is no such request".to_owned()),
        }
    }

    fn wait(&mut self, time: &str) -> Result<(), String> {
        let unit_ms = match time.chars().last() {
            Some('h') => 3_600_000,
            Some('s') => 1_000,
            _ => return Err("a time is 47h or 3s".to_owned()),
        };
        let count: u64 = time[..time.len() - 1].parse().map_err(|_| "a time is 47h or 3s")?;
        self.now_ms += count * unit_ms;
        Ok(())
    }

    fn update(&mut self, payload: &[u8]) -> Vec<String> {
        let updated = match Stored::update(self.current().as_ref(), payload, self.now_ms, &self.limits) {
            Ok(updated) => updated,
            Err(rejection) => return self.rejected(&rejection),
        };
        self.kept = Some(updated.stored.to_bytes());
        let mut sent = vec![said("accepted", updated.accepted)];
        sent.extend(updated.delta.map(|delta| said("delta", delta)));
        sent.push(said("documents", updated.documents));
        sent
    }

    fn get(&self, payload: &[u8]) -> Vec<String> {
        match Stored::get(self.current().as_ref(), &self.id, payload, self.now_ms, &self.limits) {
            Ok(got) => vec![said("accepted", got.accepted)],
            Err(rejection) => self.rejected(&rejection),
        }
    }

    fn delete(&mut self, payload: &[u8]) -> Vec<String> {
        match Stored::delete(self.current().as_ref(), &self.id, payload, self.now_ms, &self.limits) {
            Ok(deleted) => {
                self.kept = Some(deleted.stored.to_bytes());
                vec![said("accepted", deleted.accepted)]
            }
            Err(rejection) => self.rejected(&rejection),
        }
    }

    fn rejected(&self, rejection: &Rejection) -> Vec<String> {
        vec![said("rejected", rejection.payload(self.now_ms)), format!("because {}", rejection.fault.hint())]
    }

    fn state(&self) -> String {
        match self.current() {
            None => "nothing is kept".to_owned(),
            Some(stored) if stored.is_forgotten(self.now_ms) => "forgotten".to_owned(),
            Some(stored) if stored.is_deleted() => format!("deleted at version {}", stored.version()),
            Some(stored) => format!("version {}, {} bytes", stored.version(), stored.document_bytes()),
        }
    }

    fn current(&self) -> Option<Stored> {
        self.kept.as_ref().map(|bytes| Stored::from_bytes(bytes).expect("what was written is read"))
    }
}

fn said(word: &str, payload: Vec<u8>) -> String {
    let text = String::from_utf8(payload).expect("payloads are text");
    serde_json::from_str::<serde_json::Value>(&text).expect("payloads are JSON");
    format!("{word} {text}")
}

fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let pairs = digits.split_whitespace();
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|_| format!("`{pair}` is no byte"))).collect()
}
