//! Listeners: each accepted socket becomes a task; TLS handshakes run step by step, in turns and under a deadline.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use broker::ScopeId;
use hub::Refusal;
use policy::Access;
use registry::CertificateId;
use rustls::ServerConnection;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::connection::Connection;
use crate::drive::drive;
use crate::http::Faces;
use crate::limits::{CONNECT_TIMEOUT, HANDSHAKE_TURNS};
use crate::link::{Link, Tls, Transport};
use crate::rights::{Principal, Rights};
use crate::shared::Shared;
use crate::tls::{Admission, TlsFaces, principal};

/// What every listener hands to its connections.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tls: Arc<TlsFaces>,
    faces: Faces,
    turns: Arc<Semaphore>,
    /// A socket with this number or a higher one is one too many.
    sockets: i32,
}

/// What is spoken behind a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// MQTT without TLS: no certificate, the anonymous principal.
    Plain,
    /// MQTT over mutual TLS.
    Mqtt,
    /// HTTPS over mutual TLS.
    Https,
    /// ALPN tells.
    Tls443,
}

impl Door {
    pub(crate) fn new(shared: Arc<Shared>, tls: Arc<TlsFaces>, faces: Faces, sockets: i32) -> Door {
        Door { shared, tls, faces, turns: Arc::new(Semaphore::new(HANDSHAKE_TURNS)), sockets }
    }

    /// Accepts until it is dropped.
    pub(crate) async fn serve(self, listener: TcpListener, face: Face) {
        loop {
            match listener.accept().await {
                // Numbers are given out from the lowest, so this one tells how many are in use.
                Ok((socket, address)) if socket.as_raw_fd() >= self.sockets => {
                    drop(socket);
                    tell_full(&self.shared, address, self.sockets).await;
                }
                Ok((socket, address)) => {
                    let _ = socket.set_nodelay(true);
                    self.open(socket, address, face);
                }
                Err(error) => {
                    tracing::warn!(%error, ?face, "cannot accept a connection; raise the limit of open files (ulimit -n)");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn open(&self, socket: TcpStream, address: SocketAddr, face: Face) {
        self.shared.metrics.connections_opened.add(1);
        match face {
            Face::Plain => {
                let access: Access = self.shared.anonymous.clone();
                let rights = Rights::Fixed(access);
                let scope = ScopeId::default();
                let principal = Principal { name: "anonymous".into(), thing: None, scope, rights };
                let (read, write) = socket.into_split();
                let connection = self.connection(address, Transport::Tcp(write), principal);
                tokio::spawn(drive(read, connection));
            }
            Face::Mqtt => {
                let door = self.clone();
                tokio::spawn(async move { Box::pin(door.mutual(socket, address)).await.run().await });
            }
            Face::Https => {
                let door = self.clone();
                tokio::spawn(async move { Box::pin(door.mutual_https(socket, address)).await.run().await });
            }
            Face::Tls443 => {
                let door = self.clone();
                tokio::spawn(async move { Box::pin(door.by_alpn(socket, address)).await.run().await });
            }
        }
    }

    fn connection(&self, address: SocketAddr, transport: Transport, principal: Principal) -> Box<Connection> {
        let shared = &self.shared;
        let link = Link::new(
            shared.links.number(),
            address.ip().to_canonical().to_string().into(),
            principal.certificate(),
            principal.signer(),
            transport,
            shared.clock.machine_ms(),
        );
        Connection::new(shared.clone(), link, principal)
    }

    /// 8883: a client certificate is required.
    async fn mutual(self, socket: TcpStream, address: SocketAddr) -> Opened {
        let acceptor = TlsAcceptor::from(self.tls.mqtt.load_full());
        match in_turns(&self.turns, CONNECT_TIMEOUT, acceptor.accept(socket)).await {
            Some(Ok(stream)) => self.admit_mqtt(stream, address),
            Some(Err(error)) => self.failed(address, &error.to_string()),
            None => self.failed(address, SILENT),
        }
    }

    /// 8443: a client certificate is required.
    async fn mutual_https(self, socket: TcpStream, address: SocketAddr) -> Opened {
        let acceptor = TlsAcceptor::from(self.tls.devices.load_full());
        match in_turns(&self.turns, CONNECT_TIMEOUT, acceptor.accept(socket)).await {
            Some(Ok(stream)) => self.admit_device(stream, address),
            Some(Err(error)) => self.failed(address, &error.to_string()),
            None => self.failed(address, SILENT),
        }
    }

    /// 443: the ClientHello's ALPN tells what is wanted.
    async fn by_alpn(self, socket: TcpStream, address: SocketAddr) -> Opened {
        let handshake = async {
            let start =
                LazyConfigAcceptor::new(Default::default(), socket).await.map_err(|e| e.to_string())?;
            let (config, admission) = self.tls.pick(&start.client_hello())?;
            let stream = start.into_stream(config).await.map_err(|e| e.to_string())?;
            Ok::<_, String>((stream, admission))
        };
        match in_turns(&self.turns, CONNECT_TIMEOUT, handshake).await {
            Some(Ok((stream, Admission::Mqtt))) => self.admit_mqtt(stream, address),
            Some(Ok((stream, Admission::Device))) => self.admit_device(stream, address),
            Some(Ok((stream, Admission::Https))) => {
                Opened::Https { stream: Box::new(stream), address, door: self, principal: None }
            }
            Some(Err(error)) => self.failed(address, &error),
            None => self.failed(address, SILENT),
        }
    }

    fn admit_mqtt(&self, stream: tokio_rustls::server::TlsStream<TcpStream>, address: SocketAddr) -> Opened {
        let (socket, session) = stream.into_inner();
        match principal(&self.shared, &session) {
            Ok(principal) => {
                let (read, write) = socket.into_split();
                let tls = Transport::Tls(Box::new(Tls { session, socket: write }));
                Opened::Mqtt(read, self.connection(address, tls, principal))
            }
            Err(refusal) => self.turn_away(&session, address, &refusal),
        }
    }

    /// A handshake is done, and its certificate may not connect.
    fn turn_away(&self, session: &ServerConnection, address: SocketAddr, refusal: &Refusal) -> Opened {
        let presented = session.peer_certificates().and_then(|chain| chain.first());
        if let Some(who) = presented.and_then(|der| self.shared.owner(&CertificateId::from_der(der))) {
            self.shared.trouble(&who, "connect refused", refusal);
        }
        self.failed(address, &refusal.text)
    }

    fn admit_device(self, stream: tokio_rustls::server::TlsStream<TcpStream>, address: SocketAddr) -> Opened {
        match principal(&self.shared, stream.get_ref().1) {
            Ok(principal) => {
                let principal = Some(Box::new(principal));
                Opened::Https { stream: Box::new(stream), address, door: self, principal }
            }
            Err(refusal) => self.turn_away(stream.get_ref().1, address, &refusal),
        }
    }

    fn failed(&self, address: SocketAddr, error: &str) -> Opened {
        self.shared.metrics.handshakes_failed.add(1);
        let text = format!("{}: {}", address.ip(), explain_handshake(error));
        self.shared.explain("", "handshake failed", &text);
        Opened::Nothing
    }
}

const SILENT: &str = "the peer stayed silent for 10 s in the middle of the TLS handshake";

/// Runs a handshake: each step waits for its turn, and nobody keeps a turn while its peer is awaited, so that silent
/// peers hold nobody up. None: the peer kept us waiting for too long, all its pauses together.
async fn in_turns<F: Future>(turns: &Semaphore, mut patience: Duration, handshake: F) -> Option<F::Output> {
    let mut handshake = pin!(handshake);
    loop {
        let turn = turns.acquire().await.ok()?;
        let step = poll_fn(|cx| Poll::Ready(handshake.as_mut().poll(cx))).await;
        drop(turn);
        if let Poll::Ready(done) = step {
            return Some(done);
        }
        let begun = Instant::now();
        // The alarm wakes the task too, so the clock tells which of both it was.
        let _ = timeout(patience, wake_up()).await;
        patience = patience.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())?;
    }
}

/// Ready when the task is woken by what it polled before.
async fn wake_up() {
    let mut asleep = true;
    poll_fn(|_| if std::mem::take(&mut asleep) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// Says that a connection was closed for want of files, at a pace that a crowd cannot force up.
pub(crate) async fn tell_full(shared: &Shared, address: SocketAddr, sockets: i32) {
    shared.metrics.connections_refused.add(1);
    let text = format!(
        "{}: closed, because {sockets} files are open and the rest is the store's: raise the limit of open files \
         (ulimit -n)",
        address.ip()
    );
    shared.explain("", "no connection", &text);
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// What came of a handshake.
enum Opened {
    Nothing,
    Mqtt(OwnedReadHalf, Box<Connection>),
    Https {
        stream: Box<tokio_rustls::server::TlsStream<TcpStream>>,
        address: SocketAddr,
        door: Door,
        /// Who came with a client certificate.
        principal: Option<Box<Principal>>,
    },
}

impl Opened {
    async fn run(self) {
        match self {
            Opened::Nothing => {}
            Opened::Mqtt(read, connection) => drive(read, connection).await,
            Opened::Https { stream, address, door, principal } => {
                Box::pin(door.faces.serve(*stream, address, principal.map(|principal| *principal))).await;
            }
        }
    }
}

/// The words of the TLS library, and what people usually did.
fn explain_handshake(error: &str) -> String {
    let lower = error.to_lowercase();
    let hint = if lower.contains("invalidcontenttype") || lower.contains("corrupt message") {
        "this port speaks TLS, the peer did not: use the plain listener (--plain) or a TLS client"
    } else if lower.contains("no certificates")
        || lower.contains("nocertificates")
        || lower.contains("certificaterequired")
    {
        "the device sent no certificate: pass its certificate and key (`thingstead device new NAME` makes them)"
    } else if lower.contains("unknownca") || lower.contains("unknown ca") {
        "the device does not trust this server: give it AmazonRootCA1.pem from its folder"
    } else if lower.contains("badsignature")
        || lower.contains("bad signature")
        || lower.contains("decrypterror")
    {
        "the peer does not have the key of the certificate that it shows: give it certificate and key of one device"
    } else if lower.contains("eof") {
        "the peer went away during the handshake: often it does not trust the server's certificate or its name, or its \
         certificate and key files are swapped or belong to two devices"
    } else {
        return error.to_owned();
    };
    format!("{error}; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn silent_handshakes_keep_no_turn() {
        let turns = Arc::new(Semaphore::new(1));
        let silent = {
            let turns = turns.clone();
            tokio::spawn(async move {
                in_turns(&turns, Duration::from_millis(50), std::future::pending::<()>()).await
            })
        };
        tokio::task::yield_now().await;
        assert_eq!(in_turns(&turns, CONNECT_TIMEOUT, async { 7 }).await, Some(7));
        assert_eq!(silent.await.expect("it ends"), None);
    }
}
