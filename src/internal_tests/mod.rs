//! Tests of modules that are not public. Each file here needs the crate's own modules, `folder`,
//! `certificate` and `gen_sh` of `tests/common`, and nothing else.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests write files and read the clock")]

#[path = "../../tests/common/certificate.rs"]
#[allow(dead_code, reason = "the tests of the program use the rest of it")]
mod certificate;
#[path = "../../tests/common/folder.rs"]
#[allow(dead_code, reason = "the tests of the program use the rest of it")]
mod folder;
#[path = "../../tests/common/gen_sh.rs"]
mod gen_sh;
mod quoting;
mod readers;
mod reissue;
mod requests;
mod serial_file;
