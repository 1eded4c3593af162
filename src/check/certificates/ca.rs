use crate::check::certificates::BundleJudge;
use crate::check::clients::{ALL, Client, Clients, NOBODY, OPENSSL_AND_GO, Stopped};
use crate::check::codes::{Code, NEW_CA};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind};

impl BundleJudge<'_> {
    /// The certificates of ca.pem: often one, two where a CA is being replaced.
    pub(crate) fn ca(&mut self) {
        let bundle = self.bundle;
        for certificate in bundle.certificates(FileRole::CaCertificate) {
            self.dates(FileRole::CaCertificate, certificate);
            self.may_issue(certificate);
            self.key_kind(FileRole::CaCertificate, certificate);
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
            None => self.without_key_usage(certificate, &whose),
        }
        self.restrictions(certificate, &whose);
        if let Some(oid) = &certificate.extensions.unknown_critical {
            let evidence = format!("{whose}its extension {oid} is critical and unknown to verifiers");
            self.report(Code::UnknownCriticalExtension, role, evidence);
        }
    }

    /// That ca.key signs it anew helps, unless it says nothing at all of itself, or is somebody else's.
    fn without_key_usage(&mut self, certificate: &Certificate, whose: &str) {
        let key = self.bundle.key(FileRole::CaKey);
        let is_others = key.is_some_and(|key| key.belongs_to(certificate) == Some(false));
        let evidence = format!("{whose}has no keyUsage");
        let finding = self.report(Code::CaWithoutKeyUsage, FileRole::CaCertificate, evidence);
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
            finding.stops(Stopped { one_way: NOBODY, mutual: if is_client { NOBODY } else { ALL } });
        }
    }

    /// The purposes for which a CA may issue.
    fn restrictions(&mut self, certificate: &Certificate, whose: &str) {
        let Some(purposes) = certificate.extended_key_usage() else { return };
        let serves = |kind| certificate.serves(kind);
        let server: Clients = match serves(EndEntityKind::Server) {
            // OpenSSL does not take anyExtendedKeyUsage for serverAuth.
            true if !names(purposes, EndEntityKind::Server) => &[Client::Curl],
            true => &[],
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

/// Whether extendedKeyUsage names a purpose itself.
pub(crate) fn names(purposes: &[String], kind: EndEntityKind) -> bool {
    purposes.iter().any(|purpose| purpose == kind.purpose())
}
