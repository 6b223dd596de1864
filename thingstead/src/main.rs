//! The command line: words in, one verb carried out, an exit code out (0 done, 1 refused or failed, 2 wrong usage).

mod api;
mod client;
mod config;
mod demo;
mod device;
mod doctor;
mod events;
mod files;
mod identity;
mod init;
mod keys;
mod messages;
mod output;
mod outside;
mod period;
mod policy;
mod publish;
mod rule;
mod shadow;
mod status;
mod steer;
mod subscribe;
mod up;
mod watch;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run AWS IoT Core anywhere.
#[derive(Debug, Parser)]
#[command(name = "thingstead", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The data folder; it tells which instance is meant
    #[arg(long, global = true, default_value = "./thingstead-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the platform and stay in the foreground
    Up(Box<up::Up>),
    /// What runs, where, and how much it has done
    Status(Common),
    /// Print variables for a shell: eval "$(thingstead env)"
    Env(Common),
    /// Print where devices connect
    Endpoint(status::Endpoint),
    /// Make, list, show, examine, rotate, disconnect and remove devices
    #[command(subcommand)]
    Device(device::Device),
    /// Access keys for AWS's clients on other machines
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Device shadows: what a device should be and what it says it is
    #[command(subcommand)]
    Shadow(shadow::Shadow),
    /// Make, list, show, try, explain and lint topic rules
    #[command(subcommand)]
    Rule(rule::Verb),
    /// Recipes that are made in the running instance: presence in shadows, alerts of sensors
    #[command(subcommand)]
    Init(init::Init),
    /// Publish a message
    Pub(publish::Publish),
    /// Print messages as they arrive
    Sub(subscribe::Subscribe),
    /// Message rates by topic; gaps and duplicates of a counter
    Watch(watch::Watch),
    /// Show or steer the platform's clock
    #[command(subcommand)]
    Time(steer::Time),
    /// Why a device does not work: the last thing that went wrong, and the fix
    Why(why::Why),
    /// Show, check, widen, tighten and lint policies
    #[command(subcommand)]
    Policy(policy::Policy),
    /// What happened to messages
    Trace(events::Trace),
    /// What happened to clients, newest last
    #[command(visible_alias = "activity")]
    Events(events::Events),
    /// A simulated sensor that publishes once a second, and its readings as they arrive
    Demo(demo::Demo),
}

fn main() -> ExitCode {
    let verb = Cli::parse().verb;
    let json = verb.json();
    match run(verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(&error, json);
            ExitCode::from(1)
        }
    }
}

impl Verb {
    fn json(&self) -> bool {
        match self {
            Verb::Up(verb) => verb.common.json,
            Verb::Status(common) | Verb::Env(common) => common.json,
            Verb::Endpoint(verb) => verb.common.json,
            Verb::Device(verb) => verb.common().json,
            Verb::Keys(verb) => verb.common().json,
            Verb::Shadow(verb) => verb.common().json,
            Verb::Rule(verb) => verb.common().json,
            Verb::Init(verb) => verb.common().json,
            Verb::Pub(verb) => verb.common.json,
            Verb::Sub(verb) => verb.common.json,
            Verb::Watch(verb) => verb.common.json,
            Verb::Time(verb) => verb.common().json,
            Verb::Why(verb) => verb.common.json,
            Verb::Policy(verb) => verb.common().json,
            Verb::Trace(verb) => verb.common.json,
            Verb::Events(verb) => verb.common.json,
            Verb::Demo(verb) => verb.common.json,
        }
    }
}

fn run(verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Up(verb) => verb.run(),
        Verb::Status(common) => status::status(&common),
        Verb::Env(common) => status::env(&common),
        Verb::Endpoint(verb) => verb.run(),
        Verb::Device(verb) => verb.run(),
        Verb::Keys(verb) => verb.run(),
        Verb::Shadow(verb) => verb.run(),
        Verb::Rule(verb) => verb.run(),
        Verb::Init(verb) => verb.run(),
        Verb::Pub(verb) => verb.run(),
        Verb::Sub(verb) => verb.run(),
        Verb::Watch(verb) => verb.run(),
        Verb::Time(verb) => verb.run(),
        Verb::Why(verb) => verb.run(),
        Verb::Policy(verb) => verb.run(),
        Verb::Trace(verb) => verb.run(),
        Verb::Events(verb) => verb.run(),
        Verb::Demo(verb) => verb.run(),
    }
}

/// One thread is enough for a client.
pub(crate) fn client_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
