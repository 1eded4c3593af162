//! What is printed, whatever the values in it hold and wherever it goes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests prepare folders of their own")]

use std::fs;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use milvus_certs::{IssueRequest, Recipients, issue};
use milvus_certs::x509::{EndEntityKind, KeyType};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a certificate directory.
fn folder_with(directory: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["gen", "--quiet", "--key-type", "p256", "-d", directory]);
    assert!(output.status.success(), "{output:?}");
    folder
}

/// Writes other octets into the organization of a certificate, which only somebody else's program does.
fn forge(file: &Path, organization: &[u8; 6]) {
    let mut der = pem::parse(fs::read(file).unwrap()).unwrap().into_contents();
    let places: Vec<_> = (0..der.len() - 6).filter(|at| &der[*at..*at + 6] == b"zilliz").collect();
    for place in places {
        der[place..place + 6].copy_from_slice(organization);
    }
    fs::write(file, pem::encode(&pem::Pem::new("CERTIFICATE", der))).unwrap();
}

/// What a terminal must not be sent.
fn is_harmless(text: &str) -> bool {
    !text.contains(|character| character != '\n' && milvus_certs::base::text::is_deceptive(character))
}

#[test]
fn json_is_json_and_gives_back_whatever_a_value_holds() {
    let name = "d\u{7f}\u{9b}\u{202e}";
    let folder = folder_with(name);
    fs::write(folder.path().join("user.yaml"), "common: {security: {tlsMode: \"7\u{9b}\"}}\n").unwrap();
    forge(&folder.path().join(name).join("server.pem"), b"a\n\x7f\xc2\x9bb");
    for arguments in [
        &["check", "--json", "-d", name, "--config", "user.yaml"][..],
        &["inspect", "--json", name],
        &["renew", "--json", "-d", name, "--dry-run", "--adopt", "server"],
    ] {
        let output = run(folder.path(), arguments);
        let stdout = text(&output.stdout);
        assert!(is_harmless(&stdout), "{arguments:?}: {stdout:?}");
        let document: Value =
            serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"));
        let place = document.get("directory").unwrap_or(&document["targets"][0]["path"]);
        assert_eq!(place, name, "{arguments:?}");
    }
}

#[test]
fn a_foreign_value_forges_no_line_and_hides_nothing() {
    let name = "certs\nerror[forged]: x\u{202e}";
    let folder = folder_with(name);
    forge(&folder.path().join(name).join("client.pem"), b"\ner\xe2\x80\xae");
    fs::write(folder.path().join("user.yaml"), "common: {security: {tlsMode: \"9\\nforged\\u202e\"}}\n")
        .unwrap();
    let not_there = format!("{name}/none");
    for arguments in [
        &["check", "-d", name, "--config", "user.yaml"][..],
        &["inspect", name, &format!("{name}/client.pem")],
        &["renew", "-d", name, "--dry-run"],
        &["inspect", &not_there],
        &["check", "-d", &not_there],
        &["gen", "-d", name],
    ] {
        let output = run(folder.path(), arguments);
        for printed in [text(&output.stdout), text(&output.stderr)] {
            assert!(is_harmless(&printed), "{arguments:?}: {printed:?}");
            for line in printed.lines() {
                assert!(!line.starts_with("error[forged]") && !line.starts_with("forged"), "{printed}");
            }
        }
    }
}

/// What helps against the first finding, as somebody does it who pastes the line.
fn paste_the_fix(folder: &Path, directory: &str) {
    let report: Value =
        serde_json::from_slice(&run(folder, &["check", "--json", "-d", directory]).stdout).unwrap();
    let fix = report["findings"][0]["fix"].as_str().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_milvus-certs")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    let output = shell.args(["-c", fix]).env("PATH", path).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{fix}: {output:?}");
}

#[test]
fn a_path_in_a_command_is_quoted_so_that_a_shell_reads_it_back() {
    let name = "d\u{7f} 'x'";
    let folder = folder_with(name);
    let file = folder.path().join(name).join("client.pem");
    fs::remove_file(&file).unwrap();
    paste_the_fix(folder.path(), name);
    assert!(file.exists());
}

#[test]
fn a_file_keeps_its_mode_when_its_form_is_mended() {
    let folder = folder_with("certs");
    let file = folder.path().join("certs/server.pem");
    for mode in [0o644, 0o640] {
        let text = fs::read_to_string(&file).unwrap();
        let utf16: Vec<_> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(&file, utf16).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        paste_the_fix(folder.path(), "certs");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_or_closed_standard_error_changes_no_exit_status() {
    let folder = folder_with("certs");
    for (arguments, status) in [
        (&["check", "-d", "nope"][..], 1),
        (&["check", "--nope"], 2),
        (&[], 2),
        (&["inspect", "nope"], 1),
        (&["renew", "-d", "certs"], 0),
    ] {
        let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        let output = command(folder.path(), arguments).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        let script = "exec \"$0\" \"$@\" 2>&-";
        let mut closed = Command::new("sh");
        closed.args(["-c", script, env!("CARGO_BIN_EXE_milvus-certs")]).args(arguments);
        let output = closed.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?} without standard error");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_a_failure_and_no_panic() {
    let folder = folder_with("certs");
    for arguments in [&["check", "-d", "certs"][..], &["inspect", "certs"], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(folder.path(), arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(!text(&output.stderr).contains("panicked"), "{output:?}");
    }
}

/// The samples of the metrics, without help and type.
fn samples(output: &Output) -> Vec<String> {
    let stdout = text(&output.stdout);
    stdout.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn metrics_have_every_series_once_and_clients_as_in_json() {
    let folder = folder_with("certs");
    let authority = folder.path().join("certs/ca.pem");
    fs::write(&authority, fs::read_to_string(&authority).unwrap().repeat(2)).unwrap();
    let samples = samples(&run(folder.path(), &["check", "-d", "certs", "--format", "prometheus"]));
    let mut series: Vec<_> = samples.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), count, "{samples:#?}");
    assert!(samples.contains(&"milvus_certs_check_success 1".into()), "{samples:#?}");
    assert!(
        samples.contains(&"milvus_certs_works{client=\"java\",mode=\"mutual\"} 1".into()),
        "{samples:#?}"
    );
}

#[test]
fn metrics_tell_when_what_was_issued_ends() {
    let folder = folder_with("certs");
    let request = IssueRequest {
        directory: folder.path().join("certs"),
        output: None,
        to: Recipients::Named {
            kind: EndEntityKind::Client,
            names: ["search", "gone"].map(|name| name.parse().unwrap()).to_vec(),
            more_names: Vec::new(),
            days: None,
            key_type: Some(KeyType::P256),
        },
        passphrase: None,
        replace: false,
        dry_run: false,
        protection: milvus_certs::store::Protection::Required,
    };
    issue(&request, OffsetDateTime::now_utc()).unwrap();
    fs::remove_dir_all(folder.path().join("certs/issued/gone")).unwrap();
    let samples = samples(&run(folder.path(), &["check", "-d", "certs", "--format", "prometheus"]));
    let ends: Vec<_> =
        samples.iter().filter(|line| line.starts_with("milvus_certs_not_after_seconds{")).collect();
    assert_eq!(ends.len(), 4, "{samples:#?}");
    let labels = "{file=\"certs/issued/search/search.pem\",role=\"client\",serial=";
    assert!(ends[3].contains(labels), "{ends:#?}");
}

#[test]
fn metrics_say_that_it_was_not_possible_to_look() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["check", "-d", "nope", "--format", "prometheus"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(samples(&output), ["milvus_certs_check_success 0"]);
}

#[test]
fn the_summary_names_a_folder_as_it_was_given() {
    let folder = folder_with("a./b");
    fs::create_dir(folder.path().join("inside")).unwrap();
    for (directory, name) in [("a./b", "a./b"), ("./a./b", "a./b"), ("inside/../a./b", "inside/../a./b")] {
        let stdout = text(&run(folder.path(), &["check", "-d", directory]).stdout);
        assert_eq!(stdout.lines().last().unwrap(), format!("{name}: nothing is wrong."));
    }
    let stdout = text(&run(&folder.path().join("inside"), &["check", "-d", "../a./b"]).stdout);
    assert_eq!(stdout.lines().last().unwrap(), "../a./b: nothing is wrong.");
}
