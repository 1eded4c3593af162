//! The file that lists everything that is to be issued.

use std::collections::HashMap;
use std::str::FromStr;

use crate::base::error::Error;
use crate::base::place::Place;
use crate::base::text::listed;
use crate::check::config::Source;
use crate::engine::issue::recipient::Recipient;
use crate::store::{IssuedName, NameUnsafe};
use crate::x509::{EndEntityKind, GeneralName};
use crate::yaml::{self, Entry, Node, Origin};

/// Everything that a CA is to have issued.
#[derive(Debug)]
pub struct Fleet {
    pub(crate) members: Vec<Recipient>,
}

const DAYS: &str = "days";
const KEY_TYPE: &str = "key-type";
const NAME: &str = "name";
const SAN: &str = "san";
const LISTS: [(&str, EndEntityKind); 2] =
    [("clients", EndEntityKind::Client), ("servers", EndEntityKind::Server)];

impl Fleet {
    /// Reads a list of `clients` and of `servers`, each a name or a mapping with `name`, `san`, `days` and
    /// `key-type`; `days` and `key-type` beside the lists are for all that do not say otherwise.
    ///
    /// # Errors
    /// Where it is no YAML, says something else, or names something twice; with the place.
    pub fn read(source: &Source) -> Result<Self, Error> {
        let name = source.shown();
        let documents = yaml::read_file(&source.content, &Origin::file(name));
        let documents = documents.map_err(|malformed| refuse(malformed.place, malformed.reason))?;
        if let Some(defect) = documents.iter().find_map(yaml::Document::defect) {
            return Err(refuse(defect.place, defect.reason));
        }
        match documents.as_slice() {
            [document] => Self::of(document.root()),
            [] => Err(refuse(Place::file(name), "lists nothing".into())),
            [_, more, ..] => Err(refuse(more.root().place(), "begins a second document".into())),
        }
    }

    fn of(root: Node<'_>) -> Result<Self, Error> {
        let lists = LISTS.map(|(key, _)| key);
        let settings = Settings::read(root, &[&lists[..], &[DAYS, KEY_TYPE]].concat())?;
        let mut members = Vec::new();
        let mut places = HashMap::new();
        for (key, kind) in LISTS {
            for node in settings.list(key)? {
                let member = Recipient::read(node, kind, &settings)?;
                let place = node.place();
                if let Some(first) = places.insert(member.name.clone(), place.clone()) {
                    return Err(refuse(place, format!("{} is listed already, at {first}", member.name)));
                }
                members.push(member);
            }
        }
        match members.is_empty() {
            true => Err(refuse(root.place(), "lists neither clients nor servers".into())),
            false => Ok(Self { members }),
        }
    }
}

/// A name that is safe for files, and that a certificate can have.
fn name(node: Node<'_>, text: &str) -> Result<IssuedName, Error> {
    parsed::<GeneralName>(node, text)?;
    text.parse().map_err(|error: NameUnsafe| {
        refuse(node.place(), format!("{error}; give it another `name`, and this one under `san`"))
    })
}

impl Recipient {
    fn read(node: Node<'_>, kind: EndEntityKind, defaults: &Settings<'_>) -> Result<Self, Error> {
        if let Some(text) = node.as_str() {
            let name = name(node, text)?;
            let (days, key_type) = (defaults.value(DAYS)?, defaults.value(KEY_TYPE)?);
            return Ok(Self { kind, name, names: Vec::new(), days, key_type });
        }
        let settings = Settings::read(node, &[NAME, SAN, DAYS, KEY_TYPE])?;
        let called = settings.get(NAME).ok_or_else(|| refuse(node.place(), "has no `name`".into()))?;
        Ok(Self {
            kind,
            name: name(called, called.as_str().unwrap_or_default())?,
            names: settings.list(SAN)?.into_iter().map(text).collect::<Result<_, _>>()?,
            days: settings.value(DAYS)?.or(defaults.value(DAYS)?),
            key_type: settings.value(KEY_TYPE)?.or(defaults.value(KEY_TYPE)?),
        })
    }
}

/// A mapping whose keys are known.
struct Settings<'a>(Vec<Entry<'a>>);

impl<'a> Settings<'a> {
    fn read(node: Node<'a>, known: &[&str]) -> Result<Self, Error> {
        if !node.is_mapping() {
            let wanted = known.iter().map(|key| format!("`{key}:`")).collect::<Vec<_>>();
            let reason = format!("is {}, where {} can stand", node.described(), listed(&wanted));
            return Err(refuse(node.place(), reason));
        }
        let entries = node.entries();
        match entries.iter().find(|entry| !known.contains(&entry.name())) {
            Some(other) => {
                let reason = format!("{} is not known here, only {}", other.key.described(), listed(known));
                Err(refuse(other.key.place(), reason))
            }
            None => Ok(Self(entries)),
        }
    }

    fn get(&self, key: &str) -> Option<Node<'a>> {
        self.0.iter().find(|entry| entry.name() == key).map(|entry| entry.value)
    }

    fn value<T: FromStr<Err: ToString>>(&self, key: &str) -> Result<Option<T>, Error> {
        self.get(key).map(text).transpose()
    }

    /// The items of a list; none where it is missing or empty.
    fn list(&self, key: &str) -> Result<Vec<Node<'a>>, Error> {
        match self.get(key) {
            Some(node) if !node.is_sequence() && !node.is_null() => {
                Err(refuse(node.place(), format!("`{key}` is {}, not a list", node.described())))
            }
            node => Ok(node.into_iter().flat_map(Node::items).collect()),
        }
    }
}

fn text<T: FromStr<Err: ToString>>(node: Node<'_>) -> Result<T, Error> {
    match node.as_str() {
        Some(text) => parsed(node, text),
        None => Err(refuse(node.place(), format!("is {}, not a text", node.described()))),
    }
}

fn parsed<T: FromStr<Err: ToString>>(node: Node<'_>, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: T::Err| refuse(node.place(), error.to_string()))
}

fn refuse(place: Place, reason: String) -> Error {
    Error::new(format!("{place}: {reason}"))
        .with_hint("`milvus-certs issue --help` shows what such a file says".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Fleet, String> {
        let source = Source { name: "fleet.yaml".into(), content: text.as_bytes().to_vec().into() };
        Fleet::read(&source).map_err(|error| error.to_string())
    }

    #[test]
    fn what_stands_beside_the_lists_is_for_all_that_do_not_say_otherwise() {
        let fleet = read(
            "days: 365\nkey-type: p256\nclients:\n  - search\n  - name: ingest\n    san: [ingest.internal, 10.0.0.9]\n\
             servers:\n  - {name: milvus-2.example.com, days: 90, key-type: rsa2048}\n",
        )
        .unwrap();
        let shown: Vec<_> = fleet
            .members
            .iter()
            .map(|member| {
                let Recipient { kind, name, names, days, key_type } = member;
                let names: Vec<_> = names.iter().map(GeneralName::to_string).collect();
                let days = days.map(|days| days.to_string()).unwrap_or_default();
                format!("{kind} {name} [{}] {days} {}", names.join(" "), key_type.unwrap())
            })
            .collect();
        assert_eq!(
            shown,
            [
                "client search [] 365 p256",
                "client ingest [ingest.internal 10.0.0.9] 365 p256",
                "server milvus-2.example.com [] 90 rsa2048",
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        for (text, place) in [
            ("", "fleet.yaml"),
            ("clients:\n", "fleet.yaml:1:1"),
            ("- search\n", "fleet.yaml:1:1"),
            ("client: [a]\n", "fleet.yaml:1:1"),
            ("clients: search\n", "fleet.yaml:1:10"),
            ("clients:\n  - a\n  - A\n", "fleet.yaml:3:5"),
            ("clients: [a.b, a.b.]\n", "fleet.yaml:1:16"),
            ("clients: [a]\nservers: [a]\n", "fleet.yaml:2:11"),
            ("clients: [../a]\n", "fleet.yaml:1:11"),
            ("clients: [[a]]\n", "fleet.yaml:1:11"),
            ("clients: [123]\n", "fleet.yaml:1:11"),
            ("clients: [{name: [a]}]\n", "fleet.yaml:1:18"),
            ("clients: [{san: [b]}]\n", "fleet.yaml:1:11"),
            ("clients: [{name: a, sans: [b]}]\n", "fleet.yaml:1:21"),
            ("clients: [{name: a, san: [\"b c\"]}]\n", "fleet.yaml:1:27"),
            ("clients: [{name: a, san: b}]\n", "fleet.yaml:1:26"),
            ("days: soon\nclients: [a]\n", "fleet.yaml:1:7"),
            ("key-type: rsa1024\nclients: [a]\n", "fleet.yaml:1:11"),
            ("clients: [a]\nclients: [b]\n", "fleet.yaml:2:1"),
            ("clients: [a]\n---\nclients: [b]\n", "fleet.yaml:3:1"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(&format!("{place}: ")), "{text:?}: {error}");
        }
    }
}
