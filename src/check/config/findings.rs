use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::base::place::Place;
use crate::check::bundle::Bundle;
use crate::check::clients::{NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::config::source::Source;
use crate::check::finding::Finding;
use crate::check::fix::{CaKey, Context, Location};
use crate::store::FileRole;
use crate::yaml::Malformed;

/// The findings of a judgement. What is found twice, because several services read the same file,
/// is reported once.
pub(crate) struct Findings {
    list: Vec<Finding>,
    seen: HashSet<(Code, Place, String)>,
    /// Files in their order: those that were given come first.
    files: HashMap<String, usize>,
    /// The certificate directory, for the commands of fixes.
    context: Context,
}

impl Findings {
    pub(crate) fn new(sources: &[Source], bundle: &Bundle) -> Self {
        let server = bundle.file(FileRole::ServerCertificate);
        let folder = server.and_then(|file| Path::new(&file.place.path).parent());
        let directory = folder.map(|folder| folder.display().to_string()).filter(|folder| !folder.is_empty());
        let context = match bundle.location() {
            Location::Directory => Context { directory, ..Context::default() },
            location => Context { location, ca_key: CaKey::Elsewhere, ..Context::default() },
        };
        let files = sources.iter().enumerate().map(|(index, source)| (source.name.clone(), index));
        Self { list: Vec::new(), seen: HashSet::new(), files: files.collect(), context }
    }

    /// What the fix of a finding about configuration depends on.
    pub(crate) fn context(&self) -> Context {
        self.context.clone()
    }

    pub(crate) fn report(&mut self, code: Code, place: Place, evidence: impl Into<String>) {
        self.report_with(code, place, evidence, |_| {});
    }

    /// The same, with what this input has other than the code: whom it stops, why it matters, what helps.
    pub(crate) fn report_with(
        &mut self,
        code: Code,
        place: Place,
        evidence: impl Into<String>,
        change: impl FnOnce(&mut Finding),
    ) {
        let mut finding = Finding::new(code, place, evidence, self.context());
        change(&mut finding);
        self.add(finding);
    }

    /// The same, stopping these clients instead of those that its code says.
    pub(crate) fn stopping(
        &mut self,
        code: Code,
        place: Place,
        evidence: impl Into<String>,
        stopped: Stopped,
    ) {
        self.report_with(code, place, evidence, |finding| finding.stops(stopped));
    }

    pub(crate) fn malformed(&mut self, Malformed { place, reason }: Malformed) {
        self.report(Code::MalformedYaml, place, reason);
    }

    /// A key that stands twice in what Milvus and Helm read.
    pub(crate) fn repeated(&mut self, place: Place, key: &str) {
        let evidence = format!("the key {key} stands here again: what came before it is lost");
        self.report_with(Code::MalformedYaml, place, evidence, |finding| {
            finding.stops(Stopped::both(NOBODY));
            finding.because(
                "Milvus and Helm take the last of the two without a word; other readers refuse the file",
            );
        });
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        if self.seen.insert((finding.code, finding.place.clone(), finding.evidence.clone())) {
            let next = self.files.len();
            self.files.entry(finding.place.path.clone()).or_insert(next);
            self.list.push(finding);
        }
    }

    /// In the order of the files, each from its beginning to its end.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| (self.files.get(&finding.place.path), finding.place.position));
        self.list
    }
}
