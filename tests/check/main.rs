//! Certificate directories with one defect each, and the findings that `check` has to have: these and
//! no others. `openssl` makes the defects; the expected findings are what OpenSSL, Go and gRPC do with
//! such a directory, whatever the program prints.
//!
//! With `MILVUS_CERTS_ZOO=DIR` nothing is tested: every directory is written into `DIR/NAME`, and the
//! arguments that `check` gets with it into `DIR/NAME.args`, one in each line.
//!
//! Without an `openssl` command of version 3 or later every trial is reported as ignored.

#![allow(clippy::disallowed_methods, reason = "the trials write files themselves")]
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod cas;
mod case;
mod chains;
#[path = "../common/mod.rs"]
mod common;
mod configuration;
mod encodings;
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
mod table;
mod validity;
mod verifiers;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use milvus_certs::Code;

use crate::case::Case;
use crate::common::folder::openssl_is_there;

fn main() -> ExitCode {
    let mut cases = measurable();
    if let Some(folder) = std::env::var_os("MILVUS_CERTS_ZOO") {
        for case in cases {
            case.write_into(Path::new(&folder));
        }
        return ExitCode::SUCCESS;
    }
    let ignored = !openssl_is_there();
    if ignored {
        eprintln!("every trial is ignored: they need the `openssl` command, version 3 or later");
    }
    cases.extend(configuration::others());
    let mut trials = vec![
        every_name_is_unique(&cases),
        every_code_has_a_case(&cases),
        every_measured_directory_has_a_case(&cases),
    ];
    trials.extend(cases.into_iter().map(|case| case.into_trial().with_ignored_flag(ignored)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The cases that a real Milvus and its clients can be held to.
fn measurable() -> Vec<Case> {
    let cases = [
        healthy::cases(),
        files::cases(),
        encodings::cases(),
        keys::cases(),
        cas::cases(),
        chains::cases(),
        validity::cases(),
        purposes::cases(),
        names::cases(),
        signatures::cases(),
        serials::cases(),
        issued::cases(),
        rotation::cases(),
        public::cases(),
        verifiers::cases(),
        gen_sh::cases(),
        configuration::measurable(),
    ];
    cases.into_iter().flatten().collect()
}

fn every_name_is_unique(cases: &[Case]) -> Trial {
    let slugs: BTreeSet<_> = cases.iter().map(Case::slug).collect();
    let (distinct, all) = (slugs.len(), cases.len());
    Trial::test("every directory has a name of its own", move || {
        assert_eq!(distinct, all);
        Ok(())
    })
}

fn every_measured_directory_has_a_case(cases: &[Case]) -> Trial {
    let slugs: BTreeSet<_> = cases.iter().map(Case::slug).collect();
    Trial::test("every directory of tests/verifiers/table.txt is one of these", move || {
        let missing: Vec<_> = table::directories().filter(|name| !slugs.contains(*name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        Ok(())
    })
}

/// The findings about configuration begin with `malformed-yaml`. OpenSSL writes nothing that webpki
/// refuses for a reason without a code of its own, `does-not-verify`. Another user, a folder above and a
/// file system without modes are in tests/trust.
fn every_code_has_a_case(cases: &[Case]) -> Trial {
    let shown: BTreeSet<_> = cases.iter().flat_map(Case::codes).map(str::to_owned).collect();
    Trial::test("every finding about certificates has a directory with that finding", move || {
        const ELSEWHERE: [Code; 7] = [
            Code::NotJudged,
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
