//! From data to text: pure functions, one file for each thing that is said.

pub(super) mod check;
pub(super) mod config;
pub(super) mod inspect;
mod page;
pub(super) mod prometheus;
pub(super) mod run;
