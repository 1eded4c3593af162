//! Defects that were found by hand, each with its test.

use std::fs;
use std::path::Path;

use crate::base::error::ErrorKind;
use crate::crash_tests::run::{Accident, NAMES, Run};
use crate::crash_tests::world::World;
use crate::engine::notes;
use crate::engine::signers::Unvouched;
use crate::engine::{RotationState, rotation_status};
use crate::x509::{Passphrase, encrypt_key_to_pem, key_from_pem};

const FIRST: Run = Run::Issue { first: 0, count: 1, force: false };
const SECOND: Run = Run::Issue { first: 1, count: 1, force: false };

fn inventory(world: &World) -> std::path::PathBuf {
    world.directory.join("issued/index.jsonl")
}

#[test]
fn an_inventory_whose_last_line_is_cut_off_inside_a_character_is_read() {
    let mut world = World::after(&[Run::Gen, FIRST]);
    for half in [&b"{\"serial\":\"0A\",\"subject\":\"O=\xc3"[..], b"\0\0\0\0", b"{"] {
        let whole = fs::read(inventory(&world)).unwrap();
        fs::write(inventory(&world), [&whole, half].concat()).unwrap();
        world.run(Run::RenewAll, None, "cut off").unwrap();
        assert!(!fs::read(inventory(&world)).unwrap().contains(&0xc3));
    }
}

#[test]
fn an_empty_inventory_gets_lines_for_server_and_client() {
    let mut world = World::after(&[Run::Gen]);
    fs::create_dir(world.directory.join("issued")).unwrap();
    fs::write(inventory(&world), "").unwrap();
    // The world looks whether server.pem and client.pem are in it.
    world.run(FIRST, None, "begun").unwrap();
}

#[test]
fn an_inventory_with_a_damaged_line_is_an_error() {
    let world = World::after(&[Run::Gen, FIRST]);
    let whole = fs::read(inventory(&world)).unwrap();
    for damage in [b"garbage\n".to_vec(), b"\n".to_vec(), vec![b'a'; 3 << 20]] {
        fs::write(inventory(&world), [&damage[..], b"\n", &whole].concat()).unwrap();
        let error = SECOND.on(&world.directory, super::LATER).unwrap_err();
        assert!(error.to_string().contains("index.jsonl: line 1 is damaged: "), "{error}");
        assert!(!error.to_string().contains("column"), "{error}");
    }
}

#[test]
fn a_certificate_whose_file_has_a_later_line_of_a_failed_run_is_not_reissued() {
    let mut world = World::after(&[Run::Gen, FIRST]);
    // As a run enters it that then fails.
    let content = fs::read_to_string(inventory(&world)).unwrap();
    let last = content.lines().last().unwrap();
    let mut entry: serde_json::Value = serde_json::from_str(last).unwrap();
    entry["kind"] = "server".into();
    entry["serial"] = "0A".into();
    entry["sha256_fingerprint"] = "00".into();
    fs::write(inventory(&world), format!("{content}{entry}\n")).unwrap();
    let report = world.run(Run::RenewAll, None, "renew").unwrap();
    let renewed = report.certificates.iter().find(|one| one.common_name == NAMES[0]);
    assert!(renewed.is_none(), "{renewed:?}");
    let note = report.notes.iter().find(|note| note.code == "not-reissued").unwrap();
    assert!(note.message.contains(&Unvouched::EarlierCertificate.to_string()), "{note:?}");
}

#[test]
fn gen_force_ends_a_rotation_and_its_new_ca_key_stays() {
    let world = World::after(&[Run::Gen, FIRST, Run::Begin]);
    let next = fs::read(world.directory.join("next/ca.key")).unwrap();
    let report = Run::GenForce.on(&world.directory, super::LATER).unwrap();
    assert!(report.notes.contains(&notes::of_former_ca(1)), "{:?}", report.notes);
    let status = rotation_status(&world.directory, super::LATER).unwrap();
    assert_eq!(status.state, RotationState::None);
    let refused = Run::RotateIssue.on(&world.directory, super::LATER).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::OutOfTurn, "{refused}");

    Run::Begin.on(&world.directory, super::LATER).unwrap();
    let kept = super::snapshot(&world.directory);
    assert!(kept.iter().any(|(path, content)| path.starts_with("backup-") && *content == next));
    for run in [Run::RotateIssue, Run::Finish] {
        run.on(&world.directory, super::LATER).unwrap();
    }
    let status = rotation_status(&world.directory, super::LATER).unwrap();
    // What the CA signed that was replaced first is of none that ca.pem trusts.
    assert_eq!((status.state, status.authorities[0].issued), (RotationState::None, 2));
}

#[test]
fn the_cas_in_ca_pem_have_different_names() {
    let world = World::after(&[Run::Gen, FIRST, Run::Begin]);
    fs::remove_dir_all(world.directory.join("next")).unwrap();
    for run in [Run::Begin, Run::RotateIssue] {
        run.on(&world.directory, super::LATER).unwrap();
    }
    let status = rotation_status(&world.directory, super::LATER).unwrap();
    let names: Vec<_> = status.authorities.iter().map(|ca| &*ca.common_name).collect();
    assert_eq!(names, ["localhost CA", "localhost CA 2", "localhost CA 3"]);
    assert_eq!(status.state, RotationState::Issued);
    Run::Finish.on(&world.directory, super::LATER).unwrap();
    Run::RenewAll.on(&world.directory, super::LATER).unwrap();
}

#[test]
fn a_clock_that_goes_back_loses_nothing() {
    let world = World::after(&[Run::Gen]);
    Run::Issue { first: 0, count: 2, force: false }.on(&world.directory, super::LATER).unwrap();
    let before = super::snapshot(&world.directory);
    for run in [Run::RenewAll, Run::Fleet, SECOND, Run::Begin] {
        let error = run.on(&world.directory, super::NOW - time::Duration::days(9)).unwrap_err();
        assert!(error.to_string().contains("ca.pem"), "{run:?}: {error}");
        assert!(super::snapshot(&world.directory) == before, "{run:?}");
    }
    let early = super::NOW + time::Duration::days(2);
    for run in [Run::Fleet, Run::RenewAll, Run::Begin, Run::RotateIssue, Run::Finish, Run::RenewAll] {
        run.on(&world.directory, early).unwrap_or_else(|error| panic!("{run:?}: {error}"));
    }
}

#[test]
fn a_rotation_leaves_other_files_in_next() {
    let mut world = World::after(&[Run::Gen, FIRST, Run::Begin]);
    let note = world.directory.join("next/README");
    fs::write(&note, "ask first").unwrap();
    world.run(Run::RotateIssue, None, "issue").unwrap();
    assert_eq!(fs::read(&note).unwrap(), b"ask first");
    assert!(!world.directory.join("next/ca.key").exists());
}

#[test]
fn a_rotation_first_recovers_an_interrupted_run() {
    let template = World::after(&[Run::Gen, Run::Begin]);
    // A certificate of the old CA that is signed, and not in its place yet.
    let interrupted = (0..60).find_map(|steps| {
        let mut world = template.copy();
        world.try_run(FIRST, Some(Accident::Halt(steps)), "issue");
        world.directory.join("issued/.milvus-certs-commit").exists().then_some(world)
    });
    let interrupted = interrupted.unwrap();
    for stop in 0..80 {
        let mut world = interrupted.copy();
        world.try_run(Run::RotateIssue, Some(Accident::Halt(stop)), "rotate-ca issue");
        let _ = world.run(Run::Finish, None, "rotate-ca finish");
        world.run(Run::Renew, None, "renew").unwrap();
    }
}

#[test]
fn two_cas_with_an_encrypted_key_are_no_rotation() {
    let world = World::after(&[Run::Gen]);
    let other = World::after(&[Run::Gen]);
    let read = |world: &World, file: &str| fs::read(world.directory.join(file)).unwrap();
    let both = [read(&world, "ca.pem"), read(&other, "ca.pem")].concat();
    fs::write(world.directory.join("ca.pem"), both).unwrap();
    encrypt(&world.directory.join("ca.key"));
    let status = rotation_status(&world.directory, super::LATER).unwrap();
    assert_eq!(status.state, RotationState::None);
}

fn encrypt(path: &Path) {
    let key = key_from_pem(&fs::read(path).unwrap(), None).unwrap();
    let passphrase = Passphrase::from_first_line(&b"sesame".to_vec().into()).unwrap();
    fs::write(path, encrypt_key_to_pem(&key, &passphrase).unwrap().as_bytes()).unwrap();
}
