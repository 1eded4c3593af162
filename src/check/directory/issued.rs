//! What was issued beside server.pem and client.pem, one certificate after the other, so that ten thousand
//! of them are never in memory at once; and the authority that is to come.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::Path;

use rayon::prelude::*;

use crate::base::place::{Place, Position};
use crate::base::workers::share;
use crate::check::directory::CheckedCertificate;
use crate::check::{self, Bundle, Code, Expectations, Finding, Issued, IssuedJudge, SignedSerials};
use crate::store::inventory::{IssuedEntry, Overview, entries_of};
use crate::store::{
    EndEntityFiles, FileRole, INVENTORY, ISSUED_FOLDER, IssuedName, NEXT_FOLDER, Survey, View, path_of,
};
use crate::x509::{Certificate, EndEntityKind};

/// What was found of it.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    pub(crate) certificates: Vec<CheckedCertificate>,
}

/// Looks at what is in force of the inventory, and at the next authority. `found` is what is known of the
/// directory's own files.
pub(crate) fn look(
    view: &View,
    survey: &Survey,
    bundle: &Bundle,
    expectations: &Expectations,
    found: &[Finding],
) -> Seen {
    let ca = survey.files.iter().find(|file| file.role == FileRole::CaCertificate);
    let looker = Looker {
        view,
        bundle,
        expectations,
        judge: IssuedJudge::new(bundle, expectations),
        ca: ca.and_then(|file| file.content.as_ref().ok()).map(|content| content.as_slice()),
        former: bundle.certificates(FileRole::CaCertificate).first(),
    };
    let mut seen = Seen::default();
    let mut signed = SignedSerials::default();
    let members = match looker.inventory(&mut signed) {
        Ok(None) => Vec::new(),
        Ok(Some(overview)) => {
            seen.findings.extend(looker.interruptions(&overview));
            looker.issued(&overview, &signed, found, &mut seen)
        }
        Err(error) => {
            let evidence = format!("cannot be read: {error}");
            let path = looker.shown(&inventory_path());
            seen.findings.push(looker.judge.about_inventory(Code::UnreadableFile, &path, evidence));
            Vec::new()
        }
    };
    let is_in_use = |_: &Certificate| members.iter().any(|member| member.is_of_former);
    let next = looker.next();
    match next.is_empty() {
        true => seen.findings.extend(check::judge_rotation(bundle, expectations, is_in_use)),
        false => {
            let path = looker.shown(NEXT_FOLDER);
            seen.findings.extend(check::judge_next(&next, &path, bundle, expectations));
        }
    }
    for member in members {
        seen.findings.extend(member.findings);
        seen.certificates.extend(member.certificate);
    }
    seen
}

fn inventory_path() -> String {
    format!("{ISSUED_FOLDER}/{INVENTORY}")
}

struct Looker<'a> {
    view: &'a View,
    bundle: &'a Bundle,
    expectations: &'a Expectations,
    judge: IssuedJudge<'a>,
    /// The content of the directory's ca.pem.
    ca: Option<&'a [u8]>,
    /// The first authority of it.
    former: Option<&'a Certificate>,
}

/// Something that was issued, and is there.
struct Member {
    issued: Issued,
    findings: Vec<Finding>,
    certificate: Option<CheckedCertificate>,
    /// Whether the first authority of ca.pem signed it.
    is_of_former: bool,
}

impl Looker<'_> {
    fn inventory(&self, signed: &mut SignedSerials) -> std::io::Result<Option<Overview>> {
        let Some(file) = self.view.inventory()? else {
            // Somebody removed it: what was issued is still there.
            return Ok((!self.view.issued()?.is_empty()).then(Overview::default));
        };
        let register = |entry: &IssuedEntry| {
            signed.add(&entry.issuer, entry.serial.clone(), &entry.sha256_fingerprint, &entry.file);
        };
        let overview = entries_of(BufReader::new(file), register)?;
        if overview.damaged_lines > 0 {
            signed.set_incomplete();
        }
        Ok(Some(overview))
    }

    /// What interrupted runs left in the folders of what was issued.
    fn interruptions(&self, overview: &Overview) -> Vec<Finding> {
        let directory = self.view.path().display().to_string();
        let mut findings = Vec::new();
        for folder in overview.folders() {
            let shown = self.shown(&folder.display().to_string());
            match self.view.interruption_in(&folder) {
                Ok(None) => {}
                Ok(Some(found)) => findings.push(check::judge_interruption(&found, &shown, &directory)),
                Err(error) => {
                    findings.push(self.judge.about_inventory(
                        Code::UnreadableFile,
                        &shown,
                        error.to_string(),
                    ));
                }
            }
        }
        findings
    }

    /// What is in force. What is wrong with the inventory itself is said at once.
    fn issued(
        &self,
        overview: &Overview,
        signed: &SignedSerials,
        found: &[Finding],
        seen: &mut Seen,
    ) -> Vec<Member> {
        seen.findings.extend(self.damage(overview));
        if !found.iter().any(|finding| finding.code == Code::SerialFileBehind) {
            seen.findings.extend(self.judge.judge_counter(signed));
        }
        let own = self.own();
        for (issued, certificate) in &own {
            seen.findings.extend(self.judge.judge_serial(issued, own_file(issued.kind), certificate, signed));
        }
        seen.findings.extend(self.strangers(overview, signed));

        let files = overview.files();
        let is_own = |file: &str| EndEntityKind::ALL.iter().any(|kind| own_file(*kind) == file);
        let issued: Vec<_> = files.into_iter().filter(|(file, _)| !is_own(file)).collect();
        let look = |(file, kind): &(&str, EndEntityKind)| self.member(file, *kind, overview, signed);
        let looked: Vec<_> = share(|| issued.par_iter().map(look).collect());
        let serial = |certificate: &Certificate| certificate.serial().to_string();
        let mut there: HashMap<_, _> = own
            .iter()
            .map(|(issued, certificate)| ((own_file(issued.kind), serial(certificate)), issued))
            .collect();
        for ((file, _), member) in issued.iter().zip(&looked) {
            let Some(Member { issued, certificate: Some(certificate), .. }) = member else { continue };
            there.insert((*file, certificate.serial.clone()), issued);
        }
        seen.findings.extend(self.twice(signed, &there));
        looked.into_iter().flatten().collect()
    }

    /// Lines that are no entries: all in one finding, at the first of them.
    fn damage(&self, overview: &Overview) -> Option<Finding> {
        let (line, reason) = overview.damaged.as_ref()?;
        let more = match overview.damaged_lines - 1 {
            0 => String::new(),
            1 => "; 1 more line is damaged".into(),
            more => format!("; {more} more lines are damaged"),
        };
        let path = self.shown(&inventory_path());
        let evidence = format!("is no entry: {reason}{more}");
        let mut finding = self.judge.about_inventory(Code::InventoryDamaged, &path, evidence);
        finding.place = Place::at(path, Position { line: *line, column: 1 });
        Some(finding)
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

    /// What lies among what was issued, and never was.
    fn strangers(&self, overview: &Overview, signed: &SignedSerials) -> Vec<Finding> {
        // That it cannot be searched is said with the inventory, which is in the same folder.
        let names = self.view.issued().unwrap_or_default().into_iter();
        let strange = names.filter_map(|name| {
            let file = format!("{ISSUED_FOLDER}/{}", EndEntityFiles::issued(&name).certificate);
            if overview.has(&file) {
                return None;
            }
            // A file whose purpose cannot be told is most likely that of a client.
            let bundle = self.read(&file, EndEntityKind::Client)?;
            let certificate = bundle.end_entity(FileRole::ClientCertificate)?;
            let issued = self.called(&file, certificate.kind());
            let found = self.judge.judge_serial(&issued, &file, certificate, signed);
            let is_complete = overview.damaged_lines == 0;
            found.or_else(|| self.judge.without_line(&issued).filter(|_| is_complete))
        });
        strange.collect()
    }

    /// Serial numbers that the inventory has twice, where one of the two is in force.
    fn twice(&self, signed: &SignedSerials, there: &HashMap<(&str, String), &Issued>) -> Vec<Finding> {
        let findings = signed.twice().iter().filter_map(|twice| {
            let serial = twice.serial.to_string();
            let [first, second] = twice.files.each_ref().map(String::as_str);
            let with = |file, other| {
                let issued = there.get(&(file, serial.clone()))?;
                Some(self.judge.shares_serial(issued, &twice.serial, other))
            };
            with(second, first).or_else(|| with(first, second))
        });
        findings.collect()
    }

    /// Judges a certificate and what lies beside it; nothing where it was withdrawn.
    fn member(
        &self,
        file: &str,
        kind: EndEntityKind,
        overview: &Overview,
        signed: &SignedSerials,
    ) -> Option<Member> {
        let bundle = self.read(file, kind)?;
        let issued = self.called(file, kind);
        let mut findings = self.judge.judge(&issued, &bundle);
        let (_, role) = FileRole::pair_of(kind);
        let leaf = bundle.end_entity(role);
        let line = leaf.and_then(|leaf| {
            let found = self.judge.judge_serial(&issued, file, leaf, signed);
            found.or_else(|| (!overview.covers(file, leaf)).then(|| self.judge.is_earlier(&issued))?)
        });
        findings.extend(line);
        let now = self.expectations.now;
        Some(Member {
            certificate: leaf.map(|leaf| CheckedCertificate::of(&issued.path, kind.name(), leaf, now)),
            is_of_former: leaf
                .is_some_and(|leaf| Some(leaf.issuer()) == self.former.map(Certificate::subject)),
            issued,
            findings,
        })
    }

    /// A certificate with its key and, unless it is the directory's, its ca.pem.
    fn read(&self, file: &str, kind: EndEntityKind) -> Option<Bundle> {
        let (key_role, role) = FileRole::pair_of(kind);
        let certificate = self.view.look(file)?;
        let mut bundle = Bundle::new();
        let mut add = |role, file: &str, seen: crate::store::SeenFile| {
            let content = seen.content.as_ref().map(|content| content.as_slice()).map_err(Clone::clone);
            bundle.add(role, Place::file(self.shown(file)), seen.mode, content);
        };
        add(role, file, certificate);
        // Of a signing request, or of what was handed over, there is none.
        if let Some(key) = file.strip_suffix(".pem").map(|stem| format!("{stem}.key"))
            && let Some(seen) = self.view.look(&key)
        {
            add(key_role, &key, seen);
        }
        let ca = Path::new(file).with_file_name(FileRole::CaCertificate.file_name()).display().to_string();
        if let Some(seen) = self.view.look(&ca)
            && seen.content.as_ref().ok().map(|content| content.as_slice()) != self.ca
        {
            add(FileRole::CaCertificate, &ca, seen);
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

    /// The authority that is to come.
    fn next(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for role in [FileRole::CaKey, FileRole::CaCertificate, FileRole::CaSerial] {
            let file = format!("{NEXT_FOLDER}/{role}");
            if let Some(seen) = self.view.look(&file) {
                let content = seen.content.as_ref().map(|content| content.as_slice()).map_err(Clone::clone);
                bundle.add(role, Place::file(self.shown(&file)), seen.mode, content);
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
