//! Compose files: the services that run Milvus.

mod config_files;
mod environment;
pub(crate) mod service;
mod syntax;
mod volumes;

use crate::base::shown::shown;
use crate::check::codes::Code;
use crate::check::config::compose::service::{ComposeFile, Service};
use crate::check::config::deployment::{Deployment, Unmounted};
use crate::check::config::findings::Findings;
use crate::check::config::host::Host;
use crate::check::config::settings::{Mode, Settings};
use crate::yaml::{Entry, Node};

/// The largest clusters have some ten. Each can make this program read files.
const MAX_SERVICES: usize = 100;

/// Reads the services that run Milvus; files that are given together are merged by service, as
/// `docker compose -f FILE -f FILE` does.
pub(crate) fn deployments(
    files: &[ComposeFile<'_>],
    host: &Host<'_>,
    findings: &mut Findings,
) -> Vec<Deployment> {
    let services: Vec<_> = merged(files).into_iter().filter(Service::runs_milvus).collect();
    let is_whole = !files.iter().any(|file| is_part(file.document));
    if let (Some(first), true) = (files.first(), services.is_empty() && is_whole) {
        let place = first.document.entry("services").map_or(first.document, |entry| entry.key).place();
        findings.report(Code::ConfigNotRecognised, place, "no service runs milvusdb/milvus");
    }
    if let Some(service) = services.get(MAX_SERVICES) {
        let evidence = format!("this and later services are not judged: {MAX_SERVICES} run Milvus before it");
        findings.report(Code::ConfigNotRecognised, service.key.place(), evidence);
    }
    services.iter().take(MAX_SERVICES).map(|service| deployment(service, host, findings)).collect()
}

/// Whether what runs Milvus may be in another file.
fn is_part(document: Node<'_>) -> bool {
    let services = document.get("services").map(Node::entries).unwrap_or_default();
    document.get("include").is_some() || services.iter().any(|service| service.value.get("extends").is_some())
}

fn deployment(service: &Service<'_>, host: &Host<'_>, findings: &mut Findings) -> Deployment {
    let mounts = volumes::mounts(service);
    let is_known = !mounts.is_partial && config_files::are_missing(&mounts);
    let mut settings = Settings::default();
    settings.add_root(environment::key(service).place());
    settings.is_partial |= service.is_partial() || service.is_built();
    config_files::add(&mut settings, &mounts, host, findings);
    environment::add(&mut settings, service, host);
    let mut unmounted = None;
    if is_known && settings.mode() == Mode::Unset && service.serves_clients() {
        match config_files::misplaced(&mounts) {
            Some(mount) => {
                let evidence =
                    format!("it is mounted at {}, where Milvus does not look", shown(&mount.target));
                findings.report(Code::SettingsNotMounted, mount.place.clone(), evidence);
                settings.is_partial = true;
            }
            None => {
                let place = service.last("volumes").map_or(service.key, |volumes| volumes.key).place();
                unmounted = Some(Unmounted { service: service.name.to_owned(), place });
            }
        }
    }
    Deployment {
        settings,
        mounts: Some(mounts),
        unmounted,
        serves_clients: service.serves_clients(),
        rest: service.publication(),
    }
}

fn merged<'a>(files: &'a [ComposeFile<'a>]) -> Vec<Service<'a>> {
    let mut services: Vec<Service<'_>> = Vec::new();
    for file in files {
        for Entry { key, value } in file.document.get("services").map(Node::entries).unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            match services.iter_mut().find(|service| service.name == name) {
                Some(service) => service.layers.push(value),
                None => {
                    services.push(Service { name, key, layers: vec![value], folder: &file.folder, files })
                }
            }
        }
    }
    services
}
