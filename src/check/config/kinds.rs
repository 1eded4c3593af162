//! What a document is, by its content.

use crate::milvus::keys::is_top_level;
use crate::yaml::Node;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// Nothing but comments, perhaps.
    Empty,
    Secret,
    /// The operator's resource.
    Milvus,
    /// A Kubernetes List of others.
    List,
    /// cert-manager's Issuer or ClusterIssuer.
    Issuer,
    /// cert-manager's Certificate.
    Certificate,
    /// Any other of Kubernetes' kinds.
    OtherResource,
    Compose,
    HelmValues,
    /// milvus.yaml, user.yaml and the like.
    Settings,
    Unknown,
}

/// Recognises a document.
pub(crate) fn kind_of(document: Node<'_>) -> DocumentKind {
    if document.is_null() {
        return DocumentKind::Empty;
    }
    match (document.text("apiVersion"), document.text("kind")) {
        (version, Some(kind)) if version.is_some() || kind == "Secret" => {
            resource(version.unwrap_or_default(), kind)
        }
        _ if document.get("services").is_some() => DocumentKind::Compose,
        _ if helm_values(document).is_some() => DocumentKind::HelmValues,
        _ if document.entries().iter().any(|entry| is_top_level(entry.name())) => DocumentKind::Settings,
        _ => DocumentKind::Unknown,
    }
}

fn resource(version: &str, kind: &str) -> DocumentKind {
    match kind {
        "Secret" => DocumentKind::Secret,
        "Milvus" | "MilvusCluster" if version.starts_with("milvus.io/") => DocumentKind::Milvus,
        "Issuer" | "ClusterIssuer" => DocumentKind::Issuer,
        "Certificate" if version.starts_with("cert-manager.io/") => DocumentKind::Certificate,
        list if list.ends_with("List") => DocumentKind::List,
        _ => DocumentKind::OtherResource,
    }
}

/// The chart's values: the document itself, or what another chart has for Milvus' chart below it.
pub(crate) fn helm_values(document: Node<'_>) -> Option<Node<'_>> {
    std::iter::once(document).chain(document.get("milvus")).find(|values| is_helm(*values))
}

/// The chart's values share etcd, minio, proxy and others with milvus.yaml; these they do not.
fn is_helm(document: Node<'_>) -> bool {
    const OWN: [&str; 6] = [
        "extraConfigFiles",
        "customConfigMap",
        "volumeMounts",
        "volumes",
        "nameOverride",
        "fullnameOverride",
    ];
    const MAPPINGS: [&str; 6] = ["image", "service", "standalone", "ingress", "mixCoordinator", "externalS3"];
    let has_mapping = |key: &str| document.get(key).is_some_and(Node::is_mapping);
    OWN.into_iter().any(|key| document.get(key).is_some())
        || MAPPINGS.into_iter().any(has_mapping)
        || document.at(&["cluster", "enabled"]).is_some()
}
