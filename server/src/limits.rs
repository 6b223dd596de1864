//! Limits of the shell: what one connection may hold in memory, and how long it may keep us waiting.

use std::time::Duration;

/// Bytes waiting for one receiver before QoS 0 messages to it are dropped and others wait.
pub(crate) const OUT_BYTES: usize = 8 * 1024 * 1024;
/// QoS 1 messages waiting for the window of one session that has no mailbox.
pub(crate) const PENDING_MESSAGES: usize = 65_536;
/// Their bytes.
pub(crate) const PENDING_BYTES: usize = 32 * 1024 * 1024;
/// From accept to a decided CONNECT (AWS states no number).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes read from a socket at a time.
pub(crate) const READ_BYTES: usize = 64 * 1024;
/// A CONNECT may not be larger than this, whatever the dialect: its sender is a stranger yet.
pub(crate) const CONNECT_BYTES: u32 = 384 * 1024;
/// Events waiting for the writer before connections stop reading.
pub(crate) const QUEUED_EVENTS: usize = 16_384;
/// Bytes of the messages in them.
pub(crate) const QUEUED_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of the decided plan after which a group takes no more events: one event can come to very many deliveries.
pub(crate) const COMMIT_BYTES: usize = 16 * 1024 * 1024;
/// Events decided for one commit.
pub(crate) const EVENTS_PER_COMMIT: usize = 1024;
/// Steps of TLS handshakes that may be ready to run at a time, so that connected clients are not starved.
pub(crate) const HANDSHAKE_TURNS: usize = 16;
/// After a goodbye, time for the peer to read it.
pub(crate) const LINGER: Duration = Duration::from_millis(500);
/// Wishes for the registry decided for one commit.
pub(crate) const WISHES_PER_COMMIT: usize = 256;
/// Wishes for the registry that may wait for their commit.
pub(crate) const WISHES_WAITING: usize = 16_384;
/// Rules that are compiled at a time: regular expressions take a processor for themselves, and megabytes.
pub(crate) const RULES_COMPILED: usize = 2;
/// Rules that are compiled, or wait to be.
pub(crate) const RULES_WAITING: usize = 64;
/// Accounts and regions of one instance.
pub(crate) const SCOPES: usize = 1000;
/// Explanations kept for people.
pub(crate) const EXPLANATIONS: usize = 10_000;
/// Connections to other machines that wait for their next request.
pub(crate) const WAITING_CONNECTIONS: usize = 64;
/// How long one of them waits before it is closed.
pub(crate) const WAITING_FOR: Duration = Duration::from_secs(20);
