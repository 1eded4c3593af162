//! Settings that are added to somebody's own, as Milvus and Helm merge YAML: mappings key by key, and all else whole.

use std::fmt::Write as _;

use crate::yaml::{self, Document, Node, Origin};

/// Settings of Milvus with others in them: the others win. Comments are not kept.
///
/// # Errors
/// Why that cannot be, if one of the texts is no YAML, or no mapping.
pub(super) fn merged_settings(theirs: &str, ours: &str) -> Result<String, String> {
    let (theirs, ours) = (documents(theirs)?, documents(ours)?);
    let layers = [mapping(&theirs)?, mapping(&ours)?].map(Vec::from_iter).concat();
    let mut merged = String::new();
    write_mapping(&layers, None, 0, &mut merged);
    Ok(merged)
}

/// Settings of Milvus without those that others have, whatever they say.
///
/// # Errors
/// As [`merged_settings`].
pub(super) fn settings_without(theirs: &str, others: &str) -> Result<String, String> {
    let (theirs, others) = (documents(theirs)?, documents(others)?);
    let mut left = String::new();
    write_mapping(&Vec::from_iter(mapping(&theirs)?), mapping(&others)?, 0, &mut left);
    Ok(left)
}

pub(super) fn documents(text: &str) -> Result<Vec<Document>, String> {
    yaml::read(text, &Origin::file("user.yaml")).map_err(|malformed| malformed.reason)
}

/// What Milvus reads of a file: its first document.
pub(super) fn mapping(documents: &[Document]) -> Result<Option<Node<'_>>, String> {
    let root = documents.first().map(Document::root).filter(|root| !root.is_null());
    match root {
        Some(root) if !root.is_mapping() => Err("it is no mapping".into()),
        root => Ok(root),
    }
}

/// Mappings merged as Helm and Milvus merge them: of a key that several have, the last says it. What `except` has is
/// left out.
fn write_mapping(layers: &[Node<'_>], except: Option<Node<'_>>, indent: usize, text: &mut String) {
    let mut seen = Vec::new();
    for entry in layers.iter().flat_map(|layer| layer.entries()) {
        let Some(key) = entry.key.as_str().filter(|key| !seen.contains(key)) else { continue };
        seen.push(key);
        let values: Vec<_> = layers.iter().filter_map(|layer| layer.get(key)).collect();
        let first = values.iter().rposition(|value| !value.is_mapping()).map_or(0, |last| last + 1);
        let except = except.and_then(|except| except.get(key));
        let mut inner = String::new();
        match (&values[first..], values.last()) {
            _ if except.is_some_and(|except| !except.is_mapping()) => continue,
            ([], Some(value)) => write_value(*value, indent, &mut inner),
            (mappings, _) if mappings.iter().all(|mapping| mapping.entries().is_empty()) => {
                inner.push_str(" {}\n")
            }
            (mappings, _) => {
                inner.push('\n');
                write_mapping(mappings, except, indent + 2, &mut inner);
                if inner == "\n" {
                    continue;
                }
            }
        }
        let _ = write!(text, "{:indent$}{}:{inner}", "", entry.key.as_yaml().unwrap_or_default());
    }
}

/// What stands behind a key.
fn write_value(value: Node<'_>, indent: usize, text: &mut String) {
    match value.as_yaml() {
        Some(scalar) => {
            let _ = writeln!(text, " {scalar}");
        }
        None if value.is_sequence() && value.items().next().is_none() => text.push_str(" []\n"),
        None => {
            text.push('\n');
            value.items().for_each(|item| write_item(item, indent + 2, text));
        }
    }
}

pub(super) fn write_item(item: Node<'_>, indent: usize, text: &mut String) {
    let mut inner = String::new();
    match item.as_yaml() {
        Some(scalar) => inner = format!("{scalar}\n"),
        None if item.is_mapping() && !item.entries().is_empty() => {
            write_mapping(&[item], None, indent + 2, &mut inner)
        }
        None if item.is_mapping() => inner.push_str("{}\n"),
        None if item.items().next().is_none() => inner.push_str("[]\n"),
        None => item.items().for_each(|item| write_item(item, indent + 2, &mut inner)),
    }
    let _ = write!(text, "{:indent$}- {}", "", inner.trim_start());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_is_left_out_and_nothing_else() {
        let theirs = "common:\n  security:\n    tlsMode: 2\n    authorizationEnabled: true\ntls:\n  caPemPath: a\nlog: {}\n";
        let others =
            "common:\n  security:\n    tlsMode: 1\ntls:\n  caPemPath: b\nproxy:\n  http:\n    port: 1\n";
        let left = settings_without(theirs, others);
        assert_eq!(left.as_deref(), Ok("common:\n  security:\n    authorizationEnabled: true\nlog: {}\n"));
    }
}
