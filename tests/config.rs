//! What `config` writes and prints, and what it refuses: no authority's key in any file but one, no
//! file replaced without `--force`, nothing from a directory that would not work.
#![allow(clippy::disallowed_methods, reason = "the tests put files in the way")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

mod common;
use common::folder::clean_command;
use common::program::PROGRAM;

const TARGETS: [&[&str]; 7] = [
    &["milvus"],
    &["compose"],
    &["operator"],
    &["helm"],
    &["secret"],
    &["cert-manager"],
    &["cert-manager", "--for", "helm"],
];

fn run(folder: &Path, arguments: &[&str]) -> Output {
    clean_command(PROGRAM, folder).args(arguments).output().unwrap()
}

fn config(folder: &Path, target: &[&str], more: &[&str]) -> Output {
    run(folder, &[&["config"], target, &["-d", "certs"], more].concat())
}

/// A folder with a certificate directory called `certs`.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["gen", "-d", "certs", "--key-type", "p256"]);
    assert!(output.status.success(), "{output:?}");
    folder
}

/// Mode and content of every file below a folder.
fn snapshot(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            files
                .insert(path.strip_prefix(folder).unwrap().display().to_string(), (metadata.mode(), content));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    files
}

/// Two lines, after the findings if there are any; nothing on standard output, nothing changed.
fn assert_refused(folder: &Path, target: &[&str], more: &[&str], status: i32, expected: &str) {
    let before = snapshot(folder);
    let output = config(folder, target, more);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(output.stdout.is_empty(), "{stderr}");
    let lines: Vec<_> = stderr.lines().collect();
    assert!(
        matches!(lines[..], [.., error, hint] if error.starts_with("error: ") && hint.starts_with("hint: "))
    );
    assert!(stderr.contains(expected), "{expected:?} is not in {stderr}");
    assert_eq!(snapshot(folder), before, "{target:?} changed something");
}

#[test]
fn the_authoritys_key_is_in_no_output_but_cert_managers_secret_which_says_so() {
    let folder = made();
    let key = fs::read_to_string(folder.path().join("certs/ca.key")).unwrap();
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    // All such keys begin alike: what follows is this one's.
    let has_key =
        |text: &str| text.contains(&body[60..100]) || text.contains(&STANDARD.encode(&key)[120..180]);
    for target in TARGETS {
        let output = config(folder.path(), target, &["--json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for document in report["documents"].as_array().unwrap() {
            let (path, content) = (&document["path"], document["content"].as_str().unwrap());
            assert_eq!(has_key(content), path == "ca-secret.yaml", "{target:?} {path}");
            assert!(!has_key(content) || content.contains("ca.key"), "{content}");
        }
    }
}

#[test]
fn what_holds_a_private_key_is_written_for_its_owner_alone() {
    let folder = made();
    for (index, target) in TARGETS.into_iter().enumerate() {
        let out = index.to_string();
        assert!(config(folder.path(), target, &["--out", &out]).status.success());
        for (path, (mode, content)) in snapshot(&folder.path().join(&out)) {
            let text = String::from_utf8_lossy(&content);
            let holds_key =
                text.contains("PRIVATE KEY") || text.contains("  tls.key:") || text.contains("  server.key:");
            if mode & 0o170_000 == 0o100_000 {
                assert_eq!(mode & 0o777, if holds_key { 0o600 } else { 0o644 }, "{target:?} {path}");
            }
        }
    }
}

#[test]
fn a_key_that_a_containers_group_may_read_keeps_its_mode() {
    let folder = made();
    let key = folder.path().join("certs/server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(config(folder.path(), &["compose"], &["--out", "."]).status.success());
    assert_eq!(fs::metadata(folder.path().join("tls/server.key")).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn a_file_that_is_there_is_replaced_with_force_alone() {
    for target in TARGETS {
        let folder = made();
        assert!(config(folder.path(), target, &["--out", "out"]).status.success());
        assert_refused(folder.path(), target, &["--out", "out"], 1, "there already");
        let output = run(folder.path(), &["renew", "-d", "certs"]);
        assert!(output.status.success(), "{output:?}");
        let before = snapshot(&folder.path().join("out"));
        assert!(config(folder.path(), target, &["--out", "out", "--force"]).status.success());
        let after = snapshot(&folder.path().join("out"));
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        // The settings alone say nothing of certificates, and cert-manager's renews them itself.
        let says_certificates = !matches!(target[0], "milvus" | "cert-manager");
        assert_eq!(after != before, says_certificates, "{target:?}");
    }
}

#[test]
fn a_renewal_changes_what_restarts_the_pods() {
    let folder = made();
    let annotation = |target: &[&str]| {
        let printed = String::from_utf8(config(folder.path(), target, &[]).stdout).unwrap();
        let line = printed.lines().find(|line| {
            line.contains("milvus-certs/certificates") || line.contains("milvus-certs.certificates")
        });
        line.unwrap_or_else(|| panic!("{target:?} has no fingerprint")).to_owned()
    };
    let all = || [&["compose"][..], &["operator"], &["helm"]].map(annotation);
    let before = all();
    assert_eq!(all(), before, "it changes by itself");
    assert!(run(folder.path(), &["renew", "-d", "certs"]).status.success());
    for (after, before) in all().iter().zip(&before) {
        assert_ne!(after, before);
    }
}

#[test]
fn nothing_is_written_through_links_or_over_folders() {
    let folder = made();
    fs::create_dir_all(folder.path().join("out")).unwrap();
    symlink("/tmp/elsewhere", folder.path().join("out/user.yaml")).unwrap();
    for more in [&["--out", "out"][..], &["--out", "out", "--force"]] {
        assert_refused(folder.path(), &["milvus"], more, 1, "is a symbolic link");
    }
    fs::create_dir_all(folder.path().join("two/user.yaml")).unwrap();
    assert_refused(folder.path(), &["milvus"], &["--out", "two", "--force"], 1, "is not a regular file");
    fs::create_dir_all(folder.path().join("three")).unwrap();
    symlink("..", folder.path().join("three/tls")).unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", "three", "--force"], 1, "is a symbolic link");
    assert_refused(folder.path(), &["milvus"], &["--out", "certs/ca.pem"], 1, "is not a folder");
}

#[test]
fn the_folder_that_a_container_gets_must_not_have_the_authoritys_key() {
    let folder = made();
    fs::rename(folder.path().join("certs"), folder.path().join("tls")).unwrap();
    symlink("tls", folder.path().join("certs")).unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", ".", "--force"], 1, "tls/ca.key");
}

#[test]
fn a_directory_that_would_not_work_is_refused_with_what_check_finds() {
    for broken in ["server.key", "client.pem", "ca.pem"] {
        let folder = made();
        fs::write(folder.path().join("certs").join(broken), "garbage").unwrap();
        for target in TARGETS {
            // A Secret is for Milvus alone.
            let (is_secret, is_clients) = (target[0] == "secret", broken == "client.pem");
            let mode: &[&str] = if is_secret { &[] } else { &["--tls-mode", "2"] };
            if is_secret && is_clients {
                assert!(config(folder.path(), target, mode).status.success());
                continue;
            }
            assert_refused(folder.path(), target, mode, 1, "error[damaged-file]");
            let out = [mode, &["--out", "out"]].concat();
            assert_refused(folder.path(), target, &out, 1, "error[damaged-file]");
        }
    }
}

#[test]
fn a_name_that_no_certificate_covers_is_refused() {
    let folder = made();
    let sni = ["--internal", "--sni", "milvus.example.com"];
    assert_refused(folder.path(), &["operator"], &sni, 1, "error[name-not-covered]");
}

#[test]
fn components_ask_for_a_name_of_the_certificate_and_never_for_a_wildcard() {
    let folder = tempfile::tempdir().unwrap();
    let gen_args = ["gen", "-d", "certs", "--key-type", "p256", "--cn", "*.example.com"];
    assert!(run(folder.path(), &gen_args).status.success());
    assert_refused(folder.path(), &["milvus"], &["--internal"], 1, "no name but wildcards");
    let sni = ["--internal", "--sni", "db.example.com"];
    let output = String::from_utf8(config(folder.path(), &["milvus"], &sni).stdout).unwrap();
    assert!(output.contains("sni: \"db.example.com\""), "{output}");
}

#[test]
fn files_that_cannot_be_written_leave_the_old_ones() {
    let folder = made();
    assert!(config(folder.path(), &["helm"], &["--out", "out"]).status.success());
    let out = folder.path().join("out");
    // As somebody leaves it who wants something to be put into place.
    fs::create_dir(out.join(".milvus-certs-commit")).unwrap();
    fs::write(out.join(".milvus-certs-commit/values.yaml"), "").unwrap();
    assert_refused(folder.path(), &["helm"], &["--out", "out", "--force"], 1, "not left by a run of yours");
}

#[test]
fn a_client_that_has_only_its_own_files_can_connect() {
    let folder = made();
    for file in ["ca.key", "ca.srl", "server.key", "server.pem"] {
        fs::remove_file(folder.path().join("certs").join(file)).unwrap();
    }
    let output = run(
        folder.path(),
        &["connect", "python", "-d", "certs", "--tls-mode", "2", "--uri", "https://db.example.com"],
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("server_name=\"db.example.com\""), "{printed}");
    assert!(!printed.contains("    server_pem_path="), "{printed}");
}

#[test]
fn a_server_that_has_only_its_own_files_can_be_deployed() {
    let folder = made();
    for file in ["ca.key", "ca.srl", "client.key", "client.pem"] {
        fs::remove_file(folder.path().join("certs").join(file)).unwrap();
    }
    for target in [&["milvus"][..], &["compose"], &["operator"], &["helm"], &["secret"]] {
        assert!(config(folder.path(), target, &[]).status.success(), "{target:?}");
    }
    assert_refused(folder.path(), &["cert-manager"], &[], 1, "certs/ca.key: no such file");
}
