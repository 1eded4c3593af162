use time::{Duration, OffsetDateTime};

use super::authority::names;
use super::judge::{Judge, files_of};
use super::rules::{ALL, Clients};
use super::{Client, Code};
use crate::milvus::public_keys;
use crate::pki::{Certificate, ChainDefect, EndEntityKind, GeneralName, KeyAlgorithm, covers, judge_chain};
use crate::store::FileRole;

impl Judge<'_> {
    /// The certificate of a server or client, and the chain that it is sent with.
    pub(super) fn end_entity(&mut self, kind: EndEntityKind) {
        let (_, role) = files_of(kind);
        let bundle = self.bundle;
        let certificates = bundle.certificates(role);
        for certificate in certificates {
            self.dates(role, certificate);
            self.signature(role, certificate);
        }
        let Some(leaf) = bundle.end_entity(role) else { return };
        self.key_kind(role, leaf);
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
    pub(super) fn dates(&mut self, role: FileRole, certificate: &Certificate) {
        let now = self.expectations.now;
        let validity = certificate.validity();
        let whose = self.whose(role, certificate);
        if now > validity.not_after {
            self.report(Code::Expired, role, format!("{whose}ended on {}", day(validity.not_after)));
        } else if now < validity.not_before {
            self.report(Code::NotYetValid, role, format!("{whose}begins on {}", day(validity.not_before)));
        } else if validity.not_after - now <= self.expectations.expires_in {
            let left = days(validity.not_after - now);
            self.report(
                Code::Expiring,
                role,
                format!("{whose}ends on {}, {left} from now", day(validity.not_after)),
            );
        }
    }

    /// Which certificate of a file it is, where there are several.
    pub(super) fn whose(&self, role: FileRole, certificate: &Certificate) -> String {
        match self.bundle.certificates(role).len() {
            0 | 1 => String::new(),
            _ => format!("{}: ", certificate.subject()),
        }
    }

    /// What kind of key a certificate has, and whether everybody has its private half.
    pub(super) fn key_kind(&mut self, role: FileRole, certificate: &Certificate) {
        let algorithm = certificate.key_algorithm();
        let evidence = format!("{}its key is {algorithm}", self.whose(role, certificate));
        if !algorithm.works_in_milvus() {
            self.report(Code::UnsupportedKey, role, evidence);
        } else if algorithm.is_weak() {
            self.report(Code::WeakKey, role, evidence);
        } else if role == FileRole::ServerCertificate && !algorithm.signs_for_pymilvus() {
            self.report(Code::KeyNotForPymilvus, role, evidence);
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
        let evidence = format!("{}is signed by {algorithm}", self.whose(role, certificate));
        if algorithm.is_weak() {
            let finding = self.report(Code::WeakSignature, role, evidence);
            if algorithm.is_obsolete() && role == FileRole::ServerCertificate {
                finding.stops(ALL, ALL);
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
                const C_CORE_AND_OPENSSL: Clients = &[Client::Pymilvus, Client::Curl];
                self.report(Code::ServerWithoutServerAuth, role, evidence)
                    .stops(C_CORE_AND_OPENSSL, C_CORE_AND_OPENSSL);
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
        const ALL_BUT_GO: Clients = &[Client::Pymilvus, Client::Curl, Client::Java];
        let is_rsa = matches!(leaf.key_algorithm(), KeyAlgorithm::Rsa(_));
        let usages = leaf.key_usage().unwrap_or_default();
        if leaf.may_sign_handshakes() || kind == EndEntityKind::Client && is_rsa {
            return;
        }
        let evidence = format!("keyUsage is {}, without digitalSignature", usages.join(", "));
        let finding = self.report(Code::NoDigitalSignature, role, evidence);
        let suits_openssl = ["keyEncipherment", "keyAgreement"].iter().any(|usage| usages.contains(usage));
        if kind == EndEntityKind::Server && !suits_openssl {
            finding.stops(ALL_BUT_GO, ALL_BUT_GO);
        }
    }

    fn names(&mut self, leaf: &Certificate) {
        let role = FileRole::ServerCertificate;
        if leaf.names().is_empty() {
            let common_name = leaf.subject().common_name().unwrap_or_default();
            let evidence = match leaf.unusable_names() {
                [] => format!("has no subjectAltName, only the CommonName {common_name:?}"),
                names => format!("no client matches its subjectAltName: {}", names.join(", ")),
            };
            self.report(Code::NoSubjectAltName, role, evidence);
        }
        for address in leaf.names().iter().filter_map(GeneralName::repaired) {
            self.report(Code::IpInDnsName, role, format!("{address} stands in a DNS name"));
        }
        for name in &self.expectations.server_names {
            if !covers(leaf, name) {
                self.name_not_covered(leaf, name);
            }
        }
    }

    /// Without a DNS name in subjectAltName, gRPC's C core and Java fall back to the CommonName, and
    /// curl where there is no subjectAltName at all. The C core also takes a DNS name for an address.
    fn name_not_covered(&mut self, leaf: &Certificate, name: &GeneralName) {
        let names: Vec<_> = leaf.names().iter().map(GeneralName::to_string).collect();
        let is_common_name = leaf.subject().common_name().is_some_and(|common| common == name.to_string());
        let has_dns_name = leaf.names().iter().any(|name| matches!(name, GeneralName::Dns(_)));
        let stopped: Clients = match name {
            GeneralName::Dns(_) if is_common_name && leaf.names().is_empty() => return,
            GeneralName::Dns(_) if is_common_name && !has_dns_name => &[Client::Curl, Client::Go],
            GeneralName::Ip(_) if is_common_name && leaf.names().is_empty() => &[Client::Java, Client::Go],
            GeneralName::Ip(_) if leaf.names().iter().any(|own| own.repaired().as_ref() == Some(name)) => {
                &[Client::Curl, Client::Java, Client::Go]
            }
            _ => ALL,
        };
        let evidence = format!("does not cover {name}; its names: {}", names.join(", "));
        let text = name.to_string();
        self.report_name(Code::NameNotCovered, FileRole::ServerCertificate, evidence, Some(&text))
            .stops(stopped, stopped);
    }

    /// Whether who trusts ca.pem takes the certificate; rustls' webpki judges.
    fn chain(&mut self, role: FileRole, kind: EndEntityKind, leaf: &Certificate, all: &[Certificate]) {
        let anchors = self.bundle.certificates(FileRole::CaCertificate);
        if anchors.is_empty() {
            return;
        }
        let mut presented = vec![leaf.clone()];
        presented.extend(all.iter().filter(|certificate| *certificate != leaf).cloned());
        let Err(defect) = judge_chain(kind, &presented, anchors) else {
            self.outlives(role, leaf, anchors);
            self.same_name(role, leaf, anchors);
            self.path_length(role, kind, all, anchors);
            return;
        };
        let code = match &defect {
            // A certificate that is trusted itself needs no issuer.
            _ if anchors.contains(leaf) => return,
            ChainDefect::UnknownIssuer => Code::NotIssuedByCa,
            ChainDefect::WrongSignature => Code::OtherCaSameName,
            ChainDefect::PathLength => Code::CaPathLength,
            ChainDefect::NameConstraints => Code::NameConstraints,
            ChainDefect::UnknownCriticalExtension => Code::UnknownCriticalExtension,
            ChainDefect::Other(_) => Code::DoesNotVerify,
            // Findings of their own, or nothing that could be said.
            ChainDefect::Purpose | ChainDefect::UnknownSignature => return,
        };
        let evidence = match &defect {
            ChainDefect::UnknownIssuer => format!("{defect}: {}", leaf.issuer()),
            _ => defect.to_string(),
        };
        self.report(code, role, evidence);
    }

    fn outlives(&mut self, role: FileRole, leaf: &Certificate, anchors: &[Certificate]) {
        let end = anchors.iter().map(|anchor| anchor.validity().not_after).max();
        if let Some(end) = end.filter(|end| leaf.validity().not_after > *end) {
            let evidence =
                format!("ends on {}, ca.pem already on {}", day(leaf.validity().not_after), day(end));
            self.report(Code::OutlivesCa, role, evidence);
        }
    }

    /// pathLenConstraint of a root, which gRPC's C core and Java do not ask of what they trust.
    fn path_length(
        &mut self,
        role: FileRole,
        kind: EndEntityKind,
        all: &[Certificate],
        anchors: &[Certificate],
    ) {
        const OPENSSL_AND_GO: Clients = &[Client::Curl, Client::Go];
        let below =
            all.iter().filter(|certificate| certificate.is_ca() && !certificate.is_self_issued()).count();
        let most =
            anchors.iter().map(|anchor| anchor.path_length().map_or(usize::MAX, |most| most as usize)).max();
        if most.is_some_and(|most| below > most) {
            let evidence = format!("{below} authorities stand below ca.pem, more than its pathlen allows");
            let finding = self.report(Code::CaPathLength, role, evidence);
            if kind == EndEntityKind::Server {
                finding.stops(OPENSSL_AND_GO, OPENSSL_AND_GO);
            }
        }
    }

    /// OpenSSL's error 18: what is named like its issuer, and says no more, is taken for self-signed.
    fn same_name(&mut self, role: FileRole, leaf: &Certificate, anchors: &[Certificate]) {
        let is_told_apart = |anchor: &Certificate| {
            leaf.authority_key_identifier().is_some() && anchor.subject_key_identifier().is_some()
        };
        let namesake = anchors.iter().find(|anchor| anchor.subject() == leaf.subject() && *anchor != leaf);
        if namesake.is_some_and(|anchor| leaf.is_self_issued() && !is_told_apart(anchor)) {
            let evidence =
                format!("{}: is also the name of ca.pem, and there are no key identifiers", leaf.subject());
            self.report(Code::SameNameAsCa, role, evidence);
        }
    }
}

fn day(time: OffsetDateTime) -> String {
    time.date().to_string()
}

fn days(duration: Duration) -> String {
    match duration.whole_days() {
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}
