//! What a run tells a person about, each with its code and its words.

use std::path::Path;

use time::{Duration, OffsetDateTime};

use crate::base::note::Note;
use crate::base::text::{counted, listed};
use crate::store::{FileMode, IssuedName, Recovery};
use crate::x509::{EndEntityKind, GeneralName, KeyType, SerialNumber, Subject, moment};

/// What became of an interrupted run, in one word.
pub(crate) fn outcome(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Completed => "completed",
        Recovery::RolledBack => "undone",
        Recovery::RolledBackKeepingCa => {
            "undone, with its CA, which somebody may have used, kept in the newest folder backup-undone,"
        }
    }
}

pub(crate) fn recovered(recovery: Recovery) -> Note {
    let code = match recovery {
        Recovery::Completed => "interrupted-run-completed",
        Recovery::RolledBack | Recovery::RolledBackKeepingCa => "interrupted-run-undone",
    };
    Note::new(code, format!("an earlier run had been interrupted; it was {} first", outcome(recovery)))
}

pub(crate) fn page_defaults(kind: EndEntityKind) -> Note {
    let message = format!(
        "there was no {kind}.pem to take the subject from; it has the defaults of Milvus' documentation"
    );
    Note::new("page-defaults-used", message)
}

pub(crate) fn from_inventory(file: &str) -> Note {
    let message = format!(
        "{file} could not be read; the new one has the subject and the names that issued/index.jsonl has for it"
    );
    Note::new("from-inventory", message)
}

pub(crate) fn left_out(file: &str, lost: &[String]) -> Note {
    Note::new("left-out", format!("the old {file} had {}; the new one does not", listed(lost)))
}

/// `adopt` is the command that reissues the certificate nevertheless.
pub(crate) fn not_reissued(path: &Path, reason: &impl std::fmt::Display, adopt: &str) -> Note {
    let path = path.display();
    let message = format!("{path} is not reissued: {reason}; if it is meant as it is, `{adopt}` reissues it");
    Note::new("not-reissued", message)
}

/// server.pem came from gen.sh, and clients may have been given it to trust.
pub(crate) fn server_was_trusted() -> Note {
    Note::new(
        "server-pem-was-trusted",
        "the old server.pem is as gen.sh makes it, and Milvus' documentation gives that to clients to trust; those that trust it refuse the new one (OpenSSL's error 20; pymilvus says only that it cannot connect): give them ca.pem first",
    )
}

pub(crate) fn short_life(file: &str, third: Duration) -> Note {
    let message = format!(
        "{file} lives shorter than three times the time of --if-due; it is due in the last third of its life, {}",
        length(third)
    );
    Note::new("short-life", message)
}

pub(crate) fn usage_corrected(file: &str, kind: EndEntityKind) -> Note {
    let message = format!(
        "the old {file} could not be used as a {kind} certificate; the new one has extendedKeyUsage {kind}Auth"
    );
    Note::new("extended-key-usage-mended", message)
}

pub(crate) fn address_corrected(file: &str, address: &GeneralName) -> Note {
    let message = format!(
        "the old {file} had {address} as a DNS name, which no client matches; the new one has it as an IP address"
    );
    Note::new("ip-in-dns-name-mended", message)
}

pub(crate) fn names_from_common_name(file: &str) -> Note {
    let message = format!("the old {file} had no subjectAltName; the new one has it from the CommonName");
    Note::new("names-from-common-name", message)
}

pub(crate) fn name_dropped(file: &str, name: &str) -> Note {
    Note::new("name-dropped", format!("the name {name:?} of the old {file} cannot be used and was left out"))
}

pub(crate) fn key_type_changed(file: &str, old: &str, new: KeyType) -> Note {
    Note::new("key-type-changed", format!("the key of the old {file} was {old}; the new one is {new}"))
}

pub(crate) fn cut_to_ca(file: &str, not_after: OffsetDateTime) -> Note {
    let message =
        format!("{file} ends on {} with its CA, earlier than the days asked for", moment(not_after));
    Note::new("cut-to-authority", message)
}

pub(crate) fn ca_ends(file: &str, not_after: OffsetDateTime) -> Note {
    let message = format!(
        "{file} ends on {} with its CA; only a new CA can change that (`milvus-certs rotate-ca begin`)",
        moment(not_after)
    );
    Note::new("authority-ends", message)
}

pub(crate) fn serial_started() -> Note {
    Note::new("serial-started", "there was no ca.srl; it starts from a new random serial number")
}

pub(crate) fn serial_skipped(serial: &SerialNumber) -> Note {
    let message = format!("ca.srl was behind serial number {serial}, which is in use; it goes on above that");
    Note::new("serial-skipped", message)
}

pub(crate) fn key_mode_tightened(file: &str, old: FileMode) -> Note {
    let message = format!("{file} had mode {old}; private keys are for their owner, so it has 0600 now");
    Note::new("key-mode-tightened", message)
}

/// The file system keeps no modes, and the person accepts that.
pub(crate) fn unprotected(directory: &Path) -> Note {
    let message = format!(
        "{}: the file system keeps no modes, so everybody on this machine can read the private keys, and change what is signed",
        directory.display()
    );
    Note::new("keys-unprotected", message)
}

pub(crate) fn obstacle(reason: &impl std::fmt::Display) -> Note {
    Note::new("issued-in-disorder", format!("left alone: {reason}"))
}

pub(crate) fn withdrawn(names: &[IssuedName]) -> Note {
    let message = match names {
        [name] => format!("{name} was issued and is not there any more, so it was left alone"),
        names => format!(
            "{} that were issued are not there any more, such as {}, and were left alone",
            names.len(),
            names[0]
        ),
    };
    Note::new("withdrawn", message)
}

/// Another type of key was asked for, but this key is not made here.
pub(crate) fn key_elsewhere(file: &str) -> Note {
    Note::new("key-elsewhere", format!("{file} is for a key that is somewhere else, and keeps it"))
}

/// A signing request does not get everything that it asks for; `has_names` is whether names are among it that
/// it could get.
pub(crate) fn request_cut(dropped: &[String], has_names: bool) -> Note {
    let advice = if has_names { "; --allow-san lists the names that it may have" } else { "" };
    let message =
        format!("the request also asks for {}, which the certificate does not have{advice}", listed(dropped));
    Note::new("request-cut", message)
}

pub(crate) fn no_longer_trusted(subject: &Subject) -> Note {
    Note::new("no-longer-trusted", format!("ca.pem does not trust {subject} any more"))
}

/// The CA that was replaced stood below another, and the new one does not.
pub(crate) fn no_longer_below(subject: &Subject, root: &Subject) -> Note {
    let message = format!(
        "the new CA is a root of its own: it does not stand below {root}, as {subject} does, so who trusts only that root needs ca.pem"
    );
    Note::new("no-longer-below", message)
}

/// The CA that was replaced had limits that the new one does not have.
pub(crate) fn limits_dropped(limits: &[&str]) -> Note {
    let message = format!(
        "the new CA may issue every name for every purpose: it does not have the {} of the old one",
        listed(limits)
    );
    Note::new("limits-dropped", message)
}

pub(crate) fn serial_kept(serial: &SerialNumber) -> Note {
    let message = format!(
        "ca.pem keeps its serial number {serial}, because certificates may name it; Firefox, or whatever else is built on NSS, does not take it beside the old one (SEC_ERROR_REUSED_ISSUER_AND_SERIAL): delete the old one there first"
    );
    Note::new("serial-kept", message)
}

/// More than server.pem and client.pem had been issued by the CA that was replaced.
pub(crate) fn of_former_ca(count: usize) -> Note {
    let (certificates, are) = (counted(count, "certificate"), if count == 1 { "is" } else { "are" });
    let message = format!(
        "{certificates} that `issue` made {are} of the former CA, which ca.pem does not trust any more; `milvus-certs renew --adopt NAME` makes one anew"
    );
    Note::new("of-former-authority", message)
}

/// The CA was made without keyUsage, as gen.sh does.
pub(crate) fn ca_without_key_usage() -> Note {
    Note::new(
        "authority-without-key-usage",
        "ca.pem has no keyUsage, as gen.sh makes it; Python 3.13 and `openssl verify -x509_strict` refuse it; `milvus-certs rotate-ca begin --same-key` adds it, and everything issued goes on verifying",
    )
}

/// The directory was left alone, though a certificate is not as it was asked for; `command` changes that.
pub(crate) fn not_as_asked(kind: EndEntityKind, is: &str, command: &str) -> Note {
    let message = format!("{kind}.pem {is}, and not what was asked for; `{command}` changes that");
    Note::new("not-as-asked", message)
}

/// The directory was left alone, though its certificate lacks a name that was asked for.
pub(crate) fn name_not_covered(name: &GeneralName) -> Note {
    let message = format!("server.pem does not cover {name}; `milvus-certs renew --san {name}` adds it");
    Note::new("name-not-covered", message)
}

/// A length of time in the largest unit that it has two of.
fn length(time: Duration) -> String {
    match (time.whole_days(), time.whole_hours(), time.whole_minutes()) {
        (days @ 2.., ..) => format!("{days} days"),
        (_, hours @ 2.., _) => format!("{hours} hours"),
        (.., minutes) => format!("{minutes} minutes"),
    }
}
