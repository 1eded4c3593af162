//! A certificate directory on disk: its files, their modes, the lock, and how they change.
//!
//! What lies in a directory is believed only where nobody else could change it. Every change goes through
//! [`Directory::write`]: staged, synced, read back, and committed so that a crash at any instruction leaves a
//! directory that the next [`Directory::open`] completes or rolls back, whatever was done to it meanwhile.

mod acl;
mod directory;
mod error;
mod file_system;
mod fs;
pub(crate) mod inventory;
mod issued;
mod journal;
mod layout;
mod lock;
mod manifest;
mod mode;
mod relative_path;
mod survey;
mod transaction;
mod trust;

#[cfg(test)]
pub(crate) use fs::fault;

pub use acl::Named;
pub use directory::{Access, Directory, FileState, path_of};
pub(crate) use error::unreadable;
pub use fs::{
    MAX_FILE_SIZE, Owner, Protection, open_file, read_file, read_file_if_there, read_file_up_to, read_from,
};
pub use issued::{EndEntityFiles, INVENTORY, ISSUED_FOLDER, IssuedName, NEXT_FOLDER, NameUnsafe};
pub use journal::{Interruption, Recovery};
pub use layout::{Audience, FileRole};
pub use mode::{FileMode, ModeInvalid};
pub use relative_path::RelativePath;
pub use survey::{FileAccess, SeenFile, Survey, SurveyedFile, View};
pub use transaction::{Committed, Existing, StagedFile, Transaction};
pub use trust::Writer;

crate::base::text::serialize_as_displayed!(FileMode);
