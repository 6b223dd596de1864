//! The same connection over a WebSocket: binary frames carry the bytes, whatever their borders.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use broker::presence::DisconnectReason;
use bytes::Bytes;
use hub::Refusal;
use mqtt::ReasonCode;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{lost, silent};
use crate::connection::{Connection, Flow};
use crate::limits::CONNECT_TIMEOUT;
use crate::link::{Link, Stage, Transport};
use crate::rights::Principal;
use crate::shared::Shared;

/// A WebSocket lives no longer than this (AWS: 86,400 s).
const LIFETIME: Duration = Duration::from_secs(86_400);
/// A peer that takes no frame for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// A WebSocket connection until its end.
pub(crate) async fn drive_ws(
    shared: Arc<Shared>,
    mut socket: WebSocket,
    address: SocketAddr,
    principal: Principal,
) {
    let now_ms = shared.clock.machine_ms();
    let link = Link::new(
        shared.links.number(),
        address.ip().to_canonical().to_string().into(),
        None,
        principal.signer(),
        Transport::Task,
        now_ms,
    );
    shared.metrics.connections_opened.add(1);
    let mut connection = Connection::new(shared.clone(), link.clone(), principal);
    shared.links.insert(link.clone());
    let ended = tokio::select! {
        ended = exchange(&mut socket, &mut connection) => ended,
        () = sleep(LIFETIME) => {
            let text = "a WebSocket lives a day at most (AWS quota): connect again";
            Refusal::new(ReasonCode::MaximumConnectTime, DisconnectReason::WebSocketExpired, text)
        }
    };
    link.finish(ended.clone());
    let _ = timeout(super::LINGER, async {
        let rest = take_buffer(&link);
        let _ = send(&mut socket, Bytes::from(rest)).await;
        let _ = socket.send(Message::Close(None)).await;
        while let Some(Ok(_)) = socket.recv().await {}
    })
    .await;
    shared.links.remove(link.number);
    connection.close(ended);
}

async fn exchange(socket: &mut WebSocket, connection: &mut Connection) -> Refusal {
    let mut flow = Flow::Read;
    let connect_by = Instant::now() + CONNECT_TIMEOUT;
    let mut welcomed = false;
    loop {
        if connection.has_deferred() {
            tokio::task::yield_now().await;
            connection.write_deferred();
        }
        let link = connection.link.clone();
        let bytes = take_buffer(&link);
        if !bytes.is_empty() {
            match timeout(WRITE_TIMEOUT, send(socket, Bytes::from(bytes))).await {
                Ok(Ok(())) => continue,
                _ => return lost("the WebSocket broke while it was written"),
            }
        }
        if link.lock().stage == Stage::Ending || flow == Flow::Stop {
            return lost("the connection was closed");
        }
        if !welcomed && flow == Flow::AwaitWelcome {
            flow = connection.on_wake();
            if flow == Flow::Read {
                welcomed = true;
                flow = connection.resume();
                continue;
            }
        }
        flow = match step(socket, connection, flow, connect_by, welcomed).await {
            Ok(flow) => flow,
            Err(ended) => return ended,
        };
    }
}

/// Waits for a frame, for something to write, or for what the flow waits for.
async fn step(
    socket: &mut WebSocket,
    connection: &mut Connection,
    flow: Flow,
    connect_by: Instant,
    welcomed: bool,
) -> Result<Flow, Refusal> {
    let link = connection.link.clone();
    let now_ms = connection.shared().clock.machine_ms();
    tokio::select! {
        () = woken(&link, flow) => Ok(flow),
        () = sleep_until(connect_by), if !welcomed => Err(silent()),
        () = pause(flow, now_ms), if matches!(flow, Flow::AwaitTime(_) | Flow::AwaitRoom) => {
            Ok(if connection.shared().desk.is_full() { Flow::AwaitRoom } else { connection.resume() })
        }
        frame = socket.recv(), if flow == Flow::Read => on_frame(frame, connection),
    }
}

fn on_frame(
    frame: Option<Result<Message, axum::Error>>,
    connection: &mut Connection,
) -> Result<Flow, Refusal> {
    match frame {
        Some(Ok(Message::Binary(bytes))) => Ok(connection.feed(&bytes)),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Flow::Read),
        Some(Ok(Message::Text(_))) => {
            Err(Refusal::client_error(ReasonCode::ProtocolError, "a text frame: MQTT needs binary frames"))
        }
        Some(Ok(Message::Close(_))) => {
            let text = "the client closed the WebSocket";
            Err(Refusal::new(ReasonCode::Success, DisconnectReason::ClientInitiated, text))
        }
        Some(Err(error)) => Err(lost(&format!("the WebSocket broke: {error}"))),
        None => Err(lost("the peer closed the connection without a DISCONNECT")),
    }
}

/// One packet to a frame: AWS's first Python SDK looks for a second one in the same frame only when more bytes come.
async fn send(socket: &mut WebSocket, mut bytes: Bytes) -> Result<(), axum::Error> {
    while !bytes.is_empty() {
        let packet = bytes.split_to(packet_size(&bytes));
        socket.send(Message::Binary(packet)).await?;
    }
    Ok(())
}

/// The size of the first packet of what we wrote ourselves.
fn packet_size(bytes: &[u8]) -> usize {
    let digits = bytes.get(1..5.min(bytes.len())).unwrap_or_default();
    let mut remaining = 0;
    for (at, digit) in digits.iter().enumerate() {
        remaining |= usize::from(digit & 0x7f) << (7 * at);
        if digit & 0x80 == 0 {
            return (2 + at + remaining).min(bytes.len());
        }
    }
    bytes.len()
}

/// What is to be written; from here on others wake the task again when they add to it.
fn take_buffer(link: &Link) -> Vec<u8> {
    let mut out = link.lock();
    out.blocked = false;
    std::mem::take(&mut out.buffer)
}

async fn pause(flow: Flow, now_ms: u64) {
    match flow {
        Flow::AwaitTime(at_ms) => sleep(Duration::from_millis(at_ms.saturating_sub(now_ms))).await,
        _ => sleep(Duration::from_millis(5)).await,
    }
}

/// Ready when there is something to write or the connection's stage has changed.
async fn woken(link: &Arc<Link>, flow: Flow) {
    poll_fn(|cx| {
        let mut out = link.lock();
        let decided = flow == Flow::AwaitWelcome && out.stage != Stage::Waiting;
        if !out.buffer.is_empty() || out.stage == Stage::Ending || decided {
            return Poll::Ready(());
        }
        out.waker = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::packet_size;

    #[test]
    fn frames_are_cut_where_packets_end() {
        let long = [vec![0x30, 0x80, 0x01], vec![0; 128], vec![0xd0, 0]].concat();
        for (bytes, size) in [(&[0xd0, 0, 0xd0, 0][..], 2), (&[0x40, 2, 0, 1, 0x30][..], 4), (&long[..], 131)]
        {
            assert_eq!(packet_size(bytes), size);
        }
    }
}
