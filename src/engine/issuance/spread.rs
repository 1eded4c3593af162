use time::OffsetDateTime;

use crate::base::error::Error;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::{IssuedFolder, NewFile, write};
use crate::engine::renew::{Member, Members};
use crate::engine::{FileReport, Report};
use crate::store::{Access, Directory, EndEntityFiles, Existing, FileRole};

/// The ca.pem that is to lie beside a certificate, where it is there and has another.
fn beside(folder: &IssuedFolder, member: &Member, trusted: &[u8]) -> Result<Option<NewFile>, Error> {
    let EndEntityFiles { certificate, ca, .. } = EndEntityFiles::issued(&member.name);
    let is_there = folder.directory.state(&certificate)?.is_some();
    if !is_there || folder.directory.read(&ca)?.is_some_and(|own| *own == trusted) {
        return Ok(None);
    }
    let file = NewFile::at(ca, FileRole::CaCertificate, trusted);
    file.owned_as_in(&folder.directory).map(Some)
}

/// Puts a directory's ca.pem beside everything that was issued, where another one is; in batches, so that
/// it can be gone on with.
pub(crate) fn spread(
    certificates: &mut Directory,
    inventory: &Inventory,
    now: OffsetDateTime,
    report: &mut Report,
    failures: &mut Vec<Error>,
) -> Result<(), Error> {
    const BATCH: usize = 100;
    let trusted = certificates.read(FileRole::CaCertificate)?.unwrap_or_default();
    for Members { folder, members } in Members::all(inventory) {
        let chosen = certificates.path().join(&folder);
        let access = if report.dry_run { Access::Look } else { Access::Change };
        let Some(mut folder) = IssuedFolder::open_if_there(certificates, Some(&chosen), access)? else {
            continue;
        };
        report.add_recovery(folder.directory.recovery());
        let mut files = Vec::new();
        for member in members {
            match beside(&folder, &member, &trusted) {
                Ok(file) => files.extend(file),
                Err(error) => failures.push(error),
            }
        }
        let written = |file: &NewFile| FileReport::of(file.role, folder.path_of(&file.path), file.mode);
        let written: Vec<_> = files.iter().map(written).collect();
        if report.dry_run {
            continue;
        }
        for batch in files.chunks(BATCH) {
            write(&mut folder.directory, batch, &[], Existing::Replace, now, &|_| Ok(()), &mut report.notes)?;
            report.changed = true;
        }
        report.files.extend(written);
    }
    Ok(())
}
