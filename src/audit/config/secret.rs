//! Kubernetes Secrets: the certificates and keys in them, and what should not be there.

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::certificates::difference;
use super::findings::Findings;
use super::yaml::{Entry, Node};
use crate::audit::finding::Remedy;
use crate::audit::{Bundle, Code, Finding, Place};
use crate::pki::{EndEntityKind, KeyMaterial, certificates_from_pem};
use crate::store::FileRole;

/// A Secret among the documents.
pub(super) struct Secret {
    pub(super) name: String,
    files: BTreeMap<String, SecretFile>,
    /// Keys with values that cannot be read.
    unreadable: HashSet<String>,
}

/// A decoded value, and where its key is.
pub(super) struct SecretFile {
    place: Place,
    pub(super) content: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Reads `data` and `stringData`, which wins.
    pub(super) fn read(document: Node<'_>, findings: &mut Findings) -> Self {
        let name = document.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default().to_owned();
        let mut secret = Self { name, files: BTreeMap::new(), unreadable: HashSet::new() };
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
            None => Err((Code::WrongType, format!("{key} is {}, not text", entry.value.described()))),
            Some(text) if is_encoded => decoded(text).ok_or_else(|| {
                (
                    Code::DamagedFile,
                    format!("{key} is not base64, which `data` needs; `stringData` takes text"),
                )
            }),
            Some(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        };
        match content {
            Ok(content) => {
                self.files.insert(key, SecretFile { place, content });
            }
            Err((code, evidence)) => {
                if let Some(role) = role_of(&key) {
                    findings.add(Finding::new(code, place, evidence, &remedy_of(role)).about(role));
                }
                self.unreadable.insert(key);
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.files.contains_key(key) || self.unreadable.contains(key)
    }

    pub(super) fn file(&self, key: &str) -> Option<&SecretFile> {
        self.files.get(key)
    }

    /// Its certificates and keys, by the names that this program and cert-manager give them.
    pub(super) fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for (role, _, file) in self.roles() {
            if bundle.file(role).is_none() {
                bundle.add(role, file.place.clone(), None, Ok(&file.content));
            }
        }
        bundle
    }

    /// What is a certificate or key, with its key in the Secret.
    fn roles(&self) -> impl Iterator<Item = (FileRole, &str, &SecretFile)> {
        let (certificate, private_key) = self.kind_of_tls_crt();
        self.files.iter().filter_map(move |(key, file)| {
            let role = match key.as_str() {
                "tls.crt" => Some(certificate),
                "tls.key" => Some(private_key),
                other => role_of(other),
            };
            role.map(|role| (role, key.as_str(), file))
        })
    }

    /// `tls.crt` is a server's certificate, unless it serves clients alone, or is an authority's.
    fn kind_of_tls_crt(&self) -> (FileRole, FileRole) {
        let certificates = self.file("tls.crt").and_then(|file| certificates_from_pem(&file.content).ok());
        match certificates.as_deref() {
            Some([authority]) if authority.is_ca() => (FileRole::CaCertificate, FileRole::CaKey),
            Some([first, ..]) if is_for_clients_alone(|kind| first.serves(kind)) => {
                (FileRole::ClientCertificate, FileRole::ClientKey)
            }
            _ => (FileRole::ServerCertificate, FileRole::ServerKey),
        }
    }

    /// Finds an authority's key, and certificates that are not those of the directory.
    pub(super) fn judge(&self, bundle: &Bundle, directory: &Bundle, findings: &mut Findings) {
        for (role, key, file) in self.roles() {
            let bundles = [bundle, directory];
            if let Some(evidence) = self.authority_key(role, key, file, bundles) {
                findings.report(Code::CaKeyInSecret, file.place.clone(), evidence);
            }
        }
        let certificates =
            [FileRole::ServerCertificate, FileRole::CaCertificate, FileRole::ClientCertificate];
        let differing = certificates.into_iter().filter_map(|role| {
            let evidence = difference(role, bundle.certificates(role), directory)?;
            Some((bundle.file(role)?.place.clone(), evidence))
        });
        let (places, evidence): (Vec<_>, Vec<_>) = differing.unzip();
        if let Some(place) = places.into_iter().min() {
            findings.report(Code::NotTheDirectorys, place, evidence.join("; "));
        }
    }

    /// Why a file is an authority's key, if it is one.
    fn authority_key(
        &self,
        role: FileRole,
        key: &str,
        file: &SecretFile,
        bundles: [&Bundle; 2],
    ) -> Option<String> {
        if role == FileRole::CaKey {
            return Some(format!("the Secret {} has the authority's key as {key}", self.name));
        }
        let material = role.is_key().then(|| KeyMaterial::from_pem(&file.content).ok()).flatten()?;
        let mut certificates = bundles.into_iter().flat_map(|bundle| {
            FileRole::ALL.into_iter().flat_map(|role| bundle.certificates(role)).filter(|found| found.is_ca())
        });
        let authority = certificates.find(|authority| material.belongs_to(authority) == Some(true))?;
        Some(format!("{key} is the key of the authority {}", authority.subject()))
    }
}

fn is_for_clients_alone(serves: impl Fn(EndEntityKind) -> bool) -> bool {
    serves(EndEntityKind::Client) && !serves(EndEntityKind::Server)
}

/// The documentation page's names, and those of `kubernetes.io/tls` and cert-manager.
fn role_of(key: &str) -> Option<FileRole> {
    match key {
        "tls.crt" => Some(FileRole::ServerCertificate),
        "tls.key" => Some(FileRole::ServerKey),
        "ca.crt" => Some(FileRole::CaCertificate),
        _ => FileRole::ALL.into_iter().find(|role| role.file_name() == key),
    }
}

fn remedy_of(role: FileRole) -> Remedy<'static> {
    let kind = match role {
        FileRole::ClientCertificate | FileRole::ClientKey => Some(EndEntityKind::Client),
        FileRole::ServerCertificate | FileRole::ServerKey => Some(EndEntityKind::Server),
        _ => None,
    };
    Remedy { kind, ..Remedy::default() }
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
