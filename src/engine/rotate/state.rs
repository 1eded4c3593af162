//! How far the replacement of a CA is, read from the certificates themselves.

use std::io;
use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::check::ca;
use crate::engine::errors;
use crate::engine::inventory::{Inventory, Member, Members};
use crate::engine::present::{Found, Present};
use crate::engine::signers::{Signers, Unvouched};
use crate::store::{
    Access, Directory, EndEntityFiles, FileRole, NEXT_FOLDER, Protection, RelativePath, View, path_of,
    read_file_if_there,
};
use crate::x509::json::rfc3339;
use crate::x509::{Certificate, EndEntityKind, KeyMaterial, Subject, certificates_from_pem, day_count};

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

/// How far the replacement of a CA is, by what the certificates say.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotationStatus {
    /// How far it is.
    pub state: RotationState,
    /// What ca.pem trusts, in its order: the old one first.
    pub authorities: Vec<RotatedCa>,
    /// Beside how many certificates that were issued another ca.pem lies: a step was interrupted.
    pub behind: usize,
    /// What may be of the old CA and is not issued again, so that `finish` keeps that CA; and why.
    pub unsettled: Vec<String>,
}

/// A CA that ca.pem trusts.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotatedCa {
    /// The subject's CommonName.
    pub common_name: String,
    pub subject: Subject,
    /// Its last second.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_after: OffsetDateTime,
    /// Whole days until then; negative when it has passed.
    pub days_left: i64,
    /// SHA-256 of it.
    pub sha256_fingerprint: String,
    /// How many certificates are there that it has issued.
    pub issued: usize,
}

/// Looks how far the replacement of a directory's CA is.
///
/// # Errors
/// If the directory cannot be read.
pub fn rotation_status(directory: &Path, now: OffsetDateTime) -> Result<RotationStatus, Error> {
    View::of(directory, |_| {
        RotationStatus::of(&Directory::open(directory, Access::LookAsItIs, Protection::Required)?, now)
    })
}

impl RotationStatus {
    pub(crate) fn of(directory: &Directory, now: OffsetDateTime) -> Result<Self, Error> {
        let rotation = Rotation::read(directory, &Inventory::read(directory.path())?)?;
        let authorities = rotation.trusted.iter().zip(&rotation.issued).map(|(trusted, issued)| {
            let not_after = trusted.validity().not_after;
            RotatedCa {
                common_name: trusted.subject().common_name().unwrap_or_default(),
                subject: trusted.subject().clone(),
                not_after,
                days_left: day_count(now, not_after),
                sha256_fingerprint: trusted.fingerprint(),
                issued: *issued,
            }
        });
        let authorities = authorities.collect();
        let unsettled = rotation.unsettled.iter().map(Error::to_string).collect();
        Ok(Self { state: rotation.state, authorities, behind: rotation.behind, unsettled })
    }
}

/// What the certificates of a directory say.
pub(crate) struct Rotation {
    pub(crate) state: RotationState,
    /// ca.pem.
    pub(crate) trusted: Vec<Certificate>,
    /// What every certificate file holds that is there: the directory's own, and what was issued.
    pub(crate) chains: Vec<Chain>,
    /// How many of these each CA of ca.pem has issued.
    issued: Vec<usize>,
    /// How many certificates of other CAs than the last are to be issued again.
    pub(crate) left: usize,
    /// Beside how many of those that were issued another ca.pem lies.
    behind: usize,
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

pub(crate) fn next(role: FileRole) -> RelativePath {
    RelativePath::in_folder(NEXT_FOLDER, role.file_name())
}

impl Rotation {
    pub(crate) fn read(directory: &Directory, inventory: &Inventory) -> Result<Self, Error> {
        let trusted = ca::trusted(directory)?;
        let signers = Signers::presumed(trusted.last().cloned().into_iter().collect(), trusted.clone());
        let mut look = Look { directory, inventory, signers, behind: 0 };
        let mut found: Vec<_> = EndEntityKind::ALL.into_iter().map(|kind| look.at_own(kind)).collect();
        found.extend(look.at_issued(&directory.read(FileRole::CaCertificate)?.unwrap_or_default()));
        found.extend(look.at_unrecorded()?);

        let (mut chains, mut unsettled) = (Vec::new(), Vec::new());
        for found in found {
            match found {
                Ok(chain) => chains.extend(chain),
                Err(error) => unsettled.push(error),
            }
        }
        let mut issued = vec![0; trusted.len()];
        let mut left = 0;
        for chain in &mut chains {
            let Some(issuer) = trusted.iter().position(|ca| chain.stands_below(ca)) else { continue };
            issued[issuer] += 1;
            if issuer + 1 < trusted.len() {
                match chain.unvouched.take() {
                    Some(error) => unsettled.push(error),
                    None => left += 1,
                }
            }
        }
        let is_interrupted = is_interrupted(directory, inventory, &mut unsettled);
        let state = match is_begun(directory, &trusted)? {
            true => RotationState::Begun,
            false if !is_last_issuing(directory, &trusted, &issued)? => RotationState::None,
            false if left > 0 || is_interrupted => RotationState::Issuing,
            false => RotationState::Issued,
        };
        Ok(Self { state, trusted, chains, issued, left, behind: look.behind, unsettled })
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

/// What a file holds: nothing where there is none, or why nobody can tell whose it is.
type Seen = Result<Option<Chain>, Error>;

/// Looks at everything that was issued.
struct Look<'a> {
    directory: &'a Directory,
    inventory: &'a Inventory,
    /// The last CA of ca.pem, and those before it.
    signers: Signers,
    behind: usize,
}

impl Look<'_> {
    fn at_own(&self, kind: EndEntityKind) -> Seen {
        let own = Present::of_directory(self.directory, kind, true)?;
        let vouched = own.vouch_for_own(&self.signers, self.inventory);
        self.at(own, vouched.err())
    }

    fn at_issued(&mut self, trusted: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        for Members { folder, members } in self.inventory.members() {
            let is_elsewhere = folder.is_absolute();
            let folder = self.directory.path().join(folder);
            // What lies elsewhere can be out of reach, and is not withdrawn by that.
            let is_gone = || folder.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
            if is_elsewhere && is_gone() {
                seen.push(Err(errors::output_gone(&folder, members.len())));
                continue;
            }
            seen.extend(members.iter().map(|member| self.at_member(&folder, member, trusted)));
        }
        seen
    }

    fn at_member(&mut self, folder: &Path, member: &Member, trusted: &[u8]) -> Seen {
        let files = EndEntityFiles::issued(&member.name);
        let path = path_of(folder, &files.certificate);
        let Some(content) = read_file_if_there(&path)? else { return Ok(None) };
        if read_file_if_there(&path_of(folder, &files.ca))?.is_none_or(|beside| *beside != trusted) {
            self.behind += 1;
        }
        let kind = member.kind.unwrap_or(EndEntityKind::Client);
        let issued = Present { kind, files, path, found: Found::of(&content) };
        let vouched = issued.vouch_for_issued(&member.file, &self.signers, self.inventory);
        self.at(issued, vouched.err())
    }

    fn at(&self, present: Present, unvouched: Option<Unvouched>) -> Seen {
        let directory = self.directory.path();
        if present.is_empty() {
            return Ok(None);
        }
        present.readable(directory)?;
        let unvouched = unvouched.map(|reason| present.unvouched(&reason, directory));
        Ok(match present.found {
            Found::Certificate(leaf, others) => Some(Chain { leaf: *leaf, others, unvouched }),
            Found::Nothing | Found::Unusable(_) | Found::NotAFile => None,
        })
    }

    /// What has no line is not reissued; but the old CA may have issued it.
    fn at_unrecorded(&self) -> Result<Vec<Seen>, Error> {
        let directory = self.directory.path();
        let unrecorded = self.inventory.unrecorded(directory)?.into_iter().map(|found| {
            if let Some(error) = found.error {
                return Err(error);
            }
            let Some(leaf) = found.certificate else { return Ok(None) };
            let path = directory.join(&found.file);
            let unvouched =
                errors::unvouched(&path, &Unvouched::NoLine, leaf.kind(), Some(&found.name), directory);
            Ok(Some(Chain { leaf, others: Vec::new(), unvouched: Some(unvouched) }))
        });
        Ok(unrecorded.collect())
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
