//! `thingstead up`: starts the platform, says where it is, and stays until a signal ends it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use server::{Config, Running};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::Settings;
use crate::{Common, demo, output};

/// Start the platform and stay in the foreground
#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    settings: Settings,
    /// TOML file with these settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Add a simulated sensor that publishes once a second, and print its readings as they arrive
    #[arg(long)]
    demo: bool,
    /// What is logged, on standard error: error, warn, info, debug, or a filter such as info,server=debug
    /// [default: info, with --demo warn]
    #[arg(long, value_name = "LEVEL", value_parser = filter)]
    log: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Up {
    pub(crate) fn run(self) -> Result<()> {
        let begun = Instant::now();
        let filter = self.log.clone().unwrap_or_else(|| if self.demo { "warn" } else { "info" }.to_owned());
        start_log(&filter, self.common.json)?;
        let file = self.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
        let config = self.settings.or(file).server(self.common.data.clone())?;
        // Measured: on two cores one worker costs the least CPU per message, the writer thread has the other.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = cores.saturating_sub(1).max(1);
        let runtime = match workers {
            // One thread takes its tasks in the order in which they became ready, so that a SUBSCRIBE of one client is
            // seen before the PUBLISH that another sends after it.
            1 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            _ => tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?,
        };
        let stopped = runtime.block_on(serve(config, begun, self.demo, &self.common));
        runtime.shutdown_background();
        stopped
    }
}

fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn start_log(filter: &str, as_json: bool) -> Result<()> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(std::io::stderr)
        // A log that cannot be written, on a full disk say, must not end the process.
        .log_internal_errors(false);
    if as_json {
        log.json().init();
    } else {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        log.with_ansi(is_terminal).with_target(false).init();
    }
    Ok(())
}

async fn serve(config: Config, begun: Instant, with_demo: bool, common: &Common) -> Result<()> {
    // Before anything is started, so that no signal is lost.
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let running = server::start(config).await?;
    announce(&running, begun, common);
    let stopping = Arc::new(AtomicBool::new(false));
    if with_demo {
        let (common, stopping) = (common.clone(), stopping.clone());
        std::thread::Builder::new().name("demo".into()).spawn(move || match demo::run(&common) {
            Err(error) if !stopping.load(Ordering::Relaxed) => {
                output::failure(&error.context("the demo ended"), common.json);
            }
            _ => {}
        })?;
    }
    either(&mut terminate, &mut interrupt).await;
    stopping.store(true, Ordering::Relaxed);
    tokio::select! {
        () = running.stop() => Ok(()),
        () = either(&mut terminate, &mut interrupt) => {
            anyhow::bail!("stopped at once by a second signal; what was acknowledged is on disk")
        }
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn announce(running: &Running, begun: Instant, common: &Common) {
    let ready_ms = begun.elapsed().as_millis();
    let endpoints = &running.endpoints;
    if common.json {
        let ready_ms = u64::try_from(ready_ms).unwrap_or(u64::MAX);
        output::json(&json!({ "ready_ms": ready_ms, "endpoints": endpoints, "remarks": running.remarks }));
        return;
    }
    let data = common.data.display();
    let version = env!("CARGO_PKG_VERSION");
    let outside = if running.calls_out { "only what --endpoint says leaves" } else { "nothing leaves" };
    output::line(&format!(
        "Thingstead {version}  ready in {ready_ms} ms   data: {data}   ({outside} this machine)"
    ));
    let api = endpoints.api.as_str();
    output::line(&format!("  API       {api}   WebSocket {}/mqtt", api.replacen("http", "ws", 1)));
    let mqtt = endpoints.mqtt.as_deref().unwrap_or("off");
    let tls443 = match &endpoints.tls443 {
        Some(tls443) => format!("{tls443} (ALPN decides)"),
        None => "443 off (--tls443 ADDR)".to_owned(),
    };
    output::line(&format!("  MQTT      {mqtt} (mutual TLS) · {tls443}"));
    let https = endpoints.https.as_deref().unwrap_or("8443 off (--https ADDR)");
    output::line(&format!("  HTTPS     {https} (publish with a client certificate)"));
    if let Some(plain) = &endpoints.plain {
        output::line(&format!("  PLAIN     {plain} (no TLS, no certificates)"));
    }
    output::line(&format!("  Console   {api}/_thingstead/"));
    for remark in &running.remarks {
        output::line(&format!("  !         {remark}"));
    }
    output::line("  Next      thingstead device new pump-1   ·   thingstead sub '#'   ·   thingstead demo");
}
