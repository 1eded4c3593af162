use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use super::error::{command, outcome};
use super::issuance::Unvouched;
use crate::pki::{
    Certificate, EndEntityKind, GeneralName, KeyType, SerialNumber, Subject, Validity, listed, moment,
};
use crate::store::{FileMode, FileRole, IssuedName, Recovery};

/// What a command did, or with `dry_run` would do.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The certificate directory, as it was named.
    pub directory: String,
    /// Whether anything in it is different now.
    pub changed: bool,
    /// Whether the command only looked.
    pub dry_run: bool,
    /// Where the replaced files are.
    pub backup: Option<String>,
    /// The certificates of the directory: authority, server, client.
    pub certificates: Vec<CertificateReport>,
    /// The files that were written, or would be.
    pub files: Vec<FileReport>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is new.
    Created,
    /// It takes the place of another.
    Renewed,
    /// It is as it was.
    Kept,
}

/// A certificate of the directory.
#[derive(Debug, Serialize)]
pub struct CertificateReport {
    /// `ca`, `server` or `client`.
    pub role: &'static str,
    /// Its path.
    pub path: String,
    /// What became of it.
    pub action: Action,
    /// The subject's CommonName.
    pub common_name: String,
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number in hex; none before it is made.
    pub serial: Option<String>,
    /// Its first second, RFC 3339.
    pub not_before: String,
    /// Its last second, RFC 3339.
    pub not_after: String,
    /// subjectAltName.
    pub names: Vec<String>,
    /// Its key: `rsa2048`, or in words where it is of another kind.
    pub key: String,
    /// SHA-256 of it; none before it is made.
    pub sha256_fingerprint: Option<String>,
}

/// A file that was written.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its path.
    pub path: String,
    /// Its permissions in octal.
    pub mode: String,
    /// What it is for.
    pub purpose: &'static str,
    /// Who needs it.
    pub for_whom: &'static str,
}

impl Report {
    /// Of a run that has not done anything yet, but perhaps mended what an earlier one left.
    pub(super) fn new(directory: &Path, dry_run: bool, recovery: Option<Recovery>) -> Self {
        Self {
            directory: directory.display().to_string(),
            // What the earlier run had made is in its place only now.
            changed: recovery == Some(Recovery::Completed),
            dry_run,
            backup: None,
            certificates: Vec::new(),
            files: Vec::new(),
            notes: recovery.map(Note::Recovered).into_iter().collect(),
        }
    }

    /// Takes note of what an earlier run left in another folder.
    pub(super) fn add_recovery(&mut self, recovery: Option<Recovery>) {
        self.changed |= recovery == Some(Recovery::Completed);
        self.notes.extend(recovery.map(Note::Recovered));
    }
}

impl CertificateReport {
    pub(super) fn of(role: &'static str, path: String, action: Action, certificate: &Certificate) -> Self {
        let Validity { not_before, not_after } = certificate.validity();
        Self {
            role,
            path,
            action,
            common_name: certificate.subject().common_name().unwrap_or_default(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: Some(certificate.serial().to_string()),
            not_before: timestamp(not_before),
            not_after: timestamp(not_after),
            names: texts(certificate.names()),
            key: key_name(certificate),
            sha256_fingerprint: Some(certificate.fingerprint()),
        }
    }
}

impl FileReport {
    pub(super) fn of(role: FileRole, path: String, mode: FileMode) -> Self {
        Self { path, mode: mode.to_string(), purpose: role.purpose(), for_whom: role.audience().name() }
    }
}

pub(super) fn texts(names: &[GeneralName]) -> Vec<String> {
    names.iter().map(GeneralName::to_string).collect()
}

fn key_name(certificate: &Certificate) -> String {
    match certificate.public_key() {
        Ok(key) => key.key_type().map_or_else(|| key.to_string(), |key_type| key_type.to_string()),
        Err(_) => "unknown".into(),
    }
}

/// Whole days from now until then, rounded down; negative when it has passed.
pub(super) fn day_count(now: OffsetDateTime, then: OffsetDateTime) -> i64 {
    (then - now).whole_seconds().div_euclid(24 * 60 * 60)
}

/// RFC 3339 in UTC.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time.format(format).unwrap_or_else(|_| time.to_string())
}

/// Something that was put right, taken over, or that only a person can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// An interrupted run was completed or undone first.
    Recovered(Recovery),
    /// There was no certificate to take the subject from.
    PageDefaults {
        /// Whose.
        kind: EndEntityKind,
    },
    /// The certificate cannot be read, and the new one has what the inventory has for its file.
    FromInventory {
        /// The certificate's file.
        file: String,
    },
    /// The new certificate does not have everything that the old one had.
    LeftOut {
        /// The certificate's file.
        file: String,
        /// What it does not have.
        lost: Vec<String>,
    },
    /// A certificate that was not reissued as it lies there.
    NotReissued {
        /// Its path.
        path: String,
        /// Why not.
        reason: Unvouched,
        /// The command that reissues it nevertheless.
        adopt: String,
    },
    /// server.pem came from gen.sh, and clients may have been given it to trust.
    ServerWasTrusted,
    /// A certificate lives so short that its last third counts, not the time that was given.
    ShortLife {
        /// The certificate's file.
        file: String,
        /// The last third of its life.
        third: Duration,
    },
    /// The old certificate could not be used for its purpose.
    UsageMended {
        /// The certificate's file.
        file: String,
        /// Whose it is.
        kind: EndEntityKind,
    },
    /// An IP address stood in a dNSName.
    AddressMended {
        /// The certificate's file.
        file: String,
        /// The address.
        name: GeneralName,
    },
    /// The old certificate had no subjectAltName.
    NamesFromCommonName {
        /// The certificate's file.
        file: String,
    },
    /// A name that no client can match, or of a kind that is not kept.
    NameDropped {
        /// The certificate's file.
        file: String,
        /// The name.
        name: String,
    },
    /// The old key was of a kind or size that is not made here.
    KeyTypeChanged {
        /// The certificate's file.
        file: String,
        /// What it was.
        old: String,
        /// What it is.
        new: KeyType,
    },
    /// The authority ends before the certificate would have.
    CutToAuthority {
        /// The certificate's file.
        file: String,
        /// The end of both.
        not_after: OffsetDateTime,
    },
    /// The certificate is due, but the authority ends with it.
    AuthorityEnds {
        /// The certificate's file.
        file: String,
        /// The end of both.
        not_after: OffsetDateTime,
    },
    /// There was no ca.srl.
    SerialStarted,
    /// ca.srl was behind the serial number of a certificate.
    SerialSkipped {
        /// The number that is in use.
        serial: SerialNumber,
    },
    /// A private key was readable by others.
    KeyModeTightened {
        /// Which.
        file: String,
        /// What it was.
        old: FileMode,
    },
    /// A file could not be given to whom it belonged before.
    OwnerNotKept {
        /// Which.
        file: String,
    },
    /// A run was interrupted, and this command only looks.
    Interrupted {
        /// In which folder.
        folder: PathBuf,
        /// The certificate directory.
        directory: PathBuf,
    },
    /// A run has been putting files into place for a while, and this command only looks.
    AtWork {
        /// In which folder.
        folder: PathBuf,
    },
    /// What an interrupted run left is not this user's, and this command only looks.
    ForeignJournal {
        /// The folder that holds it.
        path: PathBuf,
        /// Why it is not.
        reason: String,
    },
    /// The directory is on a file system that keeps no modes, and the person accepts that.
    Unprotected {
        /// The directory.
        directory: PathBuf,
    },
    /// A folder of what was issued could not be put in order.
    Obstacle {
        /// Which, and why.
        reason: String,
    },
    /// The work is done, and a hidden folder could not be removed.
    LeftBehind {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// What was issued and is not there any more, so it is not renewed.
    Withdrawn {
        /// What it was called.
        names: Vec<IssuedName>,
    },
    /// Another type of key was asked for, but this key is not made here.
    KeyElsewhere {
        /// The certificate's file.
        file: String,
    },
    /// A signing request does not get everything that it asks for.
    RequestCut {
        /// What it does not get.
        dropped: Vec<String>,
        /// Whether names are among it that it could get.
        has_names: bool,
    },
    /// ca.pem does not trust an authority any more.
    NoLongerTrusted {
        /// Whose certificate it was.
        subject: Subject,
    },
    /// The CA that was replaced stood below another, and the new one does not.
    NoLongerBelow {
        /// Whose certificate it was.
        subject: Subject,
        /// The root that it stood below.
        root: Subject,
    },
    /// The CA that was replaced had limits that the new one does not have.
    LimitsDropped {
        /// The extensions.
        limits: Vec<&'static str>,
    },
    /// A CA that was signed anew has the serial number of the old certificate.
    SerialKept {
        /// The number.
        serial: SerialNumber,
    },
    /// More than server.pem and client.pem had been issued by the authority that was replaced.
    OfFormerAuthority {
        /// How many certificates.
        count: usize,
    },
    /// The authority was made without keyUsage, as gen.sh does.
    AuthorityWithoutKeyUsage,
    /// Clients inside a deployment ask for names that server.pem does not cover.
    InsideNamesNotCovered {
        /// The names.
        names: Vec<GeneralName>,
        /// What adds them.
        command: String,
    },
    /// The directory was left alone, though a certificate is not as it was asked for.
    NotAsAsked {
        /// Whose.
        kind: EndEntityKind,
        /// What it is instead.
        is: String,
        /// What makes it so.
        command: String,
    },
    /// The directory was left alone, though its certificate lacks a name that was asked for.
    NameNotCovered {
        /// The name.
        name: GeneralName,
    },
}

impl Note {
    /// That something could not be cleaned up, if so.
    pub(super) fn left_behind(left: Option<(PathBuf, std::io::Error)>) -> Option<Self> {
        left.map(|(path, reason)| Self::LeftBehind { path, reason: reason.to_string() })
    }

    /// A stable name for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Recovered(Recovery::Completed) => "interrupted-run-completed",
            Self::Recovered(Recovery::RolledBack | Recovery::RolledBackKeepingCa) => "interrupted-run-undone",
            Self::PageDefaults { .. } => "page-defaults-used",
            Self::FromInventory { .. } => "from-inventory",
            Self::LeftOut { .. } => "left-out",
            Self::NotReissued { .. } => "not-reissued",
            Self::ServerWasTrusted => "server-pem-was-trusted",
            Self::ShortLife { .. } => "short-life",
            Self::UsageMended { .. } => "extended-key-usage-mended",
            Self::AddressMended { .. } => "ip-in-dns-name-mended",
            Self::NamesFromCommonName { .. } => "names-from-common-name",
            Self::NameDropped { .. } => "name-dropped",
            Self::KeyTypeChanged { .. } => "key-type-changed",
            Self::CutToAuthority { .. } => "cut-to-authority",
            Self::AuthorityEnds { .. } => "authority-ends",
            Self::SerialStarted => "serial-started",
            Self::SerialSkipped { .. } => "serial-skipped",
            Self::KeyModeTightened { .. } => "key-mode-tightened",
            Self::OwnerNotKept { .. } => "owner-not-kept",
            Self::Interrupted { .. } => "interrupted-run",
            Self::AtWork { .. } => "run-at-work",
            Self::ForeignJournal { .. } => "foreign-journal",
            Self::Unprotected { .. } => "keys-unprotected",
            Self::Obstacle { .. } => "issued-in-disorder",
            Self::LeftBehind { .. } => "left-behind",
            Self::Withdrawn { .. } => "withdrawn",
            Self::KeyElsewhere { .. } => "key-elsewhere",
            Self::RequestCut { .. } => "request-cut",
            Self::NoLongerTrusted { .. } => "no-longer-trusted",
            Self::NoLongerBelow { .. } => "no-longer-below",
            Self::LimitsDropped { .. } => "limits-dropped",
            Self::SerialKept { .. } => "serial-kept",
            Self::OfFormerAuthority { .. } => "of-former-authority",
            Self::AuthorityWithoutKeyUsage => "authority-without-key-usage",
            Self::InsideNamesNotCovered { .. } => "inside-names-not-covered",
            Self::NotAsAsked { .. } => "not-as-asked",
            Self::NameNotCovered { .. } => "name-not-covered",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered(recovery) => {
                write!(f, "an earlier run had been interrupted; it was {} first", outcome(*recovery))
            }
            Self::PageDefaults { kind } => write!(
                f,
                "there was no {kind}.pem to take the subject from; it has the defaults of Milvus' documentation"
            ),
            Self::FromInventory { file } => write!(
                f,
                "{file} could not be read; the new one has the subject and the names that issued/index.jsonl has for it"
            ),
            Self::LeftOut { file, lost } => {
                write!(f, "the old {file} had {}; the new one does not", listed(lost))
            }
            Self::NotReissued { path, reason, adopt } => {
                write!(f, "{path} is not reissued: {reason}; if it is meant as it is, `{adopt}` reissues it")
            }
            Self::ServerWasTrusted => write!(
                f,
                "the old server.pem is as gen.sh makes it, and Milvus' documentation gives that to clients to trust; those that trust it refuse the new one (OpenSSL's error 20; pymilvus says only that it cannot connect): give them ca.pem first"
            ),
            Self::ShortLife { file, third } => write!(
                f,
                "{file} lives shorter than three times the time of --if-due; it is due in the last third of its life, {}",
                length(*third)
            ),
            Self::UsageMended { file, kind } => write!(
                f,
                "the old {file} could not be used as a {kind} certificate; the new one has extendedKeyUsage {kind}Auth"
            ),
            Self::AddressMended { file, name } => write!(
                f,
                "the old {file} had {name} as a DNS name, which no client matches; the new one has it as an IP address"
            ),
            Self::NamesFromCommonName { file } => {
                write!(f, "the old {file} had no subjectAltName; the new one has it from the CommonName")
            }
            Self::NameDropped { file, name } => {
                write!(f, "the name {name:?} of the old {file} cannot be used and was left out")
            }
            Self::KeyTypeChanged { file, old, new } => {
                write!(f, "the key of the old {file} was {old}; the new one is {new}")
            }
            Self::CutToAuthority { file, not_after } => write!(
                f,
                "{file} ends on {} with its authority, earlier than the days asked for",
                moment(*not_after)
            ),
            Self::AuthorityEnds { file, not_after } => write!(
                f,
                "{file} ends on {} with its authority; only a new authority can change that (`milvus-certs rotate-ca begin`)",
                moment(*not_after)
            ),
            Self::SerialStarted => {
                write!(f, "there was no ca.srl; it starts from a new random serial number")
            }
            Self::SerialSkipped { serial } => {
                write!(f, "ca.srl was behind serial number {serial}, which is in use; it goes on above that")
            }
            Self::KeyModeTightened { file, old } => {
                write!(f, "{file} had mode {old}; private keys are for their owner, so it has 0600 now")
            }
            Self::OwnerNotKept { file } => {
                write!(f, "{file} could not be given to its former owner or group; it belongs to you")
            }
            Self::Interrupted { folder, directory } => write!(
                f,
                "{}: an earlier run was interrupted, and what is here is from before it or from after it; `{}` completes or undoes it",
                folder.display(),
                command("renew --if-due 0s", directory)
            ),
            Self::AtWork { folder } => {
                write!(f, "{}: a run is at work in it, and does not go on", folder.display())
            }
            Self::ForeignJournal { path, reason } => write!(
                f,
                "{}: is what an interrupted run leaves, but not one of yours: {reason}; no command touches it",
                path.display()
            ),
            Self::Unprotected { directory } => write!(
                f,
                "{}: the file system keeps no modes, so everybody on this machine can read the private keys, and change what is signed",
                directory.display()
            ),
            Self::Obstacle { reason } => write!(f, "left alone: {reason}"),
            Self::LeftBehind { path, reason } => {
                write!(f, "{} cannot be removed: {reason}; the next run tries again", path.display())
            }
            Self::Withdrawn { names } => write!(f, "{}", withdrawn(names)),
            Self::KeyElsewhere { file } => {
                write!(f, "{file} is for a key that is somewhere else, and keeps it")
            }
            Self::RequestCut { dropped, has_names } => {
                let advice = if *has_names { "; --allow-san lists the names that it may have" } else { "" };
                write!(
                    f,
                    "the request also asks for {}, which the certificate does not have{advice}",
                    listed(dropped)
                )
            }
            Self::NoLongerTrusted { subject } => write!(f, "ca.pem does not trust {subject} any more"),
            Self::NoLongerBelow { subject, root } => write!(
                f,
                "the new CA is a root of its own: it does not stand below {root}, as {subject} does, so who trusts only that root needs ca.pem"
            ),
            Self::LimitsDropped { limits } => write!(
                f,
                "the new CA may issue every name for every purpose: it does not have the {} of the old one",
                listed(limits)
            ),
            Self::SerialKept { serial } => write!(
                f,
                "ca.pem keeps its serial number {serial}, because certificates may name it; Firefox, or whatever else is built on NSS, does not take it beside the old one (SEC_ERROR_REUSED_ISSUER_AND_SERIAL): delete the old one there first"
            ),
            Self::OfFormerAuthority { count } => {
                let (certificates, are) =
                    if *count == 1 { ("certificate", "is") } else { ("certificates", "are") };
                write!(
                    f,
                    "{count} {certificates} that `issue` made {are} of the former authority, which ca.pem does not trust any more; `milvus-certs renew --adopt NAME` makes one anew"
                )
            }
            Self::AuthorityWithoutKeyUsage => write!(
                f,
                "ca.pem has no keyUsage, as gen.sh makes it; Python 3.13 and `openssl verify -x509_strict` refuse it; `milvus-certs rotate-ca begin --same-key` mends that, and everything issued goes on verifying"
            ),
            Self::InsideNamesNotCovered { names, command } => {
                let names = match names.as_slice() {
                    [first, more @ ..] if more.len() > 1 => format!("{first} and {} more names", more.len()),
                    names => texts(names).join(" and "),
                };
                write!(
                    f,
                    "server.pem does not cover {names}, by which clients beside Milvus reach it; `{command}` adds them"
                )
            }
            Self::NotAsAsked { kind, is, command } => {
                write!(f, "{kind}.pem {is}, and not what was asked for; `{command}` changes that")
            }
            Self::NameNotCovered { name } => {
                write!(f, "server.pem does not cover {name}; `milvus-certs renew --san {name}` adds it")
            }
        }
    }
}

/// A length of time in the largest unit that it has two of.
fn length(time: Duration) -> String {
    match (time.whole_days(), time.whole_hours(), time.whole_minutes()) {
        (days @ 2.., ..) => format!("{days} days"),
        (_, hours @ 2.., _) => format!("{hours} hours"),
        (.., minutes) => format!("{minutes} minutes"),
    }
}

fn withdrawn(names: &[IssuedName]) -> String {
    match names {
        [name] => format!("{name} was issued and is not there any more, so it was left alone"),
        [first, ..] => format!(
            "{} that were issued are not there any more, such as {first}, and were left alone",
            names.len()
        ),
        [] => String::new(),
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut note = serializer.serialize_struct("Note", 2)?;
        note.serialize_field("code", self.code())?;
        note.serialize_field("message", &self.to_string())?;
        note.end()
    }
}
