//! What is deployed: what was said of it, and the rest as on the documentation page; and what that needs.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::{command, shell_quoted};
use crate::check::{FitDirectory, Purpose, ca};
use crate::deploy::cert_manager::cert_manager;
use crate::deploy::compose::{Project, compose};
use crate::deploy::helm_values::HelmValues;
use crate::deploy::kubernetes::{self, Cluster, kubernetes};
use crate::deploy::options::ConfigOptions;
use crate::deploy::secret::{SecretKind, secret};
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::{MountPath, TlsSettings};
use crate::deploy::standalone::{self, Standalone};
use crate::deploy::template::Document;
use crate::milvus::container::{IMAGE_USER, REST_PORT};
use crate::milvus::{ClientTls, KubernetesName, Manager, NameKind, Release, TlsMode, compose_server_names};
use crate::store::{Access, Directory, FileRole, Protection, RelativePath, path_of, read_file};
use crate::x509::{EndEntityKind, GeneralName, Passphrase, covers, name_to_ask_for};

/// What is to be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigTarget {
    /// The settings alone.
    Milvus,
    Compose,
    /// Milvus' standalone_embed.sh.
    Standalone,
    Operator,
    Helm,
    /// The Secret alone.
    Secret,
    /// A cluster that renews its certificates by itself.
    CertManager,
}

impl ConfigTarget {
    pub(super) const ALL: [Self; 7] = [
        Self::Milvus,
        Self::Compose,
        Self::Standalone,
        Self::Operator,
        Self::Helm,
        Self::Secret,
        Self::CertManager,
    ];

    /// What the command line calls it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Milvus => "milvus",
            Self::Compose => "compose",
            Self::Standalone => "standalone",
            Self::Operator => "operator",
            Self::Helm => "helm",
            Self::Secret => "secret",
            Self::CertManager => "cert-manager",
        }
    }
}

/// What is rendered: what was said, and the rest as the last time or as on the documentation page.
pub(super) struct Deployment {
    pub(super) target: ConfigTarget,
    pub(super) directory: PathBuf,
    pub(super) tls_mode: ClientTls,
    pub(super) is_internal: bool,
    pub(super) sni: Option<GeneralName>,
    /// The service of a Compose file that runs Milvus, where somebody said which.
    pub(super) service: Option<String>,
    /// As whom Milvus runs in its container, where somebody said it.
    pub(super) container_user: Option<u32>,
    pub(super) rest_port: u16,
    pub(super) mount_path: MountPath,
    pub(super) cluster: Cluster,
    pub(super) secret_kind: SecretKind,
    /// How Milvus runs in Compose.
    pub(super) project: Project,
    /// How standalone_embed.sh runs it, where that was looked at.
    pub(super) standalone: Option<Standalone>,
    /// Values files that Helm is given before ours: their paths, and what they are called where ours is.
    pub(super) values: Vec<(PathBuf, PathBuf)>,
}

impl Deployment {
    pub(super) fn new(
        target: ConfigTarget,
        directory: PathBuf,
        options: &ConfigOptions,
    ) -> Result<Self, Error> {
        if options.tls_mode == Some(ClientTls(None)) && options.internal != Some(true) {
            return Err(Error::new("--tls-mode 0 leaves everything in plaintext").with_hint(
                "--tls-mode 0 --internal is TLS between Milvus' own components alone".to_owned(),
            ));
        }
        let mount_path = || match target {
            // Where the documentation page mounts the certificates.
            ConfigTarget::Milvus | ConfigTarget::Compose => MountPath::compose(),
            ConfigTarget::Standalone => MountPath::standalone(),
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
        let of_helm =
            [("values", options.values.is_some()), ("chart-version", options.chart_version.is_some())];
        if let Some((idle, _)) = of_helm.into_iter().find(|(_, is_said)| *is_said && manager != Manager::Helm)
        {
            return Err(Error::new(format!("--{idle} has no effect with the {}", manager.name()))
                .with_hint(format!("leave --{idle} out, or say `--for helm`")));
        }
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
            project: Project::stock(options),
            standalone: None,
            values: options.values.iter().flatten().map(|path| (path.clone(), path.clone())).collect(),
        })
    }

    /// All that its files depend on but the certificates, as it is written into them.
    pub(super) fn options(&self, directory: PathBuf) -> ConfigOptions {
        let (cluster, target) = (&self.cluster, self.target);
        let is_settings = target != ConfigTarget::Secret;
        let is_in_kubernetes =
            !matches!(target, ConfigTarget::Milvus | ConfigTarget::Compose | ConfigTarget::Standalone);
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
            mount_path: (is_settings && target != ConfigTarget::Standalone).then(|| self.mount_path.clone()),
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

    pub(super) fn settings(&self, directory: &FitDirectory) -> Result<TlsSettings, Error> {
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
    pub(super) fn documents(
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
            ConfigTarget::Standalone => vec![standalone::document(settings, self.standalone.as_ref(), files)],
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
        for (path, _) in &self.values {
            files.push((path.display().to_string(), read_file(path)?));
        }
        let called = self.values.iter().map(|(_, called)| called.display().to_string()).collect();
        HelmValues::of(&files, &settings.text(kind), &self.mount_path)
            .map(|theirs| HelmValues { files: called, ..theirs })
    }

    /// That server.pem lacks names by which clients inside the deployment call Milvus. cert-manager adds them itself.
    pub(super) fn names_not_covered(&self, directory: &FitDirectory) -> Option<Note> {
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

    /// That Milvus may not be able to read its key.
    pub(super) fn may_not_read(&self) -> Option<Note> {
        let what = match &self.standalone {
            Some(standalone) => standalone.user.is_none().then(|| "the container".to_owned()),
            None => self.project.unknown_user.as_ref().map(|service| format!("the service {service}")),
        }?;
        let message = format!(
            "as whom Milvus runs in {what} is not known: from 3.0 on it is uid {IMAGE_USER}, which `--container-user {IMAGE_USER}` lets read server.key"
        );
        Some(Note::new("container-user-not-known", message))
    }

    /// That Helm would drop what somebody has in values that nobody gave.
    pub(super) fn values_of_theirs(&self) -> Option<Note> {
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

    /// The certificate directory, if it would work there.
    pub(super) fn judged(&self, now: OffsetDateTime) -> Result<FitDirectory, Error> {
        let purpose = Purpose {
            mode: self.tls_mode.0.unwrap_or(TlsMode::OneWay),
            server_names: self.sni.as_slice(),
            not_needed: &[],
            needs: Some(EndEntityKind::Server),
        };
        FitDirectory::judge(&self.directory, &purpose, now)
    }

    /// What applies the files that were written.
    pub(super) fn commands(&self, folder: &Path, documents: &[Document]) -> Vec<String> {
        let quoted = |path: &Path| shell_quoted(&path.display().to_string());
        match self.target {
            ConfigTarget::Milvus => return Vec::new(),
            ConfigTarget::Compose | ConfigTarget::Standalone => {
                let command =
                    self.standalone.as_ref().map_or_else(|| self.project.command(), Standalone::command);
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
        let theirs: Vec<_> = self.values.iter().map(|(path, _)| path.display().to_string()).collect();
        let helm = values.first().map(|values| {
            let values = path_of(folder, RelativePath::in_directory(values.name)).display().to_string();
            self.cluster.helm_command(&theirs, &values).join(" ")
        });
        apply("", resources).into_iter().chain(milvus).chain(helm).collect()
    }
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
