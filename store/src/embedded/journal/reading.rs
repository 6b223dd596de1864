//! A journal's files in, the unbroken run of commits in each and what follows it out. Changes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::{ALIGNMENT, CommitMark, FILE_HEADER, FILE_MAGIC, FRAME_HEADER, FRAME_MAGIC, checksum};

/// The files of a journal.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    /// Those with a sound beginning, in the order of their use.
    pub(in super::super) begun: Vec<Begun>,
    /// The others: never used, or their next use was cut short.
    pub(in super::super) blank: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Begun {
    pub(in super::super) path: PathBuf,
    pub(in super::super) id: u64,
    /// The number of its first commit.
    pub(in super::super) first: u64,
    seed: u64,
}

/// What one file holds.
#[derive(Debug)]
pub(in super::super) struct Run {
    /// The frames of its commits, one after the other without a gap.
    pub(in super::super) frames: Vec<(u64, Bytes)>,
    pub(in super::super) ending: Ending,
}

/// What follows the unbroken run of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ending {
    /// No commit: room, the remains of an earlier use, or a write cut short.
    Open,
    /// Something that is no commit, then commits, of which this is the last.
    Damaged { beyond: CommitMark },
}

/// Looks for the journal's files; there may be none yet.
pub(in super::super) fn find(folder: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "journal") {
            continue;
        }
        match beginning(&path)? {
            Some(begun) => found.begun.push(begun),
            None => found.blank.push(path),
        }
    }
    found.begun.sort_by_key(|begun| begun.id);
    Ok(found)
}

fn beginning(path: &Path) -> io::Result<Option<Begun>> {
    let mut header = [0; FILE_HEADER];
    match io::Read::read_exact(&mut fs::File::open(path)?, &mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let is_sound = header.starts_with(FILE_MAGIC) && number(&header, 32) == Some(xxh3_64(&header[..32]));
    let begun = || {
        let (id, first, seed) = (number(&header, 8)?, number(&header, 16)?, number(&header, 24)?);
        Some(Begun { path: path.to_owned(), id, first: first.max(1), seed })
    };
    Ok(is_sound.then(begun).flatten())
}

/// Reads a whole file.
pub(in super::super) fn run(begun: &Begun) -> io::Result<Run> {
    let bytes = Bytes::from(fs::read(&begun.path)?);
    let mut run = Run { frames: Vec::new(), ending: Ending::Open };
    let (mut at, mut expected) = (FILE_HEADER, begun.first);
    while let Some((mark, end)) = frame_at(&bytes, at, begun.seed).filter(|(mark, _)| mark.number == expected)
    {
        run.frames.push((mark.number, bytes.slice(at..end)));
        at = aligned(end);
        expected += 1;
    }
    if let Some(beyond) = beyond(&bytes, at, begun.seed, expected) {
        run.ending = Ending::Damaged { beyond };
    }
    Ok(run)
}

/// The last sound commit behind something that is none.
fn beyond(bytes: &Bytes, from: usize, seed: u64, expected: u64) -> Option<CommitMark> {
    let mut found: Option<CommitMark> = None;
    let mut at = from + usize::try_from(ALIGNMENT).unwrap_or(1);
    while at + FRAME_HEADER <= bytes.len() {
        let least = found.map_or(expected, |found| found.number);
        match frame_at(bytes, at, seed).filter(|(mark, _)| mark.number > least) {
            Some((mark, end)) => {
                found = Some(mark);
                at = aligned(end);
            }
            None => at += usize::try_from(ALIGNMENT).unwrap_or(1),
        }
    }
    found
}

/// The whole and sound frame at a place, and where it ends.
fn frame_at(bytes: &[u8], at: usize, seed: u64) -> Option<(CommitMark, usize)> {
    let header = bytes.get(at..at.checked_add(FRAME_HEADER)?)?;
    if !header.starts_with(&FRAME_MAGIC.to_le_bytes()) {
        return None;
    }
    let length = u32::from_le_bytes(*header.get(4..8)?.first_chunk()?);
    let end = at.checked_add(FRAME_HEADER)?.checked_add(usize::try_from(length).ok()?)?;
    let frame = bytes.get(at..end)?;
    let mark = CommitMark { number: number(frame, 8)?, synced: number(frame, 16)? };
    (number(frame, 24)? == checksum(frame, seed)).then_some((mark, end))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn aligned(at: usize) -> usize {
    at.next_multiple_of(usize::try_from(ALIGNMENT).unwrap_or(1))
}
