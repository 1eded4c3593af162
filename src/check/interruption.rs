//! What commands that change nothing say of interrupted runs.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::command;
use crate::store::inventory::entries_of;
use crate::store::{Interruption, RelativePath, View, path_of};

/// Looks for interrupted runs in a certificate directory, and in the folders of what was issued.
///
/// # Errors
/// If one of them cannot be looked at.
pub(crate) fn interrupted_runs(directory: &Path) -> Result<Vec<Note>, Error> {
    View::of(directory, |view| {
        // A damaged inventory is for others to report.
        let inventory = view.inventory().ok().flatten();
        let overview =
            inventory.and_then(|file| entries_of(BufReader::new(file), |_| {}).ok()).unwrap_or_default();
        let mut found: Vec<(PathBuf, Interruption)> = Vec::new();
        found.extend(view.interruption().map(|own| (directory.to_owned(), own.clone())));
        for folder in overview.folders() {
            let interruption = view.interruption_in(&folder)?;
            found.extend(interruption.map(|interruption| (directory.join(&folder), interruption)));
        }
        let note = |(folder, interruption): (PathBuf, Interruption)| match interruption {
            Interruption::Own => {
                let complete = command("renew --if-due 0s", directory);
                let message = format!(
                    "{}: an earlier run was interrupted, and what is here is from before it or from after it; `{complete}` completes or undoes it",
                    folder.display()
                );
                Note::new("interrupted-run", message)
            }
            Interruption::AtWork => {
                let message = format!("{}: a run is at work in it, and does not go on", folder.display());
                Note::new("run-at-work", message)
            }
            Interruption::NotOwn { journal, reason } => {
                let path = path_of(&folder, RelativePath::in_directory(journal));
                let message = format!(
                    "{}: is what an interrupted run leaves, but not one of yours: {reason}; no command touches it",
                    path.display()
                );
                Note::new("foreign-journal", message)
            }
        };
        Ok(found.into_iter().map(note).collect())
    })
}
