//! The renewal of what was issued beside server.pem and client.pem, by the inventory.

use std::path::{Path, PathBuf};

use super::{Changes, Issued, Old, RenewRequest, Renewal};
use crate::actions::issuance::{Batches, Inventory, InventoryEntry, IssuedFolder, Issuer, Plan, Progress};
use crate::actions::report::CertificateReport;
use crate::actions::{Action, Error, Note, Report};
use crate::pki::{Certificate, EndEntityKind};
use crate::store::{Access, EndEntityFiles, IssuedName};

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
    fn named(inventory: &Inventory, names: &[IssuedName], directory: &Path) -> Result<Vec<Self>, Error> {
        let mut all = Self::all(inventory);
        let is_there = |name: &&IssuedName| {
            all.iter().flat_map(|members| &members.members).any(|member| member.name == **name)
        };
        if let Some(name) = names.iter().find(|name| !is_there(name)) {
            return Err(Error::NotIssued { name: name.clone(), directory: directory.to_owned() });
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
        Issued::Named(names) => Members::named(inventory, names, &request.directory)?,
    };
    let access = if request.dry_run { Access::Look } else { Access::Change };
    let mut withdrawn = Vec::new();
    for Members { folder, members } in all {
        let chosen = issuer.certificates.path().join(&folder);
        let opened = IssuedFolder::open_if_there(issuer.certificates, Some(&chosen), access)?;
        let Some(mut opened) = opened else {
            withdrawn.extend(members.into_iter().map(|member| (member.name, chosen.clone())));
            refuse_withdrawn(request, &withdrawn)?;
            continue;
        };
        let renewal =
            Renewal { request, directory: &opened.directory, authority: issuer.authority, now: issuer.now };
        let mut plans = Vec::new();
        for member in &members {
            let old = old(&opened, member, inventory, &request.directory)?;
            match &old.certificate {
                Some(certificate) => plans.extend(plan(&renewal, &old, certificate, &opened, report)?),
                None => {
                    withdrawn.push((member.name.clone(), opened.directory.path_of(&old.files.certificate)))
                }
            }
        }
        refuse_withdrawn(request, &withdrawn)?;
        if request.dry_run {
            let issuer = issuer.authority.certificate().subject();
            let planned =
                plans.iter().map(|plan| plan.report(issuer, opened.path_of(&plan.files.certificate)));
            report.certificates.extend(planned);
        } else {
            issuer.issue(&mut opened, &plans, Batches::Small, progress, report)?;
        }
    }
    if !withdrawn.is_empty() {
        let names = withdrawn.into_iter().map(|(name, _)| name).collect();
        report.notes.push(Note::Withdrawn { names });
    }
    Ok(())
}

/// What is there of something that was issued. What was entered last may never have come into its place,
/// so the certificate itself decides what it is for.
fn old(
    folder: &IssuedFolder,
    member: &Member,
    inventory: &Inventory,
    directory: &Path,
) -> Result<Old, Error> {
    let old = Old::read(&folder.directory, member.kind, EndEntityFiles::issued(&member.name));
    let old = old.map_err(|error| error.of_issued(&member.name, directory))?;
    let other = old.certificate.as_ref().filter(|certificate| !certificate.serves(old.kind));
    let kind = other.and_then(|certificate| inventory.kind_of(certificate)).unwrap_or(old.kind);
    Ok(Old { kind, ..old })
}

/// Whoever names something wants it renewed.
fn refuse_withdrawn(request: &RenewRequest, withdrawn: &[(IssuedName, PathBuf)]) -> Result<(), Error> {
    match (&request.issued, withdrawn) {
        (Issued::Named(_), [(name, path), ..]) => {
            let directory = request.directory.clone();
            Err(Error::Withdrawn { path: path.clone(), name: name.clone(), directory })
        }
        _ => Ok(()),
    }
}

/// The plan for what is due; what is not is reported.
fn plan(
    renewal: &Renewal<'_>,
    old: &Old,
    certificate: &Certificate,
    folder: &IssuedFolder,
    report: &mut Report,
) -> Result<Option<Plan>, Error> {
    let is_ours = certificate.is_issued_by(renewal.authority.certificate());
    if !is_ours || renewal.is_due(old, &mut report.notes) {
        // Who names something can give it more names.
        let names = match renewal.request.issued {
            Issued::Named(_) => renewal.request.names.as_slice(),
            Issued::None | Issued::All => &[],
        };
        let changes = Changes { names, ..Changes::default() };
        return renewal.plan(old, &changes, &mut report.notes).map(Some);
    }
    let path = folder.path_of(&old.files.certificate);
    report.certificates.push(CertificateReport::of(old.kind.name(), path, Action::Kept, certificate));
    Ok(None)
}
