//! The data folder's identity: its root CA, made once and lasting; the server certificate, issued anew when its names
//! change or it nears its end; the operator's certificate. Says nothing of who may connect.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use registry::{Authority, AuthorityError, CertificateId, KeyChoice, Scope};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::shared::Shared;
use crate::start::Config;
use crate::tls::TlsFaces;

/// Who this instance is. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Identity(Arc<Inner>);

struct Inner {
    data: PathBuf,
    region: String,
    prefix: String,
    names: Vec<String>,
    authority: Authority,
    scope: Arc<Scope>,
    operator: CertificateId,
}

/// The server's certificate chain and key, as TLS takes them.
pub(crate) struct ServerCertificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// Why the identity cannot be had.
#[derive(Debug, Error)]
pub(crate) enum IdentityError {
    #[error("{path} cannot be used ({cause}): check the permissions of the data folder")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "the root CA in {path} is not usable ({cause}): restore it from a backup, or delete the folder to make a new one, which every device must then be given"
    )]
    Authority { path: PathBuf, cause: AuthorityError },
    #[error("no certificate could be issued ({0}): check the names given with --host")]
    Issue(AuthorityError),
    #[error("{path} was just written and is not readable as PEM ({cause}): check the disk")]
    Pem { path: PathBuf, cause: rustls::pki_types::pem::Error },
    #[error("{0}")]
    Scope(String),
}

const CA_CERTIFICATE: &str = "ca/AmazonRootCA1.pem";
const CA_KEY: &str = "ca/AmazonRootCA1.key";
const SERVER_CERTIFICATE: &str = "server/certificate.pem";
const SERVER_KEY: &str = "server/private.pem.key";
const OPERATOR_CERTIFICATE: &str = "operator/certificate.pem.crt";
const OPERATOR_KEY: &str = "operator/private.pem.key";

/// A server certificate with less left is replaced.
const RENEW_S: i64 = 30 * 24 * 60 * 60;
const CHECK_EVERY: Duration = Duration::from_secs(3600);

impl Identity {
    /// Reads or makes everything.
    pub(crate) fn open(config: &Config) -> Result<Identity, IdentityError> {
        for folder in ["", "ca", "server", "operator"] {
            make_private(&config.data.join(folder))?;
        }
        let authority = authority(&config.data)?;
        let prefix = prefix(&authority);
        let names = names(&prefix, config);
        let data = config.data.clone();
        let scope = Scope::new(config.account.as_str(), config.region.as_str())
            .map_err(|error| IdentityError::Scope(error.to_string()))?;
        let scope = Arc::new(scope);
        let region = config.region.clone();
        let operator = Identity::operator(&data, &authority)?;
        let identity = Identity(Arc::new(Inner { data, region, prefix, names, authority, scope, operator }));
        identity.renew(machine_now_s())?;
        Ok(identity)
    }

    /// The certificate that the command line connects with.
    pub(crate) fn operator_certificate(&self) -> CertificateId {
        self.0.operator
    }

    /// Names and addresses of the server certificate.
    pub(crate) fn names(&self) -> &[String] {
        &self.0.names
    }

    /// The account and region that devices are made in.
    pub(crate) fn scope(&self) -> Arc<Scope> {
        self.0.scope.clone()
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub(crate) fn ca_path(&self) -> PathBuf {
        let path = self.0.data.join(CA_CERTIFICATE);
        std::path::absolute(&path).unwrap_or(path)
    }

    /// The host name of AWS's form that stands for this instance.
    pub(crate) fn endpoint(&self) -> String {
        self.endpoint_of("iot:Data-ATS")
    }

    pub(crate) fn endpoint_of(&self, endpoint_type: &str) -> String {
        let ats = if endpoint_type == "iot:Data-ATS" { "-ats" } else { "" };
        format!("{}{ats}.iot.{}.amazonaws.com", self.0.prefix, self.0.region)
    }

    pub(crate) fn server_certificate(&self) -> Result<ServerCertificate, IdentityError> {
        let path = self.0.data.join(SERVER_CERTIFICATE);
        let unreadable = |cause| IdentityError::Pem { path: path.clone(), cause };
        let chain = CertificateDer::pem_file_iter(&path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_file(self.0.data.join(SERVER_KEY)).map_err(unreadable)?;
        Ok(ServerCertificate { chain, key })
    }

    /// Looks at the certificate now and then and replaces it in time. Runs until it is dropped.
    pub(crate) async fn keep_fresh(self, faces: Arc<TlsFaces>, shared: Arc<Shared>) {
        loop {
            tokio::time::sleep(CHECK_EVERY).await;
            match self.renew(machine_now_s()) {
                Ok(false) => {}
                Ok(true) => match faces.renew(&self) {
                    Ok(()) => shared.explain("", "certificate", "the server certificate was renewed in time"),
                    Err(error) => tracing::error!(%error, "the renewed server certificate cannot be used"),
                },
                Err(error) => tracing::error!(%error, "the server certificate could not be renewed"),
            }
        }
    }

    /// Issues a server certificate if there is none that is good for a while. Peers judge it by the machine's clock.
    fn renew(&self, now_s: i64) -> Result<bool, IdentityError> {
        let (certificate, key) = (self.0.data.join(SERVER_CERTIFICATE), self.0.data.join(SERVER_KEY));
        if key.exists() && is_good(&certificate, &self.0.names, self.0.authority.cert_der(), now_s) {
            return Ok(false);
        }
        let issued = self.0.authority.issue_server(&self.0.names, now_s).map_err(IdentityError::Issue)?;
        write(&key, &issued.key_pem, 0o600)?;
        write(&certificate, &issued.cert_pem, 0o644)?;
        Ok(true)
    }

    /// The command line connects like a device, with a certificate that only the owner of the folder can read. It is
    /// in no account, so that no call of an account's lists, stops or deletes it.
    fn operator(data: &Path, authority: &Authority) -> Result<CertificateId, IdentityError> {
        let (path, key) = (data.join(OPERATOR_CERTIFICATE), data.join(OPERATOR_KEY));
        let known = std::fs::read_to_string(&path).ok().filter(|_| key.exists());
        if let Some(id) = known.as_deref().and_then(id_of) {
            return Ok(id);
        }
        let issued =
            authority.issue_device(KeyChoice::P256, machine_now_s()).map_err(IdentityError::Issue)?;
        write(&key, issued.key_pem.as_deref().unwrap_or_default(), 0o600)?;
        write(&path, &issued.cert_pem, 0o644)?;
        Ok(issued.id)
    }
}

fn authority(data: &Path) -> Result<Authority, IdentityError> {
    let (certificate, key) = (data.join(CA_CERTIFICATE), data.join(CA_KEY));
    let broken = |cause| IdentityError::Authority { path: data.join("ca"), cause };
    if certificate.exists() || key.exists() {
        return Authority::from_pem(&read(&certificate)?, &read(&key)?).map_err(broken);
    }
    let made = Authority::create(machine_now_s()).map_err(IdentityError::Issue)?;
    // The certificate last: a crash between the two leaves a folder that says what is missing.
    write(&key, &made.key_pem(), 0o600)?;
    write(&certificate, made.cert_pem(), 0o644)?;
    Ok(made)
}

/// Thirteen lower-case letters and digits that are as lasting and as own as the root CA, and begin like AWS's.
fn prefix(authority: &Authority) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let id = CertificateId::from_der(authority.cert_der());
    let letters = id.as_bytes().iter().skip(16).take(12);
    let letter = |byte: &u8| DIGITS.get(usize::from(*byte) % DIGITS.len()).copied().map_or('0', char::from);
    std::iter::once('a').chain(letters.map(letter)).collect()
}

/// Every name that a client may know this machine by.
fn names(prefix: &str, config: &Config) -> Vec<String> {
    let region = &config.region;
    let mut names = vec![
        "localhost".to_owned(),
        Ipv4Addr::LOCALHOST.to_string(),
        Ipv6Addr::LOCALHOST.to_string(),
        "*.localhost".to_owned(),
        format!("*.iot.{region}.localhost"),
        format!("{prefix}-ats.iot.{region}.amazonaws.com"),
        format!("{prefix}.iot.{region}.amazonaws.com"),
    ];
    names.extend(host_name());
    names.extend(config.host.iter().cloned());
    for address in [config.api, config.mqtt].into_iter().chain(config.tls443) {
        if !address.ip().is_unspecified() {
            names.push(address.ip().to_string());
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.len() <= 64 && name.chars().all(plain)).then_some(name)
}

/// Whether a stored certificate has these names, comes from this CA, and lasts.
fn is_good(path: &Path, names: &[String], ca: &[u8], now_s: i64) -> bool {
    let chain: Option<Vec<CertificateDer<'_>>> =
        CertificateDer::pem_file_iter(path).ok().and_then(|chain| chain.collect::<Result<_, _>>().ok());
    let Some([leaf, .., issuer]) = chain.as_deref() else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return false };
    let validity = certificate.validity();
    issuer.as_ref() == ca
        && validity.not_before.timestamp() <= now_s
        && validity.not_after.timestamp() - now_s > RENEW_S
        && named(&certificate) == names.iter().cloned().collect()
}

fn named(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    names.iter().filter_map(name).collect()
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| Ipv4Addr::from(octets).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
        },
        _ => None,
    }
}

fn id_of(pem: &str) -> Option<CertificateId> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok().map(|der| CertificateId::from_der(&der))
}

fn make_private(folder: &Path) -> Result<(), IdentityError> {
    let failed = |cause| IdentityError::File { path: folder.to_owned(), cause };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)
}

fn read(path: &Path) -> Result<String, IdentityError> {
    std::fs::read_to_string(path).map_err(|cause| IdentityError::File { path: path.to_owned(), cause })
}

/// Replaces a file; it is never readable by others in between, and never half written.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), IdentityError> {
    let failed = |cause| IdentityError::File { path: path.to_owned(), cause };
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new);
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)
}

pub(crate) fn machine_now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(config: &Config) -> Identity {
        Identity::open(config).expect("an identity")
    }

    fn config(data: &Path) -> Config {
        Config { data: data.to_owned(), ..Config::default() }
    }

    fn contents(data: &Path, file: &str) -> String {
        std::fs::read_to_string(data.join(file)).expect(file)
    }

    #[test]
    fn the_root_ca_and_the_endpoint_last() {
        let data = tempfile::tempdir().expect("a folder");
        let first = open(&config(data.path()));
        let files = [CA_CERTIFICATE, CA_KEY, SERVER_CERTIFICATE, OPERATOR_CERTIFICATE];
        let before = files.map(|file| contents(data.path(), file));
        let second = open(&config(data.path()));
        assert_eq!(before, files.map(|file| contents(data.path(), file)));
        assert_eq!(first.endpoint(), second.endpoint());
        assert_eq!(first.endpoint().len(), "a123456789012-ats.iot.us-east-1.amazonaws.com".len());
    }

    #[test]
    fn keys_are_readable_by_the_owner_alone() {
        let data = tempfile::tempdir().expect("a folder");
        open(&config(data.path()));
        for (path, mode) in
            [("", 0o700), ("ca", 0o700), (CA_KEY, 0o600), (SERVER_KEY, 0o600), (OPERATOR_KEY, 0o600)]
        {
            let found = std::fs::metadata(data.path().join(path)).expect(path).permissions().mode();
            assert_eq!(found & 0o777, mode, "{path}");
        }
    }

    #[test]
    fn the_server_certificate_follows_its_names_and_its_end() {
        let data = tempfile::tempdir().expect("a folder");
        let mut config = config(data.path());
        let identity = open(&config);
        let now_s = machine_now_s();
        assert!(!identity.renew(now_s).expect("looked at"), "nothing has changed");
        assert!(!identity.renew(now_s + 300 * 86_400).expect("looked at"), "97 days are left");
        let before = contents(data.path(), SERVER_CERTIFICATE);
        config.host = vec!["edge.example".into(), "192.168.1.5".into()];
        let renamed = open(&config);
        assert_ne!(before, contents(data.path(), SERVER_CERTIFICATE), "a name was added");
        assert!(renamed.renew(now_s + 370 * 86_400).expect("renewed"), "less than 30 days are left");
    }

    #[test]
    fn the_operator_stays_who_he_is() {
        let data = tempfile::tempdir().expect("a folder");
        let first = open(&config(data.path())).operator_certificate();
        let id = id_of(&contents(data.path(), OPERATOR_CERTIFICATE)).expect("a certificate");
        assert_eq!(first, id);
        assert_eq!(open(&config(data.path())).operator_certificate(), id);
    }

    #[test]
    fn a_root_ca_without_its_key_is_not_replaced() {
        let data = tempfile::tempdir().expect("a folder");
        open(&config(data.path()));
        std::fs::remove_file(data.path().join(CA_KEY)).expect("removed");
        let refused = Identity::open(&config(data.path()));
        assert!(refused.err().expect("refused").to_string().contains("AmazonRootCA1.key"));
    }
}
