use std::fmt;

use serde::Serialize;

/// A file, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file or folder, as it was named.
    pub path: String,
    /// Where in a text file.
    pub position: Option<Position>,
}

/// A position in a text file, both counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Place {
    /// A file or folder as a whole.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), position: None }
    }

    /// A place in a text file.
    #[must_use]
    pub fn at(path: impl Into<String>, position: Position) -> Self {
        Self { path: path.into(), position: Some(position) }
    }
}

/// `path`, or `path:line:column`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            None => f.write_str(&self.path),
            Some(Position { line, column }) => write!(f, "{}:{line}:{column}", self.path),
        }
    }
}
