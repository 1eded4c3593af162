use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::command;
use crate::base::text::shell_quoted;
use crate::check::ca;
use crate::check::{FitDirectory, Purpose};
use crate::deploy::platforms::{
    self, Cluster, ClusterAuthority, Document, MountPath, RequestedCertificate, SecretKind, ServerFiles,
    TLS_FOLDER, TlsSettings,
};
use crate::milvus::TlsMode;
use crate::milvus::container::REST_PORT;
use crate::milvus::{KubernetesName, Platform};
use crate::store::{Access, Directory, FileMode, FileRole, OutputFile, Overwrite, Protection, write_files};
use crate::x509::{EndEntityKind, GeneralName, KeyType, Passphrase, certificates_to_pem, covers, key_to_pem};
use crate::x509::{add_names, name_to_ask_for};

/// What `config` is to render.
#[derive(Debug)]
pub struct ConfigRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    /// For what.
    pub target: ConfigTarget,
    /// How clients and Milvus verify each other.
    pub tls_mode: TlsMode,
    /// Whether Milvus' own components are to use TLS between each other.
    pub internal: bool,
    /// The name that they ask each other for; without one, a name of server.pem.
    pub sni: Option<GeneralName>,
    /// The port of REST.
    pub rest_port: u16,
    /// Where the certificates are in the container; without one, as on the documentation page.
    pub mount_path: Option<MountPath>,
    /// The folder that the files are written to; without one, they are only reported.
    pub output: Option<PathBuf>,
    /// What to do where there are files already.
    pub overwrite: Overwrite,
    /// Whether that folder has to keep modes.
    pub protection: Protection,
}

/// What is to be rendered.
#[derive(Debug)]
pub enum ConfigTarget {
    /// The settings alone.
    Milvus,
    /// Docker Compose.
    Compose,
    /// The Milvus operator.
    Operator(Cluster),
    /// Milvus' Helm chart.
    Helm(Cluster),
    /// The Secret alone.
    Secret {
        /// Its name.
        name: KubernetesName,
        /// Where it is.
        namespace: KubernetesName,
        /// What its files are called.
        kind: SecretKind,
    },
    /// A cluster that renews its certificates by itself.
    CertManager {
        /// What runs Milvus: the operator or Helm.
        platform: Platform,
        /// The Milvus.
        cluster: Cluster,
        /// Opens ca.key if it is encrypted.
        passphrase: Option<Passphrase>,
    },
}

/// What `config` rendered.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigReport {
    /// The certificate directory.
    pub directory: String,
    /// Whether files were written.
    pub changed: bool,
    /// `milvus`, `compose`, `operator`, `helm`, `secret` or `cert-manager`.
    pub target: &'static str,
    /// What applies the files, where they were written.
    #[serde(skip)]
    pub commands: Vec<String>,
    /// The files, in the order in which they are applied.
    pub documents: Vec<RenderedDocument>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// A file that was rendered.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RenderedDocument {
    /// Its name, or where it was written, its path.
    pub path: String,
    /// Its permissions in octal, where it was written.
    pub mode: Option<String>,
    /// Its text, where it was not written.
    #[serde(serialize_with = "as_text")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub content: Option<Zeroizing<String>>,
}

impl ConfigTarget {
    /// What the command line calls it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Milvus => "milvus",
            Self::Compose => "compose",
            Self::Operator(_) => "operator",
            Self::Helm(_) => "helm",
            Self::Secret { .. } => "secret",
            Self::CertManager { .. } => "cert-manager",
        }
    }

    /// Where the documentation page mounts the certificates.
    fn mount_path(&self) -> MountPath {
        match self {
            Self::Milvus | Self::Compose => MountPath::compose(),
            _ => MountPath::kubernetes(),
        }
    }

    /// What clients inside call Milvus.
    fn platform(&self) -> Option<Platform> {
        match self {
            Self::Compose => Some(Platform::Compose),
            Self::Operator(cluster) => Some(Platform::Operator(cluster.release.clone())),
            Self::Helm(cluster) => Some(Platform::Helm(cluster.release.clone())),
            Self::CertManager { .. } | Self::Milvus | Self::Secret { .. } => None,
        }
    }
}

impl ConfigRequest {
    /// The settings of the documentation page, for this directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, target: ConfigTarget) -> Self {
        Self {
            directory: directory.into(),
            target,
            tls_mode: TlsMode::OneWay,
            internal: false,
            sni: None,
            rest_port: REST_PORT,
            mount_path: None,
            output: None,
            overwrite: Overwrite::Refuse,
            protection: Protection::Required,
        }
    }
}

/// Renders what a deployment needs, from a certificate directory that `check` finds no error in.
///
/// # Errors
/// If the directory would not work; with the findings. If the files cannot be written.
pub fn config(request: &ConfigRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let purpose = Purpose { mode: request.tls_mode, server_names: request.sni.as_slice(), not_needed: &[] };
    let directory = FitDirectory::judge(&request.directory, &purpose, now)?;
    let settings = settings(request, &directory)?;
    let files = server_files(&directory);
    let documents = documents(request, &directory, &settings, &files, now)?;
    let mut report = ConfigReport {
        directory: request.directory.display().to_string(),
        changed: false,
        target: request.target.name(),
        commands: Vec::new(),
        documents: Vec::new(),
        notes: notes(request, &directory),
    };
    match &request.output {
        None => report.documents = documents.into_iter().map(RenderedDocument::shown).collect(),
        Some(folder) => {
            report.documents = write(request, folder, &documents, &directory, &mut report.notes)?;
            report.commands = commands(&request.target, folder, &report.documents);
            report.changed = true;
        }
    }
    Ok(report)
}

fn settings(request: &ConfigRequest, directory: &FitDirectory) -> Result<TlsSettings, Error> {
    let sni = match (request.internal, &request.sni) {
        (false, _) => None,
        (true, Some(name)) => Some(name.to_string()),
        (true, None) => Some(server_name(directory)?.to_string()),
    };
    Ok(TlsSettings {
        mode: request.tls_mode,
        internal_sni: sni,
        rest_port: request.rest_port,
        mount_path: request.mount_path.clone().unwrap_or_else(|| request.target.mount_path()),
    })
}

/// A name of server.pem that can be asked for as it stands.
pub(crate) fn server_name(directory: &FitDirectory) -> Result<GeneralName, Error> {
    let role = FileRole::ServerCertificate;
    let name = directory.end_entity(role).and_then(|server| name_to_ask_for(server.names())).cloned();
    name.ok_or_else(|| {
        let path = directory.path_of(role);
        Error::new(format!(
            "{}: has no name but wildcards, so it does not say what Milvus is called",
            path.display()
        ))
        .with_hint("name the host with --sni, or for `connect` with --server-name".to_owned())
    })
}

fn server_files(directory: &FitDirectory) -> ServerFiles {
    let content = |role| Zeroizing::new(directory.content(role).to_vec());
    let mut digest = Sha256::new();
    for role in [FileRole::ServerCertificate, FileRole::CaCertificate] {
        for certificate in directory.certificates(role) {
            digest.update(certificate.as_der());
        }
    }
    let hex = |octet: &u8| format!("{octet:02x}");
    let path = |role| shell_quoted(&directory.path_of(role).display().to_string());
    ServerFiles {
        server_pem: content(FileRole::ServerCertificate),
        server_key: content(FileRole::ServerKey),
        ca_pem: content(FileRole::CaCertificate),
        fingerprint: digest.finalize().iter().map(hex).collect(),
        paths: ServerFiles::ROLES.map(path).join(" "),
    }
}

fn documents(
    request: &ConfigRequest,
    directory: &FitDirectory,
    settings: &TlsSettings,
    files: &ServerFiles,
    now: OffsetDateTime,
) -> Result<Vec<Document>, Error> {
    Ok(match &request.target {
        ConfigTarget::Milvus => vec![platforms::user_yaml(settings)],
        ConfigTarget::Compose => platforms::compose(settings, files),
        ConfigTarget::Operator(cluster) => platforms::operator(cluster, settings, files),
        ConfigTarget::Helm(cluster) => platforms::helm(cluster, settings, files),
        ConfigTarget::Secret { name, namespace, kind } => {
            vec![platforms::secret(name, namespace, *kind, files)]
        }
        ConfigTarget::CertManager { platform, cluster, passphrase } => {
            let authority = cluster_authority(&request.directory, passphrase.as_ref(), now)?;
            let certificates = requested_certificates(directory, platform)?;
            platforms::cert_manager(platform, cluster, settings, &authority, &certificates)
        }
    })
}

/// The authority of the directory, as cert-manager takes it: the certificate whose key signs first.
fn cluster_authority(
    directory: &Path,
    passphrase: Option<&Passphrase>,
    now: OffsetDateTime,
) -> Result<ClusterAuthority, Error> {
    let directory = Directory::open(directory, Access::LookAsItIs, Protection::Required)?;
    let authority = ca::of_directory(&directory, passphrase, now)?;
    let certificates = authority.intermediates().iter().chain([authority.root()]);
    let key = key_to_pem(authority.key())?;
    Ok(ClusterAuthority {
        certificates: certificates_to_pem(certificates),
        key: Zeroizing::new(key.as_bytes().to_vec()),
    })
}

/// What cert-manager is to issue: what the directory has, and the names that the cluster gives Milvus.
fn requested_certificates(
    directory: &FitDirectory,
    platform: &Platform,
) -> Result<Vec<RequestedCertificate>, Error> {
    let mut requested = Vec::new();
    for kind in EndEntityKind::ALL {
        let (_, role) = FileRole::pair_of(kind);
        let Some(certificate) = directory.end_entity(role) else { continue };
        let mut names = certificate.names().to_vec();
        if kind == EndEntityKind::Server {
            add_names(&mut names, &platform.server_names());
        }
        requested.push(RequestedCertificate {
            kind,
            common_name: certificate.subject().common_name().unwrap_or_default(),
            names,
            key_type: certificate.public_key()?.key_type().unwrap_or(KeyType::Rsa2048),
        });
    }
    Ok(requested)
}

fn notes(request: &ConfigRequest, directory: &FitDirectory) -> Vec<Note> {
    let platform = request.target.platform();
    let Some((platform, server)) = platform.zip(directory.end_entity(FileRole::ServerCertificate)) else {
        return Vec::new();
    };
    let lacking: Vec<_> = platform.server_names().into_iter().filter(|name| !covers(server, name)).collect();
    let names = match lacking.as_slice() {
        [] => return Vec::new(),
        [first, more @ ..] if more.len() > 1 => format!("{first} and {} more names", more.len()),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
    };
    let renew = command(&format!("renew server --for {}", request.target.name()), &request.directory);
    let options = release_options(&request.target);
    let message = format!(
        "server.pem does not cover {names}, by which clients beside Milvus reach it; `{renew}{options}` adds them"
    );
    vec![Note::new("inside-names-not-covered", message)]
}

/// What a command needs to be told of a release, where it is not the default.
fn release_options(target: &ConfigTarget) -> String {
    match target {
        ConfigTarget::Operator(cluster) | ConfigTarget::Helm(cluster) => {
            format!(" --release {} --namespace {}", cluster.release.name, cluster.release.namespace)
        }
        _ => String::new(),
    }
}

/// Writes the files, and for Compose those that the container gets.
fn write(
    request: &ConfigRequest,
    folder: &Path,
    documents: &[Document],
    directory: &FitDirectory,
    notes: &mut Vec<Note>,
) -> Result<Vec<RenderedDocument>, Error> {
    let mut files = Vec::new();
    if matches!(request.target, ConfigTarget::Compose) {
        let key = folder.join(TLS_FOLDER).join(FileRole::CaKey.file_name());
        match std::fs::symlink_metadata(&key) {
            Ok(_) => {
                let message = format!(
                    "{}: is in the folder that Milvus' container gets, and must not be",
                    key.display()
                );
                return Err(Error::new(message).with_hint(format!(
                    "keep certificates and ca.key in a folder of another name, such as certs, and let {TLS_FOLDER} have copies"
                )));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(crate::store::Error::Read { path: key, source }.into()),
        }
        files.extend(ServerFiles::ROLES.map(|role| OutputFile {
            folder: Some(TLS_FOLDER),
            name: role.file_name(),
            content: directory.content(role),
            mode: mode_of(directory, role),
        }));
    }
    files.extend(documents.iter().map(|document| OutputFile {
        folder: None,
        name: document.file_name,
        content: document.content.as_bytes(),
        mode: if document.holds_key { FileMode::PRIVATE } else { FileMode::PUBLIC },
    }));
    let committed = write_files(folder, &files, request.overwrite, request.protection)?;
    notes.extend(committed.left);
    Ok(files.iter().map(|file| RenderedDocument::written(file, folder)).collect())
}

/// What applies the files that were written.
fn commands(target: &ConfigTarget, folder: &Path, documents: &[RenderedDocument]) -> Vec<String> {
    let paths = || documents.iter().map(|document| shell_quoted(&document.path));
    let (values, resources): (Vec<_>, Vec<_>) = paths().partition(|path| path.ends_with("values.yaml"));
    let release = match target {
        ConfigTarget::Milvus => return Vec::new(),
        ConfigTarget::Compose => return vec![in_folder(folder, "docker compose up -d")],
        ConfigTarget::Operator(cluster)
        | ConfigTarget::Helm(cluster)
        | ConfigTarget::CertManager { cluster, .. } => Some(&cluster.release),
        ConfigTarget::Secret { .. } => None,
    };
    let kubectl = format!("kubectl apply -f {}", resources.join(" -f "));
    let helm = values.first().zip(release).map(|(values, release)| {
        format!(
            "helm upgrade --install {} milvus/milvus --namespace {} -f {values}",
            release.name, release.namespace
        )
    });
    std::iter::once(kubectl).chain(helm).collect()
}

fn in_folder(folder: &Path, command: &str) -> String {
    match folder == Path::new(".") {
        true => command.to_owned(),
        false => format!("cd {} && {command}", shell_quoted(&folder.display().to_string())),
    }
}

/// A key that a container's group may read keeps that mode.
fn mode_of(directory: &FitDirectory, role: FileRole) -> FileMode {
    let mode = directory.file(role).and_then(|file| file.mode).filter(|_| role.is_key());
    mode.and_then(FileMode::for_key).unwrap_or(role.mode())
}

impl RenderedDocument {
    fn shown(document: Document) -> Self {
        Self { path: document.file_name.to_owned(), mode: None, content: Some(document.content) }
    }

    fn written(file: &OutputFile<'_>, folder: &Path) -> Self {
        let path = file.path_in(folder).display().to_string();
        Self { path, mode: Some(file.mode.to_string()), content: None }
    }
}

fn as_text<S: serde::Serializer>(
    content: &Option<Zeroizing<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    content.as_deref().map(String::as_str).serialize(serializer)
}
