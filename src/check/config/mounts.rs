//! What a container has where: which of its paths come from this machine, from a Secret, or from
//! somewhere that cannot be looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::base::place::Place;
use crate::base::shown::{shortened, shown, shown_path};
use crate::check::config::host::{Host, cleaned};
use crate::check::config::secret::Secret;
use crate::check::config::source::AtPath;
use crate::milvus::container::{PUBLIC_CERTIFICATES, WORKING_DIRECTORY};
use crate::store::{FileRole, FileState};
use crate::yaml::Origin;

/// The mounts of a container.
#[derive(Default)]
pub(crate) struct Mounts {
    /// By their targets.
    pub(crate) by_target: BTreeMap<String, Mount>,
    /// There are mounts that are not known here.
    pub(crate) is_partial: bool,
}

pub(crate) struct Mount {
    /// Where it is in the container.
    pub(crate) target: String,
    pub(crate) volume: Volume,
    /// Where it is written.
    pub(crate) place: Place,
}

/// What is mounted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Volume {
    /// A file or folder of this machine.
    Host(PathBuf),
    /// A Kubernetes Secret.
    Secret(SecretVolume),
    /// A file that is written where it is mounted.
    Text {
        text: Zeroizing<String>,
        /// Where its lines are.
        origin: Origin,
    },
    /// Something whose content is not known here.
    Other,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretVolume {
    pub(crate) name: String,
    /// That of the resource that mounts it, if it says one.
    pub(crate) namespace: Option<String>,
    /// Keys and the paths that they get, where not all keys are there under their own names.
    pub(crate) items: Option<Vec<SecretItem>>,
    /// The one path of it that is mounted as a file.
    pub(crate) sub_path: Option<String>,
    /// The permissions of its files, where they are said, and where that is.
    pub(crate) mode: Option<(u32, Place)>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretItem {
    pub(crate) key: String,
    pub(crate) path: String,
    /// Its own, in place of the volume's.
    pub(crate) mode: Option<(u32, Place)>,
}

/// What a path in a container leads to.
pub(crate) enum Lookup {
    /// A file that can be read.
    File(FoundFile),
    /// A mount has no such file.
    Missing(String),
    /// The source of a mount is not there.
    MissingMount(MissingMount),
    /// A folder is mounted where a file is read.
    Folder(String, Place),
    /// No mount covers it.
    NotMounted,
    /// It is one of the image's certificates.
    Public,
    Unknown,
}

/// A mount whose source is not there: Docker makes an empty folder of it.
pub(crate) struct MissingMount {
    pub(crate) evidence: String,
    /// Where it is written.
    pub(crate) place: Place,
    /// It is what is read, and not a folder above it.
    pub(crate) is_file: bool,
}

/// A file that a path leads to.
pub(crate) struct FoundFile {
    pub(crate) content: Zeroizing<Vec<u8>>,
    pub(crate) name: String,
    /// Who may do what with it, where that is known.
    pub(crate) state: Option<FileState>,
    pub(crate) source: FileSource,
}

pub(crate) enum FileSource {
    /// This machine, where Milvus seems to run.
    Machine,
    /// This machine, by way of a mount that is written here.
    Mount(Place),
    /// A Secret, which is judged by itself: where it is there, and what it is taken for.
    Secret(Place, Option<FileRole>),
}

/// A path in a container, without `.`, `..` and double slashes; a relative one as Milvus sees it.
pub(crate) fn absolute(path: &str) -> String {
    let joined = Path::new(WORKING_DIRECTORY).join(path);
    cleaned(&joined).display().to_string()
}

pub(crate) fn is_public(path: &str) -> bool {
    Path::new(path).starts_with(PUBLIC_CERTIFICATES)
}

impl Mounts {
    /// Adds a mount; one with the same target is replaced, as Compose and Kubernetes' tools do.
    pub(crate) fn add(&mut self, mount: Mount) {
        self.by_target.insert(mount.target.clone(), mount);
    }

    /// The mount that a path is in, the one with the longest target, and the path below that; it is empty for
    /// the target itself.
    pub(crate) fn of(&self, path: &str) -> Option<(&Mount, String)> {
        let path = Path::new(path);
        let mount = path.ancestors().find_map(|folder| self.by_target.get(folder.to_str()?))?;
        Some((mount, path.strip_prefix(&mount.target).ok()?.display().to_string()))
    }

    /// What Milvus finds at a path.
    pub(crate) fn find(&self, path: &str, host: &Host<'_>, secrets: &[Secret]) -> Lookup {
        let path = absolute(path);
        match self.of(&path) {
            Some((mount, rest)) => mount.find(&rest, host, secrets),
            None if self.is_partial => Lookup::Unknown,
            None if is_public(&path) => Lookup::Public,
            None => Lookup::NotMounted,
        }
    }
}

impl Mount {
    /// What is said of a file or folder of this machine that is mounted.
    pub(crate) fn shown(&self, source: &Path) -> String {
        format!("{}, which is mounted at {}", shown_path(source), shown(&self.target))
    }

    fn find(&self, rest: &str, host: &Host<'_>, secrets: &[Secret]) -> Lookup {
        match &self.volume {
            Volume::Host(path) => self.find_on_host(path, rest, host),
            Volume::Secret(volume) => {
                volume.among(secrets).map_or(Lookup::Unknown, |secret| volume.find(rest, secret))
            }
            Volume::Text { text, .. } if rest.is_empty() => Lookup::File(FoundFile {
                content: Zeroizing::new(text.as_bytes().to_vec()),
                name: shown(&self.target).into_owned(),
                state: None,
                source: FileSource::Mount(self.place.clone()),
            }),
            Volume::Text { .. } => Lookup::Missing(format!("{} is a file", shown(&self.target))),
            Volume::Other => Lookup::Unknown,
        }
    }

    fn find_on_host(&self, source: &Path, rest: &str, host: &Host<'_>) -> Lookup {
        if matches!(host.look(source), AtPath::Nothing) {
            let evidence = format!("there is no {}", self.shown(source));
            let (place, is_file) = (self.place.clone(), rest.is_empty());
            return Lookup::MissingMount(MissingMount { evidence, place, is_file });
        }
        let path = cleaned(&source.join(rest));
        let name = shown_path(&path);
        match host.look(&path) {
            AtPath::File(content, state) => {
                let source = FileSource::Mount(self.place.clone());
                Lookup::File(FoundFile { content, name, state, source })
            }
            AtPath::Folder(_) => Lookup::Folder(format!("{name} is a folder"), self.place.clone()),
            AtPath::Nothing => Lookup::Missing(format!("there is no {name}")),
            AtPath::Unknown => Lookup::Unknown,
        }
    }
}

impl SecretVolume {
    fn item(&self, path: &str) -> Option<&SecretItem> {
        self.items.iter().flatten().find(|item| item.path == path)
    }

    /// What is said of the permissions of a file of it.
    pub(crate) fn mode_of(&self, rest: &str) -> Option<&(u32, Place)> {
        let item = self.item(self.sub_path.as_deref().unwrap_or(rest));
        item.and_then(|item| item.mode.as_ref()).or(self.mode.as_ref())
    }

    /// The Secret that is mounted. Where no namespace is written `kubectl` can have been told one, and
    /// otherwise it is `default`.
    pub(crate) fn among<'s>(&self, secrets: &'s [Secret]) -> Option<&'s Secret> {
        let own = self.namespace.as_deref();
        let may_be = |secret: &&Secret| {
            let theirs = secret.namespace.as_deref();
            secret.name == self.name && (own.is_none() || theirs.is_none() || own == theirs)
        };
        let is_same =
            |secret: &&Secret| secret.namespace.as_deref().unwrap_or("default") == own.unwrap_or("default");
        let candidates = || secrets.iter().filter(may_be);
        candidates().find(is_same).or_else(|| candidates().next())
    }

    fn find(&self, rest: &str, secret: &Secret) -> Lookup {
        let path = self.sub_path.as_deref().unwrap_or(rest);
        let key = match (&self.items, self.item(path)) {
            (None, _) => path,
            (Some(_), item) => match item {
                Some(item) => &item.key,
                None => return Lookup::Missing(format!("`items` puts nothing at {}", shortened(path))),
            },
        };
        match secret.file(key) {
            Some(file) => Lookup::File(FoundFile {
                content: file.content.clone(),
                name: secret.name_of(key),
                state: None,
                source: FileSource::Secret(file.place.clone(), secret.role(key)),
            }),
            None if secret.has(key) => Lookup::Unknown,
            None => Lookup::Missing(format!("the Secret {} has no {}", shown(&secret.name), shortened(key))),
        }
    }
}
