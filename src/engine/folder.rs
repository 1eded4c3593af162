//! The folders of what was issued.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, ErrorKind};
use crate::engine::inventory::{self, Inventory};
use crate::store::{Access, Directory, ISSUED_FOLDER, RelativePath, unreadable};

/// The folder with the folders of what was issued.
pub(crate) struct IssuedFolder {
    pub(crate) directory: Directory,
    /// Its path as reports name it.
    pub(crate) path: PathBuf,
    /// Its path as the inventory names it.
    recorded: String,
}

impl IssuedFolder {
    /// Opens `issued` in a certificate directory, or the folder that was chosen instead.
    pub(crate) fn open(
        certificates: &Directory,
        chosen: Option<&Path>,
        access: Access,
    ) -> Result<Self, Error> {
        let path = Self::path(certificates.path(), chosen);
        let own = canonical(certificates.path())?;
        if own.is_some() && canonical(&path)? == own {
            let message = format!(
                "{}: is the certificate directory itself, and what is issued needs a folder of its own",
                path.display()
            );
            return Err(Error::new(message).with_hint("leave --out out, or name another folder".to_owned()));
        }
        // A link would lead out of the directory.
        if chosen.is_none() || path.starts_with(certificates.path()) {
            certificates.state(inventory::path())?;
        }
        let directory = certificates.open_beside(&path, access)?;
        let recorded = recorded(own.as_deref().unwrap_or(certificates.path()), &path)?;
        Ok(Self { directory, path, recorded })
    }

    /// The same; nothing where there is no such folder.
    pub(crate) fn open_if_there(
        certificates: &Directory,
        chosen: Option<&Path>,
        access: Access,
    ) -> Result<Option<Self>, Error> {
        match Self::open(certificates, chosen, access) {
            Err(error) if error.kind() == ErrorKind::NoFolder => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// All that there may be: `issued` itself, those of the inventory, and another one.
    pub(crate) fn all(
        certificates: &Directory,
        inventory: &Inventory,
        output: Option<&Path>,
    ) -> Vec<Option<PathBuf>> {
        let recorded =
            inventory.members().into_iter().map(|members| certificates.path().join(members.folder));
        let own = certificates.path().join(ISSUED_FOLDER);
        let mut all: Vec<_> = recorded.filter(|folder| *folder != own).map(Some).collect();
        all.push(None);
        all.extend(output.map(|output| Some(output.to_owned())).filter(|output| !all.contains(output)));
        all
    }

    /// The path of a file in it, as the inventory names it.
    pub(crate) fn recorded(&self, file: &RelativePath) -> String {
        format!("{}/{file}", self.recorded)
    }

    pub(crate) fn path(certificates: &Path, chosen: Option<&Path>) -> PathBuf {
        chosen.map_or_else(|| below(certificates, ISSUED_FOLDER), Path::to_owned)
    }
}

/// A path from a directory, as people name it.
pub(crate) fn below(directory: &Path, path: impl AsRef<Path>) -> PathBuf {
    let directory = if directory == Path::new(".") { Path::new("") } else { directory };
    directory.join(path)
}

/// A path from the certificate directory, or where it is not in that, from the root.
fn recorded(certificates: &Path, folder: &Path) -> Result<String, Error> {
    let folder = canonical(folder)?.unwrap_or_else(|| folder.to_owned());
    Ok(folder.strip_prefix(certificates).unwrap_or(&folder).display().to_string())
}

/// The path without links; nothing where nothing is there.
fn canonical(path: &Path) -> Result<Option<PathBuf>, Error> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path)(error)),
        Ok(path) => Ok(Some(path)),
    }
}
