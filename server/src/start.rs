//! Starting and stopping: the store is opened, the world recovered, the writer and the listeners started.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use hub::keys::ScopeKey;
use hub::{Event, HistoryBound, Hub, OpenError, Plan, Settings};
use message::Dialect;
use policy::{Access, Document, NamedDocument, Variables};
use registry::accounts::Accounts;
use registry::{Registry, Scope};
use store::{Durability, Embedded, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::accept::{Door, Face};
use crate::activity;
use crate::aws::Checking;
use crate::clock::Clock;
use crate::committer::Handle;
use crate::desk::Writer;
use crate::endpoints::Endpoints;
use crate::http::{Api, Faces};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::link::Link;
use crate::outgoing::{Outgoing, OutsideSettings};
use crate::owner::port_in_use;
use crate::registrar::Registrar;
use crate::reserve::Reserve;
use crate::rotation::Rotations;
use crate::rule_roles;
use crate::scopes::Scopes;
use crate::shared::{Recovered, Shared};
use crate::sweep::sweep;
use crate::tell::tell;
use crate::tls::TlsFaces;
use crate::work;

/// How an instance is run.
#[derive(Debug, Clone)]
pub struct Config {
    pub data: PathBuf,
    /// More names for the server certificate.
    pub host: Vec<String>,
    pub api: SocketAddr,
    pub mqtt: SocketAddr,
    pub tls443: Option<SocketAddr>,
    /// The default 443 may be missing; a port that was asked for may not.
    pub tls443_required: bool,
    /// Calls of the data plane with client certificates.
    pub https: Option<SocketAddr>,
    pub https_required: bool,
    pub plain: Option<SocketAddr>,
    pub plain_anywhere: bool,
    pub account: String,
    pub region: String,
    pub dialect: Dialect,
    /// An IoT policy for the plain listener's principal; none: allowed everything.
    pub anonymous_policy: Option<String>,
    /// How closely signatures of AWS's clients are looked at.
    pub checking: Checking,
    /// Refuse rules whose roles AWS would refuse, and let them publish what their roles allow.
    pub strict_roles: bool,
    /// Whether a call may empty everything.
    pub allow_reset: bool,
    /// What is remembered of each shadow's past.
    pub shadow_history: HistoryBound,
    /// Requests per second to one shadow instead of the dialect's; 0: no limit.
    pub shadow_rate: Option<u32>,
    /// Instead of the dialect's longest keep-alive, seconds.
    pub keep_alive_max_s: Option<u16>,
    pub keep_free_bytes: u64,
    /// Services of AWS's that stand elsewhere.
    pub outside: OutsideSettings,
    /// Open a store whose journal is damaged, without what is lost.
    pub accept_loss: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data: PathBuf::from("thingstead-data"),
            host: Vec::new(),
            api: SocketAddr::from(([127, 0, 0, 1], 4566)),
            mqtt: SocketAddr::from(([127, 0, 0, 1], 8883)),
            tls443: Some(SocketAddr::from(([127, 0, 0, 1], 443))),
            tls443_required: false,
            https: Some(SocketAddr::from(([127, 0, 0, 1], 8443))),
            https_required: false,
            plain: None,
            plain_anywhere: false,
            account: "000000000000".into(),
            region: "us-east-1".into(),
            dialect: Dialect::Aws,
            anonymous_policy: None,
            checking: Checking::default(),
            strict_roles: false,
            allow_reset: false,
            shadow_history: HistoryBound::default(),
            shadow_rate: None,
            keep_alive_max_s: None,
            keep_free_bytes: 64 * 1024 * 1024,
            outside: OutsideSettings::default(),
            accept_loss: false,
        }
    }
}

/// Why an instance does not start: cause and next step.
#[derive(Debug)]
pub struct StartError(pub String);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A running instance.
pub struct Running {
    pub endpoints: Endpoints,
    pub shared: Arc<Shared>,
    /// What is off and how to turn it on, for the banner.
    pub remarks: Vec<String>,
    /// Whether calls to other machines are possible at all.
    pub calls_out: bool,
    data: PathBuf,
    tasks: Vec<JoinHandle<()>>,
    writer: Option<std::thread::JoinHandle<()>>,
}

/// Starts an instance; when this returns, every listener accepts.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let sockets = sockets_of(raise_file_limit());
    check_plain(&config)?;
    config.outside.check().map_err(StartError)?;
    let listeners = Listeners::bind(&config).await?;
    let (shared, writer, identity) = open(&config)?;
    let tls = TlsFaces::new(&identity).map_err(|e| StartError(e.to_string()))?;
    shared.outgoing.keep_from(listeners.addresses());
    let endpoints = listeners.endpoints(&config, &identity);
    let api = Api {
        shared: shared.clone(),
        identity: identity.clone(),
        endpoints: endpoints.clone(),
        scope: identity.scope(),
        checking: config.checking,
        allow_reset: config.allow_reset,
    };
    let faces = Faces::new(api, sockets);
    let door = Door::new(shared.clone(), Arc::new(tls), faces.clone(), sockets);
    let mut remarks = listeners.remarks.clone();
    let outside: Vec<String> = config.outside.shown().collect();
    let calls_out = !outside.is_empty();
    if calls_out {
        remarks.push(format!("calls that leave this server: {}", outside.join(", ")));
    }
    let mut tasks = listeners.serve(&door, &faces);
    tasks.push(tokio::spawn(sweep(shared.clone())));
    tasks.push(tokio::spawn(activity::keep::keep(shared.clone())));
    tasks.push(tokio::spawn(Registrar::run(shared.clone())));
    tasks.push(tokio::spawn(work::run(shared.clone(), endpoints.clone())));
    tasks.push(tokio::spawn(identity.keep_fresh(door.tls.clone(), shared.clone())));
    endpoints.write(&config.data).map_err(|e| StartError(format!("cannot write endpoints.json: {e}")))?;
    Ok(Running { endpoints, shared, remarks, calls_out, data: config.data, tasks, writer: Some(writer) })
}

impl Running {
    /// Says goodbye to every client, writes what is queued, and ends.
    pub async fn stop(mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        for link in self.shared.links.all() {
            link.finish(hub::Refusal::new(
                mqtt::ReasonCode::ServerShuttingDown,
                broker::presence::DisconnectReason::ServerInitiated,
                "the server is stopping",
            ));
        }
        let patience = Instant::now() + std::time::Duration::from_secs(3);
        while self.shared.links.len() > 0 && Instant::now() < patience {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        activity::keep::keep_all(&self.shared).await;
        self.shared.desk.stop();
        if let Some(writer) = self.writer.take() {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        Endpoints::remove(&self.data);
    }
}

fn open(config: &Config) -> Result<(Arc<Shared>, std::thread::JoinHandle<()>, Identity), StartError> {
    let mut store = open_store(config)?;
    let clock = Clock::default();
    let mut settings = Settings::new(config.dialect, uuid::Uuid::new_v4().as_u64_pair().0);
    settings.strict_roles = config.strict_roles;
    settings.keep_alive_max_s = config.keep_alive_max_s.unwrap_or(settings.keep_alive_max_s);
    settings.shadow_history = config.shadow_history;
    settings.shadow_requests_per_s = config.shadow_rate.unwrap_or(settings.shadow_requests_per_s);
    let registry = Registry::open(&*store.reader())
        .map_err(|e| StartError(format!("the registry cannot be read: {e}")))?;
    let ledger = Accounts::open(&*store.reader())
        .map_err(|e| StartError(format!("the access keys and roles cannot be read: {e}")))?;
    let identity = Identity::open(config).map_err(|e| StartError(e.to_string()))?;
    let own = identity.scope();
    let scopes = scopes(&own, &registry, &*store.reader())?;
    let keys = scopes.iter().map(|scope| ScopeKey(scope.to_string())).collect();
    let mut plan = Plan::default();
    let mut hub = Hub::open(settings.clone(), keys, store.reader(), clock.wall_ms(), &mut plan)
        .map_err(|e: OpenError| StartError(e.to_string()))?;
    let (batch, _) = plan.take_writes();
    if !batch.is_empty() {
        store
            .commit(&batch, Durability::Synced)
            .map_err(|e| StartError(format!("the store refuses writes: {e}")))?;
    }
    let view = hub.next_view().unwrap_or_else(hub::View::empty);
    let recovered = Recovered {
        registry,
        documents: store.reader(),
        ledger: Ledger::new(ledger),
        rotations: Rotations::open(&*store.reader(), scopes.iter())
            .map_err(|e| StartError(format!("the rotations under way cannot be read: {e}")))?,
        scopes: Scopes::new(scopes),
        operator: identity.operator_certificate(),
        anonymous: anonymous(config)?,
        services: rules::Services::new(
            config.outside.endpoints.keys().map(|service| service.name().to_owned()),
        ),
        outgoing: Outgoing::new(config.outside.clone()),
    };
    let shared = Shared::new(settings, clock, view, recovered);
    let shared = Arc::new(shared);
    activity::keep::load(&*store.reader(), &shared.scopes, &shared.activity.clients)
        .map_err(|e| StartError(format!("the activity of clients cannot be read: {e}")))?;
    tell(&shared, plan.notices);
    rule_roles::refresh(&shared);
    let writer = start_writer(&shared, hub, store, reserve(config))?;
    Ok((shared, writer, identity))
}

/// Every account and region that the registry or the store knows; the instance's own is the first.
fn scopes(
    own: &Arc<Scope>,
    registry: &Registry,
    reader: &dyn store::Reader,
) -> Result<Vec<Arc<Scope>>, StartError> {
    let stored = hub::keys::stored_scopes(reader)
        .map_err(|e| StartError(format!("the accounts in the store cannot be read: {e}")))?;
    let stored = stored.iter().filter_map(|key| {
        let (account, region) = key.split_once('/')?;
        Scope::new(account, region).ok().map(Arc::new)
    });
    let mut scopes = vec![own.clone()];
    for scope in registry.scopes().cloned().chain(stored) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

fn open_store(config: &Config) -> Result<Box<dyn Store>, StartError> {
    let options = store::Options {
        keep_free_bytes: reserve(config).last_bytes(),
        accept_loss: config.accept_loss,
        overlay_bytes: overlay_bytes(),
        ..store::Options::default()
    };
    let store = Embedded::open(&config.data.join("store"), &options).map_err(|e| {
        StartError(format!("the data folder {} cannot be opened: {e}", config.data.display()))
    })?;
    Ok(Box::new(store))
}

fn reserve(config: &Config) -> Reserve {
    // Two generations may wait at once.
    let tables_bytes = 2 * overlay_bytes() as u64;
    Reserve { keep_free_bytes: config.keep_free_bytes, tables_bytes }
}

/// Memory for commits on their way to the tables: a sixty-fourth of what the machine has, so that a small one keeps its
/// own and a large one reads what was written lately from memory.
fn overlay_bytes() -> usize {
    const MIB: usize = 1024 * 1024;
    let found = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = found
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    (kib.unwrap_or(0_usize) / 64).saturating_mul(1024).clamp(8 * MIB, 64 * MIB)
}

fn start_writer(
    shared: &Arc<Shared>,
    hub: Hub<Arc<Link>>,
    store: Box<dyn Store>,
    reserve: Reserve,
) -> Result<std::thread::JoinHandle<()>, StartError> {
    let failed = |error: std::io::Error| StartError(format!("cannot start the writer threads: {error}"));
    let reader = store.reader();
    let committer = Handle::start(shared.clone(), store).map_err(failed)?;
    let shared_too = shared.clone();
    let writer = Writer { shared: shared_too, hub, reader, committer, reserve, checked: None, ticked: None };
    shared.desk.submit(Event::Tick);
    std::thread::Builder::new().name("writer".into()).spawn(move || writer.run()).map_err(failed)
}

fn anonymous(config: &Config) -> Result<Access, StartError> {
    let Some(json) = &config.anonymous_policy else { return Ok(Access::everything()) };
    let document = Document::parse(json)
        .map_err(|e| StartError(format!("the policy for the plain listener is not valid: {e}")))?;
    let variables = Variables {
        principal: "anonymous".into(),
        account: config.account.clone(),
        region: config.region.clone(),
        ..Variables::default()
    };
    Ok(Access::compile(&[NamedDocument::new("anonymous", 1, document)], variables))
}

fn check_plain(config: &Config) -> Result<(), StartError> {
    match config.plain {
        Some(address) if !address.ip().is_loopback() && !config.plain_anywhere => Err(StartError(format!(
            "--plain {address} would let anybody on the network in without a certificate: use a loopback address, or \
             add --plain-anywhere if that is what you want"
        ))),
        _ => Ok(()),
    }
}

/// As many sockets as the system allows this process.
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    current.unwrap_or(u64::MAX)
}

/// Descriptor numbers from here on are no client's: a store that cannot open a file ends the process.
fn sockets_of(open_files: u64) -> i32 {
    let kept = (open_files / 8).clamp(96, 4096);
    i32::try_from(open_files.saturating_sub(kept)).unwrap_or(i32::MAX)
}

/// Bound sockets, before anything else is done, so that a port in use is told at once.
struct Listeners {
    api: TcpListener,
    mqtt: TcpListener,
    tls443: Option<TcpListener>,
    https: Option<TcpListener>,
    plain: Option<TcpListener>,
    remarks: Vec<String>,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Listeners, StartError> {
        let mut remarks = Vec::new();
        let api = bind(config.api, "--api").await?;
        let mqtt = bind(config.mqtt, "--mqtt").await?;
        let tls443 = optional(config.tls443, config.tls443_required, "--tls443", &mut remarks).await?;
        let https = optional(config.https, config.https_required, "--https", &mut remarks).await?;
        let plain = match config.plain {
            None => None,
            Some(address) => {
                remarks.push(format!(
                    "PLAIN MQTT on {address}: no TLS, no certificate, everybody who reaches it is \"anonymous\""
                ));
                Some(bind(address, "--plain").await?)
            }
        };
        Ok(Listeners { api, mqtt, tls443, https, plain, remarks })
    }

    fn endpoints(&self, config: &Config, identity: &Identity) -> Endpoints {
        let address = |listener: &TcpListener| listener.local_addr().ok();
        Endpoints::new(
            address(&self.api),
            address(&self.mqtt),
            self.tls443.as_ref().and_then(address),
            self.https.as_ref().and_then(address),
            self.plain.as_ref().and_then(address),
            identity.ca_path(),
            config,
        )
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let maybe = [&self.tls443, &self.https, &self.plain].into_iter().flatten();
        let all = [&self.api, &self.mqtt].into_iter().chain(maybe);
        all.filter_map(|listener| listener.local_addr().ok()).collect()
    }

    fn serve(self, door: &Door, faces: &Faces) -> Vec<JoinHandle<()>> {
        let mut tasks = vec![
            tokio::spawn(faces.clone().listen(self.api)),
            tokio::spawn(door.clone().serve(self.mqtt, Face::Mqtt)),
        ];
        if let Some(listener) = self.tls443 {
            tasks.push(tokio::spawn(door.clone().serve(listener, Face::Tls443)));
        }
        if let Some(listener) = self.https {
            tasks.push(tokio::spawn(door.clone().serve(listener, Face::Https)));
        }
        if let Some(listener) = self.plain {
            tasks.push(tokio::spawn(door.clone().serve(listener, Face::Plain)));
        }
        tasks
    }
}

/// A port that may be missing, with a remark, unless it was asked for.
async fn optional(
    address: Option<SocketAddr>,
    is_required: bool,
    flag: &str,
    remarks: &mut Vec<String>,
) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else { return Ok(None) };
    match bind(address, flag).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if is_required => Err(error),
        Err(error) => {
            remarks.push(format!("port {} is off: {error}", address.port()));
            Ok(None)
        }
    }
}

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError(port_in_use(address, flag, &error)))
}

#[cfg(test)]
mod tests {
    use super::sockets_of;

    #[test]
    fn the_store_keeps_files_whatever_clients_open() {
        for (open_files, sockets) in
            [(0, 0), (200, 104), (1024, 896), (1 << 20, (1 << 20) - 4096), (u64::MAX, i32::MAX)]
        {
            assert_eq!(sockets_of(open_files), sockets, "{open_files}");
        }
    }
}
