//! Where the program refuses or fails, nothing changes: not a byte, not a mode, no stray file.
#![allow(clippy::disallowed_methods, reason = "the tests put files in the way")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FILES: [&str; 7] =
    ["ca.key", "ca.pem", "ca.srl", "server.key", "server.pem", "client.key", "client.pem"];

fn milvus_certs() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
            command.env_remove(name);
        }
    }
    command
}

/// A folder with the seven files.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output =
        milvus_certs().args(["gen", "--key-type", "p256", "-d"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    folder
}

/// Name, kind, mode, owner and content (or target) of everything in a folder.
fn snapshot(folder: &Path) -> BTreeMap<String, (u32, u32, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let metadata = fs::symlink_metadata(entry.path()).unwrap();
            let content = match metadata.file_type() {
                kind if kind.is_file() => fs::read(entry.path()).unwrap(),
                kind if kind.is_symlink() => {
                    fs::read_link(entry.path()).unwrap().as_os_str().as_bytes().to_vec()
                }
                _ => Vec::new(),
            };
            (entry.file_name().into_string().unwrap(), (metadata.mode(), metadata.uid(), content))
        })
        .collect()
}

/// Two lines on standard error, nothing on standard output.
fn assert_refusal(output: &Output, status: i32, expected: &str) {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let lines: Vec<_> = stderr.lines().collect();
    assert!(
        matches!(lines[..], [error, hint] if error.starts_with("error: ") && hint.starts_with("hint: ")),
        "{stderr}"
    );
    assert!(lines[0].contains(expected), "{expected:?} is not in {stderr}");
}

/// Runs every command that writes, and checks that all refuse and change nothing.
fn assert_all_refuse(folder: &Path, expected: &str) {
    for command in [vec!["renew"], vec!["gen", "--force"]] {
        let before = snapshot(folder);
        let output = milvus_certs().args(&command).arg("-d").arg(folder).output().unwrap();
        assert_refusal(&output, 1, expected);
        assert_eq!(snapshot(folder), before, "{command:?}");
    }
}

#[test]
fn any_one_of_the_seven_files_makes_gen_refuse() {
    for file in FILES {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), "mine").unwrap();
        let before = snapshot(folder.path());
        let output = milvus_certs().arg("gen").arg("-d").arg(folder.path()).output().unwrap();
        assert_refusal(&output, 1, &format!("already has {file}"));
        let output = milvus_certs().args(["gen", "--if-missing", "-d"]).arg(folder.path()).output().unwrap();
        assert_refusal(&output, 1, "is incomplete");
        assert_eq!(snapshot(folder.path()), before);
    }
}

#[test]
fn if_missing_says_what_is_not_as_asked_for() {
    let folder = made();
    let asked = ["gen", "--if-missing", "--days", "90", "--key-type", "p384", "-d"];
    let output = milvus_certs().args(asked).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    for kind in ["server", "client"] {
        for option in ["--days 90", "--key-type p384"] {
            assert!(said.contains(&format!("`milvus-certs renew {kind} {option} -d ")), "{said}");
        }
    }
}

#[test]
fn a_complete_directory_whose_certificates_are_not_valid_is_an_error_for_if_missing_too() {
    let other = made();
    let mismatch = "does not belong to ";
    let of_another = "client.pem: another key than ca.pem's signed it";
    for (file, expected) in
        [("server.key", mismatch), ("client.pem", of_another), ("ca.pem", mismatch), ("ca.key", mismatch)]
    {
        let folder = made();
        fs::copy(other.path().join(file), folder.path().join(file)).unwrap();
        let before = snapshot(folder.path());
        let output = milvus_certs().args(["gen", "--if-missing", "-d"]).arg(folder.path()).output().unwrap();
        assert_refusal(&output, 1, expected);
        assert_eq!(snapshot(folder.path()), before);
    }
    let folder = made();
    for file in ["server.key", "server.pem", "client.key", "client.pem"] {
        fs::copy(other.path().join(file), folder.path().join(file)).unwrap();
    }
    let output = milvus_certs().args(["gen", "--if-missing", "-d"]).arg(folder.path()).output().unwrap();
    assert_refusal(&output, 1, "server.pem: another key than ca.pem's signed it");
}

#[test]
fn nothing_is_written_through_a_symbolic_link() {
    for file in ["ca.srl", "server.key", "server.pem", "client.key", "client.pem"] {
        let (folder, outside) = (made(), tempfile::tempdir().unwrap());
        let target = outside.path().join(file);
        fs::rename(folder.path().join(file), &target).unwrap();
        symlink(&target, folder.path().join(file)).unwrap();
        let before = fs::read(&target).unwrap();
        assert_all_refuse(folder.path(), "is a symbolic link");
        assert_eq!(fs::read(&target).unwrap(), before);
    }
}

#[test]
fn a_link_to_nowhere_is_in_the_way_too() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/nonexistent/ca.key", folder.path().join("ca.key")).unwrap();
    let output = milvus_certs().arg("gen").arg("-d").arg(folder.path()).output().unwrap();
    assert_refusal(&output, 1, "already has ca.key");
}

#[test]
fn a_folder_or_a_pipe_where_a_file_should_be_is_refused_without_waiting_for_it() {
    for file in ["server.pem", "client.key", "ca.srl"] {
        let folder = made();
        fs::remove_file(folder.path().join(file)).unwrap();
        fs::create_dir(folder.path().join(file)).unwrap();
        assert_all_refuse(folder.path(), "is not a regular file");

        fs::remove_dir(folder.path().join(file)).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.path().join(file),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert_all_refuse(folder.path(), "is not a regular file");
    }
}

#[test]
fn a_certificate_that_cannot_be_read_stops_only_its_own_renewal() {
    let folder = made();
    fs::write(folder.path().join("client.pem"), "garbage").unwrap();
    let before = snapshot(folder.path());
    let output = milvus_certs().args(["renew", "client", "-d"]).arg(folder.path()).output().unwrap();
    assert_refusal(&output, 1, "client.pem: has no certificate");
    assert_eq!(snapshot(folder.path()), before);

    let output = milvus_certs().args(["renew", "-d"]).arg(folder.path()).output().unwrap();
    assert_refusal(&output, 1, "client.pem: has no certificate");
    assert_refusal(&output, 1, "server.pem was made before, and stays");
    let after = snapshot(folder.path());
    let changed: Vec<_> = before.keys().filter(|file| before[*file] != after[*file]).collect();
    assert_eq!(changed, ["ca.srl", "server.key", "server.pem"]);
    let output = milvus_certs().args(["renew", "server", "-d"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(snapshot(folder.path())["client.pem"], before["client.pem"]);
}

#[test]
fn a_directory_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certs");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        for command in ["gen", "renew"] {
            let output = milvus_certs().args([command, "-d"]).arg(&path).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 2);
        }
    }
}

#[test]
fn a_path_that_is_not_utf8_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"\xff"));
    let output = milvus_certs().args(["gen", "-d"]).arg(&path).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    assert!(stderr.starts_with("error: invalid UTF-8 was detected "), "{stderr}");
    assert!(
        stderr.ends_with("\nhint: rename the file or folder, so that messages and JSON can name it\n"),
        "{stderr}"
    );
    assert!(!path.exists());
}

#[test]
fn a_disk_that_takes_no_more_bytes_leaves_everything_as_it_was() {
    // A limit on the size of files stops writes as a full disk does; the signal that comes with it
    // is ignored, as every program with a runtime of its own does.
    let limited = |command: &str, folder: &Path| {
        let script = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {command} -d \"$1\"");
        let program = env!("CARGO_BIN_EXE_milvus-certs");
        Command::new("sh").args(["-c", &script, program]).arg(folder).output().unwrap()
    };
    let folder = made();
    for command in ["renew", "gen --force"] {
        let before = snapshot(folder.path());
        let output = limited(command, folder.path());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("cannot be written: File too large"), "{stderr}");
        assert_eq!(snapshot(folder.path()), before);
    }
    let new = folder.path().join("a/b");
    assert_eq!(limited("gen", &new).status.code(), Some(1));
    assert!(!folder.path().join("a").exists(), "a folder that was made for nothing is removed");
}

#[test]
fn a_report_that_cannot_be_printed_is_an_error_that_says_what_was_done() {
    let folder = made();
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let output =
        milvus_certs().arg("renew").arg("-d").arg(folder.path()).stdout(Stdio::from(full)).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("error: the files were written, but the report cannot be printed"),
        "{stderr}"
    );
}

#[test]
fn twenty_renewals_at_once_all_succeed_or_say_that_the_directory_is_in_use() {
    let folder = made();
    let running: Vec<_> = (0..20)
        .map(|_| {
            let mut command = milvus_certs();
            command.args(["renew", "--json", "-d"]).arg(folder.path());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut serials = Vec::new();
    for child in running {
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            assert_refusal(&output, 1, "another milvus-certs is at work");
            continue;
        }
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let certificates = report["certificates"].as_array().unwrap().clone();
        let leaves = certificates.iter().filter(|certificate| certificate["role"] != "ca");
        serials.extend(leaves.map(|certificate| certificate["serial"].as_str().unwrap().to_owned()));
    }
    let count = serials.len();
    serials.sort();
    serials.dedup();
    assert!(count >= 2 && serials.len() == count, "{count} serial numbers, {} different", serials.len());
    assert_eq!(snapshot(folder.path()).len(), FILES.len());
}

#[test]
fn keys_and_certificates_have_their_modes_whatever_the_umask() {
    for umask in ["000", "077"] {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("umask {umask}; exec \"$0\" gen --key-type p256 --key-mode 0640 -d \"$1\"");
        let program = env!("CARGO_BIN_EXE_milvus-certs");
        let output = Command::new("sh").args(["-c", &script, program]).arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        for (name, (mode, _, _)) in snapshot(folder.path()) {
            let expected = match name.as_str() {
                "ca.key" => 0o600,
                "server.key" | "client.key" => 0o640,
                _ => 0o644,
            };
            assert_eq!(mode & 0o7777, expected, "{name} under umask {umask}");
        }
    }
}

#[test]
fn environment_variables_are_options_and_flags_win() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = milvus_certs();
        command.env("MILVUS_CERTS_DIR", folder.path().join("from-env")).env("MILVUS_CERTS_KEY_TYPE", "p256");
        command.env("MILVUS_CERTS_COMMON_NAME", "env.example.com").env("MILVUS_CERTS_STATE", "");
        command.env("MILVUS_CERTS_SAN", "a.example.com,10.0.0.5").env("MILVUS_CERTS_JSON", "yes");
        let output = command.arg("gen").args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["certificates"][1].clone()
    };
    let server = run(&[]);
    assert_eq!(server["names"], serde_json::json!(["env.example.com", "a.example.com", "10.0.0.5"]));
    assert_eq!(server["subject"], "C=US, L=Redwood City, O=zilliz, OU=devops, CN=env.example.com");
    let flag = folder.path().join("flag");
    let server = run(&["--common-name", "flag.example.com", "-d", flag.to_str().unwrap()]);
    assert_eq!(server["common_name"], "flag.example.com");
    assert!(flag.join("server.pem").exists());
}
