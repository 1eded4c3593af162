//! All documents that were given, sorted by what they are.

use std::collections::HashSet;

use super::compose::ComposeFile;
use super::findings::Findings;
use super::host::folder_of;
use super::kinds::{Kind, helm_values, kind_of};
use super::settings::Settings;
use super::yaml::{self, Document, Entry, Node, Origin};
use super::{Code, Source};

/// The documents of all files that could be read.
#[derive(Default)]
pub(super) struct Documents<'a> {
    pub(super) compose: Vec<ComposeFile<'a>>,
    pub(super) milvus: Vec<Node<'a>>,
    pub(super) helm: Vec<Node<'a>>,
    pub(super) secrets: Vec<Node<'a>>,
    /// milvus.yaml, user.yaml and the like, with the names of their files.
    pub(super) plain: Vec<(&'a str, Node<'a>)>,
    /// The Secrets that Issuers sign with.
    pub(super) issuer_secrets: HashSet<&'a str>,
}

/// Reads the files, each of which can have several documents; none of a malformed file.
pub(super) fn read(sources: &[Source], findings: &mut Findings) -> Vec<Vec<Document>> {
    let read = |source: &Source| match yaml::read_file(&source.content, &Origin::file(&source.name)) {
        Ok(documents) => {
            documents.iter().filter_map(Document::defect).for_each(|defect| findings.malformed(defect));
            documents
        }
        Err(malformed) => {
            findings.malformed(malformed);
            Vec::new()
        }
    };
    sources.iter().map(read).collect()
}

impl<'a> Documents<'a> {
    /// Sorts documents by what they are.
    pub(super) fn sort(sources: &'a [Source], files: &'a [Vec<Document>], findings: &mut Findings) -> Self {
        let mut documents = Self::default();
        for (source, file) in sources.iter().zip(files) {
            for document in file {
                documents.add(&source.name, document.root(), findings);
            }
        }
        documents.sort_plain();
        documents
    }

    fn add(&mut self, name: &'a str, document: Node<'a>, findings: &mut Findings) {
        match kind_of(document) {
            Kind::Empty | Kind::OtherResource => {}
            Kind::Secret => self.secrets.push(document),
            Kind::Milvus => self.milvus.push(document),
            Kind::Issuer => {
                let secret = document.at(&["spec", "ca", "secretName"]).and_then(Node::as_str);
                self.issuer_secrets.extend(secret);
            }
            Kind::List => {
                for item in document.get("items").into_iter().flat_map(Node::items) {
                    self.add(name, item, findings);
                }
            }
            Kind::Compose => self.compose.push(ComposeFile { document, folder: folder_of(name) }),
            Kind::HelmValues => self.helm.extend(helm_values(document)),
            Kind::Settings => self.plain.push((name, document)),
            Kind::Unknown => {
                findings.report(Code::ConfigNotRecognised, document.place(), described(document));
            }
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
    pub(super) fn settings(&self, is_asked: impl Fn(&str) -> bool) -> Settings {
        let mut settings = Settings::default();
        for (_, document) in self.plain.iter().filter(|(name, _)| is_asked(name)) {
            settings.add_document(*document);
        }
        settings
    }
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
