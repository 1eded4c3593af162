use minijinja::context;

use crate::deploy::secret::{SecretKind, secret};
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::{Document, Template, template};
use crate::milvus::{KubernetesName, Manager, Release};

const RESOURCE: Template = template!("milvus.yaml");
const REST_SERVICE: Template = template!("rest-service.yaml");
/// The values of the Helm chart: what `helm` takes, and not `kubectl`.
pub(crate) const VALUES: Template = template!("values.yaml");

/// A Milvus in Kubernetes, and the Secret that it gets.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub release: Release,
    /// The Secret with its certificates.
    pub secret_name: KubernetesName,
    /// Whether each component runs by itself, or all in one.
    pub is_distributed: bool,
}

/// The files for the Milvus operator, or for Milvus' Helm chart.
#[must_use]
pub(crate) fn kubernetes(
    cluster: &Cluster,
    settings: &TlsSettings,
    files: &ServerFiles<'_>,
) -> Vec<Document> {
    let kind = SecretKind::Opaque;
    let mut documents = vec![secret(&cluster.secret_name, &cluster.release.namespace, kind, files)];
    documents.extend(without_secret(cluster, settings, kind, Some(&files.fingerprint)));
    documents
}

/// All but the Secret; without a fingerprint where others renew the certificates.
pub(crate) fn without_secret(
    cluster: &Cluster,
    settings: &TlsSettings,
    kind: SecretKind,
    fingerprint: Option<&str>,
) -> Vec<Document> {
    let values = context! {
        release => cluster.release.name.as_str(),
        namespace => cluster.release.namespace.as_str(),
        service => cluster.release.service(),
        rest_service => cluster.release.rest_service(),
        cluster => cluster.is_distributed,
        settings => settings.render(kind),
        rest_port => settings.rest_port,
        fingerprint,
        secret_name => cluster.secret_name.as_str(),
        mount_path => settings.mount_path.as_str(),
    };
    let templates: &[Template] = match cluster.release.manager {
        Manager::Operator => &[RESOURCE],
        // The chart makes no Service for REST.
        Manager::Helm => &[REST_SERVICE, VALUES],
    };
    templates.iter().map(|template| template.document(values.clone())).collect()
}
