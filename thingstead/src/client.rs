//! One MQTT 5 connection over mutual TLS: connect, publish, subscribe, receive. No reconnecting; every wait is bounded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use mqtt::{
    Ack, Connect, Disconnect, Fanout, Inbound, InboundLimits, Incoming, Outbound, OutboundLimits, Packet,
    QoS, ReasonCode, Role, Subscribe, SubscribeFilter, Version, Will,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::identity::Target;

const TIMEOUT: Duration = Duration::from_secs(15);
const KEEP_ALIVE_S: u16 = 60;
/// Larger than any packet that arrives in the standard dialect's defaults.
const PACKET_BYTES: u32 = 32 * 1024 * 1024;

/// An open connection.
pub(crate) struct Client {
    stream: TlsStream<TcpStream>,
    received: Vec<u8>,
    inbound: Inbound,
    outbound: Outbound<()>,
    waiting: VecDeque<Received>,
    ping_at: Instant,
    keep_alive: Duration,
    now: Instant,
}

/// A message that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
}

/// What a packet was, free of the buffer.
enum Heard {
    Message(Received),
    Connack(Box<mqtt::Connack>),
    Puback(Ack),
    Suback(mqtt::Suback),
    Pubrec(Ack),
    Pubcomp(Ack),
    Other,
}

impl Client {
    pub(crate) async fn connect(target: &Target) -> Result<Client> {
        Client::connect_with(target, None).await
    }

    /// The will is published if the connection ends without a DISCONNECT, as it does when the client is dropped.
    pub(crate) async fn connect_with(target: &Target, will: Option<Will>) -> Result<Client> {
        let stream = timeout(TIMEOUT, tls(target)).await.map_err(|_| {
            anyhow!("{}:{} did not answer within {} s", target.host, target.port, TIMEOUT.as_secs())
        })??;
        let mut inbound = Inbound::new(
            Role::Client,
            InboundLimits { maximum_packet_size: PACKET_BYTES, ..InboundLimits::default() },
        );
        inbound.set_version(Version::V5);
        let now = Instant::now();
        let mut client = Client {
            stream,
            received: Vec::new(),
            inbound,
            outbound: Outbound::new(Version::V5, OutboundLimits::default()),
            waiting: VecDeque::new(),
            ping_at: now + TIMEOUT,
            keep_alive: Duration::from_secs(u64::from(KEEP_ALIVE_S)),
            now,
        };
        client.open(target, will).await?;
        Ok(client)
    }

    async fn open(&mut self, target: &Target, will: Option<Will>) -> Result<()> {
        let mut connect = Connect::new(Version::V5, target.client_id.clone());
        connect.keep_alive_s = KEEP_ALIVE_S;
        connect.maximum_packet_size = Some(PACKET_BYTES);
        connect.will = will;
        self.send(&Packet::Connect(Box::new(connect))).await?;
        let connack = self.wait("CONNACK", |heard| match heard {
            Heard::Connack(connack) => Ok(*connack),
            other => Err(other),
        });
        let connack = connack
            .await
            .with_context(|| format!("{}:{} did not accept the connection", target.host, target.port))?;
        if connack.reason.is_error() {
            bail!("the connection was refused: {}", said(connack.reason, connack.reason_string.as_deref()));
        }
        let limits = OutboundLimits {
            receive_maximum: connack.receive_maximum.unwrap_or(u16::MAX),
            maximum_packet_size: connack.maximum_packet_size.unwrap_or(u32::MAX),
            topic_alias_maximum: 0,
        };
        self.outbound = Outbound::new(Version::V5, limits);
        let keep_alive_s = connack.server_keep_alive_s.unwrap_or(KEEP_ALIVE_S).max(1);
        self.keep_alive = Duration::from_secs(u64::from(keep_alive_s));
        self.ping_at = Instant::now() + self.keep_alive;
        Ok(())
    }

    /// Publishes and, above QoS 0, returns once the message is acknowledged.
    pub(crate) async fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<()> {
        let mut what = Fanout::new(topic, payload, None);
        let mut out = Vec::with_capacity(payload.len() + topic.len() + 16);
        let too_large = || anyhow!("a message of {} bytes is larger than the server takes", payload.len());
        if qos == QoS::AtMostOnce {
            if !self.outbound.send(&mut out, &mut what, retain, &[]) {
                return Err(too_large());
            }
            return self.write(&out).await;
        }
        let now_ms = u64::try_from(self.now.elapsed().as_millis()).unwrap_or(0);
        let sent =
            self.outbound.send_acknowledged(&mut out, &mut what, qos, retain, false, &[], None, now_ms, ());
        let packet_id = sent.map_err(|error| anyhow!("the message was not sent: {error}"))?;
        self.write(&out).await?;
        let answer = if qos == QoS::AtLeastOnce {
            let puback = |heard| match heard {
                Heard::Puback(ack) if ack.packet_id == packet_id => Ok(ack),
                other => Err(other),
            };
            self.wait("PUBACK", puback).await?
        } else {
            self.release(packet_id).await?
        };
        if answer.reason.is_error() {
            bail!("the message was refused: {}", said(answer.reason, answer.reason_string.as_deref()));
        }
        Ok(())
    }

    /// The rest of a QoS 2 handshake.
    async fn release(&mut self, packet_id: u16) -> Result<Ack> {
        let pubrec = |heard| match heard {
            Heard::Pubrec(ack) if ack.packet_id == packet_id => Ok(ack),
            other => Err(other),
        };
        let pubrec = self.wait("PUBREC", pubrec).await?;
        let refused = pubrec.reason.is_error();
        self.outbound.on_pubrec(&pubrec);
        if refused {
            return Ok(pubrec);
        }
        let mut out = Vec::new();
        self.outbound.release(&mut out, packet_id);
        self.write(&out).await?;
        let pubcomp = |heard| match heard {
            Heard::Pubcomp(ack) if ack.packet_id == packet_id => Ok(ack),
            other => Err(other),
        };
        self.wait("PUBCOMP", pubcomp).await
    }

    pub(crate) async fn subscribe(&mut self, filters: &[String], qos: QoS) -> Result<()> {
        let packet_id = self.outbound.packet_id();
        let subscribe = Subscribe {
            packet_id,
            filters: filters.iter().map(|filter| SubscribeFilter::new(filter.as_str(), qos)).collect(),
            ..Subscribe::default()
        };
        self.send(&Packet::Subscribe(subscribe)).await?;
        let suback = |heard| match heard {
            Heard::Suback(suback) if suback.packet_id == packet_id => Ok(suback),
            other => Err(other),
        };
        let suback = self.wait("SUBACK", suback).await?;
        self.outbound.free(packet_id);
        for (filter, code) in filters.iter().zip(&suback.codes) {
            if code.is_error() {
                bail!("{filter} was refused: {}", said(*code, suback.reason_string.as_deref()));
            }
        }
        Ok(())
    }

    /// The next message; waits as long as it takes, and keeps the connection alive meanwhile.
    pub(crate) async fn next(&mut self) -> Result<Received> {
        loop {
            if let Some(received) = self.waiting.pop_front() {
                return Ok(received);
            }
            match timeout_at(self.ping_at, self.hear()).await {
                Ok(heard) => self.note(heard?),
                Err(_) => self.send(&Packet::Pingreq).await?,
            }
        }
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        self.send(&Packet::Disconnect(Disconnect::default())).await?;
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
        Ok(())
    }

    /// Waits for one kind of packet; messages that arrive meanwhile are kept for [`Client::next`].
    async fn wait<T>(&mut self, what: &str, pick: impl Fn(Heard) -> Result<T, Heard>) -> Result<T> {
        let until = Instant::now() + TIMEOUT;
        loop {
            let heard = timeout_at(until, self.hear())
                .await
                .map_err(|_| anyhow!("no {what} came within {} s", TIMEOUT.as_secs()))??;
            match pick(heard) {
                Ok(found) => return Ok(found),
                Err(other) => self.note(other),
            }
        }
    }

    fn note(&mut self, heard: Heard) {
        if let Heard::Message(received) = heard {
            self.waiting.push_back(received);
        }
    }

    /// The next packet, acknowledged where it has to be. Dropping the future loses nothing that was read.
    async fn hear(&mut self) -> Result<Heard> {
        loop {
            let next = match self.inbound.next(&self.received) {
                Ok(None) => None,
                Ok(Some((incoming, used))) => Some((heard(incoming)?, used)),
                Err(error) => bail!("the server does not speak MQTT as it should: {error}"),
            };
            if let Some(((heard, answer), used)) = next {
                self.received.drain(..used);
                if let Heard::Puback(ack) = &heard {
                    self.outbound.on_puback(ack);
                }
                if let Heard::Pubcomp(ack) = &heard {
                    self.outbound.on_pubcomp(ack);
                }
                if let Some(answer) = answer {
                    self.acknowledge(&answer).await?;
                }
                return Ok(heard);
            }
            if self.stream.read_buf(&mut self.received).await.context("the connection broke")? == 0 {
                bail!("the server closed the connection: `thingstead events` on its machine says why");
            }
        }
    }

    async fn acknowledge(&mut self, answer: &Packet<'_>) -> Result<()> {
        if let Packet::Puback(ack) | Packet::Pubcomp(ack) = answer {
            self.inbound.answered(ack.packet_id);
        }
        self.send(answer).await
    }

    async fn send(&mut self, packet: &Packet<'_>) -> Result<()> {
        let mut out = Vec::new();
        packet.encode(Version::V5, &mut out);
        self.write(&out).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(TIMEOUT, written)
            .await
            .map_err(|_| anyhow!("the server takes no more bytes"))?
            .context("the connection broke")?;
        self.ping_at = Instant::now() + self.keep_alive;
        Ok(())
    }
}

/// A packet as a value of its own, and what it has to be answered with.
fn heard(incoming: Incoming<'_>) -> Result<(Heard, Option<Packet<'static>>)> {
    Ok(match incoming {
        Incoming::Publish { publish, duplicate_of_held } => {
            let ack = Ack::new(publish.packet_id, ReasonCode::Success);
            let answer = match publish.qos {
                QoS::AtMostOnce => None,
                QoS::AtLeastOnce => Some(Packet::Puback(ack)),
                QoS::ExactlyOnce => Some(Packet::Pubrec(ack)),
            };
            let received = Received {
                topic: publish.topic.to_owned(),
                payload: Bytes::copy_from_slice(publish.payload),
                qos: publish.qos,
                retain: publish.retain,
            };
            (if duplicate_of_held { Heard::Other } else { Heard::Message(received) }, answer)
        }
        Incoming::Pubrel { ack, known } => {
            let reason = if known { ReasonCode::Success } else { ReasonCode::PacketIdNotFound };
            (Heard::Other, Some(Packet::Pubcomp(Ack::new(ack.packet_id, reason))))
        }
        Incoming::Connack(connack) => (Heard::Connack(connack), None),
        Incoming::Puback(ack) => (Heard::Puback(ack), None),
        Incoming::Pubrec(ack) => (Heard::Pubrec(ack), None),
        Incoming::Pubcomp(ack) => (Heard::Pubcomp(ack), None),
        Incoming::Suback(suback) => (Heard::Suback(suback), None),
        Incoming::Disconnect(end) => {
            bail!("the server ended the connection: {}", said(end.reason, end.reason_string.as_deref()))
        }
        _ => (Heard::Other, None),
    })
}

fn said(reason: ReasonCode, text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{text} ({reason})"),
        None => reason.to_string(),
    }
}

async fn tls(target: &Target) -> Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect((target.host.as_str(), target.port)).await.with_context(|| {
        format!("{}:{} cannot be reached: is `thingstead up` running there?", target.host, target.port)
    })?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from(target.host.clone())
        .with_context(|| format!("{:?} is no host name", target.host))?;
    let connector = TlsConnector::from(Arc::new(tls_config(target)?));
    connector
        .connect(name, socket)
        .await
        .with_context(|| format!("the TLS handshake with {}:{} failed", target.host, target.port))
}

fn tls_config(target: &Target) -> Result<rustls::ClientConfig> {
    let read = |path: &std::path::Path| format!("{} cannot be read", path.display());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&target.ca).with_context(|| read(&target.ca))? {
        roots.add(certificate.with_context(|| read(&target.ca))?)?;
    }
    let chain: Vec<_> = CertificateDer::pem_file_iter(&target.certificate)
        .with_context(|| read(&target.certificate))?
        .collect::<Result<_, _>>()
        .with_context(|| read(&target.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&target.key).with_context(|| read(&target.key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .context("the certificate and the private key do not belong together")
}
