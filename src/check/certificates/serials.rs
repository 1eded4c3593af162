use crate::check::certificates::BundleJudge;
use crate::check::codes::Code;
use crate::store::FileRole;
use crate::x509::SerialCounter;

impl BundleJudge<'_> {
    /// Serial numbers: no two certificates of a CA have the same.
    pub(crate) fn serials(&mut self) {
        self.duplicates();
        self.behind();
    }

    fn duplicates(&mut self) {
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

    /// Whether a number can be taken from ca.srl.
    pub(crate) fn serial_file(&mut self, content: &[u8]) {
        let role = FileRole::CaSerial;
        match SerialCounter::parse(content) {
            Err(error) => {
                self.report(Code::SerialFileMalformed, role, error.to_string());
            }
            Ok(counter) if counter.is_exhausted() => {
                self.report(Code::SerialFileExhausted, role, format!("is at its end: {}", counter.last()));
            }
            Ok(_) => {}
        }
    }

    /// Whether ca.srl will give out a number that a certificate here has.
    fn behind(&mut self) {
        let counter = self.bundle.serial().and_then(|content| SerialCounter::parse(content).ok());
        let Some(counter) = counter else { return };
        let cas = self.bundle.certificates(FileRole::CaCertificate);
        let ahead = self.kinds().into_iter().find_map(|kind| {
            let (_, role) = FileRole::pair_of(kind);
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
