//! The same cases over every engine: what one store answers, all must.

mod damage;
mod faults;
mod kill;
mod suite;

use std::path::Path;

use store::{Disk, Embedded, Faulty, Memory, Options, Store};
use suite::Home;
use tempfile::TempDir;

struct MemoryHome(Memory);

impl Home for MemoryHome {
    fn store(&mut self) -> &mut dyn Store {
        &mut self.0
    }

    fn reopen(&mut self) {}
}

struct EmbeddedHome {
    store: Option<Embedded>,
    directory: TempDir,
    options: Options,
    reopenings: u32,
}

impl EmbeddedHome {
    /// Commits go to tables when so many bytes wait.
    fn new(overlay_bytes: usize) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let options = Options { overlay_bytes, ..Options::default() };
        Self { store: Some(open(directory.path(), &options)), directory, options, reopenings: 0 }
    }
}

fn open(path: &Path, options: &Options) -> Embedded {
    Embedded::open(path, options).expect("the store opens")
}

impl Home for EmbeddedHome {
    fn store(&mut self) -> &mut dyn Store {
        self.store.as_mut().expect("the store is open")
    }

    fn reopen(&mut self) {
        self.reopenings += 1;
        // Once from tables instead of the journal; every time would be slow.
        if self.reopenings == 2 {
            self.store.as_mut().expect("the store is open").flush().expect("flushed");
        }
        self.store = None;
        self.store = Some(open(self.directory.path(), &self.options));
    }
}

#[test]
fn memory_conforms() {
    suite::conformance(|| MemoryHome(Memory::new()), 64);
}

#[test]
fn embedded_conforms() {
    suite::conformance(|| EmbeddedHome::new(Options::default().overlay_bytes), 24);
}

#[test]
fn embedded_conforms_while_tables_are_written() {
    suite::conformance(|| EmbeddedHome::new(1), 24);
    suite::conformance(|| EmbeddedHome::new(700), 48);
}

struct FaultyHome {
    store: Option<Faulty>,
    disk: Disk,
}

impl FaultyHome {
    fn new() -> Self {
        let disk = Disk::new(7);
        Self { store: Some(disk.open()), disk }
    }
}

impl Home for FaultyHome {
    fn store(&mut self) -> &mut dyn Store {
        self.store.as_mut().expect("the store is open")
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.disk.open());
    }
}

#[test]
fn faulty_conforms_while_healthy() {
    suite::conformance(FaultyHome::new, 64);
}
