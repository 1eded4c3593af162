use std::path::Path;

use zeroize::Zeroizing;

use crate::base::place::{Place, Position};
use crate::check::config::compose::syntax::{host_volume, interpolated, known, short_port, short_volume};
use crate::check::config::deployment::Publication;
use crate::check::config::host::{Host, cleaned};
use crate::check::config::mounts::{Mount, Mounts, Volume, absolute};
use crate::check::config::settings::{Settings, Value};
use crate::check::config::source::AtPath;
use crate::milvus::container::IMAGE_USER;
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

/// As whom Milvus' image runs, by the version in its tag: since 3.0 not as root (milvus#44524).
pub(crate) fn image_user(image: &str) -> Option<u32> {
    let (_, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
    let major: u32 = tag.trim_start_matches('v').split('.').next()?.parse().ok()?;
    Some(if major >= 3 { IMAGE_USER } else { 0 })
}

/// Where Compose puts a file and what it is, for `secrets` and `configs`.
const FILES: [(&str, &str); 2] = [("secrets", "/run/secrets/"), ("configs", "/")];

/// A service, as one or more files describe it.
pub(crate) struct Service<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: Node<'a>,
    /// What each file says of it; the last wins.
    pub(crate) layers: Vec<Node<'a>>,
    /// That of the first file that has it: the project's. That of standard input is the current one.
    pub(crate) folder: &'a Path,
    /// All files, for what stands beside the services.
    pub(crate) files: &'a [(&'a str, Node<'a>)],
}

impl<'a> Service<'a> {
    /// The entry of the last file that has it.
    pub(crate) fn last(&self, key: &str) -> Option<Entry<'a>> {
        self.layers.iter().rev().find_map(|layer| layer.entry(key))
    }

    /// The entries of all files.
    fn all(&self, key: &'static str) -> impl Iterator<Item = Node<'a>> {
        self.layers.iter().filter_map(move |layer| layer.get(key))
    }

    /// Whether it takes something over from what is not known here.
    fn is_partial(&self) -> bool {
        ["extends", "volumes_from"].into_iter().any(|key| self.last(key).is_some())
    }

    /// Whether its image is made here: what is in it is not known.
    fn is_built(&self) -> bool {
        self.last("build").is_some()
    }

    fn image(&self) -> String {
        let image = self.last("image").and_then(|image| image.value.as_str());
        interpolated(image.unwrap_or_default()).0
    }

    /// As whom it runs, if that is known: by a number, or as the image says.
    pub(crate) fn user(&self) -> Option<u32> {
        let Some(user) = self.last("user").and_then(|user| user.value.as_str()) else {
            return image_user(&self.image()).filter(|_| !self.is_built());
        };
        let (user, is_whole) = interpolated(user);
        match user.split(':').next() {
            Some("root") => Some(0),
            // The last number is nobody's.
            Some(number) if is_whole => number.parse().ok().filter(|user| *user != u32::MAX),
            _ => None,
        }
    }

    /// By its image, whatever registry it comes from, or by its command.
    pub(crate) fn runs_milvus(&self) -> bool {
        is_milvus(&self.image()) || self.component().is_some()
    }

    /// What `milvus run` is told to run.
    fn component(&self) -> Option<String> {
        let values = ["entrypoint", "command"].into_iter().filter_map(|key| self.last(key));
        let texts = values.flat_map(|Entry { value, .. }| {
            value.as_str().into_iter().chain(value.items().filter_map(Node::as_str))
        });
        let words: Vec<_> = texts.flat_map(str::split_whitespace).collect();
        let run = words.windows(3).find(|words| words[0].ends_with("milvus") && words[1] == "run")?;
        Some(run[2].to_lowercase())
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

    /// What is mounted into it: its volumes, and the files of `secrets` and `configs`.
    pub(crate) fn mounts(&self) -> Mounts {
        // Another image than Milvus' own, wherever that is copied to, can have any files in it.
        let has_milvus_own_image = !self.is_built() && self.image().rsplit('/').nth(1) == Some("milvusdb");
        let is_partial = self.is_partial() || !has_milvus_own_image;
        let mut mounts = Mounts { is_partial, ..Mounts::default() };
        for item in self.all("volumes").flat_map(Node::items) {
            let (volume, target) = match (item.as_str(), item.text("type"), item.text("source")) {
                (Some(text), ..) => short_volume(text, self.folder),
                (None, Some("bind"), Some(source)) => {
                    (host_volume(source, self.folder), item.text("target").and_then(known))
                }
                _ => (Volume::Other, item.text("target").and_then(known)),
            };
            match target {
                Some(target) => mounts.add(Mount { target: absolute(&target), volume, place: item.place() }),
                None => mounts.is_partial = true,
            }
        }
        for (field, folder) in FILES {
            let files = self.all(field).flat_map(Node::items);
            files.filter_map(|item| self.file_mount(field, folder, item)).for_each(|mount| mounts.add(mount));
        }
        mounts
    }

    /// A file that is described beside the services and mounted by its name.
    fn file_mount(&self, field: &str, folder: &str, item: Node<'_>) -> Option<Mount> {
        let name = item.as_str().or_else(|| item.text("source"))?;
        let target = item.text("target").unwrap_or(name);
        let described = self.files.iter().rev().find_map(|(_, document)| document.at(&[field, name]));
        let content = described.and_then(|described| described.get("content")?.embedded());
        let volume = match (described.and_then(|described| described.text("file")), content) {
            // Unlike in a volume, a path without a dot before it is a path.
            (Some(file), _) => host_volume(&format!("./{file}").replacen(".//", "/", 1), self.folder),
            // With variables in it, its text is not known.
            (None, Some((text, origin))) if !text.contains('$') => {
                Volume::Text { text: Zeroizing::new(text.to_owned()), origin }
            }
            _ => Volume::Other,
        };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("{folder}{target}") };
        Some(Mount { target: absolute(&target), volume, place: item.place() })
    }

    /// Its settings before anything is read: what is missing then is missing in the last `environment`.
    pub(crate) fn empty_settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.add_root(self.last("environment").map_or(self.key, |entry| entry.key).place());
        settings.is_partial = self.is_partial() || self.is_built();
        settings
    }

    /// Adds its variables, which Milvus prefers to its files: those of `env_file`, and over them
    /// those of `environment`, a list of `NAME=value` or a mapping.
    pub(crate) fn add_variables(&self, settings: &mut Settings, host: &Host<'_>) {
        for files in self.all("env_file") {
            // A single file, or several; each by its path, or as a mapping.
            for file in std::iter::once(files).chain(files.items()) {
                if let Some(path) = file.as_str().or_else(|| file.text("path")) {
                    add_variables_of_file(settings, &self.folder.join(interpolated(path).0), host);
                }
            }
        }
        for environment in self.all("environment") {
            for Entry { key, value } in environment.entries() {
                let text = value.as_go_string().filter(|_| !value.is_null());
                add_variable(settings, key.as_str().unwrap_or_default(), text.as_deref(), value.place());
            }
            for item in environment.items() {
                // Unlike in a file, quotes after the equals sign are part of the value.
                let text = item.as_str().unwrap_or_default();
                let (name, value) =
                    text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
                add_variable(settings, name, value, item.place());
            }
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

fn add_variables_of_file(settings: &mut Settings, path: &Path, host: &Host<'_>) {
    let path = cleaned(path);
    let AtPath::File(content, _) = host.look(&path) else {
        settings.is_partial = true;
        return;
    };
    for (index, line) in String::from_utf8_lossy(&content).lines().enumerate() {
        let start = line.trim_start();
        if let Some((name, value)) = start.split_once('=').filter(|_| !start.starts_with('#')) {
            let position = Position { line: index + 1, column: line.len() - start.len() + 1 };
            let place = Place::at(path.display().to_string(), position);
            add_variable(settings, name, Some(unquoted(value.trim())), place);
        }
    }
}

/// A value without its quotes, or else without the comment after it.
fn unquoted(value: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split_once(quote));
    match quoted {
        Some((inside, _)) => inside,
        None if value.starts_with('#') => "",
        None => value.split(" #").next().unwrap_or_default().trim_end(),
    }
}

/// A variable without a value comes from the environment of Compose.
fn add_variable(settings: &mut Settings, name: &str, value: Option<&str>, place: Place) {
    settings.add_variable(name, value.and_then(known).map_or(Value::Unknown, Value::Text), place);
}
