//! Whole configurations, as people write them, and what is found in them.

mod codes;
mod compose;
mod deployed;
mod helm;
mod hostile;
mod kinds;
mod leaks;
mod operator;
mod secrets;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::check::certificates::{Expectations, judge_deployed};
use crate::check::clients::Client;
use crate::check::codes::Severity;
use crate::check::config::source::AtPath;
use crate::check::config::*;
use crate::engine::leaf::Leaf;
use crate::milvus::TlsMode;
use crate::store::{FileMode, FileRole, FileState, Owner};
use crate::x509::{
    Attribute, AttributeType, Ca, Days, EndEntityKind, KeyType, PrivateKey, SerialNumber, Subject, Validity,
    certificates_from_pem, certificates_to_pem, key_from_pem, key_to_pem,
};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

/// A certificate directory's files, by their names.
pub(crate) struct Certificates(BTreeMap<&'static str, String>);

/// Those of the directory, and others.
pub(crate) static OWN: LazyLock<Certificates> = LazyLock::new(Certificates::new);
pub(crate) static OTHER: LazyLock<Certificates> = LazyLock::new(Certificates::new);

/// Those of somebody else, for another host.
pub(crate) static FOREIGN: LazyLock<Certificates> = LazyLock::new(|| Certificates::of("foreign.example"));

/// The directory's with a new server certificate from the same CA.
pub(crate) static RENEWED: LazyLock<Certificates> = LazyLock::new(|| OWN.renewed());

impl Certificates {
    fn new() -> Self {
        Self::of("localhost")
    }

    fn of(host: &str) -> Self {
        let key = PrivateKey::generate(KeyType::P256).unwrap();
        let ca_key = key_to_pem(&key).unwrap().to_string();
        let ca = Ca::create(subject(&format!("{host} CA")), validity(), key).unwrap();
        let ca_pem = certificates_to_pem([ca.certificate()]);
        let mut files = BTreeMap::from([("ca.key", ca_key), ("ca.pem", ca_pem)]);
        files.extend(EndEntityKind::ALL.into_iter().flat_map(|kind| issued(&ca, kind, host)));
        Self(files)
    }

    fn renewed(&self) -> Self {
        let ca = certificates_from_pem(self.get("ca.pem").as_bytes()).unwrap();
        let key = key_from_pem(self.get("ca.key").as_bytes(), None).unwrap();
        let ca = Ca::load(ca, key, NOW).unwrap();
        let mut files = self.0.clone();
        files.extend(issued(&ca, EndEntityKind::Server, "localhost"));
        Self(files)
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// The directory `certs` with all of them.
    pub(crate) fn directory(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for role in FileRole::ALL {
            if let Some(content) = self.0.get(role.file_name()) {
                let place = Place::file(format!("certs/{}", role.file_name()));
                bundle.add(role, place, None, Ok(content.as_bytes()));
            }
        }
        bundle
    }
}

fn subject(name: &str) -> Subject {
    Subject::new([&Attribute::new(AttributeType::CommonName, name).unwrap()]).unwrap()
}

fn validity() -> Validity {
    Validity::starting(NOW, Days::new(3650).unwrap()).unwrap()
}

/// A certificate and its key, by the names of their files.
fn issued(ca: &Ca, kind: EndEntityKind, host: &str) -> [(&'static str, String); 2] {
    let (key_file, certificate_file) = FileRole::pair_of(kind);
    let mut names = vec![host.parse().unwrap()];
    if host == "localhost" {
        names.push("10.0.0.1".parse().unwrap());
    }
    let leaf = Leaf { kind, subject: subject(host), names, validity: validity() };
    let key = PrivateKey::generate(KeyType::P256).unwrap();
    let serial = SerialNumber::random().unwrap();
    let certificate = ca.issue(&leaf, &serial, &key.public_key().unwrap()).unwrap();
    [
        (certificate_file.file_name(), certificates_to_pem([&certificate])),
        (key_file.file_name(), key_to_pem(&key).unwrap().to_string()),
    ]
}

/// What is given, and what this machine has.
pub(crate) struct World {
    sources: Vec<Source>,
    files: BTreeMap<PathBuf, String>,
    /// Who may do what with a file.
    states: BTreeMap<PathBuf, FileState>,
    directory: Bundle,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { directory: OWN.directory(), ..Self::without_directory() }
    }

    /// Without a certificate directory.
    pub(crate) fn without_directory() -> Self {
        Self {
            sources: Vec::new(),
            files: BTreeMap::new(),
            states: BTreeMap::new(),
            directory: Bundle::new(),
        }
    }

    /// With a file that is given as configuration.
    pub(crate) fn given(mut self, name: &str, text: impl Into<String>) -> Self {
        self.sources.push(Source { name: name.into(), content: text.into().into_bytes().into() });
        self
    }

    /// With a file on this machine.
    pub(crate) fn file(mut self, path: &str, content: impl Into<String>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// With a file that has this mode and belongs to this user.
    pub(crate) fn owned(mut self, path: &str, mode: FileMode, user: u32) -> Self {
        let state = FileState { mode, owner: Owner::of_user(user), acl: None };
        self.states.insert(path.into(), state);
        self
    }

    /// With the directory's server.pem, server.key and ca.pem in a folder.
    pub(crate) fn tls_in(self, folder: &str) -> Self {
        ["server.pem", "server.key", "ca.pem"]
            .into_iter()
            .fold(self, |world, name| world.file(&format!("{folder}/{name}"), OWN.get(name)))
    }

    fn look(&self, path: &Path) -> AtPath {
        if let Some(content) = self.files.get(path) {
            let state = self.states.get(path).cloned();
            return AtPath::File(content.clone().into_bytes().into(), state);
        }
        let below = self.files.keys().filter_map(|file| file.strip_prefix(path).ok());
        let mut names: Vec<_> = below
            .filter_map(|rest| Some(rest.components().next()?.as_os_str().to_string_lossy().into_owned()))
            .collect();
        names.dedup();
        if names.is_empty() { AtPath::Nothing } else { AtPath::Folder(names) }
    }

    pub(crate) fn judge(&self) -> Judgement {
        judge(&self.sources, &self.directory, &|path| self.look(path))
    }

    /// All that `check` finds.
    pub(crate) fn checked(&self, modes: &[TlsMode]) -> Vec<Finding> {
        let expectations = |directory| Expectations { directory, ..Expectations::new(modes, NOW) };
        let judgement = self.judge();
        let mut findings = Vec::new();
        if !self.directory.is_empty() {
            let known = crate::check::judge(&self.directory, &expectations(Some("certs".into())));
            findings.extend(known.into_iter().filter(|finding| finding.code.severity() == Severity::Error));
        }
        findings.extend(judgement.findings);
        for bundle in &judgement.bundles {
            let found = judge_deployed(bundle, &self.directory, &expectations(None), &findings);
            findings.extend(found);
        }
        findings
    }

    /// Places and codes, one finding to a line.
    pub(crate) fn findings(&self) -> Vec<String> {
        let findings = self.judge().findings;
        findings.iter().map(|finding| format!("{} {}", finding.place, finding.code)).collect()
    }

    /// The codes of what stops everybody, in one-way and in mutual TLS.
    pub(crate) fn stopped(&self) -> Vec<(&'static str, bool, bool)> {
        let stops =
            |finding: &Finding, mode| Client::ALL.into_iter().all(|client| finding.breaks(mode, client));
        let findings = self.judge().findings.into_iter().map(|finding| {
            (finding.code.name(), stops(&finding, TlsMode::OneWay), stops(&finding, TlsMode::Mutual))
        });
        findings.filter(|(_, one_way, mutual)| *one_way || *mutual).collect()
    }

    pub(crate) fn evidence(&self) -> Vec<String> {
        self.judge().findings.into_iter().map(|finding| finding.evidence).collect()
    }
}

/// What is wrong with certificates and keys of Secrets, and of what Milvus' paths lead to.
pub(crate) fn in_bundles(judgement: &Judgement) -> Vec<Finding> {
    let expectations = Expectations::new(&TlsMode::ALL, NOW);
    judgement.bundles.iter().flat_map(|bundle| crate::check::judge(bundle, &expectations)).collect()
}

/// What is found in one file.
pub(crate) fn findings(name: &str, text: impl Into<String>) -> Vec<String> {
    World::new().given(name, text).findings()
}

/// The same where no certificates are there that would go unused.
pub(crate) fn findings_alone(name: &str, text: impl Into<String>) -> Vec<String> {
    World::without_directory().given(name, text).findings()
}

pub(crate) const NOTHING: [&str; 0] = [];

/// Settings for mutual TLS with nothing wrong.
pub(crate) const MUTUAL: &str = "\
proxy:
  http:
    port: 8080
tls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem
common:
  security:
    tlsMode: 2
";

/// Settings for internal TLS with nothing wrong.
pub(crate) const INTERNAL: &str = "\
internaltls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem
  sni: localhost
common:
  security:
    internaltlsEnabled: true
    tlsMode: 1
tls: {serverPemPath: /milvus/tls/./server.pem, serverKeyPath: /milvus/tls/./server.key}
proxy: {http: {port: 8080}}
";

/// A Secret with files of the directory under their own names, as a further document.
pub(crate) fn secret(keys: &[&str]) -> String {
    let data: String = keys.iter().map(|key| format!("  {key}: |\n{}", indented(OWN.get(key), 4))).collect();
    format!("---\napiVersion: v1\nkind: Secret\nmetadata: {{name: certs}}\nstringData:\n{data}")
}

/// A resource of the operator's that has these settings, and a Secret at a path.
pub(crate) fn resource(settings: &str, path: &str) -> String {
    format!(
        "\
---
apiVersion: milvus.io/v1beta1
kind: Milvus
spec:
  config:
{}  components:
    standalone: {{serviceRestfulPort: 8080}}
    volumes: [{{name: c, secret: {{secretName: certs}}}}]
    volumeMounts: [{{name: c, mountPath: {path}}}]
",
        indented(settings, 4)
    )
}

/// The lines of a text, indented.
pub(crate) fn indented(text: &str, columns: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(columns))).collect()
}
