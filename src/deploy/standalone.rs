//! A Milvus that `standalone_embed.sh` runs, the documentation's first way to install it.
//!
//! That script mounts `volumes/milvus` at `/var/lib/milvus`, and `user.yaml`, which it writes anew whenever it makes
//! the container (Milvus' `scripts/standalone_embed.sh` of 2.5 to 3.0). So what has been set is in a file of ours too.

use std::path::Path;

use minijinja::context;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::listed;
use crate::check::config::compose::image_user;
use crate::deploy::secret::SecretKind;
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::{Document, Template, template, verbatim};
use crate::deploy::user_yaml::{Otherwise, UserYaml, with_settings};
use crate::store::{Directory, FileRole, RelativePath, path_of};

/// What `user.yaml` gets.
const SETTINGS: Template = template!("tls.yaml");
pub(crate) const SETTINGS_NAME: &str = SETTINGS.name;
pub(crate) const USER_YAML_NAME: &str = "user.yaml";

/// The script, or where it has upgraded Milvus, the one that it has got.
const SCRIPTS: [&str; 2] = ["standalone_embed_latest.sh", "standalone_embed.sh"];
/// What the script makes together with the container.
const MADE_BY_SCRIPT: &str = "embedEtcd.yaml";
/// Where Milvus' data is; the second since 3.0, where the script may not write to the first.
const DATA: &str = "volumes/milvus";
const OTHER_DATA: &str = "volumes-user/milvus";

/// How the script runs Milvus.
pub(crate) struct Standalone {
    /// The script that runs it now.
    script: String,
    /// The folder that the container has at `/var/lib/milvus`.
    pub data: &'static str,
    /// As whom Milvus runs there, if that is known.
    pub user: Option<u32>,
    text: String,
}

impl Standalone {
    /// What is in the folder of the script.
    ///
    /// # Errors
    /// If the script has not run there, or does not mount a `user.yaml`.
    pub(crate) fn in_folder(folder: &Directory, user: Option<u32>) -> Result<Self, Error> {
        let at = |name: &str| path_of(folder.path(), RelativePath::in_directory(name.to_owned()));
        let is_there = |name| std::fs::symlink_metadata(at(name)).is_ok();
        if !is_there(MADE_BY_SCRIPT) {
            let message =
                format!("{}: standalone_embed.sh has made no container here", folder.path().display());
            return Err(Error::new(message).with_hint(
                "first `bash standalone_embed.sh start`, since it writes user.yaml anew when it makes the container; --out names the folder where it did".to_owned(),
            ));
        }
        let mut script = (SCRIPTS[1].to_owned(), String::new());
        for name in SCRIPTS {
            if let Some(content) = folder.read(RelativePath::in_directory(name))? {
                script = (name.to_owned(), String::from_utf8_lossy(&content).into_owned());
                break;
            }
        }
        let (script, text) = script;
        if !text.is_empty() && !text.contains(USER_YAML_NAME) {
            let message = "does not mount user.yaml, and Milvus would not read what is set there";
            return Err(Error::new(format!("{}: {message}", at(&script).display()))
                .with_hint("take the script of Milvus 2.5 or later".to_owned()));
        }
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let mut words =
            lines.flat_map(str::split_whitespace).map(|word| word.trim_matches(['"', '\'', '\\']));
        let image = words.find(|word| word.contains("milvusdb/milvus:"));
        // An empty one is left over where the script could not write to the first for a while.
        let has_data =
            |name: &str| std::fs::read_dir(at(name)).is_ok_and(|mut entries| entries.next().is_some());
        let data =
            if is_there(OTHER_DATA) && (!has_data(DATA) || has_data(OTHER_DATA)) { OTHER_DATA } else { DATA };
        Ok(Self { data, user: user.or_else(|| image.and_then(image_user)), script, text })
    }

    pub(crate) fn command(&self) -> String {
        format!("bash {} restart", self.script)
    }

    /// That nobody reaches REST from outside of the container.
    pub(crate) fn rest_is_not_published(&self, settings: &TlsSettings) -> Option<Note> {
        let port = settings.rest_port;
        let is_published = self.text.is_empty() || self.text.contains(&format!(":{port}"));
        (settings.serves_clients() && !is_published).then(|| {
            let message = format!(
                "{} does not publish port {port}, where REST is with TLS: add `-p {port}:{port}` beside its `-p 19530:19530`, which a new container has; gRPC needs nothing",
                self.script
            );
            Note::new("rest-port-not-published", message)
        })
    }

    /// What becomes of the `user.yaml` in the folder. `before` are the settings of the last time.
    ///
    /// # Errors
    /// If it is none to which something could be added.
    pub(crate) fn user_yaml(
        &self,
        folder: &Directory,
        settings: &TlsSettings,
        before: Option<&TlsSettings>,
        otherwise: Otherwise,
    ) -> Result<UserYaml, Error> {
        let text = |settings: &TlsSettings| settings.text(SecretKind::Opaque);
        let content = folder.read(RelativePath::in_directory(USER_YAML_NAME))?.unwrap_or_default();
        let before = before.map(text).filter(|before| *before != text(settings));
        let theirs = std::str::from_utf8(&content)
            .map_err(|_| ("it is not UTF-8".to_owned(), "write it as UTF-8, then run this again"));
        let found =
            theirs.and_then(|theirs| with_settings(theirs, &text(settings), before.as_deref(), otherwise));
        let found = found.map_err(|(reason, hint)| {
            let path = path_of(folder.path(), RelativePath::in_directory(USER_YAML_NAME));
            Error::new(format!("{}: the settings of TLS cannot be added to it: {reason}", path.display()))
                .with_hint(hint.to_owned())
        })?;
        // So that it is listed among what stays.
        let text = found.text.or_else(|| std::str::from_utf8(&content).ok().map(str::to_owned));
        Ok(UserYaml { text, ..found })
    }
}

/// That somebody's settings stay that are not those of `config`.
pub(crate) fn kept(user_yaml: &UserYaml, folder: &Path) -> Option<Note> {
    let path = path_of(folder, RelativePath::in_directory(USER_YAML_NAME));
    (!user_yaml.kept.is_empty()).then(|| {
        let message = format!(
            "{}: {}, which `config` did not set, and was left so; with --force `config standalone` replaces it",
            path.display(),
            user_yaml.kept.join(", ")
        );
        Note::new("kept-as-edited", message)
    })
}

/// What `user.yaml` gets, and by which it is known what it got the last time.
pub(crate) fn document(
    settings: &TlsSettings,
    standalone: Option<&Standalone>,
    files: &ServerFiles<'_>,
) -> Document {
    let document = SETTINGS.document(context! {
        is_written => standalone.is_some(),
        command => standalone.map(|standalone| verbatim(standalone.command())),
        files => listed(&ServerFiles::ROLES.map(FileRole::file_name)),
        settings => settings.render(SecretKind::Opaque),
        fingerprint => files.fingerprint.as_str(),
    });
    Document { changing: &["# Certificates: "], ..document }
}
