//! A seed in, a whole life of the platform out: broker and hub on one thread with a made-up clock, network and disk.
//! No sockets, no files, no time of its own; what a real server adds to the hub is modelled, not run.

mod book;
mod chance;
mod compare;
mod device;
mod failure;
mod out;
mod packet;
mod shadows;
mod shell;
mod world;

pub use failure::{Failure, Unreadable};

use world::World;

/// Steps of a run where nobody says otherwise.
pub const STEPS: usize = 400;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    pub published: u64,
    /// Pairs of session and message.
    pub delivered: u64,
    /// Pairs of session and message that an acknowledgement promised.
    pub promised: u64,
    pub commits: u64,
    pub deeds: u64,
    pub crashes: u64,
    /// Requests to shadows, and versions of them that were restored.
    pub shadow_requests: u64,
    pub restored: u64,
}

/// A fault built into the server's shell, to show that the simulation finds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaw {
    #[default]
    None,
    /// Notices are told before what they rest on is on disk.
    AnswersBeforeCommit,
    /// PUBCOMP goes out before it is on disk that the packet id is free.
    CompletesBeforeCommit,
    /// The publish lane overtakes the same client's publishes that wait for the writer.
    Overtakes,
}

/// Runs one seed.
pub fn run(seed: u64, steps: usize) -> Result<Report, Failure> {
    run_flawed(seed, steps, Flaw::None)
}

/// Runs one seed with a fault in the shell.
pub fn run_flawed(seed: u64, steps: usize, flaw: Flaw) -> Result<Report, Failure> {
    let fail = |step, what, log: Vec<String>| Failure { seed, steps, step, what, log };
    let mut world = World::new(seed, flaw).map_err(|what| fail(0, what, Vec::new()))?;
    for step in 0..steps {
        if let Err(what) = world.step() {
            return Err(fail(step, what, world.log.into()));
        }
    }
    let report = world.come_to_rest().map_err(|what| fail(steps, what, world.log.into()))?;
    let shadows = shadows::run(seed, steps / 2, flaw).map_err(|(step, what, log)| fail(step, what, log))?;
    let crashes = report.crashes + shadows.crashes;
    Ok(Report { crashes, shadow_requests: shadows.requests, restored: shadows.restored, ..report })
}
