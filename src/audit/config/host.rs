//! The files of this machine that a configuration names.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::settings::Settings;
use super::{Look, Seen, Source};

/// This machine's files; those that were given are as they were given.
pub(super) struct Host<'a> {
    look: Look<'a>,
    sources: &'a [Source],
    /// The given files that were found by following a mount.
    followed: RefCell<HashSet<String>>,
    /// What configuration files say that services mount: many can mount the same.
    settings: RefCell<HashMap<PathBuf, Settings>>,
}

impl<'a> Host<'a> {
    pub(super) fn new(sources: &'a [Source], look: Look<'a>) -> Self {
        Self { look, sources, followed: RefCell::default(), settings: RefCell::default() }
    }

    /// What is at a path.
    pub(super) fn look(&self, path: &Path) -> Seen {
        let path = cleaned(path);
        match self.sources.iter().find(|source| source.name != "-" && cleaned(source.name.as_ref()) == path) {
            Some(source) => Seen::File(Zeroizing::new(source.content.to_vec())),
            None => (self.look)(&path),
        }
    }

    /// What a configuration file says: `read` is asked once.
    pub(super) fn settings(&self, path: &Path, read: impl FnOnce() -> Settings) -> Settings {
        if let Some(known) = self.settings.borrow().get(path) {
            return known.clone();
        }
        let settings = read();
        self.settings.borrow_mut().insert(path.to_owned(), settings.clone());
        settings
    }

    /// Notes that Milvus reads a file by way of a mount. A given file that says the same is taken for
    /// it: the same file can have two names.
    pub(super) fn follow(&self, content: &[u8]) {
        let same = self.sources.iter().filter(|source| source.content.as_slice() == content);
        self.followed.borrow_mut().extend(same.map(|source| source.name.clone()));
    }

    /// Whether a given file is one that Milvus reads by way of a mount.
    pub(super) fn is_followed(&self, name: &str) -> bool {
        self.followed.borrow().contains(name)
    }
}

/// A path without `.` and, where they can be resolved, `..`.
pub(super) fn cleaned(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match (component, cleaned.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                cleaned.pop();
            }
            _ => cleaned.push(component),
        }
    }
    match cleaned.as_os_str().is_empty() {
        true => ".".into(),
        false => cleaned,
    }
}

/// The folder of a file; that of standard input is the current one.
pub(super) fn folder_of(name: &str) -> PathBuf {
    Path::new(name).parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_without_detours() {
        for (path, expected) in [
            ("./tls", "tls"),
            ("a/./b/../c/", "a/c"),
            ("../tls", "../tls"),
            ("a/../../b", "../b"),
            ("/../etc", "/etc"),
            (".", "."),
            ("", "."),
            ("a/..", "."),
        ] {
            assert_eq!(cleaned(path.as_ref()), Path::new(expected), "{path}");
        }
    }
}
