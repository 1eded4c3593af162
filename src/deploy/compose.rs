use std::path::Path;

use minijinja::context;

use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::{listed, shell_quoted};
use crate::check::config::compose::{BASES, OVERRIDES, ServiceSketch, named_in, services};
use crate::deploy::options::ConfigOptions;
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::{MountPath, TlsSettings};
use crate::deploy::template::{Document, Template, template, verbatim};
use crate::milvus::container::USER_YAML;
use crate::store::{Directory, FileRole, RelativePath, path_of};

const OVERRIDE: Template = template!("docker-compose.override.yaml");

/// The folder beside docker-compose.yaml that the container gets. It is no certificate directory:
/// `ca.key` must not get there. A folder, because single files that are mounted stay the old ones
/// after a renewal.
pub(crate) const TLS_FOLDER: &str = "tls";

/// What the override is called, which Compose reads by itself.
pub(crate) const OVERRIDE_NAME: &str = OVERRIDE.name;

/// The service that runs Milvus in Milvus' own docker-compose.yaml.
const STOCK_SERVICE: &str = "standalone";

/// What only our file has.
const LABEL: &str = "milvus-certs.certificates";

/// What the override is called where Compose would not read it by its usual name.
pub(crate) const OWN_NAME: &str = "docker-compose.tls.yaml";

/// How Milvus runs in Compose.
pub(crate) struct Project {
    /// What runs Milvus, and whether clients connect to it.
    pub services: Vec<(String, bool)>,
    /// As whom Milvus runs there, if that is known: it has to be able to read its key.
    pub user: Option<u32>,
    /// The service of which that is not known, though its file is.
    pub unknown_user: Option<String>,
    /// Whether the files are in a folder of theirs, and not only shown.
    pub is_written: bool,
    /// What the file is called that this program writes for Compose.
    pub name: &'static str,
    /// The files that Compose has to be given, where it would not find this program's by itself.
    pub files: Vec<String>,
    /// Whether SELinux is to let the container read what is mounted.
    pub selinux: bool,
}

impl Project {
    /// Milvus' stock docker-compose.yaml, but for the service that the options name.
    pub(crate) fn stock(options: &ConfigOptions) -> Self {
        let service = options.service.as_deref().unwrap_or(STOCK_SERVICE);
        Self {
            services: vec![(service.to_owned(), true)],
            user: None,
            unknown_user: None,
            is_written: false,
            name: OVERRIDE_NAME,
            files: Vec::new(),
            selinux: options.selinux.unwrap_or(false),
        }
    }

    /// What Compose has in a folder, beside what `config` wrote.
    ///
    /// # Errors
    /// If a Compose file cannot be read, no service in it runs Milvus, or the one that does has a user.yaml of its own.
    pub(super) fn in_folder(folder: &Directory, options: &ConfigOptions, force: bool) -> Result<Self, Error> {
        let mut project = Self { is_written: true, ..Self::stock(options) };
        let read = |name: &str| -> Result<Option<(String, _)>, Error> {
            let content = folder.read(RelativePath::in_directory(name.to_owned()))?;
            Ok(content.map(|content| (name.to_owned(), content)))
        };
        // Without its last lines, too: what it is told apart by then is the label.
        let is_ours = |content: &[u8]| String::from_utf8_lossy(content).contains(LABEL);
        let mut is_named = read(OWN_NAME)?.is_some_and(|(_, content)| is_ours(&content));
        let ours = read(OVERRIDE_NAME)?.is_some_and(|(_, content)| is_ours(&content));
        // Our own goes on where it is, with what somebody may have added to it.
        project.name = if ours || !is_named { OVERRIDE_NAME } else { OWN_NAME };
        let mut files = Vec::new();
        let env = read(".env")?.map(|(_, content)| content);
        if let Some(names) = env.as_deref().and_then(|content| named_in(&String::from_utf8_lossy(content))) {
            project.name = if ours { OVERRIDE_NAME } else { OWN_NAME };
            is_named = !names.iter().any(|name| name == project.name);
            for name in names.iter().filter(|name| *name != project.name && !name.contains('/')) {
                files.extend(read(name)?);
            }
        } else {
            for name in BASES {
                if let (true, Some(file)) = (files.is_empty(), read(name)?) {
                    files.push(file);
                }
            }
            for name in OVERRIDES {
                let Some((name, content)) = read(name)? else { continue };
                if name != OVERRIDE_NAME || !force && !ours {
                    project.name = if ours { OVERRIDE_NAME } else { OWN_NAME };
                    is_named = true;
                    files.push((name, content));
                    break;
                }
            }
        }
        if !files.is_empty() {
            let services = services_for(folder.path(), &files, options)?;
            project.user = services.iter().find_map(|service| service.user);
            let is_unknown = |service: &&ServiceSketch| service.user.or(options.container_user).is_none();
            project.unknown_user = services.iter().find(is_unknown).map(|service| service.name.clone());
            project.services =
                services.into_iter().map(|service| (service.name, service.serves_clients)).collect();
        }
        project.user = options.container_user.or(project.user);
        if is_named {
            project.files =
                files.into_iter().map(|(name, _)| name).chain([project.name.to_owned()]).collect();
        }
        Ok(project)
    }

    /// Whether it runs Milvus as Milvus' own file does.
    pub(crate) fn is_stock(&self) -> bool {
        matches!(self.services.as_slice(), [(service, true)] if service == STOCK_SERVICE)
    }

    /// That Compose does not read this program's file by itself.
    pub(crate) fn must_be_named(&self, folder: &Path) -> Option<Note> {
        let [others @ .., own] = self.files.as_slice() else { return None };
        let beside = listed(&others.iter().map(|file| shown(folder, file)).collect::<Vec<_>>());
        let files = self.files.join(":");
        let message = format!(
            "beside {beside} Compose reads {own} only where it is told to: by -f, or by the line COMPOSE_FILE={files} in .env"
        );
        Some(Note::new("compose-file-not-read", message))
    }

    /// The command, with its files.
    pub(crate) fn command(&self) -> String {
        let files = self.files.iter().map(|file| format!("-f {} ", shell_quoted(file)));
        format!("docker compose {}up -d", files.collect::<String>())
    }
}

fn shown(folder: &Path, name: &str) -> String {
    path_of(folder, RelativePath::in_directory(name.to_owned())).display().to_string()
}

/// The services of Compose files that get certificates: the one that is asked for, or those that clients connect to, or
/// with internal TLS all of Milvus.
fn services_for(
    folder: &Path,
    files: &[(String, Zeroizing<Vec<u8>>)],
    options: &ConfigOptions,
) -> Result<Vec<ServiceSketch>, Error> {
    let services = services(files).map_err(|malformed| {
        Error::new(format!(
            "{}: is no YAML: {}",
            shown(folder, &malformed.place.to_string()),
            malformed.reason
        ))
        .with_hint("`docker compose config` says what Compose makes of it".to_owned())
    })?;
    let paths = listed(&files.iter().map(|(name, _)| shown(folder, name)).collect::<Vec<_>>());
    let all = options.internal.unwrap_or(false);
    let wanted: Vec<_> = services
        .into_iter()
        .filter(|service| match &options.service {
            Some(name) => service.name == *name,
            None => service.runs_milvus && (all || service.serves_clients),
        })
        .collect();
    let mount_path = options.mount_path.clone().unwrap_or_else(MountPath::compose);
    for service in &wanted {
        let has = |target: &str| service.targets.iter().any(|mounted| mounted == target);
        if has(USER_YAML) {
            let message = format!("{paths}: the service {} has a user.yaml of its own already", service.name);
            return Err(Error::new(message).with_hint(
                "move what it says into user.yaml beside the Compose file once `config compose` has made that, and take the mount out; or add to it what `milvus-certs config milvus` prints".to_owned(),
            ));
        }
        if has(mount_path.as_str()) {
            let message = format!(
                "{paths}: the service {} has something at {} already",
                service.name,
                mount_path.as_str()
            );
            return Err(
                Error::new(message).with_hint("--mount-path puts the certificates somewhere else".to_owned())
            );
        }
    }
    if wanted.is_empty() {
        let message = match &options.service {
            Some(name) => format!("{paths}: there is no service {name}"),
            None => format!("{paths}: no service runs milvusdb/milvus"),
        };
        return Err(Error::new(message).with_hint("--service NAME says which one runs Milvus".to_owned()));
    }
    Ok(wanted)
}

/// The files for Docker Compose, beside those that the container gets.
#[must_use]
///
/// `directory` is what the certificate directory is called there.
pub(crate) fn compose(
    settings: &TlsSettings,
    project: &Project,
    files: &ServerFiles<'_>,
    directory: &Path,
) -> Vec<Document> {
    let name = project.name;
    let services = project.services.iter().map(|(name, serves_clients)| context! { name, serves_clients });
    let sources = files.sources(directory).into_iter();
    let sources = sources.map(|(path, name)| context! { path => verbatim(path), name });
    let compose_file = OVERRIDE.document(context! {
        name,
        is_named => !project.files.is_empty(),
        is_written => project.is_written,
        command => verbatim(project.command()),
        services => services.collect::<Vec<_>>(),
        selinux => project.selinux,
        clients => settings.serves_clients(),
        // Compose takes `$` for the beginning of a variable, and `$$` for itself.
        mount_path => settings.mount_path.as_str().replace('$', "$$"),
        user_yaml => USER_YAML,
        rest_port => settings.rest_port,
        fingerprint => files.fingerprint.as_str(),
        files => listed(&ServerFiles::ROLES.map(FileRole::file_name)),
        sources => sources.collect::<Vec<_>>(),
    });
    vec![settings.user_yaml(Some(name)), Document { name, ..compose_file }]
}
