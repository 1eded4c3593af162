use std::path::Path;

use super::super::Seen;
use super::super::certificates::difference;
use super::super::mounts::{File, FileSource, Found, Volume};
use super::*;
use crate::pki::certificates_from_pem;
use crate::store::FileRole;

/// What is wrong with the paths of a block, by code: where the first is, and all of them.
type Wrong = Vec<(Code, Place, String)>;

impl Judge<'_> {
    /// Whether the files of a block are there; only those that Milvus reads.
    pub(super) fn paths(&mut self, block: Block, needed: &[PathKey]) {
        let mut wrong = Wrong::new();
        let mut differing = Vec::new();
        let set: Vec<_> = self
            .deployment
            .settings
            .paths(block)
            .filter(|(key, path, _)| needed.contains(key) && !path.contains("-----BEGIN"))
            .map(|(key, path, place)| (key, path.to_owned(), place.clone()))
            .collect();
        for (key, path, place) in set {
            let full = absolute(&path);
            if self.judged.contains(&full) {
                continue;
            }
            let evidence = format!("{} is {}", Key::Path(block, key).name(), shortened(&path));
            match self.find(&path) {
                Found::Public => add(&mut wrong, Code::PublicCertificatePath, place, evidence),
                Found::NotMounted => add(&mut wrong, Code::TlsPathNotMounted, place, evidence),
                Found::Missing(why) => {
                    add(&mut wrong, Code::TlsFileNotThere, place, format!("{evidence}: {why}"))
                }
                Found::MissingMount => self.missing_mount(&full),
                Found::File(file) if block == Block::Tls => {
                    differing.extend(self.difference(key, file, place))
                }
                Found::File(_) | Found::Unknown => {}
            }
            self.judged.push(full);
        }
        for (code, place, evidence) in wrong {
            let end = match code {
                Code::PublicCertificatePath => ": a file of Milvus' image",
                Code::TlsPathNotMounted => ": nothing is mounted there",
                _ => "",
            };
            self.report(code, place, format!("{evidence}{end}"));
        }
        self.not_the_directorys(differing);
    }

    /// What Milvus finds at a path.
    pub(super) fn find(&self, path: &str) -> Found {
        let Circumstances { host, secrets, .. } = self.circumstances;
        match &self.deployment.mounts {
            Some(mounts) => mounts.find(path, host, secrets),
            None if is_public(&absolute(path)) => Found::Public,
            None if path.starts_with('/') => self.find_on_host(Path::new(path)),
            None => Found::Unknown,
        }
    }

    /// Nothing is known but the settings: Milvus runs on this machine if the folder is there.
    fn find_on_host(&self, path: &Path) -> Found {
        let host = self.circumstances.host;
        let has_folder = path.parent().is_some_and(|folder| matches!(host.look(folder), Seen::Folder(_)));
        match host.look(path) {
            Seen::File(content) if has_folder => {
                Found::File(File { content, name: shown_path(path), source: FileSource::Machine })
            }
            Seen::Absent if has_folder => Found::Missing("there is no such file".into()),
            Seen::Folder(_) if has_folder => Found::Missing("it is a folder".into()),
            _ => Found::Unknown,
        }
    }

    /// Docker makes an empty folder of what is not there.
    fn missing_mount(&mut self, path: &str) {
        let Some((mount, _)) = self.deployment.mounts.as_ref().and_then(|mounts| mounts.of(path)) else {
            return;
        };
        if let Volume::Host(source) = &mount.volume {
            let evidence =
                format!("there is no {}, which is mounted at {}", shown_path(source), shown(&mount.target));
            self.report(Code::TlsFileNotThere, mount.place.clone(), evidence);
        }
    }

    /// How a file differs from the directory's.
    fn difference(&self, key: PathKey, file: File, place: Place) -> Option<(Place, String)> {
        let role = match key {
            PathKey::ServerPem => FileRole::ServerCertificate,
            PathKey::CaPem => FileRole::CaCertificate,
            PathKey::ServerKey => return None,
        };
        let place = match file.source {
            FileSource::Machine => place,
            FileSource::Mount(place) => place,
            FileSource::Secret => return None,
        };
        let certificates = certificates_from_pem(&file.content).ok()?;
        let evidence = difference(role, &certificates, self.circumstances.directory)?;
        Some((place, format!("{}: {evidence}", file.name)))
    }

    fn not_the_directorys(&mut self, differing: Vec<(Place, String)>) {
        let (places, evidence): (Vec<_>, Vec<_>) = differing.into_iter().unzip();
        if let Some(place) = places.into_iter().next() {
            self.report(Code::NotTheDirectorys, place, evidence.join("; "));
        }
    }
}

/// One cause is one finding, however many paths it makes wrong.
fn add(wrong: &mut Wrong, code: Code, place: Place, evidence: String) {
    match wrong.iter_mut().find(|(other, ..)| *other == code) {
        Some((.., all)) => *all = format!("{all}, {evidence}"),
        None => wrong.push((code, place, evidence)),
    }
}
