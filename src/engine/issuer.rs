//! From specs to certificates in their places: serial numbers are drawn, keys made and certificates signed on all
//! cores, files staged, read back and judged, certificates recorded, and all of it committed.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rayon::prelude::*;

use crate::base::error::Error;
use crate::base::workers::share;
use crate::engine::folder::IssuedFolder;
use crate::engine::inventory::{self, Inventory};
use crate::engine::leaf::{KeySource, LeafSpec};
use crate::engine::report::{CertificateReport, Report};
use crate::engine::run::Run;
use crate::engine::serials::Serials;
use crate::engine::write::{Change, NewFile, write};
use crate::store::inventory::IssuedEntry;
use crate::store::{Directory, Existing, FileRole};
use crate::x509::{
    Ca, Certificate, KeyAlgorithm, PrivateKey, SerialNumber, certificates_to_pem, generate_keys, key_to_pem,
};

/// Is told how many certificates of how many are in their places.
pub type Progress<'a> = &'a dyn Fn(usize, usize);

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

/// Issues from the CA of a certificate directory. In a dry run it stops before it makes anything, and reports
/// what it would make.
pub(crate) struct Issuer<'a> {
    pub(crate) run: &'a mut Run,
    pub(crate) inventory: &'a Inventory,
    pub(crate) ca: &'a Ca,
    serials: Serials,
    /// What is entered into the inventory with the first certificate beside server.pem and client.pem.
    pub(crate) first_entries: Vec<IssuedEntry>,
}

impl<'a> Issuer<'a> {
    /// Of a CA that has issued from this directory before; `known` are certificates that may be of it.
    pub(crate) fn of(
        run: &'a mut Run,
        inventory: &'a Inventory,
        ca: &'a Ca,
        known: &[&Certificate],
    ) -> Result<Self, Error> {
        let serials = Serials::of(&run.directory, ca, known, inventory)?;
        Ok(Self { run, inventory, ca, serials, first_entries: Vec::new() })
    }

    /// Of a CA that is new in this directory.
    pub(crate) fn of_new(run: &'a mut Run, inventory: &'a Inventory, ca: &'a Ca) -> Result<Self, Error> {
        let serials = Serials::new(&run.directory, ca, inventory)?;
        Ok(Self { run, inventory, ca, serials, first_entries: Vec::new() })
    }

    /// Issues server.pem and client.pem, all at once with the files that change beside them. `keys` are new
    /// keys for the specs that ask for one, where they are made already.
    pub(crate) fn issue_own(
        &mut self,
        specs: &[LeafSpec],
        beside: Vec<NewFile>,
        existing: Existing,
        keys: Option<Vec<PrivateKey>>,
    ) -> Result<(), Error> {
        if self.run.report.dry_run {
            self.preview(specs, &self.run.report.directory.clone());
            return Ok(());
        }
        let serials = self.draw(specs.len())?;
        let signed = sign(self.ca, specs, serials, keys)?;
        let changes_ca = beside.iter().any(|file| file.role == FileRole::CaKey);
        let serial = self.serials.file(&self.run.directory)?;
        if self.inventory.is_begun && !changes_ca {
            // A number that the inventory has is used up, even if nothing comes into its place.
            self.keep_serial()?;
        }
        let mut files = beside;
        let mut entries = Vec::new();
        let mut certificates = Vec::new();
        for (spec, (certificate, new)) in specs.iter().zip(signed) {
            let file = spec.place.files.certificate.to_string();
            entries.push(IssuedEntry::of(spec.leaf.kind, &certificate, file, self.run.now));
            certificates.push(certificate);
            files.extend(new);
        }
        files.push(serial);
        let Run { directory, report, now, .. } = &mut *self.run;
        let inventory = self.inventory;
        let record = |directory: &Directory| inventory.add(directory, &entries);
        let change = Change { files: &files, leaves: specs, existing };
        let written = write(directory, &change, *now, &record)?;
        let folder = report.directory.clone();
        report.add_certificates(specs, &certificates, &folder);
        files.sort_by_key(|file| FileRole::AS_LISTED.iter().position(|role| *role == file.role));
        report.add_written(written, &files, &folder);
        Ok(())
    }

    /// Issues what goes into a folder beside them, with ca.pem. While one batch is written, the next is signed.
    pub(crate) fn issue_into(
        &mut self,
        folder: &mut IssuedFolder,
        specs: &[LeafSpec],
        batches: Batches,
        existing: Existing,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let total = specs.len();
        if self.run.report.dry_run {
            self.preview(specs, &folder.path);
        }
        if self.run.report.dry_run || total == 0 {
            return Ok(());
        }
        let mut done = 0;
        progress(done, total);
        let ca = self.ca;
        let trusted = self.run.directory.read(FileRole::CaCertificate)?.unwrap_or_default();
        let mut batches = specs.chunks(batches.size().min(total));
        let mut specs = batches.next().unwrap_or_default();
        let mut signed = sign(ca, specs, self.reserve(specs.len())?, None)?;
        loop {
            let next = batches.next().map(|specs| Ok::<_, Error>((specs, self.reserve(specs.len())?)));
            let next = next.transpose().map_err(|error| error.after_some(done, total))?;
            let work = next.as_ref().map(|(specs, serials)| || sign(ca, specs, serials.clone(), None));
            let (placed, next_signed) = thread::scope(|scope| {
                let thread = work.map(|work| thread::Builder::new().spawn_scoped(scope, work));
                let placed = self.place(folder, specs, signed, existing, &trusted);
                let next_signed = thread.zip(work).map(|(thread, work)| match thread {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                    // No more threads can be started: this one does it.
                    Err(_) => work(),
                });
                (placed, next_signed.transpose())
            });
            placed.map_err(|error| error.after_some(done, total))?;
            done += specs.len();
            progress(done, total);
            let next_signed = next_signed.map_err(|error| error.after_some(done, total))?;
            match next.zip(next_signed) {
                Some(((next, _), next_signed)) => (specs, signed) = (next, next_signed),
                None => return Ok(()),
            }
        }
    }

    /// Reports what would be made.
    pub(crate) fn preview(&mut self, specs: &[LeafSpec], folder: &Path) {
        self.run.report.preview(specs, folder, self.ca.certificate().subject());
    }

    /// Writes what was signed into its places, having entered it into the inventory.
    fn place(
        &mut self,
        folder: &mut IssuedFolder,
        specs: &[LeafSpec],
        signed: Vec<Signed>,
        existing: Existing,
        trusted: &[u8],
    ) -> Result<(), Error> {
        let mut entries = std::mem::take(&mut self.first_entries);
        let (mut files, mut certificates) = (Vec::new(), Vec::new());
        for (spec, (certificate, new)) in specs.iter().zip(signed) {
            let place = &spec.place.files;
            let file = folder.recorded(&place.certificate);
            entries.push(IssuedEntry::of(spec.leaf.kind, &certificate, file, self.run.now));
            certificates.push(certificate);
            files.extend(new);
            let ca = NewFile::at(place.ca.clone(), FileRole::CaCertificate, trusted);
            files.push(ca.owned_as_in(&folder.directory)?);
        }
        folder.directory.remember_serial(self.serials.last());
        let Run { directory, report, now, .. } = &mut *self.run;
        let record = |_: &Directory| inventory::append(directory, &entries);
        let written =
            write(&mut folder.directory, &Change { files: &files, leaves: specs, existing }, *now, &record)?;
        report.add_certificates(specs, &certificates, &folder.path);
        report.add_written(written, &files, &folder.path);
        Ok(())
    }

    /// Takes serial numbers. ca.srl is on disk before the first certificate that has one: a number that
    /// is lost is harmless, one that is used twice is not.
    fn reserve(&mut self, count: usize) -> Result<Vec<SerialNumber>, Error> {
        let serials = self.draw(count)?;
        self.keep_serial()?;
        Ok(serials)
    }

    fn draw(&mut self, count: usize) -> Result<Vec<SerialNumber>, Error> {
        let serials = self.serials.take(count)?;
        if count > 0 {
            self.run.report.notes.extend(self.serials.note.take());
        }
        Ok(serials)
    }

    /// Writes ca.srl.
    fn keep_serial(&mut self) -> Result<(), Error> {
        let Run { directory, report, now, .. } = &mut *self.run;
        let file = [self.serials.file(directory)?];
        report.add_notes_of(write(directory, &Change::of(&file), *now, &|_| Ok(()))?);
        Ok(())
    }
}

impl Report {
    fn add_certificates(&mut self, specs: &[LeafSpec], certificates: &[Certificate], folder: &Path) {
        for (spec, certificate) in specs.iter().zip(certificates) {
            let LeafSpec { leaf, place, action, notes, .. } = spec;
            let certificate =
                CertificateReport::of_leaf(leaf.kind, folder, &place.files, *action, certificate);
            self.certificates.push(certificate);
            self.notes.extend(notes.iter().cloned());
        }
    }
}

/// A certificate that is not in its place yet, and the files of it and its new key.
type Signed = (Certificate, Vec<NewFile>);

/// Makes keys and certificates, on all cores.
fn sign(
    ca: &Ca,
    specs: &[LeafSpec],
    serials: Vec<SerialNumber>,
    keys: Option<Vec<PrivateKey>>,
) -> Result<Vec<Signed>, Error> {
    const WORTH_SHARING: usize = 8;
    let key_types: Vec<_> = specs.iter().filter_map(|spec| spec.key.new_key_type()).collect();
    let mut keys = match keys {
        Some(keys) => keys,
        None => generate_keys(&key_types)?,
    }
    .into_iter();
    let keys = specs.iter().map(|spec| spec.key.new_key_type().and_then(|_| keys.next()));
    let each = specs.iter().zip(serials).zip(keys);
    let sign = |((spec, serial), key): ((&LeafSpec, SerialNumber), Option<PrivateKey>)| {
        sign_one(ca, spec, &serial, key.as_ref())
    };
    // A few signatures of another kind are made before the threads have started.
    let signs_slowly = matches!(ca.certificate().key_algorithm(), KeyAlgorithm::Rsa(_));
    match signs_slowly || specs.len() >= WORTH_SHARING {
        true => share(|| each.collect::<Vec<_>>().into_par_iter().map(sign).collect()),
        false => each.map(sign).collect(),
    }
}

/// Signs a certificate, for `new_key` if the spec asks for one.
fn sign_one(
    ca: &Ca,
    spec: &LeafSpec,
    serial: &SerialNumber,
    new_key: Option<&PrivateKey>,
) -> Result<Signed, Error> {
    let LeafSpec { leaf, key, place, .. } = spec;
    let public_key = match (key, new_key) {
        (KeySource::Same(key) | KeySource::Elsewhere(key), _) => key.clone(),
        (KeySource::New(_), Some(key)) => key.public_key()?,
        (KeySource::New(_), None) => unreachable!("a key was made for every spec that asks for one"),
    };
    let certificate = ca.issue(leaf, serial, &public_key);
    let certificate = certificate.map_err(Error::in_file(place.files.certificate.to_string()))?;
    let chain = std::iter::once(&certificate).chain(ca.intermediates());
    let (key_role, role) = FileRole::pair_of(leaf.kind);
    let chain = NewFile::at(place.files.certificate.clone(), role, certificates_to_pem(chain));
    let mut files = vec![chain.like(place.certificate.clone())];
    if let Some(key) = new_key {
        files.push(NewFile {
            mode: place.key_mode,
            owner: place.key_owner,
            ..NewFile::at(place.files.key.clone(), key_role, key_to_pem(key)?.as_bytes())
        });
    }
    Ok((certificate, files))
}
