//! `tests/verifiers/table.txt`: what verifiers do with some of these directories, measured by the proof beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(include_str!("../verifiers/table.txt")));

/// Who verifies for a client; a version may follow.
const CLIENTS: [(&str, &str); 6] = [
    ("pymilvus", "grpcio"),
    ("python", "python-"),
    ("node", "node-"),
    ("java", "java-"),
    ("go", "go-"),
    ("curl", "curl"),
];

struct Table {
    verifiers: Vec<&'static str>,
    /// By directory, the mode and the name of who refuses it.
    refusals: BTreeMap<&'static str, BTreeSet<(&'static str, &'static str)>>,
}

impl Table {
    fn of(text: &'static str) -> Self {
        let mut table = Self { verifiers: Vec::new(), refusals: BTreeMap::new() };
        let mut directory = "";
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(verifiers) = line.strip_prefix("verifiers:") {
                table.verifiers = verifiers.split_whitespace().collect();
            } else if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                directory = name;
                table.refusals.entry(directory).or_default();
            } else {
                let (mode, rest) = line.split_once(' ').unwrap();
                let (verifier, _) = rest.split_once(": ").unwrap();
                table.refusals.get_mut(directory).unwrap().insert((mode, verifier));
            }
        }
        table
    }

    /// Whether a client works, or only with some versions, of its own or of Milvus.
    fn verdict(&self, directory: &str, mode: &'static str, client: &str) -> &'static str {
        let (_, verifier) = CLIENTS.iter().find(|(name, _)| *name == client).unwrap();
        let refused = |start: &str, mode: &'static str| {
            let all = self.verifiers.iter().filter(|name| name.starts_with(start));
            let refused = all.clone().filter(|name| self.refusals[directory].contains(&(mode, **name)));
            (refused.count(), all.count())
        };
        let (servers, all_servers) = refused("milvus-go-", mode);
        // The clients ask the oldest server, so that its refusal is theirs.
        let (own, all_own) = refused(verifier, if servers > 0 { "one-way" } else { mode });
        match (own, servers) {
            (0, 0) => "works",
            _ if own == all_own || servers == all_servers => "fails",
            _ => "partly",
        }
    }
}

/// The directories of the table.
pub(crate) fn directories() -> impl Iterator<Item = &'static str> {
    TABLE.refusals.keys().copied()
}

/// Whether a report says of a directory what verifiers do with it.
pub(crate) fn assert_as_measured(directory: &str, report: &Value) {
    if !TABLE.refusals.contains_key(directory) {
        return;
    }
    for verdict in report["verdicts"].as_array().unwrap() {
        let mode = if verdict["tls_mode"] == 2 { "mutual" } else { "one-way" };
        for outcome in verdict["clients"].as_array().unwrap() {
            let has_exceptions = !outcome["not_with"].as_array().unwrap().is_empty();
            let said = match outcome["works"].as_bool().unwrap() {
                false => "fails",
                true if has_exceptions => "partly",
                true => "works",
            };
            let client = outcome["client"].as_str().unwrap();
            let measured = TABLE.verdict(directory, mode, client);
            assert_eq!(said, measured, "{mode} {client}, of {report:#}");
        }
    }
}
