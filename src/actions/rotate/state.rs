//! How far the replacement of an authority is, read from the certificates themselves.

use serde::Serialize;

use crate::actions::issuance::Inventory;
use crate::actions::renew::{Member, Members};
use crate::actions::{Error, authority};
use crate::pki::{self, Certificate, EndEntityKind, KeyMaterial, certificates_from_pem};
use crate::store::{
    self, Access, Directory, EndEntityFiles, FileRole, NEXT_FOLDER, RelativePath, path_of, read_file,
};

/// How far the replacement of an authority is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationState {
    /// There is one authority.
    None,
    /// There is a new one, which ca.pem trusts beside the old; the old one still issues.
    Begun,
    /// The new one issues, and some certificates are still of the old one, or a run among them was
    /// interrupted.
    Issuing,
    /// All certificates are of the new one; ca.pem still trusts both.
    Issued,
}

/// What the certificates of a directory say.
pub(super) struct Rotation {
    pub(super) state: RotationState,
    /// ca.pem.
    pub(super) trusted: Vec<Certificate>,
    /// What every certificate file holds that is there: the directory's own, and what was issued.
    pub(super) chains: Vec<Vec<Certificate>>,
    /// How many of these each authority of ca.pem has issued.
    pub(super) issued: Vec<usize>,
    /// Beside how many of those that were issued another ca.pem lies.
    pub(super) behind: usize,
}

/// A file of the authority that is to come.
pub(super) fn next(role: FileRole) -> RelativePath {
    RelativePath::in_folder(NEXT_FOLDER, role.file_name())
}

impl Rotation {
    pub(super) fn read(directory: &Directory, inventory: &Inventory) -> Result<Self, Error> {
        let role = FileRole::CaCertificate;
        let missing = || Error::AuthorityMissing {
            directory: directory.path().to_owned(),
            path: directory.path_of(role),
        };
        let content = directory.read(role)?.ok_or_else(missing)?;
        let trusted = authority::authorities(&content).map_err(Error::in_file(directory.path_of(role)))?;
        let chains = chains(directory, inventory)?;
        let mut issued = vec![0; trusted.len()];
        for chain in &chains {
            let issuer = trusted.iter().position(|authority| stands_below(chain, authority));
            issuer.into_iter().for_each(|issuer| issued[issuer] += 1);
        }
        let state = match is_begun(directory, &trusted)? {
            true => RotationState::Begun,
            false if !is_last_issuing(directory, &trusted, &issued)? => RotationState::None,
            false if left(&issued) > 0 || is_interrupted(directory, inventory)? => RotationState::Issuing,
            false => RotationState::Issued,
        };
        let behind = behind(directory, inventory, &content)?;
        Ok(Self { state, trusted, chains, issued, behind })
    }

    /// How many certificates are of other authorities than the last.
    pub(super) fn left(&self) -> usize {
        left(&self.issued)
    }
}

fn left(issued: &[usize]) -> usize {
    issued.split_last().map_or(0, |(_, others)| others.iter().sum())
}

/// Whether an authority issued the first of a file's certificates, or one of those that stand between.
pub(super) fn stands_below(chain: &[Certificate], authority: &Certificate) -> bool {
    chain.iter().any(|certificate| certificate.is_issued_by(authority))
}

/// Whether there is an authority to come, which ca.pem trusts: one that a former ca.pem trusted is not.
fn is_begun(directory: &Directory, trusted: &[Certificate]) -> Result<bool, Error> {
    let role = FileRole::CaCertificate;
    let Some(waiting) = directory.read(next(role))? else { return Ok(false) };
    let waiting = certificates_from_pem(&waiting).map_err(Error::in_file(directory.path_of(next(role))))?;
    Ok(directory.read(next(FileRole::CaKey))?.is_some()
        && trusted.contains(&waiting[0])
        && !has_next_come(directory)?)
}

/// Whether the key of the authority that was to come is ca.key: its files outlive that moment.
fn has_next_come(directory: &Directory) -> Result<bool, Error> {
    let waiting = directory.read(next(FileRole::CaKey))?;
    Ok(waiting.is_some() && waiting == directory.read(FileRole::CaKey)?)
}

/// Whether ca.pem has several authorities, of which the last issues. An encrypted ca.key does not say
/// whose it is; what was issued does.
fn is_last_issuing(directory: &Directory, trusted: &[Certificate], issued: &[usize]) -> Result<bool, Error> {
    let (Some(last), true) = (trusted.last(), trusted.len() > 1) else { return Ok(false) };
    let key = directory.read(FileRole::CaKey)?.unwrap_or_default();
    match KeyMaterial::from_pem(&key).ok().and_then(|key| key.belongs_to(last)) {
        Some(is_its) => Ok(is_its),
        None => Ok(issued.last() > Some(&0) || has_next_come(directory)?),
    }
}

/// A certificate that cannot be read is an error: nobody could tell whose it is.
fn chains(directory: &Directory, inventory: &Inventory) -> Result<Vec<Vec<Certificate>>, Error> {
    let mut paths: Vec<_> =
        EndEntityKind::ALL.iter().map(|kind| directory.path_of(FileRole::pair_of(*kind).1)).collect();
    for Members { folder, members } in Members::all(inventory) {
        let is_elsewhere = folder.is_absolute();
        let folder = directory.path().join(folder);
        // What lies elsewhere can be out of reach, and is not withdrawn by that.
        if is_elsewhere && !folder.exists() {
            return Err(Error::OutputGone { path: folder, count: members.len() });
        }
        let file = |member: &Member| path_of(&folder, EndEntityFiles::issued(&member.name).certificate);
        paths.extend(members.iter().map(file));
    }
    let mut chains = Vec::new();
    for path in paths.into_iter().filter(|path| path.exists()) {
        // renew.sh leaves an empty server.pem behind when it fails.
        match certificates_from_pem(&read_file(&path)?) {
            Ok(chain) => chains.push(chain),
            Err(pki::Error::Empty) => {}
            Err(error) => return Err(Error::in_file(path)(error)),
        }
    }
    Ok(chains)
}

/// Whether a run was interrupted among what was issued: a certificate may be apart from its key.
fn is_interrupted(directory: &Directory, inventory: &Inventory) -> Result<bool, Error> {
    for Members { folder, .. } in Members::all(inventory) {
        match directory.open_beside(&directory.path().join(folder), Access::Look) {
            Err(store::Error::Interrupted { .. }) => return Ok(true),
            Err(store::Error::NotFound { .. }) => {}
            opened => drop(opened?),
        }
    }
    Ok(false)
}

/// Beside how many certificates that were issued another ca.pem lies than the directory's, or none.
fn behind(directory: &Directory, inventory: &Inventory, trusted: &[u8]) -> Result<usize, Error> {
    let mut behind = 0;
    for Members { folder, members } in Members::all(inventory) {
        let folder = directory.path().join(folder);
        for member in members {
            let EndEntityFiles { certificate, authority, .. } = EndEntityFiles::issued(&member.name);
            let authority = path_of(&folder, authority);
            let has_another = || Ok::<_, Error>(!authority.exists() || *read_file(&authority)? != trusted);
            if path_of(&folder, certificate).exists() && has_another()? {
                behind += 1;
            }
        }
    }
    Ok(behind)
}
