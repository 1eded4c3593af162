//! All documents that were given, sorted by what they are.

use std::collections::{BTreeMap, HashSet};

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::config::findings::Findings;
use crate::check::config::ingress::Ingress;
use crate::check::config::settings::Settings;
use crate::check::config::source::Source;
use crate::milvus::container::CONFIG_FILES;
use crate::milvus::keys::{is_chart_value, is_top_level};
use crate::yaml::{self, Document, Entry, Node, Origin};

/// The documents of all files that could be read.
#[derive(Default)]
pub(crate) struct Documents<'a> {
    /// Compose files, with their names.
    pub(crate) compose: Vec<(&'a str, Node<'a>)>,
    pub(crate) milvus: Vec<Node<'a>>,
    pub(crate) helm: Vec<Node<'a>>,
    pub(crate) secrets: Vec<Node<'a>>,
    /// What stands before Milvus.
    pub(crate) ingresses: Vec<Ingress>,
    /// milvus.yaml, user.yaml and the like, with the names of their files.
    pub(crate) plain: Vec<(&'a str, Node<'a>)>,
    /// The Secrets of CAs: Issuers sign with them.
    pub(crate) issuer_secrets: HashSet<&'a str>,
    /// Files with nothing in them.
    empty: Vec<&'a Source>,
    /// What belongs to something else, by the files that it is in.
    others: BTreeMap<&'a str, (Place, String)>,
}

/// Reads the files that are not malformed; each can have several documents.
pub(crate) fn read<'a>(sources: &'a [Source], findings: &mut Findings) -> Vec<(&'a Source, Vec<Document>)> {
    let mut files = Vec::new();
    for source in sources {
        match yaml::read_file(&source.content, &Origin::file(&source.name)) {
            Ok(documents) => files.push((source, documents)),
            Err(malformed) => findings.malformed(malformed),
        }
    }
    files
}

impl<'a> Documents<'a> {
    /// Sorts documents by what they are.
    pub(crate) fn sort(files: &'a [(&'a Source, Vec<Document>)], findings: &mut Findings) -> Self {
        let mut documents = Self::default();
        for (source, file) in files {
            if file.iter().all(|document| document.root().is_null()) {
                documents.empty.push(source);
            }
            for (index, document) in file.iter().enumerate() {
                // Go's `yaml.Unmarshal`, with which Milvus reads its files; standard input can have several files.
                let is_read = index == 0 || source.name == "-";
                let may_repeat = documents.add(&source.name, document.root(), is_read, findings);
                match document.defect() {
                    Some(defect) if !may_repeat => findings.malformed(defect),
                    Some(_) | None => {}
                }
            }
        }
        // Milvus reads milvus.yaml before default.yaml before user.yaml; other names say nothing about
        // the order, so that it stays the one in which they were given.
        if documents.plain.iter().all(|(name, _)| rank(name).is_some()) {
            documents.plain.sort_by_key(|(name, _)| rank(name));
        }
        documents
    }

    /// Adds a document by its content, and says whether keys may stand twice in it: the programs that read it take
    /// them, and what of them matters is found where it is read. `is_read` is whether Milvus would read it, if it is its own.
    fn add(&mut self, name: &'a str, document: Node<'a>, is_read: bool, findings: &mut Findings) -> bool {
        let version = document.text("apiVersion");
        let is_milvus = version.is_some_and(|version| version.starts_with("milvus.io/"));
        // The chart's values can stand below another chart's, which has Milvus' chart in it, or leaves it out.
        let is_left_out =
            |below: &Node<'_>| below.get("enabled").and_then(Node::as_go_string).as_deref() == Some("false");
        let below = document.get("milvus").filter(|below| !is_left_out(below));
        let values = || std::iter::once(document).chain(below).find(|node| is_helm(*node));
        match document.text("kind") {
            _ if document.is_null() => {}
            Some("Milvus" | "MilvusCluster") if is_milvus => self.milvus.push(document),
            Some(kind) if version.is_some() || kind == "Secret" => {
                self.add_resource(kind, name, document, findings);
            }
            _ if document.get("services").is_some() => self.compose.push((name, document)),
            _ => {
                match values() {
                    _ if let Some(whose) = of_a_client(document) => {
                        findings.report(Code::ConfigNotRecognised, document.place(), whose);
                    }
                    Some(values) => self.helm.push(values),
                    None if is_settings(document) && is_read => self.plain.push((name, document)),
                    None if is_settings(document) => {
                        let evidence = "a second document: Milvus reads the first of a file alone";
                        findings.report(Code::ConfigNotRecognised, document.place(), evidence);
                    }
                    None => findings.report(Code::ConfigNotRecognised, document.place(), described(document)),
                }
                return true;
            }
        }
        false
    }

    /// Adds what can be a Secret, or say which Secrets are those of CAs, or be a list of such resources.
    fn add_resource(&mut self, kind: &str, name: &'a str, document: Node<'a>, findings: &mut Findings) {
        self.others.entry(name).or_insert_with(|| (document.place(), without_milvus(kind)));
        let version = document.text("apiVersion").unwrap_or_default();
        match kind {
            "Secret" => self.secrets.push(document),
            "Ingress" => self.ingresses.extend(Ingress::of_resource(document)),
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
                    self.add(name, item, true, findings);
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

/// Why a document is no milvus.yaml, although it shares keys with it: `milvus` is in none, and stands in the
/// configuration of what connects to Milvus.
fn of_a_client(document: Node<'_>) -> Option<String> {
    // milvus-backup's backup.yaml; `milvus.grpc` is that of `configVersion: v2`.
    const BACKUP: [&str; 6] = ["tlsMode", "caCertPath", "serverName", "mtlsCertPath", "mtlsKeyPath", "grpc"];
    const ADDRESS: [&str; 5] = ["address", "host", "uri", "url", "port"];
    let milvus = document.get("milvus").filter(|milvus| !is_helm(*milvus))?;
    let named = |keys: &[&str]| {
        let found = keys.iter().filter(|key| milvus.get(key).is_some());
        found.map(|key| format!("milvus.{key}")).collect::<Vec<_>>()
    };
    let (backup, address) = (named(&BACKUP), named(&ADDRESS));
    if !backup.is_empty() || !address.is_empty() && document.get("backup").is_some() {
        let keys = [backup, address].concat();
        return Some(format!("this is milvus-backup's file ({}), not Milvus' own", keys.join(", ")));
    }
    let keys = address.join(", ");
    (!address.is_empty()).then(|| format!("this is the file of a client of Milvus ({keys}), not Milvus' own"))
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
    let has_own = OWN.into_iter().any(|key| document.get(key).is_some())
        || MAPPINGS.into_iter().any(has_mapping)
        || document.at(&["cluster", "enabled"]).is_some();
    has_own && are_most(document, is_chart_value)
}

/// Whether it is milvus.yaml or a part of it: it says something about TLS, or most of its keys are Milvus'. Others
/// have a `log`, a `proxy` or an `etcd` too.
fn is_settings(document: Node<'_>) -> bool {
    let mut settings = Settings::default();
    settings.add_document(document.place(), document);
    settings.is_about_tls() || are_most(document, is_top_level)
}

fn are_most(document: Node<'_>, is_known: impl Fn(&str) -> bool) -> bool {
    let entries = document.entries();
    2 * entries.iter().filter(|entry| is_known(entry.name())).count() > entries.len()
}

/// Why nothing in a resource can be judged.
fn without_milvus(kind: &str) -> String {
    match kind {
        "Secret" => "the Secret has neither certificates nor keys".into(),
        list if list.ends_with("List") => "the list has nothing of Milvus' in it".into(),
        kind => format!("the document is of kind {}, which has no settings of Milvus", shown(kind)),
    }
}

fn rank(name: &str) -> Option<usize> {
    CONFIG_FILES.iter().position(|suffix| name.ends_with(suffix))
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
