//! What `inspect` shows of files and folders, and its exit status.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use crate::common::folder::Folder;

/// A folder with the certificate directory `certs`, which has issued these clients.
fn folder_with_clients(names: &str) -> Folder {
    let folder = Folder::with_directory("certs");
    folder.milvus_certs(&format!("issue client {names} -d certs --key-type p256"));
    folder
}

/// A PEM block with the beginning of a certificate.
fn cut_off(certificate: &str) -> String {
    let der = pem::parse(certificate).unwrap().into_contents();
    pem::encode(&pem::Pem::new("CERTIFICATE", &der[..100]))
}

#[test]
fn a_damaged_block_is_an_error_and_the_others_are_shown() {
    let folder = Folder::with_directory("certs");
    let whole = folder.text("certs/server.pem");
    folder.write("certs/server.pem", whole.clone() + &cut_off(&whole));
    let outcome = folder.run("inspect certs/server.pem").ends_with(1);
    assert!(outcome.stdout.contains("certs/server.pem (1 of 2): certificate, server"), "{outcome}");
    assert_eq!(
        outcome.stderr,
        "error: certs/server.pem: the PEM block CERTIFICATE, 2 of 2, is not an X.509 certificate: its DER \
         structure is cut off\nhint: restore the file from a backup\n"
    );
    for target in ["certs/server.pem", "certs"] {
        let report = folder.run(&format!("inspect --json {target}")).ends_with(1).json();
        let files = report["targets"][0]["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["path"] == "certs/server.pem").unwrap();
        assert!(file["error"].is_string() && file["items"].as_array().unwrap().len() == 2, "{file}");
    }
}

#[test]
fn each_file_of_a_directory_can_be_named_alone() {
    let folder = Folder::with_directory("certs");
    let stdout = folder.shell("milvus-certs inspect certs/*").ends_with(0).stdout;
    assert!(stdout.contains("certs/ca.srl: serial number\n  last        "), "{stdout}");
}

#[test]
fn a_target_that_cannot_be_opened_does_not_hide_the_others() {
    let folder = Folder::with_directory("certs");
    let outcome = folder.run("inspect gone certs certs/ca.pem").ends_with(1);
    assert!(outcome.stdout.starts_with("certs:\n"), "{outcome}");
    assert!(outcome.stdout.contains("certs/ca.pem: certificate"), "{outcome}");
    assert!(outcome.stderr.starts_with("error: gone: "), "{outcome}");
}

#[test]
fn an_error_about_standard_input_names_it() {
    let outcome = Folder::new().run("inspect -");
    assert!(outcome.stderr.starts_with("error: standard input: is empty\n"), "{outcome}");
}

#[test]
fn a_secret_that_kubernetes_mounts_is_shown_with_the_names_of_its_files() {
    let folder = Folder::with_directory("certs");
    let mounted = folder.path("mounted");
    fs::create_dir_all(mounted.join("..data")).unwrap();
    for (name, file) in [("tls.crt", "server.pem"), ("tls.key", "server.key"), ("ca.crt", "ca.pem")] {
        fs::copy(folder.path("certs").join(file), mounted.join("..data").join(name)).unwrap();
        symlink(format!("..data/{name}"), mounted.join(name)).unwrap();
    }
    let stdout = folder.milvus_certs("inspect mounted");
    let rows: Vec<Vec<_>> = stdout.lines().map(|line| line.split_whitespace().take(6).collect()).collect();
    assert_eq!(rows[2], ["tls.crt", "0644", "server:", "localhost,", "127.0.0.1,", "::1"], "{stdout}");
    assert_eq!(rows[3], ["tls.key", "0600", "private", "key", "of", "tls.crt"], "{stdout}");
    assert_eq!(rows[4][..4], ["ca.crt", "0644", "root", "CA:"], "{stdout}");
    assert_eq!(rows.len(), 5, "{stdout}");
}

#[test]
fn issued_certificates_that_are_there_are_shown_below_the_seven_files() {
    let folder = folder_with_clients("search a-server gone handed-over");
    fs::remove_dir_all(folder.path("certs/issued/gone")).unwrap();
    folder.remove("certs/issued/handed-over/handed-over.key");
    let stdout = folder.milvus_certs("inspect certs");
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
    let folder = folder_with_clients("search");
    let inspect = || folder.run("inspect certs/issued/index.jsonl");
    let outcome = inspect().ends_with(0);
    assert!(outcome.stderr.is_empty(), "{outcome}");
    let last: Vec<_> = outcome.stdout.lines().last().unwrap().split_whitespace().collect();
    let [line, _, role, _, _, file, name] = last[..] else { panic!("{outcome}") };
    assert_eq!([line, role, file, name], ["3", "client", "issued/search/search.pem", "search"], "{outcome}");

    // A line that a crash cut off is no error.
    let lines = folder.text("certs/issued/index.jsonl");
    folder.write("certs/issued/index.jsonl", format!("{lines}{{\"serial"));
    let outcome = inspect().ends_with(0);
    assert!(outcome.stderr.is_empty(), "{outcome}");
    assert!(outcome.stdout.ends_with("  cut off by a crash\n"), "{outcome}");

    folder.write("certs/issued/index.jsonl", format!("hello\n{lines}{{}}\n"));
    for (target, more) in [("certs/issued/index.jsonl", "; 1 more line is damaged"), ("certs", "")] {
        let outcome = folder.run(&format!("inspect {target}")).ends_with(1);
        let said: Vec<_> = outcome.stderr.lines().collect();
        let expected = "error: certs/issued/index.jsonl: line 1 is damaged: it is no JSON object";
        assert_eq!(said[0], format!("{expected}{more}"));
        assert!(said[1].contains("`sed -i 1d certs/issued/index.jsonl`"), "{outcome}");
        // The other lines are shown.
        assert!(outcome.stdout.contains("issued/search/search.pem"), "{outcome}");
    }
}

#[test]
fn an_inventory_may_name_any_path_and_check_and_inspect_end() {
    let folder = folder_with_clients("search");
    mknodat(CWD, folder.path("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let mut lines = folder.text("certs/issued/index.jsonl");
    let entry: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let files =
        ["", ".", "..", "/dev/zero", "../pipe", "ca.key", "issued", "-d.pem", "a\0b", "../\u{1b}[31m\n"];
    for file in files.iter().map(|file| (*file).to_owned()).chain(["x".repeat(5000)]) {
        let mut entry = entry.clone();
        entry["file"] = file.into();
        lines += &format!("{entry}\n");
    }
    folder.write("certs/issued/index.jsonl", lines);
    for (arguments, status) in [("inspect certs", 1), ("check -d certs", 3)] {
        let outcome = folder.run(arguments).ends_with(status);
        assert!(!outcome.to_string().contains(['\0', '\u{1b}']), "{outcome:?}");
    }
}

#[test]
fn an_error_describes_the_file_and_not_the_parser() {
    let folder = Folder::with_directory("certs");
    let key = pem::parse(folder.read("certs/server.key")).unwrap().into_contents();
    let block = |label: &str, content: &[u8]| pem::encode(&pem::Pem::new(label, content));
    for (content, expected) in [
        (
            cut_off(&folder.text("certs/server.pem")),
            "is not an X.509 certificate: its DER structure is cut off",
        ),
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
        folder.write("file", &content);
        let outcome = folder.run("inspect file");
        assert!(outcome.stderr.contains(expected), "{expected:?} is not in {outcome}");
    }
}
