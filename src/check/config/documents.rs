//! All documents that were given, sorted by what they are.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::config::compose::service::ComposeFile;
use crate::check::config::findings::Findings;
use crate::check::config::kinds::{DocumentKind, helm_values, kind_of};
use crate::check::config::settings::Settings;
use crate::check::config::source::Source;
use crate::yaml::{self, Document, Entry, Node, Origin};

/// The documents of all files that could be read.
#[derive(Default)]
pub(crate) struct Documents<'a> {
    pub(crate) compose: Vec<ComposeFile<'a>>,
    pub(crate) milvus: Vec<Node<'a>>,
    pub(crate) helm: Vec<Node<'a>>,
    pub(crate) secrets: Vec<Node<'a>>,
    /// milvus.yaml, user.yaml and the like, with the names of their files.
    pub(crate) plain: Vec<(&'a str, Node<'a>)>,
    /// The Secrets of CAs: Issuers sign with them.
    pub(crate) issuer_secrets: HashSet<&'a str>,
    /// Files with nothing in them.
    empty: Vec<&'a Source>,
    /// What belongs to something else, by the files that it is in.
    others: BTreeMap<&'a str, (Place, String)>,
}

/// Reads the files, each of which can have several documents; nothing for a malformed file.
pub(crate) fn read(sources: &[Source], findings: &mut Findings) -> Vec<Option<Vec<Document>>> {
    let read = |source: &Source| match yaml::read_file(&source.content, &Origin::file(&source.name)) {
        Ok(documents) => {
            documents.iter().for_each(|document| report_repeated(document, findings));
            Some(documents)
        }
        Err(malformed) => {
            findings.malformed(malformed);
            None
        }
    };
    sources.iter().map(read).collect()
}

fn report_repeated(document: &Document, findings: &mut Findings) {
    match (document.defect(), kind_of(document.root())) {
        (Some(defect), DocumentKind::Settings | DocumentKind::HelmValues) => findings.repeated(defect),
        (Some(defect), _) => findings.malformed(defect),
        (None, _) => {}
    }
}

impl<'a> Documents<'a> {
    /// Sorts documents by what they are.
    pub(crate) fn sort(
        sources: &'a [Source],
        files: &'a [Option<Vec<Document>>],
        findings: &mut Findings,
    ) -> Self {
        let mut documents = Self::default();
        for (source, file) in sources.iter().zip(files) {
            let Some(file) = file else { continue };
            if file.iter().all(|document| document.root().is_null()) {
                documents.empty.push(source);
            }
            for document in file {
                documents.add(&source.name, document.root(), findings);
            }
        }
        documents.sort_plain();
        documents
    }

    fn add(&mut self, name: &'a str, document: Node<'a>, findings: &mut Findings) {
        match kind_of(document) {
            DocumentKind::Empty => {}
            DocumentKind::OtherResource => self.add_other(name, document),
            DocumentKind::Secret => {
                self.add_other(name, document);
                self.secrets.push(document);
            }
            DocumentKind::Milvus => self.milvus.push(document),
            DocumentKind::Issuer => {
                let secret = document.at(&["spec", "ca", "secretName"]).and_then(Node::as_str);
                self.issuer_secrets.extend(secret);
                self.add_other(name, document);
            }
            DocumentKind::Certificate => {
                let spec = document.get("spec");
                let is_ca = spec.and_then(|spec| spec.get("isCA")).and_then(Node::as_go_string);
                let secret = spec.and_then(|spec| spec.text("secretName"));
                self.issuer_secrets.extend(secret.filter(|_| is_ca.as_deref() == Some("true")));
                self.add_other(name, document);
            }
            DocumentKind::List => {
                self.add_other(name, document);
                for item in document.get("items").into_iter().flat_map(Node::items) {
                    self.add(name, item, findings);
                }
            }
            DocumentKind::Compose => self.compose.push(ComposeFile { document, folder: folder_of(name) }),
            DocumentKind::HelmValues => self.helm.extend(helm_values(document)),
            DocumentKind::Settings => self.plain.push((name, document)),
            DocumentKind::Unknown => {
                findings.report(Code::ConfigNotRecognised, document.place(), described(document));
            }
        }
    }

    fn add_other(&mut self, name: &'a str, document: Node<'a>) {
        let other = || (document.place(), without_milvus(document));
        self.others.entry(name).or_insert_with(other);
    }

    /// Says which files had nothing to be judged. What belongs to something else is all right beside
    /// what belongs to Milvus.
    pub(crate) fn report_unjudged(&self, is_judged: bool, findings: &mut Findings) {
        let is_settled = is_judged || !self.compose.is_empty();
        let stopped = Stopped::both(if is_settled { NOBODY } else { ALL });
        for source in &self.empty {
            let evidence = match source.content.iter().all(u8::is_ascii_whitespace) {
                true => "is empty",
                false => "has nothing but comments and empty documents",
            };
            findings.stopping(Code::ConfigEmpty, Place::file(&source.name), evidence, stopped);
        }
        for (place, evidence) in self.others.values().filter(|_| !is_settled) {
            findings.report(Code::ConfigNotRecognised, place.clone(), evidence.as_str());
        }
    }

    /// Milvus reads milvus.yaml before default.yaml before user.yaml; other names say nothing about
    /// the order, so that it stays the one in which they were given.
    fn sort_plain(&mut self) {
        if let Some(ranks) = self.plain.iter().map(|(name, _)| rank(name)).collect::<Option<Vec<_>>>() {
            let mut ranked: Vec<_> = ranks.into_iter().zip(std::mem::take(&mut self.plain)).collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            self.plain = ranked.into_iter().map(|(_, plain)| plain).collect();
        }
    }

    /// The settings of the files of a kind, put together.
    pub(crate) fn settings(&self, is_asked: impl Fn(&str) -> bool) -> Settings {
        let mut settings = Settings::default();
        for (_, document) in self.plain.iter().filter(|(name, _)| is_asked(name)) {
            settings.add_document(*document);
        }
        settings
    }
}

/// Why nothing in a resource can be judged.
fn without_milvus(document: Node<'_>) -> String {
    match document.text("kind").unwrap_or_default() {
        "Secret" => "the Secret has neither certificates nor keys".into(),
        list if list.ends_with("List") => "the list has nothing of Milvus' in it".into(),
        kind => format!("the document is of kind {}, which is not Milvus' own", shown(kind)),
    }
}

/// The folder of a file; that of standard input is the current one.
fn folder_of(name: &str) -> PathBuf {
    Path::new(name).parent().map(Path::to_owned).unwrap_or_default()
}

fn rank(name: &str) -> Option<usize> {
    ["milvus.yaml", "default.yaml", "user.yaml"].iter().position(|suffix| name.ends_with(suffix))
}

fn described(document: Node<'_>) -> String {
    let mut keys: Vec<_> =
        document.entries().into_iter().take(4).map(|Entry { key, .. }| key.described()).collect();
    if keys.len() == 4 {
        keys[3] = "…".into();
    }
    match keys.is_empty() {
        true => format!("the document is {}", document.described()),
        false => format!("the document has {}", keys.join(", ")),
    }
}
