use time::Duration;

use crate::check::certificates::BundleJudge;
use crate::check::certificates::ca::names;
use crate::check::clients::{ALL, GO, GO_1_24, JAVA, OPENSSL, PYMILVUS, Stopped};
use crate::check::codes::Code;
use crate::check::fix::{Command, Part};
use crate::milvus::public_keys;
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, KeyAlgorithm, moment};

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
        self.public_key(role, leaf);
        self.serial_sign(role, leaf, "");
        self.key_identifier(role, kind, leaf);
        self.purpose(role, kind, leaf);
        if kind == EndEntityKind::Server {
            self.names(leaf);
        }
        if certificates.first() != Some(leaf) {
            self.report(
                Code::CaBeforeLeaf,
                role,
                format!("begins with {}, the key belongs to a later certificate", certificates[0].subject()),
            );
        }
        self.chain(role, kind, leaf, certificates);
    }

    /// When a certificate begins and ends.
    pub(crate) fn dates(&mut self, role: FileRole, certificate: &Certificate) {
        let now = self.expectations.now;
        let validity = certificate.validity();
        let whose = self.whose(role, certificate);
        if now > validity.not_after {
            let finding =
                self.report(Code::Expired, role, format!("{whose}ended on {}", moment(validity.not_after)));
            if role == FileRole::ClientCertificate {
                finding.because("in tlsMode 2 Milvus refuses whoever shows it");
                finding.advise(&[
                    Part::Run(Command::Renew("")),
                    Part::Say("then take the new files to the client; Milvus needs no restart"),
                ]);
            }
        } else if now < validity.not_before {
            self.report(Code::NotYetValid, role, format!("{whose}begins on {}", moment(validity.not_before)));
        } else if validity.not_after - now <= self.expectations.expires_in {
            let left = days(validity.not_after - now);
            self.report(
                Code::Expiring,
                role,
                format!("{whose}ends on {}, {left} from now", moment(validity.not_after)),
            );
        }
    }

    /// Whether a serial number is positive.
    pub(crate) fn serial_sign(&mut self, role: FileRole, certificate: &Certificate, whose: &str) {
        if certificate.serial().is_negative() {
            let evidence = format!("{whose}its serial number is {}", certificate.serial());
            self.report(Code::NegativeSerial, role, evidence);
        }
    }

    /// Whether a server says whose key signed it. Nobody asks that of a client, of X.509 version 1, or of what is its own
    /// issuer by its name.
    fn key_identifier(&mut self, role: FileRole, kind: EndEntityKind, leaf: &Certificate) {
        let is_asked = kind == EndEntityKind::Server && !leaf.is_before_v3() && !leaf.is_self_issued();
        if is_asked && leaf.authority_key_identifier().is_none() {
            self.report(Code::NoAuthorityKeyId, role, "has no authorityKeyIdentifier");
        }
    }

    /// Which certificate of a file it is, where there are several.
    pub(crate) fn whose(&self, role: FileRole, certificate: &Certificate) -> String {
        match self.bundle.certificates(role).len() {
            0 | 1 => String::new(),
            _ if certificate.subject().is_empty() => String::new(),
            _ => format!("{}: ", certificate.subject()),
        }
    }

    /// What kind of key a certificate has.
    pub(crate) fn key_kind(&mut self, role: FileRole, certificate: &Certificate) {
        let algorithm = certificate.key_algorithm();
        let evidence = format!("{}its key is {algorithm}", self.whose(role, certificate));
        if !algorithm.works_in_milvus() {
            let finding = self.report(Code::UnsupportedKey, role, evidence);
            if role == FileRole::CaCertificate {
                finding.stops(stopped_by_ca(algorithm));
            }
        } else if algorithm.is_weak() {
            self.report(Code::WeakKey, role, evidence);
        } else if role == FileRole::ServerCertificate && !algorithm.signs_for_pymilvus() {
            self.report(Code::KeyNotForPymilvus, role, evidence);
        }
    }

    /// Whether everybody has the private half of its key.
    pub(crate) fn public_key(&mut self, role: FileRole, certificate: &Certificate) {
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
        let evidence = format!("{}is signed by {algorithm}", self.whose(role, certificate));
        if algorithm.is_weak() {
            let finding = self.report(Code::WeakSignature, role, evidence);
            if algorithm.is_obsolete() && role == FileRole::ServerCertificate {
                finding.stops(Stopped::both(ALL));
            }
        } else if algorithm.is_unknown_to_go() {
            self.report(Code::UnsupportedSignature, role, evidence);
        }
    }

    fn purpose(&mut self, role: FileRole, kind: EndEntityKind, leaf: &Certificate) {
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
            EndEntityKind::Server if !purposes.is_empty() && !names(purposes, kind) => {
                self.report(Code::ServerWithoutServerAuth, role, evidence)
                    .stops(Stopped::both(PYMILVUS.and(OPENSSL)));
            }
            _ => {}
        }
        self.handshake_signature(role, kind, leaf);
        if leaf.is_ca() {
            self.report(Code::LeafIsAuthority, role, "basicConstraints says CA:TRUE");
        }
    }

    /// Whether keyUsage lets the key sign handshakes. Milvus does not ask it of clients, and gRPC's C
    /// core asks it of their elliptic-curve keys alone; OpenSSL is content with what once made a session key.
    fn handshake_signature(&mut self, role: FileRole, kind: EndEntityKind, leaf: &Certificate) {
        let is_rsa = matches!(leaf.key_algorithm(), KeyAlgorithm::Rsa(_));
        let usages = leaf.key_usage().unwrap_or_default();
        if leaf.may_sign_handshakes() || kind == EndEntityKind::Client && is_rsa {
            return;
        }
        let evidence = format!("keyUsage is {}, without digitalSignature", usages.join(", "));
        let finding = self.report(Code::NoDigitalSignature, role, evidence);
        let suits_openssl = ["keyEncipherment", "keyAgreement"].iter().any(|usage| usages.contains(usage));
        if kind == EndEntityKind::Server && !suits_openssl {
            finding.stops(Stopped::both(ALL.without(GO)));
        }
    }
}

/// Whom a CA's key stops that Milvus could not work with as its own: each library knows others.
fn stopped_by_ca(algorithm: &KeyAlgorithm) -> Stopped {
    match algorithm {
        // Too short: since 1.24 Go verifies with no RSA key below 1024 bits.
        KeyAlgorithm::Rsa(_) => {
            let clients = OPENSSL.and(JAVA).and(GO_1_24);
            Stopped { one_way: clients, mutual: clients.and(GO_1_24.of_milvus()) }
        }
        KeyAlgorithm::Other(name) if name == "P-224" => Stopped::both(JAVA),
        KeyAlgorithm::Other(name) if name == "secp256k1" => {
            Stopped { one_way: PYMILVUS.and(JAVA).and(GO), mutual: ALL }
        }
        _ => Stopped { one_way: PYMILVUS.and(GO), mutual: ALL },
    }
}

fn days(duration: Duration) -> String {
    match duration.whole_days() {
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}
