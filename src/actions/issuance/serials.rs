use std::collections::HashSet;

use super::{Inventory, NewFile};
use crate::actions::{Error, Note};
use crate::pki::{Certificate, CertificateAuthority, SerialCounter, SerialNumber};
use crate::store::{Directory, FileRole};

/// The serial numbers that an authority gives out, each once.
pub(crate) struct Serials {
    counter: SerialCounter,
    /// There is no ca.srl yet.
    is_new: bool,
    in_use: HashSet<SerialNumber>,
}

impl Serials {
    /// Of a new authority, which has used the number of its own certificate alone.
    pub(crate) fn new(authority: &CertificateAuthority) -> Result<Self, Error> {
        let in_use = HashSet::from([authority.certificate().serial().clone()]);
        Ok(Self { counter: SerialCounter::random()?, is_new: false, in_use })
    }

    /// Goes on from a directory's ca.srl. What `known` and the inventory have of this authority is not
    /// given out again, even if somebody put an older ca.srl there.
    pub(crate) fn of(
        directory: &Directory,
        authority: &CertificateAuthority,
        known: &[&Certificate],
        inventory: &Inventory,
    ) -> Result<Self, Error> {
        let role = FileRole::CaSerial;
        let content = directory.read(role)?;
        let counter = match &content {
            Some(content) => {
                SerialCounter::parse(content).map_err(Error::in_file(directory.path_of(role)))?
            }
            None => SerialCounter::random()?,
        };
        let mut in_use = HashSet::from([authority.certificate().serial().clone()]);
        let name = authority.certificate().subject();
        in_use
            .extend(known.iter().filter(|known| known.issuer() == name).map(|known| known.serial().clone()));
        in_use.extend(inventory.serials_of(&name.to_string()));
        Ok(Self { counter, is_new: content.is_none(), in_use })
    }

    /// Takes so many serial numbers that are not in use.
    pub(crate) fn take(&mut self, count: usize, notes: &mut Vec<Note>) -> Result<Vec<SerialNumber>, Error> {
        (0..count).map(|_| self.next(notes)).collect()
    }

    fn next(&mut self, notes: &mut Vec<Note>) -> Result<SerialNumber, Error> {
        if std::mem::take(&mut self.is_new) {
            notes.push(Note::SerialStarted);
        }
        loop {
            let serial = self.counter.advance()?;
            if self.in_use.insert(serial.clone()) {
                return Ok(serial);
            }
            notes.push(Note::SerialSkipped { serial });
        }
    }

    /// ca.srl with the number that was given out last.
    pub(crate) fn file(&self) -> NewFile {
        NewFile::new(FileRole::CaSerial, self.counter.to_string())
    }
}
