//! The serial numbers that a CA gives out, each once.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::inventory::Inventory;
use crate::engine::notes;
use crate::engine::write::NewFile;
use crate::store::{Directory, FileRole};
use crate::x509::{Ca, Certificate, SerialCounter, SerialNumber};

pub(crate) struct Serials {
    counter: SerialCounter,
    /// The note for whoever takes the first number.
    pub(crate) note: Option<Note>,
    in_use: HashSet<SerialNumber>,
    /// ca.srl.
    path: PathBuf,
}

impl Serials {
    /// Of a CA that is new in its directory: it begins above what the inventory has of a CA of the same name.
    pub(crate) fn new(directory: &Directory, ca: &Ca, inventory: &Inventory) -> Result<Self, Error> {
        let used = inventory.serials_of(&ca.certificate().subject().to_string());
        let counter = random_above(used.iter().max())?;
        let in_use = used.into_iter().chain([ca.certificate().serial().clone()]).collect();
        Ok(Self { counter, note: None, in_use, path: directory.path_of(FileRole::CaSerial) })
    }

    /// Goes on from a directory's ca.srl, above every number that is known of this CA's certificates:
    /// somebody may have put an older ca.srl there.
    pub(crate) fn of(
        directory: &Directory,
        ca: &Ca,
        known: &[&Certificate],
        inventory: &Inventory,
    ) -> Result<Self, Error> {
        let role = FileRole::CaSerial;
        let path = directory.path_of(role);
        let content = directory.read(role)?;
        let counter = content.as_ref().map(|content| SerialCounter::parse(content)).transpose();
        let counter = counter.map_err(Error::in_file(&path))?;
        let unrecorded = inventory.unrecorded(directory.path())?;
        let unrecorded = unrecorded.iter().filter_map(|found| found.certificate.as_ref());
        let there = known.iter().copied().chain(unrecorded);
        let there = there.filter(|certificate| certificate.is_issued_by(ca.certificate()));
        let used = inventory.serials_of(&ca.certificate().subject().to_string());
        let mut in_use: HashSet<_> =
            used.into_iter().chain(there.map(|found| found.serial().clone())).collect();
        let highest = in_use.iter().max().cloned();
        // A CA's own number is random, and as good as any other.
        in_use.insert(ca.certificate().serial().clone());
        let (counter, note) = match (counter, highest) {
            (None, highest) => (random_above(highest.as_ref())?, Some(notes::serial_started())),
            (Some(counter), Some(highest)) if is_behind(&counter, &highest) => {
                (SerialCounter::at(highest.clone()), Some(notes::serial_skipped(&highest)))
            }
            (Some(counter), _) => (counter, None),
        };
        Ok(Self { counter, note, in_use, path })
    }

    /// Takes so many serial numbers that are not in use.
    pub(crate) fn take(&mut self, count: usize) -> Result<Vec<SerialNumber>, Error> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let serial = self.counter.advance().map_err(Error::in_file(&self.path))?;
            if self.in_use.insert(serial.clone()) {
                taken.push(serial);
            }
        }
        Ok(taken)
    }

    /// The number that was given out last, as ca.srl has it.
    pub(crate) fn last(&self) -> String {
        self.counter.to_string()
    }

    /// ca.srl with the number that was given out last.
    pub(crate) fn file(&self, directory: &Directory) -> Result<NewFile, Error> {
        NewFile::new(FileRole::CaSerial, self.last()).owned_as_in(directory)
    }
}

/// What somebody signed with the very last number leaves room below.
fn is_behind(counter: &SerialCounter, highest: &SerialNumber) -> bool {
    highest > counter.last() && !SerialCounter::at(highest.clone()).is_exhausted()
}

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
