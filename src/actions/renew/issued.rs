//! The renewal of what was issued beside server.pem and client.pem, by the inventory.

use std::path::{Path, PathBuf};

use super::{Changes, Issued, Old, RenewRequest, Renewal};
use crate::actions::issuance::{Batches, Inventory, InventoryEntry, IssuedFolder, Issuer, Plan, Progress};
use crate::actions::report::CertificateReport;
use crate::actions::{Action, Error, Note, Report};
use crate::pki::EndEntityKind;
use crate::store::{self, Access, EndEntityFiles, IssuedName};

/// Something that the inventory has.
pub(crate) struct Member {
    pub(crate) name: IssuedName,
    pub(crate) kind: EndEntityKind,
}

/// What the inventory has in one folder.
pub(crate) struct Members {
    /// Where it is, as the inventory says.
    pub(crate) folder: PathBuf,
    pub(crate) members: Vec<Member>,
}

impl Members {
    /// All that was issued and has not been withdrawn from the inventory's point of view, by folder.
    pub(crate) fn all(inventory: &Inventory) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (folder, member) in inventory.in_force().into_iter().filter_map(member) {
            match all.iter_mut().find(|members| members.folder == folder) {
                Some(members) => members.members.push(member),
                None => all.push(Self { folder, members: vec![member] }),
            }
        }
        all
    }

    /// Those of these names.
    fn named(inventory: &Inventory, names: &[IssuedName]) -> Result<Vec<Self>, Error> {
        let mut all = Self::all(inventory);
        let is_there = |name: &&IssuedName| {
            all.iter().flat_map(|members| &members.members).any(|member| member.name == **name)
        };
        if let Some(name) = names.iter().find(|name| !is_there(name)) {
            return Err(Error::NotIssued { name: name.clone() });
        }
        all.iter_mut().for_each(|members| members.members.retain(|member| names.contains(&member.name)));
        all.retain(|members| !members.members.is_empty());
        Ok(all)
    }
}

/// `issued/search/search.pem` is search in issued; the directory's own certificates are in no folder.
fn member(entry: &InventoryEntry) -> Option<(PathBuf, Member)> {
    let own = Path::new(&entry.file).parent()?;
    let name = own.file_name()?.to_str()?.parse().ok()?;
    Some((own.parent()?.to_owned(), Member { name, kind: entry.kind()? }))
}

/// Renews what was asked for and is due.
pub(crate) fn renew_issued(
    request: &RenewRequest,
    inventory: &Inventory,
    issuer: &mut Issuer<'_>,
    progress: Progress<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let all = match &request.issued {
        Issued::None => return Ok(()),
        Issued::All => Members::all(inventory),
        Issued::Named(names) => Members::named(inventory, names)?,
    };
    let access = if request.dry_run { Access::Look } else { Access::Change };
    for Members { folder, members } in all {
        let chosen = issuer.certificates.path().join(&folder);
        let mut opened = match IssuedFolder::open(issuer.certificates, Some(&chosen), access) {
            Err(Error::Store(store::Error::NotFound { .. })) => {
                report.notes.extend(members.into_iter().map(|member| Note::Withdrawn { name: member.name }));
                continue;
            }
            opened => opened?,
        };
        let renewal =
            Renewal { request, directory: &opened.directory, authority: issuer.authority, now: issuer.now };
        let plans = plan(&renewal, &members, &opened, inventory, report)?;
        if request.dry_run {
            let issuer = issuer.authority.certificate().subject();
            let planned =
                plans.iter().map(|plan| plan.report(issuer, opened.path_of(&plan.files.certificate)));
            report.certificates.extend(planned);
        } else {
            issuer.issue(&mut opened, &plans, Batches::Small, progress, report)?;
        }
    }
    Ok(())
}

/// Plans for what is due; the rest is reported.
fn plan(
    renewal: &Renewal<'_>,
    members: &[Member],
    folder: &IssuedFolder,
    inventory: &Inventory,
    report: &mut Report,
) -> Result<Vec<Plan>, Error> {
    let mut plans = Vec::new();
    for member in members {
        let files = EndEntityFiles::issued(&member.name);
        let mut old = Old::read(&folder.directory, member.kind, files)?;
        let Some(certificate) = &old.certificate else {
            report.notes.push(Note::Withdrawn { name: member.name.clone() });
            continue;
        };
        // The last that was entered may never have come into its place.
        if !certificate.serves(old.kind) {
            old.kind = inventory.kind_of(certificate).unwrap_or(old.kind);
        }
        if !certificate.is_issued_by(renewal.authority.certificate())
            || renewal.is_due(&old, &mut report.notes)
        {
            plans.push(renewal.plan(&old, &Changes::default(), &mut report.notes)?);
        } else {
            let path = folder.path_of(&old.files.certificate);
            report.certificates.push(CertificateReport::of(old.kind.name(), path, Action::Kept, certificate));
        }
    }
    Ok(plans)
}
