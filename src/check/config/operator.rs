//! The Milvus operator's resource.

use crate::check::config::deployment::{Deployment, Publication};
use crate::check::config::kubernetes::{add_variables, mounts};
use crate::check::config::settings::Settings;
use crate::yaml::{Entry, Node};

/// Reads a resource of kind Milvus, or MilvusCluster.
pub(crate) fn deployment(document: Node<'_>) -> Deployment {
    let spec = document.get("spec");
    let is_cluster = document.text("kind") == Some("MilvusCluster")
        || spec.and_then(|spec| spec.text("mode")) == Some("cluster");
    let component = if is_cluster { "proxy" } else { "standalone" };
    let components = spec.and_then(|spec| spec.get("components"));
    let own = components.and_then(|components| components.get(component));
    let specs: Vec<_> = components.into_iter().chain(own).collect();

    let mut settings = Settings::default();
    match spec.and_then(|spec| spec.entry("config")) {
        Some(config) => settings.add_section(config),
        None => settings.add_root(document.root().place()),
    }
    for env in specs.iter().filter_map(|spec| spec.get("env")) {
        add_variables(&mut settings, env);
    }
    let namespace = document.at(&["metadata", "namespace"]).and_then(Node::as_str);
    Deployment {
        mounts: Some(mounts(&specs, namespace)),
        rest: publication(document, component),
        ..Deployment::of(settings)
    }
}

/// The operator's Service has a REST port only where `serviceRestfulPort` says so
/// (milvus-operator#415); it is the container's port too, by name.
fn publication(document: Node<'_>, component: &'static str) -> Publication {
    let nearest = [&["spec", "components", component] as &[&str], &["spec", "components"], &["spec"]];
    let port = document.at(&["spec", "components", component, "serviceRestfulPort"]);
    Publication::ServiceRestfulPort {
        component,
        port: port.and_then(|port| Some((port.as_go_string()?.into_owned(), port.place()))),
        place: nearest.into_iter().find_map(|path| key_at(document, path)).unwrap_or(document).place(),
    }
}

/// The key at the end of a path.
fn key_at<'a>(document: Node<'a>, path: &[&str]) -> Option<Node<'a>> {
    let (last, above) = path.split_last()?;
    document.at(above)?.entry(last).map(|Entry { key, .. }| key)
}
