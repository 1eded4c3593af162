//! What the targets in `fuzz` run: each takes any bytes. Here and not there, since they need what is not public.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a panic is what the fuzzer looks for")]

pub mod bundle;
pub mod config;
pub mod items;
pub mod probe;
pub mod serial;
