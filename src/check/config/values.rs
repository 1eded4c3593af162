//! Values files of Milvus' Helm chart, together as Helm merges them.

use crate::base::shown::{list_are, shown};
use crate::check::codes::Code;
use crate::check::config::findings::Findings;
use crate::yaml::{self, Entry, Node};

/// What one or more files say in one place, the last of which wins. Helm merges maps and replaces all else, lists and
/// strings too (`mergeMaps` in helm's pkg/cli/values/options.go).
#[derive(Clone)]
pub(crate) struct Values<'a> {
    layers: Vec<Node<'a>>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(files: Vec<Node<'a>>) -> Self {
        Self { layers: files }
    }

    /// What is said last.
    pub(crate) fn node(&self) -> Option<Node<'a>> {
        self.layers.last().copied()
    }

    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let mut layers = Vec::new();
        for value in self.layers.iter().rev().filter_map(|layer| layer.get(key)) {
            if value.is_mapping() || layers.is_empty() {
                layers.push(value);
            }
            if !value.is_mapping() {
                break;
            }
        }
        layers.reverse();
        (!layers.is_empty()).then_some(Self { layers })
    }

    /// What is at the end of these keys.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<Node<'a>> {
        self.section(keys)?.node()
    }

    pub(crate) fn section(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self.clone(), |values, key| values.get(key))
    }

    /// The entries of a map, each as the last file has it that has it.
    pub(crate) fn entries(&self) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for entry in self.layers.iter().flat_map(|layer| layer.entries()) {
            match entries.iter_mut().find(|known| known.name() == entry.name()) {
                Some(known) => *known = entry,
                None => entries.push(entry),
            }
        }
        entries
    }

    /// Keys that stand twice in one file.
    pub(crate) fn repeated(&self) -> impl Iterator<Item = Node<'a>> {
        self.layers.iter().flat_map(|layer| layer.repeated())
    }

    /// Says what an earlier file has at the end of these keys and a later one replaces without saying it again: each
    /// part by its name.
    pub(crate) fn report_replaced(
        &self,
        keys: &[&str],
        parts: impl Fn(Node<'a>) -> Vec<String>,
        findings: &mut Findings,
    ) {
        let Some((last, above)) = keys.split_last() else { return };
        let Some(section) = self.section(above) else { return };
        let said: Vec<_> = section.layers.iter().filter_map(|layer| layer.entry(last)).collect();
        let Some((kept, replaced)) = said.split_last() else { return };
        let kept_parts = parts(kept.value);
        for earlier in replaced {
            let lost: Vec<_> =
                parts(earlier.value).into_iter().filter(|part| !kept_parts.contains(part)).collect();
            if !lost.is_empty() {
                let file = earlier.key.place().path;
                let evidence =
                    format!("{} replaces that of {}: {} lost", shown(last), shown(&file), list_are(&lost));
                findings.report(Code::ValuesReplaced, kept.key.place(), evidence);
            }
        }
    }
}

/// The most that is said of a file that is replaced.
const MAX_PARTS: usize = 100;

/// The settings of a configuration file that is written as text.
pub(crate) fn settings_in(text: Node<'_>) -> Vec<String> {
    let Some((text, origin)) = text.embedded() else { return Vec::new() };
    let mut names = Vec::new();
    for document in yaml::read(text, &origin).unwrap_or_default() {
        collect(document.root(), "", &mut names);
    }
    names
}

fn collect(node: Node<'_>, above: &str, names: &mut Vec<String>) {
    for Entry { key, value } in node.entries() {
        if names.len() >= MAX_PARTS {
            return;
        }
        let key = shown(key.as_str().unwrap_or_default());
        let name = if above.is_empty() { key.into_owned() } else { format!("{above}.{key}") };
        match value.is_mapping() {
            true => collect(value, &name, names),
            false => names.push(name),
        }
    }
}

/// What names the items of a list, such as volumes by their `name`.
pub(crate) fn items_by<'a>(name: &str) -> impl Fn(Node<'a>) -> Vec<String> {
    move |list| {
        list.items().filter_map(|item| Some(shown(item.text(name)?).into_owned())).take(MAX_PARTS).collect()
    }
}
