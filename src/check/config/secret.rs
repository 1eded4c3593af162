//! Kubernetes Secrets: the certificates and keys in them, and what should not be there.

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::config::certificates::{authorities, authority_of_key, difference, stopped};
use crate::check::config::findings::Findings;
use crate::check::finding::Remedy;
use crate::check::{Bundle, Code, Finding};
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
                    findings.add(Finding::new(code, place, evidence, &remedy_of(role)).about(role));
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
        self.roles().next().is_some() || self.unreadable.iter().any(|key| role_of(key).is_some())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.files.contains_key(key) || self.unreadable.contains(key)
    }

    /// What one of its keys is taken for.
    pub(crate) fn role(&self, key: &str) -> Option<FileRole> {
        self.roles().find(|(_, name, _)| *name == key).map(|(role, ..)| role)
    }

    /// Whether it seems to be made of the directory's certificates, or of their successors: they are called
    /// so, or have an issuer, a subject or a name in common.
    pub(crate) fn is_related_to(&self, bundle: &Bundle, directory: &Bundle) -> bool {
        const CERTIFICATES: [FileRole; 3] =
            [FileRole::CaCertificate, FileRole::ServerCertificate, FileRole::ClientCertificate];
        let is_called_so = CERTIFICATES.into_iter().any(|role| self.has(role.file_name()));
        let all = |bundle| {
            let of = move |role| Bundle::certificates(bundle, role);
            CERTIFICATES.into_iter().flat_map(of)
        };
        let is_alike = |one: &Certificate, other: &Certificate| {
            one.subject() == other.subject()
                || one.issuer() == other.issuer()
                || one.names().iter().any(|name| other.names().contains(name))
        };
        is_called_so || all(bundle).any(|one| all(directory).any(|other| is_alike(one, other)))
    }

    pub(crate) fn file(&self, key: &str) -> Option<&SecretFile> {
        self.files.get(key)
    }

    /// Its certificates and keys, by the names that this program and cert-manager give them.
    pub(crate) fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::new();
        for (role, key, file) in self.roles() {
            if bundle.file(role).is_none() {
                bundle.add_named(role, file.place.clone(), self.name_of(key), &file.content);
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
    pub(crate) fn judge(&self, bundle: &Bundle, directory: &Bundle, findings: &mut Findings) {
        self.authority_keys(directory, findings);
        let certificates =
            [FileRole::ServerCertificate, FileRole::CaCertificate, FileRole::ClientCertificate];
        let differing = certificates.into_iter().filter_map(|role| {
            let evidence = difference(role, bundle.certificates(role), directory)?;
            Some((bundle.file(role)?.place.clone(), evidence))
        });
        let (places, evidence): (Vec<_>, Vec<_>) = differing.unzip();
        if let Some(place) = places.into_iter().min() {
            let stopped = stopped(|role| bundle.certificates(role), directory);
            findings.stopping(Code::NotTheDirectorys, place, evidence.join("; "), stopped);
        }
    }

    /// Finds the authority's key under whatever name, alone or with its certificate.
    fn authority_keys(&self, directory: &Bundle, findings: &mut Findings) {
        let in_files = self.files.values().filter_map(|file| certificates_from_pem(&file.content).ok());
        let in_files: Vec<_> = in_files.flatten().filter(Certificate::is_ca).collect();
        let known: Vec<_> = in_files.iter().chain(authorities(directory)).collect();
        let (_, private_key) = self.kind_of_tls_crt();
        for (key, file) in &self.files {
            let is_named_so =
                role_of(key) == Some(FileRole::CaKey) || key == "tls.key" && private_key == FileRole::CaKey;
            let evidence = match authority_of_key(&file.content, &known) {
                Some(authority) => format!("{} is the key of {authority}", self.name_of(key)),
                None if is_named_so => format!("{} is the authority's key", self.name_of(key)),
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
