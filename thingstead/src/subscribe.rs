//! `thingstead sub`: filters in, messages printed as they arrive.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use tokio::time::{Instant, timeout_at};

use crate::client::Client;
use crate::identity::Connection;
use crate::messages::{as_json, qos};
use crate::{Common, client_runtime, output, period};

/// Print messages as they arrive
#[derive(Debug, Args)]
pub(crate) struct Subscribe {
    /// Topic filters; '#' is every topic
    #[arg(value_name = "FILTER", required_unless_present = "topic")]
    filters: Vec<String>,
    /// A topic filter, as AWS's samples spell it
    #[arg(long, short = 't', value_name = "FILTER", hide = true)]
    topic: Vec<String>,
    /// 0, 1 or 2; AWS has no 2
    #[arg(long, short = 'q', default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2))]
    qos: u8,
    /// End after so many messages
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u64>,
    /// Fail if --count messages have not come in this time
    #[arg(long, value_parser = period::parse_ms, value_name = "PERIOD")]
    within: Option<u64>,
    /// Print payloads alone, without topics
    #[arg(long)]
    bare: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Subscribe {
    pub(crate) fn run(&self) -> Result<()> {
        client_runtime()?.block_on(self.receive())
    }

    async fn receive(&self) -> Result<()> {
        let target = self.connection.target(&self.common, "sub")?;
        let filters: Vec<String> = self.filters.iter().chain(&self.topic).cloned().collect();
        let mut client = Client::connect(&target).await?;
        client.subscribe(&filters, qos(self.qos)).await?;
        if !self.common.json && !self.bare {
            eprintln!("subscribed to {} as {}", filters.join(" "), target.client_id);
        }
        let until = self.within.map(|within_ms| Instant::now() + Duration::from_millis(within_ms));
        let mut count = 0;
        while self.count.is_none_or(|most| count < most) {
            let message = match until {
                None => client.next().await?,
                Some(until) => match timeout_at(until, client.next()).await {
                    Ok(message) => message?,
                    Err(_) => bail!("{count} message(s) came in the time given: is anybody publishing?"),
                },
            };
            count += 1;
            if self.common.json {
                output::json(&as_json(&message));
            } else if self.bare {
                output::bytes(&message.payload);
            } else {
                output::bytes(&[message.topic.as_bytes(), b"  ", &message.payload].concat());
            }
        }
        client.close().await
    }
}
