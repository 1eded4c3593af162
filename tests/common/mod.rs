//! What the integration tests share: the program in a scratch folder, what it answers, and what
//! `openssl` makes beside it.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests write files and read the clock")]

pub(crate) mod certificate;
pub(crate) mod folder;
pub(crate) mod gen_sh;
pub(crate) mod past;
pub(crate) mod program;
#[cfg(feature = "probe")]
pub(crate) mod server;
#[cfg(feature = "probe")]
pub(crate) mod tls;
