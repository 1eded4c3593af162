use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::context;
use zeroize::Zeroizing;

use crate::deploy::platforms::Document;
use crate::deploy::template::{Template, template};
use crate::milvus::KubernetesName;
use crate::store::FileRole;

const SECRET: Template = template!("secret.yaml");

/// What Milvus gets: never the authority's key.
pub struct ServerFiles {
    /// The content of server.pem.
    pub server_pem: Zeroizing<Vec<u8>>,
    /// The content of server.key.
    pub server_key: Zeroizing<Vec<u8>>,
    /// The content of ca.pem.
    pub ca_pem: Zeroizing<Vec<u8>>,
    /// SHA-256 of the certificates, which is different after a renewal.
    pub fingerprint: String,
    /// Where the files are, as a shell takes it.
    pub paths: String,
}

/// How a Secret names its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// As the documentation page does: `server.pem`, `server.key`, `ca.pem`.
    Opaque,
    /// As cert-manager and `kubernetes.io/tls` do: `tls.crt`, `tls.key`, `ca.crt`.
    Tls,
}

impl SecretKind {
    /// The `type` of the Secret.
    const fn type_name(self) -> &'static str {
        match self {
            Self::Opaque => "Opaque",
            Self::Tls => "kubernetes.io/tls",
        }
    }

    /// What a file is called in it.
    #[must_use]
    pub const fn key_of(self, role: FileRole) -> &'static str {
        match (self, role) {
            (Self::Tls, FileRole::ServerCertificate | FileRole::ClientCertificate) => "tls.crt",
            (Self::Tls, FileRole::ServerKey | FileRole::ClientKey) => "tls.key",
            (Self::Tls, FileRole::CaCertificate) => "ca.crt",
            _ => role.file_name(),
        }
    }

    /// The files that Milvus gets, in words.
    pub(crate) fn listed(self) -> String {
        let [first, second, third] = ServerFiles::ROLES.map(|role| self.key_of(role));
        format!("{first}, {second} and {third}")
    }
}

impl ServerFiles {
    /// Whose contents they are.
    pub const ROLES: [FileRole; 3] =
        [FileRole::ServerCertificate, FileRole::ServerKey, FileRole::CaCertificate];

    /// The content of a file.
    #[must_use]
    pub fn content(&self, role: FileRole) -> Option<&[u8]> {
        match role {
            FileRole::ServerCertificate => Some(&self.server_pem),
            FileRole::ServerKey => Some(&self.server_key),
            FileRole::CaCertificate => Some(&self.ca_pem),
            _ => None,
        }
    }
}

/// Without the contents: one is a private key.
impl fmt::Debug for ServerFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server_pem: _, server_key: _, ca_pem: _, fingerprint, paths } = self;
        write!(f, "ServerFiles({paths}, {fingerprint})")
    }
}

/// The Secret that Milvus gets.
#[must_use]
pub fn secret(
    name: &KubernetesName,
    namespace: &KubernetesName,
    kind: SecretKind,
    files: &ServerFiles,
) -> Document {
    let head = SECRET.render(context! {
        secret_name => name.as_str(),
        namespace => namespace.as_str(),
        secret_type => kind.type_name(),
    });
    let data = ServerFiles::ROLES
        .into_iter()
        .filter_map(|role| Some((kind.key_of(role), files.content(role)?)))
        .collect::<Vec<_>>();
    with_data("secret.yaml", &head, &data)
}

/// Adds the data to the head of a Secret, in memory that is wiped.
pub(crate) fn with_data(file_name: &'static str, head: &str, data: &[(&str, &[u8])]) -> Document {
    // Base64 is a third longer than what it says; nothing is left behind where a text grew.
    let length: usize = data.iter().map(|(key, content)| key.len() + content.len() * 4 / 3 + 16).sum();
    let mut text = Zeroizing::new(String::with_capacity(head.len() + length));
    text.push_str(head);
    for (key, content) in data {
        text.push_str("  ");
        text.push_str(key);
        text.push_str(": ");
        STANDARD.encode_string(content, &mut text);
        text.push('\n');
    }
    Document { file_name, content: text, holds_key: true }
}
