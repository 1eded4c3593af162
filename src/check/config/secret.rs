//! Kubernetes Secrets: the certificates and keys in them, and what should not be there.

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::bundle::{Bundle, CERTIFICATES};
use crate::check::codes::Code;
use crate::check::config::certificates::{cas_of_keys, difference, stopped};
use crate::check::config::findings::Findings;
use crate::check::finding::Finding;
use crate::check::fix::{Context, Location};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, certificates_from_pem};
use crate::yaml::{Entry, Node};

/// A Secret among the documents.
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    files: BTreeMap<String, SecretFile>,
    /// Keys with values that cannot be read.
    unreadable: HashSet<String>,
}

/// A decoded value, and where its key is.
pub(crate) struct SecretFile {
    pub(crate) place: Place,
    pub(crate) content: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Reads `data` and `stringData`, which wins.
    pub(crate) fn read(document: Node<'_>, findings: &mut Findings) -> Self {
        let metadata = |key| document.at(&["metadata", key]).and_then(Node::as_str).map(str::to_owned);
        let mut secret = Self {
            name: metadata("name").unwrap_or_default(),
            namespace: metadata("namespace"),
            files: BTreeMap::new(),
            unreadable: HashSet::new(),
        };
        for (field, is_encoded) in [("stringData", false), ("data", true)] {
            for entry in document.get(field).map(Node::entries).unwrap_or_default() {
                if !secret.has(entry.name()) {
                    secret.add(entry, is_encoded, findings);
                }
            }
        }
        secret
    }

    fn add(&mut self, entry: Entry<'_>, is_encoded: bool, findings: &mut Findings) {
        let key = entry.name().to_owned();
        let place = entry.key.place();
        let text = entry.value.as_str().or(entry.value.is_null().then_some(""));
        let content = match text {
            None => Err((Code::WrongType, format!("is {}, not text", entry.value.described()))),
            Some(text) if is_encoded => decoded(text).ok_or_else(|| {
                let evidence = "is not base64, which `data` needs; `stringData` takes text";
                (Code::DamagedFile, evidence.into())
            }),
            Some(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        };
        match content.and_then(|content| once_encoded(content, &key)) {
            Ok(content) => {
                self.files.insert(key, SecretFile { place, content });
            }
            Err((code, evidence)) => {
                let evidence = format!("{}: {evidence}", self.name_of(&key));
                if let Some(role) = role_of(&key) {
                    // What is wrong with its type is corrected in the manifest.
                    let location =
                        if code == Code::WrongType { Location::default() } else { Location::Secret };
                    let context = Context { role: Some(role), location, ..Context::default() };
                    findings.add(Finding::new(code, place, evidence, context));
                }
                self.unreadable.insert(key);
            }
        }
    }

    /// What one of its keys is called in a sentence.
    pub(crate) fn name_of(&self, key: &str) -> String {
        match self.name.is_empty() {
            true => format!("{} of the Secret", shown(key)),
            false => format!("{} of the Secret {}", shown(key), shown(&self.name)),
        }
    }

    /// Whether certificates or keys are in it, readable or not.
    pub(crate) fn is_recognised(&self) -> bool {
        self.files.keys().chain(&self.unreadable).any(|key| role_of(key).is_some())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.files.contains_key(key) || self.unreadable.contains(key)
    }

    /// What one of its keys is taken for.
    pub(crate) fn role(&self, key: &str) -> Option<FileRole> {
        match key {
            "tls.crt" => Some(self.roles_of_tls().0),
            "tls.key" => Some(self.roles_of_tls().1),
            other => role_of(other),
        }
    }

    /// Whether it seems to be made of the directory's certificates, or of their successors: they are called
    /// so, or have an issuer, a subject or a name in common.
    pub(crate) fn is_related_to(&self, bundle: &Bundle, directory: &Bundle) -> bool {
        let is_called_so = CERTIFICATES.into_iter().any(|role| self.has(role.file_name()));
        let is_alike = |one: &Certificate, other: &Certificate| {
            one.subject() == other.subject()
                || one.issuer() == other.issuer()
                || one.names().iter().any(|name| other.names().contains(name))
        };
        let is_known = |one| directory.all_certificates().any(|(_, other)| is_alike(one, other));
        is_called_so || bundle.all_certificates().any(|(_, one)| is_known(one))
    }

    pub(crate) fn file(&self, key: &str) -> Option<&SecretFile> {
        self.files.get(key)
    }

    /// Its certificates and keys, by the names that this program and cert-manager give them.
    pub(crate) fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for (key, file) in &self.files {
            if let Some(role) = self.role(key).filter(|role| bundle.file(*role).is_none()) {
                bundle.add_in_secret(role, file.place.clone(), self.name_of(key), &file.content);
            }
        }
        bundle
    }

    /// `tls.crt` is a server's certificate, unless it serves clients alone, or is a CA.
    fn roles_of_tls(&self) -> (FileRole, FileRole) {
        let certificates = self.file("tls.crt").and_then(|file| certificates_from_pem(&file.content).ok());
        match certificates.as_deref() {
            Some([ca]) if ca.is_ca() => (FileRole::CaCertificate, FileRole::CaKey),
            Some([first, ..])
                if first.serves(EndEntityKind::Client) && !first.serves(EndEntityKind::Server) =>
            {
                (FileRole::ClientCertificate, FileRole::ClientKey)
            }
            _ => (FileRole::ServerCertificate, FileRole::ServerKey),
        }
    }

    /// Finds the key of a CA, and certificates that are not those of the directory.
    pub(crate) fn judge(&self, bundle: &Bundle, directory: &Bundle, findings: &mut Findings) {
        self.ca_keys(directory, findings);
        let certificates =
            [FileRole::ServerCertificate, FileRole::CaCertificate, FileRole::ClientCertificate];
        let differing = certificates
            .into_iter()
            .filter_map(|role| Some((&bundle.file(role)?.place, difference(role, bundle, directory)?)));
        let (places, evidence): (Vec<_>, Vec<_>) = differing.unzip();
        if let Some(place) = places.into_iter().min().cloned() {
            let stopped = stopped(bundle, directory);
            findings.stopping(Code::NotTheDirectorys, place, evidence.join("; "), stopped);
        }
    }

    /// Finds the key of a CA under whatever name, alone or with its certificate.
    fn ca_keys(&self, directory: &Bundle, findings: &mut Findings) {
        let cas = cas_of_keys(self.files.values().map(|file| file.content.as_slice()), directory);
        for ((key, file), ca) in self.files.iter().zip(cas) {
            let evidence = match ca {
                Some(ca) => format!("{} is the key of {ca}", self.name_of(key)),
                None if self.role(key) == Some(FileRole::CaKey) => {
                    format!("{} is the CA's key", self.name_of(key))
                }
                None => continue,
            };
            findings.report(Code::CaKeyInSecret, file.place.clone(), evidence);
        }
    }
}

/// A value that is base64 even after it was decoded was encoded once too often.
fn once_encoded(content: Zeroizing<Vec<u8>>, key: &str) -> Result<Zeroizing<Vec<u8>>, (Code, String)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let again = std::str::from_utf8(&content).ok().and_then(|text| decoded(text.trim()));
    match again.filter(|again| role_of(key).is_some() && again.starts_with(BEGIN)) {
        Some(_) => {
            Err((Code::DamagedFile, "is base64 where PEM belongs: it was encoded once too often".into()))
        }
        None => Ok(content),
    }
}

/// The documentation page's names, and those of `kubernetes.io/tls` and cert-manager.
fn role_of(key: &str) -> Option<FileRole> {
    let is_called = |role: &FileRole| [role.file_name(), role.name_in_tls_secret()].contains(&key);
    // A server's before a client's.
    FileRole::ALL.into_iter().find(is_called)
}

/// Go's `base64.StdEncoding`, with which Kubernetes reads `data`.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// As Go does: line breaks do not matter, spaces do.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<String> = Zeroizing::new(text.replace(['\r', '\n'], ""));
    BASE64.decode(text.as_bytes()).ok().map(Zeroizing::new)
}
