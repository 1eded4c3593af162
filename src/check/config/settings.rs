//! Milvus' settings, as its paramtable puts them together from files and the environment.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::config::findings::Findings;
use crate::milvus::keys::{Block, Key, PathKey, formatted};
use crate::yaml::{Document, Entry, Malformed, Node};

/// The effective settings: what is added later wins.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    values: BTreeMap<Key, Setting>,
    /// What stands where Milvus does not look for it.
    misplaced: BTreeMap<Key, Misplaced>,
    /// Where `tlsEnabled` is true, the key of 2022 that tlsMode took the place of.
    tls_enabled: Option<Place>,
    /// Keys about TLS that stand twice, by their places.
    pub(crate) repeated: BTreeMap<Place, String>,
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

/// A setting that stands where Milvus does not look for it.
#[derive(Clone)]
pub(crate) struct Misplaced {
    /// Where that is, as evidence: `under common.security`.
    pub(crate) found: String,
    /// Its own place, or that of the block that is misplaced with it.
    pub(crate) place: Place,
    /// It is in a block of TLS settings that stands under `common`.
    pub(crate) is_under_common: bool,
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
        self.add_below(settings, &Above::default());
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
        let written = name.strip_prefix("MILVUS_CONF_").unwrap_or(name);
        let name = written.to_lowercase();
        let name = formatted(name.strip_prefix("milvus.").unwrap_or(&name));
        if let Some(key) = lead(&name) {
            self.values.insert(key, Setting { value, place });
        } else if let Some(key) = meant(&name, written) {
            let found = format!("in the variable {}", shown(written));
            self.misplaced.insert(key, Misplaced { found, place, is_under_common: false });
        } else if TLS_ENABLED.contains(&&*name)
            && matches!(&value, Value::Text(text) if parse_bool(text) == Some(true))
        {
            self.tls_enabled = Some(place);
        }
        // Milvus then reads its files elsewhere.
        self.is_partial |= name == "milvusconf";
    }

    /// Adds all that another layer says over this one.
    pub(crate) fn add_layer(&mut self, other: Self) {
        self.values.extend(other.values);
        self.misplaced.extend(other.misplaced);
        self.tls_enabled = other.tls_enabled.or(self.tls_enabled.take());
        self.repeated.extend(other.repeated);
        self.wrong_sections.extend(other.wrong_sections);
        self.sections.extend(other.sections);
        self.roots.extend(other.roots);
        self.is_partial |= other.is_partial;
    }

    /// Where a document begins that says something, but perhaps nothing about TLS.
    pub(crate) fn add_root(&mut self, place: Place) {
        self.roots.push(place);
    }

    fn add_below(&mut self, node: Node<'_>, above: &Above<'_>) {
        for key in node.repeated() {
            let full = format!("{}{}", above.full, formatted(key.as_str().unwrap_or_default()));
            if lead(&full).is_some() || leads_further(&full) {
                self.repeated.insert(key.place(), key.described());
            }
        }
        for entry in node.entries() {
            let full = format!("{}{}", above.full, formatted(entry.name()));
            match lead(&full) {
                Some(key) => self.set(key, entry),
                None if entry.value.is_mapping() || leads_further(&full) => {
                    self.add_section(entry, full, above);
                }
                None => self.add_stray(entry, &full, above),
            }
        }
    }

    fn add_section(&mut self, Entry { key, value }: Entry<'_>, full: String, above: &Above<'_>) {
        let place = key.place();
        self.sections.insert(full.clone(), place.clone());
        let section = Key::all().flat_map(Key::enclosing).find(|section| formatted(section) == full);
        if let Some(section) = section.filter(|_| !value.is_mapping() && !value.is_null()) {
            self.wrong_sections.insert(section, (value.place(), value.described()));
            return;
        }
        let name = key.as_str().unwrap_or_default();
        let is_block = Block::ALL.into_iter().any(|block| formatted(name) == block.name());
        let written = joined(&above.written, name);
        let block = if is_block { Some(&place) } else { above.block };
        self.add_below(value, &Above { full, written, block });
    }

    /// Adds what Milvus does not look for where it is.
    fn add_stray(&mut self, Entry { key, value }: Entry<'_>, full: &str, above: &Above<'_>) {
        let name = key.as_str().unwrap_or_default();
        let text = value.as_go_string().unwrap_or_default();
        // What switches nothing on is nowhere missing.
        if let Some(meant) = meant(full, name).filter(|_| !["", "0", "false"].contains(&&*text)) {
            let path = joined(&above.written, name);
            let under = path.rsplit_once(['.', '/']).map(|(under, _)| under);
            let found = under.map_or("at the top level".into(), |under| format!("under {}", shown(under)));
            let under = formatted(under.unwrap_or_default());
            let is_block = Block::ALL.into_iter().any(|block| under.ends_with(block.name()));
            let is_under_common = is_block && under.starts_with("common");
            // What is flat in one key has no block of its own.
            let place = above.block.cloned().unwrap_or_else(|| key.place());
            self.misplaced.insert(meant, Misplaced { found, place, is_under_common });
        } else if TLS_ENABLED.contains(&full) && parse_bool(&text) == Some(true) {
            self.tls_enabled = Some(value.place());
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
    pub(crate) fn misplaced(&self, key: Key) -> Option<&Misplaced> {
        self.misplaced.get(&key).filter(|_| self.text(key).is_none())
    }

    /// Whether something about TLS is said, be it where Milvus does not look.
    pub(crate) fn is_about_tls(&self) -> bool {
        let is_about = |key: &Key| !matches!(key, Key::GrpcPort | Key::HttpEnabled | Key::HttpPort);
        self.values.keys().any(is_about)
            || self.misplaced.keys().any(is_about)
            || self.tls_enabled.is_some()
            || self.wrong_sections.keys().any(|section| !section.starts_with("proxy"))
    }

    /// Where TLS is switched on by the key of 2022 alone.
    pub(crate) fn tls_enabled(&self) -> Option<&Place> {
        self.tls_enabled.as_ref().filter(|_| matches!(self.mode(), Mode::Unset | Mode::Off))
    }

    /// Where a setting is, or where it would have to be: its value, the nearest key above it, what asks for it, or
    /// the beginning of the document that says the most about TLS.
    pub(crate) fn nearest(&self, key: Key) -> Place {
        if let Some(setting) = self.get(key) {
            return setting.place.clone();
        }
        let section = key.enclosing().find_map(|section| self.sections.get(&formatted(section)));
        let asking = || self.asking(key);
        section.or_else(asking).or_else(|| self.main_root()).cloned().unwrap_or_else(|| Place::file("-"))
    }

    /// Where that is switched on which needs a setting.
    pub(crate) fn asking(&self, key: Key) -> Option<&Place> {
        let switch = match key {
            Key::Path(Block::InternalTls, _) | Key::Sni => Key::InternalTlsEnabled,
            Key::HttpPort | Key::Path(Block::Tls, _) => Key::TlsMode,
            Key::TlsMode | Key::InternalTlsEnabled | Key::GrpcPort | Key::HttpEnabled => return None,
        };
        self.text(switch).map(|(_, place)| place)
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

/// The keys above one.
#[derive(Default)]
struct Above<'a> {
    /// As Milvus compares them.
    full: String,
    /// As they are written.
    written: String,
    /// Where the block of TLS settings is that they lead into.
    block: Option<&'a Place>,
}

fn joined(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}

/// What a formatted key leads to.
fn lead(full: &str) -> Option<Key> {
    LEADS.iter().find(|(name, _)| name == full).map(|(_, key)| *key)
}

/// Whether a setting that matters begins with this.
fn leads_further(full: &str) -> bool {
    LEADS.iter().any(|(name, _)| name.len() > full.len() && name.starts_with(full))
}

static LEADS: LazyLock<Vec<(String, Key)>> =
    LazyLock::new(|| Key::all().map(|key| (formatted(key.name()), key)).collect());

/// Where people look for the switch of 2022, `common.security.tlsEnabled`.
const TLS_ENABLED: [&str; 4] =
    ["commonsecuritytlsenabled", "commontlsenabled", "securitytlsenabled", "tlsenabled"];

/// The setting that is meant by a key that leads to none: no other setting of Milvus is called so.
fn meant(full: &str, written: &str) -> Option<Key> {
    const NAMES: [(&str, Key); 7] = [
        ("tlsmode", Key::TlsMode),
        ("internaltlsenabled", Key::InternalTlsEnabled),
        ("serverpempath", Key::Path(Block::Tls, PathKey::ServerPem)),
        ("serverkeypath", Key::Path(Block::Tls, PathKey::ServerKey)),
        ("capempath", Key::Path(Block::Tls, PathKey::CaPem)),
        ("port", Key::HttpPort),
        ("sni", Key::Sni),
    ];
    // What a Milvus shows and trusts when it replicates to others stands in `tls.clusters`.
    if full.starts_with("tlsclusters") {
        return None;
    }
    let ends_with = |name: &str| {
        let starts = written.char_indices().filter(|(_, letter)| "._/".contains(*letter));
        let mut ends = starts.map(|(at, _)| &written[at + 1..]).chain([written]);
        ends.any(|end| formatted(end) == name)
    };
    let (_, key) = NAMES.into_iter().find(|(name, _)| ends_with(name))?;
    let is_internal = full.contains(Block::InternalTls.name());
    match key {
        Key::Path(_, path) if is_internal => Some(Key::Path(Block::InternalTls, path)),
        // These alone are names of other settings too.
        Key::HttpPort => (full == "httpport" || full.ends_with("proxyhttpport")).then_some(key),
        Key::Sni => is_internal.then_some(key),
        key => Some(key),
    }
}

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
