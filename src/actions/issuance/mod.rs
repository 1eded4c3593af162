//! From a plan to certificates, and from certificates to verified files.

mod batches;
mod inventory;
mod lines;
mod plan;
mod serials;
mod spread;
mod write;

pub use batches::Progress;
pub(super) use batches::{Batches, IssuedFolder, Issuer};
pub(super) use inventory::{Inventory, InventoryEntry};
pub(super) use lines::{Line, Overview, entries_of, lines};
pub(super) use plan::{KeyPlan, Plan, add_loopback, add_names, issue_all, names_from_common_name};
pub(super) use serials::Serials;
pub(super) use spread::spread;
pub(super) use write::{NewFile, file_reports, path_in, verify_files, write};
