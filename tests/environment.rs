//! Options that come from environment variables: what is typed wins, and what is wrong is named.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "the tests prepare folders of their own")]

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn run(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    command.args(arguments).current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

/// A folder with the certificate directory `certs`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[], &["gen", "--quiet", "--key-type", "p256", "-d", "certs"]);
    assert!(output.status.success(), "{output:?}");
    folder
}

#[test]
fn a_typed_format_wins_over_the_environments() {
    const FORMAT: &str = "MILVUS_CERTS_FORMAT";
    const JSON: &str = "MILVUS_CERTS_JSON";
    let folder = folder();
    for (variables, arguments, begins) in [
        (&[(FORMAT, "text")][..], &["--json"][..], "{"),
        (&[(FORMAT, "prometheus")], &["--json"], "{"),
        (&[(JSON, "1")], &["--format", "prometheus"], "# HELP"),
        (&[(JSON, "1")], &["--format", "text"], "    "),
        (&[(JSON, "0"), (FORMAT, "prometheus")], &[], "# HELP"),
        (&[(JSON, "1")], &[], "{"),
        (&[(JSON, "1"), (FORMAT, "json")], &[], "{"),
        (&[], &["--json", "--format", "json"], "{"),
    ] {
        let arguments = [&["check", "-d", "certs"], arguments].concat();
        let output = run(folder.path(), variables, &arguments);
        assert!(output.status.success(), "{variables:?} {arguments:?}: {output:?}");
        assert!(output.stdout.starts_with(begins.as_bytes()), "{variables:?} {arguments:?}: {output:?}");
    }
    let output = run(folder.path(), &[(JSON, "1"), (FORMAT, "text")], &["check", "-d", "certs"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_wrong_value_of_a_variable_names_the_variable() {
    let folder = folder();
    for (variable, value, command, message) in [
        ("JSON", "maybe", "check", "MILVUS_CERTS_JSON: \"maybe\" is neither true nor false"),
        ("FORCE", "maybe", "gen", "MILVUS_CERTS_FORCE: \"maybe\" is neither true nor false"),
        ("EXPIRES_IN", "30", "check", "MILVUS_CERTS_EXPIRES_IN: \"30\" is not a length of time"),
        ("FORMAT", "xml", "check", "invalid value 'xml' for MILVUS_CERTS_FORMAT "),
        ("KEY_TYPE", "dsa", "renew", "invalid value 'dsa' for MILVUS_CERTS_KEY_TYPE "),
    ] {
        let variable = format!("MILVUS_CERTS_{variable}");
        let output = run(folder.path(), &[(&variable, value)], &[command]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(&format!("error: {message}")), "{stderr}");
    }
    // What is typed is not the variable's fault.
    let output = run(folder.path(), &[("MILVUS_CERTS_EXPIRES_IN", "30d")], &["check", "--expires-in=30"]);
    assert!(output.stderr.starts_with(b"error: --expires-in: "), "{output:?}");
}

#[test]
fn a_file_in_the_place_of_a_folder_is_not_said_to_be_made() {
    let folder = folder();
    let output = run(folder.path(), &[], &["check", "-d", "certs/ca.pem"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "error: certs/ca.pem: is not a folder\nhint: name a folder with -d\n");
}

#[test]
fn a_variable_that_is_meant_for_another_command_is_not_in_the_way() {
    let folder = folder();
    std::fs::write(folder.path().join("fleet.yaml"), "key-type: p256\nclients: [search]\n").unwrap();
    let of_gen = [
        ("MILVUS_CERTS_SAN", "milvus.example.com"),
        ("MILVUS_CERTS_DAYS", "90"),
        ("MILVUS_CERTS_COMMON_NAME", "milvus.example.com"),
        ("MILVUS_CERTS_NAMESPACE", "milvus"),
        ("MILVUS_CERTS_ALL", "1"),
    ];
    for arguments in [
        &["issue", "-d", "certs", "--from", "fleet.yaml"][..],
        &["issue", "-d", "certs", "client", "ingest", "--key-type", "p256"],
        &["renew", "-d", "certs", "server", "--key-type", "p256"],
    ] {
        let output = run(folder.path(), &of_gen, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    // The same, typed, is a mistake.
    for arguments in [
        &["issue", "-d", "certs", "--from", "fleet.yaml", "--san", "milvus.example.com"][..],
        &["issue", "-d", "certs", "client", "backup", "--common-name", "backup"],
        &["renew", "-d", "certs", "--namespace", "milvus"],
        &["renew", "-d", "certs", "server", "--all"],
    ] {
        let output = run(folder.path(), &[], arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}
