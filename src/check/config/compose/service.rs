use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::check::config::compose::syntax::{interpolated, short_port};
use crate::check::config::deployment::Publication;
use crate::yaml::{Entry, Node};

/// Components that no client connects to.
const INTERNAL_COMPONENTS: [&str; 10] = [
    "rootcoord",
    "datacoord",
    "querycoord",
    "indexcoord",
    "mixcoord",
    "datanode",
    "querynode",
    "indexnode",
    "streamingnode",
    "cdc",
];

/// A Compose file and the folder that its paths begin at.
pub(crate) struct ComposeFile<'a> {
    pub(crate) document: Node<'a>,
    pub(crate) folder: PathBuf,
}

/// A service, as one or more files describe it.
pub(crate) struct Service<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: Node<'a>,
    /// What each file says of it; the last wins.
    pub(crate) layers: Vec<Node<'a>>,
    /// That of the first file that has it: the project's.
    pub(crate) folder: &'a Path,
    /// All files, for what stands beside the services.
    pub(crate) files: &'a [ComposeFile<'a>],
}

impl<'a> Service<'a> {
    /// The entry of the last file that has it.
    pub(crate) fn last(&self, key: &str) -> Option<Entry<'a>> {
        self.layers.iter().rev().find_map(|layer| layer.entry(key))
    }

    /// The entries of all files.
    pub(crate) fn all(&self, key: &'static str) -> impl Iterator<Item = Node<'a>> {
        self.layers.iter().filter_map(move |layer| layer.get(key))
    }

    /// Whether it takes something over from what is not known here.
    pub(crate) fn is_partial(&self) -> bool {
        ["extends", "volumes_from"].into_iter().any(|key| self.last(key).is_some())
    }

    /// Whether its image is made here: what is in it is not known.
    pub(crate) fn is_built(&self) -> bool {
        self.last("build").is_some()
    }

    /// Whether its image is Milvus' own, wherever it is copied to. Another can have any files in it.
    pub(crate) fn has_milvus_own_image(&self) -> bool {
        !self.is_built() && self.image().rsplit('/').nth(1) == Some("milvusdb")
    }

    fn image(&self) -> Cow<'a, str> {
        let image = self.last("image").and_then(|image| image.value.as_str());
        interpolated(image.unwrap_or_default()).text
    }

    /// By its image, whatever registry it comes from, or by its command.
    pub(crate) fn runs_milvus(&self) -> bool {
        is_milvus(&self.image()) || self.component().is_some()
    }

    /// What `milvus run` is told to run.
    fn component(&self) -> Option<String> {
        let words: Vec<_> = ["entrypoint", "command"].into_iter().flat_map(|key| self.words(key)).collect();
        let run = words.windows(3).find(|words| words[0].ends_with("milvus") && words[1] == "run")?;
        Some(run[2].to_lowercase())
    }

    fn words(&self, key: &str) -> Vec<&'a str> {
        let Some(Entry { value, .. }) = self.last(key) else { return Vec::new() };
        let texts = value.as_str().into_iter().chain(value.items().filter_map(Node::as_str));
        texts.flat_map(str::split_whitespace).collect()
    }

    /// Whether clients connect to it: it is a proxy, or everything in one.
    pub(crate) fn serves_clients(&self) -> bool {
        !self.component().is_some_and(|name| INTERNAL_COMPONENTS.contains(&name.as_str()))
    }

    /// How its REST port is reached from outside.
    pub(crate) fn publication(&self) -> Publication {
        let is_on_host = self.last("network_mode").is_some_and(|mode| mode.value.as_str() == Some("host"));
        match self.last("ports") {
            Some(ports) if !is_on_host => {
                let ports_in_container: Vec<_> =
                    self.all("ports").flat_map(Node::items).map(port_in_container).collect();
                Publication::Ports {
                    is_partial: self.is_partial() || ports_in_container.contains(&None),
                    published: ports_in_container.into_iter().flatten().collect(),
                    place: ports.key.place(),
                }
            }
            _ => Publication::Unknown,
        }
    }
}

/// Bitnami's image has its own folders, so that nothing that is said here holds for it.
fn is_milvus(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split(['@', ':']).next().unwrap_or_default();
    matches!(name, "milvus" | "milvus-dev" | "milvus-gpu") && !image.contains("bitnami")
}

/// A port's short form, or the `target` of its long one.
fn port_in_container(port: Node<'_>) -> Option<(u16, u16)> {
    match port.get("target") {
        Some(target) => short_port(&target.as_go_string()?),
        None => short_port(port.as_str()?),
    }
}
