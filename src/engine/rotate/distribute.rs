//! The ca.pem in each folder of what was issued.

use crate::base::error::Error;
use crate::engine::folder::IssuedFolder;
use crate::engine::inventory::{Inventory, Member, Members};
use crate::engine::run::Run;
use crate::engine::write::{Change, NewFile, write};
use crate::store::{Access, EndEntityFiles, FileRole};

impl Run {
    /// Puts the directory's ca.pem beside everything that was issued, where another one is; in batches, so that
    /// it can be gone on with. Returns why it cannot be done for some.
    pub(crate) fn distribute_ca(&mut self, inventory: &Inventory) -> Result<Vec<Error>, Error> {
        const BATCH: usize = 100;
        let trusted = self.directory.read(FileRole::CaCertificate)?.unwrap_or_default();
        let access = if self.report.dry_run { Access::Look } else { Access::Change };
        let mut failures = Vec::new();
        for Members { folder, members } in inventory.members() {
            let chosen = self.directory.path().join(&folder);
            let opened = IssuedFolder::open_if_there(&self.directory, Some(&chosen), access)?;
            let Some(mut folder) = opened else { continue };
            let mut files = Vec::new();
            for member in members {
                match ca_beside(&folder, &member, &trusted) {
                    Ok(file) => files.extend(file),
                    Err(error) => failures.push(error),
                }
            }
            if self.report.dry_run {
                continue;
            }
            for batch in files.chunks(BATCH) {
                let written = write(&mut folder.directory, &Change::of(batch), self.now, &|_| Ok(()))?;
                self.report.add_written(written, batch, &folder.path);
            }
        }
        Ok(failures)
    }
}

/// The ca.pem that is to lie beside a certificate, where it is there and has another.
fn ca_beside(folder: &IssuedFolder, member: &Member, trusted: &[u8]) -> Result<Option<NewFile>, Error> {
    let EndEntityFiles { certificate, ca, .. } = EndEntityFiles::issued(&member.name);
    let is_there = folder.directory.state(&certificate)?.is_some();
    if !is_there || folder.directory.read(&ca)?.is_some_and(|own| *own == trusted) {
        return Ok(None);
    }
    let file = NewFile::at(ca, FileRole::CaCertificate, trusted);
    file.owned_as_in(&folder.directory).map(Some)
}
