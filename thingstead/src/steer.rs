//! The platform's clock: shown, frozen, moved forward, let go. Only the platform's; the machine's is not touched.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Common;
use crate::api::Api;
use crate::{output, period};

#[derive(Debug, Subcommand)]
pub(crate) enum Time {
    /// Print the platform's time
    Show(Common),
    /// Let time stand still
    Freeze(Common),
    /// Move time forward; what falls due happens before this returns
    Advance(Advance),
    /// Let time run again from where it stands
    Resume(Common),
}

#[derive(Debug, Args)]
pub(crate) struct Advance {
    /// How far: 250ms, 60s, 5m, 2h, 1d
    #[arg(value_parser = period::parse_ms, value_name = "PERIOD")]
    by_ms: u64,
    #[command(flatten)]
    common: Common,
}

const PATH: &str = "/_thingstead/api/time";

impl Time {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Time::Show(common) | Time::Freeze(common) | Time::Resume(common) => common,
            Time::Advance(verb) => &verb.common,
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let api = Api::of(&self.common().data)?;
        let reading = match self {
            Time::Show(_) => api.get(PATH)?,
            Time::Freeze(_) => api.post(PATH, &json!({ "do": "freeze" }))?,
            Time::Resume(_) => api.post(PATH, &json!({ "do": "resume" }))?,
            Time::Advance(verb) => api.post(PATH, &json!({ "do": "advance", "ms": verb.by_ms }))?,
        };
        if self.common().json {
            output::json(&reading);
        } else {
            output::line(&describe(&reading));
        }
        Ok(())
    }
}

fn describe(reading: &Value) -> String {
    let now = output::instant(reading["now_ms"].as_u64().unwrap_or(0), "%Y-%m-%d %H:%M:%S%.3f UTC");
    let ahead_ms = reading["ahead_ms"].as_u64().unwrap_or(0);
    let state = match (reading["frozen"].as_bool(), ahead_ms) {
        (Some(true), _) => "frozen; `thingstead time resume` lets it run".to_owned(),
        (_, 0) => "the machine's time".to_owned(),
        (_, ahead_ms) => {
            format!("running, {}.{:03} s ahead of the machine", ahead_ms / 1000, ahead_ms % 1000)
        }
    };
    format!("{now}  ({state})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_says_how_it_differs_from_the_machine() {
        for (ahead_ms, frozen, said) in [
            (0, false, "1970-01-01 00:00:01.500 UTC  (the machine's time)"),
            (61_250, false, "1970-01-01 00:00:01.500 UTC  (running, 61.250 s ahead of the machine)"),
            (0, true, "1970-01-01 00:00:01.500 UTC  (frozen; `thingstead time resume` lets it run)"),
        ] {
            let reading = json!({ "now_ms": 1500, "ahead_ms": ahead_ms, "frozen": frozen });
            assert_eq!(describe(&reading), said);
        }
    }
}
