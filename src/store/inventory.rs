//! The lines of the inventory of a certificate directory, `issued/index.jsonl`.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::shell_quoted;
use crate::store::fs::MAX_FILE_SIZE;
use crate::store::issued::ISSUED_FOLDER;
use crate::x509::json::{from_timestamp, rfc3339};
use crate::x509::{Certificate, EndEntityKind, SerialNumber, texts};

/// A certificate that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IssuedEntry {
    #[serde(deserialize_with = "serial")]
    pub(crate) serial: SerialNumber,
    #[serde(deserialize_with = "kind")]
    pub(crate) kind: EndEntityKind,
    /// As it is displayed; so are the names and the issuer.
    pub(crate) subject: String,
    pub(crate) names: Vec<String>,
    pub(crate) issuer: String,
    #[serde(serialize_with = "rfc3339", deserialize_with = "time")]
    pub(crate) not_before: OffsetDateTime,
    #[serde(serialize_with = "rfc3339", deserialize_with = "time")]
    pub(crate) not_after: OffsetDateTime,
    pub(crate) sha256_fingerprint: String,
    /// Its path from the certificate directory, or from the root.
    #[serde(deserialize_with = "file")]
    pub(crate) file: String,
    #[serde(serialize_with = "rfc3339", deserialize_with = "time")]
    pub(crate) issued_at: OffsetDateTime,
}

impl IssuedEntry {
    pub(crate) fn of(
        kind: EndEntityKind,
        certificate: &Certificate,
        file: String,
        now: OffsetDateTime,
    ) -> Self {
        let validity = certificate.validity();
        Self {
            serial: certificate.serial().clone(),
            kind,
            subject: certificate.subject().to_string(),
            names: texts(certificate.names()),
            issuer: certificate.issuer().to_string(),
            not_before: validity.not_before,
            not_after: validity.not_after,
            sha256_fingerprint: certificate.fingerprint(),
            file,
            issued_at: now,
        }
    }
}

/// Reads a text as what it says, or says that it `is_not`.
fn parsed<'de, D: Deserializer<'de>, T>(
    source: D,
    parse: impl FnOnce(&str) -> Option<T>,
    is_not: &str,
) -> Result<T, D::Error> {
    let text = String::deserialize(source)?;
    parse(&text).ok_or_else(|| D::Error::custom(format_args!("{text:?} {is_not}")))
}

fn serial<'de, D: Deserializer<'de>>(source: D) -> Result<SerialNumber, D::Error> {
    parsed(source, |text| text.parse().ok(), "is no serial number")
}

fn kind<'de, D: Deserializer<'de>>(source: D) -> Result<EndEntityKind, D::Error> {
    let named = |text: &str| EndEntityKind::ALL.into_iter().find(|kind| kind.name() == text);
    parsed(source, named, "is neither server nor client")
}

fn time<'de, D: Deserializer<'de>>(source: D) -> Result<OffsetDateTime, D::Error> {
    parsed(source, from_timestamp, "is no time such as 2036-11-22T18:57:00Z")
}

fn file<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let is_not = "is neither a path in the certificate directory nor an absolute one, without `.` and `..`";
    parsed(source, |text| is_path(text).then(|| text.to_owned()), is_not)
}

/// Whether it is a path from the directory or from the root that leads nowhere else: what it names is
/// written to.
fn is_path(file: &str) -> bool {
    let components = file.strip_prefix('/').unwrap_or(file).split('/');
    let mut components = components.map(|component| !["", ".", ".."].contains(&component));
    components.all(|is_name| is_name) && !file.contains('\0')
}

pub(crate) enum Line {
    Entry(Box<IssuedEntry>),
    /// No run wrote it so, for this reason.
    Damaged(String),
    /// The last one, which a crash cut off before its certificate was handed out.
    CutOff,
}

/// Reads an inventory line by line, each of bounded length.
pub(crate) fn lines(mut source: impl BufRead) -> impl Iterator<Item = io::Result<Line>> {
    let mut line = Vec::new();
    std::iter::from_fn(move || {
        line.clear();
        let length = match Read::by_ref(&mut source).take(MAX_FILE_SIZE).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(length) => length as u64,
            Err(error) => return Some(Err(error)),
        };
        Some(match line.ends_with(b"\n") {
            true => Ok(Line::of(&line)),
            false if length == MAX_FILE_SIZE => source
                .skip_until(b'\n')
                .map(|_| Line::Damaged(format!("it is longer than {MAX_FILE_SIZE} bytes"))),
            false => Ok(Line::CutOff),
        })
    })
}

impl Line {
    fn of(line: &[u8]) -> Self {
        match serde_json::from_slice(line) {
            Ok(entry) => Self::Entry(Box::new(entry)),
            Err(error) => Self::Damaged(reason(&error)),
        }
    }
}

/// Without the position, which is one in the line.
fn reason(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            let text = error.to_string();
            text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned()
        }
        _ => "it is no JSON object".into(),
    }
}

/// A line that no run wrote so; lines are counted from one.
pub(crate) fn damaged_line(path: &Path, line: usize, reason: &str) -> Error {
    let path = path.display().to_string();
    Error::new(format!("{path}: line {line} is damaged: {reason}")).with_hint(format!(
        "restore it from a backup, or remove the line: `sed -i {line}d {}`; without it nothing knows that its serial number is in use",
        shell_quoted(&path)
    ))
}

/// What an inventory says, without what the certificates say themselves.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    /// Of every file the last line.
    files: HashMap<String, Last>,
    /// The first line that is no entry, counted from one, and why not.
    pub(crate) damaged: Option<(usize, String)>,
    /// How many such lines there are.
    pub(crate) damaged_lines: usize,
}

#[derive(Debug)]
struct Last {
    line: usize,
    kind: EndEntityKind,
    subject: String,
    names: Vec<String>,
}

/// Reads an inventory, past what is damaged, and hands on each entry.
pub(crate) fn entries_of(source: impl BufRead, mut each: impl FnMut(&IssuedEntry)) -> io::Result<Overview> {
    let mut overview = Overview::default();
    for (index, line) in lines(source).enumerate() {
        match line? {
            Line::Entry(entry) => {
                each(&entry);
                let IssuedEntry { kind, file, subject, names, .. } = *entry;
                overview.files.insert(file, Last { line: index, kind, subject, names });
            }
            Line::Damaged(reason) => {
                overview.damaged_lines += 1;
                overview.damaged.get_or_insert((index + 1, reason));
            }
            Line::CutOff => {}
        }
    }
    Ok(overview)
}

impl Overview {
    /// The files that certificates were put into, in the order of the last ones.
    pub(crate) fn files(&self) -> Vec<(&str, EndEntityKind)> {
        let mut files: Vec<_> =
            self.files.iter().map(|(file, last)| (last.line, file.as_str(), last.kind)).collect();
        files.sort_unstable_by_key(|(line, ..)| *line);
        files.into_iter().map(|(_, file, kind)| (file, kind)).collect()
    }

    /// The folders that their folders are in: `issued`, and those that were named with `--out`.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        let folder = |file: &String| Path::new(file).parent().and_then(Path::parent).map(Path::to_owned);
        let folders = self.files.keys().filter_map(folder).filter(|folder| !folder.as_os_str().is_empty());
        folders.chain([ISSUED_FOLDER.into()]).collect()
    }

    /// Whether a certificate says no more than the last one that was put into its file.
    pub(crate) fn covers(&self, file: &str, certificate: &Certificate) -> bool {
        self.files.get(file).is_none_or(|last| {
            certificate.serves(last.kind)
                && certificate.subject().to_string() == last.subject
                && certificate.names().iter().all(|name| last.names.contains(&name.to_string()))
        })
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"serial":"0A","kind":"client","subject":"CN=a","names":["a"],"issuer":"CN=ca","not_before":"2030-01-01T00:00:00Z","not_after":"2031-01-01T00:00:00Z","sha256_fingerprint":"","file":"issued/a/a.pem","issued_at":"2030-01-01T00:05:00Z"}"#;

    fn read(content: &str) -> Vec<String> {
        lines(content.as_bytes())
            .map(|line| match line.unwrap() {
                Line::Entry(entry) => entry.file,
                Line::Damaged(reason) => format!("damaged: {reason}"),
                Line::CutOff => "cut off".into(),
            })
            .collect()
    }

    #[test]
    fn a_line_is_an_entry_or_damaged_and_the_last_one_may_be_cut_off() {
        let content = format!(
            "{ENTRY}\n\nhello\n{{}}\n{}\n{}\n{}\n{ENTRY}\n{}",
            ENTRY.replace("0A", "xyz"),
            ENTRY.replace("client", "other"),
            ENTRY.replace("2031-01-01T", "2031-13-01T"),
            &ENTRY[..40]
        );
        assert_eq!(
            read(&content),
            [
                "issued/a/a.pem",
                "damaged: it is no JSON object",
                "damaged: it is no JSON object",
                "damaged: missing field `serial`",
                "damaged: \"xyz\" is no serial number",
                "damaged: \"other\" is neither server nor client",
                "damaged: \"2031-13-01T00:00:00Z\" is no time such as 2036-11-22T18:57:00Z",
                "issued/a/a.pem",
                "cut off",
            ]
        );
    }

    #[test]
    fn an_entry_is_written_as_it_is_read() {
        for entry in [ENTRY.to_owned(), ENTRY.replace("client", "server").replace("2031", "9999")] {
            let Line::Entry(read) = Line::of(entry.as_bytes()) else { panic!("{entry} is damaged") };
            assert_eq!(serde_json::to_string(&read).unwrap(), entry);
        }
    }

    #[test]
    fn a_path_that_leads_out_of_the_directory_is_damage() {
        let file = |path: &str| read(&(ENTRY.replace("issued/a/a.pem", path) + "\n")).remove(0);
        for path in ["server.pem", "issued/a/a.pem", "/srv/keys/a/a.pem"] {
            assert_eq!(file(path), path);
        }
        let leading = ["../a/a.pem", "issued/../../a/a.pem", "/srv/../etc/a/a.pem", "./a/a.pem"];
        for path in leading.into_iter().chain(["", "/", "//a/a.pem", "issued//a.pem", "issued/a/"]) {
            assert!(file(path).starts_with("damaged: "), "{path}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_hides_no_other() {
        let endless = "x".repeat(3 * MAX_FILE_SIZE as usize);
        assert_eq!(
            read(&format!("{endless}\n{ENTRY}\n")),
            ["damaged: it is longer than 1048576 bytes", "issued/a/a.pem"]
        );
        assert_eq!(read(&endless), ["damaged: it is longer than 1048576 bytes"]);
    }

    #[test]
    fn of_a_file_the_last_entry_counts_and_damage_hides_nothing() {
        let other = ENTRY.replace("issued/a/a.pem", "issued/b/b.pem").replace("client", "server");
        let content = format!("{ENTRY}\n?\n{other}\n{ENTRY}\n?\n");
        let mut seen = 0;
        let overview = entries_of(content.as_bytes(), |_| seen += 1).unwrap();
        assert_eq!(seen, 3);
        let [server, client] = [EndEntityKind::Server, EndEntityKind::Client];
        assert_eq!(overview.files(), [("issued/b/b.pem", server), ("issued/a/a.pem", client)]);
        assert_eq!((overview.damaged.as_ref().unwrap().0, overview.damaged_lines), (2, 2));
        assert!(overview.has("issued/a/a.pem") && !overview.has("issued/c/c.pem"));
    }
}
