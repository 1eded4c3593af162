//! From a plan to certificates, and from certificates to verified files.

mod inventory;
mod plan;
mod serials;
mod write;

pub(super) use inventory::{Inventory, InventoryEntry};
pub(super) use plan::{KeyPlan, Plan, add_loopback, add_names, generate_keys, names_from_common_name};
pub(super) use serials::Serials;
pub(super) use write::{NewFile, file_reports, path_in, verify_files, write};
