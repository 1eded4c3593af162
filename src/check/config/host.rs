//! The files of this machine that a configuration names.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use crate::check::bundle::Bundle;
use crate::check::config::certificates::cas_of_keys;
use crate::check::config::source::{AtPath, Look, Source};
use crate::store::FileRole;

/// This machine's files; those that were given are as they were given.
pub(crate) struct Host<'a> {
    look: Look<'a>,
    sources: &'a [Source],
    /// The given files that were found by following a mount.
    followed: RefCell<HashSet<String>>,
    /// Where the keys of CAs are below what is mounted.
    keys: RefCell<HashMap<PathBuf, Option<PathBuf>>>,
    /// How many files may still be read in search of keys.
    searches: Cell<usize>,
}

/// A folder with certificates has some ten files.
const MAX_SEARCHED: usize = 100;
/// A key has some 3 KiB, a CA's file seldom more than one certificate.
const MAX_KEY_FILE: usize = 256 * 1024;
/// So that no number of mounts makes the search long.
const MAX_SEARCHES: usize = 1_000;

impl<'a> Host<'a> {
    pub(crate) fn new(sources: &'a [Source], look: Look<'a>) -> Self {
        Self {
            look,
            sources,
            followed: RefCell::default(),
            keys: RefCell::default(),
            searches: Cell::new(MAX_SEARCHES),
        }
    }

    /// What is at a path.
    pub(crate) fn look(&self, path: &Path) -> AtPath {
        let path = cleaned(path);
        match self.sources.iter().find(|source| source.name != "-" && cleaned(source.name.as_ref()) == path) {
            Some(source) => AtPath::File(Zeroizing::new(source.content.to_vec()), None),
            None => (self.look)(&path),
        }
    }

    /// Where the private key of a CA is, by its name or its content: in a file itself, in a folder, or
    /// in a folder of that; the path below what is asked for.
    pub(crate) fn ca_key(&self, path: &Path, directory: &Bundle) -> Option<PathBuf> {
        if let Some(known) = self.keys.borrow().get(path) {
            return known.clone();
        }
        let mut files = Vec::new();
        self.collect(path, Path::new(""), 0, &mut files);
        let named = files.iter().position(|(name, _)| name.ends_with(FileRole::CaKey.file_name()));
        let contents = files.iter().map(|(_, content)| content.as_slice());
        let found = named.or_else(|| cas_of_keys(contents, directory).iter().position(Option::is_some));
        let found = found.map(|index| files.swap_remove(index).0);
        self.keys.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    /// The files at a path and below it, at most two folders deep.
    fn collect(
        &self,
        top: &Path,
        below: &Path,
        depth: usize,
        files: &mut Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    ) {
        if files.len() >= MAX_SEARCHED || self.searches.get() == 0 {
            return;
        }
        self.searches.set(self.searches.get() - 1);
        match self.look(&top.join(below)) {
            AtPath::File(content, _) if content.len() > MAX_KEY_FILE => {}
            AtPath::File(content, _) => files.push((below.to_owned(), content)),
            AtPath::Folder(mut names) if depth < 2 => {
                names.sort_unstable();
                for name in names.iter().take(MAX_SEARCHED) {
                    self.collect(top, &below.join(name), depth + 1, files);
                }
            }
            // What cannot be read can still be told by its name.
            AtPath::Unknown if depth > 0 => files.push((below.to_owned(), Zeroizing::default())),
            AtPath::Folder(_) | AtPath::Unknown | AtPath::Nothing => {}
        }
    }

    /// Notes that Milvus reads a file by way of a mount. A given file that says the same is taken for
    /// it: the same file can have two names.
    pub(crate) fn follow(&self, content: &[u8]) {
        let same = self.sources.iter().filter(|source| source.content.as_slice() == content);
        self.followed.borrow_mut().extend(same.map(|source| source.name.clone()));
    }

    /// Whether a given file is one that Milvus reads by way of a mount.
    pub(crate) fn is_followed(&self, name: &str) -> bool {
        self.followed.borrow().contains(name)
    }
}

/// A path without `.` and, where they can be resolved, `..`.
pub(crate) fn cleaned(path: &Path) -> PathBuf {
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
