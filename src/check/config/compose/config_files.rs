use std::path::Path;

use crate::base::shown::{shown, shown_path};
use crate::check::Code;
use crate::check::config::Seen;
use crate::check::config::findings::Findings;
use crate::check::config::host::{Host, cleaned};
use crate::check::config::mounts::{Mount, Mounts, Volume};
use crate::check::config::settings::Settings;
use crate::milvus::container::CONFIG_FOLDER;
use crate::yaml::{self, Document, Malformed, Origin};

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
            return add_documents(settings, yaml::read(&volume.text, &volume.origin), findings);
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
        Seen::File(content) => {
            host.follow(&content);
            let origin = Origin::file(path.display().to_string());
            add_documents(settings, yaml::read_file(&content, &origin), findings);
        }
        // A folder need not have them all.
        Seen::Absent if !rest.is_empty() => {}
        Seen::Absent => {
            let (path, target) = (shown_path(path), shown(&mount.target));
            let evidence = format!("there is no {path}, which is mounted at {target}");
            findings.report(Code::TlsFileNotThere, mount.place.clone(), evidence);
            settings.is_partial = true;
        }
        Seen::Folder(_) | Seen::Unknown => settings.is_partial = true,
    }
}

/// Go's `yaml.Unmarshal`, with which Milvus reads them, takes the first document alone.
fn add_documents(
    settings: &mut Settings,
    documents: Result<Vec<Document>, Malformed>,
    findings: &mut Findings,
) {
    match documents {
        Ok(documents) => {
            if let Some(document) = documents.first() {
                document.defect().into_iter().for_each(|defect| findings.repeated(defect));
                settings.add_document(document.root());
            }
        }
        Err(malformed) => {
            findings.malformed(malformed);
            settings.is_partial = true;
        }
    }
}
