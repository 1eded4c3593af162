//! What is printed, whatever the values in it hold and wherever it goes.

use std::fs;

use crate::common::folder::Folder;
use crate::common::program::Outcome;

/// A folder with a certificate directory of this name.
fn folder_with(directory: &str) -> Folder {
    let folder = Folder::new();
    folder.put_directory(directory);
    folder
}

/// Runs the program with arguments that no shell has to read.
fn run(folder: &Folder, arguments: &[&str]) -> Outcome {
    Outcome::of(folder.command().args(arguments))
}

/// Writes other octets into the organization of a certificate, as only another program does.
fn forge(folder: &Folder, file: &str, organization: &[u8; 6]) {
    let mut der = pem::parse(folder.read(file)).unwrap().into_contents();
    let places: Vec<_> = (0..der.len() - 6).filter(|at| &der[*at..*at + 6] == b"zilliz").collect();
    for place in places {
        der[place..place + 6].copy_from_slice(organization);
    }
    folder.write(file, pem::encode(&pem::Pem::new("CERTIFICATE", der)));
}

/// Whether a text has no character that controls a terminal, hides text or changes its order.
fn is_harmless(text: &str) -> bool {
    let is_harmful = |character: char| match character {
        '\n' => false,
        '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' => true,
        '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{E0000}'..='\u{E007F}' => true,
        _ => character.is_control(),
    };
    !text.contains(is_harmful)
}

#[test]
fn json_is_valid_and_gives_back_whatever_a_value_holds() {
    let name = "d\u{7f}\u{9b}\u{202e}";
    let folder = folder_with(name);
    folder.write("user.yaml", "common: {security: {tlsMode: \"7\u{9b}\"}}\n");
    forge(&folder, &format!("{name}/server.pem"), b"a\n\x7f\xc2\x9bb");
    for arguments in [
        &["check", "--json", "-d", name, "--config", "user.yaml"][..],
        &["inspect", "--json", name],
        &["renew", "--json", "-d", name, "--dry-run", "--adopt", "server"],
    ] {
        let outcome = run(&folder, arguments);
        assert!(is_harmless(&outcome.stdout), "{arguments:?}: {outcome:?}");
        let document = outcome.json();
        let place = document.get("directory").unwrap_or(&document["targets"][0]["path"]);
        assert_eq!(place, name, "{arguments:?}");
    }
}

#[test]
fn a_value_of_a_file_forges_no_line_and_hides_nothing() {
    let name = "certs\nerror[forged]: x\u{202e}";
    let folder = folder_with(name);
    forge(&folder, &format!("{name}/client.pem"), b"\ner\xe2\x80\xae");
    folder.write("user.yaml", "common: {security: {tlsMode: \"9\\nforged\\u202e\"}}\n");
    let not_there = format!("{name}/none");
    for arguments in [
        &["check", "-d", name, "--config", "user.yaml"][..],
        &["inspect", name, &format!("{name}/client.pem")],
        &["renew", "-d", name, "--dry-run"],
        &["inspect", &not_there],
        &["check", "-d", &not_there],
        &["gen", "-d", name],
    ] {
        let outcome = run(&folder, arguments);
        for printed in [&outcome.stdout, &outcome.stderr] {
            assert!(is_harmless(printed), "{arguments:?}: {printed:?}");
            for line in printed.lines() {
                assert!(!line.starts_with("error[forged]") && !line.starts_with("forged"), "{printed}");
            }
        }
    }
}

/// Pastes the fix of the first finding into a shell.
fn paste_the_fix(folder: &Folder, directory: &str) {
    let report = run(folder, &["check", "--json", "-d", directory]).json();
    folder.shell(report["findings"][0]["fix"].as_str().unwrap()).ends_with(0);
}

#[test]
fn a_path_in_a_command_is_quoted_for_a_shell() {
    let name = "d\u{7f} 'x'";
    let folder = folder_with(name);
    let file = format!("{name}/client.pem");
    folder.remove(&file);
    paste_the_fix(&folder, name);
    assert!(folder.path(&file).exists());
}

#[test]
fn a_file_keeps_its_mode_when_a_fix_converts_it() {
    let folder = folder_with("certs");
    let file = "certs/server.pem";
    for mode in [0o644, 0o640] {
        let text = folder.text(file);
        let utf16: Vec<_> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        folder.write(file, utf16);
        folder.set_mode(file, mode);
        paste_the_fix(&folder, "certs");
        assert_eq!(folder.text(file), text);
        assert_eq!(folder.mode(file), mode);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_or_closed_standard_error_changes_no_exit_status() {
    let folder = folder_with("certs");
    for (arguments, status) in
        [("check -d nope", 1), ("check --nope", 2), ("", 2), ("inspect nope", 1), ("renew -d certs", 0)]
    {
        for standard_error in ["/dev/full", "&-"] {
            folder.shell(&format!("milvus-certs {arguments} 2>{standard_error}")).ends_with(status);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_a_failure_and_no_panic() {
    let folder = folder_with("certs");
    for arguments in ["check -d certs", "inspect certs", "--help"] {
        let outcome = folder.shell(&format!("milvus-certs {arguments} >/dev/full")).ends_with(1);
        assert!(!outcome.stderr.contains("panicked"), "{outcome}");
    }
}

/// The samples of the metrics, without help and type.
fn samples(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn metrics_have_every_series_once_and_the_clients_of_the_json_report() {
    let folder = folder_with("certs");
    folder.join(&["certs/ca.pem", "certs/ca.pem"], "certs/ca.pem");
    let outcome = folder.run("check -d certs --format prometheus");
    let samples = samples(&outcome);
    let mut series: Vec<_> = samples.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), count, "{samples:#?}");
    for sample in ["milvus_certs_check_success 1", "milvus_certs_works{client=\"java\",mode=\"mutual\"} 1"] {
        assert!(samples.contains(&sample), "{samples:#?}");
    }
}

#[test]
fn metrics_have_the_end_of_every_issued_certificate_that_is_there() {
    let folder = folder_with("certs");
    folder.milvus_certs("issue client search gone -d certs --key-type p256");
    fs::remove_dir_all(folder.path("certs/issued/gone")).unwrap();
    let outcome = folder.run("check -d certs --format prometheus");
    let samples = samples(&outcome);
    let ends: Vec<_> =
        samples.iter().filter(|line| line.starts_with("milvus_certs_not_after_seconds{")).collect();
    assert_eq!(ends.len(), 4, "{samples:#?}");
    let labels = "{file=\"certs/issued/search/search.pem\",role=\"client\",serial=";
    assert!(ends[3].contains(labels), "{ends:#?}");
}

#[test]
fn metrics_say_where_check_could_not_look() {
    let outcome = Folder::new().run("check -d nope --format prometheus").ends_with(1);
    assert_eq!(samples(&outcome), ["milvus_certs_check_success 0"]);
}

#[test]
fn the_summary_names_a_folder_as_it_was_given() {
    let folder = folder_with("a./b");
    folder.create_folder("inside");
    for (directory, name) in [("a./b", "a./b"), ("./a./b", "a./b"), ("inside/../a./b", "inside/../a./b")] {
        let stdout = folder.milvus_certs(&format!("check -d {directory}"));
        assert_eq!(stdout.lines().last().unwrap(), format!("{name}: nothing is wrong."));
    }
    let stdout = folder.shell("cd inside; milvus-certs check -d ../a./b").ends_with(0).stdout;
    assert_eq!(stdout.lines().last().unwrap(), "../a./b: nothing is wrong.");
}

#[test]
fn the_status_of_check_is_about_the_clients_that_are_asked_about() {
    let folder = Folder::with_directory("certs");
    folder.write("off.yaml", "common:\n  security:\n    tlsMode: 0\n");
    for (arguments, status) in [
        ("check -d certs", 0),
        // No client with TLS works, and that is what was asked.
        ("check -d certs --config off.yaml", 3),
        ("check -d certs --config off.yaml --client go", 3),
        ("check -d certs --client pymilvus,java --client curl", 0),
    ] {
        folder.run(arguments).ends_with(status);
    }
    let clients = |arguments: &str| -> Vec<String> {
        let report = folder.run(arguments).json();
        let outcomes = report["verdicts"][0]["clients"].as_array().unwrap();
        outcomes.iter().map(|outcome| outcome["client"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(clients("check -d certs --json --client java,go"), ["java", "go"]);
    assert_eq!(clients("check -d certs --json").len(), 6);
    folder.run("check -d certs --client telnet").ends_with(2);
}

/// A key of Ed25519 stops pymilvus and others, not the clients in Go.
#[test]
fn what_stops_other_clients_alone_is_shown_and_no_failure() {
    let folder = Folder::with_directory("certs");
    folder.openssl("genpkey -algorithm ed25519 -out certs/server.key");
    folder.openssl(
        "req -x509 -new -key certs/server.key -CA certs/ca.pem -CAkey certs/ca.key -subj /CN=localhost -days 300 \
         -addext subjectAltName=DNS:localhost -addext extendedKeyUsage=serverAuth \
         -addext basicConstraints=critical,CA:false -out certs/server.pem",
    );
    folder.run("check -d certs").ends_with(3);
    let outcome = folder.run("check -d certs --client go --tls-mode 1").ends_with(0);
    assert!(outcome.stdout.contains("key-not-for-pymilvus"), "{outcome}");
    folder.run("check -d certs --client pymilvus --tls-mode 1").ends_with(3);
}
