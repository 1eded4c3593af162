//! `config --out`, ended or failing at each of its changes: the old files or the new ones, and no stray key.

use std::io::ErrorKind;
use std::path::Path;

use crate::base::error::Error;
use crate::crash_tests::{LATER, NOW, snapshot};
use crate::deploy::{ConfigOptions, ConfigReport, ConfigRequest, ConfigTarget, config};
use crate::engine::{GenerateRequest, RenewRequest, generate, renew};
use crate::store::fault::{self, Fault};
use crate::x509::KeyType;

fn write(folder: &Path) -> Result<ConfigReport, Error> {
    let options = ConfigOptions { dir: Some(folder.join("certs")), ..ConfigOptions::default() };
    let output = Some(folder.join("out"));
    config(&ConfigRequest { options, output, ..ConfigRequest::new(ConfigTarget::Compose) }, LATER)
}

/// A folder whose `out` has the files of before a renewal, or nothing.
fn scene(is_written: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let request = GenerateRequest::new(folder.path().join("certs"));
    generate(&GenerateRequest { key_type: KeyType::P256, ..request }, NOW).unwrap();
    if is_written {
        write(folder.path()).unwrap();
        renew(&RenewRequest::new(folder.path().join("certs")), LATER).unwrap();
    }
    folder
}

#[test]
fn a_deployment_has_its_old_files_or_its_new_ones() {
    let faults = [Fault::Halt, Fault::Fail(ErrorKind::StorageFull), Fault::Fail(ErrorKind::PermissionDenied)];
    for is_written in [false, true] {
        for fault in faults {
            let mut struck = 0;
            for steps in 0..200 {
                let folder = scene(is_written);
                let out = folder.path().join("out");
                let before = snapshot(&out);
                fault::after(steps, fault);
                let result = write(folder.path());
                if !fault::call_off() {
                    break;
                }
                struck += 1;
                let context = format!("{fault:?} at {steps}, written before: {is_written}");
                if matches!(fault, Fault::Fail(_)) && result.is_err() {
                    assert_eq!(snapshot(&out), before, "{context}");
                }
                // The next run finds what is there, and leaves nothing else.
                write(folder.path()).unwrap_or_else(|error| panic!("{context}: {error}"));
                let written = snapshot(&out);
                let names: Vec<_> = written.keys().map(String::as_str).collect();
                let expected = [
                    "docker-compose.override.yaml 0644",
                    "tls/",
                    "tls/ca.pem 0644",
                    "tls/server.key 0600",
                    "tls/server.pem 0644",
                    "user.yaml 0644",
                ];
                assert_eq!(names, expected, "{context}");
                let made = snapshot(&folder.path().join("certs"));
                assert_eq!(written["tls/server.key 0600"], made["server.key 0600"], "{context}");
                assert_eq!(written["tls/server.pem 0644"], made["server.pem 0644"], "{context}");
            }
            assert!(struck > 10, "{fault:?} struck {struck} times");
        }
    }
}
