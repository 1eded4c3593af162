//! The last lines of a file that `config` wrote: what made it, and what it was then. By it `config` knows its own
//! files again, and whether somebody has edited them since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::base::text::hex;
use crate::deploy::options::ConfigOptions;
use crate::deploy::template::Document;

/// All files of `config` are YAML. Together these lines are one text in JSON.
const BEGINNING: &str = "# milvus-certs: ";
/// The most characters of such a line, without its beginning: linters of YAML complain about long ones.
const WIDTH: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// The target.
    pub config: String,
    /// All of them, also those that nobody said.
    #[serde(serialize_with = "said")]
    pub options: ConfigOptions,
    /// The digests of the copies of certificates and keys that lie beside the file, by their paths.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<String, String>,
    /// Those of what they replaced, which an interruption can have left there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<String, String>,
    /// The digest of the file as it was written, without this line.
    digest: String,
    /// The same, without what every renewal changes.
    shape: String,
}

impl Marker {
    pub(super) fn new(
        target: &str,
        options: &ConfigOptions,
        copies: BTreeMap<String, String>,
        replaced: BTreeMap<String, String>,
        document: &Document,
    ) -> Self {
        Self {
            config: target.to_owned(),
            options: options.clone(),
            copies,
            replaced,
            digest: digest(document.content.as_bytes()),
            shape: shape(document),
        }
    }

    /// With what the file says but for what every renewal changes, which somebody's edits have kept from it.
    pub(super) fn with_shape_of(self, other: &Self) -> Self {
        Self { shape: other.shape.clone(), ..self }
    }

    /// That of a file; `None` if `config` did not write it.
    pub(super) fn of(text: &str) -> Option<Self> {
        let lines: String = text.lines().filter_map(|line| line.strip_prefix(BEGINNING)).collect();
        serde_json::from_str(&lines).ok()
    }

    /// The file, with this as its last lines.
    pub(super) fn added_to(&self, text: &str) -> Zeroizing<String> {
        let json = serde_json::to_string(self).unwrap_or_else(|error| unreachable!("{error}"));
        // Some of what is not ASCII ends a comment in YAML 1.1.
        let mut units = String::new();
        for character in json.chars() {
            match character.is_ascii() {
                true => units.push(character),
                false => character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                    units.push_str(&format!("\\u{unit:04x}"));
                }),
            }
        }
        let mut lines = String::new();
        let mut rest = units.as_str();
        while !rest.is_empty() {
            let most = rest.len().min(WIDTH);
            let end =
                if most == rest.len() { most } else { rest[..most].rfind(',').map_or(most, |at| at + 1) };
            lines.extend([BEGINNING, &rest[..end], "\n"]);
            rest = &rest[end..];
        }
        let end = if text.ends_with('\n') { "" } else { "\n" };
        joined(&[text, end, &lines])
    }

    /// Whether a file is not as it was written.
    pub(super) fn is_of_edited(&self, text: &str) -> bool {
        digest(without_marker(text).as_bytes()) != self.digest
    }

    /// Whether this document says what the file said, but for what every renewal changes.
    pub(super) fn has_shape_of(&self, document: &Document) -> bool {
        shape(document) == self.shape
    }
}

fn said<S: Serializer>(options: &ConfigOptions, serializer: S) -> Result<S::Ok, S::Error> {
    options.said().serialize(serializer)
}

/// The first half of a SHA-256, in hexadecimal.
pub(super) fn digest(content: &[u8]) -> String {
    hex(&Sha256::digest(content)[..16])
}

fn shape(document: &Document) -> String {
    let lines = document.content.lines().map(|line| match key_that_changes(line, document) {
        Some(key) => &line[..line.len() - line.trim_start().len() + key.len()],
        None => line,
    });
    digest(lines.collect::<Vec<_>>().join("\n").as_bytes())
}

/// Whether a renewal changes the document.
pub(super) fn is_renewed(document: &Document) -> bool {
    document.content.lines().any(|line| key_that_changes(line, document).is_some())
}

/// The text without the line of the marker.
pub(super) fn without_marker(text: &str) -> Zeroizing<String> {
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with(BEGINNING));
    joined(&lines.collect::<Vec<_>>())
}

/// In memory that is wiped: a text that grows would leave its beginnings behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// A text that somebody has edited, with what a renewal has changed; `None` if it is not where it was.
pub(super) fn renewed(edited: &str, document: &Document) -> Option<Zeroizing<String>> {
    let edited = without_marker(edited);
    // Each as its indentation, itself, and what stays behind it where it is replaced.
    let halves = edited.split_inclusive('\n').map(|line| line.split_at(line.len() - line.trim_start().len()));
    let mut lines: Vec<_> = halves.map(|(indent, line)| (indent, line, "")).collect();
    for key in document.changing {
        let new = document.content.lines().map(str::trim_start);
        let Some(new) = new.into_iter().find(|line| line.starts_with(key)) else { continue };
        let mut old = (0..lines.len()).filter(|index| lines[*index].1.starts_with(key));
        let (Some(index), None) = (old.next(), old.next()) else { return None };
        let (indent, old, _) = lines[index];
        // A value that goes on in the lines below is somebody's own way to write it.
        let below = lines[index + 1..].iter().find(|(_, line, _)| !line.trim().is_empty());
        if below.is_some_and(|(deeper, ..)| deeper.len() > indent.len()) {
            return None;
        }
        let end = old.find(" #").unwrap_or(old.len());
        let (value, rest) = old.split_at(old[..end].trim_end().len());
        if value != new {
            lines[index] = (indent, new, rest);
        }
    }
    let parts = lines.into_iter().flat_map(|(indent, line, rest)| [indent, line, rest]);
    Some(joined(&parts.collect::<Vec<_>>()))
}

fn key_that_changes(line: &str, document: &Document) -> Option<&'static str> {
    document.changing.iter().copied().find(|key| line.trim_start().starts_with(key))
}
