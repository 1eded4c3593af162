mod issued;
mod old;
mod renewal;
mod selection;

use std::path::PathBuf;
use std::slice;
use std::time::Duration;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::error::ErrorKind;
use crate::base::note::Note;
use crate::check::ca;
use crate::engine::due::Judged;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::{self, Issuer, Plan, Progress, Serials, Signers, issue_all};
use crate::engine::notes;
use crate::engine::opening::Opened;
use crate::engine::report::CertificateReport;
use crate::engine::{Action, Report};
use crate::store::inventory::IssuedEntry;
use crate::store::{Access, Directory, Existing, FileMode, FileRole, IssuedName, Protection};
use crate::x509::CertificateAuthority;
use crate::x509::{
    Attribute, AttributeType, Certificate, Days, EndEntityKind, GeneralName, KeyType, Passphrase, Subject,
    generate_keys,
};
pub(crate) use issued::{Member, Members};
pub(crate) use old::{Found, Old};
pub(crate) use renewal::{Changes, Model, Renewal};
pub(crate) use selection::Selection;

/// What `renew` is to do. Whatever is not set is taken over from the certificate that is renewed.
#[derive(Debug)]
pub struct RenewRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    /// Server, client, or both.
    pub kinds: Vec<EndEntityKind>,
    /// What was issued beside them.
    pub issued: Issued,
    /// Attributes of the subject that are to be different. A CommonName also replaces the names, and
    /// is the client's too, unless that has a name of its own.
    pub subject: Vec<Attribute>,
    /// More names for the server, and for what is named of the inventory.
    pub names: Vec<GeneralName>,
    /// Another CommonName for the client.
    pub client_name: Option<Attribute>,
    /// Another length of validity.
    pub days: Option<Days>,
    /// Another type of key.
    pub key_type: Option<KeyType>,
    /// Another mode for the keys' files.
    pub key_mode: Option<FileMode>,
    /// Opens ca.key if it is encrypted.
    pub passphrase: Option<Passphrase>,
    /// Renew only what ends within this time.
    pub if_due: Option<Duration>,
    /// What is reissued as it lies there, whoever signed it.
    pub adopted: Adopted,
    /// Keep the private keys.
    pub reuse_key: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
    /// Is told, before anything is written, what a person should do first; such a note is not in the report.
    pub before_writing: Option<fn(&Note)>,
}

/// Certificates that a person has looked at: all that they say is meant.
#[derive(Clone, Debug, Default)]
pub struct Adopted {
    /// server.pem, client.pem.
    pub kinds: Vec<EndEntityKind>,
    /// What lies in `issued` under these names.
    pub names: Vec<IssuedName>,
}

/// What is to be renewed of the inventory.
#[derive(Debug)]
pub enum Issued {
    /// Nothing.
    None,
    /// Everything that is still there.
    All,
    /// What was issued under these names.
    Named(Vec<IssuedName>),
}

impl RenewRequest {
    /// Renews both server and client with all that they say now.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            kinds: EndEntityKind::ALL.to_vec(),
            issued: Issued::None,
            subject: Vec::new(),
            names: Vec::new(),
            client_name: None,
            days: None,
            key_type: None,
            key_mode: None,
            passphrase: None,
            if_due: None,
            adopted: Adopted::default(),
            reuse_key: false,
            dry_run: false,
            protection: Protection::Required,
            before_writing: None,
        }
    }

    /// What the server's or the client's new certificate is to say that the old one does not.
    fn changes(&self, old: &[Old; 2], kind: EndEntityKind) -> Changes<'_> {
        let is_name = |attribute: &&Attribute| attribute.kind() == AttributeType::CommonName;
        Changes {
            attributes: self.subject.iter().filter(|attribute| !is_name(attribute)).collect(),
            common_name: self.new_name(old, kind, self.subject.iter().find(is_name)),
            names: if kind == EndEntityKind::Server { &self.names } else { &[] },
        }
    }

    /// The CommonName that was asked for: the server's is also that of a client that had the same.
    fn new_name<'a>(
        &'a self,
        [server, client]: &[Old; 2],
        kind: EndEntityKind,
        common: Option<&'a Attribute>,
    ) -> Option<&'a Attribute> {
        match kind {
            EndEntityKind::Server => common,
            EndEntityKind::Client => self.client_name.as_ref().or_else(|| {
                let own = client.common_name();
                common.filter(|_| own.is_none() || own == server.common_name())
            }),
        }
    }
}

/// Issues new certificates from the directory's authority, whose `ca.key` and `ca.pem` stay as they
/// are, to the last byte.
///
/// # Errors
/// Where there is no authority, it may not or can no longer issue, or the file system fails; then
/// nothing has changed.
pub fn renew(request: &RenewRequest, now: OffsetDateTime) -> Result<Report, Error> {
    renew_with_progress(request, now, &|_, _| {})
}

/// The same, telling how far it is with what was issued.
///
/// # Errors
/// As [`renew`]; but of what was issued a part may be renewed, as the error then says.
pub fn renew_with_progress(
    request: &RenewRequest,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<Report, Error> {
    let access = if request.dry_run { Access::Look } else { Access::Change };
    let mut opened = Opened::open(&request.directory, access, request.protection, None)?;
    if matches!(request.issued, Issued::All | Issued::Named(_)) {
        opened = opened.without_obstacles()?;
    }
    let recovery = opened.recovery;
    let mut report = Report::new(&request.directory, request.dry_run, recovery);
    report.notes.extend(opened.notes());
    let Opened { directory, inventory, .. } = opened;
    match renew_in(request, directory, &inventory, &mut report, now, progress) {
        Ok(()) => Ok(report),
        Err(error) => Err(error.after_part(&report).after_recovery(recovery)),
    }
}

fn renew_in(
    request: &RenewRequest,
    mut directory: Directory,
    inventory: &Inventory,
    report: &mut Report,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let old = |kind| Old::of_directory(&directory, kind, request.kinds.contains(&kind));
    let old = [old(EndEntityKind::Server)?, old(EndEntityKind::Client)?];
    let judged = request.if_due.map(|_| Judged::of(&directory, now)).transpose()?;
    let judged = judged.as_ref();
    if keeps_all(request, &directory, inventory, &old, judged, report, now)? {
        return Ok(());
    }
    let authority = ca::of_directory(&directory, request.passphrase.as_ref(), now)?;
    let signers = Signers::of(&authority, ca::trusted(&directory)?);
    let selection = Selection { request, inventory, signers: &signers, judged, now };
    if authority.root().key_cert_sign().is_none() {
        report.notes.push(notes::ca_without_key_usage());
    }
    let mut failures = Vec::new();
    let due = selection.own(&old, &directory, &mut report.notes, &mut failures)?;
    let renewal = Renewal { request, directory: &directory, authority: &authority, now };
    let mut plans = Vec::new();
    for (old_one, model) in due {
        let changes = request.changes(&old, old_one.kind);
        match renewal.plan(old_one, model, &changes, &mut report.notes) {
            Ok(plan) => plans.push(plan),
            Err(error) => failures.push(error.of_one_certificate()?),
        }
    }
    if server_was_trusted(&authority, &old, &plans) {
        match request.before_writing.filter(|_| !request.dry_run) {
            Some(tell) => tell(&notes::server_was_trusted()),
            None => report.notes.push(notes::server_was_trusted()),
        }
    }
    let known: Vec<_> = old.iter().filter_map(Old::certificate).collect();
    let mut serials = Serials::of(&directory, &authority, &known, inventory)?;
    let ca_path = issuance::path_in(&report.directory, FileRole::CaCertificate);
    report.certificates.push(CertificateReport::of("ca", ca_path, Action::Kept, authority.root()));
    let new = match plans.is_empty() || request.dry_run {
        true => Vec::new(),
        false => {
            let mut run = Making {
                authority: &authority,
                serials: &mut serials,
                inventory,
                now,
                failures: &mut failures,
            };
            run.make_each(&mut directory, &plans, report)?
        }
    };
    report_own(request, &old, &plans, &new, authority.certificate().subject(), report);
    let trusted = directory.read(FileRole::CaCertificate)?.unwrap_or_default();
    let first_entries = match request.adopted.names.is_empty() {
        true => Vec::new(),
        false => first_entries(&old, inventory, &signers, now),
    };
    let mut issuer = Issuer {
        certificates: &mut directory,
        authority: &authority,
        serials: &mut serials,
        trusted: &trusted,
        first_entries,
        existing: Existing::Replace,
        now,
    };
    selection.renew_issued(&mut issuer, progress, report, &mut failures)?;
    Error::of_all(failures)
}

/// Whether nothing is due, where that can be said without the passphrase of ca.key. Then it is reported.
fn keeps_all(
    request: &RenewRequest,
    directory: &Directory,
    inventory: &Inventory,
    old: &[Old; 2],
    judged: Option<&Judged>,
    report: &mut Report,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    if judged.is_none() || request.passphrase.is_some() {
        return Ok(false);
    }
    let Some(chain) = ca::presumed(directory, now)? else { return Ok(false) };
    let root = chain[chain.len() - 1].clone();
    let signers = Signers::presumed(chain, ca::trusted(directory)?);
    let selection = Selection { request, inventory, signers: &signers, judged, now };
    let mut kept = Report::new(&request.directory, request.dry_run, None);
    if root.key_cert_sign().is_none() {
        kept.notes.push(notes::ca_without_key_usage());
    }
    let ca_path = issuance::path_in(&kept.directory, FileRole::CaCertificate);
    kept.certificates.push(CertificateReport::of("ca", ca_path, Action::Kept, &root));
    let mut failures = Vec::new();
    let is_own_due = !selection.own(old, directory, &mut kept.notes, &mut failures)?.is_empty();
    report_own(request, old, &[], &[], root.subject(), &mut kept);
    if is_own_due || selection.is_issued_due(directory, &mut kept, &mut failures)? {
        return Ok(false);
    }
    Error::of_all(failures)?;
    report.certificates.append(&mut kept.certificates);
    report.notes.append(&mut kept.notes);
    Ok(true)
}

/// Reports what became of server.pem and client.pem, or would become.
fn report_own(
    request: &RenewRequest,
    old: &[Old; 2],
    plans: &[Plan],
    new: &[(EndEntityKind, Certificate)],
    issuer: &Subject,
    report: &mut Report,
) {
    for old in old {
        let path = issuance::path_in(&report.directory, &old.files.certificate);
        let plan = plans.iter().find(|plan| plan.kind == old.kind);
        let made = new.iter().find(|(kind, _)| *kind == old.kind);
        let certificate = match (plan, made, old.certificate()) {
            (Some(plan), Some((_, new)), _) => {
                Some(CertificateReport::of(old.kind.name(), path, plan.action, new))
            }
            (Some(plan), None, _) if request.dry_run => Some(plan.report(issuer, path)),
            // Who names what was issued does not ask for these.
            (None, _, Some(_)) if request.kinds.is_empty() => None,
            (_, _, Some(kept)) => Some(CertificateReport::of(old.kind.name(), path, Action::Kept, kept)),
            (_, _, None) => None,
        };
        report.certificates.extend(certificate);
    }
}

/// Whether clients may have been given a server.pem to trust that is replaced now, as gen.sh's
/// documentation says: it and client.pem were of one kind, under a CA without keyUsage.
fn server_was_trusted(authority: &CertificateAuthority, old: &[Old; 2], plans: &[Plan]) -> bool {
    let serves = |old: &Old, kind| old.certificate().is_some_and(|certificate| certificate.serves(kind));
    let [server, client] = old;
    let is_renewed = plans.iter().any(|plan| plan.kind == EndEntityKind::Server);
    is_renewed
        && authority.root().key_cert_sign().is_none()
        && serves(server, EndEntityKind::Server)
        && !serves(client, EndEntityKind::Client)
}

/// Makes keys and certificates, and replaces files.
struct Making<'a> {
    authority: &'a CertificateAuthority,
    serials: &'a mut Serials,
    inventory: &'a Inventory,
    now: OffsetDateTime,
    failures: &'a mut Vec<Error>,
}

impl Making<'_> {
    /// All at once; where one of them would be refused, the other alone. Returns what was made.
    fn make_each(
        &mut self,
        directory: &mut Directory,
        plans: &[Plan],
        report: &mut Report,
    ) -> Result<Vec<(EndEntityKind, Certificate)>, Error> {
        match self.make(directory, plans, report) {
            Err(error) if error.kind() == ErrorKind::Unverifiable && plans.len() > 1 => {}
            Err(error) if error.kind() == ErrorKind::Unverifiable => {
                self.failures.push(error);
                return Ok(Vec::new());
            }
            made => return made,
        }
        let mut made = Vec::new();
        for plan in plans {
            match self.make(directory, slice::from_ref(plan), report) {
                Ok(one) => made.extend(one),
                Err(error) if error.kind() == ErrorKind::Unverifiable => self.failures.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    fn make(
        &mut self,
        directory: &mut Directory,
        plans: &[Plan],
        report: &mut Report,
    ) -> Result<Vec<(EndEntityKind, Certificate)>, Error> {
        let key_types: Vec<_> = plans.iter().filter_map(Plan::new_key_type).collect();
        let serial_numbers = self.serials.take(plans.len(), &mut report.notes)?;
        let issued = issue_all(plans, self.authority, serial_numbers, generate_keys(&key_types)?)?;
        let (mut files, mut entries, mut certificates) = (Vec::new(), Vec::new(), Vec::new());
        for (plan, (certificate, issued)) in plans.iter().zip(issued) {
            let file = plan.files.certificate.to_string();
            entries.push(IssuedEntry::of(plan.kind, &certificate, file, self.now));
            certificates.push((plan.kind, certificate));
            files.extend(issued);
        }
        let serial = self.serials.file().owned_as_in(directory)?;
        let notes = &mut report.notes;
        if self.inventory.is_begun() {
            // A number that the inventory has is used up, even if nothing comes into its place.
            let serial = slice::from_ref(&serial);
            issuance::write(directory, serial, &[], Existing::Replace, self.now, &|_| Ok(()), notes)?;
        }
        files.push(serial);
        let record = |directory: &Directory| self.inventory.add(directory, &entries);
        let plans: Vec<_> = plans.iter().collect();
        issuance::write(directory, &files, &plans, Existing::Replace, self.now, &record, notes)?;
        report.changed = true;
        report.files.extend(issuance::file_reports(&report.directory, &files));
        Ok(certificates)
    }
}

/// The directory's own certificates that the inventory does not have: with them it begins, and goes on
/// where a crash cut off its beginning.
pub(crate) fn first_entries(
    old: &[Old],
    inventory: &Inventory,
    signers: &Signers,
    now: OffsetDateTime,
) -> Vec<IssuedEntry> {
    let entry = |old: &Old| {
        let certificate = old.certificate().filter(|certificate| !inventory.has(certificate))?;
        old.vouch_for_own(signers, inventory).ok()?;
        Some(IssuedEntry::of(old.kind, certificate, old.file(), now))
    };
    old.iter().filter_map(entry).collect()
}
