//! A new certificate directory: a CA, made or given, a server and a client certificate.

use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::{Error, ErrorKind};
use crate::base::note::Note;
use crate::base::text::command;
use crate::check::ca;
use crate::engine::due::Judged;
use crate::engine::errors::{broken, files_listed};
use crate::engine::inventory::{Inventory, Members};
use crate::engine::issuer::Issuer;
use crate::engine::leaf::{
    Action, KeySource, Leaf, LeafPlace, LeafSpec, add_loopback, names_from_common_name, validity,
};
use crate::engine::notes;
use crate::engine::report::{CertificateReport, Report};
use crate::engine::run::{Opening, Run};
use crate::engine::write::NewFile;
use crate::milvus::defaults;
use crate::store::{
    Directory, EndEntityFiles, Existing, FileMode, FileRole, Protection, path_of, read_file_if_there,
};
use crate::x509::{
    self, Attribute, AttributeType, Ca, Certificate, Days, EndEntityKind, GeneralName, KeyType, Passphrase,
    PrivateKey, SerialCounter, Subject, Validity, add_names, certificates_from_pem, certificates_to_pem,
    encrypt_key_to_pem, generate_keys, key_to_pem,
};

/// What `gen` is to make.
#[derive(Debug)]
pub struct GenerateRequest {
    /// The certificate directory; made if missing.
    pub directory: PathBuf,
    /// The subject of server, client and CA, CommonName included.
    pub subject: Vec<Attribute>,
    /// More names for the server.
    pub names: Vec<GeneralName>,
    /// The client's CommonName, where it is not the server's.
    pub client_name: Option<Attribute>,
    /// How long server and client live.
    pub days: Days,
    /// How long a new CA lives.
    pub ca_days: Days,
    /// The type of all keys that are made.
    pub key_type: KeyType,
    /// A CA to use instead of a new one.
    pub ca: Option<ExistingCa>,
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

/// A CA that somebody else made.
#[derive(Clone, Debug)]
pub struct ExistingCa {
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
            ca: None,
            passphrase: None,
            key_mode: None,
            if_present: IfPresent::Refuse,
            dry_run: false,
            protection: Protection::Required,
        }
    }
}

/// Makes a CA, or takes one, and issues a server and a client certificate from it.
///
/// # Errors
/// Where files are in the way, the request makes no sense, or the file system fails; then nothing
/// has changed.
pub fn generate(request: &GenerateRequest, now: OffsetDateTime) -> Result<Report, Error> {
    let opening = Opening {
        path: &request.directory,
        dry_run: request.dry_run,
        create: true,
        protection: request.protection,
        among_issued: false,
        output: None,
    };
    let report = opening.run(now, |run, inventory| {
        if keeps_present(request, run)? {
            return Ok(());
        }
        let source = Source::of(request, now)?;
        let specs = specs(request, &source, Some(&run.directory), now)?;
        match request.dry_run {
            true => preview(request, &source, &specs, &mut run.report),
            false => make(request, source, &specs, run, inventory)?,
        }
        Ok(())
    });
    match report {
        // Nothing has to be there for a dry run.
        Err(error) if request.dry_run && error.kind() == ErrorKind::NoFolder => {
            let mut report = Report::new(&request.directory, true);
            let source = Source::of(request, now)?;
            let specs = specs(request, &source, None, now)?;
            preview(request, &source, &specs, &mut report);
            Ok(report)
        }
        report => report,
    }
}

/// Whether the directory stays as it is; an error where neither that nor replacing it is wanted.
fn keeps_present(request: &GenerateRequest, run: &mut Run) -> Result<bool, Error> {
    let directory = &run.directory;
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
            check_valid(request, run)?;
            Ok(true)
        }
    }
}

/// Checks a complete directory, and reports its certificates.
fn check_valid(request: &GenerateRequest, run: &mut Run) -> Result<(), Error> {
    let Run { directory, report, now, .. } = run;
    let now = *now;
    let read = |role| -> Result<Zeroizing<Vec<u8>>, Error> { Ok(directory.read(role)?.unwrap_or_default()) };
    let in_file = |role| Error::in_file(directory.path_of(role));
    let certificate = |role| {
        let certificates = certificates_from_pem(&read(role)?).map_err(in_file(role));
        Ok::<_, Error>(certificates?.swap_remove(0))
    };
    SerialCounter::parse(&read(FileRole::CaSerial)?).map_err(in_file(FileRole::CaSerial))?;
    // Without its passphrase nobody can tell whose key an encrypted ca.key is.
    if request.passphrase.is_some() || !x509::is_encrypted_key(&read(FileRole::CaKey)?) {
        ca::of_directory(directory, request.passphrase.as_ref(), now)?;
    } else {
        let role = FileRole::CaCertificate;
        x509::check_may_issue(&certificate(role)?, 0, now).map_err(in_file(role))?;
    }
    report.add_ca(Action::Kept, &certificate(FileRole::CaCertificate)?);
    let server = certificate(FileRole::ServerCertificate)?;
    let client = certificate(FileRole::ClientCertificate)?;
    broken(directory.path(), &Judged::of(directory, now)?.errors())?;
    for name in server_names(request, &Subject::new(&request.subject)?)? {
        // The loopback addresses were not asked for, and gen.sh did not give them.
        let asked_for = request.names.contains(&name)
            || !matches!(name, GeneralName::Ip(address) if address.is_loopback());
        if asked_for && !server.names().contains(&name) {
            report.notes.push(notes::name_not_covered(&name));
        }
    }
    for (kind, kept) in [(EndEntityKind::Server, server), (EndEntityKind::Client, client)] {
        let files = EndEntityFiles::of_directory(kind);
        let certificate = CertificateReport::of_leaf(kind, &report.directory, &files, Action::Kept, &kept);
        report.certificates.push(certificate);
        report.notes.extend(not_as_asked(request, kind, &kept)?);
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

/// Where the CA comes from.
enum Source {
    New { subject: Subject, validity: Validity },
    Given { ca: Ca, key: Zeroizing<Vec<u8>> },
}

impl Source {
    fn of(request: &GenerateRequest, now: OffsetDateTime) -> Result<Self, Error> {
        if let Some(files) = &request.ca {
            let (ca, key) = ca::of_files(&files.certificate, &files.key, request.passphrase.as_ref(), now)?;
            return Ok(Self::Given { ca, key });
        }
        let subject = ca_subject(&Subject::new(&request.subject)?)?;
        Ok(Self::New { subject, validity: Validity::starting(now, request.ca_days)? })
    }

    fn validity(&self) -> Validity {
        match self {
            Self::New { validity, .. } => *validity,
            Self::Given { ca, .. } => ca.validity(),
        }
    }
}

/// `<CommonName> CA`: its own name, so that nobody takes a leaf for self-signed. X.520 allows 64 characters.
fn ca_subject(subject: &Subject) -> Result<Subject, x509::Error> {
    const SUFFIX: &str = " CA";
    let common_name = subject.common_name().ok_or_else(x509::Error::common_name_empty)?;
    let start: String = common_name.chars().take(64 - SUFFIX.len()).collect();
    subject.with(&Attribute::new(AttributeType::CommonName, &(start + SUFFIX))?)
}

fn server_names(request: &GenerateRequest, subject: &Subject) -> Result<Vec<GeneralName>, x509::Error> {
    let mut names = names_from_common_name(EndEntityKind::Server, subject)?;
    add_names(&mut names, &request.names);
    add_loopback(&mut names);
    Ok(names)
}

/// What is replaced goes on belonging to whom it belonged.
fn specs(
    request: &GenerateRequest,
    source: &Source,
    directory: Option<&Directory>,
    now: OffsetDateTime,
) -> Result<Vec<LeafSpec>, Error> {
    let server = Subject::new(&request.subject)?;
    let client = match &request.client_name {
        Some(name) => server.with(name)?,
        None => server.clone(),
    };
    let server_names = server_names(request, &server)?;
    let client_names = names_from_common_name(EndEntityKind::Client, &client)?;
    let spec = |kind, subject, names| {
        let files = EndEntityFiles::of_directory(kind);
        let mut notes = Vec::new();
        let validity = validity(request.days, source.validity(), now, &files, &mut notes)?;
        let place = LeafPlace::of(directory, files, request.key_mode, &mut notes)?;
        let leaf = Leaf { kind, subject, names, validity };
        let key = KeySource::New(request.key_type);
        Ok::<_, Error>(LeafSpec { leaf, key, place, action: Action::Created, notes })
    };
    Ok(vec![
        spec(EndEntityKind::Server, server, server_names)?,
        spec(EndEntityKind::Client, client, client_names)?,
    ])
}

fn preview(request: &GenerateRequest, source: &Source, specs: &[LeafSpec], report: &mut Report) {
    let issuer = match source {
        Source::Given { ca, .. } => {
            report.add_ca(Action::Created, ca.root());
            ca.certificate().subject()
        }
        Source::New { subject, validity } => {
            let path = path_of(&report.directory, FileRole::CaCertificate);
            let ca = CertificateReport::not_made_yet(path, subject, *validity, request.key_type.to_string());
            report.certificates.push(ca);
            subject
        }
    };
    let folder = report.directory.clone();
    report.preview(specs, &folder, issuer);
}

/// Makes keys and certificates, and writes the seven files.
fn make(
    request: &GenerateRequest,
    source: Source,
    specs: &[LeafSpec],
    run: &mut Run,
    inventory: &Inventory,
) -> Result<(), Error> {
    // All keys at once, on all cores; the CA's is the last.
    let mut key_types: Vec<_> = specs.iter().filter_map(|spec| spec.key.new_key_type()).collect();
    if matches!(source, Source::New { .. }) {
        key_types.push(request.key_type);
    }
    let mut keys = generate_keys(&key_types)?;
    let (ca, ca_key) = match source {
        Source::Given { ca, key } => (ca, key),
        Source::New { subject, validity } => {
            let key = keys.pop().unwrap_or_else(|| unreachable!("the CA's key was made last"));
            let pem = ca_key_pem(&key, request.passphrase.as_ref())?;
            (Ca::create(subject, validity, key)?, pem)
        }
    };
    let ca_files = vec![
        NewFile::new(FileRole::CaKey, &*ca_key).owned_as_in(&run.directory)?,
        NewFile::new(FileRole::CaCertificate, certificates_to_pem([ca.root()]))
            .owned_as_in(&run.directory)?,
    ];
    let existing = match request.if_present {
        IfPresent::Replace => Existing::BackUp(run.now),
        IfPresent::Refuse | IfPresent::Keep => Existing::Replace,
    };
    let mut issuer = Issuer::of_new(run, inventory, &ca)?;
    issuer.issue_own(specs, ca_files, existing, Some(keys))?;
    run.report.add_ca(Action::Created, ca.root());
    run.report.certificates.sort_by_key(|certificate| certificate.role);
    let former = of_former_ca(&run.directory, inventory, &ca);
    run.report.notes.extend((former > 0).then(|| notes::of_former_ca(former)));
    Ok(())
}

/// ca.key, encrypted where there is a passphrase.
pub(crate) fn ca_key_pem(
    key: &PrivateKey,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<Vec<u8>>, x509::Error> {
    let pem = match passphrase {
        Some(passphrase) => encrypt_key_to_pem(key, passphrase)?,
        None => key_to_pem(key)?,
    };
    Ok(Zeroizing::new(pem.as_bytes().to_vec()))
}

/// How many certificates are there, beside server.pem and client.pem, that another CA has issued. What cannot
/// be looked at is one of them: only a new certificate would not be.
fn of_former_ca(directory: &Directory, inventory: &Inventory, ca: &Ca) -> usize {
    let is_other = |path: &PathBuf| match read_file_if_there(path) {
        Ok(None) => false,
        Ok(Some(content)) => {
            !certificates_from_pem(&content).is_ok_and(|chain| chain[0].is_issued_by(ca.certificate()))
        }
        Err(_) => true,
    };
    let mut count = 0;
    for Members { folder, members } in inventory.members() {
        let folder = directory.path().join(folder);
        let paths =
            members.iter().map(|member| path_of(&folder, EndEntityFiles::issued(&member.name).certificate));
        count += paths.filter(is_other).count();
    }
    count
}
