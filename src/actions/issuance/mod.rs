//! From a plan to certificates, and from certificates to verified files.

mod batches;
mod inventory;
mod lines;
mod plan;
mod serials;
mod signers;
mod spread;
mod write;

pub use batches::Progress;
pub(super) use batches::{Batches, IssuedFolder, Issuer};
pub use inventory::Unvouched;
pub(super) use inventory::{Inventory, InventoryEntry, look_at};
pub(super) use lines::{Line, Overview, entries_of, lines};
pub(super) use plan::{KeyPlan, Plan, add_loopback, add_names, issue_all, names_from_common_name};
pub(super) use serials::Serials;
pub(super) use signers::Signers;
pub(super) use spread::spread;
#[cfg(test)]
pub(super) use write::verify_files;
pub(super) use write::{NewFile, file_reports, path_in, write};
