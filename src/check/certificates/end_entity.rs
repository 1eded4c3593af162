use time::Duration;

use crate::check::certificates::BundleJudge;
use crate::check::certificates::ca::names_purpose;
use crate::check::clients::{ALL, Client, Clients, Stopped};
use crate::check::codes::Code;
use crate::milvus::public_keys;
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, GeneralName, KeyAlgorithm, covers, moment, texts};

const C_CORE_AND_OPENSSL: Clients = &[Client::Pymilvus, Client::Curl];
const ALL_BUT_GO: Clients = &[Client::Pymilvus, Client::Curl, Client::Java];
/// gRPC's C core takes a DNS name for an address.
const ALL_BUT_C_CORE: Clients = &[Client::Curl, Client::Java, Client::Go];

impl BundleJudge<'_> {
    /// The certificate of a server or client, and the chain that it is sent with.
    pub(crate) fn end_entity(&mut self, kind: EndEntityKind) {
        let (_, role) = FileRole::pair_of(kind);
        let bundle = self.bundle;
        let certificates = bundle.certificates(role);
        for certificate in certificates {
            self.dates(role, certificate);
            self.signature(role, certificate);
        }
        let Some(leaf) = bundle.end_entity(role) else { return };
        self.key_kind(role, leaf);
        self.purpose(kind, leaf);
        self.handshake_signature(kind, leaf);
        if leaf.is_ca() {
            self.report(Code::LeafIsAuthority, role, "basicConstraints says CA:TRUE");
        }
        if kind == EndEntityKind::Server {
            self.names(leaf);
        }
        if certificates.first() != Some(leaf) {
            let first = certificates[0].subject();
            let evidence = format!("begins with {first}, the key belongs to a later certificate");
            self.report(Code::CaBeforeLeaf, role, evidence);
        }
        self.chain(kind, leaf);
    }

    /// When a certificate begins and ends.
    pub(crate) fn dates(&mut self, role: FileRole, certificate: &Certificate) {
        let now = self.expectations.now;
        let validity = certificate.validity();
        let (begin, end) = (moment(validity.not_before), moment(validity.not_after));
        let (code, evidence) = if now > validity.not_after {
            (Code::Expired, format!("ended on {end}"))
        } else if now < validity.not_before {
            (Code::NotYetValid, format!("begins on {begin}"))
        } else if validity.not_after - now <= self.expectations.expires_in {
            (Code::Expiring, format!("ends on {end}, {} from now", days(validity.not_after - now)))
        } else {
            return;
        };
        self.report_one(code, role, certificate, &evidence);
    }

    /// What kind of key a certificate has, and whether everybody has its private half.
    pub(crate) fn key_kind(&mut self, role: FileRole, certificate: &Certificate) {
        let algorithm = certificate.key_algorithm();
        let evidence = format!("its key is {algorithm}");
        if !algorithm.works_in_milvus() {
            let finding = self.report_one(Code::UnsupportedKey, role, certificate, &evidence);
            if role == FileRole::CaCertificate {
                finding.stops(stopped_by_ca(algorithm));
            }
        } else if algorithm.is_weak() {
            self.report_one(Code::WeakKey, role, certificate, &evidence);
        } else if role == FileRole::ServerCertificate && !algorithm.signs_for_pymilvus() {
            self.report_one(Code::KeyNotForPymilvus, role, certificate, &evidence);
        }
        if let Some(file) = public_keys::file_of(&certificate.spki_sha256()) {
            let evidence = format!("has the key of configs/cert/{file} in Milvus' sources");
            self.report(Code::PublicPrivateKey, role, evidence);
        }
    }

    /// A root's own signature is verified by nobody.
    fn signature(&mut self, role: FileRole, certificate: &Certificate) {
        let algorithm = certificate.signature_algorithm();
        if certificate.is_self_issued() {
            return;
        }
        let evidence = format!("is signed by {algorithm}");
        if algorithm.is_weak() {
            let finding = self.report_one(Code::WeakSignature, role, certificate, &evidence);
            if algorithm.is_obsolete() && role == FileRole::ServerCertificate {
                finding.stops(Stopped::both(ALL));
            }
        } else if algorithm.is_unknown_to_go() {
            self.report_one(Code::UnsupportedSignature, role, certificate, &evidence);
        }
    }

    fn purpose(&mut self, kind: EndEntityKind, leaf: &Certificate) {
        let (_, role) = FileRole::pair_of(kind);
        let purposes = leaf.extended_key_usage().unwrap_or_default();
        let evidence = format!("extendedKeyUsage is {}, without {}", purposes.join(", "), kind.purpose());
        match kind {
            EndEntityKind::Client if !leaf.serves(kind) => {
                self.report(Code::ClientWithoutClientAuth, role, evidence);
            }
            EndEntityKind::Server if !leaf.serves(kind) => {
                self.report(Code::ServerWithoutServerAuth, role, evidence);
            }
            // Go and Java take anyExtendedKeyUsage for it.
            EndEntityKind::Server if !purposes.is_empty() && !names_purpose(purposes, kind) => self
                .report(Code::ServerWithoutServerAuth, role, evidence)
                .stops(Stopped::both(C_CORE_AND_OPENSSL)),
            _ => {}
        }
    }

    /// Whether keyUsage lets the key sign handshakes. Milvus does not ask it of clients, and gRPC's C
    /// core asks it of their elliptic-curve keys alone; OpenSSL is content with what once made a session key.
    fn handshake_signature(&mut self, kind: EndEntityKind, leaf: &Certificate) {
        let is_rsa = matches!(leaf.key_algorithm(), KeyAlgorithm::Rsa(_));
        let usages = leaf.key_usage().unwrap_or_default();
        if leaf.may_sign_handshakes() || kind == EndEntityKind::Client && is_rsa {
            return;
        }
        let (_, role) = FileRole::pair_of(kind);
        let evidence = format!("keyUsage is {}, without digitalSignature", usages.join(", "));
        let finding = self.report(Code::NoDigitalSignature, role, evidence);
        let suits_openssl = ["keyEncipherment", "keyAgreement"].iter().any(|usage| usages.contains(usage));
        if kind == EndEntityKind::Server && !suits_openssl {
            finding.stops(Stopped::both(ALL_BUT_GO));
        }
    }

    /// Whether clients find the name that they ask for.
    fn names(&mut self, leaf: &Certificate) {
        let role = FileRole::ServerCertificate;
        if !leaf.names().iter().any(is_host) {
            let common_name = leaf.subject().common_name().unwrap_or_default();
            let others = [texts(leaf.names()).as_slice(), leaf.unusable_names()].concat();
            let evidence = match others.as_slice() {
                [] => format!("has no subjectAltName, only the CommonName {common_name:?}"),
                others => format!("no client matches its subjectAltName: {}", others.join(", ")),
            };
            self.report_name(Code::NoSubjectAltName, role, evidence, common_name.parse().ok());
        }
        let repaired = leaf.names().iter().filter_map(GeneralName::repaired);
        let has_other = leaf.names().iter().any(|name| is_host(name) && name.repaired().is_none());
        for address in repaired.filter(|address| !leaf.names().contains(address)) {
            let finding = self.report(Code::IpInDnsName, role, format!("{address} stands in a DNS name"));
            if !has_other {
                finding.stops(Stopped::both(ALL_BUT_C_CORE));
            }
        }
        for name in &self.expectations.server_names {
            if !covers(leaf, name) {
                self.name_not_covered(leaf, name);
            }
        }
    }

    /// Without a DNS name in subjectAltName, gRPC's C core and Java fall back to the CommonName, and
    /// curl where there is no subjectAltName at all.
    fn name_not_covered(&mut self, leaf: &Certificate, name: &GeneralName) {
        let is_common_name = leaf.subject().common_name().is_some_and(|common| common == name.to_string());
        let has_dns_name = leaf.names().iter().any(|name| matches!(name, GeneralName::Dns(_)));
        let stopped: Clients = match name {
            GeneralName::Dns(_) if is_common_name && leaf.names().is_empty() => return,
            GeneralName::Dns(_) if is_common_name && !has_dns_name => &[Client::Curl, Client::Go],
            GeneralName::Ip(_) if is_common_name && leaf.names().is_empty() => &[Client::Java, Client::Go],
            GeneralName::Ip(_) if leaf.names().iter().any(|own| own.repaired().as_ref() == Some(name)) => {
                ALL_BUT_C_CORE
            }
            _ => ALL,
        };
        let evidence = format!("does not cover {name}; its names: {}", texts(leaf.names()).join(", "));
        self.report_name(Code::NameNotCovered, FileRole::ServerCertificate, evidence, Some(name.clone()))
            .stops(Stopped::both(stopped));
    }
}

/// Whom a CA's key stops that Milvus could not work with as its own: each library knows others.
fn stopped_by_ca(algorithm: &KeyAlgorithm) -> Stopped {
    match algorithm {
        KeyAlgorithm::Rsa(_) => Stopped::both(&[Client::Curl, Client::Java]),
        KeyAlgorithm::Other(name) if name == "P-224" => Stopped::both(&[Client::Java]),
        KeyAlgorithm::Other(name) if name == "secp256k1" => {
            Stopped { one_way: &[Client::Pymilvus, Client::Java, Client::Go], mutual: ALL }
        }
        _ => Stopped { one_way: &[Client::Pymilvus, Client::Go], mutual: ALL },
    }
}

fn days(duration: Duration) -> String {
    match duration.whole_days() {
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}

fn is_host(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_))
}
