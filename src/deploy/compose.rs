use minijinja::context;

use crate::base::text::listed;
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::{Document, Template, template, verbatim};
use crate::milvus::container::USER_YAML;
use crate::store::FileRole;

const OVERRIDE: Template = template!("docker-compose.override.yaml");

/// The folder beside docker-compose.yaml that the container gets. It is no certificate directory:
/// `ca.key` must not get there. A folder, because single files that are mounted stay the old ones
/// after a renewal.
pub(crate) const TLS_FOLDER: &str = "tls";

/// The files for Docker Compose, beside those that the container gets.
#[must_use]
pub(crate) fn compose(settings: &TlsSettings, files: &ServerFiles<'_>) -> Vec<Document> {
    let compose_file = OVERRIDE.document(context! {
        // Compose takes `$` for the beginning of a variable, and `$$` for itself.
        mount_path => settings.mount_path.as_str().replace('$', "$$"),
        user_yaml => USER_YAML,
        rest_port => settings.rest_port,
        fingerprint => files.fingerprint.as_str(),
        files => listed(&ServerFiles::ROLES.map(FileRole::file_name)),
        sources => verbatim(files.sources()),
    });
    vec![settings.user_yaml(true), compose_file]
}
