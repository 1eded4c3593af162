use std::path::Path;

use crate::base::place::Place;
use crate::base::shown::{shortened, shown};
use crate::check::bundle::own_certificate;
use crate::check::codes::Code;
use crate::check::config::deployed::DeploymentJudge;
use crate::check::config::mounts::Lookup;
use crate::milvus::keys::{Block, Key, PathKey};
use crate::store::FileRole;
use crate::x509::{Certificate, GeneralName, certificates_from_pem, covers, texts};

impl DeploymentJudge<'_> {
    /// Internal TLS: all components show the same certificate and ask each other for the same name.
    pub(crate) fn between_components(&mut self) {
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
                let evidence =
                    format!("{} is true, and {} is not set", Key::InternalTlsEnabled.name(), Key::Sni.name());
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
        let names = texts(certificate.names());
        let names = if names.is_empty() { "no name at all".into() } else { names.join(", ") };
        let evidence = format!("{} is {}, {name} covers {names}", Key::Sni.name(), shortened(sni));
        // What could be a key is in no command either.
        let name = Some(sni).filter(|sni| shown(sni) == **sni).and_then(|sni| sni.parse().ok());
        self.findings.about_server_name(Code::SniNotCovered, place, evidence, name);
    }

    /// What components show each other, and its name: what the path leads to, or where that cannot
    /// be told the directory's, if the path is that of its file.
    fn internal_certificate(&self) -> Option<(Certificate, String)> {
        let path =
            |block| self.deployment.settings.text(Key::Path(block, PathKey::ServerPem)).map(|(path, _)| path);
        let internal = path(Block::InternalTls)?;
        match self.find(internal) {
            Lookup::File(file) => {
                let certificates = certificates_from_pem(&file.content).ok()?;
                Some((own_certificate(&certificates)?.clone(), file.name))
            }
            // The path itself is a finding.
            Lookup::Public => None,
            Lookup::Missing(_) | Lookup::MissingMount | Lookup::NotMounted | Lookup::Unknown => {
                let is_named_so =
                    ["server.pem", "tls.crt"].into_iter().any(|name| Path::new(internal).ends_with(name));
                let is_directorys = is_named_so || path(Block::Tls) == Some(internal);
                let role = FileRole::ServerCertificate;
                let certificate = self.circumstances.directory.end_entity(role).filter(|_| is_directorys)?;
                let place = &self.circumstances.directory.file(role)?.place;
                Some((certificate.clone(), place.to_string()))
            }
        }
    }
}
