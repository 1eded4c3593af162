use std::path::Path;

use crate::check::codes::Code;
use crate::check::config::findings::Findings;
use crate::check::config::host::{Host, cleaned};
use crate::check::config::mounts::{Mount, Mounts, Volume};
use crate::check::config::settings::Settings;
use crate::check::config::source::AtPath;
use crate::milvus::container::CONFIG_FOLDER;
use crate::yaml::{self, Origin};

/// Go's `yaml.Unmarshal`, with which Milvus reads its files, takes the first document alone.
const READ_DOCUMENTS: usize = 1;

/// What Milvus reads in its folder, in this order (milvus' pkg/util/paramtable/base_table.go).
const CONFIG_FILES: [&str; 3] = ["milvus.yaml", "default.yaml", "user.yaml"];

/// Adds the configuration files that are mounted.
pub(crate) fn add(settings: &mut Settings, mounts: &Mounts, host: &Host<'_>, findings: &mut Findings) {
    for name in CONFIG_FILES {
        if let Some((mount, rest)) = mounts.of(&format!("{CONFIG_FOLDER}/{name}")) {
            add_file(settings, mount, &rest, host, findings);
        }
    }
}

/// A configuration file that is mounted where Milvus does not look for it.
pub(crate) fn misplaced(mounts: &Mounts) -> Option<&Mount> {
    let is_one =
        |mount: &&Mount| CONFIG_FILES.into_iter().any(|name| Path::new(&mount.target).ends_with(name));
    mounts.iter().find(|mount| is_one(mount) && !Path::new(&mount.target).starts_with(CONFIG_FOLDER))
}

/// Whether Milvus finds none of its files in a mount.
pub(crate) fn are_missing(mounts: &Mounts) -> bool {
    CONFIG_FILES.into_iter().all(|name| mounts.of(&format!("{CONFIG_FOLDER}/{name}")).is_none())
}

fn add_file(settings: &mut Settings, mount: &Mount, rest: &str, host: &Host<'_>, findings: &mut Findings) {
    let source = match &mount.volume {
        Volume::Host(source) => source,
        Volume::Text(volume) if rest.is_empty() => {
            let read = yaml::read(&volume.text, &volume.origin);
            return settings.add_documents(read, READ_DOCUMENTS, findings);
        }
        Volume::Text(_) | Volume::Secret(_) | Volume::Other => {
            settings.is_partial = true;
            return;
        }
    };
    let path = cleaned(&if rest.is_empty() { source.clone() } else { source.join(rest) });
    settings.add_layer(host.settings(&path, || {
        let mut read = Settings::default();
        read_file(&mut read, &path, mount, rest, host, findings);
        read
    }));
}

fn read_file(
    settings: &mut Settings,
    path: &Path,
    mount: &Mount,
    rest: &str,
    host: &Host<'_>,
    findings: &mut Findings,
) {
    match host.look(path) {
        AtPath::File(content) => {
            host.follow(&content);
            let origin = Origin::file(path.display().to_string());
            settings.add_documents(yaml::read_file(&content, &origin), READ_DOCUMENTS, findings);
        }
        // A folder need not have them all.
        AtPath::Nothing if !rest.is_empty() => {}
        AtPath::Nothing => {
            let evidence = format!("there is no {}", mount.shown(path));
            findings.report(Code::TlsFileNotThere, mount.place.clone(), evidence);
            settings.is_partial = true;
        }
        AtPath::Folder(_) | AtPath::Unknown => settings.is_partial = true,
    }
}
