use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::layout::FileRole;

/// The path of a file in a certificate directory, or in a folder of it; never deeper.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RelativePath {
    folder: Option<String>,
    name: Cow<'static, str>,
}

impl RelativePath {
    /// A file in a folder of the directory. Both names are single components of a path.
    pub(crate) fn in_folder(folder: impl Into<String>, name: impl Into<Cow<'static, str>>) -> Self {
        Self { folder: Some(folder.into()), name: name.into() }
    }

    /// A file of the directory itself.
    pub(crate) fn in_directory(name: impl Into<Cow<'static, str>>) -> Self {
        Self { folder: None, name: name.into() }
    }

    pub(crate) fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it leads to a visible file of the directory or of a folder in it, and nowhere else.
    pub(super) fn is_inside(&self) -> bool {
        let is_plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        is_plain(&self.name) && self.folder().is_none_or(is_plain)
    }
}

/// The path of a file as people name it: `certs/ca.pem`, and for the current folder just `ca.pem`.
pub(crate) fn path_of(directory: &Path, file: impl Into<RelativePath>) -> PathBuf {
    let directory = if directory == Path::new(".") { Path::new("") } else { directory };
    let file = file.into();
    directory.join(file.folder().unwrap_or_default()).join(file.name())
}

impl From<FileRole> for RelativePath {
    fn from(role: FileRole) -> Self {
        Self { folder: None, name: role.file_name().into() }
    }
}

impl From<&RelativePath> for RelativePath {
    fn from(path: &RelativePath) -> Self {
        path.clone()
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folder() {
            Some(folder) => write!(f, "{folder}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
