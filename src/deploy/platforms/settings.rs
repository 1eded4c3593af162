use std::fmt;
use std::str::FromStr;

use minijinja::{Value, context};

use crate::deploy::platforms::{Document, SecretKind};
use crate::deploy::template::{Template, template, verbatim};
use crate::milvus::container::CONFIG_FOLDER;
use crate::milvus::{TlsMode, container};
use crate::store::FileRole;

const SETTINGS: Template = template!("settings.yaml");
const USER_YAML: Template = template!("user.yaml");

/// What Milvus is to be told about TLS.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// For clients.
    pub mode: TlsMode,
    /// For Milvus' own components, if they are to use TLS too: the name that they ask each other
    /// for, one of the server certificate's.
    pub internal_sni: Option<String>,
    /// The port of REST.
    pub rest_port: u16,
    /// Where the certificates are.
    pub mount_path: MountPath,
}

/// A folder in Milvus' container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPath(String);

/// A path that nothing can be mounted at.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path:?} cannot be mounted at: {reason}")]
pub struct MountPathInvalid {
    path: String,
    reason: &'static str,
}

impl MountPath {
    /// The documentation page's folder for Docker Compose.
    #[must_use]
    pub fn compose() -> Self {
        Self("/milvus/tls".into())
    }

    /// The documentation page's folder for Kubernetes.
    #[must_use]
    pub fn kubernetes() -> Self {
        Self("/certs".into())
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MountPath {
    type Err = MountPathInvalid;

    /// Takes an absolute path that hides nothing of Milvus' own; Kubernetes allows no colon in it.
    fn from_str(path: &str) -> Result<Self, MountPathInvalid> {
        let invalid = |reason| MountPathInvalid { path: path.to_owned(), reason };
        let path = path.trim_end_matches('/');
        match path {
            "" | "/milvus" | CONFIG_FOLDER => Err(invalid("it would hide Milvus' own files")),
            _ if !path.starts_with('/') => Err(invalid("it is not absolute")),
            _ if path.split('/').any(|part| matches!(part, "." | "..")) => {
                Err(invalid("it has . or .. in it"))
            }
            _ if path.contains(':') => Err(invalid("Kubernetes allows no colon in it")),
            _ if path.chars().any(char::is_control) => Err(invalid("it has a control character")),
            _ => Ok(Self(path.to_owned())),
        }
    }
}

impl fmt::Display for MountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TlsSettings {
    /// The settings of milvus.yaml, for files that are called as `secret` calls them.
    pub(crate) fn render(&self, secret: SecretKind) -> Value {
        verbatim(SETTINGS.render(context! {
            mutual => self.mode == TlsMode::Mutual,
            internal => self.internal_sni.is_some(),
            sni => self.internal_sni.as_deref(),
            rest_port => self.rest_port,
            mount_path => self.mount_path.as_str(),
            server_pem => secret.key_of(FileRole::ServerCertificate),
            server_key => secret.key_of(FileRole::ServerKey),
            ca_pem => secret.key_of(FileRole::CaCertificate),
        }))
    }

    pub(crate) fn user_yaml(&self, is_for_compose: bool) -> Document {
        let content = USER_YAML.render(context! {
            settings => self.render(SecretKind::Opaque),
            user_yaml => container::USER_YAML,
            compose => is_for_compose,
            files => SecretKind::Opaque.listed(),
            mount_path => self.mount_path.as_str(),
        });
        Document::new("user.yaml", content)
    }
}

/// The settings alone, for a Milvus that is deployed in some other way.
#[must_use]
pub fn user_yaml(settings: &TlsSettings) -> Document {
    settings.user_yaml(false)
}
