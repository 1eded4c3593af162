//! What was issued beside server.pem and client.pem, one certificate after the other, so that ten thousand
//! of them are never in memory at once; and the next CA.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::Path;

use rayon::prelude::*;

use crate::base::place::{Place, Position};
use crate::base::workers::share;
use crate::check::bundle::Bundle;
use crate::check::certificates::issued::{Issued, IssuedJudge};
use crate::check::certificates::rotation::{judge_next, judge_rotation};
use crate::check::certificates::{Expectations, judge_interruption};
use crate::check::codes::Code;
use crate::check::directory::report::CheckedCertificate;
use crate::check::directory::signed::{SignedSerials, Twice};
use crate::check::finding::Finding;
use crate::check::inventory::{IssuedFiles, inventory_path, more_damaged};
use crate::store::inventory::{IssuedEntry, Overview, entries_of};
use crate::store::{EndEntityFiles, FileRole, ISSUED_FOLDER, IssuedName, NEXT_FOLDER, Survey, View, path_of};
use crate::x509::{Certificate, EndEntityKind, SerialCounter, SerialNumber};

/// What was found of it.
#[derive(Default)]
pub(crate) struct IssuedReport {
    pub(crate) findings: Vec<Finding>,
    pub(crate) certificates: Vec<CheckedCertificate>,
}

/// Looks at what is in force of the inventory, and at the next CA. `known` is what was found of the directory's
/// own files.
pub(crate) fn look(
    view: &View,
    survey: &Survey,
    bundle: &Bundle,
    expectations: &Expectations,
    known: &[Finding],
) -> IssuedReport {
    let ca = survey.file(FileRole::CaCertificate);
    let check = IssuedCheck {
        view,
        bundle,
        expectations,
        judge: IssuedJudge::new(bundle, expectations),
        ca: ca.and_then(|file| file.content.as_ref().ok()).map(|content| content.as_slice()),
        former: bundle.certificates(FileRole::CaCertificate).first(),
    };
    let mut found = IssuedReport::default();
    let mut signed = SignedSerials::default();
    let certificates = match check.inventory(&mut signed) {
        Ok(None) => Vec::new(),
        Ok(Some(overview)) => {
            found.findings.extend(check.interruptions(&overview));
            check.issued(&overview, &signed, known, &mut found.findings)
        }
        Err(error) => {
            let code = match error.kind() {
                std::io::ErrorKind::PermissionDenied => Code::NotJudged,
                _ => Code::UnreadableFile,
            };
            let evidence = format!("cannot be read: {error}");
            let path = check.shown(&inventory_path());
            found.findings.push(check.judge.about_inventory(code, &path, evidence));
            Vec::new()
        }
    };
    let next = check.next();
    if next.is_empty() {
        let is_in_use = certificates.iter().any(|certificate| certificate.is_of_former);
        found.findings.extend(judge_rotation(bundle, expectations, is_in_use));
    } else {
        found.findings.extend(judge_next(&next, &check.shown(NEXT_FOLDER), bundle, expectations));
    }
    for certificate in certificates {
        found.findings.extend(certificate.findings);
        found.certificates.extend(certificate.report);
    }
    found
}

struct IssuedCheck<'a> {
    view: &'a View,
    bundle: &'a Bundle,
    expectations: &'a Expectations,
    judge: IssuedJudge<'a>,
    /// The content of the directory's ca.pem.
    ca: Option<&'a [u8]>,
    /// The first CA of it.
    former: Option<&'a Certificate>,
}

/// Something that was issued, and is there.
struct IssuedCertificate {
    issued: Issued,
    findings: Vec<Finding>,
    report: Option<CheckedCertificate>,
    /// Whether the first CA of ca.pem signed it.
    is_of_former: bool,
}

impl IssuedCheck<'_> {
    fn inventory(&self, signed: &mut SignedSerials) -> std::io::Result<Option<Overview>> {
        let Some(file) = self.view.inventory()? else {
            // Somebody removed it: what was issued is still there.
            return Ok((!self.view.issued()?.is_empty()).then(Overview::default));
        };
        let register = |entry: &IssuedEntry| {
            signed.add(&entry.issuer, entry.serial.clone(), &entry.sha256_fingerprint, &entry.file);
        };
        let overview = entries_of(BufReader::new(file), register)?;
        signed.is_incomplete = overview.damaged_lines > 0;
        Ok(Some(overview))
    }

    /// What interrupted runs left in the folders of what was issued.
    fn interruptions(&self, overview: &Overview) -> Vec<Finding> {
        let directory = self.view.path().display().to_string();
        let folders = overview.folders().into_iter().filter_map(|folder| {
            let shown = self.shown(&folder.display().to_string());
            match self.view.interruption_in(&folder) {
                Ok(found) => Some(judge_interruption(&found?, &shown, &directory)),
                Err(error) => {
                    Some(self.judge.about_inventory(Code::UnreadableFile, &shown, error.to_string()))
                }
            }
        });
        folders.collect()
    }

    /// What is in force. What is wrong with the inventory itself is said at once.
    fn issued(
        &self,
        overview: &Overview,
        signed: &SignedSerials,
        known: &[Finding],
        findings: &mut Vec<Finding>,
    ) -> Vec<IssuedCertificate> {
        findings.extend(self.damage(overview));
        if !known.iter().any(|finding| finding.code == Code::SerialFileBehind) {
            findings.extend(self.counter(signed));
        }
        let own = self.own();
        for (issued, certificate) in &own {
            findings.extend(self.serial(issued, own_file(issued.kind), certificate, signed));
        }
        findings.extend(self.unrecorded(overview, signed));

        let files = overview.files();
        let is_own = |file: &str| EndEntityKind::ALL.iter().any(|kind| own_file(*kind) == file);
        let issued: Vec<_> = files.into_iter().filter(|(file, _)| !is_own(file)).collect();
        let look = |(file, kind): &(&str, EndEntityKind)| self.certificate(file, *kind, overview, signed);
        let looked: Vec<_> = share(|| issued.par_iter().map(look).collect());
        let mut there: HashMap<_, _> = own
            .iter()
            .map(|(issued, certificate)| ((own_file(issued.kind), certificate.serial().clone()), issued))
            .collect();
        for ((file, _), certificate) in issued.iter().zip(&looked) {
            let Some(IssuedCertificate { issued, report: Some(report), .. }) = certificate else { continue };
            there.insert((*file, report.serial.clone()), issued);
        }
        findings.extend(signed.twice().iter().filter_map(|twice| self.twice(twice, &there)));
        looked.into_iter().flatten().collect()
    }

    /// Lines that are no entries: all in one finding, at the first of them.
    fn damage(&self, overview: &Overview) -> Option<Finding> {
        let (line, reason) = overview.damaged.as_ref()?;
        let path = self.shown(&inventory_path());
        let evidence = format!("is no entry: {reason}{}", more_damaged(overview.damaged_lines - 1));
        let mut finding = self.judge.about_inventory(Code::InventoryDamaged, &path, evidence);
        finding.place = Place::at(path, Position { line: *line, column: 1 });
        Some(finding)
    }

    /// Whether ca.srl will give out a number that the inventory has.
    fn counter(&self, signed: &SignedSerials) -> Option<Finding> {
        let counter = SerialCounter::parse(self.bundle.serial()?).ok()?;
        let (serial, file) = signed.ahead_of(&counter, self.bundle.certificates(FileRole::CaCertificate))?;
        let path = path_of(self.view.path(), FileRole::CaSerial).display().to_string();
        let evidence = format!("is behind {serial}, the serial number of {file}");
        Some(self.judge.about_inventory(Code::SerialFileBehind, &path, evidence))
    }

    /// Whether the inventory has a certificate in a file that the directory's CA signed.
    fn serial(
        &self,
        issued: &Issued,
        file: &str,
        certificate: &Certificate,
        signed: &SignedSerials,
    ) -> Option<Finding> {
        if !self.judge.names_own_ca(certificate) || !self.judge.is_judged(issued) {
            return None;
        }
        let serial = certificate.serial();
        let not_in = |evidence: String| Some(self.judge.finding(Code::NotInInventory, issued, evidence));
        let Some(known) = signed.of(certificate) else {
            let is_known = !signed.is_incomplete;
            return is_known
                .then(|| not_in(format!("its serial number {serial} is not in the inventory")))?;
        };
        let fingerprint = certificate.fingerprint();
        match known.fingerprint == fingerprint {
            true if signed.has(known, file) => None,
            true => not_in(format!("the inventory has this certificate for {}", known.file)),
            false if signed.is_later(&fingerprint) => None,
            false => Some(self.shares_serial(issued, serial, &known.file)),
        }
    }

    /// A certificate has the serial number of another, in or once in a file.
    fn shares_serial(&self, issued: &Issued, serial: &SerialNumber, file: &str) -> Finding {
        let evidence = format!("has the serial number {serial} of {file}");
        self.judge.finding(Code::DuplicateSerial, issued, evidence)
    }

    /// A serial number that the inventory has twice, where one of the two is in force.
    fn twice(&self, twice: &Twice, there: &HashMap<(&str, SerialNumber), &Issued>) -> Option<Finding> {
        let [first, second] = twice.files.each_ref().map(String::as_str);
        let with = |file, other| {
            let issued = there.get(&(file, twice.serial.clone()))?;
            Some(self.shares_serial(issued, &twice.serial, other))
        };
        with(second, first).or_else(|| with(first, second))
    }

    /// server.pem and client.pem.
    fn own(&self) -> Vec<(Issued, &Certificate)> {
        let own = EndEntityKind::ALL.into_iter().filter_map(|kind| {
            let (_, role) = FileRole::pair_of(kind);
            let path = path_of(self.view.path(), role).display().to_string();
            Some((Issued { kind, name: None, output: None, path }, self.bundle.end_entity(role)?))
        });
        own.collect()
    }

    /// What lies among what was issued, and has no line in the inventory.
    fn unrecorded(&self, overview: &Overview, signed: &SignedSerials) -> Vec<Finding> {
        // That it cannot be searched is said with the inventory, which is in the same folder.
        let names = self.view.issued().unwrap_or_default().into_iter();
        let unrecorded = names.filter_map(|name| {
            let file = format!("{ISSUED_FOLDER}/{}", EndEntityFiles::issued(&name).certificate);
            if overview.has(&file) {
                return None;
            }
            // A file whose purpose cannot be told is most likely that of a client.
            let bundle = self.read(&file, EndEntityKind::Client)?;
            let certificate = bundle.end_entity(FileRole::ClientCertificate)?;
            let issued = self.called(&file, certificate.kind());
            let has_no_line = || self.not_in_inventory(&issued, "the inventory has no line for it");
            self.serial(&issued, &file, certificate, signed)
                .or_else(|| has_no_line().filter(|_| overview.damaged_lines == 0))
        });
        unrecorded.collect()
    }

    fn not_in_inventory(&self, issued: &Issued, evidence: &str) -> Option<Finding> {
        let finding = || self.judge.finding(Code::NotInInventory, issued, evidence);
        self.judge.is_judged(issued).then(finding)
    }

    /// Judges a certificate and what lies beside it; nothing where it was withdrawn.
    fn certificate(
        &self,
        file: &str,
        kind: EndEntityKind,
        overview: &Overview,
        signed: &SignedSerials,
    ) -> Option<IssuedCertificate> {
        /// What was put back in the place of a later certificate, and says other things.
        const EARLIER: &str =
            "the inventory has another certificate for this file, with another kind, subject or names";
        let bundle = self.read(file, kind)?;
        let issued = self.called(file, kind);
        let mut findings = self.judge.judge(&issued, &bundle);
        let (_, role) = FileRole::pair_of(kind);
        let leaf = bundle.end_entity(role);
        findings.extend(leaf.and_then(|leaf| {
            let earlier = || self.not_in_inventory(&issued, EARLIER).filter(|_| !overview.covers(file, leaf));
            self.serial(&issued, file, leaf, signed).or_else(earlier)
        }));
        let former = self.former.map(Certificate::subject);
        Some(IssuedCertificate {
            report: leaf
                .map(|leaf| CheckedCertificate::of(&issued.path, Some(kind), leaf, self.expectations.now)),
            is_of_former: leaf.is_some_and(|leaf| Some(leaf.issuer()) == former),
            issued,
            findings,
        })
    }

    /// A certificate with its key and, unless it is the directory's, its ca.pem.
    fn read(&self, file: &str, kind: EndEntityKind) -> Option<Bundle> {
        let (key_role, role) = FileRole::pair_of(kind);
        let IssuedFiles { certificate, key } = IssuedFiles::look(self.view, file)?;
        let mut bundle = Bundle::new();
        bundle.add_read(role, self.shown(file), certificate.mode, &certificate.content);
        if let Some((path, key)) = key {
            bundle.add_read(key_role, self.shown(&path), key.mode, &key.content);
        }
        let ca = Path::new(file).with_file_name(FileRole::CaCertificate.file_name()).display().to_string();
        if let Some(seen) = self.view.look(&ca)
            && seen.content.as_ref().ok().map(|content| content.as_slice()) != self.ca
        {
            bundle.add_read(FileRole::CaCertificate, self.shown(&ca), seen.mode, &seen.content);
        }
        Some(bundle)
    }

    /// What commands call it: by its file, which is `FOLDER/NAME/NAME.pem`.
    fn called(&self, file: &str, kind: EndEntityKind) -> Issued {
        let path = Path::new(file);
        let stem = path.file_stem().and_then(|stem| stem.to_str()?.parse::<IssuedName>().ok());
        let name = stem.map_or_else(|| "NAME".to_owned(), |name| name.to_string());
        let folder = path.parent().and_then(Path::parent).unwrap_or(Path::new(""));
        let output = (folder != Path::new(ISSUED_FOLDER)).then(|| self.shown(&folder.display().to_string()));
        Issued { kind, name: Some(name), output, path: self.shown(file) }
    }

    fn next(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for role in [FileRole::CaKey, FileRole::CaCertificate, FileRole::CaSerial] {
            let file = format!("{NEXT_FOLDER}/{role}");
            if let Some(seen) = self.view.look(&file) {
                bundle.add_read(role, self.shown(&file), seen.mode, &seen.content);
            }
        }
        bundle
    }

    /// A path from the directory, as people name it.
    fn shown(&self, file: &str) -> String {
        let directory = self.view.path();
        let directory = if directory == Path::new(".") { Path::new("") } else { directory };
        directory.join(file).display().to_string()
    }
}

fn own_file(kind: EndEntityKind) -> &'static str {
    FileRole::pair_of(kind).1.file_name()
}
