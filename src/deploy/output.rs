//! The folder that `config` writes into. What is in it already is the user's, unless a marker says otherwise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::{Error, ErrorKind};
use crate::base::note::Note;
use crate::base::text::listed;
use crate::deploy::compose::{OVERRIDE_NAME, OWN_NAME};
use crate::deploy::marker::{Marker, digest, is_renewed, renewed, without_marker};
use crate::deploy::options::ConfigOptions;
use crate::deploy::standalone::SETTINGS_NAME;
use crate::deploy::template::Document;
use crate::store::{
    Committed, Directory, Existing, FileMode, FileRole, FileState, Owner, Protection, Reader, RelativePath,
    StagedFile, path_of,
};

/// All files that `config` writes, whatever the target.
const DOCUMENTS: [&str; 11] = [
    "user.yaml",
    SETTINGS_NAME,
    OVERRIDE_NAME,
    OWN_NAME,
    "milvus.yaml",
    "values.yaml",
    "secret.yaml",
    "rest-service.yaml",
    "certificates.yaml",
    "ca-secret.yaml",
    "issuer.yaml",
];

/// A folder, locked.
pub(super) struct Output {
    directory: Directory,
}

/// What makes the files.
pub(super) struct Maker<'a> {
    pub target: &'a str,
    /// The command, as it was typed but for --force.
    pub command: String,
    /// Its --out.
    pub out: String,
    pub options: &'a ConfigOptions,
    /// What is otherwise than the last time, because somebody said so.
    pub differences: &'a [String],
    /// The digests of the copies of certificates and keys that were written the last time, by their paths.
    pub known: &'a [(String, String)],
    /// Those of now.
    pub copies: BTreeMap<String, String>,
    /// Those that may still be there after an interruption.
    pub replaced: BTreeMap<String, String>,
}

/// A file that is to be in the folder.
pub(super) struct Wanted<'a> {
    pub path: RelativePath,
    pub content: &'a [u8],
    pub mode: FileMode,
    pub reader: Option<Reader>,
    pub kind: Kind<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// Of a certificate or a key.
    Copy,
    Rendered(&'a Document),
    /// Somebody's file with something added, and whether it has been written anew for that.
    Theirs {
        is_rewritten: bool,
    },
}

impl<'a> Wanted<'a> {
    pub(super) fn rendered(document: &'a Document) -> Self {
        Self {
            path: RelativePath::in_directory(document.name),
            content: document.content.as_bytes(),
            mode: document.mode,
            reader: None,
            kind: Kind::Rendered(document),
        }
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It says already what it is to say.
    Stays,
    /// There was none, or one that `config` had written.
    IsWritten,
    /// Somebody has edited it, and only what a renewal changes is replaced.
    IsRenewed,
    /// It is somebody's, with something added, and without its comments; a copy is kept.
    IsRewritten,
    /// It is somebody's, and a copy is kept.
    IsTheirs,
}

/// A file that is to be in the folder, and what is there.
struct Found<'a> {
    wanted: Wanted<'a>,
    state: Option<FileState>,
    /// What is to be in it, with its marker.
    content: Zeroizing<Vec<u8>>,
    fate: Fate,
    /// Whether it could say more than it does, since somebody edited it.
    is_behind: bool,
}

/// What is to be written, and may be.
pub(super) struct Plan<'a> {
    found: Vec<Found<'a>>,
}

/// What was written.
pub(super) struct Written {
    /// Each file with its mode, and whether it was changed.
    pub files: Vec<(PathBuf, FileMode, bool)>,
    /// Where the files are that were somebody's.
    pub backup: Option<PathBuf>,
    pub notes: Vec<Note>,
}

impl Written {
    /// With what was written into another folder.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self.notes.extend(other.notes);
        Self { backup: self.backup.or(other.backup), ..self }
    }
}

impl Output {
    /// # Errors
    /// As [`Directory::open_output`].
    pub(super) fn open(folder: &Path, protection: Protection) -> Result<Self, Error> {
        Ok(Self { directory: Directory::open_output(folder, protection)? })
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The markers of all files of `config` in the folder, each target once.
    pub(super) fn markers(&self) -> Vec<Marker> {
        let mut markers: Vec<Marker> = Vec::new();
        for name in DOCUMENTS {
            // What cannot be read matters where it is to be replaced.
            let Ok(Some(content)) = self.directory.read(RelativePath::in_directory(name)) else { continue };
            let Some(marker) = std::str::from_utf8(&content).ok().and_then(Marker::of) else { continue };
            match markers.iter_mut().find(|found| found.config == marker.config) {
                Some(found) => {
                    found.copies.extend(marker.copies);
                    found.replaced.extend(marker.replaced);
                }
                None => markers.push(marker),
            }
        }
        markers
    }

    /// The digests of what is in the place of copies, where it is something else.
    ///
    /// # Errors
    /// If that cannot be read.
    pub(super) fn replaced(&self, copies: &[Wanted<'_>]) -> Result<BTreeMap<String, String>, Error> {
        let mut replaced = BTreeMap::new();
        for copy in copies {
            if let Some(old) = self.directory.read(copy.path.clone())?.filter(|old| **old != *copy.content) {
                replaced.insert(copy.path.to_string(), digest(&old));
            }
        }
        Ok(replaced)
    }

    /// What has to be written.
    ///
    /// # Errors
    /// Without `force`: if something in the way is somebody's, or was made with other options.
    pub(super) fn plan<'a>(
        &self,
        maker: &Maker<'_>,
        wanted: Vec<Wanted<'a>>,
        force: bool,
    ) -> Result<Plan<'a>, Error> {
        let found =
            wanted.into_iter().map(|wanted| self.look(maker, wanted)).collect::<Result<Vec<_>, _>>()?;
        if !force {
            self.refuse(maker, &found)?;
        }
        Ok(Plan { found })
    }

    /// Writes what is not there yet, all or nothing.
    pub(super) fn write(&mut self, Plan { found }: Plan<'_>, now: OffsetDateTime) -> Result<Written, Error> {
        let theirs: Vec<_> =
            found.iter().filter(|file| matches!(file.fate, Fate::IsTheirs | Fate::IsRewritten)).collect();
        let existing = if theirs.is_empty() { Existing::Replace } else { Existing::BackUp(now) };
        let staged: Vec<_> =
            found.iter().filter(|file| file.fate != Fate::Stays).map(Found::staged).collect();
        let committed = match staged.as_slice() {
            [] => None,
            staged => Some(self.directory.write(staged, existing, |_| Ok(()))?),
        };
        let mut notes: Vec<_> = committed.iter().flat_map(Committed::owners_not_kept).collect();
        let (backup, left) = committed.map_or((None, None), |done| (done.backup, done.left));
        notes.extend(left);
        let (rewritten, replaced): (Vec<_>, Vec<_>) =
            theirs.into_iter().partition(|file| file.fate == Fate::IsRewritten);
        if let (Some(backup), [_, ..]) = (&backup, &*replaced) {
            let (verb, object) = if replaced.len() == 1 { ("was", "it") } else { ("were", "them") };
            let (files, backup) = (self.listed(&replaced), backup.display());
            let message =
                format!("{files} {verb} not as `config` had written {object}: {backup} has what was there");
            notes.push(Note::new("replaced-yours", message));
        }
        if let (Some(backup), [_, ..]) = (&backup, &*rewritten) {
            let (files, backup) = (self.listed(&rewritten), backup.display());
            let message = format!(
                "{files}: written anew with the settings of TLS, and without its comments: {backup} has what was there"
            );
            notes.push(Note::new("rewritten-yours", message));
        }
        let is_new_ca = |file: &&Found<'_>| {
            file.wanted.path.name() == FileRole::CaCertificate.file_name()
                && file.state.is_some()
                && file.fate != Fate::Stays
        };
        if let Some(ca) = found.iter().find(is_new_ca) {
            let message = format!(
                "{} is another one than before: give it to all clients before Milvus is restarted",
                self.listed(&[ca])
            );
            notes.push(Note::new("ca-changed", message));
        }
        let behind: Vec<_> = found.iter().filter(|file| file.is_behind).collect();
        if !behind.is_empty() {
            let files = self.listed(&behind);
            let message = format!(
                "{files}: edited since `config` wrote it, and left so; remove it, and `config` makes it anew"
            );
            notes.push(Note::new("kept-as-edited", message));
        }
        let files = found.iter().map(|file| {
            let path = path_of(self.path(), file.wanted.path.clone());
            (path, file.mode(), file.fate != Fate::Stays)
        });
        Ok(Written { files: files.collect(), backup, notes })
    }

    /// What is in the place of a file.
    fn look<'a>(&self, maker: &Maker<'_>, wanted: Wanted<'a>) -> Result<Found<'a>, Error> {
        let marker = |document: &Document| {
            // A renewal leaves the others as they are.
            let (copies, replaced) = match is_renewed(document) {
                true => (maker.copies.clone(), maker.replaced.clone()),
                false => Default::default(),
            };
            Marker::new(maker.target, maker.options, copies, replaced, document)
        };
        let with_marker =
            |marker: Marker, text: &str| Zeroizing::new(marker.added_to(text).as_bytes().to_vec());
        let content = match wanted.kind {
            Kind::Rendered(document) => with_marker(marker(document), &document.content),
            Kind::Copy | Kind::Theirs { .. } => Zeroizing::new(wanted.content.to_vec()),
        };
        let state = self.directory.state(wanted.path.clone())?;
        let mut found = Found { wanted, state, content, fate: Fate::IsTheirs, is_behind: false };
        let Some(old) = self.directory.read(found.wanted.path.clone())? else {
            found.fate = Fate::IsWritten;
            return Ok(found);
        };
        let text = std::str::from_utf8(&old).unwrap_or_default();
        let made = Marker::of(text).filter(|made| made.config == maker.target);
        match (found.wanted.kind, made) {
            _ if old == found.content && found.is_readable() && found.is_protected() => {
                found.fate = Fate::Stays;
            }
            _ if old == found.content => found.fate = Fate::IsWritten,
            (Kind::Theirs { is_rewritten: false }, _) => found.fate = Fate::IsWritten,
            (Kind::Theirs { is_rewritten: true }, _) => found.fate = Fate::IsRewritten,
            (Kind::Copy, _) if maker.known.contains(&(found.wanted.path.to_string(), digest(&old))) => {
                found.fate = Fate::IsWritten;
            }
            (Kind::Rendered(_), Some(made)) if !made.is_of_edited(text) => found.fate = Fate::IsWritten,
            (Kind::Rendered(document), Some(made)) if maker.differences.is_empty() => {
                if let Some(renewed) = renewed(text, document) {
                    let is_as_before = *renewed == *without_marker(text)
                        && made.options == *maker.options
                        && found.is_protected();
                    found.fate = if is_as_before { Fate::Stays } else { Fate::IsRenewed };
                    found.is_behind = !made.has_shape_of(document);
                    found.content = with_marker(marker(document).with_shape_of(&made), &renewed);
                }
            }
            _ => {}
        }
        Ok(found)
    }

    fn refuse(
        &self,
        Maker { command, differences, out, .. }: &Maker<'_>,
        found: &[Found<'_>],
    ) -> Result<(), Error> {
        let theirs: Vec<_> = found.iter().filter(|file| file.fate == Fate::IsTheirs).collect();
        let error = match theirs.as_slice() {
            [] if differences.is_empty() || found.iter().all(|file| file.fate == Fate::Stays) => return Ok(()),
            [] => Error::new(format!(
                "{}: made with other options, and now with {}",
                self.path().display(),
                listed(differences)
            ))
            .with_hint(format!(
                "--force makes the files anew with these; `milvus-certs config refresh --out {out}` keeps those of before"
            )),
            theirs => {
                let (verb, object) = if theirs.len() == 1 { ("is", "it") } else { ("are", "them") };
                Error::new(format!(
                    "{}: {verb} there already, and not as `config` wrote {object}",
                    self.listed(theirs)
                ))
                .with_hint(format!(
                    "`{command} --force` replaces what is there, and keeps a copy in backup-<time>; or choose another folder with --out"
                ))
            }
        };
        Err(error.of_kind(ErrorKind::AlreadyThere))
    }

    fn listed(&self, files: &[&Found<'_>]) -> String {
        let paths =
            files.iter().map(|file| path_of(self.path(), file.wanted.path.clone()).display().to_string());
        listed(&paths.collect::<Vec<_>>())
    }
}

impl Found<'_> {
    /// Whether what is there is closed to others, if it has a key.
    fn is_protected(&self) -> bool {
        let may_be_key = |state: &FileState| state.mode.for_key().is_some();
        self.wanted.mode.for_key().is_none() || self.state.as_ref().is_some_and(may_be_key)
    }

    /// Whether who has to read what is there may do that.
    fn is_readable(&self) -> bool {
        self.wanted.reader.is_none_or(|reader| self.state.as_ref().is_some_and(|state| state.is_for(reader)))
    }

    /// A mode that somebody has given the file stays, if it lets nobody read a key.
    fn mode(&self) -> FileMode {
        let kept = self.state.as_ref().map(|state| state.mode);
        match self.wanted.mode.for_key() {
            Some(_) => kept.and_then(FileMode::for_key).unwrap_or(self.wanted.mode),
            None => kept.unwrap_or(self.wanted.mode),
        }
    }

    fn staged(&self) -> StagedFile<'_> {
        let (owner, reader) = self.access();
        StagedFile {
            path: self.wanted.path.clone(),
            content: &self.content,
            mode: self.mode(),
            owner,
            reader,
        }
    }

    /// Whose it is to be, and who else may read it. Root gives a key to who has to read it; others, who cannot, let one
    /// user more read what is theirs.
    fn access(&self) -> (Option<Owner>, Option<Reader>) {
        let owner = self.state.as_ref().map(|state| state.owner);
        match self.wanted.reader {
            None => (owner, None),
            Some(_) if Owner::may_be_any() && self.is_readable() => (owner, None),
            Some(reader) if Owner::may_be_any() => (Some(Owner::of_user(reader.user)), None),
            Some(reader) => (owner.filter(|owner| owner.is_runner()), Some(reader)),
        }
    }
}
