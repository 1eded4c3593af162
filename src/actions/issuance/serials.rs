use std::collections::HashSet;
use std::path::PathBuf;

use super::{Inventory, NewFile};
use crate::actions::{Error, Note};
use crate::pki::{Certificate, CertificateAuthority, SerialCounter, SerialNumber};
use crate::store::{Directory, FileRole};

/// The serial numbers that a CA gives out, each once.
pub(crate) struct Serials {
    counter: SerialCounter,
    /// The notes for whoever takes the first number.
    notes: Vec<Note>,
    in_use: HashSet<SerialNumber>,
    /// ca.srl.
    path: PathBuf,
}

impl Serials {
    /// Of a CA that is new in its directory: it begins above what the inventory has of a namesake.
    pub(crate) fn new(
        directory: &Directory,
        authority: &CertificateAuthority,
        inventory: &Inventory,
    ) -> Result<Self, Error> {
        let name = authority.certificate().subject().to_string();
        let in_use = inventory.serials_of(&name).chain([authority.certificate().serial().clone()]).collect();
        let path = directory.path_of(FileRole::CaSerial);
        let mut new = Self { counter: SerialCounter::random()?, notes: Vec::new(), in_use, path };
        new.go_on_above(inventory.serials_of(&name).max());
        Ok(new)
    }

    /// Goes on from a directory's ca.srl, above every number that is known of this CA's certificates:
    /// somebody may have put an older ca.srl there.
    pub(crate) fn of(
        directory: &Directory,
        authority: &CertificateAuthority,
        known: &[&Certificate],
        inventory: &Inventory,
    ) -> Result<Self, Error> {
        let role = FileRole::CaSerial;
        let path = directory.path_of(role);
        let content = directory.read(role)?;
        let counter = match &content {
            Some(content) => SerialCounter::parse(content).map_err(Error::in_file(&path))?,
            None => SerialCounter::random()?,
        };
        let signed = |certificate: &&Certificate| certificate.is_issued_by(authority.certificate());
        let unrecorded = inventory.unrecorded(directory.path())?;
        let unrecorded = unrecorded.iter().filter_map(|found| found.certificate.as_ref());
        let there = known.iter().copied().chain(unrecorded).filter(signed);
        let name = authority.certificate().subject().to_string();
        let used = inventory.serials_of(&name);
        let mut in_use: HashSet<_> = used.chain(there.map(|found| found.serial().clone())).collect();
        let highest = in_use.iter().max().cloned();
        // A CA's own number is random, and as good as any other.
        in_use.insert(authority.certificate().serial().clone());
        let mut serials = Self { counter, notes: Vec::new(), in_use, path };
        let is_behind = serials.go_on_above(highest);
        serials.notes.extend(match (content, is_behind) {
            (None, _) => Some(Note::SerialStarted),
            (Some(_), Some(serial)) => Some(Note::SerialSkipped { serial }),
            (Some(_), None) => None,
        });
        Ok(serials)
    }

    /// Returns the number, if the counter was behind it.
    fn go_on_above(&mut self, highest: Option<SerialNumber>) -> Option<SerialNumber> {
        let counter = SerialCounter::at(highest.filter(|highest| highest > self.counter.last())?);
        // What somebody signed with the very last number leaves room below.
        if counter.is_exhausted() {
            return None;
        }
        self.counter = counter;
        Some(self.counter.last().clone())
    }

    /// Takes so many serial numbers that are not in use.
    pub(crate) fn take(&mut self, count: usize, notes: &mut Vec<Note>) -> Result<Vec<SerialNumber>, Error> {
        if count > 0 {
            notes.append(&mut self.notes);
        }
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> Result<SerialNumber, Error> {
        loop {
            let serial = self.counter.advance().map_err(Error::in_file(&self.path))?;
            if self.in_use.insert(serial.clone()) {
                return Ok(serial);
            }
        }
    }

    /// ca.srl with the number that was given out last.
    pub(crate) fn file(&self) -> NewFile {
        NewFile::new(FileRole::CaSerial, self.counter.to_string())
    }
}
