//! Topic rules: definitions in, checked rules out; a message in, what it wakes and comes to out. Does no action itself.

pub mod action;
mod address;
mod definition;
mod destination;
mod fire;
mod job;
mod letter;
pub mod limits;
mod lint;
mod meeting;
mod occasion;
mod recording;
mod rule;
mod services;
mod set;
mod stored;
mod target;
mod trial;

pub use action::Action;
pub use address::{check_header, without_query};
pub use definition::{Definition, Record};
pub use destination::{Destination, DestinationError, DestinationStatus};
pub use fire::{Effect, Failure, Outcome, fire, fire_within, on_error};
pub use job::{Job, Task};
pub use letter::Letter;
pub use lint::{Finding, lint};
pub use meeting::{Apart, Level, Meeting};
pub use occasion::{Occasion, Source, seed_of, seen_topic};
pub use recording::{Came, NotRecorded, Recorded};
pub use rule::{Invalid, Rule, check_name};
pub use services::{Services, service};
pub use set::{Entry, Picture, RuleError, Rules};
pub use stored::Unreadable;
pub use target::target;
pub use trial::{End, OnError, Trial, trial};
