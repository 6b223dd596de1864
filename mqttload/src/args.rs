//! In: `--key value` options. Out: typed values, the broker's address and its TLS settings. Connects nothing.

use std::collections::BTreeMap;
use std::net::{SocketAddrV4, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::engine::Net;
use crate::net::Tls;

pub const USAGE: &str = "\
usage: mqttload SCENARIO [--key value ...]

scenarios
  fanin        --pubs N --subs K          N publishers, every subscriber gets all
  fanout       --subs N                   1 publisher, N subscribers
  pairs        --pairs N                  N publishers, one subscriber each
  shared-wild  --subs C --filters F       C clients with F wildcard filters each
  idle         --conns N --hold S         open N connections, hold them S seconds
  connect      --at-once K                connect, CONNACK, disconnect, again
  retained     --topics M --subs K        set M retained messages, replay to K subscribers
  offline      --sessions N --messages M  queue M QoS 1 messages to N offline sessions, drain
  fill         --sessions N --messages M  the same without the drain, N at most --wave connected at a time
  shadow       --things T --pubs N --subs K --text B  N clients update T shadows, K hear what was accepted

common
  --host 127.0.0.1 --port 1883    broker (IPv4)
  --pid P[,P]                     broker processes, for CPU and memory
  --ca F --cert F --key F         TLS; server name: --sni localhost
  --user U --pass P  --keepalive 600
  --qos 0|1  --payload 128        bytes, at least 16
  --rate 0                        publishes per second in all (0: max)
  --window 100                    QoS 1 messages in flight for each publisher
  --e2e N                         undelivered publishes allowed for each publisher
                                  (0: no limit; default 200 at full rate)
  --warmup 2 --duration 5 --drain 3   seconds
  --at-once 200                   connection attempts at a time
  --sub-chunk 8                   filters in one SUBSCRIBE
  --label NAME                    copied into the report
";

pub struct Args {
    pub scenario: String,
    map: BTreeMap<String, String>,
}

impl Args {
    pub fn parse(mut it: impl Iterator<Item = String>) -> Result<Args, String> {
        let scenario = it.next().ok_or("which scenario?")?;
        let mut map = BTreeMap::new();
        while let Some(k) = it.next() {
            let k = k.strip_prefix("--").ok_or_else(|| format!("not an option: {k}"))?.to_owned();
            let v = it.next().ok_or_else(|| format!("--{k} wants a value"))?;
            map.insert(k, v);
        }
        Ok(Args { scenario, map })
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        self.map.remove(key)
    }

    pub fn num<T: std::str::FromStr>(&mut self, key: &str, default: T) -> Result<T, String> {
        match self.map.remove(key) {
            Some(v) => v.parse().map_err(|_| format!("--{key}: not a number: {v}")),
            None => Ok(default),
        }
    }

    pub fn secs(&mut self, key: &str, default: f64) -> Result<Duration, String> {
        Ok(Duration::from_secs_f64(self.num(key, default)?))
    }

    /// Complains about options that no one asked for.
    pub fn finish(&self) -> Result<(), String> {
        match self.map.keys().next() {
            Some(k) => Err(format!("{} does not take --{k}", self.scenario)),
            None => Ok(()),
        }
    }

    pub fn net(&mut self) -> Result<Net, String> {
        let host = self.text("host").unwrap_or("127.0.0.1".into());
        let port: u16 = self.num("port", 1883)?;
        let addr: SocketAddrV4 = (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|e| format!("{host}: {e}"))?
            .find_map(|a| match a {
                std::net::SocketAddr::V4(a) => Some(a),
                _ => None,
            })
            .ok_or("no IPv4 address")?;
        let pids = match self.text("pid") {
            Some(p) => p
                .split(',')
                .map(|x| x.parse().map_err(|_| format!("--pid: {x}")))
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let login = self.text("user").map(|u| (u, self.text("pass").unwrap_or_default()));
        Ok(Net {
            addr,
            tls: self.tls()?,
            login,
            keepalive: self.num("keepalive", 600)?,
            src_ips: 1,
            filters_per_subscribe: self.num("sub-chunk", 8)?,
            pids,
        })
    }

    fn tls(&mut self) -> Result<Option<Tls>, String> {
        let Some(ca) = self.text("ca") else {
            return Ok(None);
        };
        let certs = |f: &str| -> Result<Vec<CertificateDer<'static>>, String> {
            CertificateDer::pem_file_iter(f).and_then(Iterator::collect).map_err(|e| format!("{f}: {e}"))
        };
        let mut roots = rustls::RootCertStore::empty();
        for c in certs(&ca)? {
            roots.add(c).map_err(|e| format!("{ca}: {e}"))?;
        }
        let build =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|e| e.to_string())?
                .with_root_certificates(roots);
        let mut config = match self.text("cert") {
            Some(cert) => {
                let key = self.text("key").ok_or("--cert wants --key")?;
                let key = PrivateKeyDer::from_pem_file(&key).map_err(|e| format!("{key}: {e}"))?;
                build.with_client_auth_cert(certs(&cert)?, key).map_err(|e| e.to_string())?
            }
            None => build.with_no_client_auth(),
        };
        // Every handshake is a full one.
        config.resumption = rustls::client::Resumption::disabled();
        let name = self.text("sni").unwrap_or("localhost".into());
        let name = ServerName::try_from(name).map_err(|e| e.to_string())?;
        Ok(Some(Tls { config: Arc::new(config), name }))
    }
}
