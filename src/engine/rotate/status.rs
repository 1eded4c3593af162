use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::engine::inventory::Inventory;
use crate::engine::rotate::state::{Rotation, RotationState};
use crate::store::{Access, Directory, Protection, View};
use crate::x509::json::rfc3339;
use crate::x509::{Subject, day_count};

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
