use time::Duration;

use crate::check::bundle::leaf_first;
use crate::check::certificates::BundleJudge;
use crate::check::clients::{ALL, Client, Clients, OPENSSL_AND_GO, Stopped};
use crate::check::codes::Code;
use crate::store::FileRole;
use crate::x509::{Certificate, ChainDefect, EndEntityKind, GeneralName, judge_chain, moment};

impl BundleJudge<'_> {
    /// Whether who trusts ca.pem takes the certificate; rustls' webpki judges.
    pub(crate) fn chain(&mut self, kind: EndEntityKind, leaf: &Certificate) {
        let anchors = self.anchors;
        if anchors.is_empty() {
            return;
        }
        let (_, role) = FileRole::pair_of(kind);
        let presented = leaf_first(leaf, self.bundle.certificates(role));
        let issuers = &presented[1..];
        let below = issuers.iter().filter(|issuer| issuer.is_ca() && !issuer.is_self_issued());
        let below: Vec<_> = below.collect();
        // keyUsage of the CAs below the root, which webpki does not judge.
        for issuer in below.iter().filter(|issuer| issuer.key_cert_sign() == Some(false)) {
            let evidence = format!("{}: keyUsage has no keyCertSign", issuer.subject());
            self.report(Code::CaCannotSign, role, evidence);
        }
        let Err(defect) = judge_chain(kind, &presented, anchors) else {
            self.outlives(role, leaf);
            self.same_name(role, leaf);
            self.path_length(role, below.len());
            self.address_constraints(role, leaf, issuers);
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
        if code == Code::NameConstraints && issuers.iter().any(Certificate::constrains_names) {
            finding.stops(Stopped::both(ALL));
        }
    }

    fn outlives(&mut self, role: FileRole, leaf: &Certificate) {
        let own = leaf.validity().not_after;
        let end = self.anchors.iter().map(|anchor| anchor.validity().not_after).max();
        let Some(end) = end.filter(|end| *end >= self.expectations.now) else { return };
        // OpenSSL's `-days` for both, a second apart, is no more than that.
        if own - end > Duration::days(1) {
            let evidence = format!("ends on {}, ca.pem already on {}", moment(own), moment(end));
            self.report(Code::OutlivesCa, role, evidence);
        }
    }

    /// pathLenConstraint of a root, which gRPC's C core and Java do not ask of what they trust.
    fn path_length(&mut self, role: FileRole, below: usize) {
        let allows = |anchor: &Certificate| anchor.path_length().is_none_or(|most| below <= most as usize);
        if !self.anchors.iter().any(allows) {
            let evidence = format!("{below} CAs stand below ca.pem, more than its pathlen allows");
            let finding = self.report(Code::CaPathLength, role, evidence);
            if role == FileRole::ServerCertificate {
                finding.stops(Stopped::both(OPENSSL_AND_GO));
            }
        }
    }

    /// gRPC's C core gives up where nameConstraints speak of addresses and the certificate has one:
    /// `unsupported name constraint type`.
    fn address_constraints(&mut self, role: FileRole, leaf: &Certificate, issuers: &[Certificate]) {
        const C_CORE: Clients = &[Client::Pymilvus];
        let mut cas = self.anchors.iter().chain(issuers);
        let has_address = leaf.names().iter().any(|name| matches!(name, GeneralName::Ip(_)));
        let is_constrained = has_address && cas.any(Certificate::constrains_addresses);
        if role == FileRole::ServerCertificate && is_constrained {
            let evidence = "the CA's nameConstraints speak of IP addresses, and the certificate has one";
            self.report(Code::NameConstraints, role, evidence).stops(Stopped::both(C_CORE));
        }
    }

    /// OpenSSL's error 18: what is named like its issuer is taken for self-signed, unless it says of two
    /// keys which is its own and which is its issuer's.
    fn same_name(&mut self, role: FileRole, leaf: &Certificate) {
        let (own, issuers) = (leaf.subject_key_identifier(), leaf.authority_key_identifier());
        let is_told_apart = own.is_some() && issuers.is_some() && own != issuers;
        let is_namesake = |anchor: &Certificate| anchor.subject() == leaf.subject() && anchor != leaf;
        if leaf.is_self_issued() && !is_told_apart && self.anchors.iter().any(is_namesake) {
            let evidence = "its subject is also the name of ca.pem, and it lacks key identifiers";
            self.report(Code::SameNameAsCa, role, evidence);
        }
    }
}
