//! What those say who only look, where a run was interrupted.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::issuance::entries_of;
use super::{Error, Note};
use crate::store::{Interruption, RelativePath, View};

/// Looks for interrupted runs in a certificate directory, and in the folders of what was issued.
///
/// # Errors
/// If one of them cannot be looked at.
pub fn interrupted_runs(directory: &Path) -> Result<Vec<Note>, Error> {
    View::of(directory, |view| {
        let own = view.interruption().cloned();
        let mut found: Vec<(PathBuf, Interruption)> =
            own.into_iter().map(|interruption| (directory.to_owned(), interruption)).collect();
        // A damaged inventory is for others to report.
        let inventory = view.inventory().ok().flatten();
        let overview =
            inventory.and_then(|file| entries_of(BufReader::new(file), |_| {}).ok()).unwrap_or_default();
        for folder in overview.folders() {
            let interruption = view.interruption_in(&folder)?;
            found.extend(interruption.map(|interruption| (directory.join(&folder), interruption)));
        }
        let note = |(folder, interruption): (PathBuf, Interruption)| match interruption {
            Interruption::Own => Note::Interrupted { folder, directory: directory.to_owned() },
            Interruption::AtWork => Note::AtWork { folder },
            Interruption::Foreign { journal, reason } => {
                let path = RelativePath::in_directory(journal).below(&folder);
                Note::ForeignJournal { path, reason }
            }
        };
        Ok(found.into_iter().map(note).collect())
    })
}
