use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::store::acl::{self, Named};
use crate::store::directory::{POLL, interruption, open};
use crate::store::fs::Identity;
use crate::store::trust::Trusted;
use crate::store::{
    Error, FileMode, FileRole, INVENTORY, ISSUED_FOLDER, Interruption, IssuedName, NEXT_FOLDER, Writer, fs,
    journal,
};

/// What lies in a certificate directory, whatever state it is in. Looking changes nothing, needs no
/// permission to write, and follows symbolic links, as Kubernetes mounts Secrets.
#[derive(Debug)]
pub struct Survey {
    /// The path that it was opened by.
    pub path: PathBuf,
    /// What an interrupted run left, if there is such a thing.
    pub interruption: Option<Interruption>,
    /// The files that are there, in the order in which the documentation page names them.
    pub files: Vec<SurveyedFile>,
    /// The files of a Kubernetes Secret that are there.
    pub mounted: Vec<MountedFile>,
}

/// The names in a Secret of the type `kubernetes.io/tls`, and the authority that cert-manager adds.
const KUBERNETES_TLS: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// A file as Kubernetes mounts it of a Secret.
#[derive(Debug)]
pub struct MountedFile {
    /// Its name.
    pub name: &'static str,
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, String>,
}

/// A file of a [`Survey`].
#[derive(Debug)]
pub struct SurveyedFile {
    /// Which.
    pub role: FileRole,
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, String>,
}

/// A certificate directory that is read without a lock. Looking needs no permission to write, and follows
/// symbolic links.
#[derive(Debug)]
pub struct View {
    path: PathBuf,
    fd: OwnedFd,
    /// What an interrupted run left in it.
    interruption: Option<Interruption>,
    /// The folders in which a run has decided on new files, and has not put them all into place. They are read
    /// as that run, or the next one, will leave them.
    decided: Vec<&'static str>,
}

/// Who may do what with a file beside what its mode says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAccess {
    /// Whose it is, by number.
    pub owner: u32,
    /// Whether that is root, who runs this, or whose ca.key it is.
    pub is_trusted: bool,
    /// Whether that is whose the directory is.
    pub is_of_directory: bool,
    /// Whom its access control list lets read or change it.
    pub named: Vec<Named>,
}

/// What can be seen of a file.
#[derive(Debug)]
pub struct SeenFile {
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, String>,
}

impl View {
    /// Reads a directory, again where a run changed it meanwhile: what was read is what was there at one moment.
    ///
    /// # Errors
    /// If it is missing, no folder or not accessible, or changes all the time. What `read` says.
    pub fn of<T, E: From<Error>>(path: &Path, read: impl Fn(&Self) -> Result<T, E>) -> Result<T, E> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let start = Instant::now();
        loop {
            let fd = open(path)?;
            let unreadable = |source| Error::Directory { path: path.to_owned(), action: "search", source };
            let own = interruption(&fd).map_err(unreadable)?;
            let mut view = Self { path: path.to_owned(), fd, interruption: own, decided: Vec::new() };
            view.find_decided().map_err(unreadable)?;
            let before = view.moment().map_err(unreadable)?;
            let read = read(&view)?;
            if view.moment().map_err(unreadable)? == before {
                return Ok(read);
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::Changing { path: path.to_owned(), waited: PATIENCE }.into());
            }
            thread::sleep(POLL);
        }
    }

    fn find_decided(&mut self) -> io::Result<()> {
        let is_decided = |folder: &OwnedFd, found: Option<&Interruption>| {
            Ok::<_, io::Error>(match found {
                Some(Interruption::Own | Interruption::AtWork) => journal::Left::of(folder)?.commit,
                _ => false,
            })
        };
        if is_decided(&self.fd, self.interruption.as_ref())? {
            self.decided.push("");
        }
        let issued = match fs::entry(&self.fd, ISSUED_FOLDER)? {
            fs::Entry::Folder => fs::open_subdirectory(&self.fd, ISSUED_FOLDER),
            _ => Ok(None),
        };
        // Who may not look into it sees nothing of it anyway.
        if let Ok(Some(issued)) = issued
            && is_decided(&issued, interruption(&issued)?.as_ref())?
        {
            self.decided.push(ISSUED_FOLDER);
        }
        Ok(())
    }

    /// Where a file is that a path from the directory names: in its place, or on its way there.
    fn way_to(&self, path: &str) -> io::Result<String> {
        for folder in &self.decided {
            let rest = match *folder {
                "" => Some(path),
                folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            let waiting =
                rest.map(|rest| Path::new(folder).join(journal::COMMIT).join(rest).display().to_string());
            if let Some(waiting) = waiting
                && fs::identity(&self.fd, &waiting)?.is_some()
            {
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

    /// What an interrupted run left in it.
    #[must_use]
    pub fn interruption(&self) -> Option<&Interruption> {
        self.interruption.as_ref()
    }

    /// What an interrupted run left in a folder, which is at a path from the directory, or from the root.
    ///
    /// # Errors
    /// If it is there, and there is no telling.
    pub fn interruption_in(&self, folder: &Path) -> Result<Option<Interruption>, Error> {
        let path = self.path.join(folder);
        match open(&path) {
            Err(Error::NotFound { .. }) => Ok(None),
            opened => {
                interruption(&opened?).map_err(|source| Error::Directory { path, action: "search", source })
            }
        }
    }

    /// Who could change the directory, or a folder in it whose content is believed, besides those who may.
    /// Nobody can change what is mounted read-only.
    ///
    /// # Errors
    /// If there is no telling.
    pub fn writers(&self) -> io::Result<Vec<(PathBuf, Writer)>> {
        if fs::is_read_only(&self.fd)? {
            return Ok(Vec::new());
        }
        let trusted = Trusted::of(&self.fd)?;
        let mut writers: Vec<_> =
            trusted.stranger(&self.fd)?.map(|writer| (self.path.clone(), writer)).into_iter().collect();
        for name in [ISSUED_FOLDER, NEXT_FOLDER] {
            let writer = trusted.stranger_in(&self.fd, name)?;
            writers.extend(writer.map(|writer| (self.path.join(name), writer)));
        }
        Ok(writers)
    }

    /// The nearest folder above the directory in which others could put another directory in its place.
    ///
    /// # Errors
    /// If there is no telling.
    pub fn writer_above(&self) -> io::Result<Option<(PathBuf, Writer)>> {
        let trusted = Trusted::of(&self.fd)?;
        for folder in self.path.canonicalize()?.ancestors().skip(1) {
            let opened = match fs::open_directory(folder) {
                Ok(opened) => opened,
                // Whoever may pass a folder need not be allowed to list it.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => continue,
                Err(error) => return Err(error),
            };
            // In a sticky folder everybody can move and remove their own alone.
            let is_sticky = fs::is_sticky(&opened)?;
            if let Some(writer) =
                trusted.stranger(&opened)?.filter(|writer| !is_sticky || matches!(writer, Writer::Owner(_)))
            {
                return Ok(Some((folder.to_owned(), writer)));
            }
        }
        Ok(None)
    }

    /// Whether the file system may be one that keeps no modes.
    #[must_use]
    pub fn may_lack_modes(&self) -> bool {
        fs::may_lack_modes(&self.fd)
    }

    /// Who may do what with a file beside what its mode says.
    ///
    /// # Errors
    /// If there is no telling.
    pub fn access(&self, file: &str) -> io::Result<FileAccess> {
        let permissions = fs::permissions(&self.fd, file)?;
        let named = permissions.acl.map(|acl| acl.named_with(acl::READ | acl::WRITE)).unwrap_or_default();
        Ok(FileAccess {
            owner: permissions.owner.user,
            is_trusted: Trusted::of(&self.fd)?.has(permissions.owner.user),
            is_of_directory: permissions.owner.user == fs::owner(&self.fd)?.user,
            named,
        })
    }

    /// The files of the directory itself.
    #[must_use]
    pub fn survey(&self) -> Survey {
        let files = FileRole::AS_LISTED.into_iter().filter_map(|role| {
            let SeenFile { mode, content } = self.look(role.file_name())?;
            Some(SurveyedFile { role, mode, content })
        });
        let files = files.collect();
        let mounted = KUBERNETES_TLS.into_iter().filter_map(|name| read_mounted(&self.fd, name)).collect();
        Survey { path: self.path.clone(), interruption: self.interruption.clone(), files, mounted }
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is at a path from the directory, or from the root; nothing where nothing is.
    #[must_use]
    pub fn look(&self, path: &str) -> Option<SeenFile> {
        let path = match self.way_to(path) {
            Ok(path) => path,
            Err(error) => return Some(SeenFile { mode: None, content: Err(error.to_string()) }),
        };
        let content = fs::look(&self.fd, &path)?;
        Some(SeenFile { mode: mode(&self.fd, &path), content })
    }

    /// Opens the inventory; nothing where nothing was issued yet.
    ///
    /// # Errors
    /// If it cannot be opened, or is no file.
    pub fn inventory(&self) -> io::Result<Option<File>> {
        match fs::open_in(&self.fd, &format!("{ISSUED_FOLDER}/{INVENTORY}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The names of the folders of what was issued, whether it is in the inventory or not.
    ///
    /// # Errors
    /// If there is a folder for it that cannot be searched.
    pub fn issued(&self) -> io::Result<Vec<IssuedName>> {
        let Some(folder) = fs::open_subdirectory(&self.fd, ISSUED_FOLDER)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for name in fs::list(&folder)? {
            if fs::entry(&folder, &name)? == fs::Entry::Folder {
                names.extend(name.to_str().and_then(|name| name.parse().ok()));
            }
        }
        Ok(names)
    }
}

impl Survey {
    /// Reads a directory as it is at one moment.
    ///
    /// # Errors
    /// If it is missing, no folder, not accessible, or changes all the time.
    pub fn of(path: &Path) -> Result<Self, Error> {
        View::of(path, |view| Ok(view.survey()))
    }
}

fn mode(directory: &OwnedFd, name: &str) -> Option<FileMode> {
    fs::permissions(directory, name).ok().map(|permissions| permissions.mode)
}

fn read_mounted(directory: &OwnedFd, name: &'static str) -> Option<MountedFile> {
    let content = fs::look(directory, name)?;
    Some(MountedFile { name, mode: mode(directory, name), content })
}
