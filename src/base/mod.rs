//! What every floor uses: errors, notes, places in files, text for people, threads and memory.

pub mod error;
pub mod memory;
pub mod note;
pub mod place;
pub mod shown;
pub mod text;
pub mod workers;
