//! `endpoints.json` of a data folder: written when every face is ready, removed at a clean stop, read by the
//! command line. Opens no socket.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::start::Config;

const FILE: &str = "endpoints.json";

/// Where a running instance is reached. A face that is off is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub pid: u32,
    pub api: String,
    pub mqtt: Option<String>,
    pub tls443: Option<String>,
    pub https: Option<String>,
    pub plain: Option<String>,
    pub ca: PathBuf,
    pub account: String,
    pub region: String,
}

/// Why no running instance was found.
#[derive(Debug, Error)]
pub enum EndpointsError {
    #[error("no thingstead runs on {data}: start one with `thingstead up --data {data}`")]
    NotRunning { data: String },
    #[error(
        "the thingstead of {data} (pid {pid}) ended without a clean stop: start it again with `thingstead up --data {data}`"
    )]
    Stale { data: String, pid: u32 },
    #[error("{path} cannot be read ({cause}): run the command as the user who started `thingstead up`")]
    Unreadable { path: String, cause: io::Error },
    #[error("{path} is not what thingstead writes ({cause}): delete it and start `thingstead up` again")]
    Malformed { path: String, cause: serde_json::Error },
}

impl Endpoints {
    /// From the addresses that were bound.
    pub(crate) fn new(
        api: Option<SocketAddr>,
        mqtt: Option<SocketAddr>,
        tls443: Option<SocketAddr>,
        https: Option<SocketAddr>,
        plain: Option<SocketAddr>,
        ca: PathBuf,
        config: &Config,
    ) -> Endpoints {
        Endpoints {
            pid: std::process::id(),
            api: http_url(api.unwrap_or(config.api)),
            mqtt: mqtt.map(host_and_port),
            tls443: tls443.map(host_and_port),
            https: https.map(|address| format!("https://{}", host_and_port(address))),
            plain: plain.map(host_and_port),
            ca,
            account: config.account.clone(),
            region: config.region.clone(),
        }
    }

    /// Of the instance that runs on this data folder now.
    pub fn read(data: &Path) -> Result<Endpoints, EndpointsError> {
        let path = data.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(EndpointsError::NotRunning { data: data.display().to_string() });
            }
            Err(cause) => {
                return Err(EndpointsError::Unreadable { path: path.display().to_string(), cause });
            }
        };
        let endpoints: Endpoints = serde_json::from_slice(&text)
            .map_err(|cause| EndpointsError::Malformed { path: path.display().to_string(), cause })?;
        if !is_alive(endpoints.pid) {
            return Err(EndpointsError::Stale { data: data.display().to_string(), pid: endpoints.pid });
        }
        Ok(endpoints)
    }

    /// Appears whole or not at all.
    pub(crate) fn write(&self, data: &Path) -> io::Result<()> {
        let new = data.join(format!("{FILE}.{}", std::process::id()));
        let mut file = std::fs::File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&new, data.join(FILE))
    }

    /// At a clean stop. A file that stays is told from a running instance by its process id.
    pub(crate) fn remove(data: &Path) {
        let _ = std::fs::remove_file(data.join(FILE));
    }
}

/// How a client on this machine names a face: by `localhost` where that reaches it.
fn host_and_port(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}

/// The same for the plain HTTP face.
fn http_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://127.0.0.1:{}", address.port());
    }
    format!("http://{address}")
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // A process of another user answers with a missing permission, and lives.
    pid.is_some_and(|pid| !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(pid: u32) -> Endpoints {
        Endpoints {
            pid,
            api: "http://127.0.0.1:4566".into(),
            mqtt: Some("localhost:8883".into()),
            tls443: None,
            https: None,
            plain: None,
            ca: "/data/ca/AmazonRootCA1.pem".into(),
            account: "000000000000".into(),
            region: "us-east-1".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_until_it_is_removed() {
        let data = tempfile::tempdir().expect("a folder");
        let written = endpoints(std::process::id());
        written.write(data.path()).expect("written");
        assert_eq!(Endpoints::read(data.path()).expect("read"), written);
        let text = std::fs::read_to_string(data.path().join(FILE)).expect("text");
        assert!(text.contains("\"tls443\": null"), "a face that is off is null: {text}");
        Endpoints::remove(data.path());
        Endpoints::remove(data.path());
        assert!(matches!(Endpoints::read(data.path()), Err(EndpointsError::NotRunning { .. })));
    }

    #[test]
    fn a_process_that_is_gone_is_not_taken_for_running() {
        let data = tempfile::tempdir().expect("a folder");
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        child.wait().expect("ended");
        endpoints(child.id()).write(data.path()).expect("written");
        assert!(matches!(Endpoints::read(data.path()), Err(EndpointsError::Stale { .. })));
    }

    #[test]
    fn faces_are_named_as_clients_reach_them() {
        for (address, named, url) in [
            ("127.0.0.1:8883", "localhost:8883", "http://127.0.0.1:8883"),
            ("0.0.0.0:8883", "localhost:8883", "http://127.0.0.1:8883"),
            ("[::1]:8883", "localhost:8883", "http://[::1]:8883"),
            ("192.168.1.5:8883", "192.168.1.5:8883", "http://192.168.1.5:8883"),
        ] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!((host_and_port(address).as_str(), http_url(address).as_str()), (named, url));
        }
    }
}
