//! The JSON of every command is what the schemas in `docs/schemas` say, to the last field.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests prepare folders of their own")]

mod common;

use std::fs;
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use milvus_certs::{EndEntityKind, IssueRequest, KeyType, Protection, Recipient, Recipients, issue};

use crate::common::folder::clean_command;
use crate::common::program::PROGRAM;
use crate::common::server::{Server, closed_port, speak_http2};
use crate::common::tls::Tls;

/// Whether a document is what a schema says.
struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn of(schema: &str) -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        let path = Path::new("docs/schemas").join(schema);
        let index = compiler.compile(path.to_str().unwrap(), &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn refusal(&self, document: &Value) -> Option<String> {
        self.schemas.validate(document, self.index).err().map(|error| error.to_string())
    }
}

/// What the program prints, as JSON.
fn json_of(arguments: &[&str], folder: &Path) -> Value {
    let output = clean_command(PROGRAM, folder).args(arguments).arg("--json").output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{output:?}"))
}

/// A folder with a healthy certificate directory in `certs`, and a broken one in `broken`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["certs", "broken"] {
        json_of(&["gen", "--key-type", "p256", "-d", name], folder.path());
    }
    let broken = folder.path().join("broken");
    fs::write(broken.join("server.pem"), "garbage").unwrap();
    fs::write(broken.join("client.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        .unwrap();
    fs::copy(folder.path().join("certs/server.pem"), broken.join("ca.pem")).unwrap();
    fs::write(broken.join("ca.srl"), "xyz").unwrap();
    fs::write(folder.path().join("user.yaml"), "common:\n  security:\n    tlsMode: 1\n").unwrap();
    fs::write(folder.path().join("broken.yaml"), "a: b: c\n").unwrap();
    folder
}

/// A directory that has issued two clients, one of which was withdrawn, with an inventory that has lines of
/// every kind.
fn issue_into(directory: &Path) {
    let recipient = |name: &str| Recipient {
        key_type: Some(KeyType::P256),
        ..Recipient::new(EndEntityKind::Client, name.parse().unwrap())
    };
    let to = Recipients::Named(["search", "gone"].map(recipient).to_vec());
    let directory = directory.to_owned();
    let request = IssueRequest {
        directory: directory.clone(),
        output: None,
        to,
        passphrase: None,
        replace: false,
        dry_run: false,
        protection: Protection::Required,
    };
    issue(&request, time::OffsetDateTime::now_utc()).unwrap();
    fs::remove_dir_all(directory.join("issued/gone")).unwrap();
    let inventory = directory.join("issued/index.jsonl");
    let lines = fs::read_to_string(&inventory).unwrap();
    fs::write(inventory, format!("hello\n{lines}{{\"serial")).unwrap();
}

#[test]
fn what_check_prints_is_what_its_schema_says() {
    let (folder, judge) = (folder(), Judge::of("check.json"));
    issue_into(&folder.path().join("certs"));
    for arguments in [
        &["check", "-d", "certs"][..],
        &["check", "-d", "broken", "--server-name", "milvus.example.com"],
        &["check", "-d", "certs", "--tls-mode", "2", "--expires-in", "20000d"],
        &["check", "-d", "certs", "--config", "user.yaml", "--config", "broken.yaml"],
    ] {
        let document = json_of(arguments, folder.path());
        assert_eq!(judge.refusal(&document), None, "{arguments:?}: {document:#}");
    }
}

#[test]
fn what_inspect_prints_is_what_its_schema_says() {
    let (folder, judge) = (folder(), Judge::of("inspect.json"));
    issue_into(&folder.path().join("certs"));
    for arguments in [
        &["inspect", "certs", "broken", "certs/issued/index.jsonl"][..],
        &["inspect", "certs/server.pem", "certs/ca.key", "broken/client.pem", "missing"],
    ] {
        let document = json_of(arguments, folder.path());
        assert_eq!(judge.refusal(&document), None, "{arguments:?}: {document:#}");
    }
}

#[test]
fn what_probe_prints_is_what_its_schema_says() {
    let (folder, judge) = (folder(), Judge::of("probe.json"));
    let with_tls = Tls::mutual(&folder.path().join("certs")).start();
    let without = Server::start(speak_http2);
    let (with_tls, rest_port) = (with_tls.target(), with_tls.port());
    let closed = format!("127.0.0.1:{}", closed_port());
    for arguments in [
        &["probe", &with_tls, "-d", "certs"][..],
        &[
            "probe",
            &with_tls,
            "--ca",
            "certs/ca.pem",
            "--cert",
            "certs/server.pem",
            "--key",
            "certs/server.key",
        ],
        &["probe", &with_tls, "--server-name", "milvus.example.com", "--rest-port", &rest_port],
        &["probe", &without.target(), &closed, "name.invalid:19530"],
    ] {
        let document = json_of(arguments, folder.path());
        assert_eq!(judge.refusal(&document), None, "{arguments:?}: {document:#}");
    }
}

#[test]
fn what_explain_prints_is_what_its_schema_says() {
    let (folder, judge) = (folder(), Judge::of("explain.json"));
    for text in ["tls: failed to parse private key", "hello"] {
        let document = json_of(&["explain", text], folder.path());
        assert_eq!(judge.refusal(&document), None, "{text}: {document:#}");
    }
}

#[test]
fn what_the_commands_print_that_make_certificates_is_what_their_schemas_say() {
    let folder = tempfile::tempdir().unwrap();
    for (schema, arguments) in [
        ("gen.json", &["gen", "-d", "certs", "--key-type", "p256", "--ca-days", "90"][..]),
        ("gen.json", &["gen", "-d", "other", "--key-type", "p256", "--dry-run"]),
        ("gen.json", &["gen", "-d", "certs", "--if-missing"]),
        ("issue.json", &["issue", "-d", "certs", "client", "search", "--key-type", "p256"]),
        ("renew.json", &["renew", "-d", "certs", "--all"]),
        ("renew.json", &["renew", "-d", "certs", "--if-due", "1d"]),
        ("rotate-ca-status.json", &["rotate-ca", "status", "-d", "certs"]),
        ("rotate-ca.json", &["rotate-ca", "begin", "-d", "certs", "--dry-run"]),
        ("rotate-ca.json", &["rotate-ca", "begin", "-d", "certs"]),
        ("rotate-ca-status.json", &["rotate-ca", "status", "-d", "certs"]),
        ("rotate-ca.json", &["rotate-ca", "issue", "-d", "certs"]),
        ("config.json", &["config", "compose", "-d", "certs"]),
        ("config.json", &["config", "helm", "-d", "certs", "--out", "deploy"]),
        ("connect.json", &["connect", "python", "-d", "certs"]),
        ("rotate-ca.json", &["rotate-ca", "finish", "-d", "certs"]),
    ] {
        let judge = Judge::of(schema);
        let document = json_of(arguments, folder.path());
        assert_nothing_else_is_allowed(&judge, &document);
    }
}

/// The schema allows `document`, and refuses every field that is added to it, or taken from it, anywhere.
fn assert_nothing_else_is_allowed(judge: &Judge, document: &Value) {
    assert_eq!(judge.refusal(document), None, "{document:#}");
    let mut pointers = vec![String::new()];
    collect(document, "", &mut pointers);
    for pointer in pointers {
        let mut more = document.clone();
        let Some(Value::Object(fields)) = more.pointer_mut(&pointer) else { continue };
        fields.insert("unheard_of".into(), json!(1));
        assert!(judge.refusal(&more).is_some(), "{pointer}: a field that nobody knows was allowed");
        for name in document.pointer(&pointer).unwrap().as_object().unwrap().keys() {
            let mut less = document.clone();
            less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().remove(name);
            assert!(judge.refusal(&less).is_some(), "{pointer}/{name}: could be left out");
        }
    }
}

fn collect(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => return,
    };
    for (name, child) in children {
        let pointer = format!("{pointer}/{name}");
        collect(child, &pointer, pointers);
        pointers.push(pointer);
    }
}

#[test]
fn the_schemas_allow_nothing_else() {
    let folder = folder();
    issue_into(&folder.path().join("certs"));
    let check = json_of(&["check", "-d", "broken"], folder.path());
    assert_nothing_else_is_allowed(&Judge::of("check.json"), &check);
    let inspect = json_of(&["inspect", "certs", "broken", "certs/issued/index.jsonl"], folder.path());
    assert_nothing_else_is_allowed(&Judge::of("inspect.json"), &inspect);
    let server = Tls::mutual(&folder.path().join("certs")).start();
    let arguments = ["probe", &server.target(), "-d", "certs", "--server-name", "other", "--timeout", "10s"];
    let probe = json_of(&arguments, folder.path());
    assert_nothing_else_is_allowed(&Judge::of("probe.json"), &probe);
    let explain = json_of(&["explain", "tls: failed to parse private key"], folder.path());
    assert_nothing_else_is_allowed(&Judge::of("explain.json"), &explain);
}
