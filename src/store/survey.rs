use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::directory::{POLL, is_interrupted, open};
use super::fs::Identity;
use super::{Error, FileMode, FileRole, INVENTORY, ISSUED_FOLDER, IssuedName, fs, journal};

/// What lies in a certificate directory, whatever state it is in. Looking changes nothing, needs no
/// permission to write, and follows symbolic links, as Kubernetes mounts Secrets.
#[derive(Debug)]
pub struct Survey {
    /// The path that it was opened by.
    pub path: PathBuf,
    /// Whether a run was interrupted, and its files wait to be completed or undone.
    pub is_interrupted: bool,
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
    /// Whether a run was interrupted in it.
    is_interrupted: bool,
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
            let is_interrupted = is_interrupted(&fd).map_err(unreadable)?;
            let view = Self { path: path.to_owned(), fd, is_interrupted };
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

    /// What is different as soon as a run has begun or ended, or has put a file into its place.
    fn moment(&self) -> io::Result<Vec<Option<Identity>>> {
        let names = [".", ISSUED_FOLDER, journal::STAGED, journal::COMMIT];
        let issued =
            [INVENTORY, journal::STAGED, journal::COMMIT].map(|name| format!("{ISSUED_FOLDER}/{name}"));
        let names = names.into_iter().chain(FileRole::ALL.map(FileRole::file_name)).chain(KUBERNETES_TLS);
        names.chain(issued.iter().map(String::as_str)).map(|name| fs::identity(&self.fd, name)).collect()
    }

    /// Whether a run was interrupted in it.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }

    /// Whether a run was interrupted in a folder, which is at a path from the directory, or from the root.
    ///
    /// # Errors
    /// If it is there, and there is no telling.
    pub fn is_interrupted_in(&self, folder: &str) -> Result<bool, Error> {
        let path = self.path.join(folder);
        match open(&path) {
            Err(Error::NotFound { .. }) => Ok(false),
            opened => {
                is_interrupted(&opened?).map_err(|source| Error::Directory { path, action: "search", source })
            }
        }
    }

    /// The files of the directory itself.
    #[must_use]
    pub fn survey(&self) -> Survey {
        let files = FileRole::AS_LISTED.into_iter().filter_map(|role| read(&self.fd, role)).collect();
        let mounted = KUBERNETES_TLS.into_iter().filter_map(|name| read_mounted(&self.fd, name)).collect();
        Survey { path: self.path.clone(), is_interrupted: self.is_interrupted, files, mounted }
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is at a path from the directory, or from the root; nothing where nothing is.
    #[must_use]
    pub fn look(&self, path: &str) -> Option<SeenFile> {
        let content = fs::look(&self.fd, path)?;
        Some(SeenFile { mode: mode(&self.fd, path), content })
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

fn read(directory: &OwnedFd, role: FileRole) -> Option<SurveyedFile> {
    let name = role.file_name();
    let content = fs::look(directory, name)?;
    Some(SurveyedFile { role, mode: mode(directory, name), content })
}

fn read_mounted(directory: &OwnedFd, name: &'static str) -> Option<MountedFile> {
    let content = fs::look(directory, name)?;
    Some(MountedFile { name, mode: mode(directory, name), content })
}
