//! What programs say when TLS fails, and what it means.

mod address;
mod advice;
mod entry;
mod marks;
mod peer;
mod sayings;
mod text;
mod words;

use std::io::{self, BufRead, BufReader, Read};

use serde::Serialize;

use crate::base::error::Error;
use crate::base::place::{Place, Position};
use crate::base::text::printable;
use crate::check::codes::Code;
use crate::check::explain::advice::{Cause, cause};
use crate::check::explain::entry::{Entry, characters};
use crate::check::explain::marks::Peer;
use crate::check::explain::sayings::Speaker;
use crate::check::explain::text::{decoded, plain};
use crate::check::explain::words::{Found, Words};
use crate::check::finding::Finding;
use crate::store::{FileRole, unreadable};
use crate::x509::{EndEntityKind, GeneralName};

/// What a text says of TLS.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExplainReport {
    /// What the text is called.
    pub source: String,
    /// Each distinct cause once, where it is first said.
    pub findings: Vec<Finding>,
}

/// Recognises what programs say when TLS fails: in an error, or in a whole log.
///
/// # Errors
/// If the text cannot be read.
pub(crate) fn explain(name: &str, text: impl Read) -> Result<ExplainReport, Error> {
    let findings = findings_in(name, text).map_err(|source| {
        let path = if name == "-" { "standard input" } else { name };
        unreadable(path.as_ref())(source)
    })?;
    Ok(ExplainReport { source: name.to_owned(), findings })
}

/// The most of a line that is shown, in characters.
const SHOWN: usize = 200;
/// The most that is looked at as one, in octets: a longer line is looked at in pieces.
const PIECE: u64 = 64 * 1024;
/// What two pieces of a line have in common, in octets: an error is shorter.
const OVERLAP: usize = 1024;

fn findings_in(name: &str, text: impl Read) -> io::Result<Vec<Finding>> {
    let mut text = decoded(BufReader::new(text))?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut add = |entry: &Entry| {
        if let Some(finding) = finding_in(name, entry) {
            let is_known = |found: &Finding| {
                found.code == finding.code && found.kind() == finding.kind() && found.fix == finding.fix
            };
            if !findings.iter().any(is_known) {
                findings.push(finding);
            }
        }
    };
    let mut entry = Entry::default();
    let (mut piece, mut position) = (Vec::new(), Position { line: 1, column: 1 });
    while text.by_ref().take(PIECE).read_until(b'\n', &mut piece)? > 0 {
        let is_whole = piece.ends_with(b"\n");
        if !entry.goes_on_with(&piece) {
            add(&entry);
            entry = Entry::default();
        }
        entry.add(&piece, position);
        if is_whole {
            position = Position { line: position.line + 1, column: 1 };
            piece.clear();
        } else {
            let seen = piece.len().saturating_sub(OVERLAP);
            position.column += characters(&piece[..seen]);
            piece.drain(..seen);
        }
    }
    add(&entry);
    Ok(without_the_vague(findings))
}

/// Words that say nothing of the cause, where others do.
fn without_the_vague(mut findings: Vec<Finding>) -> Vec<Finding> {
    let names_a_cause = |finding: &Finding| !is_vague(finding.code);
    if findings.iter().any(|finding| names_a_cause(finding) && finding.kind() == SERVER) {
        findings.retain(|finding| finding.code != Code::ServerRefused);
    }
    if findings.iter().any(|finding| finding.code != Code::ServerUnavailable) {
        findings.retain(|finding| finding.code != Code::ServerUnavailable);
    }
    findings
}

const SERVER: Option<EndEntityKind> = Some(EndEntityKind::Server);

const fn is_vague(code: Code) -> bool {
    matches!(code, Code::ServerRefused | Code::ServerUnavailable)
}

/// What the words of an entry mean, if they are known.
fn finding_in(name: &str, entry: &Entry) -> Option<Finding> {
    let frames = Words::of_frames(&plain(entry.frames()));
    let said = |separator: &[u8]| {
        Said::in_text(&entry.joined(separator), &frames, entry.container(), separator.len())
    };
    // A terminal wraps within words, a person between them.
    let said = match entry.lines().len() {
        0 | 1 => said(b""),
        _ if entry.is_cut_within_words() => the_more_specific(said(b""), said(b" ")),
        _ => the_more_specific(said(b" "), said(b"")),
    };
    said.map(|said| said.at(name, entry.lines()))
}

/// The first, unless the second says more.
fn the_more_specific(first: Option<Said>, second: Option<Said>) -> Option<Said> {
    match (first, second) {
        (Some(first), Some(second)) if second.rank < first.rank => Some(second),
        (first, second) => first.or(second),
    }
}

/// Something that is known, and the text that says it.
struct Said {
    cause: Cause,
    speaker: Speaker,
    /// The lower, the more specific.
    rank: usize,
    kind: Option<EndEntityKind>,
    name: Option<GeneralName>,
    /// Where it begins, in characters.
    start: usize,
    /// How many characters stand between two lines of the text.
    between: usize,
    text: String,
}

impl Said {
    /// The first saying that fits.
    fn in_text(text: &[u8], frames: &Words, container: &[u8], between: usize) -> Option<Self> {
        let plain = plain(text);
        let words = Words::of(&plain);
        let Found { saying, rank, start } = words.saying(frames)?;
        let passes_on = |speaker: &Speaker| speaker.is_proxy() || saying.speaker == Speaker::OpenSsl;
        let speaker = words.speaker().filter(passes_on).unwrap_or(saying.speaker);
        let plain = String::from_utf8_lossy(&plain);
        let name = saying.kind.and_then(|_| name_asked_for(&plain));
        let peer = Peer::of(&plain, name.as_ref(), &words, frames, container);
        let file = file_named(&plain);
        let is_for_all_files = matches!(
            (saying.code, saying.speaker),
            (
                Code::MissingFile | Code::UnreadableFile | Code::DirectoryInsteadOfFile,
                Speaker::Go | Speaker::Java | Speaker::Node | Speaker::OpenSsl | Speaker::Python
            )
        );
        if is_for_all_files && file.as_deref().is_some_and(|file| !is_of_tls(file)) {
            return None;
        }
        let is_of_client = saying.kind.is_some() && file.is_some_and(|file| file.contains("client"));
        let kind = if is_of_client { Some(EndEntityKind::Client) } else { saying.kind };
        Some(Self {
            cause: cause(saying, kind, speaker, peer)?,
            speaker,
            rank,
            kind,
            name,
            start: characters(&plain.as_bytes()[..start]),
            between,
            text: String::from_utf8_lossy(text).into_owned(),
        })
    }

    fn at(&self, name: &str, lines: &[(Vec<u8>, Position)]) -> Finding {
        let (mut position, mut column) = (Position { line: 1, column: 1 }, self.start);
        for (line, begin) in lines {
            position = Position { line: begin.line, column: begin.column + column };
            let length = characters(line) + self.between;
            if column < length {
                break;
            }
            column -= length;
        }
        let shown = shown(&self.text, self.start, column);
        let evidence = match self.speaker {
            Speaker::Any => shown,
            speaker => format!("{speaker} says: {shown}"),
        };
        // What cannot be loaded is most often a key.
        let role = self.kind.map(|kind| FileRole::pair_of(kind).0);
        let place = Place::at(name, position);
        let mut finding =
            Finding::about_server(self.cause.code, place, evidence, role, None, self.name.clone());
        if let Some(why) = self.cause.why {
            finding.because(why);
        }
        if let Some(fix) = self.cause.fix {
            finding.advise(fix);
        }
        finding
    }
}

/// The name of the first file of a certificate or a key, in lower case and without folder and ending.
fn file_named(text: &str) -> Option<String> {
    const ENDINGS: [&str; 7] = [".pem", ".key", ".crt", ".cert", ".cer", ".jks", ".p12"];
    let is_of_path = |character: char| character.is_alphanumeric() || "._-/\\:".contains(character);
    let paths = text.split(|character| !is_of_path(character));
    let name = paths.filter_map(|path| {
        let name = path.rsplit(['/', '\\']).next()?.trim_end_matches([':', '.']).to_ascii_lowercase();
        ENDINGS.iter().find_map(|ending| Some(name.strip_suffix(ending)?.to_owned()))
    });
    name.into_iter().next()
}

/// Whether a file may be one of Milvus or its clients, and is not a key for something else, such as `jwt.key`.
fn is_of_tls(name: &str) -> bool {
    const PARTS: [&str; 9] = ["milvus", "server", "client", "tls", "ssl", "cert", "root", "chain", "trust"];
    PARTS.iter().any(|part| name.contains(part))
        || name.split(|part: char| !part.is_alphanumeric()).any(|word| ["ca", "key"].contains(&word))
}

/// The name that a client asked for and the certificate does not have.
fn name_asked_for(text: &str) -> Option<GeneralName> {
    const BEFORE: [&str; 18] = [
        "cannot validate certificate for ",
        ", not ",
        "target host name '",
        "target hostname '",
        "target ipv4 address '",
        "target ipv6 address '",
        "altnames: Host: ",
        "altnames: IP: ",
        "CertificateError(\"hostname '",
        "but wanted to match ",
        "requested host name '",
        "Certificate for <",
        "certificate is not valid for '",
        "matching IP address ",
        "DNS name matching ",
        "No name matching ",
        "not valid for name \"",
        "Peer name ",
    ];
    // As in JSON
    let text = text.replace("\\\"", "\"");
    let after = BEFORE.iter().find_map(|before| Some(text.split_once(before)?.1))?;
    let is_end = |character: char| character.is_whitespace() || "'\"\\,;)]>".contains(character);
    let name = after.split(is_end).next()?.trim_end_matches('.');
    name.parse().ok()
}

/// The part of a text that matters: `start` is where it begins, `column` where in its line, in characters.
fn shown(text: &str, start: usize, column: usize) -> String {
    let before = column.min(SHOWN / 4);
    let part: String = text.chars().skip(start - before).take(SHOWN).collect();
    // Not from within a word
    let is_cut = before < column && before > 0;
    let whole = part.char_indices().take(before).find(|(_, character)| is_cut && character.is_whitespace());
    printable(part[whole.map_or(0, |(end, _)| end)..].trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::explain::sayings::SAYINGS;

    #[test]
    fn no_saying_hides_behind_one_that_comes_before_it() {
        for saying in SAYINGS {
            let line = saying.words.join(" ");
            let found = Words::of(line.as_bytes()).saying(&Words::of(b"")).unwrap().saying;
            assert!(found.code == saying.code && found.kind == saying.kind, "{line}: {}", found.code);
        }
    }

    #[test]
    fn no_saying_is_found_within_other_words() {
        for saying in SAYINGS {
            let glued = |word: &&str| format!("a{word}a");
            // The name of a file may be anything: `.pem (permission denied)` is what ends it.
            let ends_a_word = |word: &&str| {
                word.starts_with(|first: char| first.is_ascii_alphanumeric())
                    || word.ends_with(|last: char| last.is_ascii_alphanumeric())
            };
            if !saying.words.iter().any(ends_a_word) {
                continue;
            }
            let line = saying.words.iter().map(glued).collect::<Vec<_>>().join(" ");
            let found = Words::of(line.as_bytes()).saying(&Words::of(b""));
            assert!(found.is_none_or(|found| found.saying.words != saying.words), "{line}");
        }
    }

    #[test]
    fn no_saying_about_another_service_blames_the_certificates_of_milvus() {
        for saying in SAYINGS {
            for (service, code) in [
                ("minio:9000", Some(Code::OtherService)),
                ("etcd", Some(Code::OtherService)),
                ("docker.io", None),
            ] {
                let line = format!("{} {service}", saying.words.join(" "));
                let found =
                    Said::in_text(line.as_bytes(), &Words::of(b""), b"", 0).map(|said| said.cause.code);
                assert!(found.is_none() || found == code, "{line}: {found:?}");
            }
        }
    }
}
