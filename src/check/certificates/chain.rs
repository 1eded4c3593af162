use time::Duration;

use crate::check::bundle::leaf_first;
use crate::check::certificates::BundleJudge;
use crate::check::certificates::ca::BASIC_CONSTRAINTS;
use crate::check::clients::{ALL, GO, NOBODY, OPENSSL, OPENSSL_AND_GO, PYMILVUS, Stopped};
use crate::check::codes::{Code, NEW_CA};
use crate::store::FileRole;
use crate::x509::{
    Certificate, ChainDefect, EndEntityKind, GeneralName, forbidden_name, judge_chain, moment,
};

/// RFC 5280 4.2.1.10.
const NAME_CONSTRAINTS: &str = "2.5.29.30";

impl BundleJudge<'_> {
    /// Whether who trusts ca.pem takes the certificate; rustls' webpki judges.
    pub(crate) fn chain(
        &mut self,
        role: FileRole,
        kind: EndEntityKind,
        leaf: &Certificate,
        all: &[Certificate],
    ) {
        let anchors = self.anchors;
        if anchors.is_empty() {
            return;
        }
        let presented = leaf_first(leaf, all);
        let issuers = &presented[1..];
        self.issuers(role, issuers);
        let Err(defect) = judge_chain(kind, &presented, anchors) else {
            self.outlives(role, leaf, anchors);
            self.same_name(role, leaf, anchors);
            self.path_length(role, kind, issuers, anchors);
            self.address_constraints(role, kind, leaf, issuers);
            self.other_constraints(role, kind, &presented);
            self.strict_issuers(role, kind, issuers);
            for certificate in &presented {
                self.critical_in_leaf(role, kind, certificate);
            }
            return;
        };
        let code = match &defect {
            // A certificate that is trusted itself needs no issuer.
            _ if anchors.contains(leaf) => return,
            ChainDefect::UnknownIssuer => Code::NotIssuedByCa,
            ChainDefect::WrongSignature => Code::OtherCaSameName,
            ChainDefect::IssuerNotCa => Code::CaNotAuthority,
            ChainDefect::PathLength => Code::CaPathLength,
            ChainDefect::NameConstraints => Code::NameConstraints,
            ChainDefect::IssuerPurpose => Code::CaRestricted,
            ChainDefect::UnknownCriticalExtension => Code::UnknownCriticalExtension,
            ChainDefect::Other(_) => Code::DoesNotVerify,
            // What is weak about it is a finding of its own.
            ChainDefect::Unknown => return,
        };
        let evidence = match &defect {
            ChainDefect::UnknownIssuer => format!("{defect}: {}", leaf.issuer()),
            _ => defect.to_string(),
        };
        let finding = self.report(code, role, evidence);
        // Java does not hold names to what it trusts itself.
        if code == Code::NameConstraints && issuers.iter().any(|issuer| issuer.extensions.constrains_names) {
            finding.stops(Stopped::both(ALL));
        }
    }

    fn outlives(&mut self, role: FileRole, leaf: &Certificate, anchors: &[Certificate]) {
        let own = leaf.validity().not_after;
        let end = anchors.iter().map(|anchor| anchor.validity().not_after).max();
        let Some(end) = end.filter(|end| *end >= self.expectations.now) else { return };
        // OpenSSL's `-days` for both, a second apart, is no more than that.
        if own - end > Duration::days(1) {
            self.report(
                Code::OutlivesCa,
                role,
                format!("ends on {}, ca.pem already on {}", moment(own), moment(end)),
            );
        }
    }

    /// pathLenConstraint of a root, which gRPC's C core and Java do not ask of what they trust.
    fn path_length(
        &mut self,
        role: FileRole,
        kind: EndEntityKind,
        issuers: &[Certificate],
        anchors: &[Certificate],
    ) {
        let below =
            issuers.iter().filter(|certificate| certificate.is_ca() && !certificate.is_self_issued()).count();
        let most = anchors
            .iter()
            .map(|anchor| anchor.extensions.path_length.map_or(usize::MAX, |most| most as usize))
            .max();
        if most.is_some_and(|most| below > most) {
            let evidence = format!("{below} CAs stand below ca.pem, more than its pathlen allows");
            let finding = self.report(Code::CaPathLength, role, evidence);
            if kind == EndEntityKind::Server {
                finding.stops(Stopped::both(OPENSSL_AND_GO));
            }
        }
    }

    /// keyUsage of the CAs below the root, which webpki does not judge.
    fn issuers(&mut self, role: FileRole, issuers: &[Certificate]) {
        for issuer in
            issuers.iter().filter(|certificate| certificate.is_ca() && !certificate.is_self_issued())
        {
            if issuer.key_cert_sign() == Some(false) {
                let evidence = format!("{}: keyUsage has no keyCertSign", issuer.subject());
                self.report(Code::CaCannotSign, role, evidence);
            }
        }
    }

    /// gRPC's C core gives up where nameConstraints speak of addresses and the certificate has one:
    /// `unsupported name constraint type`.
    fn address_constraints(
        &mut self,
        role: FileRole,
        kind: EndEntityKind,
        leaf: &Certificate,
        issuers: &[Certificate],
    ) {
        let mut cas = self.anchors.iter().chain(issuers);
        let has_address = leaf.names().iter().any(|name| matches!(name, GeneralName::Ip(_)));
        if kind == EndEntityKind::Server && has_address && cas.any(|ca| ca.extensions.constrains_addresses) {
            let evidence = "the CA's nameConstraints speak of IP addresses, and the certificate has one";
            self.report(Code::NameConstraints, role, evidence).stops(Stopped::both(PYMILVUS));
        }
    }

    /// nameConstraints of e-mail addresses and directory names, which webpki does not judge.
    fn other_constraints(&mut self, role: FileRole, kind: EndEntityKind, presented: &[Certificate]) {
        let is_server = kind == EndEntityKind::Server;
        // It is Go that judges clients, and takes no notice of either in a subject.
        if let Some(name) = forbidden_name(presented, self.anchors).filter(|_| is_server) {
            let evidence = format!("the CA's nameConstraints do not permit {name}");
            self.report(Code::NameConstraints, role, evidence).stops(Stopped::both(PYMILVUS.and(OPENSSL)));
        }
        let is_unknown = |ca: &Certificate| {
            ca.extensions.constrains_other_names && ca.extensions.is_critical(NAME_CONSTRAINTS)
        };
        let anchors = self.anchors;
        if anchors.iter().chain(&presented[1..]).any(is_unknown) {
            let evidence =
                "the CA's nameConstraints are critical, and speak of other names than those of hosts";
            let one_way = if is_server { GO } else { NOBODY };
            let finding = self.report(Code::NameConstraints, role, evidence);
            finding.stops(Stopped { one_way, mutual: ALL });
            finding.because(
                "Go, and so Milvus, knows no constraints of directory names: `x509: unhandled critical extension`",
            );
            finding.advise(NEW_CA);
        }
    }

    /// What Python 3.13 asks of a server's CAs below the root too.
    fn strict_issuers(&mut self, role: FileRole, kind: EndEntityKind, issuers: &[Certificate]) {
        if kind == EndEntityKind::Client {
            return;
        }
        for ca in issuers.iter().filter(|ca| ca.is_ca() && !ca.is_self_issued()) {
            let mut lacks = |code, what| {
                self.report(code, role, format!("{}: {what}", ca.subject())).advise(NEW_CA);
            };
            if !ca.extensions.is_critical(BASIC_CONSTRAINTS) {
                lacks(Code::CaConstraintsNotCritical, "its basicConstraints are not critical");
            }
            if ca.subject_key_identifier().is_none() {
                lacks(Code::CaWithoutKeyId, "has no subjectKeyIdentifier");
            }
            if ca.authority_key_identifier().is_none() {
                lacks(Code::NoAuthorityKeyId, "has no authorityKeyIdentifier");
            }
        }
    }

    /// OpenSSL's error 18: what is named like its issuer is taken for self-signed, unless it says of two
    /// keys which is its own and which is its issuer's.
    fn same_name(&mut self, role: FileRole, leaf: &Certificate, anchors: &[Certificate]) {
        let (own, issuers) = (leaf.subject_key_identifier(), leaf.authority_key_identifier());
        let is_told_apart = own.is_some() && issuers.is_some() && own != issuers;
        let is_namesake = |anchor: &Certificate| anchor.subject() == leaf.subject() && anchor != leaf;
        if leaf.is_self_issued() && !is_told_apart && anchors.iter().any(is_namesake) {
            let evidence = "its subject is also the name of ca.pem, and it lacks key identifiers";
            self.report(Code::SameNameAsCa, role, evidence);
        }
    }
}
