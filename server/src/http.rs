//! HTTP connections in, replies out: health, metrics, the status page, the command line's API, the AWS API and the
//! WebSocket door. Chooses routes and bounds resources; what a route does is in its own file.

mod control;
mod devices;
mod doctor;
mod guard;
mod hints;
mod keys;
mod metrics;
mod near;
mod page;
mod policies;
mod refusal;
mod rotate;
mod rules;
mod shadows;
mod socket;
mod starter;
mod subject;
mod tighten;
mod why;

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use registry::Scope;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::accept::tell_full;
use crate::aws::{self, Checking};
use crate::endpoints::Endpoints;
use crate::identity::Identity;
use crate::rights::Principal;
use crate::shared::Shared;

pub(crate) use guard::check as local;
pub(crate) use refusal::Refused;

/// Body of one request.
const BODY_BYTES: usize = 1024 * 1024;
/// From the first byte of a connection, or the last reply, to the end of a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// From a request's headers to its reply, its body included.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);
/// HTTP connections at a time; on the plain port the rest waits in the listener's queue.
const CONNECTIONS: usize = 4096;

/// Everything HTTP. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Faces {
    app: Router,
    /// For who comes with a client certificate: the data plane alone.
    devices: Router,
    room: Arc<Semaphore>,
    shared: Arc<Shared>,
    /// A socket with this number or a higher one is one too many.
    sockets: i32,
}

/// What every route can reach.
pub(crate) struct Api {
    pub(crate) shared: Arc<Shared>,
    pub(crate) identity: Identity,
    pub(crate) endpoints: Endpoints,
    /// The account and region of who names none.
    pub(crate) scope: Arc<Scope>,
    pub(crate) checking: Checking,
    pub(crate) allow_reset: bool,
}

impl Faces {
    pub(crate) fn new(api: Api, sockets: i32) -> Faces {
        let known = api.shared.clone();
        let api = Arc::new(api);
        let (app, devices) = (router(api.clone()), device_router(api));
        Faces { app, devices, room: Arc::new(Semaphore::new(CONNECTIONS)), shared: known, sockets }
    }

    /// Accepts plain HTTP until it is dropped, and its connections with it.
    pub(crate) async fn listen(self, listener: TcpListener) {
        let mut tasks = JoinSet::new();
        while let Ok(permit) = self.room.clone().acquire_owned().await {
            let accepted = listener.accept().await;
            while tasks.try_join_next().is_some() {}
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, mostly: it gets better when connections end.
                    tracing::warn!(%error, "an HTTP connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            if socket.as_raw_fd() >= self.sockets {
                drop(socket);
                tell_full(&self.shared, peer, self.sockets).await;
                continue;
            }
            let _ = socket.set_nodelay(true);
            let faces = self.clone();
            tasks.spawn(async move {
                faces.talk(socket, peer, None).await;
                drop(permit);
            });
        }
    }

    /// What 443 hands over once its TLS stands. Without room the connection ends here: it cannot wait unaccepted.
    pub(crate) async fn serve<S>(&self, stream: S, peer: SocketAddr, principal: Option<Principal>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.room.clone().try_acquire_owned() {
            Ok(_permit) => self.talk(stream, peer, principal).await,
            Err(_) => tracing::warn!(%peer, "{CONNECTIONS} HTTP connections are open: one more was closed"),
        }
    }

    /// One HTTP/1.1 connection to its end.
    async fn talk<S>(&self, stream: S, peer: SocketAddr, principal: Option<Principal>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let app = if principal.is_some() { self.devices.clone() } else { self.app.clone() };
        let app = TowerToHyperService::new(app);
        let principal = principal.map(Arc::new);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(principal) = &principal {
                request.extensions_mut().insert(principal.clone());
            }
            app.call(request)
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "an HTTP connection ended early");
        }
    }
}

/// A body that trickles in must not hold its connection for ever.
async fn in_time(request: axum::extract::Request, next: Next) -> Response {
    match timeout(REPLY_TIMEOUT, next.run(request)).await {
        Ok(reply) => reply,
        Err(_) => {
            let text = format!("no whole request within {} s: send it faster", REPLY_TIMEOUT.as_secs());
            Refused { status: StatusCode::REQUEST_TIMEOUT, code: "RequestTimeoutException", text }
                .into_response()
        }
    }
}

/// What is served to devices that show their certificate.
fn device_router(api: Arc<Api>) -> Router {
    Router::new()
        .fallback(aws::call_of_device)
        .layer(from_fn(in_time))
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

/// Every route, for the plain port and for 443.
fn router(api: Arc<Api>) -> Router {
    let guarded = Router::new()
        .route("/_thingstead/", get(page::page))
        .route("/_thingstead/api/status", get(control::status))
        .route("/_thingstead/api/time", get(control::time).post(control::steer))
        .route("/_thingstead/api/activity", get(control::activity))
        .route("/_thingstead/api/trace", get(control::trace))
        .route("/_thingstead/api/devices", get(devices::list).post(devices::create))
        .route("/_thingstead/api/devices/{name}", get(devices::show).delete(devices::remove))
        .route("/_thingstead/api/devices/{name}/drop", post(devices::disconnect))
        .route("/_thingstead/api/devices/{name}/why", get(why::why))
        .route("/_thingstead/api/devices/{name}/doctor", get(doctor::doctor))
        .route("/_thingstead/api/devices/{name}/policies", get(policies::of_device))
        .route("/_thingstead/api/devices/{name}/check", post(policies::check))
        .route("/_thingstead/api/devices/{name}/allow", post(policies::allow))
        .route("/_thingstead/api/devices/{name}/tighten", post(tighten::tighten))
        .route("/_thingstead/api/policies", get(policies::list))
        .route("/_thingstead/api/policies/{name}", get(policies::show))
        .route("/_thingstead/api/devices/{name}/rotate", post(rotate::rotate))
        .route("/_thingstead/api/shadows/{thing}/log", get(shadows::log))
        .route("/_thingstead/api/shadows/{thing}/restore", post(shadows::restore))
        .route("/_thingstead/api/rules", get(rules::list))
        .route("/_thingstead/api/rules/named/{name}", get(rules::named))
        .route("/_thingstead/api/rules/messages", get(rules::messages))
        .route("/_thingstead/api/rules/messages/{number}", get(rules::message))
        .route("/_thingstead/api/rules/letters", get(rules::letters))
        .route("/_thingstead/api/keys", get(keys::list).post(keys::create))
        .route("/_thingstead/api/keys/{id}", axum::routing::delete(keys::remove))
        .route("/_thingstead/reset", post(control::reset))
        .route("/moto-api/reset", post(control::reset))
        .route("/_localstack/state/reset", post(control::reset))
        .layer(from_fn_with_state(api.clone(), guard::local_only));
    Router::new()
        .route("/_thingstead", get(|| async { Redirect::permanent("/_thingstead/") }))
        .route("/_thingstead/health", get(control::health))
        .route("/_localstack/health", get(control::health))
        .route("/metrics", get(metrics::metrics))
        .route("/mqtt", get(socket::upgrade))
        .route("/confirmdestination/{token}", get(rules::confirm))
        .route("/_thingstead/api/operations", get(|| async { axum::Json(::aws::describe()) }))
        .merge(guarded)
        .fallback(aws::call)
        .method_not_allowed_fallback(aws::call)
        .layer(from_fn(in_time))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(api)
}
