//! What `inspect` shows of files and folders as they are found, and how it ends.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests prepare folders of their own")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use milvus_certs::{IssueRequest, Recipients, issue};
use milvus_certs::x509::{EndEntityKind, KeyType};
use milvus_certs::store::FileRole;
use serde_json::Value;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
            command.env_remove(name);
        }
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with the certificate directory `certs`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["gen", "--quiet", "--key-type", "p256", "-d", "certs"]);
    assert!(output.status.success(), "{output:?}");
    folder
}

/// The same, after these clients were issued.
fn folder_with_clients(names: &[&str]) -> TempDir {
    let folder = folder();
    let request = IssueRequest {
        directory: folder.path().join("certs"),
        output: None,
        to: Recipients::Named {
            kind: EndEntityKind::Client,
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            more_names: Vec::new(),
            days: None,
            key_type: Some(KeyType::P256),
        },
        passphrase: None,
        replace: false,
        dry_run: false,
        protection: milvus_certs::store::Protection::Required,
    };
    issue(&request, time::OffsetDateTime::now_utc()).unwrap();
    folder
}

/// A PEM block with the beginning of a certificate.
fn cut_off(certificate: &Path) -> String {
    let der = pem::parse(fs::read(certificate).unwrap()).unwrap().into_contents();
    pem::encode(&pem::Pem::new("CERTIFICATE", &der[..100]))
}

#[test]
fn a_damaged_block_is_an_error_and_the_others_are_shown() {
    let folder = folder();
    let server = folder.path().join("certs/server.pem");
    let whole = fs::read_to_string(&server).unwrap();
    fs::write(&server, whole + &cut_off(&server)).unwrap();
    let output = run(folder.path(), &["inspect", "certs/server.pem"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("certs/server.pem (1 of 2): certificate, server"), "{output:?}");
    assert_eq!(
        text(&output.stderr),
        "error: certs/server.pem: the PEM block CERTIFICATE, 2 of 2, is not an X.509 certificate: its DER \
         structure is cut off\nhint: restore the file from a backup\n"
    );
    for target in ["certs/server.pem", "certs"] {
        let output = run(folder.path(), &["inspect", "--json", target]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let files = report["targets"][0]["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["path"] == "certs/server.pem").unwrap();
        assert!(file["error"].is_string() && file["items"].as_array().unwrap().len() == 2, "{file}");
    }
}

#[test]
fn each_file_of_a_directory_can_be_named_by_itself() {
    let folder = folder();
    let files = FileRole::AS_LISTED.map(|role| format!("certs/{role}"));
    let arguments: Vec<_> = std::iter::once("inspect").chain(files.iter().map(String::as_str)).collect();
    let output = run(folder.path(), &arguments);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("certs/ca.srl: serial number\n  last        "), "{output:?}");
}

#[test]
fn a_folder_that_cannot_be_opened_keeps_nobody_else_back() {
    let folder = folder();
    let output = run(folder.path(), &["inspect", "gone", "certs", "certs/ca.pem"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("certs:\n") && stdout.contains("certs/ca.pem: certificate"), "{stdout}");
    assert!(text(&output.stderr).starts_with("error: gone: "), "{output:?}");
}

#[test]
fn standard_input_is_called_by_its_name() {
    let folder = folder();
    let output = run(folder.path(), &["inspect", "-"]);
    assert!(text(&output.stderr).starts_with("error: standard input: is empty\n"), "{output:?}");
}

#[test]
fn a_secret_that_kubernetes_mounts_is_shown_with_its_own_names() {
    let folder = folder();
    let mounted = folder.path().join("mounted");
    fs::create_dir_all(mounted.join("..data")).unwrap();
    for (name, file) in [("tls.crt", "server.pem"), ("tls.key", "server.key"), ("ca.crt", "ca.pem")] {
        fs::copy(folder.path().join("certs").join(file), mounted.join("..data").join(name)).unwrap();
        symlink(format!("..data/{name}"), mounted.join(name)).unwrap();
    }
    let stdout = text(&run(folder.path(), &["inspect", "mounted"]).stdout);
    let rows: Vec<Vec<_>> = stdout.lines().map(|line| line.split_whitespace().take(6).collect()).collect();
    assert_eq!(rows[2], ["tls.crt", "0644", "server:", "localhost,", "127.0.0.1,", "::1"], "{stdout}");
    assert_eq!(rows[3], ["tls.key", "0600", "private", "key", "of", "tls.crt"], "{stdout}");
    assert_eq!(rows[4][..4], ["ca.crt", "0644", "root", "authority:"], "{stdout}");
    assert_eq!(rows.len(), 5, "{stdout}");
}

#[test]
fn what_was_issued_is_shown_below_the_seven_files_while_it_is_there() {
    let folder = folder_with_clients(&["search", "a-server", "gone", "handed-over"]);
    let issued = folder.path().join("certs/issued");
    fs::remove_dir_all(issued.join("gone")).unwrap();
    fs::remove_file(issued.join("handed-over/handed-over.key")).unwrap();
    let output = run(folder.path(), &["inspect", "certs"]);
    assert!(output.status.success(), "{output:?}");
    let stdout = text(&output.stdout);
    let rows: Vec<Vec<_>> = stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[6][..3], ["server.pem", "0644", "server:"], "{stdout}");
    let [search, key, server, server_key, handed_over, withdrawn] = &rows[9..] else { panic!("{stdout}") };
    assert_eq!(search[..5], ["issued/search/search.pem", "0644", "client:", "search", "P-256"], "{stdout}");
    assert_eq!(key[..3], ["issued/search/search.key", "0600", "private"], "{stdout}");
    assert_eq!(key[4..], ["of", "search.pem", "P-256"], "{stdout}");
    assert_eq!(
        [server[0], server_key[0]],
        ["pem", "key"].map(|end| format!("issued/a-server/a-server.{end}"))
    );
    assert_eq!(handed_over[0], "issued/handed-over/handed-over.pem", "{stdout}");
    assert_eq!(withdrawn.join(" "), "1 more was signed and is not there any more", "{stdout}");
}

#[test]
fn an_inventory_is_shown_line_by_line() {
    let folder = folder_with_clients(&["search"]);
    let inventory = folder.path().join("certs/issued/index.jsonl");
    let output = run(folder.path(), &["inspect", "certs/issued/index.jsonl"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let stdout = text(&output.stdout);
    let last: Vec<_> = stdout.lines().last().unwrap().split_whitespace().collect();
    let [line, _, role, _, _, file, name] = last[..] else { panic!("{stdout}") };
    assert_eq!([line, role, file, name], ["3", "client", "issued/search/search.pem", "search"], "{stdout}");

    // What a crash left does no harm.
    let lines = fs::read_to_string(&inventory).unwrap();
    fs::write(&inventory, format!("{lines}{{\"serial")).unwrap();
    let output = run(folder.path(), &["inspect", "certs/issued/index.jsonl"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert!(text(&output.stdout).ends_with("  cut off by a crash\n"), "{output:?}");

    fs::write(&inventory, format!("hello\n{lines}{{}}\n")).unwrap();
    for (target, more) in [("certs/issued/index.jsonl", "; 1 more line is damaged"), ("certs", "")] {
        let output = run(folder.path(), &["inspect", target]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let stderr = text(&output.stderr);
        let expected = "error: certs/issued/index.jsonl: line 1 is damaged: it is no JSON object";
        assert_eq!(stderr.lines().next().unwrap(), format!("{expected}{more}"));
        assert!(stderr.lines().nth(1).unwrap().contains("`sed -i 1d certs/issued/index.jsonl`"), "{stderr}");
        // The others are shown all the same.
        assert!(text(&output.stdout).contains("issued/search/search.pem"), "{output:?}");
    }
}

#[test]
fn an_inventory_can_lead_anywhere_and_is_only_looked_at() {
    let folder = folder_with_clients(&["search"]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let inventory = folder.path().join("certs/issued/index.jsonl");
    let mut lines = fs::read_to_string(&inventory).unwrap();
    let entry: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let files =
        ["", ".", "..", "/dev/zero", "../pipe", "ca.key", "issued", "-d.pem", "a\0b", "../\u{1b}[31m\n"];
    for file in files.iter().map(|file| (*file).to_owned()).chain(["x".repeat(5000)]) {
        let mut entry = entry.clone();
        entry["file"] = file.into();
        lines += &format!("{entry}\n");
    }
    fs::write(&inventory, lines).unwrap();
    for (arguments, status) in [(&["inspect", "certs"][..], 1), (&["check", "-d", "certs"], 3)] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(!printed.contains(['\0', '\u{1b}']), "{output:?}");
    }
}

#[test]
fn an_error_speaks_of_the_file_and_not_of_the_parser() {
    let folder = folder();
    let server = folder.path().join("certs/server.pem");
    let key = pem::parse(fs::read(folder.path().join("certs/server.key")).unwrap()).unwrap().into_contents();
    let block = |label: &str, content: &[u8]| pem::encode(&pem::Pem::new(label, content));
    for (content, expected) in [
        (cut_off(&server), "is not an X.509 certificate: its DER structure is cut off"),
        (block("CERTIFICATE", b"garbage!"), "its DER structure is damaged, or that of something else"),
        (block("CERTIFICATE", &key), "its DER structure is damaged, or that of something else"),
        (block("PRIVATE KEY", &key[..20]), "is not a valid private key: its DER structure is cut off"),
        (block("PRIVATE KEY", b"\x30\x00"), "its DER structure is damaged, or that of something else"),
        (
            block("CERTIFICATE REQUEST", b"\x30\x00"),
            "is not a certificate signing request: its DER structure",
        ),
        ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n".into(), "is not base64"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END X-----\n".into(), "its END line X"),
    ] {
        fs::write(folder.path().join("file"), &content).unwrap();
        let stderr = text(&run(folder.path(), &["inspect", "file"]).stderr);
        assert!(stderr.contains(expected), "{expected:?} is not in {stderr}");
    }
}

#[test]
fn the_examples_of_the_help_fit_a_terminal() {
    for command in ["inspect", "check", "gen", "renew"] {
        let help = text(&run(Path::new("."), &[command, "--help"]).stdout);
        let examples = help.split("Examples:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in examples.lines() {
            assert!(line.starts_with("  ") && line.len() <= 80, "{line}");
        }
    }
}
