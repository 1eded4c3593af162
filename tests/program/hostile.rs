//! Files of any kind and size that somebody else wrote: the program says what is wrong, within a bounded
//! time and memory, and never panics.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use crate::common::folder::Folder;
use crate::common::program::{FILES, Outcome};

const GIBIBYTE: u64 = 1 << 30;
const LIMITS: &str = "ulimit -v 500000 && ulimit -t 20";

// ---- Files of any size and kind ----

/// A run that may take 500 MB of memory and 20 seconds of a processor.
fn run(folder: &Folder, arguments: &str) -> Outcome {
    folder.shell(&format!("{LIMITS} && exec milvus-certs {arguments}"))
}

/// `check` finds this; `code` and the file that it is about.
fn assert_found(folder: &Folder, arguments: &str, code: &str, file: &str) {
    let outcome = run(folder, &format!("check --json {arguments}")).ends_with(3);
    assert!(outcome.stderr.is_empty(), "{outcome}");
    let is_asked =
        |finding: &Value| finding["code"] == code && finding["file"].as_str().unwrap().ends_with(file);
    let report = outcome.json();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(is_asked), "no {code} of {file}: {outcome}");
}

/// A large file that takes no room on the disk.
fn huge(path: &Path) {
    File::create(path).unwrap().set_len(GIBIBYTE).unwrap();
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// Puts something else into the place of each of the seven files, one after the other.
fn for_each_file(put: impl Fn(&Path), expected: &str) {
    for file in FILES {
        let folder = Folder::with_directory("");
        folder.remove(file);
        put(&folder.path(file));
        assert_found(&folder, "", "unreadable-file", file);
        let inspected = run(&folder, "inspect").ends_with(1);
        assert!(inspected.stderr.contains(expected), "{inspected}");
        assert!(inspected.stdout.contains("cannot be read"), "{inspected}");
    }
}

#[test]
fn a_file_of_a_gibibyte_in_the_directory_is_a_finding() {
    for_each_file(huge, "larger than 1048576 bytes");
}

#[test]
fn a_pipe_without_a_writer_in_the_directory_is_a_finding() {
    for_each_file(pipe, "not a regular file");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_a_finding() {
    for_each_file(|path| fs::create_dir(path).unwrap(), "not a regular file");
}

#[test]
fn a_link_to_an_endless_device_in_the_directory_is_a_finding() {
    for_each_file(|path| symlink("/dev/zero", path).unwrap(), "not a regular file");
}

#[test]
fn renew_refuses_ca_files_that_it_cannot_read() {
    for put in [huge as fn(&Path), pipe, |path| symlink("/dev/zero", path).unwrap()] {
        for name in ["ca.key", "ca.pem", "ca.srl"] {
            let folder = Folder::with_directory("");
            folder.remove(name);
            put(&folder.path(name));
            run(&folder, "renew").refusal(1).says(name);
        }
    }
}

#[test]
fn a_file_named_on_the_command_line_is_read_up_to_a_limit() {
    let folder = Folder::with_directory("");
    huge(&folder.path("huge"));
    pipe(&folder.path("pipe"));
    for (file, reason) in [
        ("huge", "larger than"),
        ("/dev/zero", "is not a regular file"),
        ("pipe", "is a pipe, and nothing came through it"),
    ] {
        for command in ["inspect", "check --config", "renew --ca-passphrase-file"] {
            run(&folder, &format!("{command} {file}")).refusal(1).says(reason);
        }
    }
    folder.create_folder("folder");
    run(&folder, "check --config folder").refusal(1).says("folder");
}

#[test]
fn a_pipe_of_the_shell_is_read_to_its_end_even_when_it_comes_late() {
    let folder = Folder::with_directory("");
    for script in [
        "milvus-certs inspect <(cat server.pem)",
        "milvus-certs inspect <(sleep 0.3; cat server.pem)",
        "milvus-certs inspect <(head -c 100 server.pem; sleep 0.3; tail -c +101 server.pem)",
        "cat server.pem | milvus-certs inspect /dev/stdin",
        "milvus-certs inspect /dev/stdin < server.pem",
        "mkfifo p; (sleep 0.3; cat server.pem) > p & sleep 0.1; milvus-certs inspect p",
    ] {
        let outcome = folder.shell(script).ends_with(0);
        assert!(outcome.stdout.contains("certificate, server"), "{script}: {outcome}");
    }
}

#[test]
fn standard_input_without_end_is_read_up_to_a_limit() {
    let folder = Folder::with_directory("");
    for command in ["inspect -", "check --config -"] {
        for line in ["y\n", "-----BEGIN CERTIFICATE-----\n", "\0"] {
            let chunk = line.repeat(1 << 15);
            let script = format!("{LIMITS} && exec milvus-certs {command}");
            let mut shell = folder.shell_command(&script);
            let shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = shell.spawn().unwrap();
            let (mut stdin, mut written) = (child.stdin.take().unwrap(), 0);
            // Until the program has seen enough and closes the pipe.
            while written < GIBIBYTE && stdin.write_all(chunk.as_bytes()).is_ok() {
                written += chunk.len() as u64;
            }
            drop(stdin);
            let outcome = Outcome::from(child.wait_with_output().unwrap());
            outcome.refusal(1).says("standard input: is larger than");
            assert!(written < GIBIBYTE);
        }
    }
}

#[test]
fn a_file_that_a_configuration_names_is_not_waited_for() {
    let folder = Folder::with_directory("");
    pipe(&folder.path("user.yaml"));
    huge(&folder.path("milvus.yaml"));
    let compose = "services:\n  standalone:\n    image: milvusdb/milvus\n    command: milvus run standalone\n    \
        env_file: [user.yaml, /dev/zero]\n    volumes:\n    - ./user.yaml:/milvus/configs/user.yaml\n    \
        - ./milvus.yaml:/milvus/configs/milvus.yaml\n    - /dev/zero:/milvus/tls/server.pem\n    environment:\n      \
        COMMON_SECURITY_TLSMODE: 2\n      TLS_SERVERPEMPATH: /milvus/tls/server.pem\n      TLS_SERVERKEYPATH: /none\n";
    folder.write("compose.yaml", compose);
    assert_found(&folder, "--config compose.yaml", "tls-path-not-mounted", "compose.yaml");
}

/// `name` and text of configurations that would take more memory or time than there is.
fn bombs() -> Vec<(&'static str, String)> {
    let many = |text: &str, bytes: usize| text.repeat(bytes / text.len());
    let mib = 1 << 20;
    let mut laughs = String::from("a0: &a0 lol\n");
    let mut merges = String::from("a0: &a0 {x: 1}\n");
    for level in 1..=10 {
        let (tens, below) = (vec![format!("*a{}", level - 1); 10].join(", "), level - 1);
        laughs += &format!("a{level}: &a{level} [{tens}]\n");
        merges += &format!("a{level}: &a{level} {{<<: [{tens}], y{below}: *a{below}}}\n");
    }
    let indented: String = (0..1400).map(|depth| " ".repeat(depth) + "a:\n").collect();
    vec![
        ("ten levels of ten aliases", laughs),
        ("ten levels of ten merges", merges),
        ("an alias within its own anchor", "a: &a [*a]\n".into()),
        ("a merge of itself", "a: &a\n  <<: *a\n".into()),
        ("an alias without an anchor", "a: *b\n".into()),
        ("100,000 lists in each other", "[".repeat(100_000)),
        ("100,000 closed lists in each other", "[".repeat(100_000) + &"]".repeat(100_000)),
        ("100,000 mappings in each other", "{a: ".repeat(100_000)),
        ("100,000 keys of keys", "? ".repeat(100_000)),
        ("1,400 levels of indentation", indented),
        ("a mebibyte of dashes", many("- ", mib)),
        ("a mebibyte of brackets", many("[", mib)),
        ("a mebibyte of braces", many("{", mib)),
        ("a mebibyte of pairs in each other", many("[a: ", mib)),
        ("a mebibyte of documents", many("---\n", mib)),
        ("a mebibyte of items", many("- a\n", mib)),
        ("a mebibyte of items in one line", format!("[{}]", many("a,", mib - 2))),
        ("a mebibyte of a quoted text without end", format!("a: \"{}", many("x", mib - 4))),
        ("a mebibyte of escapes", format!("a: \"{}", many("\\u0041", mib - 9))),
        ("a mebibyte of colons", many(":", mib)),
        ("a mebibyte of question marks", many("?\n", mib)),
        ("a mebibyte of tags", many("!!a ", mib)),
        ("a mebibyte of anchors", many("&a ", mib)),
        ("a mebibyte of directives", many("%TAG ! !\n", mib)),
        ("a mebibyte of comments in a list", format!("[{}", many("#\n", mib - 1))),
        ("a mebibyte of a repeated key", many("a:\n", mib)),
        ("a mebibyte of NUL", many("\0", mib)),
        ("more than a mebibyte", many("a: b\n", mib + 5)),
    ]
}

#[test]
fn a_configuration_that_expands_without_bounds_is_refused_with_its_place() {
    let folder = Folder::with_directory("");
    for (name, text) in bombs() {
        assert!(text.len() <= (1 << 20) + 5, "{name}");
        folder.write("user.yaml", &text);
        let outcome = run(&folder, "check --config user.yaml --json");
        if text.len() > 1 << 20 {
            outcome.refusal(1).says("larger than");
            continue;
        }
        println!("{name}");
        let outcome = outcome.ends_with(3);
        let report = outcome.json();
        let findings = report["findings"].as_array().unwrap();
        let [finding] = &findings[..] else { panic!("{outcome}") };
        assert_eq!(finding["code"], "malformed-yaml", "{finding}");
        assert!(finding["line"].as_u64() > Some(0) && finding["column"].as_u64() > Some(0), "{finding}");
        assert!(finding["evidence"].as_str().unwrap().len() < 300, "{finding}");
    }
}

// ---- Small files that ask for much work ----

/// DER: tag, length, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let octets = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    match content.len() {
        0..0x80 => [&[tag, length[3]], content].concat(),
        _ => [&[tag, 0x80 | octets.len() as u8], octets, content].concat(),
    }
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An INTEGER of this many octets, all ones.
fn integer(octets: usize) -> Vec<u8> {
    tlv(0x02, &[vec![0], vec![0xFF; octets]].concat())
}

/// pkcs-5PBES2 with AES-256-CBC (RFC 8018) and this key derivation.
fn encrypted_key(derivation: &[u8]) -> String {
    let pbes2 = hex("06092A864886F70D01050D");
    let aes = sequence(&[&hex("060960864801650304012A"), &tlv(0x04, &[0; 16])]);
    let algorithm = sequence(&[&pbes2, &sequence(&[derivation, &aes])]);
    let key = sequence(&[&algorithm, &tlv(0x04, &[0; 160])]);
    pem::encode(&pem::Pem::new("ENCRYPTED PRIVATE KEY", key))
}

fn hex(digits: &str) -> Vec<u8> {
    let octets = digits.as_bytes().chunks(2);
    octets.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn a_private_key_of_absurd_length_is_refused_at_once() {
    let folder = Folder::with_directory("");
    folder.write("server.key", rsa_key(160_000));
    assert_found(&folder, "", "damaged-file", "server.key");
    folder.write("huge.key", rsa_key(1_000_000));
    let inspected = run(&folder, "inspect huge.key");
    assert!(matches!(inspected.status, 0 | 1), "{inspected}");
}

/// Nine numbers that look like an RSA key whose modulus has this many octets (RFC 8017 A.1.2).
fn rsa_key(octets: usize) -> String {
    let (whole, half) = (integer(octets), integer(octets / 2));
    let (version, exponent) = ([0x02, 0x01, 0x00], [0x02, 0x03, 0x01, 0x00, 0x01]);
    let key = sequence(&[&version, &whole, &exponent, &whole, &half, &half, &half, &half, &half]);
    pem::encode(&pem::Pem::new("RSA PRIVATE KEY", key))
}

#[test]
fn a_key_derivation_that_takes_hours_or_all_memory_is_refused() {
    let folder = Folder::with_directory("");
    folder.write("pass", "secret\n");
    let salt = tlv(0x04, b"saltsalt");
    let number = |digits: &str| tlv(0x02, &hex(digits));
    let scrypt = |cost: &str| {
        let parameters = sequence(&[&salt, &number(cost), &number("08"), &number("01")]);
        sequence(&[&hex("06092B06010401DA47040B"), &parameters])
    };
    let pbkdf2 = |count: &str| {
        let hmac = sequence(&[&hex("06082A864886F70D0209"), &[0x05, 0x00]]);
        sequence(&[&hex("06092A864886F70D01050C"), &sequence(&[&salt, &number(count), &hmac])])
    };
    for derivation in
        [pbkdf2("7FFFFFFF"), pbkdf2("00FFFFFFFF"), scrypt("100000"), scrypt("02000000"), scrypt("0080000000")]
    {
        folder.write("ca.key", encrypted_key(&derivation));
        run(&folder, "renew --ca-passphrase-file pass").refusal(1).says("ca.key");
    }
}

#[test]
fn a_certificate_of_millions_of_names_is_refused_or_read_in_little_memory() {
    let folder = Folder::with_directory("");
    let der = pem::parse(folder.read("server.pem")).unwrap().into_contents();
    // The real one, whose subjectAltName becomes 16 MiB long.
    let names = tlv(0x30, &b"\x82\x01a".repeat((16 << 20) / 3));
    let extension = sequence(&[&hex("0603551D11"), &tlv(0x04, &names)]);
    let extensions = tlv(0xA3, &sequence(&[&extension]));
    let certificate = with_extensions(&der, &extensions);
    folder.write("names.der", certificate);
    let outcome = run(&folder, "inspect names.der");
    assert!(matches!(outcome.status, 0 | 1), "{outcome}");
    assert!(!outcome.stdout.is_empty() || outcome.stderr.starts_with("error: names.der: "), "{outcome}");
}

/// A certificate with other extensions than its own, which stand last of what is signed.
fn with_extensions(der: &[u8], extensions: &[u8]) -> Vec<u8> {
    let parsed =
        <x509_parser::certificate::X509Certificate as x509_parser::prelude::FromDer<_>>::from_der(der);
    let tbs = parsed.unwrap().1.tbs_certificate.as_ref().to_vec();
    let rest = &der[der.windows(tbs.len()).position(|window| window == tbs).unwrap() + tbs.len()..];
    let start = tbs.windows(2).position(|pair| pair == [0xA3, 0x81] || pair == [0xA3, 0x82]).unwrap();
    // What stands before the extensions, without the head of the sequence: tag, 0x82, two octets.
    assert_eq!(&tbs[..2], [0x30, 0x82]);
    sequence(&[&sequence(&[&tbs[4..start], extensions]), rest])
}

#[test]
fn a_file_that_many_services_mount_is_not_read_again_for_each() {
    let folder = Folder::with_directory("");
    let settings: String = (0..48_000).map(|number| format!("a{number}: \n")).collect();
    folder.write("all.yaml", settings);
    let volumes = ["milvus", "default", "user"]
        .map(|name| format!("./all.yaml:/milvus/configs/{name}.yaml"))
        .join(", ");
    let first =
        format!("  s: &s {{image: milvusdb/milvus, command: milvus run standalone, volumes: [{volumes}]}}\n");
    let others: String = (1..100).map(|number| format!("  s{number}: *s\n")).collect();
    folder.write("compose.yaml", format!("services:\n{first}{others}"));
    let outcome = run(&folder, "check --config compose.yaml");
    assert!(matches!(outcome.status, 0 | 3), "{outcome}");
}

#[test]
fn ten_thousand_certificates_are_inspected_in_one_run() {
    let folder = Folder::with_directory("");
    let three = ["ca.pem", "server.pem", "client.pem"].map(|name| folder.text(name)).concat();
    folder.write("all.pem", three.repeat(3333) + &folder.text("ca.pem"));
    let inspected = run(&folder, "inspect all.pem").ends_with(0);
    let titles = inspected.stdout.lines().filter(|line| line.starts_with("all.pem (")).count();
    assert_eq!(titles, 10_000);
    assert!(inspected.stdout.contains("all.pem (10000 of 10000): certificate, root CA"));
}
