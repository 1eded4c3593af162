//! What `probe` reports.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::folder::Folder;
use crate::common::program::Outcome;

/// What `probe --json` says of ports.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) status: i32,
    pub(crate) json: Value,
}

pub(crate) fn probe(arguments: &[&str]) -> Report {
    let outcome = run(&[&["--json"], arguments].concat());
    Report { status: outcome.status, json: outcome.json() }
}

/// What `probe` prints for people.
pub(crate) fn text(arguments: &[&str]) -> String {
    run(arguments).stdout
}

/// Runs `probe` in an empty folder.
fn run(arguments: &[&str]) -> Outcome {
    let outcome = Outcome::of(Folder::new().command().arg("probe").args(arguments));
    assert!(outcome.stderr.is_empty(), "{arguments:?}: {outcome}");
    outcome
}

impl Report {
    pub(crate) fn codes(&self) -> BTreeSet<&str> {
        let findings = self.json["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
    }

    /// Holds if it ends with this status and finds this, and nothing else.
    pub(crate) fn finds(self, status: i32, codes: &[&str]) -> Self {
        assert_eq!(self.codes(), codes.iter().copied().collect(), "{:#}", self.json);
        assert_eq!(self.status, status, "{:#}", self.json);
        self
    }

    /// Holds if a field of the only port is this.
    pub(crate) fn has(self, field: &str, value: impl Into<Value>) -> Self {
        assert_eq!(self.ports().len(), 1, "{:#}", self.json);
        self.port_has(0, field, value)
    }

    /// Holds if a field of a port is this; `/` leads into it.
    pub(crate) fn port_has(self, index: usize, field: &str, value: impl Into<Value>) -> Self {
        let found = self.ports()[index].pointer(&format!("/{field}")).unwrap();
        assert_eq!(*found, value.into(), "{field}: {:#}", self.json);
        self
    }

    pub(crate) fn ports(&self) -> &[Value] {
        self.json["ports"].as_array().unwrap()
    }

    /// What is said of a finding.
    pub(crate) fn evidence(&self, code: &str) -> &str {
        let findings = self.json["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["code"] == code);
        finding.unwrap_or_else(|| panic!("no {code}: {:#}", self.json))["evidence"].as_str().unwrap()
    }
}
