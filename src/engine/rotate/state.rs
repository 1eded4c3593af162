//! How far the replacement of a CA is, read from the certificates themselves.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::error::{Error, ErrorKind};
use crate::check::ca;
use crate::engine::errors;
use crate::engine::inventory::{Inventory, Member, Members};
use crate::engine::present::{Found, Present};
use crate::engine::signers::{Signers, Unvouched};
use crate::store::{
    Access, Directory, EndEntityFiles, FileRole, IssuedName, NEXT_FOLDER, RelativePath, path_of,
    read_file_if_there,
};
use crate::x509::{Certificate, EndEntityKind, KeyMaterial, Problem, certificates_from_pem};

/// How far the replacement of a CA is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RotationState {
    /// There is one CA.
    #[default]
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
pub(crate) struct Rotation {
    pub(crate) state: RotationState,
    /// ca.pem.
    pub(crate) trusted: Vec<Certificate>,
    /// What every certificate file holds that is there: the directory's own, and what was issued.
    pub(crate) chains: Vec<Chain>,
    /// How many of these each CA of ca.pem has issued.
    pub(crate) issued: Vec<usize>,
    /// How many certificates of other CAs than the last are to be issued again.
    pub(crate) left: usize,
    /// Beside how many of those that were issued another ca.pem lies.
    pub(crate) behind: usize,
    /// Why the old CA has to stay in ca.pem, and issuing everything again does not change that: what cannot
    /// be looked at, and what it issued that is not reissued.
    pub(crate) unsettled: Vec<Error>,
}

/// The certificates of a file.
pub(crate) struct Chain {
    pub(crate) leaf: Certificate,
    pub(crate) others: Vec<Certificate>,
    /// Why it is not reissued, if it is not.
    unvouched: Option<Error>,
}

/// A file of the next CA.
pub(crate) fn next(role: FileRole) -> RelativePath {
    RelativePath::in_folder(NEXT_FOLDER, role.file_name())
}

impl Rotation {
    pub(crate) fn read(directory: &Directory, inventory: &Inventory) -> Result<Self, Error> {
        let trusted = ca::trusted(directory)?;
        let content = directory.read(FileRole::CaCertificate)?.unwrap_or_default();
        let signers = Signers::presumed(trusted.last().cloned().into_iter().collect(), trusted.clone());
        let mut look =
            Look { directory, inventory, signers, unsettled: Vec::new(), chains: Vec::new(), behind: 0 };
        look.at_own();
        look.at_issued(&content);
        look.at_unrecorded()?;
        let Look { chains, behind, mut unsettled, .. } = look;

        let mut issued = vec![0; trusted.len()];
        let mut left = 0;
        let mut kept = Vec::new();
        for mut chain in chains {
            let issuer = trusted.iter().position(|ca| chain.stands_below(ca));
            issuer.into_iter().for_each(|issuer| issued[issuer] += 1);
            if issuer.is_some_and(|issuer| issuer + 1 < trusted.len()) {
                match chain.unvouched.take() {
                    Some(error) => unsettled.push(error),
                    None => left += 1,
                }
            }
            kept.push(chain);
        }
        let is_interrupted = is_interrupted(directory, inventory, &mut unsettled);
        let state = match is_begun(directory, &trusted)? {
            true => RotationState::Begun,
            false if !is_last_issuing(directory, &trusted, &issued)? => RotationState::None,
            false if left > 0 || is_interrupted => RotationState::Issuing,
            false => RotationState::Issued,
        };
        Ok(Self { state, trusted, chains: kept, issued, left, behind, unsettled })
    }
}

impl Chain {
    /// Whether a CA issued the leaf, or one that stands between them in the file.
    fn stands_below(&self, ca: &Certificate) -> bool {
        /// More issuers than any file needs.
        const MOST: usize = 10;
        let mut issuers: Vec<_> = self.others.iter().filter(|other| other.is_ca()).take(MOST).collect();
        let mut reached = vec![&self.leaf];
        while let Some(certificate) = reached.pop() {
            if certificate.is_issued_by(ca) {
                return true;
            }
            let (found, rest) = issuers.into_iter().partition(|issuer| certificate.is_issued_by(issuer));
            issuers = rest;
            reached.extend::<Vec<_>>(found);
        }
        false
    }
}

/// Looks at everything that was issued.
struct Look<'a> {
    directory: &'a Directory,
    inventory: &'a Inventory,
    /// The last CA of ca.pem, and those before it.
    signers: Signers,
    unsettled: Vec<Error>,
    chains: Vec<Chain>,
    behind: usize,
}

impl Look<'_> {
    fn at_own(&mut self) {
        for kind in EndEntityKind::ALL {
            let old = match Present::of_directory(self.directory, kind, true) {
                Ok(old) => old,
                Err(error) => {
                    self.unsettled.push(error);
                    continue;
                }
            };
            let path = self.directory.path_of(&old.files.certificate);
            let unvouched = old.vouch_for_own(&self.signers, self.inventory).err();
            let unvouched = unvouched.map(|reason| self.unvouched(path.clone(), reason, kind, None));
            self.add(path, old.found, unvouched, kind, None);
        }
    }

    fn at_issued(&mut self, content: &[u8]) {
        for Members { folder, members } in self.inventory.members() {
            let is_elsewhere = folder.is_absolute();
            let folder = self.directory.path().join(folder);
            // What lies elsewhere can be out of reach, and is not withdrawn by that.
            match folder.metadata() {
                Err(error) if is_elsewhere && error.kind() == io::ErrorKind::NotFound => {
                    self.unsettled.push(errors::output_gone(&folder, members.len()));
                    continue;
                }
                _ => {}
            }
            for member in members {
                if let Err(error) = self.at_member(&folder, &member, content) {
                    self.unsettled.push(error);
                }
            }
        }
    }

    fn at_member(&mut self, folder: &Path, member: &Member, content: &[u8]) -> Result<(), Error> {
        let EndEntityFiles { certificate, ca, .. } = EndEntityFiles::issued(&member.name);
        let path = path_of(folder, certificate);
        let Some(found) = read_file_if_there(&path)? else { return Ok(()) };
        if read_file_if_there(&path_of(folder, ca))?.is_none_or(|trusted| *trusted != content) {
            self.behind += 1;
        }
        let found = Found::of(&found);
        let vouched = match &found {
            Found::Certificate(leaf, others) => {
                self.inventory.vouch(&member.file, leaf, others, &self.signers).map(|_| ())
            }
            _ => Ok(()),
        };
        let kind = member.kind.unwrap_or(EndEntityKind::Client);
        let name = Some(member.name.clone());
        let unvouched = vouched.err().map(|reason| self.unvouched(path.clone(), reason, kind, name));
        self.add(path, found, unvouched, kind, Some(&member.name));
        Ok(())
    }

    /// What has no line is not reissued; but the old CA may have issued it.
    fn at_unrecorded(&mut self) -> Result<(), Error> {
        for found in self.inventory.unrecorded(self.directory.path())? {
            if let Some(error) = found.error {
                self.unsettled.push(error);
            } else if let Some(leaf) = found.certificate {
                let kind = leaf.kind();
                let path = self.directory.path().join(&found.file);
                let unvouched = Some(self.unvouched(path, Unvouched::NoLine, kind, Some(found.name)));
                self.chains.push(Chain { leaf, others: Vec::new(), unvouched });
            }
        }
        Ok(())
    }

    fn unvouched(
        &self,
        path: PathBuf,
        reason: Unvouched,
        kind: EndEntityKind,
        name: Option<IssuedName>,
    ) -> Error {
        errors::unvouched(&path, &reason, kind, name.as_ref(), self.directory.path())
    }

    fn add(
        &mut self,
        path: PathBuf,
        found: Found,
        unvouched: Option<Error>,
        kind: EndEntityKind,
        name: Option<&IssuedName>,
    ) {
        match found {
            Found::Certificate(leaf, others) => self.chains.push(Chain { leaf: *leaf, others, unvouched }),
            // renew.sh leaves an empty server.pem behind when it fails.
            Found::Nothing | Found::NotAFile => {}
            Found::Unusable(source) if source.problem() == Problem::Empty => {}
            // Nobody can tell whose it is.
            Found::Unusable(source) => {
                let directory = self.directory.path();
                self.unsettled.push(errors::unreadable(&path, source, kind, name, directory));
            }
        }
    }
}

/// Whether there is a next CA, which ca.pem trusts: one that a former ca.pem trusted is not.
fn is_begun(directory: &Directory, trusted: &[Certificate]) -> Result<bool, Error> {
    let role = FileRole::CaCertificate;
    let Some(waiting) = directory.read(next(role))? else { return Ok(false) };
    let waiting = certificates_from_pem(&waiting).map_err(Error::in_file(directory.path_of(next(role))))?;
    Ok(directory.read(next(FileRole::CaKey))?.is_some()
        && trusted.contains(&waiting[0])
        && !has_next_come(directory)?)
}

/// Whether the key of the next CA is ca.key already: its files outlive that moment.
fn has_next_come(directory: &Directory) -> Result<bool, Error> {
    let waiting = directory.read(next(FileRole::CaKey))?;
    Ok(waiting.is_some() && waiting == directory.read(FileRole::CaKey)?)
}

/// Whether ca.pem has several CAs, of which the last issues. An encrypted ca.key does not say
/// whose it is; what was issued does.
fn is_last_issuing(directory: &Directory, trusted: &[Certificate], issued: &[usize]) -> Result<bool, Error> {
    let (Some(last), true) = (trusted.last(), trusted.len() > 1) else { return Ok(false) };
    let key = directory.read(FileRole::CaKey)?.unwrap_or_default();
    match KeyMaterial::from_pem(&key).ok().and_then(|key| key.belongs_to(last)) {
        Some(is_its) => Ok(is_its),
        None => Ok(issued.last() > Some(&0) || has_next_come(directory)?),
    }
}

/// Whether a run was interrupted among what was issued: a certificate may be apart from its key.
fn is_interrupted(directory: &Directory, inventory: &Inventory, unsettled: &mut Vec<Error>) -> bool {
    for Members { folder, .. } in inventory.members() {
        match directory.open_beside(&directory.path().join(folder), Access::Look) {
            Ok(_) => {}
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => return true,
                ErrorKind::NoFolder => {}
                _ => unsettled.push(error),
            },
        }
    }
    false
}
