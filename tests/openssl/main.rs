//! `openssl` as the judge of what this program writes, and as the author of what it reads: the
//! documentation page's scripts are OpenSSL commands, and so are most private CAs.
//!
//! Without an `openssl` command of version 3 or later every trial is reported as ignored.

#![allow(clippy::disallowed_methods, reason = "the trials write files and read the clock themselves")]
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod answers;
#[path = "../common/mod.rs"]
mod common;
mod due;
mod encrypted_keys;
mod gen_sh;
mod given_cas;
mod given_files;
mod inspect;
mod intermediates;
mod profile;
mod purposes;
mod rotation;
mod serial_file;
mod trust;
mod unusable_files;
mod validity;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::common::certificate::certificate;
use crate::common::folder::{Folder, openssl_is_there};

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
        given_cas::trials(),
        inspect::trials(),
        intermediates::trials(),
        encrypted_keys::trials(),
        validity::trials(),
        unusable_files::trials(),
        answers::trials(),
        given_files::trials(),
        trust::trials(),
        due::trials(),
        rotation::trials(),
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

const GEN_BELOW_CORP: &str = "gen --key-type p256 --ca-cert corp.pem --ca-key corp.key";

/// A folder with a file `pass` that holds a passphrase.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("pass", "correct horse\nsecond line\n");
    folder
}

/// The same, after a command of this program was run in it.
#[track_caller]
fn after(command: &str) -> Folder {
    let folder = folder();
    folder.milvus_certs(command);
    folder
}

/// The certificates of a PEM file, as DER.
fn certificates(folder: &Folder, name: &str) -> Vec<Vec<u8>> {
    let content = folder.read(name);
    Pem::iter_from_buffer(&content).map(|block| block.unwrap().contents).collect()
}

/// Subject and issuer of a certificate, each as the bytes of its DER.
fn subject_and_issuer(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    (certificate.subject().as_raw().to_vec(), certificate.issuer().as_raw().to_vec())
}

/// Signs `NAME.pem` of a CA whose key is there, with these dates.
fn dated_ca(folder: &Folder, name: &str, start: &str, end: &str) {
    certificate(name).subject("/CN=Corp CA").self_sign_dated(folder, start, end);
}
