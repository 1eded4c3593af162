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
use crate::deploy::merge::{documents, mapping, merged_settings, settings_without};
use crate::deploy::secret::SecretKind;
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::{Document, Template, template, verbatim};
use crate::store::{Directory, FileRole, RelativePath, path_of};
use crate::yaml::Node;

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

/// Stands above the settings.
const FROM: &str = "# TLS, by `milvus-certs config standalone`: tls.yaml says what puts it back.\n";

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

/// What becomes of somebody's `user.yaml`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UserYaml {
    /// It has all settings.
    Stays,
    /// It says something else, which somebody has written there.
    IsEdited,
    /// All that was in it, and the settings below.
    Extended(String),
    /// It has been written anew: values are as they were, comments are not there.
    Merged(String),
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
        let image = text.split_whitespace().find(|word| word.contains("milvusdb/milvus:"));
        let data = if is_there(OTHER_DATA) { OTHER_DATA } else { DATA };
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

    /// What becomes of the `user.yaml` in the folder. `before` are the settings of the last time, where they are to be
    /// others now; where all is to be as the last time, somebody's edits stay.
    ///
    /// # Errors
    /// If it is none to which something could be added.
    pub(crate) fn user_yaml(
        &self,
        folder: &Directory,
        settings: &TlsSettings,
        before: Option<&TlsSettings>,
        is_as_last_time: bool,
    ) -> Result<UserYaml, Error> {
        let text = |settings: &TlsSettings| settings.text(SecretKind::Opaque);
        let content = folder.read(RelativePath::in_directory(USER_YAML_NAME))?.unwrap_or_default();
        let theirs = std::str::from_utf8(&content).map_err(|_| "it is not UTF-8".to_owned());
        let before = before.map(text).filter(|before| *before != text(settings));
        let with_settings =
            |theirs| with_settings(theirs, &text(settings), before.as_deref(), is_as_last_time);
        theirs.and_then(with_settings).map_err(|reason| {
            let path = path_of(folder.path(), RelativePath::in_directory(USER_YAML_NAME));
            Error::new(format!("{}: the settings of TLS cannot be added to it: {reason}", path.display()))
                .with_hint("correct it, then run this again".to_owned())
        })
    }
}

impl UserYaml {
    pub(crate) fn note(&self, folder: &Path) -> Option<Note> {
        let path = path_of(folder, RelativePath::in_directory(USER_YAML_NAME));
        (*self == Self::IsEdited).then(|| {
            let message = format!(
                "{}: says of TLS what `config` did not set, and was left so; {SETTINGS_NAME} beside it has what `config` set",
                path.display()
            );
            Note::new("kept-as-edited", message)
        })
    }
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

/// # Errors
/// Why nothing can be added.
fn with_settings(
    theirs: &str,
    settings: &str,
    before: Option<&str>,
    is_as_last_time: bool,
) -> Result<UserYaml, String> {
    let end = if theirs.is_empty() || theirs.ends_with('\n') { "" } else { "\n" };
    let extended = [theirs, end, FROM, settings].concat();
    let (read, ours) = (documents(theirs)?, documents(settings)?);
    let (Some(read), Some(ours)) = (mapping(&read)?, mapping(&ours)?) else {
        // Nothing but comments, as the script makes it.
        return Ok(UserYaml::Extended(extended));
    };
    if has_all(read, ours) && (is_as_last_time || before.is_none()) {
        return Ok(UserYaml::Stays);
    }
    if is_as_last_time && has_any(read, ours) {
        return Ok(UserYaml::IsEdited);
    }
    let left = before.map_or(Ok(theirs.to_owned()), |before| settings_without(theirs, before))?;
    let merged = merged_settings(&left, settings)?;
    Ok(match says_the_same(&extended, &merged) {
        true => UserYaml::Extended(extended),
        false => UserYaml::Merged(merged),
    })
}

/// Whether Milvus reads the same of two texts: what stands below the rest may be of a second document, or repeat a key.
fn says_the_same(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (documents(one), documents(other)) else { return false };
    let is_whole = one.len() == 1 && one.iter().all(|document| document.defect().is_none());
    match (mapping(&one), mapping(&other)) {
        (Ok(Some(one)), Ok(Some(other))) => is_whole && has_all(one, other) && has_all(other, one),
        _ => false,
    }
}

/// Whether all that one mapping says is in another.
fn has_all(whole: Node<'_>, part: Node<'_>) -> bool {
    match part.is_mapping() {
        true => part
            .entries()
            .iter()
            .all(|entry| whole.get(entry.name()).is_some_and(|value| has_all(value, entry.value))),
        false => whole.as_str() == part.as_str() && whole.is_sequence() == part.is_sequence(),
    }
}

/// Whether one mapping says something of what another says, be it something else.
fn has_any(whole: Node<'_>, part: Node<'_>) -> bool {
    part.entries().iter().any(|entry| match whole.get(entry.name()) {
        Some(value) if entry.value.is_mapping() => has_any(value, entry.value),
        value => value.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "common:\n  security:\n    tlsMode: 1\ntls:\n  caPemPath: \"/ca.pem\"\n";
    const OTHERS: &str = "common:\n  security:\n    tlsMode: 1\n    internaltlsEnabled: true\n";

    fn first(theirs: &str) -> Result<UserYaml, String> {
        with_settings(theirs, OURS, None, false)
    }

    fn again(theirs: &str) -> Result<UserYaml, String> {
        with_settings(theirs, OURS, None, true)
    }

    #[test]
    fn a_file_without_settings_is_extended_the_first_time_and_whenever_it_has_been_emptied() {
        for theirs in ["", "# Extra config\n", "# no end of line", "---\n"] {
            let end = if theirs.ends_with("line") { "\n" } else { "" };
            let extended = UserYaml::Extended([theirs, end, FROM, OURS].concat());
            assert_eq!(first(theirs).as_ref(), Ok(&extended), "{theirs:?}");
            assert_eq!(again(theirs).as_ref(), Ok(&extended), "{theirs:?}");
        }
    }

    #[test]
    fn settings_of_others_keep_their_comments_where_ours_can_stand_below_them() {
        let theirs = "log:\n  level: warn # less\n";
        assert_eq!(first(theirs), Ok(UserYaml::Extended(format!("{theirs}{FROM}{OURS}"))));
        let security = "common:\n  security:\n    authorizationEnabled: true # users\n";
        let merged = "common:\n  security:\n    authorizationEnabled: true\n    tlsMode: 1\ntls:\n  caPemPath: \"/ca.pem\"\n";
        assert_eq!(first(security), Ok(UserYaml::Merged(merged.into())));
        // What follows the end of a document is of another one, which Milvus does not read.
        let ended = first(&format!("{theirs}...\n"));
        assert!(matches!(&ended, Ok(UserYaml::Merged(text)) if text.contains("tlsMode")), "{ended:?}");
    }

    #[test]
    fn what_somebody_has_edited_stays_unless_other_options_are_asked_for() {
        let whole = format!("log: {{}}\n{OURS}");
        assert_eq!(again(&whole), Ok(UserYaml::Stays));
        let edited = whole.replace("tlsMode: 1", "tlsMode: 2");
        assert_eq!(again(&edited), Ok(UserYaml::IsEdited));
        let merged = with_settings(&format!("log: {{}}\n{OTHERS}"), OURS, Some(OTHERS), false);
        assert_eq!(merged, Ok(UserYaml::Merged(format!("log: {{}}\n{OURS}"))));
    }

    #[test]
    fn what_nothing_can_be_added_to_is_an_error() {
        for theirs in ["- a\n", "a: [\n", "text\n"] {
            assert!(first(theirs).is_err(), "{theirs}");
        }
    }
}
