use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::store::FileState;

/// What is at a path of this machine.
pub(crate) enum AtPath {
    Nothing,
    /// It cannot be told.
    Unknown,
    /// A folder, with the names of the files in it.
    Folder(Vec<String>),
    /// A file, and who may do what with it, where that is known.
    File(Zeroizing<Vec<u8>>, Option<FileState>),
}

/// How the judge looks at this machine's files; reading is the caller's.
pub(crate) type Look<'a> = &'a dyn Fn(&Path) -> AtPath;

/// One file as it was given.
pub struct Source {
    /// `-` is standard input.
    pub name: String,
    pub content: Zeroizing<Vec<u8>>,
}

impl Source {
    /// Its name, as messages call it.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.name == "-" { "standard input" } else { &self.name }
    }
}

/// Without the content: it can hold private keys.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?}, {} octets)", self.name, self.content.len())
    }
}
