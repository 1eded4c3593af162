use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::shell_quoted;
use crate::deploy::compose::{Project, TLS_FOLDER};
use crate::deploy::deployment::{ConfigTarget, Deployment};
use crate::deploy::kubernetes::VALUES;
use crate::deploy::marker::{Marker, digest};
use crate::deploy::options::ConfigOptions;
use crate::deploy::output::{Kind, Maker, Output, Wanted};
use crate::deploy::server_files::{ServerFile, ServerFiles};
use crate::deploy::standalone::{self, Standalone, USER_YAML_NAME};
use crate::deploy::template::Document;
use crate::deploy::user_yaml::{Otherwise, UserYaml};
use crate::store::{FileMode, FileRole, Protection, Reader, RelativePath, path_of, unreadable};
use crate::x509::Passphrase;

/// What `config` is to render.
#[derive(Debug)]
pub(crate) struct ConfigRequest {
    pub target: ConfigTarget,
    pub options: ConfigOptions,
    /// Opens ca.key if it is encrypted, for cert-manager.
    pub passphrase: Option<Passphrase>,
    /// The folder that the files are written to; without one, they are only reported.
    pub output: Option<PathBuf>,
    /// Whether files that are somebody's are replaced, after a copy of them is kept, and other options taken than
    /// the last time.
    pub force: bool,
    /// Whether that folder has to keep modes.
    pub protection: Protection,
}

/// The files of a folder are to be kept up to date.
#[derive(Debug)]
pub(crate) struct RefreshRequest {
    pub output: PathBuf,
    /// Opens ca.key if it is encrypted, for cert-manager.
    pub passphrase: Option<Passphrase>,
    /// Whether the folder has to keep modes.
    pub protection: Protection,
}

/// What `config` rendered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConfigReport {
    /// The certificate directory.
    pub directory: String,
    /// The folder that the files are in; none where they are only shown.
    pub output: Option<String>,
    /// Whether files were written.
    pub changed: bool,
    /// `milvus`, `compose`, `standalone`, `operator`, `helm`, `secret`, `cert-manager` or `refresh`.
    pub target: &'static str,
    /// What applies the files, where they were written.
    #[serde(skip)]
    pub commands: Vec<String>,
    /// The files, in the order in which they are applied.
    pub documents: Vec<RenderedDocument>,
    /// The folder with what was replaced, where that was somebody's.
    pub backup: Option<String>,
    pub notes: Vec<Note>,
}

/// A file that was rendered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RenderedDocument {
    /// Its name, or where there is a folder for it, its path.
    pub path: String,
    /// Whether it was written; otherwise it said already what it is to say, or was only shown.
    pub changed: bool,
    /// Its permissions in octal, where there is a folder for it.
    pub mode: Option<String>,
    /// Its text, where there is none.
    #[serde(serialize_with = "as_text")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub content: Option<Zeroizing<String>>,
}

impl ConfigRequest {
    /// The settings of the documentation page.
    #[must_use]
    pub(crate) fn new(target: ConfigTarget) -> Self {
        Self {
            target,
            options: ConfigOptions::default(),
            passphrase: None,
            output: None,
            force: false,
            protection: Protection::Required,
        }
    }
}

/// Renders what a deployment needs, from a certificate directory that `check` finds no error in.
///
/// # Errors
/// If the directory would not work; with the findings. If the files cannot be written, or are somebody's.
pub(crate) fn config(request: &ConfigRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let open = |folder: &PathBuf| Output::open(folder, request.protection);
    let Some(mut output) = request.output.as_ref().map(open).transpose()? else {
        return rendered(request, now);
    };
    let marker = output.markers().into_iter().find(|marker| marker.config == request.target.name());
    written(request, request.passphrase.as_ref(), &mut output, marker.as_ref(), now)
}

/// Makes the files of a folder anew that `config` has written into it, as far as certificates have changed.
///
/// # Errors
/// As [`config`](fn@config); if there are none.
pub(crate) fn refresh(request: &RefreshRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let folder = &request.output;
    let mut output = Output::open(folder, request.protection)?;
    let mut reports = Vec::new();
    for marker in output.markers() {
        let Some(target) = ConfigTarget::ALL.into_iter().find(|target| target.name() == marker.config) else {
            continue;
        };
        let request_of_last = ConfigRequest {
            output: Some(folder.clone()),
            protection: request.protection,
            ..ConfigRequest::new(target)
        };
        reports.push(written(
            &request_of_last,
            request.passphrase.as_ref(),
            &mut output,
            Some(&marker),
            now,
        )?);
    }
    let merge = |mut all: ConfigReport, report: ConfigReport| {
        all.changed |= report.changed;
        all.commands.extend(report.commands);
        all.documents.extend(report.documents);
        all.notes.extend(report.notes);
        all
    };
    reports.into_iter().reduce(merge).map(|report| ConfigReport { target: "refresh", ..report }).ok_or_else(|| {
        Error::new(format!("{}: no file in it is by `config`", folder.display()))
            .with_hint("`milvus-certs config TARGET --out DIR` writes them, and `config refresh` keeps them up to date".to_owned())
    })
}

fn rendered(request: &ConfigRequest, now: OffsetDateTime) -> Result<ConfigReport, Error> {
    let directory = request.options.dir.clone().unwrap_or_else(|| ".".into());
    let deployment = Deployment::new(request.target, directory, &request.options)?;
    let directory = deployment.judged(now)?;
    let files = ServerFiles::of(&directory);
    let called = &deployment.directory;
    let documents = deployment.documents(&directory, &files, called, request.passphrase.as_ref(), now)?;
    Ok(ConfigReport {
        directory: deployment.directory.display().to_string(),
        output: None,
        changed: false,
        target: request.target.name(),
        commands: Vec::new(),
        documents: documents.into_iter().map(RenderedDocument::shown).collect(),
        backup: None,
        notes: Vec::from_iter(deployment.names_not_covered(&directory)),
    })
}

/// Writes the files, with the copies that Compose's container gets.
fn written(
    request: &ConfigRequest,
    passphrase: Option<&Passphrase>,
    output: &mut Output,
    last: Option<&Marker>,
    now: OffsetDateTime,
) -> Result<ConfigReport, Error> {
    let folder = output.path().to_owned();
    let mut said = request.options.clone();
    let before = last.map(|last| &last.options);
    let called = |path: &PathBuf, before: Option<&PathBuf>| match before {
        Some(before) if is_same(path, &in_folder(&folder, before)) => before.clone(),
        _ => seen_from(&folder, path),
    };
    said.dir = said.dir.map(|directory| called(&directory, before.and_then(|before| before.dir.as_ref())));
    let values_before = before.and_then(|before| before.values.as_deref()).unwrap_or_default();
    said.values = said.values.map(|files| {
        files.iter().enumerate().map(|(index, file)| called(file, values_before.get(index))).collect()
    });
    let (options, differences) = match last {
        Some(last) => (said.or(&last.options), said.differences(&last.options)),
        None => (said, Vec::new()),
    };
    let directory = match (&request.options.dir, &options.dir) {
        (Some(directory), _) => directory.clone(),
        (None, Some(directory)) => in_folder(&folder, directory),
        (None, None) => ".".into(),
    };
    if request.options.dir.is_none() && last.is_some() && is_gone(&directory) {
        let message =
            format!("{}: is gone, and the files in {} are of it", directory.display(), folder.display());
        let again = format!(
            "config {} -d DIR --out {}",
            request.target.name(),
            shell_quoted(&folder.display().to_string())
        );
        return Err(Error::new(message).with_hint(format!(
            "`milvus-certs {again}` says where the certificates are now; all else stays as it is"
        )));
    }
    let mut deployment = Deployment::new(request.target, directory, &options)?;
    let typed = request.options.values.as_deref().unwrap_or_default();
    for (index, (path, called)) in deployment.values.iter_mut().enumerate() {
        *path = typed.get(index).cloned().unwrap_or_else(|| in_folder(&folder, called));
        if is_same(path, &folder.join(VALUES.name)) {
            return Err(Error::new(format!(
                "{}: is what this writes, and no values of yours",
                path.display()
            ))
            .with_hint(
                "give the values that the release had before, or another folder with --out".to_owned(),
            ));
        }
    }
    match request.target {
        ConfigTarget::Compose => {
            deployment.project = Project::in_folder(output.directory(), &options, request.force)?;
        }
        ConfigTarget::Standalone => {
            deployment.standalone = Some(Standalone::in_folder(output.directory(), options.container_user)?);
        }
        _ => {}
    }
    let directory = deployment.judged(now)?;
    let files = ServerFiles::of(&directory);
    let called = seen_from(&folder, &deployment.directory);
    let documents = deployment.documents(&directory, &files, &called, passphrase, now)?;
    let mut wanted: Vec<_> = documents.iter().map(Wanted::rendered).collect();
    let mut notes = Vec::from_iter(deployment.names_not_covered(&directory));
    let mut user_yaml = UserYaml::default();
    if let Some(standalone) = &deployment.standalone {
        let settings = deployment.settings(&directory)?;
        let before = last.map(|last| {
            Deployment::new(request.target, deployment.directory.clone(), &last.options)?.settings(&directory)
        });
        let otherwise = match last {
            // Other options have to be meant, as is found where the files are looked at.
            _ if request.force || !differences.is_empty() => Otherwise::IsReplaced,
            Some(_) => Otherwise::Stays,
            None => Otherwise::IsRefused,
        };
        user_yaml =
            standalone.user_yaml(output.directory(), &settings, before.transpose()?.as_ref(), otherwise)?;
        notes.extend(standalone::kept(&user_yaml, &folder));
        notes.extend(standalone.rest_is_not_published(&settings));
    }
    let user_before = last.and_then(|last| last.options.container_user);
    let copies = copies(&deployment, &files, user_before);
    // What standalone_embed.sh mounts is in another folder. Its marker comes first, and Milvus is told of it last.
    let mut data = match &deployment.standalone {
        Some(standalone) => {
            Some(Output::open(&in_folder(&folder, Path::new(standalone.data)), request.protection)?)
        }
        None => None,
    };
    if !copies.is_empty() {
        refuse_ca_key(data.as_ref().unwrap_or(output).path())?;
    }
    if let Some(data) = &data {
        refuse_certificates_in(data.path(), &deployment.directory)?;
    }
    let replaced = match &data {
        Some(data) => Some(data.replaced(&copies)?).filter(|replaced| !replaced.is_empty()),
        None => None,
    };
    let replaced = replaced.or_else(|| last.map(|last| last.replaced.clone())).unwrap_or_default();
    let markers = output.markers();
    let known = markers.into_iter().flat_map(|marker| marker.copies.into_iter().chain(marker.replaced));
    let known: Vec<_> = known.collect();
    let options = deployment.options(called);
    let out = shell_quoted(&folder.display().to_string());
    let maker = Maker {
        target: request.target.name(),
        command: format!(
            "milvus-certs config {}{} --out {out}",
            request.target.name(),
            request.options.typed()
        ),
        out,
        options: &options,
        differences: &differences,
        known: &known,
        copies: copies.iter().map(|copy| (copy.path.to_string(), digest(copy.content))).collect(),
        replaced,
    };
    let (apart, beside) = if data.is_some() { (copies, Vec::new()) } else { (Vec::new(), copies) };
    wanted.splice(..0, beside);
    let first = output.plan(&maker, wanted, request.force)?;
    let second = data.as_ref().map(|data| data.plan(&maker, apart, request.force)).transpose()?;
    let third = output.plan(&maker, Vec::from_iter(wanted_user_yaml(&user_yaml)), request.force)?;
    let mut written = output.write(first, now)?;
    if let (Some(data), Some(plan)) = (&mut data, second) {
        written = data.write(plan, now)?.and(written);
    }
    let written = written.and(output.write(third, now)?);
    let changed = written.files.iter().any(|(_, _, is_changed)| *is_changed);
    notes.extend(deployment.project.must_be_named(&folder));
    notes.extend(deployment.may_not_read());
    notes.extend(deployment.values_of_theirs());
    notes.extend(written.notes);
    Ok(ConfigReport {
        directory: deployment.directory.display().to_string(),
        output: Some(folder.display().to_string()),
        changed,
        target: request.target.name(),
        commands: if changed { deployment.commands(&folder, &documents) } else { Vec::new() },
        documents: written.files.into_iter().map(RenderedDocument::written).collect(),
        backup: written.backup.map(|backup| backup.display().to_string()),
        notes,
    })
}

/// What the container gets of the certificate directory.
fn copies<'a>(
    deployment: &Deployment,
    files: &'a ServerFiles<'a>,
    user_before: Option<u32>,
) -> Vec<Wanted<'a>> {
    if !matches!(deployment.target, ConfigTarget::Compose | ConfigTarget::Standalone) {
        return Vec::new();
    }
    let user = deployment.standalone.as_ref().map_or(deployment.project.user, |standalone| standalone.user);
    let reader = user.map(|user| Reader { user, instead_of: user_before.filter(|before| *before != user) });
    let copy = |file: &'a ServerFile<'a>| Wanted {
        path: RelativePath::in_folder(TLS_FOLDER, file.role.file_name()),
        content: file.content,
        mode: file.mode,
        reader: reader.filter(|_| file.role.is_key()),
        kind: Kind::Copy,
    };
    files.each.iter().map(copy).collect()
}

fn wanted_user_yaml(user_yaml: &UserYaml) -> Option<Wanted<'_>> {
    Some(Wanted {
        path: RelativePath::in_directory(USER_YAML_NAME),
        content: user_yaml.text.as_ref()?.as_bytes(),
        mode: FileMode::PUBLIC,
        reader: None,
        kind: Kind::Theirs { is_rewritten: user_yaml.is_rewritten },
    })
}

/// A path that begins in a folder.
fn in_folder(folder: &Path, path: &Path) -> PathBuf {
    if folder == Path::new(".") { path.to_owned() } else { folder.join(path) }
}

fn is_gone(path: &Path) -> bool {
    std::fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether two paths lead to the same, which is there.
fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// How a path is called in a folder, so that both can be moved together: with its own links, where that leads there.
fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    let as_written =
        std::path::absolute(folder).and_then(|folder| Ok(relative(&folder, &std::path::absolute(path)?)));
    if let Ok(seen) = as_written
        && is_same(&folder.join(&seen), path)
    {
        return seen;
    }
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => relative(&folder, &path),
        _ => path.to_owned(),
    }
}

fn relative(folder: &Path, path: &Path) -> PathBuf {
    let common = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let seen: PathBuf = up.chain(path.components().skip(common)).collect();
    if seen.as_os_str().is_empty() { ".".into() } else { seen }
}

/// Refuses to make a folder for the container of one that has ca.key.
fn refuse_ca_key(folder: &Path) -> Result<(), Error> {
    let path = folder.join(TLS_FOLDER).join(FileRole::CaKey.file_name());
    match std::fs::symlink_metadata(&path) {
        // What is no folder is refused where it is written to.
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(()),
        Err(error) => Err(unreadable(&path)(error)),
        Ok(_) => {
            let message = "is in the folder that Milvus' container gets, and must not be";
            Err(Error::new(format!("{}: {message}", path.display())).with_hint(format!(
                "keep certificates and ca.key in a folder of another name, such as certs, and let {TLS_FOLDER} have copies"
            )))
        }
    }
}

/// Refuses a certificate directory with ca.key in a folder of which the container gets all.
fn refuse_certificates_in(folder: &Path, directory: &Path) -> Result<(), Error> {
    let is_inside = directory
        .canonicalize()
        .is_ok_and(|directory| folder.canonicalize().is_ok_and(|folder| directory.starts_with(folder)));
    let key = path_of(directory, RelativePath::from(FileRole::CaKey));
    if !is_inside || is_gone(&key) {
        return Ok(());
    }
    let message =
        format!("{}: is in {}, which Milvus' container gets whole", key.display(), folder.display());
    Err(Error::new(message)
        .with_hint("move the certificate directory out of it, and name its new place with -d".to_owned()))
}

impl RenderedDocument {
    fn shown(document: Document) -> Self {
        Self { path: document.name.to_owned(), changed: false, mode: None, content: Some(document.content) }
    }

    fn written((path, mode, changed): (PathBuf, FileMode, bool)) -> Self {
        Self { path: path.display().to_string(), changed, mode: Some(mode.to_string()), content: None }
    }
}

fn as_text<S: Serializer>(content: &Option<Zeroizing<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    content.as_deref().map(String::as_str).serialize(serializer)
}
