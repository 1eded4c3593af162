//! All documents that were given, sorted by what they are.

use std::collections::{BTreeMap, HashSet};

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::config::findings::Findings;
use crate::check::config::source::Source;
use crate::milvus::keys::is_top_level;
use crate::yaml::{self, Document, Entry, Node, Origin};

/// The documents of all files that could be read.
#[derive(Default)]
pub(crate) struct Documents<'a> {
    /// Compose files, with their names.
    pub(crate) compose: Vec<(&'a str, Node<'a>)>,
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

/// What a document is, by its content.
enum DocumentKind<'a> {
    /// Nothing but comments, perhaps.
    Empty,
    /// The operator's resource.
    Milvus,
    /// Any other of Kubernetes' resources.
    Resource,
    Compose,
    /// The chart's values: the document itself, or what another chart has for Milvus' chart below it.
    HelmValues(Node<'a>),
    /// milvus.yaml, user.yaml and the like.
    Settings,
    Unknown,
}

/// Reads the files, each of which can have several documents; nothing for a malformed file.
pub(crate) fn read(sources: &[Source], findings: &mut Findings) -> Vec<Option<Vec<Document>>> {
    let read = |source: &Source| match yaml::read_file(&source.content, &Origin::file(&source.name)) {
        Ok(documents) => {
            for document in &documents {
                match (document.defect(), kind_of(document.root())) {
                    (Some(defect), DocumentKind::Settings | DocumentKind::HelmValues(_)) => {
                        findings.repeated(defect);
                    }
                    (Some(defect), _) => findings.malformed(defect),
                    (None, _) => {}
                }
            }
            Some(documents)
        }
        Err(malformed) => {
            findings.malformed(malformed);
            None
        }
    };
    sources.iter().map(read).collect()
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
        // Milvus reads milvus.yaml before default.yaml before user.yaml; other names say nothing about
        // the order, so that it stays the one in which they were given.
        if documents.plain.iter().all(|(name, _)| rank(name).is_some()) {
            documents.plain.sort_by_key(|(name, _)| rank(name));
        }
        documents
    }

    fn add(&mut self, name: &'a str, document: Node<'a>, findings: &mut Findings) {
        match kind_of(document) {
            DocumentKind::Empty => {}
            DocumentKind::Milvus => self.milvus.push(document),
            DocumentKind::Resource => self.add_resource(name, document, findings),
            DocumentKind::Compose => self.compose.push((name, document)),
            DocumentKind::HelmValues(values) => self.helm.push(values),
            DocumentKind::Settings => self.plain.push((name, document)),
            DocumentKind::Unknown => {
                findings.report(Code::ConfigNotRecognised, document.place(), described(document));
            }
        }
    }

    /// Adds what can be a Secret, or say which Secrets are those of CAs, or be a list of such resources.
    fn add_resource(&mut self, name: &'a str, document: Node<'a>, findings: &mut Findings) {
        self.others.entry(name).or_insert_with(|| (document.place(), without_milvus(document)));
        let version = document.text("apiVersion").unwrap_or_default();
        match document.text("kind").unwrap_or_default() {
            "Secret" => self.secrets.push(document),
            "Issuer" | "ClusterIssuer" => {
                let secret = document.at(&["spec", "ca", "secretName"]).and_then(Node::as_str);
                self.issuer_secrets.extend(secret);
            }
            "Certificate" if version.starts_with("cert-manager.io/") => {
                let is_ca = document.at(&["spec", "isCA"]).and_then(Node::as_go_string);
                let secret = document.at(&["spec", "secretName"]).and_then(Node::as_str);
                self.issuer_secrets.extend(secret.filter(|_| is_ca.as_deref() == Some("true")));
            }
            list if list.ends_with("List") => {
                for item in document.get("items").into_iter().flat_map(Node::items) {
                    self.add(name, item, findings);
                }
            }
            _ => {}
        }
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
}

fn kind_of(document: Node<'_>) -> DocumentKind<'_> {
    let version = document.text("apiVersion");
    let is_milvus = version.is_some_and(|version| version.starts_with("milvus.io/"));
    match document.text("kind") {
        _ if document.is_null() => DocumentKind::Empty,
        Some("Milvus" | "MilvusCluster") if is_milvus => DocumentKind::Milvus,
        Some(kind) if version.is_some() || kind == "Secret" => DocumentKind::Resource,
        _ if document.get("services").is_some() => DocumentKind::Compose,
        _ => match std::iter::once(document).chain(document.get("milvus")).find(|values| is_helm(*values)) {
            Some(values) => DocumentKind::HelmValues(values),
            None if document.entries().iter().any(|entry| is_top_level(entry.name())) => {
                DocumentKind::Settings
            }
            None => DocumentKind::Unknown,
        },
    }
}

/// The chart's values share etcd, minio, proxy and others with milvus.yaml; these they do not.
fn is_helm(document: Node<'_>) -> bool {
    const OWN: [&str; 6] = [
        "extraConfigFiles",
        "customConfigMap",
        "volumeMounts",
        "volumes",
        "nameOverride",
        "fullnameOverride",
    ];
    const MAPPINGS: [&str; 6] = ["image", "service", "standalone", "ingress", "mixCoordinator", "externalS3"];
    let has_mapping = |key: &str| document.get(key).is_some_and(Node::is_mapping);
    OWN.into_iter().any(|key| document.get(key).is_some())
        || MAPPINGS.into_iter().any(has_mapping)
        || document.at(&["cluster", "enabled"]).is_some()
}

/// Why nothing in a resource can be judged.
fn without_milvus(document: Node<'_>) -> String {
    match document.text("kind").unwrap_or_default() {
        "Secret" => "the Secret has neither certificates nor keys".into(),
        list if list.ends_with("List") => "the list has nothing of Milvus' in it".into(),
        kind => format!("the document is of kind {}, which is not Milvus' own", shown(kind)),
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
