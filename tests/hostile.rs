//! Bytes that somebody else wrote, by mistake or on purpose: whatever a file holds and however large
//! it is, the program says what is wrong, within a bounded time and memory, and never panics.
#![allow(clippy::disallowed_methods, reason = "the tests make the files")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use milvus_certs::{GenerateRequest, generate};
use milvus_certs::check::{InspectTarget, inspect};
use milvus_certs::check::config::{Seen, Source};
use milvus_certs::check::{self, Bundle, Expectations, Verdict};
use milvus_certs::base::place::Place;
use milvus_certs::milvus::TlsMode;
use milvus_certs::x509::{Item, KeyMaterial, KeyType, SerialCounter, certificates_from_pem, certificates_to_pem, is_encrypted_key, items, key_from_pem};
use milvus_certs::store::{FileMode, FileRole};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;
use zeroize::Zeroizing;

const GIBIBYTE: u64 = 1 << 30;

// ---- The readers, through the library ----

/// The seven files as this program makes them, with keys of two kinds.
static REAL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for key_type in [KeyType::P256, KeyType::Rsa2048] {
        let folder = tempfile::tempdir().unwrap();
        let mut request = GenerateRequest::new(folder.path()).unwrap();
        request.key_type = key_type;
        generate(&request, OffsetDateTime::now_utc()).unwrap();
        files.extend(FileRole::AS_LISTED.map(|role| fs::read(folder.path().join(role.file_name())).unwrap()));
    }
    files
});

/// The certificates and keys among them, below the PEM.
static REAL_DER: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let blocks = REAL.iter().filter_map(|file| pem::parse(file).ok());
    blocks.map(pem::Pem::into_contents).collect()
});

/// Gives bytes to every reader of PEM and DER.
fn read_everywhere(content: &[u8]) {
    let read = items(content);
    let _ = KeyMaterial::from_pem(content);
    let _ = key_from_pem(content, None);
    let _ = is_encrypted_key(content);
    if let Ok(certificates) = certificates_from_pem(content) {
        let written = certificates_to_pem(&certificates);
        assert_eq!(certificates_from_pem(written.as_bytes()).unwrap(), certificates);
    }
    let source = Source { name: "-".into(), content: Zeroizing::new(content.to_vec()) };
    let report = inspect(&[InspectTarget::Content(source)], OffsetDateTime::UNIX_EPOCH);
    let is_whole = |item: &Item| !matches!(item, Item::Damaged { .. });
    assert_eq!(report.is_complete(), read.is_ok_and(|items| items.iter().all(is_whole)));
    serde_json::to_string(&report).unwrap();
}

/// Gives a certificate directory to the judge.
fn judge_directory(files: &[Vec<u8>]) {
    let mut bundle = Bundle::new();
    for (role, content) in FileRole::AS_LISTED.into_iter().zip(files) {
        bundle.add(role, Place::file(role.file_name()), Some(FileMode::PRIVATE), Ok(content));
    }
    let expectations = Expectations {
        directory: Some("certs".into()),
        modes: TlsMode::ALL.to_vec(),
        server_names: vec!["localhost".parse().unwrap()],
        expires_in: Duration::from_secs(1),
        now: OffsetDateTime::now_utc(),
    };
    let findings = check::judge(&bundle, &expectations);
    for mode in TlsMode::ALL {
        let _ = Verdict::of(mode, &findings);
    }
}

/// What happens to a file on its way.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Lose(Index, usize),
    Repeat(Index, Index),
    Splice(Index, Index),
    Insert(Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        1 => index().prop_map(Damage::Cut),
        2 => (index(), 1..40_usize).prop_map(|(at, count)| Damage::Lose(at, count)),
        1 => (index(), index()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        2 => (index(), index()).prop_map(|(at, from)| Damage::Splice(at, from)),
        2 => (index(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
    ]
}

impl Damage {
    fn apply(&self, content: &mut Vec<u8>, other: &[u8]) {
        let place = |index: &Index, content: &[u8]| index.index(content.len() + 1);
        match self {
            Self::Flip(at, bit) => {
                if !content.is_empty() {
                    let at = at.index(content.len());
                    content[at] ^= bit;
                }
            }
            Self::Cut(at) => content.truncate(place(at, content)),
            Self::Lose(at, count) => {
                let start = place(at, content);
                content.drain(start..content.len().min(start + count));
            }
            Self::Repeat(from, to) => {
                let (from, to) = (place(from, content), place(to, content));
                let part = content[from.min(to)..from.max(to)].to_vec();
                content.splice(to..to, part);
            }
            Self::Splice(at, from) => {
                content.truncate(place(at, content));
                content.extend_from_slice(&other[place(from, other)..]);
            }
            Self::Insert(at, bytes) => {
                let at = place(at, content);
                content.splice(at..at, bytes.iter().copied());
            }
        }
    }
}

/// One of these, with a few kinds of damage.
fn damaged(real: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), any::<Index>(), vec(damage(), 0..5)).prop_map(|(one, other, damages)| {
        let (mut content, other) = (one.get(real.as_slice()).clone(), other.get(real.as_slice()));
        damages.iter().for_each(|damage| damage.apply(&mut content, other));
        content
    })
}

/// A PEM label, known or not, or no label at all.
fn label() -> impl Strategy<Value = String> {
    let known = [
        "CERTIFICATE",
        "X509 CERTIFICATE",
        "CERTIFICATE REQUEST",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "EC PARAMETERS",
    ];
    prop_oneof![4 => select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(content in vec(any::<u8>(), 0..600)) {
        read_everywhere(&content);
    }

    #[test]
    fn any_text_is_read_or_refused(content in "(\\PC|[-\n\r\t\u{0} ]|-----(BEGIN|END) (CERTIFICATE|PRIVATE KEY)-----){0,60}") {
        read_everywhere(content.as_bytes());
    }

    #[test]
    fn damaged_files_are_read_or_refused(content in damaged(&REAL)) {
        read_everywhere(&content);
    }

    #[test]
    fn damaged_der_is_read_or_refused_bare_and_under_any_label(content in damaged(&REAL_DER), label in label()) {
        read_everywhere(&content);
        read_everywhere(pem::encode(&pem::Pem::new(label, content)).as_bytes());
    }

    #[test]
    fn pem_with_any_headers_is_read_or_refused(
        label in label(),
        end in label(),
        same in any::<bool>(),
        headers in vec("(Proc-Type|DEK-Info|\\PC{0,8}):? ?(4,ENCRYPTED|AES-256-CBC,|\\PC{0,12})\r?", 0..4),
        content in any::<Index>(),
        gap in "[\n\r ]{0,3}",
    ) {
        let body = pem::encode(&pem::Pem::new("X", content.get(REAL_DER.as_slice()).as_slice()));
        let body: Vec<_> = body.lines().filter(|line| !line.starts_with('-')).collect();
        let end = if same { &label } else { &end };
        let headers = headers.join("\n");
        let text = format!("-----BEGIN {label}-----\n{headers}\n{gap}{}\n-----END {end}-----\n", body.join("\n"));
        read_everywhere(text.as_bytes());
    }

    #[test]
    fn a_directory_of_damaged_files_is_judged(files in vec(damaged(&REAL), 7), der in vec(damaged(&REAL_DER), 7)) {
        judge_directory(&files);
        let is_key = |index: usize| FileRole::AS_LISTED[index].is_key();
        let label = |index| if is_key(index) { "PRIVATE KEY" } else { "CERTIFICATE" };
        let pem = |(index, der): (usize, Vec<u8>)| pem::encode(&pem::Pem::new(label(index), der)).into_bytes();
        judge_directory(&der.into_iter().enumerate().map(pem).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_read_of_any_ca_srl_is_written_back_as_the_same_number(
        content in prop_oneof![
            vec(any::<u8>(), 0..60),
            "[0-9A-Fa-f]{0,44}(\\\\?\r?\n[0-9A-Fa-f]{0,6}){0,3}".prop_map(String::into_bytes),
        ],
        other in "([0-9A-F]{2}){1,20}",
    ) {
        let Ok(counter) = SerialCounter::parse(&content) else { return Ok(()) };
        let written = counter.to_string();
        prop_assert_eq!(SerialCounter::parse(written.as_bytes()).unwrap(), counter.clone());
        prop_assert!(counter.last().octets().len() <= 20);
        let other = SerialCounter::parse(other.as_bytes()).unwrap();
        prop_assert!(!(counter.will_reach(other.last()) && other.will_reach(counter.last())));
        prop_assert!(!counter.will_reach(counter.last()));
        if let Ok(next) = counter.clone().advance() {
            prop_assert!(counter.will_reach(&next), "{} after {}", next, counter.last());
        }
    }

    #[test]
    fn any_configuration_is_judged(text in "([a-z]{1,3}|[-:{}\\[\\]&*<>|!%#?,'\" \n]|- |: |services|tls|common|kind: (Secret|Milvus)|\\PC){0,80}") {
        let source = |name: &str, content: &[u8]| Source { name: name.into(), content: Zeroizing::new(content.to_vec()) };
        let sources = [source("user.yaml", text.as_bytes()), source("-", &[text.as_bytes(), b"\xff"].concat())];
        let judgement = check::config::judge(&sources, &Bundle::new(), &|_| Seen::Unknown);
        // The second is not UTF-8.
        prop_assert!(judgement.findings.iter().any(|finding| finding.place.path == "-"));
    }
}

#[test]
fn a_serial_number_is_reached_also_where_many_digits_carry() {
    for octets in 1..=20 {
        let mut counter = SerialCounter::parse(format!("00{}", "FF".repeat(octets - 1)).as_bytes()).unwrap();
        let before = counter.clone();
        let next = counter.advance().unwrap();
        assert!(before.will_reach(&next), "{} after {}", next, before.last());
    }
}

// ---- Files of any size and kind, through the program ----

/// A run that may take 500 MB of memory, 20 seconds of a processor and two minutes in all.
struct Run {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(folder: &Path, arguments: &[&str]) -> Self {
        Self::fed(folder, arguments, Stdio::null(), |_| ())
    }

    fn fed(folder: &Path, arguments: &[&str], stdin: Stdio, feed: impl FnOnce(&mut Child)) -> Self {
        let limited = "ulimit -v 500000 && ulimit -t 20 && exec \"$0\" \"$@\"";
        let outputs = tempfile::tempdir().unwrap();
        let path = |name: &str| outputs.path().join(name);
        let mut command = Command::new("sh");
        command.args(["-c", limited, env!("CARGO_BIN_EXE_milvus-certs")]).args(arguments).current_dir(folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
                command.env_remove(name);
            }
        }
        let file = |name| File::create(path(name)).unwrap();
        let mut child = command.stdin(stdin).stdout(file("out")).stderr(file("err")).spawn().unwrap();
        feed(&mut child);
        let status = ended(&mut child, arguments);
        let text = |name| String::from_utf8(fs::read(path(name)).unwrap()).unwrap();
        Self { status, stdout: text("out"), stderr: text("err") }
    }

    /// It says why it cannot look, in two lines.
    fn assert_refused(&self, expected: &str) {
        let Self { status, stdout, stderr } = self;
        assert_eq!(status.code(), Some(1), "{status}: {stderr}");
        assert!(stdout.is_empty(), "{stdout}");
        let lines: Vec<_> = stderr.lines().collect();
        let is_error =
            matches!(lines[..], [error, hint] if error.starts_with("error: ") && hint.starts_with("hint: "));
        assert!(is_error && lines[0].contains(expected), "{expected:?} is not in {stderr}");
    }

    /// It finds this; `code` and the file that it is about.
    fn assert_found(&self, code: &str, file: &str) {
        let Self { status, stdout, stderr } = self;
        assert_eq!(status.code(), Some(3), "{status}: {stderr}");
        assert!(stderr.is_empty(), "{stderr}");
        let report: Value = serde_json::from_str(stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let is_asked =
            |finding: &Value| finding["code"] == code && finding["file"].as_str().unwrap().ends_with(file);
        assert!(findings.iter().any(is_asked), "no {code} of {file}: {stdout}");
    }
}

fn ended(child: &mut Child, arguments: &[&str]) -> ExitStatus {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A certificate directory.
fn made() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut request = GenerateRequest::new(folder.path()).unwrap();
    request.key_type = KeyType::P256;
    generate(&request, OffsetDateTime::now_utc()).unwrap();
    folder
}

/// A file of a size that takes no room on the disk.
fn huge(path: &Path) {
    File::create(path).unwrap().set_len(GIBIBYTE).unwrap();
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// Puts something else into the place of each of the seven files, one after the other.
fn for_each_file(put: impl Fn(&Path), expected: &str) {
    let folder = made();
    for role in FileRole::AS_LISTED {
        let file = folder.path().join(role.file_name());
        let aside = folder.path().join("aside");
        fs::rename(&file, &aside).unwrap();
        put(&file);
        Run::of(folder.path(), &["check", "--json"]).assert_found("unreadable-file", role.file_name());
        let inspected = Run::of(folder.path(), &["inspect"]);
        assert_eq!(inspected.status.code(), Some(1), "{}", inspected.stderr);
        assert!(inspected.stderr.contains(expected), "{}", inspected.stderr);
        assert!(inspected.stdout.contains("cannot be read"), "{}", inspected.stdout);
        if fs::symlink_metadata(&file).unwrap().is_dir() {
            fs::remove_dir(&file).unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        fs::rename(&aside, &file).unwrap();
    }
}

#[test]
fn a_file_of_a_gibibyte_in_the_directory_is_a_finding() {
    for_each_file(huge, "larger than 1048576 bytes");
}

#[test]
fn a_pipe_that_nobody_writes_to_in_the_directory_is_a_finding() {
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
fn renewal_refuses_what_it_cannot_read_of_the_authority() {
    for put in [huge as fn(&Path), pipe, |path| symlink("/dev/zero", path).unwrap()] {
        for name in ["ca.key", "ca.pem", "ca.srl"] {
            let folder = made();
            let file = folder.path().join(name);
            fs::remove_file(&file).unwrap();
            put(&file);
            Run::of(folder.path(), &["renew"]).assert_refused(name);
        }
    }
}

#[test]
fn what_is_named_on_the_command_line_is_read_up_to_a_limit() {
    let folder = made();
    huge(&folder.path().join("huge"));
    pipe(&folder.path().join("pipe"));
    for (file, reason) in [
        ("huge", "larger than"),
        ("/dev/zero", "is not a regular file"),
        ("pipe", "is a pipe, and nothing came through it"),
    ] {
        Run::of(folder.path(), &["inspect", file]).assert_refused(reason);
        Run::of(folder.path(), &["check", "--config", file]).assert_refused(reason);
        Run::of(folder.path(), &["renew", "--ca-passphrase-file", file]).assert_refused(reason);
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    Run::of(folder.path(), &["check", "--config", "folder"]).assert_refused("folder");
}

#[test]
fn a_pipe_of_the_shell_is_read_to_its_end_however_late_it_comes() {
    let folder = made();
    let program = env!("CARGO_BIN_EXE_milvus-certs");
    for script in [
        "\"$0\" inspect <(cat server.pem)",
        "\"$0\" inspect <(sleep 0.3; cat server.pem)",
        "\"$0\" inspect <(head -c 100 server.pem; sleep 0.3; tail -c +101 server.pem)",
        "cat server.pem | \"$0\" inspect /dev/stdin",
        "\"$0\" inspect /dev/stdin < server.pem",
        "mkfifo p; (sleep 0.3; cat server.pem) > p & sleep 0.1; \"$0\" inspect p",
    ] {
        let output =
            Command::new("bash").args(["-c", script, program]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("certificate, server"),
            "{script}: {output:?}"
        );
    }
}

#[test]
fn standard_input_without_end_is_read_up_to_a_limit() {
    let folder = made();
    for arguments in [["inspect", "-"].as_slice(), &["check", "--config", "-"]] {
        for line in ["y\n", "-----BEGIN CERTIFICATE-----\n", "\0"] {
            let chunk = line.repeat(1 << 15);
            let mut written = 0;
            let run = Run::fed(folder.path(), arguments, Stdio::piped(), |child| {
                let mut stdin = child.stdin.take().unwrap();
                // Until the program has seen enough and closes the pipe.
                while written < GIBIBYTE && stdin.write_all(chunk.as_bytes()).is_ok() {
                    written += chunk.len() as u64;
                }
            });
            run.assert_refused("standard input: is larger than");
            assert!(written < GIBIBYTE);
        }
    }
}

#[test]
fn what_a_configuration_names_is_not_waited_for() {
    let folder = made();
    pipe(&folder.path().join("user.yaml"));
    huge(&folder.path().join("milvus.yaml"));
    let compose = "services:\n  standalone:\n    image: milvusdb/milvus\n    command: milvus run standalone\n    \
        env_file: [user.yaml, /dev/zero]\n    volumes:\n    - ./user.yaml:/milvus/configs/user.yaml\n    \
        - ./milvus.yaml:/milvus/configs/milvus.yaml\n    - /dev/zero:/milvus/tls/server.pem\n    environment:\n      \
        COMMON_SECURITY_TLSMODE: 2\n      TLS_SERVERPEMPATH: /milvus/tls/server.pem\n      TLS_SERVERKEYPATH: /none\n";
    fs::write(folder.path().join("compose.yaml"), compose).unwrap();
    let run = Run::of(folder.path(), &["check", "--config", "compose.yaml", "--json"]);
    run.assert_found("tls-path-not-mounted", "compose.yaml");
}

/// `name` and text of configurations that would take more than there is, were they believed.
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
fn a_configuration_that_unfolds_to_more_than_there_is_is_refused_with_its_place() {
    let folder = made();
    for (name, text) in bombs() {
        assert!(text.len() <= (1 << 20) + 5, "{name}");
        let file = folder.path().join("user.yaml");
        fs::write(&file, &text).unwrap();
        let run = Run::of(folder.path(), &["check", "--config", "user.yaml", "--json"]);
        if text.len() > 1 << 20 {
            run.assert_refused("larger than");
            continue;
        }
        assert_eq!(run.status.code(), Some(3), "{name}: {}: {}", run.status, run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let [finding] = &findings[..] else { panic!("{name}: {}", run.stdout) };
        assert_eq!(finding["code"], "malformed-yaml", "{name}: {finding}");
        assert!(
            finding["line"].as_u64() > Some(0) && finding["column"].as_u64() > Some(0),
            "{name}: {finding}"
        );
        assert!(finding["evidence"].as_str().unwrap().len() < 300, "{name}: {finding}");
    }
}

// ---- Small or middling files that ask for much work ----

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
    let folder = made();
    fs::write(folder.path().join("server.key"), rsa_key(160_000)).unwrap();
    Run::of(folder.path(), &["check", "--json"]).assert_found("damaged-file", "server.key");
    fs::write(folder.path().join("huge.key"), rsa_key(1_000_000)).unwrap();
    let inspected = Run::of(folder.path(), &["inspect", "huge.key"]);
    assert!(matches!(inspected.status.code(), Some(0 | 1)), "{}: {}", inspected.status, inspected.stderr);
}

/// Nine numbers that look like an RSA key whose modulus has this many octets (RFC 8017 A.1.2).
fn rsa_key(octets: usize) -> String {
    let (whole, half) = (integer(octets), integer(octets / 2));
    let (version, exponent) = ([0x02, 0x01, 0x00], [0x02, 0x03, 0x01, 0x00, 0x01]);
    let key = sequence(&[&version, &whole, &exponent, &whole, &half, &half, &half, &half, &half]);
    pem::encode(&pem::Pem::new("RSA PRIVATE KEY", key))
}

#[test]
fn a_key_derivation_that_asks_for_hours_or_for_all_memory_is_refused() {
    let folder = made();
    fs::write(folder.path().join("pass"), "secret\n").unwrap();
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
        fs::write(folder.path().join("ca.key"), encrypted_key(&derivation)).unwrap();
        Run::of(folder.path(), &["renew", "--ca-passphrase-file", "pass"]).assert_refused("ca.key");
    }
}

#[test]
fn a_certificate_of_millions_of_names_is_refused_or_read_in_little_memory() {
    let folder = made();
    let der = pem::parse(fs::read(folder.path().join("server.pem")).unwrap()).unwrap().into_contents();
    // The real one, whose subjectAltName becomes 16 MiB long.
    let names = tlv(0x30, &b"\x82\x01a".repeat((16 << 20) / 3));
    let extension = sequence(&[&hex("0603551D11"), &tlv(0x04, &names)]);
    let extensions = tlv(0xA3, &sequence(&[&extension]));
    let certificate = with_extensions(&der, &extensions);
    fs::write(folder.path().join("names.der"), certificate).unwrap();
    let run = Run::of(folder.path(), &["inspect", "names.der"]);
    assert!(matches!(run.status.code(), Some(0 | 1)), "{}: {}", run.status, run.stderr);
    assert!(!run.stdout.is_empty() || run.stderr.starts_with("error: names.der: "), "{}", run.stderr);
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
    let folder = made();
    let settings: String = (0..48_000).map(|number| format!("a{number}: \n")).collect();
    fs::write(folder.path().join("all.yaml"), settings).unwrap();
    let volumes = ["milvus", "default", "user"]
        .map(|name| format!("./all.yaml:/milvus/configs/{name}.yaml"))
        .join(", ");
    let first =
        format!("  s: &s {{image: milvusdb/milvus, command: milvus run standalone, volumes: [{volumes}]}}\n");
    let others: String = (1..100).map(|number| format!("  s{number}: *s\n")).collect();
    fs::write(folder.path().join("compose.yaml"), format!("services:\n{first}{others}")).unwrap();
    let run = Run::of(folder.path(), &["check", "--config", "compose.yaml"]);
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}: {}", run.status, run.stderr);
}

/// Ten thousand certificates in one file.
fn ten_thousand(folder: &TempDir) -> PathBuf {
    let names = ["ca.pem", "server.pem", "client.pem"];
    let three: String = names.map(|name| fs::read_to_string(folder.path().join(name)).unwrap()).concat();
    let path = folder.path().join("all.pem");
    let first = fs::read_to_string(folder.path().join("ca.pem")).unwrap();
    fs::write(&path, three.repeat(3333) + &first).unwrap();
    path
}

#[test]
fn ten_thousand_certificates_are_inspected_in_one_run() {
    let folder = made();
    ten_thousand(&folder);
    let run = Run::of(folder.path(), &["inspect", "all.pem"]);
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    let titles = run.stdout.lines().filter(|line| line.starts_with("all.pem (")).count();
    assert_eq!(titles, 10_000);
    assert!(run.stdout.contains("all.pem (10000 of 10000): certificate, root authority"));
}
