use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::{command, shell_quoted};
use crate::check::{FitDirectory, Purpose, ca};
use crate::deploy::cert_manager::cert_manager;
use crate::deploy::compose::{Project, TLS_FOLDER, compose};
use crate::deploy::helm_values::HelmValues;
use crate::deploy::kubernetes::{self, Cluster, kubernetes};
use crate::deploy::marker::Marker;
use crate::deploy::options::ConfigOptions;
use crate::deploy::output::{Maker, Output, Wanted};
use crate::deploy::secret::{SecretKind, secret};
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::{MountPath, TlsSettings};
use crate::deploy::template::Document;
use crate::milvus::container::REST_PORT;
use crate::milvus::{ClientTls, KubernetesName, Manager, NameKind, Release, TlsMode, compose_server_names};
use crate::store::{
    Access, Directory, FileMode, FileRole, Protection, RelativePath, path_of, read_file, unreadable,
};
use crate::x509::{EndEntityKind, GeneralName, Passphrase, covers, name_to_ask_for};

/// What `config` is to render.
#[derive(Debug)]
pub(crate) struct ConfigRequest {
    pub target: ConfigTarget,
    pub options: ConfigOptions,
    /// Opens ca.key if it is encrypted, for cert-manager.
    pub passphrase: Option<Passphrase>,
    /// The folder that the files are written to; without one, they are only reported.
    pub output: Option<PathBuf>,
    /// Whether files that are somebody's are replaced, after a copy of them is kept, and other options taken than
    /// the last time.
    pub force: bool,
    /// Whether that folder has to keep modes.
    pub protection: Protection,
}

/// The files of a folder are to be kept up to date.
#[derive(Debug)]
pub(crate) struct RefreshRequest {
    pub output: PathBuf,
    /// Opens ca.key if it is encrypted, for cert-manager.
    pub passphrase: Option<Passphrase>,
    /// Whether the folder has to keep modes.
    pub protection: Protection,
}

/// What is to be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigTarget {
    /// The settings alone.
    Milvus,
    Compose,
    Operator,
    Helm,
    /// The Secret alone.
    Secret,
    /// A cluster that renews its certificates by itself.
    CertManager,
}

/// What `config` rendered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConfigReport {
    /// The certificate directory.
    pub directory: String,
    /// The folder that the files are in; none where they are only shown.
    pub output: Option<String>,
    /// Whether files were written.
    pub changed: bool,
    /// `milvus`, `compose`, `operator`, `helm`, `secret`, `cert-manager` or `refresh`.
    pub target: &'static str,
    /// What applies the files, where they were written.
    #[serde(skip)]
    pub commands: Vec<String>,
    /// The files, in the order in which they are applied.
    pub documents: Vec<RenderedDocument>,
    /// The folder with what was replaced, where that was somebody's.
    pub backup: Option<String>,
    pub notes: Vec<Note>,
}

/// A file that was rendered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RenderedDocument {
    /// Its name, or where there is a folder for it, its path.
    pub path: String,
    /// Whether it was written; otherwise it said already what it is to say, or was only shown.
    pub changed: bool,
    /// Its permissions in octal, where there is a folder for it.
    pub mode: Option<String>,
    /// Its text, where there is none.
    #[serde(serialize_with = "as_text")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub content: Option<Zeroizing<String>>,
}

impl ConfigTarget {
    const ALL: [Self; 6] =
        [Self::Milvus, Self::Compose, Self::Operator, Self::Helm, Self::Secret, Self::CertManager];

    /// What the command line calls it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Milvus => "milvus",
            Self::Compose => "compose",
            Self::Operator => "operator",
            Self::Helm => "helm",
            Self::Secret => "secret",
            Self::CertManager => "cert-manager",
        }
    }
}

impl ConfigRequest {
    /// The settings of the documentation page.
    #[must_use]
    pub(crate) fn new(target: ConfigTarget) -> Self {
        Self {
            target,
            options: ConfigOptions::default(),
            passphrase: None,
            output: None,
            force: false,
            protection: Protection::Required,
        }
    }
}

/// What is rendered: what was said, and the rest as the last time or as on the documentation page.
struct Deployment {
    target: ConfigTarget,
    directory: PathBuf,
    tls_mode: ClientTls,
    is_internal: bool,
    sni: Option<GeneralName>,
    /// The service of a Compose file that runs Milvus, where somebody said which.
    service: Option<String>,
    /// As whom Milvus runs in its container, where somebody said it.
    container_user: Option<u32>,
    rest_port: u16,
    mount_path: MountPath,
    cluster: Cluster,
    secret_kind: SecretKind,
    /// How Milvus runs in Compose.
    project: Project,
    /// Values files that Helm is given before ours: their paths, and what they are called where ours is.
    values: Vec<(PathBuf, PathBuf)>,
}

impl Deployment {
    fn new(target: ConfigTarget, directory: PathBuf, options: &ConfigOptions) -> Result<Self, Error> {
        if options.tls_mode == Some(ClientTls(None)) && options.internal != Some(true) {
            return Err(Error::new("--tls-mode 0 leaves everything in plaintext").with_hint(
                "--tls-mode 0 --internal is TLS between Milvus' own components alone".to_owned(),
            ));
        }
        let mount_path = || match target {
            // Where the documentation page mounts the certificates.
            ConfigTarget::Milvus | ConfigTarget::Compose => MountPath::compose(),
            _ => MountPath::kubernetes(),
        };
        let name = |said: &Option<KubernetesName>, kind, default| match said {
            Some(name) => Ok(name.clone()),
            None => KubernetesName::new(kind, default),
        };
        let manager = match target {
            ConfigTarget::Helm => Manager::Helm,
            _ => options.manager.unwrap_or(Manager::Operator),
        };
        Ok(Self {
            target,
            directory,
            tls_mode: options.tls_mode.unwrap_or(ClientTls(Some(TlsMode::OneWay))),
            is_internal: options.internal.unwrap_or(false),
            sni: options.sni.clone(),
            service: options.service.clone(),
            container_user: options.container_user,
            rest_port: options.rest_port.unwrap_or(REST_PORT),
            mount_path: options.mount_path.clone().unwrap_or_else(mount_path),
            cluster: Cluster {
                release: Release {
                    manager,
                    name: name(&options.release, NameKind::Release, "my-release")?,
                    namespace: name(&options.namespace, NameKind::Namespace, "default")?,
                },
                secret_name: name(&options.secret_name, NameKind::Secret, "certs")?,
                is_distributed: options.cluster,
                chart_version: options.chart_version.clone(),
            },
            secret_kind: options.secret_kind.unwrap_or(SecretKind::Opaque),
            project: Project::stock(options.selinux.unwrap_or(false)),
            values: options.values.iter().flatten().map(|path| (path.clone(), path.clone())).collect(),
        })
    }

    /// All that its files depend on but the certificates, as it is written into them.
    fn options(&self, directory: PathBuf) -> ConfigOptions {
        let (cluster, target) = (&self.cluster, self.target);
        let is_settings = target != ConfigTarget::Secret;
        let is_in_kubernetes = !matches!(target, ConfigTarget::Milvus | ConfigTarget::Compose);
        let has_milvus = is_in_kubernetes && is_settings;
        ConfigOptions {
            dir: Some(directory),
            tls_mode: is_settings.then_some(self.tls_mode),
            internal: is_settings.then_some(self.is_internal),
            sni: self.sni.clone(),
            service: self.service.clone(),
            container_user: self.container_user,
            selinux: (target == ConfigTarget::Compose).then_some(self.project.selinux),
            rest_port: (is_settings && self.tls_mode.0.is_some()).then_some(self.rest_port),
            mount_path: is_settings.then(|| self.mount_path.clone()),
            release: has_milvus.then(|| cluster.release.name.clone()),
            namespace: is_in_kubernetes.then(|| cluster.release.namespace.clone()),
            secret_name: is_in_kubernetes.then(|| cluster.secret_name.clone()),
            cluster: cluster.is_distributed,
            values: (!self.values.is_empty())
                .then(|| self.values.iter().map(|(_, called)| called.clone()).collect()),
            chart_version: cluster.chart_version.clone(),
            secret_kind: (!is_settings).then_some(self.secret_kind),
            manager: (target == ConfigTarget::CertManager).then_some(cluster.release.manager),
        }
    }

    fn settings(&self, directory: &FitDirectory) -> Result<TlsSettings, Error> {
        let internal_sni = match (self.is_internal, &self.sni) {
            (false, _) => None,
            (true, Some(name)) => Some(name.to_string()),
            (true, None) => Some(server_name(directory)?.to_string()),
        };
        Ok(TlsSettings {
            mode: self.tls_mode,
            internal_sni,
            rest_port: self.rest_port,
            mount_path: self.mount_path.clone(),
        })
    }

    /// `called` is what the certificate directory is called where the files are.
    fn documents(
        &self,
        directory: &FitDirectory,
        files: &ServerFiles<'_>,
        called: &Path,
        passphrase: Option<&Passphrase>,
        now: OffsetDateTime,
    ) -> Result<Vec<Document>, Error> {
        let cluster = &self.cluster;
        if self.target == ConfigTarget::Secret {
            return Ok(vec![secret(
                &cluster.secret_name,
                &cluster.release.namespace,
                self.secret_kind,
                files,
            )]);
        }
        let settings = &self.settings(directory)?;
        Ok(match self.target {
            ConfigTarget::Milvus => vec![settings.user_yaml(None)],
            ConfigTarget::Compose => compose(settings, &self.project, files, called),
            ConfigTarget::CertManager => {
                let opened = Directory::open(&self.directory, Access::LookAsItIs, Protection::Required)?;
                let ca = ca::of_directory(&opened, passphrase, now)?;
                cert_manager(cluster, settings, &self.theirs(settings, SecretKind::Tls)?, directory, &ca)?
            }
            _ => kubernetes(cluster, settings, &self.theirs(settings, SecretKind::Opaque)?, files),
        })
    }

    /// What somebody's values say that ours would replace.
    fn theirs(&self, settings: &TlsSettings, kind: SecretKind) -> Result<HelmValues, Error> {
        if self.cluster.release.manager != Manager::Helm {
            return Ok(HelmValues::default());
        }
        let mut files = Vec::new();
        for (path, called) in &self.values {
            files.push((called.display().to_string(), read_file(path)?));
        }
        HelmValues::of(&files, &settings.text(kind), &self.mount_path)
    }

    /// That server.pem lacks names by which clients inside the deployment call Milvus. cert-manager adds them itself.
    fn names_not_covered(&self, directory: &FitDirectory) -> Option<Note> {
        let release = &self.cluster.release;
        let (names, options) = match self.target {
            ConfigTarget::Compose if self.project.is_stock() => (compose_server_names(), String::new()),
            ConfigTarget::Compose => return self.services_not_covered(directory),
            ConfigTarget::Operator | ConfigTarget::Helm => {
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
        let target = self.target.name();
        let renew = match directory.issued() {
            Some(folder) => format!("milvus-certs renew -d DIR {} --for {target}", folder.name),
            None => command(&format!("renew server --for {target}"), &self.directory),
        };
        let message = format!(
            "server.pem does not cover {names}, by which clients beside Milvus reach it; `{renew}{options}` adds them"
        );
        Some(Note::new("inside-names-not-covered", message))
    }

    /// That Helm would drop what somebody has in values that nobody gave.
    fn values_of_theirs(&self) -> Option<Note> {
        let Release { manager, name, namespace } = &self.cluster.release;
        let is_helm = *manager == Manager::Helm && self.target != ConfigTarget::Secret;
        (is_helm && self.values.is_empty()).then(|| {
            Note::new(
                "values-not-given",
                format!(
                    "Helm takes user.yaml, volumes and volumeMounts of the last values alone: if the release has its own, `helm get values {name} --namespace {namespace} -o yaml > mine.yaml`, and give mine.yaml with --values"
                ),
            )
        })
    }

    /// As `names_not_covered`, where the services of a Compose file are not called as in Milvus' own.
    fn services_not_covered(&self, directory: &FitDirectory) -> Option<Note> {
        let server = directory.end_entity(FileRole::ServerCertificate)?;
        let (service, _) = self.project.services.iter().find(|(service, serves_clients)| {
            *serves_clients && service.parse().is_ok_and(|name| !covers(server, &name))
        })?;
        let renew = match directory.issued() {
            Some(folder) => format!("milvus-certs renew -d DIR {} --san {service}", folder.name),
            None => command(&format!("renew server --san {service}"), &self.directory),
        };
        let message = format!(
            "server.pem does not cover {service}, by which clients beside Milvus reach it; `{renew}` adds it"
        );
        Some(Note::new("inside-names-not-covered", message))
    }
}

/// Renders what a deployment needs, from a certificate directory that `check` finds no error in.
///
/// # Errors
/// If the directory would not work; with the findings. If the files cannot be written, or are somebody's.
pub(crate) fn config(request: &ConfigRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let open = |folder: &PathBuf| Output::open(folder, request.protection);
    let Some(mut output) = request.output.as_ref().map(open).transpose()? else {
        return rendered(request, now);
    };
    let marker = output.markers().into_iter().find(|marker| marker.config == request.target.name());
    written(request, request.passphrase.as_ref(), &mut output, marker.as_ref(), now)
}

/// Makes the files of a folder anew that `config` has written into it, as far as certificates have changed.
///
/// # Errors
/// As [`config`](fn@config); if there are none.
pub(crate) fn refresh(request: &RefreshRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let folder = &request.output;
    let mut output = Output::open(folder, request.protection)?;
    let mut reports = Vec::new();
    for marker in output.markers() {
        let Some(target) = ConfigTarget::ALL.into_iter().find(|target| target.name() == marker.config) else {
            continue;
        };
        let request_of_last = ConfigRequest {
            output: Some(folder.clone()),
            protection: request.protection,
            ..ConfigRequest::new(target)
        };
        reports.push(written(
            &request_of_last,
            request.passphrase.as_ref(),
            &mut output,
            Some(&marker),
            now,
        )?);
    }
    let merge = |mut all: ConfigReport, report: ConfigReport| {
        all.changed |= report.changed;
        all.commands.extend(report.commands);
        all.documents.extend(report.documents);
        all.notes.extend(report.notes);
        all
    };
    reports.into_iter().reduce(merge).map(|report| ConfigReport { target: "refresh", ..report }).ok_or_else(|| {
        Error::new(format!("{}: no file in it is by `config`", folder.display()))
            .with_hint("`milvus-certs config TARGET --out DIR` writes them, and `config refresh` keeps them up to date".to_owned())
    })
}

fn judged(deployment: &Deployment, now: OffsetDateTime) -> Result<FitDirectory, Error> {
    let purpose = Purpose {
        mode: deployment.tls_mode.0.unwrap_or(TlsMode::OneWay),
        server_names: deployment.sni.as_slice(),
        not_needed: &[],
        needs: Some(EndEntityKind::Server),
    };
    FitDirectory::judge(&deployment.directory, &purpose, now)
}

fn rendered(request: &ConfigRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let directory = request.options.dir.clone().unwrap_or_else(|| ".".into());
    let deployment = Deployment::new(request.target, directory, &request.options)?;
    let directory = judged(&deployment, now)?;
    let files = ServerFiles::of(&directory);
    let called = &deployment.directory;
    let documents = deployment.documents(&directory, &files, called, request.passphrase.as_ref(), now)?;
    Ok(ConfigReport {
        directory: deployment.directory.display().to_string(),
        output: None,
        changed: false,
        target: request.target.name(),
        commands: Vec::new(),
        documents: documents.into_iter().map(RenderedDocument::shown).collect(),
        backup: None,
        notes: Vec::from_iter(deployment.names_not_covered(&directory)),
    })
}

/// Writes the files, with the copies that Compose's container gets.
fn written(
    request: &ConfigRequest,
    passphrase: Option<&Passphrase>,
    output: &mut Output,
    last: Option<&Marker>,
    now: OffsetDateTime,
) -> Result<ConfigReport, Error> {
    let folder = output.path().to_owned();
    let mut said = request.options.clone();
    said.dir = said.dir.map(|directory| seen_from(&folder, &directory));
    said.values = said.values.map(|files| files.iter().map(|file| seen_from(&folder, file)).collect());
    let (options, differences) = match last {
        Some(last) => (said.or(&last.options), said.differences(&last.options)),
        None => (said, Vec::new()),
    };
    let directory = match (&request.options.dir, &options.dir) {
        (Some(directory), _) => directory.clone(),
        (None, Some(directory)) => in_folder(&folder, directory),
        (None, None) => ".".into(),
    };
    let mut deployment = Deployment::new(request.target, directory, &options)?;
    let typed = request.options.values.as_deref().unwrap_or_default();
    for (index, (path, called)) in deployment.values.iter_mut().enumerate() {
        *path = typed.get(index).cloned().unwrap_or_else(|| in_folder(&folder, called));
    }
    if request.target == ConfigTarget::Compose {
        deployment.project = Project::in_folder(output.directory(), &options, request.force)?;
    }
    let directory = judged(&deployment, now)?;
    let files = ServerFiles::of(&directory);
    let called = seen_from(&folder, &deployment.directory);
    let documents = deployment.documents(&directory, &files, &called, passphrase, now)?;
    let mut wanted = Vec::new();
    if request.target == ConfigTarget::Compose {
        refuse_ca_key(&folder)?;
        wanted.extend(files.each.iter().map(|file| Wanted {
            path: RelativePath::in_folder(TLS_FOLDER, file.role.file_name()),
            content: file.content,
            mode: file.mode,
            reader: deployment.project.user.filter(|_| file.role.is_key()),
            document: None,
        }));
    }
    wanted.extend(documents.iter().map(|document| Wanted {
        path: RelativePath::in_directory(document.name),
        content: document.content.as_bytes(),
        mode: document.mode,
        reader: None,
        document: Some(document),
    }));
    let options = deployment.options(called);
    let maker = Maker { target: request.target.name(), options: &options, differences: &differences };
    let written = output.write(&maker, wanted, request.force.then_some(now))?;
    let changed = written.files.iter().any(|(_, _, is_changed)| *is_changed);
    let mut notes = Vec::from_iter(deployment.names_not_covered(&directory));
    notes.extend(deployment.project.must_be_named(&folder));
    notes.extend(deployment.values_of_theirs());
    notes.extend(written.notes);
    Ok(ConfigReport {
        directory: deployment.directory.display().to_string(),
        output: Some(folder.display().to_string()),
        changed,
        target: request.target.name(),
        commands: if changed { commands(&deployment, &folder, &documents) } else { Vec::new() },
        documents: written.files.into_iter().map(RenderedDocument::written).collect(),
        backup: written.backup.map(|backup| backup.display().to_string()),
        notes,
    })
}

/// A path that begins in a folder.
fn in_folder(folder: &Path, path: &Path) -> PathBuf {
    if folder == Path::new(".") { path.to_owned() } else { folder.join(path) }
}

/// How a path is called in a folder: so both can be moved together.
fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    let (Ok(folder), Ok(target)) = (folder.canonicalize(), path.canonicalize()) else {
        return path.to_owned();
    };
    if path.is_absolute() {
        return path.to_owned();
    }
    let common = folder.components().zip(target.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let seen: PathBuf = up.chain(target.components().skip(common)).collect();
    if seen.as_os_str().is_empty() { ".".into() } else { seen }
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
fn commands(deployment: &Deployment, folder: &Path, documents: &[Document]) -> Vec<String> {
    let quoted = |path: &Path| shell_quoted(&path.display().to_string());
    match deployment.target {
        ConfigTarget::Milvus => return Vec::new(),
        ConfigTarget::Compose => {
            let command = deployment.project.command();
            return vec![match folder == Path::new(".") {
                true => command,
                false => format!("cd {} && {command}", quoted(folder)),
            }];
        }
        _ => {}
    }
    let path = |document: &Document| quoted(&path_of(folder, RelativePath::in_directory(document.name)));
    let (values, resources): (Vec<_>, Vec<_>) =
        documents.iter().partition(|document| document.name == kubernetes::VALUES.name);
    let is_milvus = |document: &&Document| document.name == kubernetes::RESOURCE.name;
    let (milvus, resources): (Vec<_>, Vec<_>) = resources.into_iter().partition(is_milvus);
    let apply = |how: &str, documents: Vec<&Document>| {
        let paths: Vec<_> = documents.into_iter().map(path).collect();
        (!paths.is_empty()).then(|| format!("kubectl apply {how}-f {}", paths.join(" -f ")))
    };
    // What is not named in it stays in a resource that is there, whoever has set it.
    let milvus = apply("--server-side --field-manager=milvus-certs ", milvus);
    let theirs: Vec<_> = deployment.values.iter().map(|(path, _)| path.display().to_string()).collect();
    let helm = values.first().map(|values| {
        let values = path_of(folder, RelativePath::in_directory(values.name)).display().to_string();
        deployment.cluster.helm_command(&theirs, &values).join(" ")
    });
    apply("", resources).into_iter().chain(milvus).chain(helm).collect()
}

impl RenderedDocument {
    fn shown(document: Document) -> Self {
        Self { path: document.name.to_owned(), changed: false, mode: None, content: Some(document.content) }
    }

    fn written((path, mode, changed): (PathBuf, FileMode, bool)) -> Self {
        Self { path: path.display().to_string(), changed, mode: Some(mode.to_string()), content: None }
    }
}

fn as_text<S: Serializer>(content: &Option<Zeroizing<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    content.as_deref().map(String::as_str).serialize(serializer)
}
