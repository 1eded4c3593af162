use minijinja::context;

use crate::deploy::platforms::{Cluster, Document, SecretKind, ServerFiles, TlsSettings, secret};
use crate::deploy::template::{Template, template};

const VALUES: Template = template!("values.yaml");
const REST_SERVICE: Template = template!("rest-service.yaml");

/// The files for Milvus' Helm chart.
#[must_use]
pub fn helm(cluster: &Cluster, settings: &TlsSettings, files: &ServerFiles) -> Vec<Document> {
    let kind = SecretKind::Opaque;
    vec![
        secret(&cluster.secret_name, &cluster.release.namespace, kind, files),
        rest_service(cluster, settings),
        values(cluster, settings, kind, Some(&files.fingerprint)),
    ]
}

/// The chart's values; without a fingerprint, where others renew the certificates.
pub(crate) fn values(
    cluster: &Cluster,
    settings: &TlsSettings,
    kind: SecretKind,
    fingerprint: Option<&str>,
) -> Document {
    let content = VALUES.render(context! {
        release => cluster.release.name.as_str(),
        namespace => cluster.release.namespace.as_str(),
        cluster => cluster.is_distributed,
        settings => settings.render(kind),
        fingerprint => fingerprint,
        secret_name => cluster.secret_name.as_str(),
        mount_path => settings.mount_path.as_str(),
    });
    Document::new("values.yaml", content)
}

/// A Service for REST, which the chart does not make.
pub(crate) fn rest_service(cluster: &Cluster, settings: &TlsSettings) -> Document {
    let content = REST_SERVICE.render(context! {
        release => cluster.release.name.as_str(),
        namespace => cluster.release.namespace.as_str(),
        rest_service => cluster.release.helm_rest_service(),
        cluster => cluster.is_distributed,
        rest_port => settings.rest_port,
    });
    Document::new("rest-service.yaml", content)
}
