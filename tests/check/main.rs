//! Directories that are broken on purpose.
fn main() {}
