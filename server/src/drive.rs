//! The socket loops: read all there is, let the connection work on it, wait. One task per connection.

mod websocket;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use broker::presence::DisconnectReason;
use hub::Refusal;
use mqtt::ReasonCode;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

pub(crate) use websocket::drive_ws;

use crate::connection::{Connection, Flow};
use crate::limits::{CONNECT_TIMEOUT, LINGER, OUT_BYTES, READ_BYTES};
use crate::link::{Link, Stage, Transport};

thread_local! {
    /// Ciphertext or plain bytes of one read.
    static RAW: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
    /// Plaintext of one read over TLS.
    static PLAIN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A connection over TCP, with or without TLS, until its end.
pub(crate) async fn drive(mut read: OwnedReadHalf, connection: Box<Connection>) {
    let link = connection.link.clone();
    connection.shared().links.insert(link.clone());
    let mut driver = Driver::new(connection);
    // What came in one read with the end of the TLS handshake is in the session already, not in the socket.
    let lost = match driver.work(&[]) {
        Ok(true) => poll_fn(|cx| driver.poll(&mut read, cx)).await,
        Ok(false) => lost(CLOSED),
        Err(error) => broken(&error),
    };
    driver.connection.write_deferred();
    Box::pin(say_goodbye(&mut read, &link)).await;
    driver.connection.shared().links.remove(link.number);
    driver.connection.close(lost);
}

struct Driver {
    connection: Box<Connection>,
    flow: Flow,
    /// Runs while the CONNECT is awaited, or while reading pauses for a quota.
    timer: Option<Pin<Box<Sleep>>>,
    welcomed: bool,
    /// The last read filled the whole buffer: others get a turn before the next.
    more: bool,
}

impl Driver {
    fn new(connection: Box<Connection>) -> Driver {
        let timer = Some(Box::pin(sleep(CONNECT_TIMEOUT)));
        Driver { connection, flow: Flow::Read, timer, welcomed: false, more: false }
    }

    /// Ready with the reason when the connection is over.
    fn poll(&mut self, read: &mut OwnedReadHalf, cx: &mut Context<'_>) -> Poll<Refusal> {
        self.connection.write_deferred();
        loop {
            if self.connection.has_deferred() || std::mem::take(&mut self.more) {
                // To the end of the run queue: publishers that are ready add to the same buffers first, and nobody
                // who sends without a pause keeps others waiting.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let may_read = ready_to_read(&self.connection.link, cx);
            let Some(may_read) = may_read else { return Poll::Ready(lost("the connection was closed")) };
            if !self.welcomed && self.check_welcome(cx) {
                return Poll::Ready(silent());
            }
            match self.flow {
                Flow::Stop => return Poll::Ready(lost("the connection was closed")),
                Flow::AwaitWelcome => return Poll::Pending,
                Flow::AwaitRoom => {
                    if self.connection.shared().desk.wait_for_room(cx.waker()) {
                        return Poll::Pending;
                    }
                    self.flow = self.connection.resume();
                }
                Flow::AwaitTime(at_ms) => ready!(self.poll_pause(at_ms, cx)),
                Flow::Read if !may_read => return Poll::Pending,
                Flow::Read => match ready!(self.poll_read(read, cx)) {
                    Ok(true) => {}
                    Ok(false) => return Poll::Ready(lost(CLOSED)),
                    Err(error) => return Poll::Ready(broken(&error)),
                },
            }
        }
    }

    /// True: the time for CONNECT is up.
    fn check_welcome(&mut self, cx: &mut Context<'_>) -> bool {
        if self.flow == Flow::AwaitWelcome {
            self.flow = self.connection.on_wake();
            if self.flow == Flow::Read {
                self.welcomed = true;
                self.timer = None;
                self.flow = self.connection.resume();
            }
        }
        self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }

    fn poll_pause(&mut self, at_ms: u64, cx: &mut Context<'_>) -> Poll<()> {
        let now_ms = self.connection.shared().clock.machine_ms();
        let wait = std::time::Duration::from_millis(at_ms.saturating_sub(now_ms));
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + wait)));
        ready!(timer.as_mut().poll(cx));
        self.timer = None;
        self.flow = self.connection.resume();
        Poll::Ready(())
    }

    /// Reads once and works on it. False: the peer has closed.
    fn poll_read(&mut self, read: &mut OwnedReadHalf, cx: &mut Context<'_>) -> Poll<std::io::Result<bool>> {
        RAW.with_borrow_mut(|raw| {
            let mut buffer = ReadBuf::new(raw);
            ready!(Pin::new(read).poll_read(cx, &mut buffer))?;
            let bytes = buffer.filled();
            if bytes.is_empty() {
                return Poll::Ready(Ok(false));
            }
            self.more = bytes.len() >= READ_BYTES;
            Poll::Ready(self.work(bytes))
        })
    }

    fn work(&mut self, bytes: &[u8]) -> std::io::Result<bool> {
        let link = self.connection.link.clone();
        let mut out = link.lock();
        if !matches!(out.transport, Transport::Tls(_)) {
            drop(out);
            if !bytes.is_empty() {
                self.flow = self.connection.feed(bytes);
            }
            return Ok(true);
        }
        PLAIN.with_borrow_mut(|plain| {
            plain.clear();
            let ended = match &mut out.transport {
                Transport::Tls(tls) => tls.read(bytes, plain)?,
                _ => false,
            };
            drop(out);
            if !plain.is_empty() {
                self.flow = self.connection.feed(plain);
            }
            if plain.capacity() > 4 * READ_BYTES {
                *plain = Vec::new();
            }
            Ok(!ended)
        })
    }
}

/// Writes what waited for the socket. None: the connection has been ended; false: it must not be read from while
/// its peer does not take what is owed to it.
fn ready_to_read(link: &Arc<Link>, cx: &mut Context<'_>) -> Option<bool> {
    let mut out = link.lock();
    if !out.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        out.waker = Some(cx.waker().clone());
    }
    while out.blocked {
        let Some(socket) = out.transport.socket() else { break };
        if socket.as_ref().poll_write_ready(cx).is_pending() {
            break;
        }
        out.blocked = false;
        out.write();
    }
    if out.stage == Stage::Ending {
        out.write();
        return None;
    }
    Some(!(out.blocked && out.buffer.len() >= OUT_BYTES / 8))
}

/// Gives the peer a moment to take the last words before the socket goes.
async fn say_goodbye(read: &mut OwnedReadHalf, link: &Arc<Link>) {
    let owed = {
        let mut out = link.lock();
        let explained = out.end.as_ref().is_some_and(|end| end.reason != DisconnectReason::ClientInitiated);
        out.stage = Stage::Ending;
        out.blocked = false;
        out.write();
        out.dirty = true; // nobody else may write any more
        explained || !out.buffer.is_empty()
    };
    if !owed {
        return;
    }
    let _ = timeout(LINGER, async {
        poll_fn(|cx| {
            let mut out = link.lock();
            while !out.buffer.is_empty() {
                let Some(socket) = out.transport.socket() else { break };
                if socket.as_ref().poll_write_ready(cx).is_pending() {
                    return Poll::Pending;
                }
                out.blocked = false;
                out.write();
            }
            Poll::Ready(())
        })
        .await;
        link.lock().transport.finish_writing();
        let mut rest = [0; 1024];
        while read.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    })
    .await;
}

const CLOSED: &str = "the peer closed the connection without a DISCONNECT";

fn broken(error: &std::io::Error) -> Refusal {
    lost(&format!("the connection broke: {error}"))
}

fn lost(text: &str) -> Refusal {
    Refusal::new(ReasonCode::Unspecified, DisconnectReason::ConnectionLost, text)
}

fn silent() -> Refusal {
    let text = format!("no CONNECT within {} s of the connection", CONNECT_TIMEOUT.as_secs());
    Refusal::client_error(ReasonCode::ProtocolError, text)
}
