use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::deploy::server_files::ServerFiles;
use crate::deploy::template::{Document, Template, template};
use crate::milvus::KubernetesName;
use crate::store::{FileMode, FileRole};

const SECRET: Template = template!("secret.yaml");

/// How a Secret names its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretKind {
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
    pub(crate) const fn key_of(self, role: FileRole) -> &'static str {
        match self {
            Self::Opaque => role.file_name(),
            Self::Tls => role.name_in_tls_secret(),
        }
    }
}

/// The Secret that Milvus gets.
#[must_use]
pub(crate) fn secret(
    name: &KubernetesName,
    namespace: &KubernetesName,
    kind: SecretKind,
    files: &ServerFiles<'_>,
) -> Document {
    let values = context! {
        secret_name => name.as_str(),
        namespace => namespace.as_str(),
        secret_type => kind.type_name(),
    };
    with_data(SECRET, values, &files.each.each_ref().map(|file| (kind.key_of(file.role), file.content)))
}

/// A Secret: what its template says, then its data, in memory that is wiped.
pub(crate) fn with_data(template: Template, values: Value, data: &[(&str, &[u8])]) -> Document {
    let head = template.render(values);
    // Base64 is a third longer than what it says. A text that grows would leave the beginnings of a key behind.
    let length: usize = data.iter().map(|(key, content)| key.len() + content.len() * 4 / 3 + 16).sum();
    let mut content = Zeroizing::new(String::with_capacity(head.len() + length));
    content.push_str(&head);
    for (key, file) in data {
        content.extend(["  ", key, ": "]);
        STANDARD.encode_string(file, &mut content);
        content.push('\n');
    }
    let changing = &["server.pem: ", "server.key: ", "ca.pem: ", "tls.crt: ", "tls.key: ", "ca.crt: "];
    Document { name: template.name, content, mode: FileMode::PRIVATE, changing }
}
