//! Where the program refuses or fails, nothing changes: no byte, no mode, no new file.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::common::folder::Folder;
use crate::common::program::{FILES, Outcome};

/// Every command that writes refuses and changes nothing.
#[track_caller]
fn assert_all_refuse(folder: &Folder, expected: &str) {
    for command in ["renew", "gen --force"] {
        folder.refusal(command).says(expected);
    }
}

#[test]
fn gen_refuses_where_one_of_the_seven_files_is() {
    for file in FILES {
        let folder = Folder::new();
        folder.write(file, "mine");
        folder.refusal("gen").says(&format!("already has {file}"));
        folder.refusal("gen --if-missing").says("is incomplete");
    }
}

#[test]
fn gen_refuses_where_a_link_to_nowhere_is() {
    let folder = Folder::new();
    symlink("/nonexistent/ca.key", folder.path("ca.key")).unwrap();
    folder.refusal("gen").says("already has ca.key");
}

#[test]
fn if_missing_notes_what_differs_from_what_is_asked_for() {
    let folder = Folder::with_directory("certs");
    let outcome = folder.run("gen --if-missing --days 90 --key-type p384 -d certs").ends_with(0);
    for kind in ["server", "client"] {
        for option in ["--days 90", "--key-type p384"] {
            let command = format!("`milvus-certs renew {kind} {option} -d ");
            assert!(outcome.stderr.contains(&command), "{outcome}");
        }
    }
}

#[test]
fn if_missing_refuses_a_complete_directory_whose_certificates_are_not_valid() {
    let mismatch = "does not belong to ";
    let of_another = |file: &str| format!("{file}: another key than ca.pem's signed it");
    let leaves = &["server.key", "server.pem", "client.key", "client.pem"][..];
    for (files, expected) in [
        (&["server.key"][..], mismatch),
        (&["client.pem"], &of_another("client.pem")),
        (&["ca.pem"], mismatch),
        (&["ca.key"], mismatch),
        (leaves, &of_another("server.pem")),
    ] {
        let folder = Folder::with_directory("");
        folder.milvus_certs("gen --key-type p256 -d other");
        for file in files {
            fs::copy(folder.path("other").join(file), folder.path(file)).unwrap();
        }
        folder.refusal("gen --if-missing").says(expected);
    }
}

#[test]
fn nothing_is_written_through_a_symbolic_link() {
    for file in ["ca.srl", "server.key", "server.pem", "client.key", "client.pem"] {
        let (folder, outside) = (Folder::with_directory(""), Folder::new());
        fs::rename(folder.path(file), outside.path(file)).unwrap();
        symlink(outside.path(file), folder.path(file)).unwrap();
        let before = outside.snapshot();
        assert_all_refuse(&folder, "is a symbolic link");
        assert_eq!(outside.snapshot(), before);
    }
}

#[test]
fn a_folder_or_a_pipe_in_place_of_a_file_is_refused_at_once() {
    for file in ["server.pem", "client.key", "ca.srl"] {
        let folder = Folder::with_directory("");
        folder.remove(file);
        folder.create_folder(file);
        assert_all_refuse(&folder, "is not a regular file");

        let folder = Folder::with_directory("");
        folder.remove(file);
        mknodat(CWD, folder.path(file), FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_all_refuse(&folder, "is not a regular file");
    }
}

#[test]
fn an_unreadable_certificate_keeps_only_itself_from_being_renewed() {
    let folder = Folder::with_directory("");
    folder.write("client.pem", "garbage");
    folder.refusal("renew client").says("client.pem: has no certificate");

    let before = folder.snapshot();
    let refusal = folder.run("renew").refusal(1);
    refusal.says("client.pem: has no certificate").says("server.pem was made before, and stays");
    let after = folder.snapshot();
    let changed: Vec<_> = before.keys().filter(|file| before[*file] != after[*file]).collect();
    assert_eq!(changed, ["ca.srl", "server.key", "server.pem"]);
    folder.milvus_certs("renew server");
    assert_eq!(folder.snapshot()["client.pem"], before["client.pem"]);
}

#[test]
fn a_directory_that_is_a_file_is_refused() {
    let folder = Folder::new();
    folder.write("certs", "");
    for command in ["gen -d certs", "renew -d certs", "gen -d certs/below", "renew -d certs/below"] {
        folder.refusal(command);
    }
    let refusal = folder.refusal("check -d certs");
    assert_eq!((&*refusal.error, &*refusal.hint), ("certs: is not a folder", "name a folder with -d"));
}

#[test]
fn a_path_that_is_not_utf_8_is_wrong_usage() {
    let folder = Folder::new();
    let name = OsStr::from_bytes(b"\xff");
    let outcome = Outcome::of(folder.command().args(["gen", "-d"]).arg(name)).ends_with(2);
    assert!(outcome.stderr.starts_with("error: invalid UTF-8 was detected "), "{outcome}");
    assert!(
        outcome
            .stderr
            .ends_with("\nhint: rename the file or folder, so that messages and JSON can name it\n"),
        "{outcome}"
    );
    assert!(outcome.stdout.is_empty(), "{outcome}");
    assert!(folder.snapshot().is_empty());
}

#[test]
fn a_disk_that_takes_no_more_bytes_leaves_everything_as_it_was() {
    // A limit on the size of files stops writes as a full disk does. The signal that comes with it is
    // ignored, as every program with a runtime of its own does.
    let folder = Folder::with_directory("certs");
    let limited =
        |command: &str| folder.shell(&format!("trap '' XFSZ; ulimit -f 0; exec milvus-certs {command}"));
    for command in ["renew -d certs", "gen --force -d certs"] {
        let before = folder.snapshot();
        let outcome = limited(command).ends_with(1);
        assert!(outcome.stderr.contains("cannot be written: File too large"), "{outcome}");
        assert_eq!(folder.snapshot(), before);
    }
    limited("gen -d certs/a/b").ends_with(1);
    assert!(!folder.path("certs/a").exists(), "the folder that was made for it is still there");
}

#[test]
fn a_report_that_cannot_be_printed_is_an_error_that_says_what_was_done() {
    let folder = Folder::with_directory("");
    let outcome = folder.shell("[ ! -e /dev/full ] && exit 77; milvus-certs renew >/dev/full");
    if outcome.status == 77 {
        return;
    }
    let outcome = outcome.ends_with(1);
    let expected = "error: the files were written, but the report cannot be printed";
    assert!(outcome.stderr.starts_with(expected), "{outcome}");
}

#[test]
fn each_of_twenty_renewals_at_once_succeeds_or_says_that_the_directory_is_in_use() {
    let folder = Folder::with_directory("");
    let running: Vec<_> = (0..20)
        .map(|_| {
            let mut command = folder.command();
            command.args(["renew", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut serials = Vec::new();
    for child in running {
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        if outcome.status != 0 {
            outcome.refusal(1).says("another milvus-certs is at work");
            continue;
        }
        let certificates = outcome.json()["certificates"].as_array().unwrap().clone();
        let leaves = certificates.iter().filter(|certificate| certificate["role"] != "ca");
        serials.extend(leaves.map(|certificate| certificate["serial"].as_str().unwrap().to_owned()));
    }
    let count = serials.len();
    serials.sort();
    serials.dedup();
    assert!(count >= 2 && serials.len() == count, "{count} serial numbers, {} different", serials.len());
    assert_eq!(folder.snapshot().len(), FILES.len());
}

#[test]
fn files_have_their_modes_with_every_umask() {
    for umask in ["000", "077"] {
        let folder = Folder::new();
        folder
            .shell(&format!("umask {umask}; milvus-certs gen --key-type p256 --key-mode 0640"))
            .ends_with(0);
        for (name, (mode, ..)) in folder.snapshot() {
            let expected = match name.as_str() {
                "ca.key" => 0o600,
                "server.key" | "client.key" => 0o640,
                _ => 0o644,
            };
            assert_eq!(mode & 0o7777, expected, "{name} under umask {umask}");
        }
    }
}
