//! A zoo of servers on loopback, each of its own kind, and what `probe` says of them: the healthy and
//! the broken, the hostile, and those that are no Milvus at all.
//!
//! Every server has a port of its own that the operating system chose, and ends with its trial. Where
//! Milvus' own port numbers matter, an address of 127.0.0.0/8 that nobody else uses has them.
//!
//! Without an `openssl` command of version 3 or later the trials that need it are reported as ignored,
//! and without Linux those that need addresses beyond 127.0.0.1.

#![allow(clippy::disallowed_methods, reason = "the trials write files and read the clock themselves")]
#![allow(clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod addresses;
mod both_ports;
mod certificates;
mod clients;
mod hostile;
mod internal;
mod issue;
mod openssl;
mod plaintext;
mod report;
mod server;
mod tls;
mod versions;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};

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

/// LibreSSL and OpenSSL 1.1.1 have other options.
fn openssl_is_there() -> bool {
    let output = Command::new("openssl").arg("version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    version.is_ok_and(|version| version.starts_with("OpenSSL ") && !version.starts_with("OpenSSL 1."))
}
