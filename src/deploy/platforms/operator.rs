use minijinja::context;

use crate::deploy::platforms::{Cluster, Document, SecretKind, ServerFiles, TlsSettings, secret};
use crate::deploy::template::{Template, template};

const RESOURCE: Template = template!("milvus.yaml");

/// The files for the Milvus operator.
#[must_use]
pub fn operator(cluster: &Cluster, settings: &TlsSettings, files: &ServerFiles) -> Vec<Document> {
    let kind = SecretKind::Opaque;
    vec![
        secret(&cluster.secret_name, &cluster.release.namespace, kind, files),
        resource(cluster, settings, kind, Some(&files.fingerprint)),
    ]
}

/// The resource; without a fingerprint, where others renew the certificates.
pub(crate) fn resource(
    cluster: &Cluster,
    settings: &TlsSettings,
    kind: SecretKind,
    fingerprint: Option<&str>,
) -> Document {
    let content = RESOURCE.render(context! {
        release => cluster.release.name.as_str(),
        namespace => cluster.release.namespace.as_str(),
        service => cluster.release.operator_service(),
        cluster => cluster.is_distributed,
        settings => settings.render(kind),
        rest_port => settings.rest_port,
        fingerprint => fingerprint,
        secret_name => cluster.secret_name.as_str(),
        mount_path => settings.mount_path.as_str(),
    });
    Document::new("milvus.yaml", content)
}
