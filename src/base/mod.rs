//! What every floor uses: errors, notes, places in files, text for people, threads and memory.

pub(crate) mod error;
pub(crate) mod memory;
pub(crate) mod note;
pub(crate) mod place;
pub(crate) mod shown;
pub(crate) mod text;
pub(crate) mod workers;
