//! Many certificates at once: on all cores, and in batches that are each kept when a later one fails.

use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::engine::inventory::is_not_found;
use crate::engine::inventory::{self, Inventory};
use crate::engine::issuance::{NewFile, Plan, Serials, issue_all, path_in, write};
use crate::engine::renew::Members;
use crate::engine::report::CertificateReport;
use crate::engine::{FileReport, Report};
use crate::store::inventory::IssuedEntry;
use crate::store::{Access, Directory, Existing, FileRole, ISSUED_FOLDER, RelativePath, unreadable};
use crate::x509::CertificateAuthority;
use crate::x509::{Certificate, SerialNumber, generate_keys};

/// Is told how many certificates of how many are in their places.
pub type Progress<'a> = &'a dyn Fn(usize, usize);

/// The folder with the folders of what was issued.
pub(crate) struct IssuedFolder {
    pub(crate) directory: Directory,
    /// Its path as reports name it.
    shown: String,
    /// Its path as the inventory names it.
    recorded: String,
}

impl IssuedFolder {
    /// Opens `issued` in a certificate directory, or the folder that was chosen instead.
    pub(crate) fn open(
        certificates: &Directory,
        chosen: Option<&Path>,
        access: Access,
    ) -> Result<Self, Error> {
        let path = Self::path(certificates.path(), chosen);
        let own = canonical(certificates.path())?;
        if own.is_some() && canonical(&path)? == own {
            let message = format!(
                "{}: is the certificate directory itself, and what is issued needs a folder of its own",
                path.display()
            );
            return Err(Error::new(message).with_hint("leave --out out, or name another folder".to_owned()));
        }
        // A link would lead out of the directory.
        if chosen.is_none() || path.starts_with(certificates.path()) {
            certificates.state(inventory::path())?;
        }
        let directory = certificates.open_beside(&path, access)?;
        let recorded = recorded(own.as_deref().unwrap_or(certificates.path()), &path)?;
        Ok(Self { directory, shown: path.display().to_string(), recorded })
    }

    /// The same; nothing where there is no such folder.
    pub(crate) fn open_if_there(
        certificates: &Directory,
        chosen: Option<&Path>,
        access: Access,
    ) -> Result<Option<Self>, Error> {
        match Self::open(certificates, chosen, access) {
            Err(error) if is_not_found(&error) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// All that there may be: `issued` itself, those of the inventory, and another one.
    pub(crate) fn all(
        certificates: &Directory,
        inventory: &Inventory,
        output: Option<&Path>,
    ) -> Vec<Option<PathBuf>> {
        let recorded =
            Members::all(inventory).into_iter().map(|members| certificates.path().join(members.folder));
        let own = certificates.path().join(ISSUED_FOLDER);
        let mut all: Vec<_> = recorded.filter(|folder| *folder != own).map(Some).collect();
        all.push(None);
        all.extend(output.map(|output| Some(output.to_owned())).filter(|output| !all.contains(output)));
        all
    }

    /// The path of a file in it, as the inventory names it.
    pub(crate) fn recorded(&self, file: &RelativePath) -> String {
        format!("{}/{file}", self.recorded)
    }

    /// The path of a file in it, as reports name it.
    pub(crate) fn path_of(&self, file: &RelativePath) -> String {
        path_in(&self.shown, file)
    }

    /// Where it is.
    pub(crate) fn path(certificates: &Path, chosen: Option<&Path>) -> PathBuf {
        let own = if certificates == Path::new(".") { Path::new("") } else { certificates };
        chosen.map_or_else(|| own.join(ISSUED_FOLDER), Path::to_owned)
    }
}

/// A path from the certificate directory, or where it is not in that, from the root.
fn recorded(certificates: &Path, folder: &Path) -> Result<String, Error> {
    let folder = canonical(folder)?.unwrap_or_else(|| folder.to_owned());
    Ok(folder.strip_prefix(certificates).unwrap_or(&folder).display().to_string())
}

/// The path without links; nothing where nothing is there.
fn canonical(path: &Path) -> Result<Option<PathBuf>, Error> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        path_there => Ok(Some(path_there.map_err(unreadable(path))?)),
    }
}

/// How much is done at a time.
#[derive(Clone, Copy)]
pub(crate) enum Batches {
    /// Everything or nothing.
    One,
    /// As much as takes a moment: what is finished stays.
    Small,
}

impl Batches {
    fn size(self) -> usize {
        /// Enough to keep a core busy between two waits for the disk, and with RSA keys a second's work.
        const PER_CORE: usize = 16;
        match self {
            Self::One => usize::MAX,
            // Tests see several batches of a few certificates.
            Self::Small if cfg!(test) => 2,
            Self::Small => PER_CORE * thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Issues from the authority of a certificate directory.
pub(crate) struct Issuer<'a> {
    /// The certificate directory, which has ca.srl and the inventory.
    pub(crate) certificates: &'a mut Directory,
    pub(crate) authority: &'a CertificateAuthority,
    pub(crate) serials: &'a mut Serials,
    /// The content of ca.pem.
    pub(crate) trusted: &'a [u8],
    /// What is entered into the inventory with the first of them.
    pub(crate) first_entries: Vec<IssuedEntry>,
    pub(crate) existing: Existing,
    pub(crate) now: OffsetDateTime,
}

impl Issuer<'_> {
    /// Issues what was planned, and reports it. While one batch is written, the next is signed.
    pub(crate) fn issue(
        &mut self,
        folder: &mut IssuedFolder,
        plans: &[Plan],
        batches: Batches,
        progress: Progress<'_>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let total = plans.len();
        let mut done = 0;
        progress(done, total);
        let authority = self.authority;
        let mut batches = plans.chunks(batches.size().min(total.max(1)));
        let mut signed = match batches.next() {
            Some(first) => Some(sign(authority, first, self.reserve(first.len(), report)?)?),
            None => None,
        };
        while let Some(current) = signed {
            let count = current.len();
            let next =
                batches.next().map(|plans| Ok((plans, self.reserve(plans.len(), report)?))).transpose();
            let next = next.map_err(|source: Error| source.after_some(done, total))?;
            let (written, next) = thread::scope(|scope| {
                let work = next
                    .as_ref()
                    .map(|(plans, serials): &(&[Plan], Vec<_>)| || sign(authority, plans, serials.clone()));
                let signing = work.map(|work| thread::Builder::new().spawn_scoped(scope, work));
                let written = self.place(folder, current, report);
                let next = signing.zip(work).map(|(thread, work)| match thread {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                    // No more threads can be started: this one does it.
                    Err(_) => work(),
                });
                (written, next.transpose())
            });
            written.map_err(|source| source.after_some(done, total))?;
            done += count;
            progress(done, total);
            signed = next.map_err(|source| source.after_some(done, total))?;
        }
        Ok(())
    }

    /// Writes what was signed into its places, having entered it into the inventory.
    fn place(
        &mut self,
        folder: &mut IssuedFolder,
        signed: Vec<Signed<'_>>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut entries = std::mem::take(&mut self.first_entries);
        let (mut files, mut plans, mut certificates) = (Vec::new(), Vec::new(), Vec::new());
        for Signed { plan, certificate, files: new } in signed {
            let file = &plan.files.certificate;
            entries.push(IssuedEntry::of(plan.kind, &certificate, folder.recorded(file), self.now));
            let path = folder.path_of(file);
            certificates.push(CertificateReport::of(plan.kind.name(), path, plan.action, &certificate));
            files.extend(new);
            files.push(self.trusted(plan).owned_as_in(&folder.directory)?);
            plans.push(plan);
        }
        folder.directory.remember_serial(self.serials.last());
        let certificate_directory = &*self.certificates;
        let record = |_: &Directory| inventory::append(certificate_directory, &entries);
        let backup = write(
            &mut folder.directory,
            &files,
            &plans,
            self.existing,
            self.now,
            &record,
            &mut report.notes,
        )?;
        report.changed = true;
        report.backup = report.backup.take().or(backup.map(|path| path.display().to_string()));
        report.certificates.extend(certificates);
        let written = |file: &NewFile| FileReport::of(file.role, folder.path_of(&file.path), file.mode);
        report.files.extend(files.iter().map(written));
        Ok(())
    }

    /// Takes serial numbers. ca.srl is on disk before the first certificate that has one: a number that
    /// is lost is harmless, one that is used twice is not.
    fn reserve(&mut self, count: usize, report: &mut Report) -> Result<Vec<SerialNumber>, Error> {
        let notes = &mut report.notes;
        let serials = self.serials.take(count, notes)?;
        let file = self.serials.file().owned_as_in(self.certificates)?;
        write(self.certificates, &[file], &[], Existing::Replace, self.now, &|_| Ok(()), notes)?;
        Ok(serials)
    }

    /// ca.pem beside a certificate.
    fn trusted(&self, plan: &Plan) -> NewFile {
        NewFile::at(plan.files.ca.clone(), FileRole::CaCertificate, self.trusted)
    }
}

/// A certificate that is not in its place yet.
struct Signed<'a> {
    plan: &'a Plan,
    certificate: Certificate,
    files: Vec<NewFile>,
}

/// Makes keys and certificates, on all cores.
fn sign<'a>(
    authority: &CertificateAuthority,
    plans: &'a [Plan],
    serials: Vec<SerialNumber>,
) -> Result<Vec<Signed<'a>>, Error> {
    let key_types: Vec<_> = plans.iter().filter_map(Plan::new_key_type).collect();
    let issued = issue_all(plans, authority, serials, generate_keys(&key_types)?)?;
    let signed =
        plans.iter().zip(issued).map(|(plan, (certificate, files))| Signed { plan, certificate, files });
    Ok(signed.collect())
}
