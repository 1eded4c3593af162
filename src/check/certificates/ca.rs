use crate::check::certificates::BundleJudge;
use crate::check::clients::{ALL, CURL, NOBODY, NODE, OPENSSL_AND_GO, PYTHON_OLD, Stopped};
use crate::check::codes::{Code, NEW_CA};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, Validity, moment};

impl BundleJudge<'_> {
    /// The certificates of ca.pem: often one, two where a CA is being replaced.
    pub(crate) fn ca(&mut self) {
        let bundle = self.bundle;
        let certificates = bundle.certificates(FileRole::CaCertificate);
        for (index, certificate) in certificates.iter().enumerate() {
            let is_twin = |other: &&Certificate| {
                other.subject() == certificate.subject() && other.spki_sha256() == certificate.spki_sha256()
            };
            let twins: Vec<_> = certificates.iter().filter(is_twin).collect();
            let has_valid_twin = !self.is_valid(certificate) && twins.iter().any(|twin| self.is_valid(twin));
            if has_valid_twin && twins.first() == Some(&certificate) {
                self.expired_first(certificate);
            } else if has_valid_twin || !self.signed_something(certificate) {
                self.leftover(certificate);
            } else {
                self.dates(FileRole::CaCertificate, certificate);
                self.may_issue(certificate);
                self.key_kind(FileRole::CaCertificate, certificate);
            }
            if !certificates[..index].iter().any(|earlier| is_twin(&earlier)) {
                self.public_key(FileRole::CaCertificate, certificate);
            }
        }
        self.root_missing(certificates);
    }

    fn is_valid(&self, certificate: &Certificate) -> bool {
        let Validity { not_before, not_after } = certificate.validity();
        (not_before..=not_after).contains(&self.expectations.now)
    }

    /// Whether a certificate of ca.pem signed what is here, as far as its name says; where none of them did, it may be
    /// any of them.
    fn signed_something(&self, certificate: &Certificate) -> bool {
        let bundle = self.bundle;
        let key = bundle.key(FileRole::CaKey);
        let presented: Vec<_> = bundle
            .all_certificates()
            .filter(|(role, _)| role.kind().is_some())
            .map(|(_, certificate)| certificate)
            .collect();
        let signed = |ca: &Certificate| {
            presented.iter().any(|other| *other != ca && other.issuer() == ca.subject())
                || key.is_some_and(|key| key.belongs_to(ca) == Some(true))
        };
        let all = bundle.certificates(FileRole::CaCertificate);
        signed(certificate) || !all.iter().any(signed)
    }

    fn expired_first(&mut self, certificate: &Certificate) {
        let end = moment(certificate.validity().not_after);
        let evidence = format!("{} is there twice, and the first ended on {end}", certificate.subject());
        self.report(Code::ExpiredCaFirst, FileRole::CaCertificate, evidence);
    }

    /// What is of no use to anybody, and in nobody's way. A CA that could sign may be the next one, or the former.
    fn leftover(&mut self, certificate: &Certificate) {
        let Validity { not_before, not_after } = certificate.validity();
        let reason = match certificate {
            _ if self.expectations.now > not_after => format!("ended on {}", moment(not_after)),
            _ if self.expectations.now < not_before => format!("begins on {}", moment(not_before)),
            _ if !certificate.is_ca() && !certificate.is_before_v3() => "is no CA".to_owned(),
            _ => return,
        };
        let evidence = format!("{}, which signed nothing here, {reason}", certificate.subject());
        self.report(Code::CaPemLeftover, FileRole::CaCertificate, evidence);
    }

    /// Where trust begins in the middle: Go, Java, gRPC's C core, curl and Python 3.13 are content with that.
    fn root_missing(&mut self, certificates: &[Certificate]) {
        for certificate in certificates {
            let has_issuer = certificates.iter().any(|other| certificate.is_issued_by(other));
            let is_intermediate = certificate.is_ca() && !certificate.is_self_issued();
            if is_intermediate && !has_issuer && self.signed_something(certificate) {
                let evidence = format!(
                    "{} is there without its issuer, {}",
                    certificate.subject(),
                    certificate.issuer()
                );
                self.report(Code::RootMissing, FileRole::CaCertificate, evidence);
            }
        }
    }

    /// What a root says of itself: webpki takes nothing from a trust anchor but its name, key and
    /// nameConstraints, where OpenSSL and Go refuse what follows from the rest.
    fn may_issue(&mut self, certificate: &Certificate) {
        let role = FileRole::CaCertificate;
        let whose = self.whose(role, certificate);
        if !certificate.is_ca() && !certificate.is_before_v3() {
            self.not_a_ca(certificate);
            return;
        }
        match certificate.key_cert_sign() {
            Some(true) => {}
            Some(false) => {
                self.report(Code::CaCannotSign, role, format!("{whose}keyUsage has no keyCertSign"));
            }
            None => self.not_strict(Code::CaWithoutKeyUsage, certificate, format!("{whose}has no keyUsage")),
        }
        if certificate.subject().is_empty() {
            self.report(Code::EmptyCaSubject, role, "its subject is empty");
        }
        if certificate.is_ca() {
            if !certificate.extensions.is_critical(BASIC_CONSTRAINTS) {
                let evidence = format!("{whose}its basicConstraints are not critical");
                self.not_strict(Code::CaConstraintsNotCritical, certificate, evidence);
            }
            if certificate.subject_key_identifier().is_none() {
                let evidence = format!("{whose}has no subjectKeyIdentifier");
                self.not_strict(Code::CaWithoutKeyId, certificate, evidence);
            }
        }
        self.serial_sign(role, certificate, &whose);
        self.restrictions(certificate, &whose);
        self.critical_in_root(certificate, &whose);
    }

    /// What Python 3.13 asks of a CA, but not of a server's own certificate where it trusts just that. That ca.key signs
    /// it anew helps, unless it says nothing at all of itself, or is somebody else's.
    fn not_strict(&mut self, code: Code, certificate: &Certificate, evidence: String) {
        let key = self.bundle.key(FileRole::CaKey);
        let is_others = key.is_some_and(|key| key.belongs_to(certificate) == Some(false));
        let is_server = self.bundle.end_entity(FileRole::ServerCertificate) == Some(certificate);
        let finding = self.report(code, FileRole::CaCertificate, evidence);
        if is_server {
            finding.stops(Stopped::both(NOBODY));
        }
        if is_others || certificate.is_before_v3() {
            finding.advise(NEW_CA);
        }
    }

    /// Who is handed the server's own certificate as ca.pem trusts it as it is, except Milvus where it
    /// signed nobody.
    fn not_a_ca(&mut self, certificate: &Certificate) {
        let role = FileRole::CaCertificate;
        let whose = self.whose(role, certificate);
        let is_own = |role| self.bundle.end_entity(role) == Some(certificate);
        let (is_server, is_client) =
            (is_own(FileRole::ServerCertificate), is_own(FileRole::ClientCertificate));
        let finding =
            self.report(Code::CaNotAuthority, role, format!("{whose}basicConstraints does not say CA:TRUE"));
        if is_server {
            // Who wants the chain up to a root does not find it.
            let one_way = if certificate.is_self_issued() { NOBODY } else { NODE.and(PYTHON_OLD) };
            finding.stops(Stopped { one_way, mutual: if is_client { one_way } else { ALL } });
        }
    }

    /// The purposes for which a CA may issue.
    fn restrictions(&mut self, certificate: &Certificate, whose: &str) {
        let Some(purposes) = certificate.extended_key_usage() else { return };
        let serves = |kind| certificate.serves(kind);
        let server = match serves(EndEntityKind::Server) {
            // OpenSSL does not take anyExtendedKeyUsage for serverAuth.
            true if !names(purposes, EndEntityKind::Server) => CURL,
            true => NOBODY,
            false => OPENSSL_AND_GO,
        };
        let mutual = if serves(EndEntityKind::Client) { server } else { ALL };
        let judged = if self.kinds().contains(&EndEntityKind::Client) { mutual } else { server };
        if !judged.is_empty() {
            let evidence = format!("{whose}its extendedKeyUsage is {}", purposes.join(", "));
            self.report(Code::CaRestricted, FileRole::CaCertificate, evidence)
                .stops(Stopped { one_way: server, mutual });
        }
    }
}

/// RFC 5280 4.2.1.9.
pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";

/// Whether extendedKeyUsage names a purpose itself.
pub(crate) fn names(purposes: &[String], kind: EndEntityKind) -> bool {
    purposes.iter().any(|purpose| purpose == kind.purpose())
}
