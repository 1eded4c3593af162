//! Files that a person names, and standard input.

use std::path::Path;

use milvus_certs::actions::Error;
use milvus_certs::audit::config::Source;
use milvus_certs::store::{MAX_FILE_SIZE, read_file, read_from};
use zeroize::Zeroizing;

/// Standard input's name on the command line.
const STDIN: &str = "-";

/// Reads a configuration file.
pub(super) fn source(path: &Path) -> Result<Source, Error> {
    let content = match path.to_str() {
        Some(STDIN) => stdin(MAX_FILE_SIZE)?,
        _ => read_file(path)?,
    };
    Ok(Source { name: path.display().to_string(), content })
}

fn stdin(limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(read_from(std::io::stdin().lock(), Path::new("standard input"), limit)?)
}
