//! Whose certificates are believed when the platform calls out: those of the machine, and of one more file. Read when
//! the first of them is needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::sync::OnceCell;

use super::refusal::OutgoingError;

#[derive(Debug)]
pub(super) struct Trust {
    ca: Option<PathBuf>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    pub(super) fn new(ca: Option<PathBuf>) -> Trust {
        Trust { ca, config: OnceCell::new() }
    }

    pub(super) async fn config(&self) -> Result<Arc<ClientConfig>, OutgoingError> {
        let ca = self.ca.clone();
        let read = || async move {
            let read = tokio::task::spawn_blocking(move || read(ca.as_deref())).await;
            read.map_err(|error| OutgoingError::Authorities(error.to_string()))?
        };
        self.config.get_or_try_init(read).await.cloned()
    }
}

fn read(ca: Option<&Path>) -> Result<Arc<ClientConfig>, OutgoingError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if let Some(path) = ca {
        let unreadable = |why: String| OutgoingError::Authorities(format!("{}: {why}", path.display()));
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
        let before = roots.len();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(unreadable("it holds no certificate in PEM".to_owned()));
        }
    }
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(|| "there is none".to_owned(), ToString::to_string);
        return Err(OutgoingError::Authorities(why));
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
