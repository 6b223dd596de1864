//! A journal file of the engine in, how far it is sound and what follows out. Understands the file on its own,
//! because the engine takes damage in the middle for the end. Changes nothing.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::layout::{self, CommitMark};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const TRAILER: &[u8] = b"FJL\x03";
const START_BYTES: usize = 12;
const ITEM_HEADER_BYTES: usize = 20;

/// What a journal file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Where the last commit of the unbroken run ends.
    pub(super) sound_bytes: u64,
    pub(super) last: Option<CommitMark>,
    pub(super) ending: Ending,
}

/// What follows the unbroken run of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing, or room not yet used.
    Clean,
    /// Something that is no commit, and no commit after it: a write cut short, or damage to the last commit.
    Torn,
    /// Something that is no commit, then commits, of which this is the last.
    Damaged { beyond: CommitMark },
}

/// Reads a whole journal file.
pub(super) fn read(path: &Path) -> io::Result<Reading> {
    let mut journal = BufReader::with_capacity(256 * 1024, File::open(path)?);
    let mut reading = Reading { sound_bytes: 0, last: None, ending: Ending::Clean };
    let mut order = None;
    while let Some((seqno, mark)) = next_commit(&mut journal)?
        && order.is_none_or(|order| seqno > order)
        && reading.last.is_none_or(|last: CommitMark| mark.number > last.number)
    {
        order = Some(seqno);
        reading.last = Some(mark);
        reading.sound_bytes = journal.stream_position()?;
    }
    journal.seek(SeekFrom::Start(reading.sound_bytes))?;
    if !only_zeros(&mut journal)? {
        let beyond = beyond(path, reading.sound_bytes, reading.last)?;
        reading.ending = beyond.map_or(Ending::Torn, |beyond| Ending::Damaged { beyond });
    }
    Ok(reading)
}

/// Reads one commit; `None` if what comes next is not a whole and sound one.
fn next_commit(journal: &mut impl Read) -> io::Result<Option<(u64, CommitMark)>> {
    match commit(journal) {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn commit(journal: &mut impl Read) -> io::Result<Option<(u64, CommitMark)>> {
    let mut start = [0; 1 + START_BYTES];
    journal.read_exact(&mut start[..1])?;
    if start[0] != START {
        return Ok(None);
    }
    journal.read_exact(&mut start[1..])?;
    let (Some(count), Some(seqno)) = (start[1..].first_chunk(), start.last_chunk()) else { return Ok(None) };
    let (count, seqno) = (u32::from_le_bytes(*count), u64::from_le_bytes(*seqno));

    let mut checksum = Xxh3::new();
    let mut item = Vec::new();
    let mut mark = None;
    for _ in 0..count {
        item.clear();
        let Some(value_at) = read_item(journal, &mut item)? else { return Ok(None) };
        checksum.update(&item);
        mark = item.get(value_at..).and_then(|value| layout::commit_mark(value).ok());
    }
    let mut end = [0; 1 + 8 + TRAILER.len()];
    journal.read_exact(&mut end)?;
    let sound = end[0] == END && end[1..9] == checksum.digest().to_le_bytes() && &end[9..] == TRAILER;
    // The mark is the last item of every commit.
    Ok(mark.filter(|_| sound).map(|mark| (seqno, mark)))
}

/// Reads one item into `item` and tells where its value starts.
fn read_item(journal: &mut impl Read, item: &mut Vec<u8>) -> io::Result<Option<usize>> {
    item.resize(1 + ITEM_HEADER_BYTES, 0);
    journal.read_exact(item)?;
    let (Some(&ITEM), Some(0)) = (item.first(), item.get(2)) else { return Ok(None) };
    let lengths = item.get(11..).and_then(|rest| {
        let (key, rest) = rest.split_first_chunk()?;
        let (value, rest) = rest.split_first_chunk()?;
        let stored: &[u8; 4] = rest.try_into().ok()?;
        Some((u16::from_le_bytes(*key), u32::from_le_bytes(*value), u32::from_le_bytes(*stored)))
    });
    let Some((key, value, stored)) = lengths else { return Ok(None) };
    if value != stored {
        return Ok(None);
    }
    let value_at = item.len() + usize::from(key);
    let length = u64::from(key) + u64::from(value);
    if journal.take(length).read_to_end(item)? as u64 != length {
        return Ok(None);
    }
    Ok(Some(value_at))
}

fn only_zeros(journal: &mut impl Read) -> io::Result<bool> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut chunk = vec![0; ZEROS.len()];
    loop {
        match journal.read(&mut chunk)? {
            0 => return Ok(true),
            // Compared as slices: a loop over bytes would take a second in a debug build.
            length if chunk[..length] == ZEROS[..length] => {}
            _ => return Ok(false),
        }
    }
}

/// The last sound commit after the damage that continues the run.
fn beyond(path: &Path, sound_bytes: u64, last: Option<CommitMark>) -> io::Result<Option<CommitMark>> {
    let mut journal = File::open(path)?;
    journal.seek(SeekFrom::Start(sound_bytes))?;
    let mut rest = Vec::new();
    journal.read_to_end(&mut rest)?;
    let mut found: Option<CommitMark> = None;
    let mut at = 1;
    while let Some(offset) = rest.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == START)) {
        at += offset;
        let mut candidate = rest.get(at..).unwrap_or_default();
        let before = candidate.len();
        match next_commit(&mut candidate)? {
            Some((_, mark)) if found.or(last).is_none_or(|known| mark.number > known.number) => {
                found = Some(mark);
                at += before - candidate.len();
            }
            _ => at += 1,
        }
    }
    Ok(found)
}
