//! What a directory's authority has issued beside server.pem and client.pem, and the serial numbers in
//! the inventory of it. Nothing of it changes what will work with the directory's own files.

use std::collections::{HashMap, HashSet};

use crate::base::place::Place;
use crate::base::text::listed;
use crate::check::finding::{Authority, Beside, Remedy};
use crate::check::judge::Judge;
use crate::check::judge::bundle::Content;
use crate::check::{Bundle, Code, Expectations, Finding};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, SerialCounter, SerialNumber, judge_chain};

/// Something that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// For whom.
    pub kind: EndEntityKind,
    /// What commands call it; none of the directory's own.
    pub name: Option<String>,
    /// The folder of what was issued, where it is not the directory's own.
    pub output: Option<String>,
    /// The file with its certificate.
    pub path: String,
}

/// Judges what was issued by what the certificate directory has.
#[derive(Debug)]
pub struct IssuedJudge<'a> {
    directory: &'a Bundle,
    expectations: Expectations,
    authority: Authority,
    /// The path of the directory's ca.pem.
    ca: String,
}

/// The serial numbers of an inventory, and which certificate each of them belongs to.
#[derive(Debug, Default)]
pub struct SignedSerials {
    issuers: HashMap<String, usize>,
    signed: HashMap<(usize, SerialNumber), Signed>,
    twice: Vec<Twice>,
    /// The certificates whose number was another's before.
    later: HashSet<String>,
    /// The certificates that have lines for several files, and those files.
    files: HashMap<String, HashSet<String>>,
    is_incomplete: bool,
}

/// A certificate of an inventory.
#[derive(Debug)]
struct Signed {
    fingerprint: String,
    file: String,
}

/// A serial number that two certificates of one issuer have.
#[derive(Debug)]
pub struct Twice {
    /// The number.
    pub serial: SerialNumber,
    /// The files of both, as the inventory has them.
    pub files: [String; 2],
}

impl SignedSerials {
    /// Adds a certificate of the inventory.
    pub fn add(&mut self, issuer: &str, serial: SerialNumber, fingerprint: &str, file: &str) {
        let issuer = match self.issuers.get(issuer) {
            Some(known) => *known,
            None => {
                self.issuers.insert(issuer.to_owned(), self.issuers.len());
                self.issuers.len() - 1
            }
        };
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

    /// Notes that a part of the inventory cannot be read: what is not in the rest may be in it.
    pub fn set_incomplete(&mut self) {
        self.is_incomplete = true;
    }

    /// The numbers that stand twice in it.
    #[must_use]
    pub fn twice(&self) -> &[Twice] {
        &self.twice
    }

    /// Whether a certificate has a line for a file.
    fn has(&self, signed: &Signed, file: &str) -> bool {
        signed.file == file || self.files.get(&signed.fingerprint).is_some_and(|files| files.contains(file))
    }

    fn of(&self, certificate: &Certificate) -> Option<&Signed> {
        let issuer = self.issuers.get(&certificate.issuer().to_string())?;
        self.signed.get(&(*issuer, certificate.serial().clone()))
    }

    /// The greatest number of these issuers that a counter will come to.
    fn ahead_of<'a>(
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

impl<'a> IssuedJudge<'a> {
    /// Of a directory, with what its own certificates are held to; names are the server's alone.
    #[must_use]
    pub fn new(directory: &'a Bundle, expectations: &Expectations) -> Self {
        let file = directory.file(FileRole::CaCertificate);
        let ca = file.map_or_else(|| FileRole::CaCertificate.to_string(), |file| file.place.path.clone());
        let authority = directory.authority(expectations.now);
        let expectations = Expectations { server_names: Vec::new(), ..expectations.clone() };
        Self { directory, expectations, authority, ca }
    }

    /// Finds what is wrong with a certificate, the key beside it if there is one, and what it is used with.
    /// In the bundle is no ca.pem that the directory has too.
    #[must_use]
    pub fn judge(&self, issued: &Issued, bundle: &Bundle) -> Vec<Finding> {
        let Some(beside) = self.beside(issued) else { return Vec::new() };
        let mut judge = Judge::of(bundle, &self.expectations).beside(beside, self.authority);
        if !self.expectations.kinds().contains(&issued.kind) {
            return Vec::new();
        }
        if judge.anchors.is_empty() {
            judge.anchors = self.directory.certificates(FileRole::CaCertificate);
        }
        judge.contents();
        judge.authority();
        judge.end_entity(issued.kind);
        judge.keys();
        judge.trust(self.directory, issued.kind, &self.ca);
        let mut findings = judge.into_findings();
        findings.iter_mut().for_each(stops_nobody);
        findings
    }

    /// What lies among what was issued without a line in the inventory.
    #[must_use]
    pub fn without_line(&self, issued: &Issued) -> Option<Finding> {
        let is_judged = self.expectations.kinds().contains(&issued.kind);
        let evidence = "the inventory has no line for it";
        is_judged.then(|| self.finding(Code::NotInInventory, issued, evidence.into()))
    }

    /// What was put back in the place of a later certificate, and says other things.
    #[must_use]
    pub fn is_earlier(&self, issued: &Issued) -> Option<Finding> {
        let is_judged = self.expectations.kinds().contains(&issued.kind);
        let evidence =
            "the inventory has another certificate for this file, with another kind, subject or names";
        is_judged.then(|| self.finding(Code::NotInInventory, issued, evidence.into()))
    }

    /// Whether the inventory has a certificate in a file that the directory's authority signed.
    #[must_use]
    pub fn judge_serial(
        &self,
        issued: &Issued,
        file: &str,
        certificate: &Certificate,
        signed: &SignedSerials,
    ) -> Option<Finding> {
        let authorities = self.directory.certificates(FileRole::CaCertificate);
        let is_ours = authorities.iter().any(|authority| names_as_issuer(certificate, authority));
        if !is_ours || !self.expectations.kinds().contains(&issued.kind) {
            return None;
        }
        let serial = certificate.serial();
        match signed.of(certificate) {
            None if signed.is_incomplete => None,
            None => {
                let evidence = format!("its serial number {serial} is not in the inventory");
                Some(self.finding(Code::NotInInventory, issued, evidence))
            }
            Some(known) => {
                let fingerprint = certificate.fingerprint();
                if known.fingerprint == fingerprint {
                    return (!signed.has(known, file)).then(|| {
                        let evidence = format!("the inventory has this certificate for {}", known.file);
                        self.finding(Code::NotInInventory, issued, evidence)
                    });
                }
                let is_known = signed.later.contains(&fingerprint);
                (!is_known).then(|| self.shares_serial(issued, serial, &known.file))
            }
        }
    }

    /// A certificate has the serial number of another, in or once in a file.
    #[must_use]
    pub fn shares_serial(&self, issued: &Issued, serial: &SerialNumber, file: &str) -> Finding {
        self.finding(Code::DuplicateSerial, issued, format!("has the serial number {serial} of {file}"))
    }

    /// Whether ca.srl will give out a number that the inventory has.
    #[must_use]
    pub fn judge_counter(&self, signed: &SignedSerials) -> Option<Finding> {
        let role = FileRole::CaSerial;
        let Content::Serial(content) = &self.directory.file(role)?.content else { return None };
        let counter = SerialCounter::parse(content).ok()?;
        let authorities = self.directory.certificates(FileRole::CaCertificate);
        let (serial, file) = signed.ahead_of(&counter, authorities)?;
        let mut judge = Judge::of(self.directory, &self.expectations);
        let evidence = format!("is behind {serial}, the serial number of {file}");
        judge.report(Code::SerialFileBehind, role, evidence);
        judge.into_findings().pop()
    }

    /// A finding about the inventory as a whole.
    #[must_use]
    pub fn about_inventory(&self, code: Code, path: &str, evidence: String) -> Finding {
        let remedy = Remedy {
            directory: self.expectations.directory.as_deref(),
            authority: self.authority,
            ..Remedy::default()
        };
        let mut finding = Finding::new(code, Place::file(path), evidence, &remedy);
        stops_nobody(&mut finding);
        finding
    }

    /// Of server.pem and client.pem nothing.
    fn beside<'b>(&'b self, issued: &'b Issued) -> Option<Beside<'b>> {
        let (name, output) = (issued.name.as_deref()?, issued.output.as_deref());
        Some(Beside::Issued { name, output, ca: &self.ca })
    }

    fn finding(&self, code: Code, issued: &Issued, evidence: String) -> Finding {
        let remedy = Remedy {
            directory: self.expectations.directory.as_deref(),
            kind: Some(issued.kind),
            authority: self.authority,
            beside: self.beside(issued),
            ..Remedy::default()
        };
        Finding::new(code, Place::file(&issued.path), evidence, &remedy)
    }
}

/// Whether a certificate says that an authority signed it: by its name, and by its key where it says that.
fn names_as_issuer(certificate: &Certificate, authority: &Certificate) -> bool {
    let keys = (certificate.authority_key_identifier(), authority.subject_key_identifier());
    let is_its_key = !matches!(keys, (Some(issuer), Some(key)) if issuer != key);
    certificate.issuer() == authority.subject() && is_its_key
}

fn stops_nobody(finding: &mut Finding) {
    finding.stops(&[], &[]);
}

impl Judge<'_> {
    /// Whether the ca.pem beside it trusts what the directory's does, and both trust the certificate.
    fn trust(&mut self, directory: &Bundle, kind: EndEntityKind, ca: &str) {
        let role = FileRole::CaCertificate;
        let (own, others) = (self.bundle.certificates(role), directory.certificates(role));
        if own.is_empty() || others.is_empty() {
            return;
        }
        let missing = subjects(others.iter().filter(|other| !own.contains(other)));
        let more = subjects(own.iter().filter(|one| !others.contains(one)));
        match (missing.is_empty(), more.is_empty()) {
            (true, true) => return,
            (false, _) => self.report(Code::IssuedTrustDiffers, role, format!("lacks {missing} of {ca}")),
            (true, false) => {
                self.report(Code::IssuedTrustDiffers, role, format!("also has {more}, unlike {ca}"))
            }
        };
        let (_, role) = FileRole::pair_of(kind);
        let Some(leaf) = self.bundle.end_entity(role) else { return };
        let issuers = self.bundle.certificates(role).iter().filter(|certificate| *certificate != leaf);
        let presented: Vec<_> = std::iter::once(leaf).chain(issuers).cloned().collect();
        if !self.has_found(&[Code::NotIssuedByCa, Code::OtherCaSameName])
            && judge_chain(kind, &presented, others).is_err()
        {
            let evidence = format!("{ca} does not have its issuer: {}", leaf.issuer());
            self.report(Code::NotIssuedByCa, role, evidence);
        }
    }
}

fn subjects<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> String {
    listed(&certificates.map(|certificate| certificate.subject().to_string()).collect::<Vec<_>>())
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
        // Entered twice, as by a run that was interrupted; and another authority's.
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
