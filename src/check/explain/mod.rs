//! What programs say when TLS fails, and what it means.

mod advice;
mod peer;
mod sayings;
mod text;

use std::io::{self, BufRead, BufReader, Read};
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Input, PatternID};
use serde::Serialize;

use crate::base::error::Error;
use crate::base::place::{Place, Position};
use crate::base::text::printable;
use crate::check::codes::Code;
use crate::check::explain::advice::{Cause, cause};
use crate::check::explain::peer::{MARKS, Peer};
use crate::check::explain::sayings::{PROXIES, SAYINGS, Saying, Speaker};
use crate::check::explain::text::{decoded, plain};
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
        if let Some(finding) = entry.finding(name) {
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

/// A line with what belongs to it: the rest of a line that a terminal or a mail has wrapped, and the frames of a
/// traceback, which Python prints before the exception and Java after it.
#[derive(Default)]
struct Entry {
    /// The lines, without line break, and where they stand.
    lines: Vec<(Vec<u8>, Position)>,
    /// What the frames of a traceback say.
    frames: Vec<u8>,
    is_traceback: bool,
}

impl Entry {
    /// The least and the most characters of a line that has been wrapped.
    const WIDTHS: std::ops::RangeInclusive<usize> = 60..=250;
    /// Lines of words are wrapped before a word that is too long.
    const RAGGED: usize = 15;
    /// More lines and octets than an error needs.
    const MOST_LINES: usize = 16;
    const MOST_FRAMES: usize = 16 * 1024;

    fn goes_on_with(&self, line: &[u8]) -> bool {
        let Some((first, _)) = self.lines.first() else { return true };
        if self.frames.len() < Self::MOST_FRAMES && is_java_frame(line) {
            return true;
        }
        if line.trim_ascii().is_empty() || begins_entry(line) {
            return false;
        }
        let width = first.len();
        let is_full = |(line, _): &(Vec<u8>, Position)| line.len().abs_diff(width) <= Self::RAGGED;
        self.lines.len() < Self::MOST_LINES
            && Self::WIDTHS.contains(&width)
            && self.lines.iter().all(is_full)
            && line.len() <= width + Self::RAGGED
            && first.get(..4) != line.get(..4)
    }

    fn add(&mut self, line: &[u8], position: Position) {
        let is_python_frame = self.is_traceback && self.lines.is_empty() && line.starts_with(b" ");
        let begins_traceback = self.lines.is_empty() && begins_traceback(line);
        self.is_traceback |= begins_traceback;
        if begins_traceback || is_python_frame || is_java_frame(line) && !self.lines.is_empty() {
            let room = Self::MOST_FRAMES.saturating_sub(self.frames.len());
            self.frames.extend_from_slice(&line[..line.len().min(room)]);
        } else {
            self.lines.push((line.trim_ascii_end().to_vec(), position));
        }
    }

    /// What the words of the entry mean, if they are known.
    fn finding(&self, name: &str) -> Option<Finding> {
        let frames = Words::of(&plain(&self.frames));
        let joined = |separator: &[u8]| -> Vec<u8> {
            let lines: Vec<_> = self.lines.iter().map(|(line, _)| line.as_slice()).collect();
            lines.join(separator)
        };
        // A terminal wraps within words, a person between them.
        let said = Said::in_text(&joined(b""), &frames, 0);
        let is_sure = said.as_ref().is_some_and(|said| !is_vague(said.cause.code));
        let said = match self.lines.len() > 1 && !is_sure {
            true => Said::in_text(&joined(b" "), &frames, 1).or(said),
            false => said,
        };
        said.map(|said| said.at(name, &self.lines))
    }
}

fn is_java_frame(line: &[u8]) -> bool {
    let frame = line.trim_ascii_start();
    frame.len() < line.len() && (frame.starts_with(b"at ") || frame.starts_with(b"... "))
}

/// Whether a line begins as what is whole does: with a time, in brackets, as JSON, with a level as glog writes it, with
/// the name of a container.
fn begins_entry(line: &[u8]) -> bool {
    let begins_with_digits =
        |line: &[u8]| line.get(..4).is_some_and(|four| four.iter().all(u8::is_ascii_digit));
    match line {
        [b'[' | b'{', ..] => true,
        [b'E' | b'I' | b'W', rest @ ..] if begins_with_digits(rest) => true,
        _ => {
            begins_with_digits(line)
                || line.starts_with(b"time=")
                || begins_traceback(line)
                || has_container_prefix(line)
        }
    }
}

/// Whether Compose has put the name of a container before a line: `milvus-standalone  | `. No wrapped rest has one.
fn has_container_prefix(line: &[u8]) -> bool {
    let mut halves = line.splitn(2, |octet| *octet == b'|');
    let (Some(name), Some(_)) = (halves.next(), halves.next()) else { return false };
    let is_of_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.".contains(octet);
    name.ends_with(b" ") && !name.trim_ascii().is_empty() && name.trim_ascii().iter().all(is_of_name)
}

/// Whether the frames of a traceback follow; a whole one in a line of JSON is a line like others.
fn begins_traceback(line: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(b"Traceback (most recent call last):")
}

/// Something that is known, and the text that says it.
struct Said {
    cause: Cause,
    speaker: Speaker,
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
    fn in_text(text: &[u8], frames: &Words, between: usize) -> Option<Self> {
        let plain = plain(text);
        let words = Words::of(&plain);
        let (saying, start) = words.saying(frames)?;
        let speaker = words.proxy().unwrap_or(saying.speaker);
        let plain = String::from_utf8_lossy(&plain);
        let peer = words.peer().or_else(|| frames.peer()).unwrap_or_else(|| Peer::dialled_in(&plain));
        Some(Self {
            cause: cause(saying, speaker, peer)?,
            speaker,
            kind: saying.kind,
            name: saying.kind.and_then(|_| name_asked_for(&plain)),
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

/// The name that a client asked for and the certificate does not have.
fn name_asked_for(text: &str) -> Option<GeneralName> {
    const BEFORE: [&str; 9] = [
        "cannot validate certificate for ",
        ", not ",
        "target host name '",
        "certificate is not valid for '",
        "matching IP address ",
        "DNS name matching ",
        "No name matching ",
        "not valid for name \"",
        "Peer name ",
    ];
    let after = BEFORE.iter().find_map(|before| Some(text.split_once(before)?.1))?;
    let is_end = |character: char| character.is_whitespace() || "'\"\\,;)]".contains(character);
    let name = after.split(is_end).next()?.trim_end_matches('.');
    name.parse().ok()
}

/// The known words that a text has, and where.
struct Words(Option<Vec<Option<usize>>>);

impl Words {
    fn of(text: &[u8]) -> Self {
        let known = &*KNOWN;
        // Most lines of a log have none.
        let mut found: Option<Vec<Option<usize>>> = None;
        for word in known.automaton.try_find_overlapping_iter(Input::new(text)).into_iter().flatten() {
            if stands_alone(text, word.start(), word.end()) {
                let found = found.get_or_insert_with(|| vec![None; known.automaton.patterns_len()]);
                found[word.pattern()].get_or_insert(word.start());
            }
        }
        Self(found)
    }

    fn place(&self, word: PatternID) -> Option<usize> {
        self.0.as_ref()?[word]
    }

    /// The first saying that fits, and where it begins.
    fn saying(&self, frames: &Self) -> Option<(&'static Saying, usize)> {
        self.0.as_ref()?;
        KNOWN.sayings.iter().find_map(|(saying, words)| {
            let (first, others) = words.split_first()?;
            let first = self.place(*first)?;
            let mut start = first;
            for word in others {
                match self.place(*word) {
                    Some(place) => start = start.min(place),
                    None => {
                        frames.place(*word)?;
                    }
                }
            }
            Some((*saying, start))
        })
    }

    fn peer(&self) -> Option<Peer> {
        self.first_of(&KNOWN.peers)
    }

    fn proxy(&self) -> Option<Speaker> {
        self.first_of(&KNOWN.proxies)
    }

    fn first_of<T: Copy>(&self, marks: &[(T, Vec<PatternID>)]) -> Option<T> {
        self.0.as_ref()?;
        let is_here =
            |(_, words): &&(T, Vec<PatternID>)| words.iter().any(|word| self.place(*word).is_some());
        marks.iter().find(is_here).map(|(of, _)| *of)
    }
}

/// Whether a word is no part of a longer one: `ENOTFOUND` is, in `FileNotFoundError`.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let is_part = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_alphanumeric);
    // What is escaped in JSON and in a program: \n
    let is_escaped = |end: usize| text[..end].ends_with(b"\\n") || text[..end].ends_with(b"\\t");
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let goes_on_before = is_part(before) && is_part(text.get(start)) && !is_escaped(start);
    let goes_on_after = is_part(text.get(end - 1)) && is_part(text.get(end));
    !goes_on_before && !goes_on_after
}

/// All words that are known, to be found in one go, whatever their case; and whose they are, by their numbers.
struct Known {
    automaton: NFA,
    sayings: Vec<(&'static Saying, Vec<PatternID>)>,
    peers: Vec<(Peer, Vec<PatternID>)>,
    proxies: Vec<(Speaker, Vec<PatternID>)>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let sayings = SAYINGS.iter().map(|saying| saying.words);
    let peers = MARKS.iter().map(|(_, words)| *words);
    let proxies = PROXIES.iter().map(|(_, words)| *words);
    let mut words: Vec<&str> = sayings.chain(peers).chain(proxies).flatten().copied().collect();
    words.sort_unstable();
    words.dedup();
    let number = |word: &&'static str| {
        let index = words.binary_search(word).unwrap_or_else(|_| unreachable!("{word} is one of them"));
        PatternID::must(index)
    };
    let numbers = |words: &[&'static str]| words.iter().map(number).collect::<Vec<_>>();
    let automaton = NFA::builder().ascii_case_insensitive(true).build(&words);
    Known {
        automaton: automaton.unwrap_or_else(|error| unreachable!("the words are few: {error}")),
        sayings: SAYINGS.iter().map(|saying| (saying, numbers(saying.words))).collect(),
        peers: MARKS.iter().map(|(peer, words)| (*peer, numbers(words))).collect(),
        proxies: PROXIES.iter().map(|(proxy, words)| (*proxy, numbers(words))).collect(),
    }
});

/// How many characters there are in UTF-8.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|octet| **octet & 0xC0 != 0x80).count()
}

/// The part of a text that matters: `start` is where it begins, `column` where in its line, in characters.
fn shown(text: &str, start: usize, column: usize) -> String {
    let part: String = text.chars().skip(start - column.min(SHOWN / 4)).take(SHOWN).collect();
    printable(part.trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_saying_hides_behind_one_that_comes_before_it() {
        for saying in SAYINGS {
            let line = saying.words.join(" ");
            let (found, _) = Words::of(line.as_bytes()).saying(&Words(None)).unwrap();
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
            let found = Words::of(line.as_bytes()).saying(&Words(None));
            assert!(found.is_none_or(|(found, _)| found.words != saying.words), "{line}");
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
                let found = Said::in_text(line.as_bytes(), &Words(None), 0).map(|said| said.cause.code);
                assert!(found.is_none() || found == code, "{line}: {found:?}");
            }
        }
    }
}
