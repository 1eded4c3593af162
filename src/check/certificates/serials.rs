use crate::check::certificates::BundleJudge;
use crate::check::codes::Code;
use crate::store::FileRole;

impl BundleJudge<'_> {
    /// No two certificates of a CA have the same serial number.
    pub(crate) fn duplicate_serials(&mut self) {
        let all: Vec<_> = self.bundle.all_certificates().collect();
        for (index, (role, certificate)) in all.iter().enumerate() {
            let same = all[..index].iter().find(|(_, earlier)| {
                earlier.serial() == certificate.serial()
                    && earlier.issuer() == certificate.issuer()
                    && earlier != certificate
            });
            if let Some((other, _)) = same {
                let evidence =
                    format!("has the serial number {} of {}", certificate.serial(), self.shown(*other));
                self.report(Code::DuplicateSerial, *role, evidence);
            }
        }
    }

    /// Whether ca.srl will give out a number that a certificate here has.
    pub(crate) fn counter_behind(&mut self) {
        let Some(counter) = self.bundle.counter() else { return };
        let cas = self.bundle.certificates(FileRole::CaCertificate);
        let ahead = self.kinds().iter().find_map(|kind| {
            let (_, role) = FileRole::pair_of(*kind);
            let leaf = self.bundle.end_entity(role)?;
            let is_ours = cas.iter().any(|ca| ca.subject() == leaf.issuer());
            (is_ours && counter.will_reach(leaf.serial())).then(|| (role, leaf.serial().clone()))
        });
        if let Some((role, serial)) = ahead {
            let evidence = format!("is behind {serial}, the serial number of {role}");
            self.report(Code::SerialFileBehind, FileRole::CaSerial, evidence);
        }
    }
}
