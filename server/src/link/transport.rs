//! How a link's bytes reach the peer: a TCP socket, TLS over one, or a task that owns the stream.

use std::io::{self, Read, Write};

use rustls::ServerConnection;
use tokio::net::tcp::OwnedWriteHalf;

/// The writing end of a connection.
pub(crate) enum Transport {
    Tcp(OwnedWriteHalf),
    Tls(Box<Tls>),
    /// A WebSocket: its task takes the buffer and writes frames.
    Task,
    Closed,
}

/// TLS over a socket. Both directions share the session, so the reading task decrypts under the link's lock too.
pub(crate) struct Tls {
    pub(crate) session: ServerConnection,
    pub(crate) socket: OwnedWriteHalf,
}

/// Capacity kept by an empty buffer; more is given back.
const KEPT_BYTES: usize = 1024;

impl Transport {
    /// Writes from the front of `buffer`. False: the peer takes no more now, the task must wait for it.
    ///
    /// `written` counts what is gone of the front: a peer that takes little at a time must not make us move the rest
    /// of a large buffer each time.
    pub(crate) fn write(&mut self, buffer: &mut Vec<u8>, written: &mut usize) -> bool {
        let done = match self {
            Transport::Tcp(socket) => write_plain(socket, buffer, written),
            Transport::Tls(tls) => tls.write(buffer, written),
            Transport::Task => return buffer.is_empty(),
            Transport::Closed => {
                *written = buffer.len();
                true
            }
        };
        if *written >= buffer.len() {
            buffer.clear();
            *written = 0;
        } else if *written > buffer.len() / 2 {
            buffer.drain(..*written);
            *written = 0;
        }
        if buffer.is_empty() && buffer.capacity() > KEPT_BYTES {
            *buffer = Vec::new();
        }
        done
    }

    pub(crate) fn socket(&self) -> Option<&OwnedWriteHalf> {
        match self {
            Transport::Tcp(socket) => Some(socket),
            Transport::Tls(tls) => Some(&tls.socket),
            Transport::Task | Transport::Closed => None,
        }
    }

    /// Tells the peer that nothing more comes, while it may still be read from.
    pub(crate) fn finish_writing(&mut self) {
        if let Transport::Tls(tls) = self {
            tls.session.send_close_notify();
            let _ = tls.flush();
        }
        if let Some(socket) = self.socket() {
            let _ = rustix::net::shutdown(socket.as_ref(), rustix::net::Shutdown::Write);
        }
    }

    /// Says goodbye where the transport has a word for it.
    pub(crate) fn close(&mut self) {
        if let Transport::Tls(tls) = self {
            tls.session.send_close_notify();
            let _ = tls.flush();
        }
        *self = Transport::Closed;
    }
}

/// A broken socket counts as written: the reading side learns of it and ends the connection.
fn write_plain(socket: &OwnedWriteHalf, buffer: &[u8], written: &mut usize) -> bool {
    loop {
        let Some(rest) = buffer.get(*written..).filter(|rest| !rest.is_empty()) else { return true };
        match socket.try_write(rest) {
            Ok(count) => *written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                *written = buffer.len();
                return true;
            }
        }
    }
}

/// Adapts the non-blocking socket to what rustls writes into.
struct Socket<'a>(&'a OwnedWriteHalf);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tls {
    fn write(&mut self, buffer: &[u8], written: &mut usize) -> bool {
        // Encrypt only what the socket has room for: ciphertext is flushed before more is made.
        loop {
            match self.flush() {
                Ok(true) => {}
                Ok(false) => return false,
                Err(_) => {
                    *written = buffer.len();
                    return true;
                }
            }
            let Some(rest) = buffer.get(*written..).filter(|rest| !rest.is_empty()) else { return true };
            match self.session.writer().write(rest) {
                Ok(count) => *written += count,
                Err(_) => {
                    *written = buffer.len();
                    return true;
                }
            }
        }
    }

    /// True: no ciphertext is left.
    fn flush(&mut self) -> io::Result<bool> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Socket(&self.socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Decrypts what came from the socket, and what the session has already; plaintext is appended to `plain`.
    /// True: the peer has said goodbye.
    pub(crate) fn read(&mut self, mut raw: &[u8], plain: &mut Vec<u8>) -> io::Result<bool> {
        let ended = loop {
            if !raw.is_empty() {
                self.session.read_tls(&mut raw)?;
            }
            let state = self.session.process_new_packets().map_err(io::Error::other)?;
            let ended = state.peer_has_closed();
            let count = state.plaintext_bytes_to_read();
            let at = plain.len();
            plain.resize(at + count, 0);
            self.session.reader().read_exact(plain.get_mut(at..).unwrap_or_default())?;
            if raw.is_empty() || ended {
                break ended;
            }
        };
        // Key updates and alerts are answered here.
        let _ = self.flush();
        Ok(ended)
    }
}
