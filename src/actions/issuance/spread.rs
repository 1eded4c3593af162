use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Inventory, IssuedFolder, NewFile, write};
use crate::actions::renew::Members;
use crate::actions::{Error, FileReport, Report};
use crate::store::{self, Access, Backup, Directory, EndEntityFiles, FileRole};

/// Puts a directory's ca.pem beside everything that was issued, where another one is; in batches, so that
/// it can be gone on with.
pub(crate) fn spread(
    certificates: &mut Directory,
    inventory: &Inventory,
    now: OffsetDateTime,
    report: &mut Report,
) -> Result<(), Error> {
    const BATCH: usize = 100;
    let trusted = certificates.read(FileRole::CaCertificate)?.unwrap_or_default();
    for Members { folder, members } in Members::all(inventory) {
        let chosen = certificates.path().join(&folder);
        let access = if report.dry_run { Access::Look } else { Access::Change };
        let mut folder = match IssuedFolder::open(certificates, Some(&chosen), access) {
            Err(Error::Store(store::Error::NotFound { .. })) => continue,
            opened => opened?,
        };
        report.add_recovery(folder.directory.recovery());
        let mut files = Vec::new();
        for member in members {
            let EndEntityFiles { certificate, authority, .. } = EndEntityFiles::issued(&member.name);
            let is_there = folder.directory.state(&certificate)?.is_some();
            if is_there && folder.directory.read(&authority)?.as_ref() != Some(&trusted) {
                let owner = folder.directory.state(&authority)?.map(|state| state.owner);
                let content = Zeroizing::new(trusted.to_vec());
                files.push(NewFile {
                    path: authority,
                    content,
                    owner,
                    ..NewFile::new(FileRole::CaCertificate, [])
                });
            }
        }
        let written = |file: &NewFile| FileReport::of(file.role, folder.path_of(&file.path), file.mode);
        let written: Vec<_> = files.iter().map(written).collect();
        if report.dry_run {
            continue;
        }
        for batch in files.chunks(BATCH) {
            write(&mut folder.directory, batch, &[], Backup::None, now, &|_| Ok(()), &mut report.notes)?;
            report.changed = true;
        }
        report.files.extend(written);
    }
    Ok(())
}
