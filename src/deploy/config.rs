use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::{command, shell_quoted};
use crate::check::{FitDirectory, Purpose, ca};
use crate::deploy::cert_manager::cert_manager;
use crate::deploy::compose::{TLS_FOLDER, compose};
use crate::deploy::kubernetes::{self, Cluster, kubernetes};
use crate::deploy::secret::{SecretKind, secret};
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::{MountPath, TlsSettings};
use crate::deploy::template::Document;
use crate::milvus::container::REST_PORT;
use crate::milvus::{KubernetesName, TlsMode, compose_server_names};
use crate::store::{
    Access, Directory, Existing, FileRole, Protection, RelativePath, StagedFile, path_of, unreadable,
};
use crate::x509::{EndEntityKind, GeneralName, Passphrase, covers, name_to_ask_for};

/// What `config` is to render.
#[derive(Debug)]
pub(crate) struct ConfigRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    pub target: ConfigTarget,
    /// Opens ca.key if it is encrypted, for cert-manager.
    pub passphrase: Option<Passphrase>,
    pub tls_mode: TlsMode,
    /// Whether Milvus' own components use TLS between each other.
    pub internal: bool,
    /// The name that they ask each other for; without one, a name of server.pem.
    pub sni: Option<GeneralName>,
    pub rest_port: u16,
    /// Where the certificates are in the container; without one, as on the documentation page.
    pub mount_path: Option<MountPath>,
    /// The folder that the files are written to; without one, they are only reported.
    pub output: Option<PathBuf>,
    /// What to do where there are files already.
    pub existing: Existing,
    /// Whether that folder has to keep modes.
    pub protection: Protection,
}

/// What is to be rendered.
#[derive(Debug)]
pub(crate) enum ConfigTarget {
    /// The settings alone.
    Milvus,
    Compose,
    Kubernetes(Cluster),
    /// The Secret alone.
    Secret {
        name: KubernetesName,
        namespace: KubernetesName,
        kind: SecretKind,
    },
    /// A cluster that renews its certificates by itself.
    CertManager(Cluster),
}

/// What `config` rendered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConfigReport {
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
    pub notes: Vec<Note>,
}

/// A file that was rendered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RenderedDocument {
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
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Milvus => "milvus",
            Self::Compose => "compose",
            Self::Kubernetes(cluster) => cluster.release.manager.name(),
            Self::Secret { .. } => "secret",
            Self::CertManager(_) => "cert-manager",
        }
    }

    /// Where the documentation page mounts the certificates.
    fn mount_path(&self) -> MountPath {
        match self {
            Self::Milvus | Self::Compose => MountPath::compose(),
            _ => MountPath::kubernetes(),
        }
    }
}

impl ConfigRequest {
    /// The settings of the documentation page, for this directory.
    #[must_use]
    pub(crate) fn new(directory: impl Into<PathBuf>, target: ConfigTarget) -> Self {
        Self {
            directory: directory.into(),
            target,
            passphrase: None,
            tls_mode: TlsMode::OneWay,
            internal: false,
            sni: None,
            rest_port: REST_PORT,
            mount_path: None,
            output: None,
            existing: Existing::Refuse,
            protection: Protection::Required,
        }
    }
}

/// Renders what a deployment needs, from a certificate directory that `check` finds no error in.
///
/// # Errors
/// If the directory would not work; with the findings. If the files cannot be written.
pub(crate) fn config(request: &ConfigRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let purpose = Purpose {
        mode: request.tls_mode,
        server_names: request.sni.as_slice(),
        not_needed: &[],
        needs: Some(EndEntityKind::Server),
    };
    let directory = FitDirectory::judge(&request.directory, &purpose, now)?;
    let settings = settings(request, &directory)?;
    let files = ServerFiles::of(&directory);
    let rendered = documents(request, &directory, &settings, &files, now)?;
    let mut notes = Vec::from_iter(names_not_covered(request, &directory));
    let (commands, documents) = match &request.output {
        None => (Vec::new(), rendered.into_iter().map(RenderedDocument::shown).collect()),
        Some(folder) => {
            let (written, left) = write(request, folder, &files, &rendered)?;
            notes.extend(left);
            (commands(&request.target, folder, &rendered), written)
        }
    };
    Ok(ConfigReport {
        directory: request.directory.display().to_string(),
        changed: request.output.is_some(),
        target: request.target.name(),
        commands,
        documents,
        notes,
    })
}

fn settings(request: &ConfigRequest, directory: &FitDirectory) -> Result<TlsSettings, Error> {
    let internal_sni = match (request.internal, &request.sni) {
        (false, _) => None,
        (true, Some(name)) => Some(name.to_string()),
        (true, None) => Some(server_name(directory)?.to_string()),
    };
    Ok(TlsSettings {
        mode: request.tls_mode,
        internal_sni,
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
        let message = "has no name but wildcards, so it does not say what Milvus is called";
        Error::new(format!("{}: {message}", path.display()))
            .with_hint("name the host with --sni, or for `connect` with --server-name".to_owned())
    })
}

fn documents(
    request: &ConfigRequest,
    directory: &FitDirectory,
    settings: &TlsSettings,
    files: &ServerFiles<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Document>, Error> {
    Ok(match &request.target {
        ConfigTarget::Milvus => vec![settings.user_yaml(false)],
        ConfigTarget::Compose => compose(settings, files),
        ConfigTarget::Kubernetes(cluster) => kubernetes(cluster, settings, files),
        ConfigTarget::Secret { name, namespace, kind } => vec![secret(name, namespace, *kind, files)],
        ConfigTarget::CertManager(cluster) => {
            let opened = Directory::open(&request.directory, Access::LookAsItIs, Protection::Required)?;
            let ca = ca::of_directory(&opened, request.passphrase.as_ref(), now)?;
            cert_manager(cluster, settings, directory, &ca)?
        }
    })
}

/// That server.pem lacks names by which clients inside the deployment call Milvus. cert-manager adds them itself.
fn names_not_covered(request: &ConfigRequest, directory: &FitDirectory) -> Option<Note> {
    let (names, options) = match &request.target {
        ConfigTarget::Compose => (compose_server_names(), String::new()),
        ConfigTarget::Kubernetes(Cluster { release, .. }) => {
            let options = format!(" --release {} --namespace {}", release.name, release.namespace);
            (release.server_names(), options)
        }
        _ => return None,
    };
    let server = directory.end_entity(FileRole::ServerCertificate)?;
    let lacking: Vec<_> = names.into_iter().filter(|name| !covers(server, name)).collect();
    let names = match lacking.as_slice() {
        [] => return None,
        [first, more @ ..] if more.len() > 1 => format!("{first} and {} more names", more.len()),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
    };
    let target = request.target.name();
    let renew = match directory.issued() {
        Some(folder) => format!("milvus-certs renew -d DIR {} --for {target}", folder.name),
        None => command(&format!("renew server --for {target}"), &request.directory),
    };
    let message = format!(
        "server.pem does not cover {names}, by which clients beside Milvus reach it; `{renew}{options}` adds them"
    );
    Some(Note::new("inside-names-not-covered", message))
}

/// Writes the files, with the copies that Compose's container gets.
fn write(
    request: &ConfigRequest,
    folder: &Path,
    server_files: &ServerFiles<'_>,
    documents: &[Document],
) -> Result<(Vec<RenderedDocument>, Option<Note>), Error> {
    let mut files = Vec::new();
    if matches!(request.target, ConfigTarget::Compose) {
        refuse_ca_key(folder)?;
        files.extend(server_files.each.iter().map(|file| StagedFile {
            path: RelativePath::in_folder(TLS_FOLDER, file.role.file_name()),
            content: file.content,
            mode: file.mode,
            owner: None,
        }));
    }
    files.extend(documents.iter().map(|document| StagedFile {
        path: RelativePath::in_directory(document.name),
        content: document.content.as_bytes(),
        mode: document.mode,
        owner: None,
    }));
    let mut output = Directory::open_output(folder, request.protection)?;
    let committed = output.write(&files, request.existing, |_| Ok(()))?;
    Ok((files.iter().map(|file| RenderedDocument::written(file, folder)).collect(), committed.left))
}

/// Refuses to make a folder for the container of one that has ca.key.
fn refuse_ca_key(folder: &Path) -> Result<(), Error> {
    let path = folder.join(TLS_FOLDER).join(FileRole::CaKey.file_name());
    match std::fs::symlink_metadata(&path) {
        // What is no folder is refused where it is written to.
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(()),
        Err(error) => Err(unreadable(&path)(error)),
        Ok(_) => {
            let message = "is in the folder that Milvus' container gets, and must not be";
            Err(Error::new(format!("{}: {message}", path.display())).with_hint(format!(
                "keep certificates and ca.key in a folder of another name, such as certs, and let {TLS_FOLDER} have copies"
            )))
        }
    }
}

/// What applies the files that were written.
fn commands(target: &ConfigTarget, folder: &Path, documents: &[Document]) -> Vec<String> {
    let quoted = |path: &Path| shell_quoted(&path.display().to_string());
    let release = match target {
        ConfigTarget::Milvus => return Vec::new(),
        ConfigTarget::Compose if folder == Path::new(".") => return vec!["docker compose up -d".into()],
        ConfigTarget::Compose => {
            return vec![format!("cd {} && docker compose up -d", quoted(folder))];
        }
        ConfigTarget::Secret { .. } => None,
        ConfigTarget::Kubernetes(cluster) | ConfigTarget::CertManager(cluster) => Some(&cluster.release),
    };
    let path = |document: &Document| quoted(&path_of(folder, RelativePath::in_directory(document.name)));
    let (values, resources): (Vec<_>, Vec<_>) =
        documents.iter().partition(|document| document.name == kubernetes::VALUES.name);
    let resources: Vec<_> = resources.into_iter().map(path).collect();
    let kubectl = format!("kubectl apply -f {}", resources.join(" -f "));
    let helm = values.first().zip(release).map(|(values, release)| {
        let values = path(values);
        format!(
            "helm upgrade --install {} milvus/milvus --namespace {} -f {values}",
            release.name, release.namespace
        )
    });
    std::iter::once(kubectl).chain(helm).collect()
}

impl RenderedDocument {
    fn shown(document: Document) -> Self {
        Self { path: document.name.to_owned(), mode: None, content: Some(document.content) }
    }

    fn written(file: &StagedFile<'_>, folder: &Path) -> Self {
        let path = path_of(folder, &file.path).display().to_string();
        Self { path, mode: Some(file.mode.to_string()), content: None }
    }
}

fn as_text<S: Serializer>(content: &Option<Zeroizing<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    content.as_deref().map(String::as_str).serialize(serializer)
}
