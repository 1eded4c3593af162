use crate::check::Code;
use crate::check::judge::Judge;
use crate::check::judge::bundle::Content;
use crate::store::FileRole;
use crate::x509::SerialCounter;

impl Judge<'_> {
    /// Serial numbers: no two certificates of an authority have the same.
    pub(crate) fn serials(&mut self) {
        self.duplicates();
        self.counter();
    }

    fn duplicates(&mut self) {
        let roles = [FileRole::CaCertificate, FileRole::ServerCertificate, FileRole::ClientCertificate];
        let bundle = self.bundle;
        let all: Vec<_> = roles
            .iter()
            .flat_map(|role| bundle.certificates(*role).iter().map(move |found| (*role, found)))
            .collect();
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
    fn counter(&mut self) {
        let Some(Content::Serial(content)) = self.bundle.file(FileRole::CaSerial).map(|file| &file.content)
        else {
            return;
        };
        let Ok(counter) = SerialCounter::parse(content) else { return };
        let authorities = self.bundle.certificates(FileRole::CaCertificate);
        let ahead = self.kinds().into_iter().find_map(|kind| {
            let (_, role) = FileRole::pair_of(kind);
            let leaf = self.bundle.end_entity(role)?;
            let is_ours = authorities.iter().any(|authority| authority.subject() == leaf.issuer());
            (is_ours && counter.will_reach(leaf.serial())).then(|| (role, leaf.serial().clone()))
        });
        if let Some((role, serial)) = ahead {
            let evidence = format!("is behind {serial}, the serial number of {role}");
            self.report(Code::SerialFileBehind, FileRole::CaSerial, evidence);
        }
    }
}
