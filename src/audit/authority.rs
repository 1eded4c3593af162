use super::Code;
use super::judge::Judge;
use crate::pki::{Certificate, EndEntityKind};
use crate::store::FileRole;

impl Judge<'_> {
    /// The certificates of ca.pem: often one, two where an authority is being replaced.
    pub(super) fn authority(&mut self) {
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
        if !certificate.is_ca() {
            self.report(Code::CaNotAuthority, role, format!("{whose}basicConstraints does not say CA:TRUE"));
            return;
        }
        match certificate.key_cert_sign() {
            Some(true) => {}
            Some(false) => {
                self.report(Code::CaCannotSign, role, format!("{whose}keyUsage has no keyCertSign"));
            }
            None => {
                self.report(Code::CaWithoutKeyUsage, role, format!("{whose}has no keyUsage"));
            }
        }
        let refused: Vec<_> =
            EndEntityKind::ALL.into_iter().filter(|kind| !certificate.serves(*kind)).collect();
        if let Some(kind) = refused.first() {
            let evidence = format!("{whose}its extendedKeyUsage has no {}", kind.purpose());
            self.report(Code::CaRestricted, role, evidence);
        }
        if let Some(oid) = certificate.unknown_critical() {
            let evidence = format!("{whose}its extension {oid} is critical and unknown to verifiers");
            self.report(Code::UnknownCriticalExtension, role, evidence);
        }
    }
}
