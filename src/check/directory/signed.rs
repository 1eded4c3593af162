use std::collections::{HashMap, HashSet};

use crate::x509::{Certificate, SerialCounter, SerialNumber};

/// The serial numbers of an inventory, and which certificate each of them belongs to.
#[derive(Default)]
pub(crate) struct SignedSerials {
    issuers: HashMap<String, usize>,
    signed: HashMap<(usize, SerialNumber), Signed>,
    twice: Vec<Twice>,
    /// The certificates whose number was another's before.
    later: HashSet<String>,
    /// The certificates that have lines for several files, and those files.
    files: HashMap<String, HashSet<String>>,
    /// A part of the inventory cannot be read: what is not in the rest may be in it.
    pub(crate) is_incomplete: bool,
}

/// A certificate of an inventory.
pub(crate) struct Signed {
    pub(crate) fingerprint: String,
    pub(crate) file: String,
}

/// A serial number that two certificates of one issuer have.
#[derive(Debug)]
pub(crate) struct Twice {
    pub(crate) serial: SerialNumber,
    /// The files of both, as the inventory has them.
    pub(crate) files: [String; 2],
}

impl SignedSerials {
    /// Adds a certificate of the inventory.
    pub(crate) fn add(&mut self, issuer: &str, serial: SerialNumber, fingerprint: &str, file: &str) {
        let next = self.issuers.len();
        let issuer = *self.issuers.entry(issuer.to_owned()).or_insert(next);
        let signed = Signed { fingerprint: fingerprint.to_owned(), file: file.to_owned() };
        match self.signed.get(&(issuer, serial.clone())) {
            Some(other) if other.fingerprint == fingerprint => {
                if other.file != file {
                    self.files.entry(fingerprint.to_owned()).or_default().insert(file.to_owned());
                }
            }
            Some(_) if !self.later.insert(fingerprint.to_owned()) => {}
            Some(other) => {
                self.twice.push(Twice { serial, files: [other.file.clone(), signed.file] });
            }
            None => {
                self.signed.insert((issuer, serial), signed);
            }
        }
    }

    /// The numbers that stand twice in it.
    pub(crate) fn twice(&self) -> &[Twice] {
        &self.twice
    }

    /// Whether a certificate has a line for a file.
    pub(crate) fn has(&self, signed: &Signed, file: &str) -> bool {
        signed.file == file || self.files.get(&signed.fingerprint).is_some_and(|files| files.contains(file))
    }

    /// What has the serial number of a certificate.
    pub(crate) fn of(&self, certificate: &Certificate) -> Option<&Signed> {
        let issuer = self.issuers.get(&certificate.issuer().to_string())?;
        self.signed.get(&(*issuer, certificate.serial().clone()))
    }

    /// Whether a certificate has the serial number that another had before it, and its own line.
    pub(crate) fn is_later(&self, fingerprint: &str) -> bool {
        self.later.contains(fingerprint)
    }

    /// The greatest number of these issuers that a counter will come to.
    pub(crate) fn ahead_of<'a>(
        &'a self,
        counter: &SerialCounter,
        issuers: &[Certificate],
    ) -> Option<(&'a SerialNumber, &'a str)> {
        let ours: Vec<_> =
            issuers.iter().filter_map(|issuer| self.issuers.get(&issuer.subject().to_string())).collect();
        let reached = self
            .signed
            .iter()
            .filter(|((issuer, serial), _)| ours.contains(&issuer) && counter.will_reach(serial));
        let reached = reached.map(|((_, serial), signed)| (serial, signed.file.as_str()));
        reached.max_by_key(|(serial, _)| (serial.octets().len(), serial.octets()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serial(number: u8) -> SerialNumber {
        SerialCounter::parse(format!("{number:02X}").as_bytes()).unwrap().last().clone()
    }

    #[test]
    fn a_number_stands_twice_where_two_certificates_of_one_issuer_have_it() {
        let mut signed = SignedSerials::default();
        signed.add("CN=a", serial(1), "AA", "server.pem");
        // Entered twice, as by a run that was interrupted; and another CA's.
        signed.add("CN=a", serial(1), "AA", "server.pem");
        signed.add("CN=b", serial(1), "BB", "issued/b/b.pem");
        signed.add("CN=a", serial(2), "CC", "issued/c/c.pem");
        assert!(signed.twice().is_empty());
        for _ in 0..2 {
            signed.add("CN=a", serial(1), "DD", "issued/d/d.pem");
        }
        let [twice] = signed.twice() else { panic!("{:?}", signed.twice()) };
        assert_eq!(
            (&twice.serial, twice.files.each_ref().map(String::as_str)),
            (&serial(1), ["server.pem", "issued/d/d.pem"])
        );
    }
}
