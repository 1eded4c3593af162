use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use super::issuance::{self, KeyPlan, NewFile, Plan};
use super::report::CertificateReport;
use super::{Action, Error, Note, Report, authority};
use crate::milvus::defaults;
use crate::pki::{
    Attribute, AttributeType, Certificate, CertificateAuthority, Days, EndEntityKind, GeneralName, KeyType,
    Passphrase, PrivateKey, SerialCounter, SerialNumber, Subject, Validity, certificates_from_pem,
    key_from_pem,
};
use crate::store::{Access, Backup, Directory, FileMode, FileRole};

/// What `renew` is to do. Whatever is not set is taken over from the certificate that is renewed.
#[derive(Debug)]
pub struct RenewRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    /// Server, client, or both.
    pub kinds: Vec<EndEntityKind>,
    /// Attributes of the subject that are to be different. A CommonName also replaces the names, and
    /// is the client's too, unless that has a name of its own.
    pub subject: Vec<Attribute>,
    /// More names for the server.
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
}

impl RenewRequest {
    /// Renews both server and client with all that they say now.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            kinds: EndEntityKind::ALL.to_vec(),
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
        }
    }

    fn common_name(&self) -> Option<&Attribute> {
        self.subject.iter().find(|attribute| attribute.kind() == AttributeType::CommonName)
    }
}

/// Issues new certificates from the directory's authority, whose `ca.key` and `ca.pem` stay as they
/// are, to the last byte.
///
/// # Errors
/// Where there is no authority, it may not or can no longer issue, or the file system fails; then
/// nothing has changed.
pub fn renew(request: &RenewRequest, now: OffsetDateTime) -> Result<Report, Error> {
    let access = if request.dry_run { Access::Look } else { Access::Change };
    let directory = Directory::open(&request.directory, access)?;
    let recovery = directory.recovery();
    renew_in(request, directory, now).map_err(|error| error.after(recovery))
}

fn renew_in(request: &RenewRequest, mut directory: Directory, now: OffsetDateTime) -> Result<Report, Error> {
    let authority = authority::of_directory(&directory, request.passphrase.as_ref(), now)?;
    let old = OldCertificates::read(&directory, &request.kinds)?;
    let mut report = Report::new(&request.directory, request.dry_run, directory.recovery());
    if authority.root().key_cert_sign().is_none() {
        report.notes.push(Note::AuthorityWithoutKeyUsage);
    }
    let renewal = Renewal { request, directory: &directory, authority: &authority, old: &old, now };
    let mut plans = Vec::new();
    for kind in EndEntityKind::ALL {
        if request.kinds.contains(&kind) && renewal.is_due(kind, &mut report.notes) {
            plans.push(renewal.plan(kind, &mut report.notes)?);
        }
    }
    let mut counter = serial_counter(&directory, &mut report.notes, !plans.is_empty())?;
    let ca_path = issuance::path_in(&report.directory, FileRole::CaCertificate);
    report.certificates.push(CertificateReport::of("ca", ca_path, Action::Kept, authority.root()));
    if plans.is_empty() || request.dry_run {
        for kind in EndEntityKind::ALL {
            let path = issuance::path_in(&report.directory, FileRole::pair_of(kind).1);
            let planned = plans.iter().find(|plan| plan.kind == kind);
            let planned = planned.map(|plan| plan.report(authority.certificate().subject(), path.clone()));
            let kept = || old.of(kind).map(|old| CertificateReport::of(kind.name(), path, Action::Kept, old));
            report.certificates.extend(planned.or_else(kept));
        }
        return Ok(report);
    }
    make(&mut directory, &authority, &old, &plans, &mut counter, now, &mut report)?;
    Ok(report)
}

/// The leaf certificates that are there.
struct OldCertificates {
    server: Option<Certificate>,
    client: Option<Certificate>,
}

impl OldCertificates {
    /// Reads them; what is not to be renewed may also be unreadable.
    fn read(directory: &Directory, renewed: &[EndEntityKind]) -> Result<Self, Error> {
        let read = |kind| match Self::leaf(directory, kind) {
            Err(_) if !renewed.contains(&kind) => Ok(None),
            result => result,
        };
        Ok(Self { server: read(EndEntityKind::Server)?, client: read(EndEntityKind::Client)? })
    }

    fn leaf(directory: &Directory, kind: EndEntityKind) -> Result<Option<Certificate>, Error> {
        let (_, role) = FileRole::pair_of(kind);
        let Some(content) = directory.read(role)? else { return Ok(None) };
        // renew.sh leaves an empty server.pem behind when it fails.
        if content.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let unreadable = |source| Error::OldCertificate { path: directory.path_of(role), source };
        let certificates = certificates_from_pem(&content).map_err(unreadable)?;
        // Some put the authority first; a leaf is what is no authority.
        let leaf = certificates.iter().find(|certificate| !certificate.is_ca());
        Ok(leaf.or(certificates.first()).cloned())
    }

    fn of(&self, kind: EndEntityKind) -> Option<&Certificate> {
        match kind {
            EndEntityKind::Server => self.server.as_ref(),
            EndEntityKind::Client => self.client.as_ref(),
        }
    }

    /// The serial numbers that this authority has given out, as far as can be seen.
    fn serials(&self, authority: &CertificateAuthority) -> Vec<SerialNumber> {
        let own = std::iter::once(authority.certificate());
        let issued = EndEntityKind::ALL.into_iter().filter_map(|kind| self.of(kind));
        let issued = issued.filter(|old| old.issuer() == authority.certificate().subject());
        own.chain(issued).map(|certificate| certificate.serial().clone()).collect()
    }
}

/// What a plan is made from.
struct Renewal<'a> {
    request: &'a RenewRequest,
    directory: &'a Directory,
    authority: &'a CertificateAuthority,
    old: &'a OldCertificates,
    now: OffsetDateTime,
}

impl Renewal<'_> {
    /// Whether it is to be renewed now; a certificate that already ends with its authority is not,
    /// since a new one would end at the same time.
    fn is_due(&self, kind: EndEntityKind, notes: &mut Vec<Note>) -> bool {
        let (Some(within), Some(old)) = (self.request.if_due, self.old.of(kind)) else {
            return true;
        };
        let not_after = old.validity().not_after;
        if not_after - self.now > within {
            return false;
        }
        let can_be_longer = not_after < self.authority.validity().not_after;
        if !can_be_longer {
            notes.push(Note::AuthorityEnds { kind, not_after });
        }
        can_be_longer
    }

    fn plan(&self, kind: EndEntityKind, notes: &mut Vec<Note>) -> Result<Plan, Error> {
        let (key_role, certificate_role) = FileRole::pair_of(kind);
        let in_certificate = || Error::in_file(self.directory.path_of(certificate_role));
        let old = self.old.of(kind);
        match old {
            None => notes.push(Note::PageDefaults { kind }),
            Some(old) if !old.serves(kind) => notes.push(Note::UsageMended { kind }),
            Some(_) => {}
        }
        let subject = self.subject(kind).map_err(in_certificate())?;
        let names = self.names(kind, &subject, notes).map_err(in_certificate())?;
        let validity = self.validity(kind, notes)?;
        let key_state = self.directory.state(key_role)?;
        let certificate_state = self.directory.state(certificate_role)?;
        Ok(Plan {
            kind,
            subject,
            names,
            validity,
            key: self.key(kind, notes)?,
            key_mode: self.key_mode(key_role, key_state.map(|state| state.mode), notes),
            key_owner: key_state.map(|state| state.owner),
            certificate_owner: certificate_state.map(|state| state.owner),
            action: if old.is_some() { Action::Renewed } else { Action::Created },
        })
    }

    fn subject(&self, kind: EndEntityKind) -> Result<Subject, crate::pki::Error> {
        let mut subject = match self.old.of(kind) {
            Some(old) => old.subject().clone(),
            None => Subject::new(&defaults::subject()?)?,
        };
        let other = |attribute: &&Attribute| attribute.kind() != AttributeType::CommonName;
        for attribute in self.request.subject.iter().filter(other).chain(self.new_name(kind)) {
            subject = subject.with(attribute)?;
        }
        Ok(subject)
    }

    /// The CommonName that was asked for.
    fn new_name(&self, kind: EndEntityKind) -> Option<&Attribute> {
        let common = self.request.common_name();
        let name_of = |kind| self.old.of(kind).and_then(|old| old.subject().common_name());
        match kind {
            EndEntityKind::Server => common,
            EndEntityKind::Client => self.request.client_name.as_ref().or_else(|| {
                let own = name_of(EndEntityKind::Client);
                common.filter(|_| own.is_none() || own == name_of(EndEntityKind::Server))
            }),
        }
    }

    fn names(
        &self,
        kind: EndEntityKind,
        subject: &Subject,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<GeneralName>, crate::pki::Error> {
        let is_server = kind == EndEntityKind::Server;
        let mut names = match self.old.of(kind).filter(|_| self.new_name(kind).is_none()) {
            Some(old) => taken_over(kind, old, notes)?,
            None => issuance::names_from_common_name(subject)?,
        };
        if is_server {
            issuance::add_names(&mut names, &self.request.names);
        }
        if is_server && (self.old.of(kind).is_none() || self.new_name(kind).is_some()) {
            issuance::add_loopback(&mut names);
        }
        Ok(names)
    }

    fn validity(&self, kind: EndEntityKind, notes: &mut Vec<Note>) -> Result<Validity, crate::pki::Error> {
        let days = match (self.request.days, self.old.of(kind)) {
            (Some(days), _) => days,
            (None, Some(old)) => old.validity().days(),
            (None, None) => Days::new(defaults::DAYS)?,
        };
        let wanted = Validity::starting(self.now, days)?;
        let validity = wanted.within(self.authority.validity());
        if validity.not_after < wanted.not_after {
            notes.push(Note::CutToAuthority { kind, not_after: validity.not_after });
        }
        Ok(validity)
    }

    fn key(&self, kind: EndEntityKind, notes: &mut Vec<Note>) -> Result<KeyPlan, Error> {
        if self.request.reuse_key {
            return self.same_key(kind).map(|key| KeyPlan::Same(Box::new(key)));
        }
        let old = self.old.of(kind);
        Ok(KeyPlan::New(match (self.request.key_type, old.map(Certificate::public_key)) {
            (Some(key_type), _) => key_type,
            (None, None) => KeyType::Rsa2048,
            (None, Some(Ok(key))) => key.key_type().unwrap_or_else(|| {
                let new = key.nearest_key_type();
                notes.push(Note::KeyTypeChanged { kind, old: key.to_string(), new });
                new
            }),
            (None, Some(Err(_))) => {
                let old = "of a kind that Milvus or its clients cannot use".into();
                notes.push(Note::KeyTypeChanged { kind, old, new: KeyType::Rsa2048 });
                KeyType::Rsa2048
            }
        }))
    }

    /// The key that is there, if it is the certificate's.
    fn same_key(&self, kind: EndEntityKind) -> Result<PrivateKey, Error> {
        let (role, _) = FileRole::pair_of(kind);
        let path = self.directory.path_of(role);
        let content = self.directory.read(role)?.ok_or_else(|| Error::KeyMissing { path: path.clone() })?;
        let key = key_from_pem(&content, None).map_err(Error::in_file(&path))?;
        let public_key = key.public_key()?;
        match self.old.of(kind) {
            Some(old) if old.public_key().ok().as_ref() != Some(&public_key) => {
                let subject = old.subject().clone();
                Err(Error::in_file(path)(crate::pki::Error::KeyMismatch { subject }))
            }
            // pymilvus cannot talk to a server with an Ed25519 key.
            _ if kind == EndEntityKind::Server && public_key.key_type().is_none() && !public_key.is_rsa() => {
                let reason = format!("pymilvus cannot talk to a server with an {public_key} key");
                Err(Error::in_file(path)(crate::pki::Error::KeyUnsupported { reason }))
            }
            _ => Ok(key),
        }
    }

    /// The mode that was asked for, or the old one as long as it keeps others out: a container's
    /// group that could read the key still can.
    fn key_mode(&self, role: FileRole, old: Option<FileMode>, notes: &mut Vec<Note>) -> FileMode {
        let asked_for = self.request.key_mode;
        if let (None, Some(old)) = (asked_for, old.filter(|old| old.for_key().is_none())) {
            notes.push(Note::KeyModeTightened { role, old });
        }
        asked_for.or_else(|| old.and_then(FileMode::for_key)).unwrap_or(role.mode())
    }
}

/// The names of the old certificate, put right.
fn taken_over(
    kind: EndEntityKind,
    old: &Certificate,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, crate::pki::Error> {
    let mut names = Vec::new();
    for name in old.names() {
        let repaired = name.repaired();
        if let Some(name) = repaired.as_ref().filter(|address| !old.names().contains(address)) {
            notes.push(Note::AddressMended { kind, name: name.clone() });
        }
        issuance::add_names(&mut names, &[repaired.unwrap_or_else(|| name.clone())]);
    }
    for name in old.unusable_names() {
        notes.push(Note::NameDropped { kind, name: name.clone() });
    }
    if names.is_empty() {
        names = issuance::names_from_common_name(old.subject())?;
        notes.push(Note::NamesFromCommonName { kind });
    }
    Ok(names)
}

fn serial_counter(
    directory: &Directory,
    notes: &mut Vec<Note>,
    needed: bool,
) -> Result<SerialCounter, Error> {
    match directory.read(FileRole::CaSerial)? {
        Some(content) => {
            SerialCounter::parse(&content).map_err(Error::in_file(directory.path_of(FileRole::CaSerial)))
        }
        None => {
            if needed {
                notes.push(Note::SerialStarted);
            }
            Ok(SerialCounter::random()?)
        }
    }
}

/// Makes keys and certificates, and replaces the files.
fn make(
    directory: &mut Directory,
    authority: &CertificateAuthority,
    old: &OldCertificates,
    plans: &[Plan],
    counter: &mut SerialCounter,
    now: OffsetDateTime,
    report: &mut Report,
) -> Result<(), Error> {
    let key_types: Vec<_> = plans.iter().filter_map(Plan::new_key_type).collect();
    let mut keys = issuance::generate_keys(&key_types)?.into_iter();
    let in_use = old.serials(authority);
    let mut files = Vec::new();
    for kind in EndEntityKind::ALL {
        let path = issuance::path_in(&report.directory, FileRole::pair_of(kind).1);
        let Some(plan) = plans.iter().find(|plan| plan.kind == kind) else {
            let kept = old.of(kind).map(|old| CertificateReport::of(kind.name(), path, Action::Kept, old));
            report.certificates.extend(kept);
            continue;
        };
        let serial = issuance::next_serial(counter, &in_use, &mut report.notes)?;
        let new_key = plan.new_key_type().and_then(|_| keys.next());
        let (certificate, issued) = plan.issue(authority, serial, new_key.as_ref())?;
        report.certificates.push(CertificateReport::of(kind.name(), path, plan.action, &certificate));
        files.extend(issued);
    }
    let serial_owner = directory.state(FileRole::CaSerial)?.map(|state| state.owner);
    files.push(NewFile { owner: serial_owner, ..NewFile::new(FileRole::CaSerial, counter.to_string()) });
    issuance::write(directory, &files, plans, Backup::None, now, &mut report.notes)?;
    report.changed = true;
    report.files = issuance::file_reports(&report.directory, &files);
    Ok(())
}
