//! What `probe` says of servers on loopback: healthy, broken and hostile ones, and servers that are no
//! Milvus.
//!
//! The operating system chooses the port of every server, which ends with its trial. Where Milvus' own
//! port numbers matter, the server has an address of 127.0.0.0/8 that no other trial uses.
//!
//! Without an `openssl` command of version 3 or later the trials that need it are reported as ignored,
//! and without Linux those that need addresses beyond 127.0.0.1.

#![allow(clippy::disallowed_methods, reason = "the trials write files and read the clock themselves")]
#![allow(clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod addresses;
mod both_ports;
mod certificates;
mod clients;
#[path = "../common/mod.rs"]
mod common;
mod directories;
mod hostile;
mod internal;
mod openssl;
mod plaintext;
mod report;
mod versions;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::common::folder::openssl_is_there;

fn main() -> ExitCode {
    let others = [
        versions::trials(),
        certificates::trials(),
        clients::trials(),
        plaintext::trials(),
        hostile::trials(),
        addresses::trials(),
    ];
    let of_linux = [both_ports::trials(), internal::trials()].into_iter().flatten();
    let of_openssl = openssl::trials().into_iter();
    let openssl_is_missing = !openssl_is_there();
    let trials = others
        .into_iter()
        .flatten()
        .chain(of_linux.map(|trial| trial.with_ignored_flag(!cfg!(target_os = "linux"))))
        .chain(of_openssl.map(|trial| trial.with_ignored_flag(openssl_is_missing)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn trial(sentence: impl Into<String>, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(sentence, || {
        body();
        Ok(())
    })
}
