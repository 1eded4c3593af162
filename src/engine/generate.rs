use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::error::ErrorKind;
use crate::base::note::Note;
use crate::base::text::command;
use crate::check::ca;
use crate::engine::ca::AuthorityTemplate;
use crate::engine::due::Judged;
use crate::engine::errors::{broken, files_listed};
use crate::engine::inventory::is_not_found;
use crate::engine::inventory::{Inventory, look_at};
use crate::engine::issuance::{self, KeyPlan, NewFile, Plan, Serials};
use crate::engine::notes;
use crate::engine::opening::Opened;
use crate::engine::renew::Members;
use crate::engine::report::CertificateReport;
use crate::engine::{Action, Report};
use crate::milvus::defaults;
use crate::store::inventory::InventoryEntry;
use crate::store::{Access, Backup, Directory, EndEntityFiles, FileMode, FileRole, Protection, path_of};
use crate::x509::CertificateAuthority;
use crate::x509::timestamp;
use crate::x509::{
    self, Attribute, AttributeType, Certificate, Days, EndEntityKind, GeneralName, KeyType, Passphrase,
    SerialCounter, SerialNumber, Subject, Validity, certificates_from_pem, certificates_to_pem,
    encrypt_key_to_pem, key_to_pem,
};

/// What `gen` is to make.
#[derive(Debug)]
pub struct GenerateRequest {
    /// The certificate directory; made if missing.
    pub directory: PathBuf,
    /// The subject of server, client and authority, CommonName included.
    pub subject: Vec<Attribute>,
    /// More names for the server.
    pub names: Vec<GeneralName>,
    /// The client's CommonName, where it is not the server's.
    pub client_name: Option<Attribute>,
    /// How long server and client live.
    pub days: Days,
    /// How long a new authority lives.
    pub ca_days: Days,
    /// The type of all keys that are made.
    pub key_type: KeyType,
    /// An authority to use instead of a new one.
    pub authority: Option<ExistingAuthority>,
    /// Opens ca.key if it is encrypted; encrypts it if it is not.
    pub passphrase: Option<Passphrase>,
    /// The mode of server.key and client.key; where it is not said, that of the files that are replaced.
    pub key_mode: Option<FileMode>,
    /// What to do where there are files already.
    pub if_present: IfPresent,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
}

/// An authority that somebody else made.
#[derive(Clone, Debug)]
pub struct ExistingAuthority {
    /// PEM: its certificate, and if it is an intermediate one its issuers up to the root.
    pub certificate: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
}

/// What to do where there are files already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfPresent {
    /// Say so and change nothing.
    Refuse,
    /// Replace them, and keep them in a backup.
    Replace,
    /// Leave a complete directory whose certificates are valid alone.
    Keep,
}

impl GenerateRequest {
    /// The documentation page's defaults, for this directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            subject: defaults::SUBJECT.into(),
            names: Vec::new(),
            client_name: None,
            days: defaults::DAYS,
            ca_days: defaults::CA_DAYS,
            key_type: KeyType::Rsa2048,
            authority: None,
            passphrase: None,
            key_mode: None,
            if_present: IfPresent::Refuse,
            dry_run: false,
            protection: Protection::Required,
        }
    }
}

/// Makes an authority, or takes one, and issues a server and a client certificate from it.
///
/// # Errors
/// Where files are in the way, the request makes no sense, or the file system fails; then nothing
/// has changed.
pub fn generate(request: &GenerateRequest, now: OffsetDateTime) -> Result<Report, Error> {
    let opened = open(request)?;
    let recovery = opened.as_ref().and_then(|opened| opened.recovery);
    let mut report = Report::new(&request.directory, request.dry_run, recovery);
    report.notes.extend(opened.iter().flat_map(Opened::notes));
    let directory = opened.map(|opened| opened.directory);
    generate_in(request, directory, now, report).map_err(|error| error.after_recovery(recovery))
}

fn generate_in(
    request: &GenerateRequest,
    mut directory: Option<Directory>,
    now: OffsetDateTime,
    mut report: Report,
) -> Result<Report, Error> {
    if let Some(directory) = &directory
        && keeps_present(request, directory, now, &mut report)?
    {
        return Ok(report);
    }
    let source = Source::of(request, now)?;
    let plans = plan(request, &source, directory.as_ref(), now, &mut report.notes)?;
    match &mut directory {
        Some(directory) if !request.dry_run => make(request, directory, source, &plans, now, &mut report)?,
        _ => foresee(&source, &plans, &mut report),
    }
    Ok(report)
}

fn open(request: &GenerateRequest) -> Result<Option<Opened>, Error> {
    let access = if request.dry_run { Access::Look } else { Access::Create };
    match Opened::open(&request.directory, access, request.protection, None) {
        Err(error) if request.dry_run && is_not_found(&error) => Ok(None),
        result => Ok(Some(result?)),
    }
}

/// Whether the directory stays as it is; an error where neither that nor replacing it is wanted.
fn keeps_present(
    request: &GenerateRequest,
    directory: &Directory,
    now: OffsetDateTime,
    report: &mut Report,
) -> Result<bool, Error> {
    let present = directory.present()?;
    let missing: Vec<_> = FileRole::AS_LISTED.into_iter().filter(|role| !present.contains(role)).collect();
    match request.if_present {
        _ if present.is_empty() => Ok(false),
        IfPresent::Replace => Ok(false),
        IfPresent::Refuse => {
            let path = directory.path();
            let renew = command("renew", path);
            let message = format!("{}: already has {}", path.display(), files_listed(&present));
            Err(Error::new(message).of_kind(ErrorKind::AlreadyThere).with_hint(format!(
                "`{renew}` makes new certificates from this CA; `gen --force` replaces all files and keeps a backup; `gen --if-missing` leaves a valid directory alone"
            )))
        }
        IfPresent::Keep if !missing.is_empty() => {
            let path = directory.path();
            let are = if missing.len() == 1 { "is" } else { "are" };
            let message =
                format!("{}: is incomplete, {} {are} missing", path.display(), files_listed(&missing));
            let is_of_ca = |role| [FileRole::CaKey, FileRole::CaCertificate].contains(role);
            Err(Error::new(message).with_hint(match missing.iter().any(is_of_ca) {
                true => format!("`{}` makes all files anew and keeps a backup", command("gen --force", path)),
                false => format!("`{}` makes what is missing", command("renew", path)),
            }))
        }
        IfPresent::Keep => {
            check_valid(request, directory, now, report)?;
            Ok(true)
        }
    }
}

/// Checks a complete directory, and reports its certificates.
fn check_valid(
    request: &GenerateRequest,
    directory: &Directory,
    now: OffsetDateTime,
    report: &mut Report,
) -> Result<(), Error> {
    let read = |role| -> Result<Zeroizing<Vec<u8>>, Error> { Ok(directory.read(role)?.unwrap_or_default()) };
    let certificate = |role| {
        let certificates =
            certificates_from_pem(&read(role)?).map_err(Error::in_file(directory.path_of(role)));
        Ok::<_, Error>(certificates?.swap_remove(0))
    };
    let serial = FileRole::CaSerial;
    SerialCounter::parse(&read(serial)?).map_err(Error::in_file(directory.path_of(serial)))?;
    // Without its passphrase nobody can tell whose key an encrypted ca.key is.
    if request.passphrase.is_some() || !x509::is_encrypted_key(&read(FileRole::CaKey)?) {
        ca::of_directory(directory, request.passphrase.as_ref(), now)?;
    } else {
        let role = FileRole::CaCertificate;
        x509::check_may_issue(&certificate(role)?, 0, now)
            .map_err(Error::in_file(directory.path_of(role)))?;
    }
    let mut kept = |name, role| {
        let path = issuance::path_in(&report.directory, role);
        let kept = CertificateReport::of(name, path, Action::Kept, &certificate(role)?);
        report.certificates.push(kept);
        Ok::<_, Error>(())
    };
    kept("ca", FileRole::CaCertificate)?;
    for kind in EndEntityKind::ALL {
        kept(kind.name(), FileRole::pair_of(kind).1)?;
    }
    broken(directory.path(), &Judged::of(directory, now)?.errors())?;
    let covered = certificate(FileRole::ServerCertificate)?;
    let subject = Subject::new(&request.subject)?;
    for name in server_names(request, &subject)? {
        // The loopback addresses were not asked for, and gen.sh did not give them.
        let asked_for = request.names.contains(&name)
            || !matches!(name, GeneralName::Ip(address) if address.is_loopback());
        if asked_for && !covered.names().contains(&name) {
            report.notes.push(notes::name_not_covered(&name));
        }
    }
    for kind in EndEntityKind::ALL {
        let role = FileRole::pair_of(kind).1;
        report.notes.extend(not_as_asked(request, kind, &certificate(role)?)?);
    }
    Ok(())
}

/// What a certificate that is left alone does not have of days and key, where others than the defaults were
/// asked for.
fn not_as_asked(
    request: &GenerateRequest,
    kind: EndEntityKind,
    certificate: &Certificate,
) -> Result<Vec<Note>, Error> {
    let note = |is: String, option: String| {
        let verb = format!("renew {kind} {option}");
        notes::not_as_asked(kind, &is, &command(&verb, &request.directory))
    };
    let mut notes = Vec::new();
    let days = certificate.validity().days();
    if request.days != defaults::DAYS && days != request.days {
        notes.push(note(format!("lives {days} days"), format!("--days {}", request.days)));
    }
    let key = certificate.public_key()?;
    if request.key_type != KeyType::Rsa2048 && key.algorithm().key_type() != Some(request.key_type) {
        notes.push(note(format!("has a key of {key}"), format!("--key-type {}", request.key_type)));
    }
    Ok(notes)
}

/// Where the authority comes from.
enum Source {
    New(AuthorityTemplate),
    Existing { authority: CertificateAuthority, key: Zeroizing<Vec<u8>> },
}

impl Source {
    fn of(request: &GenerateRequest, now: OffsetDateTime) -> Result<Self, Error> {
        if let Some(files) = &request.authority {
            let (authority, key) =
                ca::of_files(&files.certificate, &files.key, request.passphrase.as_ref(), now)?;
            return Ok(Self::Existing { authority, key });
        }
        Ok(Self::New(AuthorityTemplate {
            subject: authority_subject(&Subject::new(&request.subject)?)?,
            validity: Validity::starting(now, request.ca_days)?,
            serial: SerialNumber::random()?,
        }))
    }

    fn validity(&self) -> Validity {
        match self {
            Self::New(template) => template.validity,
            Self::Existing { authority, .. } => authority.validity(),
        }
    }

    fn subject(&self) -> &Subject {
        match self {
            Self::New(template) => &template.subject,
            Self::Existing { authority, .. } => authority.certificate().subject(),
        }
    }
}

/// `<CommonName> CA`: its own name, so that nobody takes an end entity for self-signed. X.520 allows
/// 64 characters.
fn authority_subject(subject: &Subject) -> Result<Subject, x509::Error> {
    const SUFFIX: &str = " CA";
    let common_name = subject.common_name().ok_or_else(x509::Error::common_name_empty)?;
    let start: String = common_name.chars().take(64 - SUFFIX.len()).collect();
    subject.with(&Attribute::new(AttributeType::CommonName, &(start + SUFFIX))?)
}

fn server_names(request: &GenerateRequest, subject: &Subject) -> Result<Vec<GeneralName>, x509::Error> {
    let mut names = issuance::names_from_common_name(EndEntityKind::Server, subject)?;
    x509::add_names(&mut names, &request.names);
    issuance::add_loopback(&mut names);
    Ok(names)
}

fn plan(
    request: &GenerateRequest,
    source: &Source,
    directory: Option<&Directory>,
    now: OffsetDateTime,
    notes: &mut Vec<Note>,
) -> Result<Vec<Plan>, Error> {
    let wanted = Validity::starting(now, request.days)?;
    let validity = wanted.within(source.validity());
    let server = Subject::new(&request.subject)?;
    let client = match &request.client_name {
        Some(name) => server.with(name)?,
        None => server.clone(),
    };
    // What is replaced goes on belonging to whom it belonged.
    let plan = |kind, subject, names| {
        let files = EndEntityFiles::of_directory(kind);
        let state = |file| directory.map(|directory| directory.state(file)).transpose();
        let key = state(&files.key)?.flatten();
        let old_mode = key.and_then(|key| key.mode.for_key());
        Ok::<_, Error>(Plan {
            kind,
            subject,
            names,
            validity,
            key: KeyPlan::New(request.key_type),
            key_mode: request.key_mode.or(old_mode).unwrap_or(FileMode::PRIVATE),
            key_owner: key.map(|key| key.owner),
            certificate: state(&files.certificate)?.flatten(),
            files,
            action: Action::Created,
        })
    };
    if validity.not_after < wanted.not_after {
        let file = |kind| FileRole::pair_of(kind).1.to_string();
        let cut = |kind| notes::cut_to_ca(&file(kind), validity.not_after);
        notes.extend(EndEntityKind::ALL.map(cut));
    }
    let (server_names, client_names) =
        (server_names(request, &server)?, issuance::names_from_common_name(EndEntityKind::Client, &client)?);
    Ok(vec![
        plan(EndEntityKind::Server, server, server_names)?,
        plan(EndEntityKind::Client, client, client_names)?,
    ])
}

/// Reports what would be made.
fn foresee(source: &Source, plans: &[Plan], report: &mut Report) {
    let path = |role| issuance::path_in(&report.directory, role);
    let ca_path = path(FileRole::CaCertificate);
    let mut certificates = vec![match source {
        Source::Existing { authority, .. } => {
            CertificateReport::of("ca", ca_path, Action::Created, authority.root())
        }
        Source::New(template) => CertificateReport {
            role: "ca",
            path: ca_path,
            action: Action::Created,
            common_name: template.subject.common_name().unwrap_or_default(),
            subject: template.subject.to_string(),
            issuer: template.subject.to_string(),
            serial: None,
            not_before: timestamp(template.validity.not_before),
            not_after: timestamp(template.validity.not_after),
            names: Vec::new(),
            key: plans[0].new_key_type().map(|key_type| key_type.to_string()).unwrap_or_default(),
            sha256_fingerprint: None,
        },
    }];
    certificates
        .extend(plans.iter().map(|plan| plan.report(source.subject(), path(FileRole::pair_of(plan.kind).1))));
    report.certificates = certificates;
}

/// Makes keys and certificates, and writes the seven files.
fn make(
    request: &GenerateRequest,
    directory: &mut Directory,
    source: Source,
    plans: &[Plan],
    now: OffsetDateTime,
    report: &mut Report,
) -> Result<(), Error> {
    let mut key_types: Vec<_> = plans.iter().filter_map(Plan::new_key_type).collect();
    if matches!(source, Source::New(_)) {
        key_types.push(request.key_type);
    }
    let mut keys = x509::generate_keys(&key_types)?;
    let (authority, ca_key) = match source {
        Source::Existing { authority, key } => (authority, key),
        Source::New(template) => {
            let key = keys.pop().unwrap_or_else(|| unreachable!("the authority's key was made last"));
            let pem = match &request.passphrase {
                Some(passphrase) => encrypt_key_to_pem(&key, passphrase)?,
                None => key_to_pem(&key)?,
            };
            let pem = Zeroizing::new(pem.as_bytes().to_vec());
            (CertificateAuthority::create(&template, key)?, pem)
        }
    };

    let inventory = Inventory::read(directory.path())?;
    let mut serials = Serials::new(directory, &authority, &inventory)?;
    let mut files = vec![
        NewFile::new(FileRole::CaKey, &*ca_key).owned_as_in(directory)?,
        NewFile::new(FileRole::CaCertificate, certificates_to_pem([authority.root()]))
            .owned_as_in(directory)?,
    ];
    let path = |role| issuance::path_in(&report.directory, role);
    let mut certificates =
        vec![CertificateReport::of("ca", path(FileRole::CaCertificate), Action::Created, authority.root())];
    let mut entries = Vec::new();
    let issued = issuance::issue_all(plans, &authority, serials.take(plans.len(), &mut report.notes)?, keys)?;
    for (plan, (certificate, issued)) in plans.iter().zip(issued) {
        let path = issuance::path_in(&report.directory, &plan.files.certificate);
        certificates.push(CertificateReport::of(plan.kind.name(), path, plan.action, &certificate));
        entries.push(InventoryEntry::of(plan.kind, &certificate, plan.files.certificate.to_string(), now));
        files.extend(issued);
    }
    files.push(serials.file().owned_as_in(directory)?);

    let backup = match request.if_present {
        IfPresent::Replace => Backup::At(now),
        IfPresent::Refuse | IfPresent::Keep => Backup::None,
    };
    let record = |directory: &Directory| inventory.add(directory, &entries);
    let backup = issuance::write(
        directory,
        &files,
        &plans.iter().collect::<Vec<_>>(),
        backup,
        now,
        &record,
        &mut report.notes,
    )?;
    report.changed = true;
    report.backup = backup.map(|path| path.display().to_string());
    report.files = issuance::file_reports(&report.directory, &files);
    report.certificates = certificates;
    match of_former_authority(directory, &inventory, &authority) {
        0 => {}
        count => report.notes.push(notes::of_former_ca(count)),
    }
    Ok(())
}

/// How many certificates are there, beside server.pem and client.pem, that another CA has issued. What cannot
/// be looked at is one of them: only a new certificate would not be.
fn of_former_authority(
    directory: &Directory,
    inventory: &Inventory,
    authority: &CertificateAuthority,
) -> usize {
    let is_other = |path: &PathBuf| match look_at(path) {
        Ok(None) => false,
        Ok(Some(content)) => {
            !certificates_from_pem(&content).is_ok_and(|chain| chain[0].is_issued_by(authority.certificate()))
        }
        Err(_) => true,
    };
    let paths = Members::all(inventory).into_iter().flat_map(|Members { folder, members }| {
        let folder = directory.path().join(folder);
        members
            .into_iter()
            .map(move |member| path_of(&folder, EndEntityFiles::issued(&member.name).certificate))
    });
    paths.filter(is_other).count()
}
