//! A certificate directory on disk: its files, their modes, the lock, and how they change.
//!
//! What lies in a directory is believed only where nobody else could change it. Every change goes through
//! [`Directory::write`]: staged, synced, read back, and committed so that a crash at any instruction leaves a
//! directory that the next [`Directory::open`] completes or rolls back, whatever was done to it meanwhile.

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
mod survey;
mod transaction;
mod trust;

#[cfg(test)]
pub(crate) use fs::fault;

pub(crate) use directory::{Access, Directory};
pub(crate) use error::unreadable;
pub(crate) use fs::{
    MAX_FILE_SIZE, file_state, open_file, read_file, read_file_if_there, read_file_up_to, read_from,
};
pub use issued::IssuedName;
pub(crate) use issued::{EndEntityFiles, INVENTORY, ISSUED_FOLDER, IssuedFolder, NEXT_FOLDER, NameUnsafe};
pub(crate) use journal::{Interruption, Recovery};
pub use layout::FileRole;
pub(crate) use layout::{Audience, RelativePath, path_of};
pub use mode::{FileMode, Protection};
pub(crate) use mode::{FileState, Owner, Reader};
pub(crate) use survey::{SeenFile, Survey, Unreadable, View};
pub(crate) use transaction::{Committed, Existing, StagedFile};

crate::base::text::serialize_as_displayed!(FileMode);
