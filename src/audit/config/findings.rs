use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::yaml::Malformed;
use crate::audit::finding::Remedy;
use crate::audit::{Bundle, Code, Finding, Place};
use crate::store::FileRole;

/// The findings of a judgement. What is found twice, because several services read the same file,
/// is reported once.
pub(super) struct Findings {
    list: Vec<Finding>,
    seen: HashSet<(Code, Place, String)>,
    /// The certificate directory, for commands that mend something in it.
    directory: Option<String>,
}

impl Findings {
    pub(super) fn new(directory: &Bundle) -> Self {
        let server = directory.file(FileRole::ServerCertificate);
        let folder = server.and_then(|file| Path::new(&file.place.path).parent());
        let directory = folder.map(|folder| folder.display().to_string()).filter(|folder| !folder.is_empty());
        Self { list: Vec::new(), seen: HashSet::new(), directory }
    }

    pub(super) fn report(&mut self, code: Code, place: Place, evidence: impl Into<String>) {
        self.report_name(code, place, evidence, None);
    }

    /// The same about a name that a server is asked by.
    pub(super) fn report_name(
        &mut self,
        code: Code,
        place: Place,
        evidence: impl Into<String>,
        name: Option<&str>,
    ) {
        let remedy = Remedy { directory: self.directory.as_deref(), name, ..Remedy::default() };
        self.add(Finding::new(code, place, evidence, &remedy));
    }

    pub(super) fn malformed(&mut self, malformed: Malformed) {
        self.report(Code::MalformedYaml, malformed.place, malformed.reason);
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if self.seen.insert((finding.code, finding.place.clone(), finding.evidence.clone())) {
            self.list.push(finding);
        }
    }

    /// In the order of the files, each from its beginning to its end.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        let mut files = HashMap::new();
        for finding in &self.list {
            let next = files.len();
            files.entry(finding.place.path.clone()).or_insert(next);
        }
        self.list.sort_by_key(|finding| (files[&finding.place.path], finding.place.position));
        self.list
    }
}
