use std::str::FromStr;

use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use crate::base::error::Error;
use crate::base::text::listed;
use crate::deploy::secret::SecretKind;
use crate::deploy::server_files::ServerFiles;
use crate::deploy::template::{Document, Template, template, verbatim};
use crate::milvus::container;
use crate::milvus::{ClientTls, TlsMode};
use crate::store::FileRole;

const SETTINGS: Template = template!("settings.yaml");
const USER_YAML: Template = template!("user.yaml");

/// What Milvus is told about TLS.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    /// For clients.
    pub mode: ClientTls,
    /// For Milvus' own components, if they use TLS too: the name that they ask each other for, one of the
    /// server certificate's.
    pub internal_sni: Option<String>,
    pub rest_port: u16,
    /// Where the certificates are in the container.
    pub mount_path: MountPath,
}

/// A folder in Milvus' container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MountPath(String);

impl TryFrom<String> for MountPath {
    type Error = Error;

    fn try_from(path: String) -> Result<Self, Error> {
        path.parse()
    }
}

impl MountPath {
    /// The documentation page's folder for Docker Compose.
    pub(crate) fn compose() -> Self {
        Self("/milvus/tls".into())
    }

    /// In the folder of Milvus' data, which is all that standalone_embed.sh mounts for it.
    pub(crate) fn standalone() -> Self {
        Self("/var/lib/milvus/tls".into())
    }

    /// The documentation page's folder for Kubernetes.
    pub(crate) fn kubernetes() -> Self {
        Self("/certs".into())
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MountPath {
    type Err = Error;

    /// Takes an absolute path that hides nothing of Milvus' own; Kubernetes allows no colon in it.
    fn from_str(path: &str) -> Result<Self, Error> {
        let invalid = |reason| Err(Error::new(format!("{path:?} cannot be mounted at: {reason}")));
        let path = path.trim_end_matches('/');
        match path {
            "" => invalid("it would hide Milvus' own files"),
            _ if container::OWN_FOLDERS.contains(&path) => invalid("it would hide Milvus' own files"),
            _ if !path.starts_with('/') => invalid("it is not absolute"),
            _ if path.split('/').any(|part| matches!(part, "." | "..")) => invalid("it has . or .. in it"),
            _ if path.contains(':') => invalid("Kubernetes allows no colon in it"),
            _ if path.chars().any(char::is_control) => invalid("it has a control character"),
            _ => Ok(Self(path.to_owned())),
        }
    }
}

impl TlsSettings {
    /// Whether clients use TLS; then REST has a port of its own.
    pub(crate) fn serves_clients(&self) -> bool {
        self.mode.0.is_some()
    }

    /// The settings of milvus.yaml, for files that are called as `kind` calls them.
    pub(crate) fn render(&self, kind: SecretKind) -> Value {
        verbatim(self.text(kind))
    }

    pub(crate) fn text(&self, kind: SecretKind) -> String {
        SETTINGS.render(context! {
            clients => self.serves_clients(),
            mutual => self.mode.0 == Some(TlsMode::Mutual),
            internal => self.internal_sni.is_some(),
            sni => self.internal_sni.as_deref(),
            rest_port => self.rest_port,
            mount_path => self.mount_path.as_str(),
            server_pem => kind.key_of(FileRole::ServerCertificate),
            server_key => kind.key_of(FileRole::ServerKey),
            ca_pem => kind.key_of(FileRole::CaCertificate),
        })
    }

    /// The settings alone, for Docker Compose or for a Milvus that is deployed in some other way.
    ///
    /// `compose` is the file that mounts it.
    pub(crate) fn user_yaml(&self, compose: Option<&str>) -> Document {
        USER_YAML.document(context! {
            settings => self.render(SecretKind::Opaque),
            user_yaml => container::USER_YAML,
            compose,
            files => listed(&ServerFiles::ROLES.map(FileRole::file_name)),
            mount_path => self.mount_path.as_str(),
        })
    }
}
