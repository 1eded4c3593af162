use crate::base::shown::{list_are, shown, shown_path};
use crate::check::codes::Code;
use crate::check::config::deployed::DeploymentJudge;
use crate::check::config::mounts::{Mount, Volume};
use crate::check::config::source::AtPath;
use crate::milvus::container::CONFIG_FOLDER;
use crate::store::FileRole;

/// What files with certificates and keys are called.
const EXTENSIONS: [&str; 5] = [".pem", ".key", ".crt", ".cer", ".cert"];

impl DeploymentJudge<'_> {
    /// What is mounted that should not be, or not like this.
    pub(crate) fn mounted(&mut self) {
        let Some(mounts) = &self.deployment.mounts else { return };
        let mut single = Vec::new();
        for mount in mounts.iter() {
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
        let found = self.circumstances.host.ca_key(source, self.circumstances.directory)?;
        let whose = mount.shown(source);
        Some(match found.as_os_str().is_empty() {
            true => format!("{whose}, holds the CA's key"),
            false => format!("{whose}, has the CA's key in {}", shown_path(&found)),
        })
    }

    /// Whether a file with a certificate or key is mounted without its folder.
    fn is_single_file(&self, mount: &Mount) -> bool {
        let is_named_so = EXTENSIONS.into_iter().any(|extension| mount.target.ends_with(extension))
            || self.judged.contains(&mount.target);
        match &mount.volume {
            Volume::Host(source) => {
                // What is not there is a finding of its own.
                is_named_so
                    && matches!(self.circumstances.host.look(source), AtPath::File(_) | AtPath::Unknown)
            }
            Volume::Secret(secret) => is_named_so && secret.sub_path.is_some(),
            Volume::Text(_) | Volume::Other => is_named_so,
        }
    }
}

/// The image's own milvus.yaml is then hidden.
fn is_whole_configuration(mount: &Mount) -> bool {
    let rest = mount.target.strip_prefix(CONFIG_FOLDER);
    rest.is_some_and(|rest| matches!(rest, "" | "/milvus.yaml"))
}
