//! Directories that are broken on purpose, each in one way, and what `check` has to find in them:
//! that and nothing else. `openssl` breaks them; what stands in the tables is what OpenSSL, Go and
//! gRPC do with such a directory, whatever the program prints.
//!
//! With `MILVUS_CERTS_ZOO=DIR` nothing is tested: every directory is written into `DIR/NAME`, and the
//! arguments that `check` gets with it into `DIR/NAME.args`, one in a line.
//!
//! Without an `openssl` command of version 3 or later every trial is reported as ignored.

#![allow(clippy::disallowed_methods, reason = "the trials write files and read the clock themselves")]
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod authorities;
mod chains;
mod configuration;
mod draft;
mod encodings;
mod exhibit;
mod files;
mod gen_sh;
mod healthy;
mod issued;
mod keys;
mod names;
mod public;
mod purposes;
mod rotation;
mod serials;
mod signatures;
#[path = "../openssl/support.rs"]
#[allow(dead_code, reason = "the trials of OpenSSL use the rest of it")]
mod support;
mod validity;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use milvus_certs::check::Code;

use crate::exhibit::Exhibit;
use crate::support::openssl_is_there;

/// Elliptic-curve keys are made fast.
const GEN: &str = "gen --key-type p256";
const P256_KEY: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const RSA_KEY: &str = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048";

fn main() -> ExitCode {
    let mut exhibits = exhibits();
    if let Some(folder) = std::env::var_os("MILVUS_CERTS_ZOO") {
        for exhibit in exhibits {
            exhibit.write_into(Path::new(&folder));
        }
        return ExitCode::SUCCESS;
    }
    let ignored = !openssl_is_there();
    if ignored {
        eprintln!("every trial is ignored: they need the `openssl` command, version 3 or later");
    }
    exhibits.extend(configuration::others());
    let mut trials = vec![no_two_have_one_name(&exhibits), every_code_is_shown(&exhibits)];
    trials.extend(exhibits.into_iter().map(|exhibit| exhibit.into_trial().with_ignored_flag(ignored)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn exhibits() -> Vec<Exhibit> {
    let rooms = [
        healthy::exhibits(),
        files::exhibits(),
        encodings::exhibits(),
        keys::exhibits(),
        authorities::exhibits(),
        chains::exhibits(),
        validity::exhibits(),
        purposes::exhibits(),
        names::exhibits(),
        signatures::exhibits(),
        serials::exhibits(),
        issued::exhibits(),
        rotation::exhibits(),
        public::exhibits(),
        gen_sh::exhibits(),
        configuration::measurable(),
    ];
    rooms.into_iter().flatten().collect()
}

fn no_two_have_one_name(exhibits: &[Exhibit]) -> Trial {
    let slugs: BTreeSet<_> = exhibits.iter().map(Exhibit::slug).collect();
    let (distinct, all) = (slugs.len(), exhibits.len());
    Trial::test("no two directories have the same name", move || {
        assert_eq!(distinct, all);
        Ok(())
    })
}

/// The findings about configuration begin with `malformed-yaml`. What webpki refuses for a reason that
/// has no code of its own, `does-not-verify`, is nothing that OpenSSL would write. Another user, a folder above
/// and a file system without modes cannot be had here: tests/trust has them.
fn every_code_is_shown(exhibits: &[Exhibit]) -> Trial {
    let shown: BTreeSet<_> = exhibits.iter().flat_map(Exhibit::codes).map(str::to_owned).collect();
    Trial::test("every finding about certificates has a directory that shows it", move || {
        const ELSEWHERE: [Code; 6] = [
            Code::DoesNotVerify,
            Code::ParentWritable,
            Code::NoFileModes,
            Code::KeyReadableByList,
            Code::KeyOfAnotherUser,
            Code::CaKeyOfAnotherUser,
        ];
        let about_certificates = Code::ALL.iter().take_while(|code| **code != Code::MalformedYaml);
        let missing: Vec<_> = about_certificates
            .filter(|code| !ELSEWHERE.contains(code) && !shown.contains(code.name()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        Ok(())
    })
}
