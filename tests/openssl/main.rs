//! `openssl` as the judge of what this program writes, and as the author of what it reads: the
//! documentation page's scripts are OpenSSL commands, and so are most private authorities.
//!
//! Without an `openssl` command of version 3 or later every trial is reported as ignored.

#![allow(clippy::disallowed_methods, reason = "the trials write files and read the clock themselves")]
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod answers;
mod authorities;
mod due;
mod encrypted_keys;
mod gen_sh;
mod given;
mod inspect;
mod intermediates;
mod keys;
mod profile;
mod purposes;
mod reissue;
mod requests;
mod serial_file;
mod support;
mod trust;
mod unusable_files;
mod validity;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::support::openssl_is_there;

fn main() -> ExitCode {
    let ignored = !openssl_is_there();
    if ignored {
        eprintln!("every trial is ignored: they need the `openssl` command, version 3 or later");
    }
    let trials = [
        purposes::trials(),
        profile::trials(),
        serial_file::trials(),
        gen_sh::trials(),
        authorities::trials(),
        inspect::trials(),
        intermediates::trials(),
        keys::trials(),
        encrypted_keys::trials(),
        validity::trials(),
        unusable_files::trials(),
        requests::trials(),
        answers::trials(),
        given::trials(),
        reissue::trials(),
        trust::trials(),
        due::trials(),
    ];
    let trials = trials.into_iter().flatten().map(|trial| trial.with_ignored_flag(ignored)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(sentence: impl Into<String>, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(sentence, || {
        body();
        Ok(())
    })
}

/// Elliptic-curve keys are made fast.
const GEN: &str = "gen --key-type p256";
const GEN_BELOW_CORP: &str = "gen --key-type p256 --ca-cert corp.pem --ca-key corp.key";

const P256_KEY: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const RSA_KEY: &str = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048";
