//! A device's identity and where it connects in, the files of its folder and a program to start from out. Writes no
//! file.

mod snippets;

use crate::thing::{self, ThingError};
use crate::{CertificateId, DeviceIdentity};

pub use snippets::{SnippetKind, UnknownSnippet, snippet};

/// Where a device connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: String,
    /// MQTT over mutual TLS.
    pub port: u16,
    /// HTTPS with client certificates.
    pub https_port: u16,
}

/// A file to write into the folder.
#[derive(Clone, PartialEq, Eq)]
pub struct FolderFile {
    pub name: String,
    pub contents: String,
    /// Readable by its owner only.
    pub is_private: bool,
}

impl std::fmt::Debug for FolderFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderFile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The files of the device called `name`. Without a private key in the identity there are no key files, and the
/// device's own key belongs where `config.toml` names it.
pub fn device_folder(
    name: &str,
    identity: &DeviceIdentity,
    root_pem: &str,
    endpoint: &Endpoint,
) -> Result<Vec<FolderFile>, ThingError> {
    thing::check_name(name)?;
    let names = FileNames::new(name);
    let file = |name: &str, contents: &str, is_private| FolderFile {
        name: name.to_owned(),
        contents: contents.to_owned(),
        is_private,
    };
    let mut files = vec![file(&names.certificate, &identity.cert_pem, false)];
    if let Some(key) = &identity.key_pem {
        files.push(file(&names.private_key, key, true));
    }
    if let Some(key) = &identity.public_key_pem {
        files.push(file(&names.public_key, key, false));
    }
    files.push(file(FileNames::ROOT, root_pem, false));
    files.push(file(FileNames::CONFIG, &config(name, &names, &identity.id, endpoint), false));
    Ok(files)
}

/// What the files of a device are called: as AWS's console calls them.
pub(crate) struct FileNames {
    pub(crate) certificate: String,
    pub(crate) private_key: String,
    pub(crate) public_key: String,
}

impl FileNames {
    pub(crate) const ROOT: &str = "AmazonRootCA1.pem";
    pub(crate) const CONFIG: &str = "config.toml";

    pub(crate) fn new(name: &str) -> Self {
        Self {
            certificate: format!("{name}-certificate.pem.crt"),
            private_key: format!("{name}-private.pem.key"),
            public_key: format!("{name}-public.pem.key"),
        }
    }
}

fn config(name: &str, names: &FileNames, id: &CertificateId, endpoint: &Endpoint) -> String {
    // JSON's text is also TOML's, except for DEL.
    let text = |text: &str| serde_json::Value::from(text.replace('\u{7f}', "")).to_string();
    format!(
        "# The agent of device {name}, certificate {id}. Paths count from this folder.\n\
         client_id = {client}\n\
         endpoint = {host}\n\
         port = {port}\n\
         certificate = {certificate}\n\
         private_key = {key}\n\
         root_ca = {root}\n",
        client = text(name),
        host = text(&endpoint.host),
        port = endpoint.port,
        certificate = text(&names.certificate),
        key = text(&names.private_key),
        root = text(FileNames::ROOT),
    )
}
