use std::fmt;

use minijinja::{Value, context};
use zeroize::Zeroizing;

use crate::deploy::platforms::secret::with_data;
use crate::deploy::platforms::{Cluster, Document, SecretKind, TlsSettings, helm, operator};
use crate::deploy::template::{Template, template};
use crate::milvus::Platform;
use crate::store::FileRole;
use crate::x509::{EndEntityKind, GeneralName, KeyType};

const CA_SECRET: Template = template!("ca-secret.yaml");
const ISSUER: Template = template!("issuer.yaml");
const CERTIFICATES: Template = template!("certificates.yaml");

/// The authority that cert-manager is to sign with.
pub struct ClusterAuthority {
    /// PEM: its certificate, and its issuers up to the root.
    pub certificates: String,
    /// PEM: its key, not encrypted, since cert-manager has no way to be given a passphrase.
    pub key: Zeroizing<Vec<u8>>,
}

/// A certificate that cert-manager is to issue.
#[derive(Clone, Debug)]
pub struct RequestedCertificate {
    /// For Milvus, or for clients.
    pub kind: EndEntityKind,
    /// The subject's CommonName.
    pub common_name: String,
    /// subjectAltName.
    pub names: Vec<GeneralName>,
    /// The type of its key.
    pub key_type: KeyType,
}

/// Without the key.
impl fmt::Debug for ClusterAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { certificates, key: _ } = self;
        f.debug_struct("ClusterAuthority").field("certificates", certificates).finish_non_exhaustive()
    }
}

/// The files for a cluster that renews its certificates by itself.
#[must_use]
pub fn cert_manager(
    platform: &Platform,
    cluster: &Cluster,
    settings: &TlsSettings,
    authority: &ClusterAuthority,
    certificates: &[RequestedCertificate],
) -> Vec<Document> {
    let namespace = cluster.release.namespace.as_str();
    let ca_secret_name = &format!("{}-ca", cluster.secret_name)[..];
    let certificates: Vec<_> = certificates.iter().map(|requested| requested.values(cluster)).collect();
    let kind = SecretKind::Tls;
    let data = [
        (kind.key_of(FileRole::ServerCertificate), authority.certificates.as_bytes()),
        (kind.key_of(FileRole::ServerKey), &authority.key),
    ];
    let names = context! { ca_secret_name, namespace, certificates };
    let mut documents = vec![
        with_data("ca-secret.yaml", &CA_SECRET.render(names.clone()), &data),
        Document::new("issuer.yaml", ISSUER.render(names.clone())),
        Document::new("certificates.yaml", CERTIFICATES.render(names)),
    ];
    match platform {
        Platform::Helm(_) => {
            documents.push(helm::rest_service(cluster, settings));
            documents.push(helm::values(cluster, settings, kind, None));
        }
        Platform::Operator(_) | Platform::Compose => {
            documents.push(operator::resource(cluster, settings, kind, None));
        }
    }
    documents
}

impl RequestedCertificate {
    fn values(&self, cluster: &Cluster) -> Value {
        let (key_algorithm, key_size) = match self.key_type {
            KeyType::Rsa2048 => ("RSA", 2048),
            KeyType::Rsa3072 => ("RSA", 3072),
            KeyType::Rsa4096 => ("RSA", 4096),
            KeyType::P256 => ("ECDSA", 256),
            KeyType::P384 => ("ECDSA", 384),
        };
        let secret_name = match self.kind {
            EndEntityKind::Server => cluster.secret_name.to_string(),
            EndEntityKind::Client => format!("{}-client", cluster.secret_name),
        };
        let dns_names: Vec<_> = self
            .names
            .iter()
            .filter(|name| matches!(name, GeneralName::Dns(_)))
            .map(ToString::to_string)
            .collect();
        let ip_addresses: Vec<_> = self
            .names
            .iter()
            .filter(|name| matches!(name, GeneralName::Ip(_)))
            .map(ToString::to_string)
            .collect();
        context! {
            server => self.kind == EndEntityKind::Server,
            secret_name,
            common_name => self.common_name.as_str(),
            dns_names,
            ip_addresses,
            key_algorithm,
            key_size,
        }
    }
}
