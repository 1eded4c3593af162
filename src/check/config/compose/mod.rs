//! Compose files: the services that run Milvus.

mod service;
mod syntax;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::base::shown::{shown, shown_path};
use crate::check::codes::Code;
use crate::check::config::compose::service::Service;
pub(crate) use crate::check::config::compose::service::image_user;
use crate::check::config::deployment::Deployment;
use crate::check::config::findings::Findings;
use crate::check::config::host::{Host, cleaned};
use crate::check::config::mounts::{Mount, Mounts, Volume};
use crate::check::config::settings::{Mode, Settings};
use crate::check::config::source::AtPath;
use crate::milvus::container::{CONFIG_FILES, CONFIG_FOLDER};
use crate::yaml::{self, Entry, Malformed, Node, Origin};

/// The largest clusters have some ten. Each can make this program read files.
const MAX_SERVICES: usize = 100;

/// Go's `yaml.Unmarshal`, with which Milvus reads its files, takes the first document alone.
const READ_DOCUMENTS: usize = 1;

/// What configuration files say that have been read: many services can mount the same.
type Known = HashMap<PathBuf, Settings>;

/// Reads the services that run Milvus; files that are given together are merged by service, as
/// `docker compose -f FILE -f FILE` does.
pub(crate) fn deployments(
    files: &[(&str, Node<'_>)],
    host: &Host<'_>,
    findings: &mut Findings,
) -> Vec<Deployment> {
    let files = &read_by_compose(files, host, findings);
    let services: Vec<_> = merged(files).into_iter().filter(Service::runs_milvus).collect();
    let is_whole = !files.iter().any(|(_, document)| is_part(*document));
    if let (Some((_, first)), true) = (files.first(), services.is_empty() && is_whole) {
        let place = first.entry("services").map_or(*first, |entry| entry.key).place();
        findings.report(Code::ConfigNotRecognised, place, "no service runs milvusdb/milvus");
    }
    if let Some(service) = services.get(MAX_SERVICES) {
        let evidence = format!("this and later services are not judged: {MAX_SERVICES} run Milvus before it");
        findings.report(Code::ConfigNotRecognised, service.key.place(), evidence);
    }
    let mut known = Known::new();
    let services = services.iter().take(MAX_SERVICES);
    services.map(|service| deployment(service, host, &mut known, findings)).collect()
}

/// What Compose reads by itself: the first of these that is there, and the first of the overrides (compose-go's
/// cli/options.go).
pub(crate) const BASES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

pub(crate) const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// The files that `.env` names for Compose to read, in place of those that it looks for.
pub(crate) fn named_in(env: &str) -> Option<Vec<String>> {
    let value = |name: &str| {
        env.lines().rev().find_map(|line| {
            let line = line.trim();
            let (key, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            let value = value.trim();
            // What follows a space and # is a comment, but in quotes.
            let bare = value.split(" #").next().unwrap_or_default().trim_end();
            let value = if value.starts_with(['"', '\'']) { value } else { bare };
            (key.trim() == name).then(|| value.trim_matches(['"', '\'']))
        })
    };
    let separator = value("COMPOSE_PATH_SEPARATOR").filter(|value| !value.is_empty()).unwrap_or(":");
    let names = value("COMPOSE_FILE")?.split(separator).map(|name| name.trim_start_matches("./"));
    let names: Vec<_> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

/// What Compose reads in a folder, in this order; `read` reads a file of it, if it is there.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn files_of_project<E>(
    read: impl Fn(&str) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
) -> Result<Vec<String>, E> {
    if let Some(env) = read(".env")?
        && let Some(names) = named_in(&String::from_utf8_lossy(&env))
    {
        return Ok(names);
    }
    let mut files = Vec::new();
    for names in [BASES, OVERRIDES] {
        for name in names {
            if read(name)?.is_some() {
                files.push(name.to_owned());
                break;
            }
        }
    }
    Ok(files)
}

/// A service, as far as it matters to who wants to run Milvus with certificates.
pub(crate) struct ServiceSketch {
    pub name: String,
    pub runs_milvus: bool,
    /// Whether clients connect to it.
    pub serves_clients: bool,
    /// As whom it runs, if that is known.
    pub user: Option<u32>,
    /// Where something is mounted into it.
    pub targets: Vec<String>,
}

/// The services of Compose files that are read together.
///
/// # Errors
/// If one is no YAML.
pub(crate) fn services(files: &[(String, impl AsRef<[u8]>)]) -> Result<Vec<ServiceSketch>, Malformed> {
    let read =
        |(path, content): &(String, _)| yaml::read_file(AsRef::<[u8]>::as_ref(content), &Origin::file(path));
    let documents: Vec<_> = files.iter().map(read).collect::<Result<_, _>>()?;
    let each = files.iter().zip(&documents);
    let files: Vec<_> = each
        .flat_map(|((path, _), documents)| documents.iter().map(|document| (path.as_str(), document.root())))
        .collect();
    let services = merged(&files);
    Ok(services
        .iter()
        .map(|service| ServiceSketch {
            name: service.name.to_owned(),
            runs_milvus: service.runs_milvus(),
            serves_clients: service.serves_clients(),
            user: service.user(),
            targets: service.mounts().by_target.into_keys().collect(),
        })
        .collect())
}

/// Without the overrides that Compose ignores.
fn read_by_compose<'a>(
    files: &[(&'a str, Node<'a>)],
    host: &Host<'_>,
    findings: &mut Findings,
) -> Vec<(&'a str, Node<'a>)> {
    let preferred = |file: &str| {
        let rank = OVERRIDES.into_iter().position(|name| Path::new(file).ends_with(name))?;
        if let AtPath::File(env, _) = host.look(&Path::new(file).with_file_name(".env"))
            && named_in(&String::from_utf8_lossy(&env))
                .is_some_and(|names| names.iter().any(|name| name == OVERRIDES[rank]))
        {
            return None;
        }
        let others = OVERRIDES[..rank].iter().map(|name| Path::new(file).with_file_name(name));
        others.into_iter().find(|other| matches!(host.look(other), AtPath::File(..)))
    };
    let mut read = Vec::new();
    for (file, document) in files {
        match preferred(file) {
            Some(other) => {
                let evidence = format!("Compose reads {} and ignores this file", shown_path(&other));
                findings.report(Code::ComposeOverrideIgnored, document.place(), evidence);
            }
            None => read.push((*file, *document)),
        }
    }
    read
}

/// Whether what runs Milvus may be in another file.
fn is_part(document: Node<'_>) -> bool {
    let services = document.get("services").map(Node::entries).unwrap_or_default();
    document.get("include").is_some() || services.iter().any(|service| service.value.get("extends").is_some())
}

fn merged<'a>(files: &'a [(&'a str, Node<'a>)]) -> Vec<Service<'a>> {
    let mut services: Vec<Service<'_>> = Vec::new();
    for (file, document) in files {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        for Entry { key, value } in document.get("services").map(Node::entries).unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            match services.iter_mut().find(|service| service.name == name) {
                Some(service) => service.layers.push(value),
                None => services.push(Service { name, key, layers: vec![value], folder, files }),
            }
        }
    }
    services
}

fn deployment(
    service: &Service<'_>,
    host: &Host<'_>,
    known: &mut Known,
    findings: &mut Findings,
) -> Deployment {
    let mounts = service.mounts();
    let mut settings = service.empty_settings();
    let files = CONFIG_FILES.map(|name| mounts.of(&format!("{CONFIG_FOLDER}/{name}")));
    for (mount, rest) in files.iter().flatten() {
        match &mount.volume {
            Volume::Host(source) => {
                let path = cleaned(&source.join(rest));
                let read = || read_file(&path, mount, rest, host, findings);
                settings.add_layer(known.entry(path.clone()).or_insert_with(read).clone());
            }
            Volume::Text { text, origin } if rest.is_empty() => {
                settings.add_documents(yaml::read(text, origin), READ_DOCUMENTS, findings);
            }
            Volume::Text { .. } | Volume::Secret(_) | Volume::Other => settings.is_partial = true,
        }
    }
    service.add_variables(&mut settings, host);
    let has_no_file = !mounts.is_partial && files.iter().all(Option::is_none);
    let mut unmounted = None;
    if has_no_file && settings.mode() == Mode::Unset && service.serves_clients() {
        match misplaced(&mounts) {
            Some(mount) => {
                let evidence =
                    format!("it is mounted at {}, where Milvus does not look", shown(&mount.target));
                findings.report(Code::SettingsNotMounted, mount.place.clone(), evidence);
                settings.is_partial = true;
            }
            None => {
                let place = service.last("volumes").map_or(service.key, |volumes| volumes.key).place();
                unmounted = Some((service.name.to_owned(), place));
            }
        }
    }
    Deployment {
        mounts: Some(mounts),
        unmounted,
        serves_clients: service.serves_clients(),
        user: service.user(),
        rest: service.publication(),
        ..Deployment::of(settings)
    }
}

/// A configuration file that is mounted where Milvus does not look for it.
fn misplaced(mounts: &Mounts) -> Option<&Mount> {
    let is_misplaced = |mount: &&Mount| {
        let target = Path::new(&mount.target);
        CONFIG_FILES.into_iter().any(|name| target.ends_with(name)) && !target.starts_with(CONFIG_FOLDER)
    };
    mounts.by_target.values().find(is_misplaced)
}

/// Reads a configuration file that is mounted, or that is in a folder that is.
fn read_file(path: &Path, mount: &Mount, rest: &str, host: &Host<'_>, findings: &mut Findings) -> Settings {
    let mut settings = Settings::default();
    match host.look(path) {
        AtPath::File(content, _) => {
            host.follow(&content);
            let origin = Origin::file(path.display().to_string());
            settings.add_documents(yaml::read_file(&content, &origin), READ_DOCUMENTS, findings);
        }
        // A folder need not have them all.
        AtPath::Nothing if !rest.is_empty() => {}
        AtPath::Nothing => {
            let evidence = format!("there is no {}", mount.shown(path));
            findings.report_with(Code::TlsFileNotThere, mount.place.clone(), evidence, |finding| {
                finding.because(
                    "Docker makes an empty folder of a source that is not there, and what the file should say does not reach Milvus",
                );
            });
            settings.is_partial = true;
        }
        AtPath::Folder(_) | AtPath::Unknown => settings.is_partial = true,
    }
    settings
}
