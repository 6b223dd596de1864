//! Commits in, frames in files of one length that are used over and over out, so that a sync writes what was written
//! and nothing about files. Understands no frame's payload; reading is `journal/reading.rs`.

mod reading;

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

pub(super) use reading::{Begun, Ending, find, run};

/// Bytes of a file; a frame that is longer gets a file as long as it needs.
const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// Written ahead with zeros, so that a file grows seldom.
const AHEAD_BYTES: u64 = 256 * 1024;
/// Files kept for later use.
const SPARES: usize = 4;

const FILE_MAGIC: &[u8; 8] = b"TSJRNL02";
const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"TSF\x02");
/// Magic, number of the file, number of its first commit, seed of this use, checksum.
const FILE_HEADER: usize = 40;
/// Magic, length of the payload, number of the commit, last synced commit before it, checksum.
pub(super) const FRAME_HEADER: usize = 32;
/// Frames begin at multiples of this.
const ALIGNMENT: u64 = 8;

/// The number of a commit, written with it, and the last synced commit before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CommitMark {
    pub(super) number: u64,
    pub(super) synced: u64,
}

/// The writing end.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// `None` until the first commit, and after a generation's end.
    active: Option<Segment>,
    /// Full files of this generation.
    full: Vec<PathBuf>,
    /// Numbers files in the order of their use.
    next_id: u64,
    spares: Spares,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    file: File,
    seed: u64,
    /// Where the next frame goes.
    at: u64,
    /// How long the file is.
    length: u64,
    is_synced: bool,
}

/// Files whose commits are all in the tables; shared with whoever brings them there.
#[derive(Debug, Clone, Default)]
pub(super) struct Spares(Arc<Mutex<Vec<PathBuf>>>);

impl Spares {
    /// Takes a file back. One too many is removed, or kept where that fails: it was given back once, and is once a spare.
    pub(super) fn release(&self, path: PathBuf) {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < SPARES || fs::remove_file(&path).is_err() {
            spares.push(path);
        }
    }

    fn take(&self) -> Option<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Journal {
    /// Goes on behind what was found: `live` files hold commits that are not in the tables.
    pub(super) fn new(folder: &Path, live: Vec<PathBuf>, last_id: u64, spares: Spares) -> Self {
        Self { folder: folder.to_owned(), active: None, full: live, next_id: last_id + 1, spares }
    }

    /// Writes a frame whose header is still to be filled in.
    pub(super) fn append(&mut self, frame: &mut [u8], mark: CommitMark, sync: bool) -> io::Result<()> {
        let length = frame.len() as u64;
        if self.active.as_ref().is_some_and(|active| active.at + length > SEGMENT_BYTES) {
            self.end_segment()?;
        }
        let segment = match &mut self.active {
            Some(segment) => segment,
            None => {
                let segment = begin(&self.folder, &self.spares, self.next_id, mark.number)?;
                self.next_id += 1;
                self.active.insert(segment)
            }
        };
        seal(frame, mark, segment.seed);
        segment.write(frame)?;
        if sync {
            segment.sync()?;
        }
        Ok(())
    }

    /// Makes every frame durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.active.as_mut().map_or(Ok(()), Segment::sync)
    }

    /// Ends the generation: its files, to be released when its commits are in the tables.
    pub(super) fn end_generation(&mut self) -> io::Result<Vec<PathBuf>> {
        self.end_segment()?;
        Ok(std::mem::take(&mut self.full))
    }

    /// A later file vouches for the whole of an earlier one, so that is synced first.
    fn end_segment(&mut self) -> io::Result<()> {
        if let Some(mut segment) = self.active.take() {
            segment.sync()?;
            self.full.push(segment.path);
        }
        Ok(())
    }
}

impl Segment {
    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let end = self.at + frame.len() as u64;
        if end > self.length {
            let ahead = (end + AHEAD_BYTES).min(SEGMENT_BYTES).max(end);
            let zeros = vec![0; usize::try_from(ahead - end).unwrap_or(0)];
            self.file.write_all_at(&zeros, end)?;
            self.length = ahead;
        }
        self.file.write_all_at(frame, self.at)?;
        self.at = end.next_multiple_of(ALIGNMENT);
        self.is_synced = false;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if !self.is_synced {
            self.file.sync_data()?;
            self.is_synced = true;
        }
        Ok(())
    }
}

/// The next file: a spare one, or a new one.
fn begin(folder: &Path, spares: &Spares, id: u64, first: u64) -> io::Result<Segment> {
    let spare = spares.take();
    let is_new = spare.is_none();
    let path = spare.unwrap_or_else(|| folder.join(format!("{id}.journal")));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
    let mut length = file.metadata()?.len();
    if length > SEGMENT_BYTES {
        file.set_len(SEGMENT_BYTES)?;
        length = SEGMENT_BYTES;
    }
    if is_new {
        File::open(folder)?.sync_all()?;
    }
    // No use of a file takes frames of another one for its own.
    let seed = RandomState::new().hash_one(id);
    let mut segment = Segment { path, file, seed, at: 0, length, is_synced: false };
    segment.write(&file_header(id, first, seed))?;
    Ok(segment)
}

fn file_header(id: u64, first: u64, seed: u64) -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    header[..8].copy_from_slice(FILE_MAGIC);
    header[8..16].copy_from_slice(&id.to_le_bytes());
    header[16..24].copy_from_slice(&first.to_le_bytes());
    header[24..32].copy_from_slice(&seed.to_le_bytes());
    let checksum = xxh3_64(&header[..32]);
    header[32..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Fills in a frame's header.
fn seal(frame: &mut [u8], mark: CommitMark, seed: u64) {
    let length = u32::try_from(frame.len() - FRAME_HEADER).expect("a commit is kept below 4 GiB");
    frame[..4].copy_from_slice(&FRAME_MAGIC.to_le_bytes());
    frame[4..8].copy_from_slice(&length.to_le_bytes());
    frame[8..16].copy_from_slice(&mark.number.to_le_bytes());
    frame[16..24].copy_from_slice(&mark.synced.to_le_bytes());
    let checksum = checksum(frame, seed);
    frame[24..32].copy_from_slice(&checksum.to_le_bytes());
}

/// Of everything in a frame but the checksum itself.
fn checksum(frame: &[u8], seed: u64) -> u64 {
    let payload = xxh3_64_with_seed(frame.get(FRAME_HEADER..).unwrap_or_default(), seed);
    xxh3_64_with_seed(frame.get(..24).unwrap_or_default(), payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_removed_is_one_spare_and_not_two() {
        let spares = Spares::default();
        let names: Vec<PathBuf> = (0..6).map(|number| PathBuf::from(format!("/nowhere/{number}"))).collect();
        names.iter().for_each(|name| spares.release(name.clone()));
        let mut found: Vec<PathBuf> = std::iter::from_fn(|| spares.take()).collect();
        found.sort_unstable();
        assert_eq!(found, names);
    }
}
