use minijinja::context;

use crate::deploy::platforms::{Document, SecretKind, ServerFiles, TlsSettings};
use crate::deploy::template::{Template, template, verbatim};
use crate::milvus::container;

const OVERRIDE: Template = template!("docker-compose.override.yaml");

/// The folder beside docker-compose.yaml that the container gets. It is no certificate directory:
/// `ca.key` must not get there. A folder, because single files that are mounted stay the old ones
/// after a renewal.
pub const TLS_FOLDER: &str = "tls";

/// The files for Docker Compose.
#[must_use]
pub fn compose(settings: &TlsSettings, files: &ServerFiles) -> Vec<Document> {
    let content = OVERRIDE.render(context! {
        // Compose takes `$` for the beginning of a variable, and `$$` for itself.
        mount_path => settings.mount_path.as_str().replace('$', "$$"),
        user_yaml => container::USER_YAML,
        rest_port => settings.rest_port,
        fingerprint => files.fingerprint.as_str(),
        files => SecretKind::Opaque.listed(),
        sources => verbatim(files.paths.as_str()),
    });
    vec![settings.user_yaml(true), Document::new("docker-compose.override.yaml", content)]
}
