//! What is said of interrupted runs.

use std::io::BufReader;
use std::path::Path;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::command;
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::store::inventory::entries_of;
use crate::store::{Interruption, RelativePath, View};

/// What an interrupted run left in a folder of a certificate directory, or in the directory itself.
pub(crate) fn judge_interruption(interruption: &Interruption, folder: &Path, directory: &str) -> Finding {
    let (code, path, evidence) = match interruption {
        Interruption::Own => {
            (Code::InterruptedRun, folder.to_owned(), "an earlier run was interrupted".into())
        }
        Interruption::AtWork => {
            (Code::InterruptedRun, folder.to_owned(), "a run is at work in it, and does not go on".into())
        }
        Interruption::NotOwn { journal, reason } => {
            let path = RelativePath::in_directory(*journal).below(folder);
            let evidence = format!("is what an interrupted run leaves, but not one of yours: {reason}");
            (Code::ForeignJournal, path, evidence)
        }
    };
    Finding::in_directory(code, path.display().to_string(), evidence, directory)
}

/// What commands that change nothing say of the interrupted runs in a certificate directory, and in the folders
/// of what was issued.
///
/// # Errors
/// If one of them cannot be looked at.
pub(crate) fn interrupted_runs(directory: &Path) -> Result<Vec<Note>, Error> {
    View::of(directory, |view| {
        // A damaged inventory is for others to report.
        let inventory = view.inventory().ok().flatten();
        let overview =
            inventory.and_then(|file| entries_of(BufReader::new(file), |_| {}).ok()).unwrap_or_default();
        let own = view.interruption().map(|own| note(own, directory, directory));
        let mut notes: Vec<_> = own.into_iter().collect();
        for folder in overview.folders() {
            let found = view.interruption_in(&folder)?;
            notes.extend(found.map(|found| note(&found, &directory.join(&folder), directory)));
        }
        Ok(notes)
    })
}

fn note(interruption: &Interruption, folder: &Path, directory: &Path) -> Note {
    let Finding { code, place, evidence, .. } = judge_interruption(interruption, folder, "");
    let (code, more) = match interruption {
        Interruption::Own => {
            let complete = command("renew --if-due 0s", directory);
            let more = format!(
                ", and what is here is from before it or from after it; `{complete}` completes or undoes it"
            );
            (code.name(), more)
        }
        Interruption::AtWork => ("run-at-work", String::new()),
        Interruption::NotOwn { .. } => (code.name(), "; no command touches it".into()),
    };
    Note::new(code, format!("{place}: {evidence}{more}"))
}
