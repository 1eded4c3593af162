use time::{Duration, OffsetDateTime};

use super::judge::{Judge, files_of};
use super::{Client, Code};
use crate::milvus::public_keys;
use crate::pki::{Certificate, ChainDefect, EndEntityKind, GeneralName, covers, judge_chain};
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
        if !algorithm.loads_in_milvus() {
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
        if algorithm.is_weak() && !certificate.is_self_issued() {
            let evidence = format!("{}is signed by {algorithm}", self.whose(role, certificate));
            self.report(Code::WeakSignature, role, evidence);
        }
    }

    fn purpose(&mut self, role: FileRole, kind: EndEntityKind, leaf: &Certificate) {
        if !leaf.serves(kind) {
            let purposes = leaf.extended_key_usage().unwrap_or_default().join(", ");
            let code = match kind {
                EndEntityKind::Server => Code::ServerWithoutServerAuth,
                EndEntityKind::Client => Code::ClientWithoutClientAuth,
            };
            self.report(code, role, format!("extendedKeyUsage is {purposes}, without {}", kind.purpose()));
        }
        if !leaf.may_sign_handshakes() {
            let usages = leaf.key_usage().unwrap_or_default().join(", ");
            self.report(
                Code::NoDigitalSignature,
                role,
                format!("keyUsage is {usages}, without digitalSignature"),
            );
        }
        if leaf.is_ca() {
            self.report(Code::LeafIsAuthority, role, "basicConstraints says CA:TRUE");
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
                let names: Vec<_> = leaf.names().iter().map(GeneralName::to_string).collect();
                let evidence = format!("does not cover {name}; its names: {}", names.join(", "));
                self.report_name(Code::NameNotCovered, role, evidence, Some(&name.to_string()));
            }
        }
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
            return;
        };
        let code = match &defect {
            // A certificate that is trusted itself needs no issuer.
            _ if anchors.contains(leaf) => return,
            ChainDefect::UnknownIssuer => Code::NotIssuedByCa,
            ChainDefect::WrongSignature => Code::OtherCaSameName,
            ChainDefect::PathLength => Code::CaPathLength,
            ChainDefect::NameConstraints => Code::CaRestricted,
            ChainDefect::UnknownCriticalExtension => Code::UnknownCriticalExtension,
            ChainDefect::Other(_) => Code::DoesNotVerify,
            // Findings of their own, or nothing that could be said.
            ChainDefect::Purpose | ChainDefect::LeafIsAuthority | ChainDefect::UnknownSignature => return,
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

    /// OpenSSL's error 18: what is named like its issuer, and says no more, is taken for self-signed.
    fn same_name(&mut self, role: FileRole, leaf: &Certificate, anchors: &[Certificate]) {
        let is_told_apart = |anchor: &Certificate| {
            leaf.authority_key_identifier().is_some() && anchor.subject_key_identifier().is_some()
        };
        let namesake = anchors.iter().find(|anchor| anchor.subject() == leaf.subject() && *anchor != leaf);
        if namesake.is_some_and(|anchor| leaf.is_self_issued() && !is_told_apart(anchor)) {
            let evidence =
                format!("{}: is also the name of ca.pem, and there are no key identifiers", leaf.subject());
            self.report(Code::SameNameAsCa, role, evidence).breaks_only(&[Client::Curl]);
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
