//! What is left when a run ends at any of its changes to the file system: by SIGKILL, or because
//! that change fails.

#![allow(clippy::disallowed_methods, reason = "here files are damaged on purpose")]

mod config_out;
mod gen_and_renew;
mod interference;
mod interrupted_twice;
mod issued;
mod random;
mod regressions;
mod run;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2030-01-01 00:00:00 UTC);
const LATER: OffsetDateTime = datetime!(2030-06-01 00:00:00 UTC);

/// Whether there is time for every case: CRASH_TESTS is `more` or `all`.
fn has_time() -> bool {
    std::env::var_os("CRASH_TESTS").is_some()
}

/// Whether to try everything in every case, which takes many minutes.
fn is_thorough() -> bool {
    std::env::var_os("CRASH_TESTS").is_some_and(|value| value == "all")
}

/// Every file below a folder with its mode and content.
fn snapshot(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    use std::os::unix::fs::PermissionsExt;
    let mut files = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for entry in entries.map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            files.insert(format!("{name}/"), Vec::new());
            files.extend(
                snapshot(&path).into_iter().map(|(inner, content)| (format!("{name}/{inner}"), content)),
            );
        } else {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
            files.insert(format!("{name} {mode:04o}"), std::fs::read(path).unwrap());
        }
    }
    files
}
