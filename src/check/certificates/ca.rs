use crate::check::certificates::BundleJudge;
use crate::check::clients::{ALL, Client, Clients, NOBODY, OPENSSL_AND_GO, Stopped};
use crate::check::codes::{Code, NEW_CA};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind};

const ROLE: FileRole = FileRole::CaCertificate;

impl BundleJudge<'_> {
    /// The certificates of ca.pem: often one, two where a CA is being replaced.
    pub(crate) fn ca(&mut self) {
        let bundle = self.bundle;
        for certificate in bundle.certificates(ROLE) {
            self.dates(ROLE, certificate);
            self.may_issue(certificate);
            self.key_kind(ROLE, certificate);
        }
    }

    /// What a root says of itself: webpki takes nothing from a trust anchor but its name, key and
    /// nameConstraints, where OpenSSL and Go refuse what follows from the rest.
    fn may_issue(&mut self, certificate: &Certificate) {
        if !certificate.is_ca() && !certificate.is_before_v3() {
            return self.not_a_ca(certificate);
        }
        match certificate.key_cert_sign() {
            Some(true) => {}
            Some(false) => {
                self.report_one(Code::CaCannotSign, ROLE, certificate, "keyUsage has no keyCertSign");
            }
            None => self.without_key_usage(certificate),
        }
        self.restrictions(certificate);
        if let Some(oid) = certificate.unknown_critical() {
            let evidence = format!("its extension {oid} is critical and unknown to verifiers");
            self.report_one(Code::UnknownCriticalExtension, ROLE, certificate, &evidence);
        }
    }

    /// That ca.key signs it anew helps, unless it says nothing at all of itself, or is somebody else's.
    fn without_key_usage(&mut self, certificate: &Certificate) {
        let key = self.bundle.key(FileRole::CaKey);
        let is_others = key.is_some_and(|key| key.belongs_to(certificate) == Some(false));
        let finding = self.report_one(Code::CaWithoutKeyUsage, ROLE, certificate, "has no keyUsage");
        if is_others || certificate.is_before_v3() {
            finding.advise(NEW_CA);
        }
    }

    /// Who is handed the server's own certificate as ca.pem trusts it as it is, except Milvus where it
    /// signed nobody.
    fn not_a_ca(&mut self, certificate: &Certificate) {
        let is_own = |role| self.bundle.end_entity(role) == Some(certificate);
        let (is_server, is_client) =
            (is_own(FileRole::ServerCertificate), is_own(FileRole::ClientCertificate));
        let evidence = "basicConstraints does not say CA:TRUE";
        let finding = self.report_one(Code::CaNotAuthority, ROLE, certificate, evidence);
        if is_server {
            finding.stops(Stopped { one_way: NOBODY, mutual: if is_client { NOBODY } else { ALL } });
        }
    }

    /// The purposes for which a CA may issue.
    fn restrictions(&mut self, certificate: &Certificate) {
        let Some(purposes) = certificate.extended_key_usage() else { return };
        let server: Clients = match certificate.serves(EndEntityKind::Server) {
            // OpenSSL does not take anyExtendedKeyUsage for serverAuth.
            true if !names_purpose(purposes, EndEntityKind::Server) => &[Client::Curl],
            true => &[],
            false => OPENSSL_AND_GO,
        };
        let mutual = if certificate.serves(EndEntityKind::Client) { server } else { ALL };
        let judged = if self.kinds().contains(&EndEntityKind::Client) { mutual } else { server };
        if !judged.is_empty() {
            let evidence = format!("its extendedKeyUsage is {}", purposes.join(", "));
            self.report_one(Code::CaRestricted, ROLE, certificate, &evidence)
                .stops(Stopped { one_way: server, mutual });
        }
    }
}

/// Whether extendedKeyUsage names a purpose itself.
pub(crate) fn names_purpose(purposes: &[String], kind: EndEntityKind) -> bool {
    purposes.iter().any(|purpose| purpose == kind.purpose())
}
