//! The store's directory: its format file, its lock and the file that says how far commits were acknowledged.
//! Knows nothing of what is stored.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::OpenError;

/// The number in the format file; a larger one was written by a newer program.
const FORMAT: u64 = 2;
/// Formats whose directories are brought up to date when they are opened.
pub(super) const ENGINE_ALONE: u64 = 1;
const FORMAT_NAME: &str = "thingstead-store";

/// A directory that this process owns until the value is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) format: u64,
    acknowledged: File,
    lock: File,
}

impl Directory {
    /// Creates the directory if need be, locks it and checks its format.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(|error| failed(path, &error))?;
        let lock = lock(path)?;
        let format = check_format(path)?;
        let acknowledged = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("acknowledged"))
            .map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), format, acknowledged, lock })
    }

    pub(super) fn engine_path(&self) -> PathBuf {
        self.path.join("engine")
    }

    pub(super) fn journal_path(&self) -> PathBuf {
        self.path.join("journal")
    }

    pub(super) fn create_journal(&self) -> io::Result<()> {
        fs::create_dir_all(self.journal_path())?;
        File::open(&self.path)?.sync_all()
    }

    /// Says that the directory has the present format.
    pub(super) fn update_format(&self) -> io::Result<()> {
        write_format(&self.path)
    }

    /// The last synced commit that a caller was told about, as far as the file knows.
    pub(super) fn acknowledged(&self) -> io::Result<Option<u64>> {
        let mut record = [0; 16];
        match self.acknowledged.read_exact_at(&mut record, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let (Some(number), Some(checksum)) = (record.first_chunk(), record.last_chunk()) else {
            return Ok(None);
        };
        let sound = u64::from_be_bytes(*checksum) == xxh3_64(number);
        Ok(sound.then(|| u64::from_be_bytes(*number)))
    }

    /// Notes a synced commit. Not synced itself: it only has to survive the process, and it may lag behind.
    pub(super) fn acknowledge(&self, number: u64) -> io::Result<()> {
        let number = number.to_be_bytes();
        let mut record = [0; 16];
        record[..8].copy_from_slice(&number);
        record[8..].copy_from_slice(&xxh3_64(&number).to_be_bytes());
        self.acknowledged.write_all_at(&record, 0)
    }

    /// Room that this process may use on the disk of the directory.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let room = rustix::fs::fstatvfs(&self.acknowledged)?;
        Ok(room.f_bavail.saturating_mul(room.f_frsize))
    }
}

/// Unlocks by hand: closing is not enough while a child that is just being started has the file open too.
impl Drop for Directory {
    fn drop(&mut self) {
        // Nobody is left to tell; the lock ends with the process at the latest.
        self.lock.unlock().ok();
    }
}

fn failed(path: &Path, error: &io::Error) -> OpenError {
    OpenError::Failed { path: path.to_owned(), reason: error.to_string() }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let at = path.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&at)
        .map_err(|error| failed(path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let owner = fs::read_to_string(&at).unwrap_or_default();
            let owner = owner.trim().parse().ok();
            return Err(OpenError::Locked { path: path.to_owned(), owner });
        }
        Err(TryLockError::Error(error)) => return Err(failed(path, &error)),
    }
    let owner = format!("{}\n", std::process::id());
    file.set_len(0).and_then(|()| file.write_all(owner.as_bytes())).map_err(|error| failed(path, &error))?;
    Ok(file)
}

fn check_format(path: &Path) -> Result<u64, OpenError> {
    let at = path.join("format");
    let text = match fs::read_to_string(&at) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return create_format(path),
        Err(error) => return Err(failed(path, &error)),
    };
    let mut words = text.split_whitespace();
    let format = (words.next() == Some(FORMAT_NAME)).then(|| words.next()).flatten();
    match format.and_then(|format| format.parse::<u64>().ok()) {
        Some(found @ (ENGINE_ALONE | FORMAT)) => Ok(found),
        Some(found) if found > FORMAT => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT })
        }
        _ => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

fn create_format(path: &Path) -> Result<u64, OpenError> {
    if path.join("engine").exists() {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    write_format(path).map(|()| FORMAT).map_err(|error| failed(path, &error))
}

/// Written beside and moved into place, so that a crash leaves no half of it.
fn write_format(path: &Path) -> io::Result<()> {
    let fresh = path.join("format.new");
    let mut file = File::create(&fresh)?;
    writeln!(file, "{FORMAT_NAME} {FORMAT}")?;
    file.sync_all()?;
    fs::rename(&fresh, path.join("format"))?;
    File::open(path)?.sync_all()
}
