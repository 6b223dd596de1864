//! A URL in, a connection to where it leads out. Sends no request.

use std::time::Duration;

use axum::http::Uri;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::own::Own;
use super::refusal::OutgoingError;
use super::trust::Trust;

pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Headers of a reply, and the bytes of each read of it.
const REPLY_HEADERS: usize = 100;
const READ_BYTES: usize = 64 * 1024;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) is_tls: bool,
    host: String,
    port: u16,
    /// The host, and the port if it is not the scheme's own: the `Host` header.
    pub(super) authority: String,
    /// The path with the query.
    pub(super) target: String,
}

impl Place {
    pub(super) fn of(url: &str) -> Result<Place, OutgoingError> {
        let uri: Uri = url.parse().map_err(|_| OutgoingError::Url("it is none"))?;
        let (is_tls, own_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(OutgoingError::Url("it begins neither with https:// nor with http://")),
        };
        let authority = uri.authority().ok_or(OutgoingError::Url("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(OutgoingError::Url("a user and a password may not stand in it"));
        }
        let shown = authority.host().to_ascii_lowercase();
        let host = shown.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(OutgoingError::Url("it has no host"));
        }
        let given =
            authority.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let port = match (authority.port_u16(), given) {
            (Some(0), _) | (None, Some(_)) => return Err(OutgoingError::Url("its port is none")),
            (Some(port), _) => port,
            (None, None) => own_port,
        };
        let authority = if port == own_port { shown } else { format!("{shown}:{port}") };
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Ok(Place { is_tls, host, port, authority, target })
    }

    /// Whether it stays on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || address.is_ok_and(|ip| ip.is_loopback())
    }

    /// Every address of the name is tried, of either version of IP.
    pub(super) async fn connect(
        &self,
        trust: &Trust,
        own: &Own,
        within: Duration,
    ) -> Result<Sender, OutgoingError> {
        match tokio::time::timeout(within, self.open(trust, own)).await {
            Ok(opened) => opened,
            Err(_) => {
                let (authority, ms) = (self.authority.clone(), within.as_millis());
                Err(OutgoingError::ConnectTimeout { authority, ms })
            }
        }
    }

    async fn open(&self, trust: &Trust, own: &Own) -> Result<Sender, OutgoingError> {
        let unreachable = |error: std::io::Error| OutgoingError::Connect {
            authority: self.authority.clone(),
            why: error.to_string(),
        };
        // Before anything leaves the machine, so that a missing file is told first.
        let tls = if self.is_tls { Some(trust.config().await?) } else { None };
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(unreachable)?;
        let (peer, from) =
            (stream.peer_addr().map_err(unreachable)?, stream.local_addr().map_err(unreachable)?);
        // Names can lead anywhere, so that only the connection tells.
        if own.is_reached(peer, from) {
            return Err(OutgoingError::Own { authority: self.authority.clone() });
        }
        stream.set_nodelay(true).map_err(unreachable)?;
        let Some(config) = tls else { return self.speak(stream).await };
        let untrusted = |why: String| OutgoingError::Tls { authority: self.authority.clone(), why };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| untrusted(error.to_string()))?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        self.speak(stream.map_err(|error| untrusted(error.to_string()))?).await
    }

    async fn speak<S>(&self, stream: S) -> Result<Sender, OutgoingError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let spoken = http1::Builder::new()
            .max_headers(REPLY_HEADERS)
            .max_buf_size(READ_BYTES)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = spoken.map_err(|error| OutgoingError::closed(self, &error))?;
        // It ends with its sender; what went wrong is told to whoever sent something.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    /// What connections have in common that can stand in for each other.
    pub(super) fn key(&self) -> (bool, String) {
        (self.is_tls, self.authority.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_a_request_goes() {
        let check = |url: &str, authority: &str, target: &str, is_tls: bool, port: u16| {
            let place = Place::of(url).expect(url);
            assert_eq!((place.authority.as_str(), place.target.as_str()), (authority, target), "{url}");
            assert_eq!((place.is_tls, place.port), (is_tls, port), "{url}");
        };
        check("http://a", "a", "/", false, 80);
        check("https://A.example/x?y=1", "a.example", "/x?y=1", true, 443);
        check("https://a:8443/x", "a:8443", "/x", true, 8443);
        check("http://a:80/", "a", "/", false, 80);
        check("http://[::1]:9000/b", "[::1]:9000", "/b", false, 9000);
        check("http://[::1]/b", "[::1]", "/b", false, 80);
        assert_eq!(Place::of("http://[::1]:1").expect("an address").host, "::1");
    }

    #[test]
    fn what_cannot_be_called_is_refused_without_showing_it() {
        for url in [
            "",
            "a",
            "/x",
            "ftp://a/",
            "http://user:secret@a/",
            "http://a:0/",
            "http://a:70000/",
            "http://:1/",
        ] {
            let error = Place::of(url).expect_err(url).to_string();
            assert!(error.contains("https://host:port/path") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn this_machine_is_told_from_others() {
        for (url, here) in [
            ("http://localhost:1", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://a.localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Place::of(url).expect(url).is_loopback(), here, "{url}");
        }
    }
}
