//! From a plan to certificates, and from certificates to verified files.

mod batches;
mod plan;
mod serials;
mod signers;
mod spread;
mod write;

pub use batches::Progress;
pub(crate) use batches::{Batches, IssuedFolder, Issuer};
pub(crate) use plan::{KeyPlan, Plan, add_loopback, issue_all, names_from_common_name};
pub(crate) use serials::Serials;
pub(crate) use signers::Signers;
pub(crate) use spread::spread;
#[cfg(test)]
pub(crate) use write::verify_files;
pub(crate) use write::{NewFile, file_reports, path_in, write};
