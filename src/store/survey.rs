use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{StatVfsMountFlags, fstat, fstatvfs};
use zeroize::Zeroizing;

use crate::base::error::{Error, ErrorKind};
use crate::store::directory::open;
use crate::store::error::{about, unsearchable};
use crate::store::file_system;
use crate::store::fs::{self, Content, Entry, Identity, MAX_FILE_SIZE, read_file};
use crate::store::issued::{INVENTORY, ISSUED_FOLDER, IssuedFolder, IssuedName, NEXT_FOLDER};
use crate::store::journal::{self, Interruption, POLL, interruption};
use crate::store::layout::{FileRole, RelativePath, path_of};
use crate::store::mode::{FileMode, Named, READ, WRITE};
use crate::store::trust::{Trusted, Writer};
use crate::x509::certificates_from_pem;

/// What lies in a certificate directory, whatever state it is in.
#[derive(Debug)]
pub(crate) struct Survey {
    pub path: PathBuf,
    /// Files that lie anywhere, in the place of a directory.
    pub named: Vec<(FileRole, PathBuf)>,
    pub interruption: Option<Interruption>,
    /// Whose it is, where it is the folder of something that was issued, in its place or copied to where it is used.
    pub issued: Option<IssuedFolder>,
    /// The files that are there, in the order in which the documentation page names them.
    pub files: Vec<(FileRole, SeenFile)>,
    /// The files of a Kubernetes Secret that are there, by their names.
    pub mounted: Vec<(&'static str, SeenFile)>,
}

/// The names in a Secret of the type `kubernetes.io/tls`, and the CA certificate that cert-manager adds.
const KUBERNETES_TLS: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

#[derive(Debug)]
pub(crate) struct SeenFile {
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, Unreadable>,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    reason: String,
    /// Whoever looks may not read it; others may.
    pub is_denied: bool,
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self { reason: error.to_string(), is_denied: error.kind() == io::ErrorKind::PermissionDenied }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// A certificate directory that is read without a lock. Looking changes nothing, needs no permission to write,
/// and follows symbolic links, as Kubernetes mounts Secrets.
#[derive(Debug)]
pub(crate) struct View {
    path: PathBuf,
    fd: OwnedFd,
    interruption: Option<Interruption>,
    /// The folders in which a run has decided on new files, and has not put them all into place. They are read
    /// as that run, or the next one, will leave them.
    decided: Vec<&'static str>,
}

/// Who may do what with a file beside what its mode says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileAccess {
    /// Whose it is, by number.
    pub owner: u32,
    /// Whether that is root, who runs this, or whose ca.key it is.
    pub is_trusted: bool,
    /// Whether that is whose the directory is.
    pub is_of_directory: bool,
    /// Whom its access control list lets read or change it.
    pub named: Vec<Named>,
}

impl View {
    /// Reads a directory, again where a run changed it meanwhile: what was read is what was there at one moment.
    ///
    /// # Errors
    /// If it is missing, no folder or not accessible, or changes all the time. What `read` says.
    pub(crate) fn of<T>(path: &Path, read: impl Fn(&Self) -> Result<T, Error>) -> Result<T, Error> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let start = Instant::now();
        loop {
            let view = Self::open(path)?;
            let before = view.moment().map_err(unsearchable(path))?;
            let read = read(&view)?;
            if view.moment().map_err(unsearchable(path))? == before {
                return Ok(read);
            }
            if start.elapsed() > PATIENCE {
                let what = "changed while it was read, again and again for";
                return Err(about(path, format_args!("{what} {} seconds", PATIENCE.as_secs()))
                    .with_hint("wait until the other run ends, then run this again".to_owned()));
            }
            thread::sleep(POLL);
        }
    }

    fn open(path: &Path) -> Result<Self, Error> {
        let fd = open(path)?;
        let look = || -> io::Result<_> {
            let own = interruption(&fd)?;
            let mut decided = Vec::new();
            if is_decided(&fd, own.as_ref())? {
                decided.push("");
            }
            let issued = match fs::entry(&fd, ISSUED_FOLDER)? {
                Entry::Folder => fs::open_subdirectory(&fd, ISSUED_FOLDER),
                _ => Ok(None),
            };
            // Who may not open it sees nothing of it anyway.
            if let Ok(Some(issued)) = issued
                && is_decided(&issued, interruption(&issued)?.as_ref())?
            {
                decided.push(ISSUED_FOLDER);
            }
            Ok((own, decided))
        };
        let (interruption, decided) = look().map_err(unsearchable(path))?;
        Ok(Self { path: path.to_owned(), fd, interruption, decided })
    }

    /// Where a file is that a path from the directory names: in its place, or on its way there.
    fn way_to(&self, path: &str) -> io::Result<String> {
        for folder in &self.decided {
            let Ok(rest) = Path::new(path).strip_prefix(folder) else { continue };
            let waiting = Path::new(folder).join(journal::COMMIT).join(rest).display().to_string();
            if fs::identity(&self.fd, &waiting)?.is_some() {
                return Ok(waiting);
            }
        }
        Ok(path.to_owned())
    }

    /// What is different as soon as a run has begun or ended, or has put a file into its place.
    fn moment(&self) -> io::Result<Vec<Option<Identity>>> {
        let names = [".", ISSUED_FOLDER, journal::STAGED, journal::COMMIT];
        let issued =
            [INVENTORY, journal::STAGED, journal::COMMIT].map(|name| format!("{ISSUED_FOLDER}/{name}"));
        let names = names.into_iter().chain(FileRole::ALL.map(FileRole::file_name)).chain(KUBERNETES_TLS);
        names.chain(issued.iter().map(String::as_str)).map(|name| fs::identity(&self.fd, name)).collect()
    }

    pub(crate) fn interruption(&self) -> Option<&Interruption> {
        self.interruption.as_ref()
    }

    /// What an interrupted run left in a folder, which is at a path from the directory, or from the root.
    pub(crate) fn interruption_in(&self, folder: &Path) -> Result<Option<Interruption>, Error> {
        let path = self.path.join(folder);
        match open(&path) {
            Err(error) if error.kind() == ErrorKind::NoFolder => Ok(None),
            opened => interruption(&opened?).map_err(unsearchable(&path)),
        }
    }

    /// Who could change the directory, or a folder in it whose content is believed, besides those who may.
    /// Nobody can change what is mounted read-only.
    pub(crate) fn writers(&self) -> io::Result<Vec<(PathBuf, Writer)>> {
        // As Kubernetes mounts Secrets.
        if fstatvfs(&self.fd)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Ok(Vec::new());
        }
        let trusted = Trusted::of(&self.fd)?;
        let writer = trusted.other_writer(&self.fd)?;
        let mut writers: Vec<_> = writer.map(|writer| (self.path.clone(), writer)).into_iter().collect();
        for name in [ISSUED_FOLDER, NEXT_FOLDER] {
            let writer = trusted.other_writer_in(&self.fd, name)?;
            writers.extend(writer.map(|writer| (self.path.join(name), writer)));
        }
        Ok(writers)
    }

    /// The nearest folder above the directory in which others could put another directory in its place.
    pub(crate) fn writer_above(&self) -> io::Result<Option<(PathBuf, Writer)>> {
        let trusted = Trusted::of(&self.fd)?;
        for folder in self.path.canonicalize()?.ancestors().skip(1) {
            let opened = match fs::open_directory(folder) {
                Ok(opened) => opened,
                // Whoever may pass a folder need not be allowed to list it.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => continue,
                Err(error) => return Err(error),
            };
            // In a sticky folder everybody can move and remove their own alone.
            let is_sticky = fstat(&opened)?.st_mode & 0o1000 != 0;
            let writer = trusted.other_writer(&opened)?;
            if let Some(writer) = writer.filter(|writer| !is_sticky || matches!(writer, Writer::Owner(_))) {
                return Ok(Some((folder.to_owned(), writer)));
            }
        }
        Ok(None)
    }

    /// Whether the file system may be one that keeps no modes.
    pub(crate) fn may_lack_modes(&self) -> bool {
        file_system::may_lack_modes(&self.fd)
    }

    /// Who may do what with a file beside what its mode says.
    pub(crate) fn access(&self, file: &str) -> io::Result<FileAccess> {
        let state = fs::state(&self.fd, file)?;
        let owner = state.owner.user;
        let named = state.acl.map(|acl| acl.named_with(READ | WRITE)).unwrap_or_default();
        Ok(FileAccess {
            owner,
            is_trusted: Trusted::of(&self.fd)?.has(owner),
            is_of_directory: owner == fstat(&self.fd)?.st_uid,
            named,
        })
    }

    /// The files of the directory itself.
    pub(crate) fn survey(&self) -> Survey {
        let files =
            FileRole::AS_LISTED.into_iter().filter_map(|role| Some((role, self.look(role.file_name())?)));
        let mut files: Vec<_> = files.collect();
        let has_ca_alone = files.iter().all(|(role, _)| *role == FileRole::CaCertificate);
        let issued = self.whose(!files.is_empty()).filter(|_| has_ca_alone);
        if let Some(folder) = &issued {
            let (key, certificate) = FileRole::pair_of(folder.kind);
            let own = [key, certificate].into_iter();
            files.extend(own.filter_map(|role| Some((role, self.look(&folder.name_of(role))?))));
        }
        let mounted = KUBERNETES_TLS.into_iter().filter_map(|name| Some((name, self.look(name)?)));
        Survey {
            path: self.path.clone(),
            named: Vec::new(),
            interruption: self.interruption.clone(),
            issued,
            files,
            mounted: mounted.collect(),
        }
    }

    /// Whose folder it is, by a certificate of its own name; with a ca.pem, by the one certificate beside that.
    fn whose(&self, has_ca: bool) -> Option<IssuedFolder> {
        let called = self.path.canonicalize().ok();
        let called = called.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()?.parse().ok());
        let of = |name: IssuedName| {
            let content = self.look(&name.certificate_file())?.content.ok()?;
            let kind = certificates_from_pem(&content).ok()?.first()?.kind();
            Some(IssuedFolder { name, kind })
        };
        called.and_then(of).or_else(|| {
            let names = fs::list(&self.fd).ok().filter(|_| has_ca)?;
            let names = names.iter().filter_map(|name| name.to_str()?.strip_suffix(".pem")?.parse().ok());
            let mut folders = names.filter_map(of);
            folders.next().filter(|_| folders.next().is_none())
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is at a path from the directory, or from the root; nothing where nothing is.
    pub(crate) fn look(&self, path: &str) -> Option<SeenFile> {
        let way = self.way_to(path);
        let mode = way.as_ref().ok().and_then(|path| fs::state(&self.fd, path).ok()).map(|state| state.mode);
        let content = way.and_then(|path| self.read(&path)).map_err(Unreadable::from).transpose()?;
        Some(SeenFile { mode, content })
    }

    fn read(&self, path: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        match fs::read(&self.fd, path)? {
            Content::Bytes(bytes) => Ok(Some(bytes)),
            Content::NotAFile => Err(io::Error::other("it is not a regular file")),
            Content::TooLarge => Err(io::Error::other(format!("it is larger than {MAX_FILE_SIZE} bytes"))),
            Content::Absent if fs::exists(&self.fd, path)? => {
                Err(io::Error::other("it is a symbolic link that leads nowhere"))
            }
            Content::Absent => Ok(None),
        }
    }

    /// Opens the inventory; nothing where nothing was issued yet.
    pub(crate) fn inventory(&self) -> io::Result<Option<File>> {
        match fs::open_in(&self.fd, &format!("{ISSUED_FOLDER}/{INVENTORY}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The names of the folders of what was issued, whether it is in the inventory or not.
    pub(crate) fn issued(&self) -> io::Result<Vec<IssuedName>> {
        let Some(folder) = fs::open_subdirectory(&self.fd, ISSUED_FOLDER)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for name in fs::list(&folder)? {
            if fs::entry(&folder, &name)? == Entry::Folder {
                names.extend(name.to_str().and_then(|name| name.parse().ok()));
            }
        }
        Ok(names)
    }
}

impl Survey {
    /// Reads a directory as it is at one moment.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        View::of(path, |view| Ok(view.survey()))
    }

    /// Reads files that lie anywhere.
    pub(crate) fn of_files(named: Vec<(FileRole, PathBuf)>) -> Result<Self, Error> {
        let look = |(role, path): &(FileRole, PathBuf)| -> Result<_, Error> {
            Ok((*role, SeenFile { mode: None, content: Ok(read_file(path)?) }))
        };
        let files = named.iter().map(look).collect::<Result<_, _>>()?;
        let path = PathBuf::new();
        Ok(Self { path, named, interruption: None, issued: None, files, mounted: Vec::new() })
    }

    /// What a file is called in it.
    pub(crate) fn name_of(&self, role: FileRole) -> Cow<'static, str> {
        self.issued.as_ref().map_or(role.file_name().into(), |folder| folder.name_of(role))
    }

    pub(crate) fn path_of(&self, role: FileRole) -> PathBuf {
        match self.named.iter().find(|(named, _)| *named == role) {
            Some((_, path)) => path.clone(),
            None => path_of(&self.path, RelativePath::in_directory(self.name_of(role))),
        }
    }

    pub(crate) fn file(&self, role: FileRole) -> Option<&SeenFile> {
        self.files.iter().find(|(found, _)| *found == role).map(|(_, file)| file)
    }
}

/// Whether a run of this user has decided on new files, which another is putting into place, or will.
fn is_decided(folder: &OwnedFd, found: Option<&Interruption>) -> io::Result<bool> {
    match found {
        Some(Interruption::Own | Interruption::AtWork) => journal::is_decided(folder),
        Some(Interruption::NotOwn { .. }) | None => Ok(false),
    }
}
