//! Options that come from environment variables: what is typed wins, and what is wrong is named.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "the tests prepare folders of their own")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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
    for (variable, value, command, message, option) in [
        ("JSON", "maybe", "check", "invalid value 'maybe' for '--json'", "json"),
        ("GEN_FORCE", "maybe", "gen", "invalid value 'maybe' for '--force'", "force"),
        ("EXPIRES_IN", "30", "check", "invalid value '30' for '--expires-in <TIME>'", "expires-in"),
        ("CHECK_FORMAT", "xml", "check", "invalid value 'xml' for '--format <FORMAT>'", "format"),
        ("KEY_TYPE", "dsa", "renew", "invalid value 'dsa' for '--key-type <TYPE>'", "key-type"),
        ("SAN", "a,b c", "gen", "invalid value 'b c' for '--san <NAME-OR-IP>'", "san"),
    ] {
        let variable = format!("MILVUS_CERTS_{variable}");
        let output = run(folder.path(), &[(&variable, value)], &[command]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(&format!("error: {message}")), "{stderr}");
        let hint = format!("\nhint: the variable {variable} of the environment sets --{option}\n");
        assert!(stderr.ends_with(&hint), "{stderr}");
    }
    // What is typed is not the variable's fault.
    let output = run(folder.path(), &[("MILVUS_CERTS_EXPIRES_IN", "30d")], &["check", "--expires-in=30"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: ") && !stderr.contains("MILVUS_CERTS"), "{stderr}");
    // A conflict with what is typed.
    let output = run(folder.path(), &[("MILVUS_CERTS_GEN_FORCE", "1")], &["gen", "--if-missing"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.ends_with("\nhint: the variable MILVUS_CERTS_GEN_FORCE of the environment sets --force\n"),
        "{stderr}"
    );
}

/// The words that the help lists below `heading`.
fn listed(command: &[&str], heading: &str) -> Vec<String> {
    let output = run(Path::new("."), &[], &[command, &["--help"]].concat());
    let help = String::from_utf8(output.stdout).unwrap();
    let list = help.split_once(heading).map(|(_, list)| list.to_owned()).unwrap_or_default();
    let rows = list.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

/// Every command that has options, with what stands below it.
fn commands() -> Vec<Vec<String>> {
    let below = |name: &str, heading| -> Vec<_> {
        listed(&[name], heading).into_iter().map(|below| vec![name.to_owned(), below]).collect()
    };
    let top = listed(&[], "Commands:").into_iter();
    top.flat_map(|name| match name.as_str() {
        "config" => below("config", "Targets:"),
        "rotate-ca" => below("rotate-ca", "Steps:"),
        _ => vec![vec![name]],
    })
    .collect()
}

/// The long options of a command, by its help.
fn options(command: &[&str]) -> Vec<String> {
    let output = run(Path::new("."), &[], &[command, &["--help"]].concat());
    let help = String::from_utf8(output.stdout).unwrap();
    let option = |line: &str| {
        let line = line.strip_prefix("  ")?.trim_start();
        let word = line.split(", ").last().filter(|_| line.starts_with('-'))?.split_whitespace().next()?;
        let word = if line.starts_with("--") { line.split_whitespace().next()? } else { word };
        word.strip_prefix("--").filter(|name| *name != "help").map(str::to_owned)
    };
    help.lines().filter_map(option).collect()
}

/// Whether a command reads a variable: no option takes what is not UTF-8.
fn reads(variable: &str, command: &[&str]) -> bool {
    let mut program = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    // Nothing that is written by mistake is written into the sources.
    let folder = tempfile::tempdir().unwrap();
    program.args(command).current_dir(folder.path()).env_clear().stdin(Stdio::null());
    let output = program.env(variable, OsStr::from_bytes(b"\xff")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let is_refused = stderr.contains("invalid UTF-8") || stderr.contains("invalid value '\u{fffd}'");
    output.status.code() == Some(2) && is_refused
}

#[test]
fn every_option_of_every_command_has_its_variables() {
    const OWN_ONLY: [&str; 5] = ["accept-unprotected-keys", "adopt", "force", "internal", "out"];
    let upper = |name: &str| name.replace('-', "_").to_uppercase();
    let mut count = 0;
    for command in commands() {
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        for option in options(&words) {
            let own = format!("MILVUS_CERTS_{}_{}", upper(words[0]), upper(&option));
            assert!(reads(&own, &words), "{words:?} does not read {own}");
            let shared = format!("MILVUS_CERTS_{}", upper(&option));
            let is_shared = !OWN_ONLY.contains(&option.as_str());
            assert_eq!(reads(&shared, &words), is_shared, "{words:?}, {shared}");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn the_force_of_one_command_is_not_that_of_another() {
    let folder = folder();
    let key = || std::fs::read(folder.path().join("certs/ca.key")).unwrap();
    let before = key();
    let of_others = [("MILVUS_CERTS_FORCE", "1"), ("MILVUS_CERTS_CONFIG_FORCE", "1")];
    let output = run(folder.path(), &of_others, &["gen", "-d", "certs", "--key-type", "p256"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(key(), before);
    let own = [("MILVUS_CERTS_GEN_FORCE", "1")];
    let output = run(folder.path(), &own, &["gen", "-d", "certs", "--key-type", "p256"]);
    assert!(output.status.success(), "{output:?}");
    assert_ne!(key(), before);
}

#[test]
fn the_variable_of_the_command_goes_before_the_shared_one() {
    let folder = folder();
    for (variables, status) in [
        (&[("MILVUS_CERTS_DIR", "nope"), ("MILVUS_CERTS_CHECK_DIR", "certs")][..], 0),
        (&[("MILVUS_CERTS_DIR", "certs"), ("MILVUS_CERTS_CHECK_DIR", "nope")], 1),
        (&[("MILVUS_CERTS_DIR", "certs"), ("MILVUS_CERTS_GEN_DIR", "nope")], 0),
        (&[("MILVUS_CERTS_DIR", "certs"), ("MILVUS_CERTS_UNHEARD_OF", "1")], 0),
    ] {
        let output = run(folder.path(), variables, &["check"]);
        assert_eq!(output.status.code(), Some(status), "{variables:?}: {output:?}");
    }
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
