use super::paths::Content;
use super::*;
use crate::pki::{Certificate, GeneralName, certificates_from_pem, covers};
use crate::store::FileRole;

use super::super::certificates::own_certificate;

impl Judge<'_> {
    /// Internal TLS: all components show the same certificate and ask each other for the same name.
    pub(super) fn between_components(&mut self) {
        let settings = &self.deployment.settings;
        if settings.is_true(Key::InternalTlsEnabled) != Some(true) {
            return;
        }
        let needed = [PathKey::ServerPem, PathKey::ServerKey, PathKey::CaPem];
        let lacking: Vec<_> =
            needed.into_iter().filter(|path| self.lacks(Block::InternalTls, *path)).collect();
        self.not_set(Block::InternalTls, &lacking);
        self.paths(Block::InternalTls, &needed);
        match settings.text(Key::Sni).map(|(sni, place)| (sni.to_owned(), place.clone())) {
            Some((sni, place)) => self.sni(&sni, place),
            None if settings.lacks(Key::Sni) && settings.misplaced(Key::Sni).is_none() => {
                let evidence = format!("{} is true, and {} is not set", Key::InternalTlsEnabled.name(), Key::Sni.name());
                self.report(Code::InternalTlsWithoutSni, settings.nearest(Key::Sni), evidence);
            }
            None => {}
        }
    }

    fn sni(&mut self, sni: &str, place: Place) {
        let Some((certificate, name)) = self.internal_certificate() else { return };
        if sni.parse::<GeneralName>().is_ok_and(|sni| covers(&certificate, &sni)) {
            return;
        }
        let names: Vec<_> = certificate.names().iter().map(GeneralName::to_string).collect();
        let names = if names.is_empty() { "no name at all".into() } else { names.join(", ") };
        let evidence = format!("{} is {}, {name} covers {names}", Key::Sni.name(), shortened(sni));
        self.findings.report_name(Code::SniNotCovered, place, evidence, Some(sni));
    }

    /// What components show each other, and its name: what the path leads to, or else the
    /// directory's, where the path is the same as for clients or ends with the same name.
    fn internal_certificate(&self) -> Option<(Certificate, String)> {
        let settings = &self.deployment.settings;
        let path = |block| settings.text(Key::Path(block, PathKey::ServerPem)).map(|(path, _)| absolute(path));
        let internal = path(Block::InternalTls)?;
        if let Some(Content { content, name, .. }) = self.content_of(&internal) {
            let certificates = certificates_from_pem(&content).ok()?;
            return Some((own_certificate(&certificates)?.clone(), name));
        }
        let file = internal.rsplit('/').next().unwrap_or_default();
        let is_directorys = matches!(file, "server.pem" | "tls.crt") || path(Block::Tls).as_ref() == Some(&internal);
        let role = FileRole::ServerCertificate;
        let directory = self.circumstances.directory;
        let certificate = directory.end_entity(role).filter(|_| is_directorys)?;
        Some((certificate.clone(), directory.file(role)?.place.to_string()))
    }
}
