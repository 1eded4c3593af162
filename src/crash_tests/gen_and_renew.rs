//! `gen` and `renew` of the directory's own certificates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::base::error::ErrorKind;
use crate::crash_tests::run::{Accident, Outcome, Run};
use crate::crash_tests::{LATER, NOW, snapshot};
use crate::engine::write::verify_pair;
use crate::store::fault::{self, Fault};
use crate::store::{Access, Directory, EndEntityFiles, FileRole, Protection, RelativePath};
use crate::x509::{EndEntityKind, SerialCounter, certificates_from_pem};

/// More changes than any run makes.
const MANY: usize = 200;

const RUNS: [Run; 3] = [Run::Gen, Run::GenForce, Run::Renew];

/// A folder in which the run makes sense: empty for gen, with certificates for the others.
struct Scene {
    _folder: tempfile::TempDir,
    directory: PathBuf,
    before: BTreeMap<String, Vec<u8>>,
}

impl Scene {
    fn of(run: Run) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("certs");
        if run != Run::Gen {
            Run::Gen.on(&directory, NOW).unwrap();
        }
        let before = snapshot(&directory);
        Self { _folder: folder, directory, before }
    }

    /// The files, in whichever folder they are.
    fn now(&self) -> BTreeMap<String, Vec<u8>> {
        snapshot(&self.directory)
    }
}

fn leaf_serials(directory: &Path) -> Vec<String> {
    let serial = |kind| {
        let content = std::fs::read(directory.join(FileRole::pair_of(kind).1.file_name())).ok()?;
        Some(certificates_from_pem(&content).unwrap()[0].serial().to_string())
    };
    EndEntityKind::ALL.into_iter().filter_map(serial).collect()
}

/// The serial number that OpenSSL would give out here.
fn next_serial(directory: &Path) -> Option<String> {
    let content = std::fs::read(directory.join(FileRole::CaSerial.file_name())).ok()?;
    Some(SerialCounter::parse(&content).unwrap().advance().unwrap().to_string())
}

fn read(directory: &Path, role: FileRole) -> Option<Vec<u8>> {
    std::fs::read(directory.join(role.file_name())).ok()
}

/// The seven files, and nothing else but backups; every key beside its own certificate.
fn assert_consistent(directory: &Path, context: &str) {
    let opened = Directory::open(directory, Access::Look, Protection::Required).unwrap();
    let read = |path: &RelativePath| Ok(opened.read(path)?.unwrap_or_default());
    for kind in EndEntityKind::ALL {
        let files = EndEntityFiles::of_directory(kind);
        verify_pair(&opened, kind, &files, None, &[], LATER, read)
            .unwrap_or_else(|error| panic!("{context}: {error}"));
    }
    for name in snapshot(directory).keys() {
        let known = FileRole::ALL.iter().any(|role| name.starts_with(role.file_name()));
        assert!(known || name.starts_with("backup-"), "{context}: stray {name}");
    }
}

#[test]
fn a_run_that_is_killed_at_any_step_is_completed_or_undone() {
    for run in RUNS {
        let mut outcomes = [0, 0];
        let steps = (0..MANY).take_while(|steps| {
            let scene = Scene::of(run);
            let outcome = run.with(Some(Accident::Kill(*steps)), &scene.directory, LATER);
            let killed = matches!(outcome, Outcome::Killed);
            let completed = assert_recovers(run, &scene, &format!("{run:?} killed after {steps} changes"));
            assert!(killed || completed, "{run:?} failed");
            outcomes[usize::from(completed)] += 1;
            killed
        });
        let steps = steps.count();
        assert!(steps > 20 && steps < MANY, "{run:?}: killed at {steps} steps");
        assert!(outcomes.iter().all(|count| *count > 3), "{run:?}: undone and completed {outcomes:?}");
    }
}

/// Lets the next command find what a killed run left. Returns whether the run was completed.
fn assert_recovers(run: Run, scene: &Scene, context: &str) -> bool {
    let directory = &scene.directory;
    let openssl_would_use = next_serial(directory);
    let ca_before_recovery = read(directory, FileRole::CaCertificate);
    let everything = scene.now();

    // Any command recovers first, also one that then refuses.
    let empty = scene.before.is_empty();
    let is_in_journal = |name: &String| {
        [".milvus-certs-staged/", ".milvus-certs-commit/"]
            .iter()
            .any(|journal| name.strip_prefix(journal).is_some_and(|inner| !inner.is_empty()))
    };
    let interrupted = everything.keys().any(is_in_journal);
    let (was_empty, said_so) = match Run::Gen.on(directory, LATER) {
        Ok(report) => (
            empty && report.changed,
            report.notes.iter().any(|note| note.code.starts_with("interrupted-run-")),
        ),
        Err(error) if error.kind() == ErrorKind::AlreadyThere => {
            let has_all = FileRole::ALL.iter().all(|role| error.to_string().contains(role.file_name()));
            assert!(has_all || error.has_changed(), "{context}: {error}");
            (false, error.has_changed())
        }
        Err(error) => panic!("{context}: {error}"),
    };
    assert_eq!(said_so, interrupted, "{context}");
    assert_consistent(directory, context);

    // No CA is lost: the old key is in its place or in a backup.
    let after = scene.now();
    if let Some(key) = scene.before.get("ca.key 0600") {
        assert!(after.values().any(|content| content == key), "{context}: the CA key is lost");
    }
    // Either all leaves are new or all are old, and the CA with them.
    let stays = |name: &str| name.starts_with("ca.") && run == Run::Renew;
    let replaced = |name: &String| after[name] != scene.before[name];
    let completed = !was_empty && scene.before.keys().filter(|name| !stays(name)).all(replaced);
    let undone = !scene.before.keys().filter(|name| !name.starts_with("ca.srl")).any(replaced);
    assert!(completed || undone, "{context}: neither old nor new");

    // What OpenSSL could have signed in between has a serial number of its own.
    if ca_before_recovery.is_some() && ca_before_recovery == read(directory, FileRole::CaCertificate) {
        let unused = openssl_would_use.expect("ca.srl is there as long as the CA is");
        let new: Vec<_> = leaf_serials(directory);
        let visible = everything.iter().any(|(name, content)| {
            name == "server.pem 0644"
                && Some(content) == read(directory, FileRole::ServerCertificate).as_ref()
        });
        assert!(visible || !new.contains(&unused), "{context}: serial {unused} would be used twice");
    }
    // Nor is one of the serial numbers that are in use given out again.
    let used = leaf_serials(directory);
    Run::Renew.on(directory, LATER).unwrap();
    assert!(leaf_serials(directory).iter().all(|serial| !used.contains(serial)), "{context}");
    assert_consistent(directory, context);
    completed
}

#[test]
fn a_change_that_fails_at_any_step_leaves_every_byte_and_mode_as_it_was() {
    for run in RUNS {
        for kind in [std::io::ErrorKind::StorageFull, std::io::ErrorKind::PermissionDenied] {
            let mut failures = 0;
            for steps in 0..MANY {
                let scene = Scene::of(run);
                fault::after(steps, Fault::Fail(kind));
                let result = run.on(&scene.directory, LATER);
                if !fault::call_off() {
                    break;
                }
                let context = format!("{run:?} with {kind:?} at step {steps}");
                match result {
                    Err(error) => {
                        failures += 1;
                        let without_serial = |mut files: BTreeMap<String, Vec<u8>>| {
                            // It only advances, as long as the CA is the same.
                            files.retain(|name, _| run != Run::Renew || !name.starts_with("ca.srl"));
                            files
                        };
                        let (now, before) =
                            (without_serial(scene.now()), without_serial(scene.before.clone()));
                        assert_eq!(now, before, "{context}: {error}");
                        assert_eq!(scene.directory.exists(), run != Run::Gen, "{context}: {error}");
                    }
                    // All files were in place; only the hidden folder was not removed yet.
                    Ok(_) => {
                        Directory::open(&scene.directory, Access::Change, Protection::Required).unwrap();
                        assert_consistent(&scene.directory, &context);
                    }
                }
            }
            assert!(failures > 20, "{run:?}: only {failures} steps failed");
        }
    }
}
