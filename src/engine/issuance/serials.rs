use std::collections::HashSet;
use std::path::PathBuf;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::NewFile;
use crate::engine::notes;
use crate::store::{Directory, FileRole};
use crate::x509::CertificateAuthority;
use crate::x509::{Certificate, SerialCounter, SerialNumber};

/// A counter that starts at a random place, if there is room above this number.
fn random_above(highest: Option<&SerialNumber>) -> Result<SerialCounter, Error> {
    const TRIES: usize = 100;
    let mut counter = SerialCounter::random()?;
    for _ in 0..TRIES {
        if highest.is_none_or(|highest| highest < counter.last()) {
            break;
        }
        counter = SerialCounter::random()?;
    }
    Ok(counter)
}

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
        let counter = random_above(inventory.serials_of(&name).max().as_ref())?;
        Ok(Self { counter, notes: Vec::new(), in_use, path })
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
        let counter = content.as_ref().map(|content| SerialCounter::parse(content)).transpose();
        let counter = counter.map_err(Error::in_file(&path))?;
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
        let Some(counter) = counter else {
            let counter = random_above(highest.as_ref())?;
            return Ok(Self { counter, notes: vec![notes::serial_started()], in_use, path });
        };
        // What somebody signed with the very last number leaves room below.
        let ahead = highest.filter(|highest| highest > counter.last());
        let ahead = ahead.filter(|highest| !SerialCounter::at(highest.clone()).is_exhausted());
        Ok(match ahead {
            Some(serial) => {
                let counter = SerialCounter::at(serial.clone());
                Self { counter, notes: vec![notes::serial_skipped(&serial)], in_use, path }
            }
            None => Self { counter, notes: Vec::new(), in_use, path },
        })
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

    /// The number that was given out last, as ca.srl has it.
    pub(crate) fn last(&self) -> String {
        self.counter.to_string()
    }

    /// ca.srl with the number that was given out last.
    pub(crate) fn file(&self) -> NewFile {
        NewFile::new(FileRole::CaSerial, self.counter.to_string())
    }
}
