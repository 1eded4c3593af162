//! Compose files: the services that run Milvus.

mod config_files;
mod environment;
mod service;
mod syntax;
mod volumes;

use std::path::PathBuf;

use super::deployment::Deployment;
use super::findings::Findings;
use super::host::Host;
use super::settings::Settings;
use super::yaml::{Entry, Node};
use crate::audit::Code;
use service::Service;

/// The largest clusters have some ten. Each can make this program read files.
const MAX_SERVICES: usize = 100;

/// A Compose file and the folder that its paths begin at.
pub(super) struct ComposeFile<'a> {
    pub(super) document: Node<'a>,
    pub(super) folder: PathBuf,
}

/// Reads the services that run Milvus; files that are given together are merged by service, as
/// `docker compose -f FILE -f FILE` does.
pub(super) fn deployments(
    files: &[ComposeFile<'_>],
    host: &Host<'_>,
    findings: &mut Findings,
) -> Vec<Deployment> {
    let services: Vec<_> = merged(files).into_iter().filter(Service::runs_milvus).collect();
    if let (Some(first), true) = (files.first(), services.is_empty()) {
        let place = first.document.entry("services").map_or(first.document, |entry| entry.key).place();
        findings.report(Code::ConfigNotRecognised, place, "no service runs milvusdb/milvus");
    }
    if let Some(service) = services.get(MAX_SERVICES) {
        let evidence = format!("this and later services are not judged: {MAX_SERVICES} run Milvus before it");
        findings.report(Code::ConfigNotRecognised, service.key.place(), evidence);
    }
    services.iter().take(MAX_SERVICES).map(|service| deployment(service, host, findings)).collect()
}

fn deployment(service: &Service<'_>, host: &Host<'_>, findings: &mut Findings) -> Deployment {
    let mounts = volumes::mounts(service);
    let mut settings = Settings::default();
    settings.add_root(environment::key(service).place());
    settings.is_partial |= service.is_partial();
    config_files::add(&mut settings, &mounts, host, findings);
    environment::add(&mut settings, service, host);
    Deployment {
        settings,
        mounts: Some(mounts),
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
