//! Kubernetes Secrets: the certificates and keys in them, and what should not be there.

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
    files: Vec<SecretFile>,
    /// Keys with values that cannot be read.
    unreadable: Vec<String>,
}

/// A key of a Secret with its decoded value.
pub(super) struct SecretFile {
    key: String,
    place: Place,
    pub(super) content: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Reads `data` and `stringData`, which wins.
    pub(super) fn read(document: Node<'_>, findings: &mut Findings) -> Self {
        let name = document.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default().to_owned();
        let mut secret = Self { name, files: Vec::new(), unreadable: Vec::new() };
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
            Ok(content) => self.files.push(SecretFile { key, place, content }),
            Err((code, evidence)) => {
                if let Some(role) = role_of(&key) {
                    findings.add(Finding::new(code, place, evidence, &remedy_of(role)).about(role));
                }
                self.unreadable.push(key);
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.file(key).is_some() || self.unreadable.iter().any(|other| other == key)
    }

    pub(super) fn file(&self, key: &str) -> Option<&SecretFile> {
        self.files.iter().find(|file| file.key == key)
    }

    /// Its certificates and keys, by the names that this program and cert-manager give them.
    pub(super) fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for (role, file) in self.roles() {
            if bundle.file(role).is_none() {
                bundle.add(role, file.place.clone(), None, Ok(&file.content));
            }
        }
        bundle
    }

    fn roles(&self) -> impl Iterator<Item = (FileRole, &SecretFile)> {
        let (certificate, key) = self.kind_of_tls_crt();
        self.files.iter().filter_map(move |file| {
            let role = match file.key.as_str() {
                "tls.crt" => Some(certificate),
                "tls.key" => Some(key),
                other => role_of(other),
            };
            role.map(|role| (role, file))
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
        for (role, file) in self.roles() {
            if let Some(evidence) = file.authority_key(role, &self.name, [bundle, directory]) {
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
}

impl SecretFile {
    /// Why it is an authority's key, if it is one.
    fn authority_key(&self, role: FileRole, secret: &str, bundles: [&Bundle; 2]) -> Option<String> {
        if role == FileRole::CaKey {
            return Some(format!("the Secret {secret} has the authority's key as {}", self.key));
        }
        let key = role.is_key().then(|| KeyMaterial::from_pem(&self.content).ok()).flatten()?;
        let mut certificates = bundles.into_iter().flat_map(|bundle| {
            FileRole::ALL.into_iter().flat_map(|role| bundle.certificates(role)).filter(|found| found.is_ca())
        });
        let authority = certificates.find(|authority| key.belongs_to(authority) == Some(true))?;
        Some(format!("{} is the key of the authority {}", self.key, authority.subject()))
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

/// Go's `base64.StdEncoding`, with which Kubernetes reads `data`: line breaks do not matter, spaces
/// do.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let text: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect());
    GeneralPurpose::new(&STANDARD, CONFIG).decode(text.as_bytes()).ok().map(Zeroizing::new)
}
