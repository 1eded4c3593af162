//! From data to text: pure functions, one file for each thing that is said.

pub(super) mod certificate;
pub(super) mod check;
pub(super) mod config;
pub(super) mod inspect;
pub(super) mod issued;
pub(super) mod page;
#[cfg(feature = "probe")]
pub(super) mod probe;
pub(super) mod prometheus;
pub(super) mod rotation;
pub(super) mod run;

/// A directory in a sentence.
fn place(directory: &std::path::Path) -> String {
    match directory.to_str() {
        Some(".") => "this folder".to_owned(),
        _ => directory.display().to_string(),
    }
}
