//! The program as scripts and people use it: what it prints, what it refuses, and what it leaves behind.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests prepare folders of their own")]

#[path = "../common/mod.rs"]
mod common;
mod environment;
mod explain;
mod explain_kinds;
mod hostile;
mod inspect;
mod issued_folder;
mod manual;
mod output;
mod refusals;
mod rotation;
#[cfg(feature = "probe")]
mod tls;
mod transcripts;
mod usage;
