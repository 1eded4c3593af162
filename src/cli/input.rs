//! Files that a person names, and standard input.

use std::path::Path;

use crate::base::error::Error;
use crate::check::config::Source;
use crate::store::{read_file_up_to, read_from};

/// Whether a path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Reads a file or standard input, up to `limit` bytes.
pub(super) fn source(path: &Path, limit: u64) -> Result<Source, Error> {
    let content = match is_stdin(path) {
        true => read_from(std::io::stdin().lock(), Path::new("standard input"), limit)?,
        false => read_file_up_to(path, limit)?,
    };
    Ok(Source { name: path.display().to_string(), content })
}
