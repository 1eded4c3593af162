use crate::check::certificates::BundleJudge;
use crate::check::codes::Code;
use crate::store::FileRole;
use crate::x509::{EndEntityKind, KeyForm, KeyMaterial};

impl BundleJudge<'_> {
    /// Private keys: whether Milvus and its clients can load them, and whose they are.
    pub(crate) fn keys(&mut self) {
        for kind in self.kinds() {
            self.end_entity_key(kind);
        }
        self.ca_key();
        self.key_in_ca_pem();
    }

    fn end_entity_key(&mut self, kind: EndEntityKind) {
        let (role, certificate) = FileRole::pair_of(kind);
        let Some(key) = self.bundle.key(role) else { return };
        let leaf = self.bundle.end_entity(certificate);
        if key.is_encrypted() {
            self.report(Code::EncryptedKey, role, format!("is an {} key", key.form));
            return;
        }
        if leaf.is_some_and(|leaf| key.belongs_to(leaf) == Some(false)) {
            let evidence = mismatch(key, &self.shown(certificate));
            self.report(Code::KeyMismatch, role, evidence);
        }
        if kind == EndEntityKind::Client && key.form != KeyForm::Pkcs8 {
            self.report(Code::KeyNotPkcs8, role, format!("is {}", key.form));
        }
    }

    /// The CA's key belongs to the root, or to an intermediate CA that the leaf's file carries.
    pub(crate) fn ca_key(&mut self) {
        let Some(key) = self.bundle.key(FileRole::CaKey) else { return };
        let mut known = self.bundle.ca_certificates();
        let is_known = known.clone().next().is_some();
        if is_known && known.all(|certificate| key.belongs_to(certificate) == Some(false)) {
            let evidence = mismatch(key, &self.shown(FileRole::CaCertificate));
            self.report(Code::CaKeyMismatch, FileRole::CaKey, evidence);
        }
    }

    /// Everybody is given ca.pem. Where a Secret or a mount holds such a file, that is a finding of its own.
    fn key_in_ca_pem(&mut self) {
        let role = FileRole::CaCertificate;
        let has_key = self.bundle.file(role).is_some_and(|file| file.holds_key);
        if has_key && self.expectations.directory.is_some() {
            self.report(Code::KeyInCaPem, role, "holds a private key");
        }
    }
}

fn mismatch(key: &KeyMaterial, certificate: &str) -> String {
    let algorithm = key.algorithm.as_ref().map(|algorithm| format!(" ({algorithm})")).unwrap_or_default();
    format!("the key{algorithm} does not belong to {certificate}")
}
