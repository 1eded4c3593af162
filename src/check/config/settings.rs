//! Milvus' settings, as its paramtable puts them together from files and the environment.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::base::place::Place;
use crate::check::config::findings::Findings;
use crate::milvus::keys::{Block, Key, MISPLACED_UNDER, formatted};
use crate::yaml::{Document, Entry, Malformed, Node};

/// The effective settings: what is added later wins.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    values: BTreeMap<Key, Setting>,
    /// Where the blocks stand that Milvus does not look for there, by the keys that are in them.
    misplaced: BTreeMap<Key, Place>,
    /// Sections that are a single value or a list.
    pub(crate) wrong_sections: BTreeMap<&'static str, (Place, String)>,
    /// Where sections stand, by their formatted keys.
    sections: BTreeMap<String, Place>,
    roots: Vec<Place>,
    /// Something that Milvus reads could not be read here: what is not set may be set there.
    pub(crate) is_partial: bool,
}

#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// As Milvus sees it: every value is a string. Empty for null.
    Text(String),
    /// A mapping or a list, described.
    Collection(String),
    /// It depends on what is not known here.
    Unknown,
}

/// `common.security.tlsMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Unset,
    Off,
    OneWay,
    Mutual,
    /// Neither 0, 1 nor 2.
    Invalid,
    Unknown,
}

impl Settings {
    /// Adds what milvus.yaml, user.yaml and the like say, or what another document says below one of its keys.
    pub(crate) fn add_document(&mut self, root: Place, settings: Node<'_>) {
        self.add_root(root);
        self.add_below(settings, "", None);
    }

    /// Adds what the first documents of a file say, and reports what is wrong with it.
    pub(crate) fn add_documents(
        &mut self,
        documents: Result<Vec<Document>, Malformed>,
        most: usize,
        findings: &mut Findings,
    ) {
        match documents {
            Ok(documents) => {
                for document in documents.iter().take(most) {
                    document.defect().into_iter().for_each(|defect| findings.repeated(defect));
                    self.add_document(document.root().place(), document.root());
                }
            }
            Err(malformed) => {
                findings.malformed(malformed);
                self.is_partial = true;
            }
        }
    }

    /// Adds an environment variable, as Milvus' EnvSource reads it: any variable is a setting, with
    /// and without the prefix.
    pub(crate) fn add_variable(&mut self, name: &str, value: Value, place: Place) {
        let name = name.strip_prefix("MILVUS_CONF_").unwrap_or(name).to_lowercase();
        let name = formatted(name.strip_prefix("milvus.").unwrap_or(&name));
        if let Some((key, false)) = lead(&name) {
            self.values.insert(key, Setting { value, place });
        }
        // Milvus then reads its files elsewhere.
        self.is_partial |= name == "milvusconf";
    }

    /// Adds all that another layer says over this one.
    pub(crate) fn add_layer(&mut self, other: Self) {
        self.values.extend(other.values);
        self.misplaced.extend(other.misplaced);
        self.wrong_sections.extend(other.wrong_sections);
        self.sections.extend(other.sections);
        self.roots.extend(other.roots);
        self.is_partial |= other.is_partial;
    }

    /// Where a document begins that says something, but perhaps nothing about TLS.
    pub(crate) fn add_root(&mut self, place: Place) {
        self.roots.push(place);
    }

    fn add_below(&mut self, node: Node<'_>, prefix: &str, misplaced: Option<&Place>) {
        for entry in node.entries() {
            let full = format!("{prefix}{}", formatted(entry.name()));
            match lead(&full) {
                Some((key, false)) => self.set(key, entry),
                Some((key, true)) if !entry.value.is_null() => {
                    // What is flat in one key has no block of its own: its own place is the nearest.
                    let place = misplaced.cloned().unwrap_or_else(|| entry.key.place());
                    self.misplaced.insert(key, place);
                }
                None if leads_further(&full) => self.add_section(entry, &full, misplaced),
                Some((_, true)) | None => {}
            }
        }
    }

    fn add_section(&mut self, Entry { key, value }: Entry<'_>, full: &str, misplaced: Option<&Place>) {
        let place = key.place();
        let is_misplaced_block = MISPLACED_UNDER.into_iter().any(|section| {
            Block::ALL.into_iter().any(|block| formatted(&format!("{section}{}", block.name())) == full)
        });
        let misplaced = is_misplaced_block.then_some(&place).or(misplaced);
        self.sections.insert(full.to_owned(), place.clone());
        match Key::all().flat_map(Key::enclosing).find(|section| formatted(section) == *full) {
            Some(section) if !value.is_mapping() && !value.is_null() => {
                self.wrong_sections.insert(section, (value.place(), value.described()));
            }
            _ => self.add_below(value, full, misplaced),
        }
    }

    fn set(&mut self, key: Key, entry: Entry<'_>) {
        let value = match entry.value.as_go_string() {
            Some(text) => Value::Text(text.into_owned()),
            None => Value::Collection(entry.value.described()),
        };
        // Nothing is nowhere: then its key is the nearest.
        let node = if entry.value.is_null() { entry.key } else { entry.value };
        self.values.insert(key, Setting { value, place: node.place() });
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Setting> {
        self.values.get(&key)
    }

    /// A value that is there, single, known and not empty.
    pub(crate) fn text(&self, key: Key) -> Option<(&str, &Place)> {
        match self.get(key)? {
            Setting { value: Value::Text(text), place } if !text.is_empty() => Some((text, place)),
            _ => None,
        }
    }

    /// Whether it is absent or empty, for all that can be known.
    pub(crate) fn lacks(&self, key: Key) -> bool {
        let is_empty = |setting: &Setting| setting.value == Value::Text(String::new());
        let in_wrong_section = || key.enclosing().any(|section| self.wrong_sections.contains_key(section));
        !self.is_partial && self.get(key).is_none_or(is_empty) && !in_wrong_section()
    }

    /// Where it stands by mistake, if it stands there alone.
    pub(crate) fn misplaced(&self, key: Key) -> Option<&Place> {
        self.misplaced.get(&key).filter(|_| self.text(key).is_none())
    }

    /// Where a setting is, or where it would have to be: its value, the nearest key above it, or the
    /// beginning of the document that says the most about TLS.
    pub(crate) fn nearest(&self, key: Key) -> Place {
        if let Some(setting) = self.get(key) {
            return setting.place.clone();
        }
        let section = key.enclosing().find_map(|section| self.sections.get(&formatted(section)));
        section.or_else(|| self.main_root()).cloned().unwrap_or_else(|| Place::file("-"))
    }

    fn main_root(&self) -> Option<&Place> {
        let mode = [Key::TlsMode, Key::InternalTlsEnabled].into_iter().find_map(|key| self.get(key));
        let same_file = |root: &&Place| mode.is_some_and(|mode| mode.place.path == root.path);
        self.roots.iter().rev().find(same_file).or(self.roots.last())
    }

    pub(crate) fn mode(&self) -> Mode {
        match self.get(Key::TlsMode).map(|setting| &setting.value) {
            None if self.is_partial => Mode::Unknown,
            None => Mode::Unset,
            Some(Value::Unknown) => Mode::Unknown,
            Some(Value::Collection(_)) => Mode::Invalid,
            Some(Value::Text(text)) => mode_of(text),
        }
    }

    /// What Milvus' `GetAsBool` makes of it.
    pub(crate) fn is_true(&self, key: Key) -> Option<bool> {
        match &self.get(key)?.value {
            Value::Text(text) => Some(parse_bool(text).unwrap_or(false)),
            Value::Collection(_) => Some(false),
            Value::Unknown => None,
        }
    }

    /// The port of a setting, or its default.
    pub(crate) fn port(&self, key: Key, default: u16) -> Option<u16> {
        match self.get(key).map(|setting| &setting.value) {
            None => Some(default),
            Some(Value::Text(text)) => port(text),
            Some(_) => None,
        }
    }
}

/// What a formatted key leads to, and whether Milvus does not look for it there.
fn lead(full: &str) -> Option<(Key, bool)> {
    LEADS.iter().find(|(name, _)| name == full).map(|(_, lead)| *lead)
}

/// Whether a setting that matters begins with this.
fn leads_further(full: &str) -> bool {
    LEADS.iter().any(|(name, _)| name.len() > full.len() && name.starts_with(full))
}

static LEADS: LazyLock<Vec<(String, (Key, bool))>> = LazyLock::new(|| {
    let keys = Key::all().map(|key| (formatted(key.name()), (key, false)));
    let in_blocks = || Block::ALL.into_iter().flat_map(|block| block.keys().iter().copied());
    let misplaced = MISPLACED_UNDER.into_iter().flat_map(|section| {
        in_blocks().map(move |key| (formatted(&format!("{section}{}", key.name())), (key, true)))
    });
    keys.chain(misplaced).collect()
});

/// The mode that a text is.
pub(crate) fn mode_of(text: &str) -> Mode {
    match atoi(text) {
        Some(0) => Mode::Off,
        Some(1) => Mode::OneWay,
        Some(2) => Mode::Mutual,
        _ if text.is_empty() => Mode::Off,
        _ => Mode::Invalid,
    }
}

/// Go's `strconv.Atoi`, with which Milvus' paramtable reads numbers (pkg/util/paramtable/param_item.go);
/// where it fails, the number is 0.
pub(crate) fn atoi(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Go's `strconv.ParseBool`, with which Milvus' paramtable reads booleans; where it fails, false.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A port that can be listened on and asked for.
pub(crate) fn port(text: &str) -> Option<u16> {
    atoi(text).and_then(|number| u16::try_from(number).ok()).filter(|port| *port != 0)
}
