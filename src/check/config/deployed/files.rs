use std::path::Path;

use crate::base::place::Place;
use crate::base::shown::{list_are, shortened, shown, shown_path};
use crate::check::bundle::Bundle;
use crate::check::codes::Code;
use crate::check::config::certificates::{difference, stopped};
use crate::check::config::deployed::DeploymentJudge;
use crate::check::config::mounts::{
    FileSource, FoundFile, Lookup, MissingMount, Mount, Volume, absolute, is_public,
};
use crate::check::config::source::AtPath;
use crate::check::fix::Part;
use crate::milvus::container::{CONFIG_FOLDER, PUBLIC_CERTIFICATES};
use crate::milvus::keys::{Block, Key, PathKey};
use crate::store::FileRole;

/// What a block names.
const PATHS: [PathKey; 3] = [PathKey::ServerPem, PathKey::ServerKey, PathKey::CaPem];

/// Internal TLS does without what is missing.
const INTERNAL_FILE_MISSING: &str =
    "Milvus only warns of it, and its components go on in plaintext, whatever the log says before";

/// What can be wrong with paths, and how the evidence of all of them ends.
const WRONG: [(Code, &str); 3] = [
    (Code::PublicCertificatePath, ": a file of Milvus' image"),
    (Code::TlsPathNotMounted, ": nothing is mounted there"),
    (Code::TlsFileNotThere, ""),
];

/// What paths lead to: what Milvus reads it for, the file, and where the path is set.
type Files = Vec<(FileRole, FoundFile, Place)>;

impl DeploymentJudge<'_> {
    /// Whether the files of a block are there, and what is in them; only those that Milvus reads.
    pub(super) fn paths(&mut self, block: Block, needed: &[PathKey]) {
        let mut wrong = Vec::new();
        let mut files = Files::new();
        for key in needed.iter().copied() {
            let Some((path, place)) = self.effective_path(block, key) else { continue };
            let full = absolute(&path);
            self.mode_in_secret(&full);
            let evidence = format!("{} is {}", Key::Path(block, key).name(), shortened(&path));
            match self.find(&path) {
                Lookup::File(file) => {
                    self.readable(&file);
                    files.push((role_of(key), file, place));
                }
                _ if self.judged.contains(&full) => {}
                Lookup::Public => wrong.push((Code::PublicCertificatePath, place, evidence)),
                Lookup::NotMounted => wrong.push((Code::TlsPathNotMounted, place, evidence)),
                Lookup::Missing(why) => {
                    wrong.push((Code::TlsFileNotThere, place, format!("{evidence}: {why}")));
                }
                Lookup::MissingMount(missing) => self.missing_mount(block, missing),
                Lookup::Folder(evidence, place) => {
                    self.report(Code::DirectoryInsteadOfFile, place, evidence);
                }
                Lookup::Unknown => {}
            }
            self.judged.push(full);
        }
        // One cause is one finding, however many paths it makes wrong.
        for (code, end) in WRONG {
            let such = wrong.iter().filter(|(other, ..)| *other == code);
            let (places, evidence): (Vec<_>, Vec<_>) =
                such.map(|(_, place, evidence)| (place, evidence.as_str())).unzip();
            if let Some(first) = places.into_iter().next().cloned() {
                let evidence = format!("{}{end}", evidence.join(", "));
                self.findings.report_with(code, first, evidence, |finding| {
                    if block == Block::InternalTls && code != Code::PublicCertificatePath {
                        finding.because(INTERNAL_FILE_MISSING);
                    }
                });
            }
        }
        self.collect(&files, block);
    }

    /// Whether as whom Milvus runs may read a file that is mounted. A group may be any, and with user namespaces, as
    /// rootless Docker has them, users have other numbers.
    fn readable(&mut self, file: &FoundFile) {
        let (Some(user), Some(state)) = (self.deployment.user, &file.state) else { return };
        if let FileSource::Mount(place) = &file.source
            && !state.may_let_read(user)
        {
            let evidence = format!("{} {state}, and Milvus runs as uid {user}", file.name);
            self.report(Code::UnreadableInContainer, place.clone(), evidence);
        }
    }

    /// Whether as whom Milvus runs may read a file of a Secret, which belongs to root.
    fn mode_in_secret(&mut self, path: &str) {
        let Some(user) = self.deployment.user.filter(|user| *user != 0) else { return };
        let Some((mount, rest)) = self.deployment.mounts.as_ref().and_then(|mounts| mounts.of(path)) else {
            return;
        };
        let Volume::Secret(secret) = &mount.volume else { return };
        let Some((mode, place)) = secret.mode_of(&rest) else { return };
        // The group is root's, which may be the container's.
        if mode & 0o044 == 0 {
            let evidence = format!(
                "the files of the Secret {} have mode {mode:04o} and belong to root, and Milvus runs as uid {user}",
                shown(&secret.name)
            );
            self.findings.report_with(Code::UnreadableInContainer, place.clone(), evidence, |finding| {
                finding.advise(&[Part::Say(
                    "take the mode out: without it every user in the container may read the files, and nobody else has them",
                )]);
            });
        }
    }

    /// The source of a mount that is not there.
    fn missing_mount(&mut self, block: Block, MissingMount { evidence, place, is_file }: MissingMount) {
        self.findings.report_with(Code::TlsFileNotThere, place, evidence, |finding| {
            finding.because(match is_file {
                _ if block == Block::InternalTls => INTERNAL_FILE_MISSING,
                true => "Docker makes an empty folder of a source that is not there, and Milvus stops at once: `read ...: is a directory`",
                false => "Docker makes an empty folder of a source that is not there, and Milvus stops at once: `open ...: no such file or directory`",
            });
            if is_file {
                finding.advise(&[Part::Say(
                    "put the file there; where Docker has made a folder of its name, remove that, and make the container anew",
                )]);
            }
        });
    }

    /// The path that is set, or that of the image where something is mounted over it.
    fn effective_path(&self, block: Block, path: PathKey) -> Option<(String, Place)> {
        let settings = &self.deployment.settings;
        let key = Key::Path(block, path);
        match settings.text(key) {
            Some((own, place)) if !own.contains("-----BEGIN") => Some((own.to_owned(), place.clone())),
            None if settings.lacks(key) && self.is_mounted_over(path) => {
                Some((default_path(path), settings.nearest(key)))
            }
            _ => None,
        }
    }

    /// Whether something is mounted over the certificates of the image, which Milvus takes where no path is
    /// set.
    pub(super) fn is_mounted_over(&self, key: PathKey) -> bool {
        let mounts = self.deployment.mounts.as_ref();
        mounts.is_some_and(|mounts| mounts.of(&default_path(key)).is_some())
    }

    /// Puts together what Milvus will read, by what it reads it for, unless all of it is judged by itself:
    /// as the directory's, or as a Secret's under its usual name.
    fn collect(&mut self, files: &Files, block: Block) {
        let mut bundle = Bundle::new();
        let mut is_known = true;
        for (role, file, _) in files {
            match &file.source {
                FileSource::Secret(place, known) => {
                    bundle.add_in_secret(*role, place.clone(), file.name.clone(), &file.content);
                    is_known &= *known == Some(*role);
                }
                FileSource::Machine | FileSource::Mount(_) => {
                    bundle.add(*role, Place::file(&file.name), None, Ok(&file.content));
                    is_known &= bundle.has_same(self.directory, *role);
                }
            }
        }
        if block == Block::Tls {
            self.not_the_directorys(files, &bundle);
        }
        if !is_known && !self.deployed.iter().any(|other| other.is_at_the_same_places(&bundle)) {
            self.deployed.push(bundle);
        }
    }

    /// Finds what differs from the directory's. A Secret is compared by itself.
    fn not_the_directorys(&mut self, files: &Files, bundle: &Bundle) {
        let compare = |role| {
            let (_, file, place) = files.iter().find(|(other, ..)| *other == role)?;
            let place = match &file.source {
                FileSource::Machine => place,
                FileSource::Mount(place) => place,
                FileSource::Secret(..) => return None,
            };
            Some((place, format!("{}: {}", file.name, difference(role, bundle, self.directory)?)))
        };
        let compared = [FileRole::ServerCertificate, FileRole::CaCertificate];
        let (places, evidence): (Vec<_>, Vec<_>) = compared.into_iter().filter_map(compare).unzip();
        if let Some(place) = places.first() {
            let stopped = stopped(bundle, self.directory);
            let evidence = evidence.join("; ");
            self.findings.stopping(Code::NotTheDirectorys, Place::clone(place), evidence, stopped);
        }
    }

    /// What Milvus finds at a path.
    pub(super) fn find(&self, path: &str) -> Lookup {
        match &self.deployment.mounts {
            Some(mounts) => mounts.find(path, self.host, self.secrets),
            None if is_public(&absolute(path)) => Lookup::Public,
            None if path.starts_with('/') => self.find_on_host(Path::new(path)),
            None => Lookup::Unknown,
        }
    }

    /// Nothing is known but the settings: Milvus runs on this machine if the folder is there.
    fn find_on_host(&self, path: &Path) -> Lookup {
        let has_folder =
            path.parent().is_some_and(|folder| matches!(self.host.look(folder), AtPath::Folder(_)));
        match self.host.look(path) {
            AtPath::File(content, _) if has_folder => {
                let name = shown_path(path);
                Lookup::File(FoundFile { content, name, state: None, source: FileSource::Machine })
            }
            AtPath::Nothing if has_folder => Lookup::Missing("there is no such file".into()),
            AtPath::Folder(_) if has_folder => Lookup::Missing("it is a folder".into()),
            _ => Lookup::Unknown,
        }
    }

    /// What is mounted that should not be, or not like this.
    pub(super) fn mounted(&mut self) {
        let Some(mounts) = &self.deployment.mounts else { return };
        let mut single = Vec::new();
        for mount in mounts.by_target.values() {
            if is_whole_configuration(mount) {
                let evidence = format!("{} is mounted as a whole", shown(&mount.target));
                self.report(Code::MilvusYamlReplaced, mount.place.clone(), evidence);
            }
            if let Some(evidence) = self.ca_key(mount) {
                self.report(Code::CaKeyMounted, mount.place.clone(), evidence);
            } else if self.is_single_file(mount) {
                single.push(mount);
            }
        }
        single.sort_by_key(|mount| &mount.place);
        if let Some(first) = single.first() {
            let targets: Vec<_> = single.iter().map(|mount| shown(&mount.target)).collect();
            let how = if single.len() == 1 { "a single file" } else { "single files" };
            let evidence = format!("{} mounted as {how}", list_are(&targets));
            self.report(Code::SingleFileMount, first.place.clone(), evidence);
        }
    }

    /// Why a mount has the CA's key, if it has.
    fn ca_key(&self, mount: &Mount) -> Option<String> {
        let key = FileRole::CaKey.file_name();
        let Volume::Host(source) = &mount.volume else { return None };
        if source.ends_with(key) || mount.target.ends_with(key) {
            return Some(format!("{} is mounted at {}", shown_path(source), shown(&mount.target)));
        }
        let found = self.host.ca_key(source, self.directory)?;
        let whose = mount.shown(source);
        Some(match found.as_os_str().is_empty() {
            true => format!("{whose}, holds the CA's key"),
            false => format!("{whose}, has the CA's key in {}", shown_path(&found)),
        })
    }

    /// Whether a file with a certificate or key is mounted without its folder: one that Milvus' paths name, or, where
    /// not all of these are known, that is called like a server's. The CA of another service is none.
    fn is_single_file(&self, mount: &Mount) -> bool {
        let settings = &self.deployment.settings;
        let mut paths = Block::ALL.into_iter().flat_map(|block| PATHS.map(|path| (block, path)));
        let is_named = paths.any(|(block, path)| {
            let set = settings.text(Key::Path(block, path)).map(|(set, _)| absolute(set));
            let default = || settings.lacks(Key::Path(block, path)).then(|| default_path(path));
            set.or_else(default).as_ref() == Some(&mount.target)
        });
        let roles = PATHS.map(role_of);
        let names = roles.into_iter().flat_map(|role| [role.file_name(), role.name_in_tls_secret()]);
        let is_called_so = || names.into_iter().any(|name| Path::new(&mount.target).ends_with(name));
        let is_named_so = is_named || settings.is_partial && is_called_so();
        let is_file = || match &mount.volume {
            // What is not there is a finding of its own.
            Volume::Host(source) => matches!(self.host.look(source), AtPath::File(..) | AtPath::Unknown),
            Volume::Secret(secret) => secret.sub_path.is_some(),
            Volume::Text { .. } | Volume::Other => true,
        };
        is_named_so && is_file()
    }
}

/// The image's own milvus.yaml is then hidden.
fn is_whole_configuration(mount: &Mount) -> bool {
    let rest = mount.target.strip_prefix(CONFIG_FOLDER);
    rest.is_some_and(|rest| matches!(rest, "" | "/milvus.yaml"))
}

fn role_of(key: PathKey) -> FileRole {
    match key {
        PathKey::ServerPem => FileRole::ServerCertificate,
        PathKey::ServerKey => FileRole::ServerKey,
        PathKey::CaPem => FileRole::CaCertificate,
    }
}

/// Milvus' own setting, in its milvus.yaml.
fn default_path(key: PathKey) -> String {
    format!("{PUBLIC_CERTIFICATES}/{}", role_of(key).file_name())
}
