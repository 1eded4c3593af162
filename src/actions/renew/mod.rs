mod issued;
mod old;
mod renewal;

use std::path::PathBuf;
use std::slice;
use std::time::Duration;

use time::OffsetDateTime;

use super::issuance::{self, Inventory, InventoryEntry, Issuer, Plan, Progress, Serials, issue_all};
use super::opening::Opened;
use super::report::CertificateReport;
use super::{Action, Error, Note, Report, authority};
use crate::pki::{
    Attribute, AttributeType, Certificate, CertificateAuthority, Days, EndEntityKind, GeneralName, KeyType,
    Passphrase, generate_keys,
};
use crate::store::{Access, Backup, Directory, FileMode, FileRole, IssuedName, Protection};
pub(super) use issued::{Member, Members, renew_issued};
pub(super) use old::Old;
pub(super) use renewal::{Changes, Renewal};

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
    /// Keep the private keys.
    pub reuse_key: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
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
            reuse_key: false,
            dry_run: false,
            protection: Protection::Required,
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
        Err(error) => Err(error.after_part(!report.files.is_empty()).after(recovery)),
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
    let authority = authority::of_directory(&directory, request.passphrase.as_ref(), now)?;
    let old = |kind| Old::of_directory(&directory, kind, request.kinds.contains(&kind));
    let old = [old(EndEntityKind::Server)?, old(EndEntityKind::Client)?];
    if authority.root().key_cert_sign().is_none() {
        report.notes.push(Note::AuthorityWithoutKeyUsage);
    }
    let plans = plan(request, &directory, &authority, &old, now, &mut report.notes)?;
    let known: Vec<_> = old.iter().filter_map(|old| old.certificate.as_ref()).collect();
    let mut serials = Serials::of(&directory, &authority, &known, inventory)?;
    let ca_path = issuance::path_in(&report.directory, FileRole::CaCertificate);
    report.certificates.push(CertificateReport::of("ca", ca_path, Action::Kept, authority.root()));
    let new = match plans.is_empty() || request.dry_run {
        true => Vec::new(),
        false => make(&mut directory, &authority, &plans, &mut serials, inventory, now, report)?,
    };
    for old in &old {
        let path = issuance::path_in(&report.directory, &old.files.certificate);
        let planned = plans.iter().position(|plan| plan.kind == old.kind);
        let certificate = match (planned, &old.certificate) {
            (Some(plan), _) => Some(match new.get(plan) {
                Some(new) => CertificateReport::of(old.kind.name(), path, plans[plan].action, new),
                None => plans[plan].report(authority.certificate().subject(), path),
            }),
            // Who names what was issued does not ask for these.
            (None, Some(_)) if request.kinds.is_empty() => None,
            (None, Some(kept)) => Some(CertificateReport::of(old.kind.name(), path, Action::Kept, kept)),
            (None, None) => None,
        };
        report.certificates.extend(certificate);
    }
    let trusted = directory.read(FileRole::CaCertificate)?.unwrap_or_default();
    let mut issuer = Issuer {
        certificates: &mut directory,
        authority: &authority,
        serials: &mut serials,
        trusted: &trusted,
        first_entries: Vec::new(),
        backup: Backup::None,
        now,
    };
    renew_issued(request, inventory, &mut issuer, progress, report)
}

/// What is to be issued, of what was asked for and is due.
fn plan(
    request: &RenewRequest,
    directory: &Directory,
    authority: &CertificateAuthority,
    old: &[Old; 2],
    now: OffsetDateTime,
    notes: &mut Vec<Note>,
) -> Result<Vec<Plan>, Error> {
    let renewal = Renewal { request, directory, authority, now };
    let mut plans = Vec::new();
    for one in old {
        if request.kinds.contains(&one.kind) && renewal.is_due(one, notes) {
            plans.push(renewal.plan(one, &request.changes(old, one.kind), notes)?);
        }
    }
    Ok(plans)
}

/// Makes keys and certificates, and replaces the files. Returns the certificates, one for each plan.
fn make(
    directory: &mut Directory,
    authority: &CertificateAuthority,
    plans: &[Plan],
    serials: &mut Serials,
    inventory: &Inventory,
    now: OffsetDateTime,
    report: &mut Report,
) -> Result<Vec<Certificate>, Error> {
    let key_types: Vec<_> = plans.iter().filter_map(Plan::new_key_type).collect();
    let serial_numbers = serials.take(plans.len(), &mut report.notes)?;
    let issued = issue_all(plans, authority, serial_numbers, generate_keys(&key_types)?)?;
    let (mut files, mut entries, mut certificates) = (Vec::new(), Vec::new(), Vec::new());
    for (plan, (certificate, issued)) in plans.iter().zip(issued) {
        entries.push(InventoryEntry::of(plan.kind, &certificate, plan.files.certificate.to_string(), now));
        certificates.push(certificate);
        files.extend(issued);
    }
    let serial = serials.file().owned_as_in(directory)?;
    if inventory.is_begun() {
        // A number that the inventory has is used up, even if nothing comes into its place.
        let notes = &mut report.notes;
        issuance::write(directory, slice::from_ref(&serial), &[], Backup::None, now, &|_| Ok(()), notes)?;
    }
    files.push(serial);
    let record = |directory: &Directory| inventory.add(directory, &entries);
    let plans: Vec<_> = plans.iter().collect();
    issuance::write(directory, &files, &plans, Backup::None, now, &record, &mut report.notes)?;
    report.changed = true;
    report.files = issuance::file_reports(&report.directory, &files);
    Ok(certificates)
}
