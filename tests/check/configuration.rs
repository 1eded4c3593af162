//! What is written for Milvus, beside a directory with which nothing is wrong.

use crate::case::{Case, broken, gen_again};
use crate::common::folder::Folder;

/// JSON is YAML too, and the proof with a real Milvus reads JSON.
const MUTUAL: &str = r#"{
  "proxy": {"http": {"port": 8080}},
  "tls": {
    "serverPemPath": "/milvus/tls/server.pem",
    "serverKeyPath": "/milvus/tls/server.key",
    "caPemPath": "/milvus/tls/ca.pem"
  },
  "common": {"security": {"tlsMode": 2}}
}
"#;

const COMPOSE: &str = "\
services:
  standalone:
    image: milvusdb/milvus:v2.6.0
    command: milvus run standalone
    volumes:
      - ./tls:/milvus/tls:ro
      - ./user.yaml:/milvus/configs/user.yaml:ro
    ports: ['19530:19530', '8080:8080']
";

const USER_YAML: &str = "--config user.yaml";
const COMPOSE_YAML: &str = "--config compose.yaml";

/// Cases with which a real Milvus can be started.
pub(crate) fn measurable() -> Vec<Case> {
    [settings(), deployed()].into_iter().flatten().collect()
}

/// Cases that a real Milvus does not show: its version accepts them, or the settings do not reach it.
pub(crate) fn others() -> Vec<Case> {
    [more_settings(), documents(), unmounted()].into_iter().flatten().collect()
}

/// A user.yaml that is given by itself, with something changed.
fn given(name: &str, [from, to]: [&'static str; 2], findings: &[&str]) -> Case {
    assert!(MUTUAL.contains(from));
    broken(name, findings, move |folder| folder.write("user.yaml", MUTUAL.replace(from, to)))
        .checked_with(USER_YAML)
}

fn settings() -> Vec<Case> {
    let mode = |name, to, findings: &[&str]| given(name, [r#""tlsMode": 2"#, to], findings);
    let words = ["tls-mode-invalid user.yaml"];
    vec![
        mode("settings for mutual TLS", r#""tlsMode": 2"#, &[]),
        mode("settings for one-way TLS", r#""tlsMode": 1"#, &[]),
        mode("a tlsMode of 0", r#""tlsMode": 0"#, &["tls-off user.yaml"]).where_nobody_works(),
        mode("no tlsMode", r#""other": 2"#, &["tls-off user.yaml"]).where_nobody_works(),
        mode("a tlsMode in words", r#""tlsMode": "mutual""#, &words).where_nobody_works(),
        mode("a tlsMode that is true", r#""tlsMode": true"#, &words).where_nobody_works(),
        mode("settings for the other mode", r#""tlsMode": 2"#, &["tls-mode-differs user.yaml"])
            .checked_with("--config user.yaml --tls-mode 1")
            .where_nobody_works(),
    ]
}

fn more_settings() -> Vec<Case> {
    vec![
        given("a REST port that is gRPC's", ["8080", "19530"], &["rest-port-missing user.yaml"])
            .where_nobody_works(),
        given("a list of modes", [": 2", ": [2]"], &["wrong-type user.yaml"]).where_nobody_works(),
    ]
}

/// Files with nothing in them for Milvus.
fn documents() -> Vec<Case> {
    let written = |name: &str, text: &'static str, findings: &[&str]| {
        broken(name, findings, move |folder| folder.write("user.yaml", text)).checked_with(USER_YAML)
    };
    vec![
        written("an empty user.yaml", "", &["config-empty user.yaml"]).where_nobody_works(),
        written("a user.yaml of comments", "# nothing\n", &["config-empty user.yaml"]).where_nobody_works(),
        written("a user.yaml that is no YAML", "tls: [\n", &["malformed-yaml user.yaml"])
            .where_nobody_works(),
        written("a user.yaml about something else", "hello: 1\n", &["config-not-recognised user.yaml"]),
        written("a ConfigMap", "apiVersion: v1\nkind: ConfigMap\n", &["config-not-recognised user.yaml"]),
    ]
}

/// A Compose file with what it mounts, the directory's files unless something is changed.
fn mounted(name: &str, findings: &[&str], change: fn(&Folder)) -> Case {
    broken(name, findings, move |folder| {
        folder.write("compose.yaml", COMPOSE);
        folder.write("user.yaml", MUTUAL);
        folder.create_folder("tls");
        for file in ["server.pem", "server.key", "ca.pem"] {
            folder.join(&[file], &format!("tls/{file}"));
        }
        change(folder);
    })
    .checked_with(COMPOSE_YAML)
}

/// Settings that name other files.
fn renamed(folder: &Folder, from: &str, to: &str) {
    folder.write("user.yaml", MUTUAL.replace(from, to));
}

fn deployed() -> Vec<Case> {
    vec![
        mounted("a Compose file for mutual TLS", &[], |_| {}),
        mounted("a mounted key of another certificate", &["key-mismatch server.key"], |folder| {
            folder.join(&["client.key"], "tls/server.key");
        })
        .where_nobody_works(),
        mounted("a mounted key that is empty", &["empty-file server.key"], |folder| {
            folder.write("tls/server.key", "");
        })
        .where_nobody_works(),
        mounted("the CA's key among what is mounted", &["ca-key-mounted compose.yaml"], |folder| {
            folder.join(&["ca.key"], "tls/signer.pem");
        }),
        mounted("a key where the server's certificate belongs", &["damaged-file server.key"], |folder| {
            renamed(folder, "/server.pem", "/server.key");
        })
        .where_nobody_works(),
        mounted(
            "a caPemPath that leads to the server's certificate",
            &["ca-not-authority server.pem", "not-the-directorys compose.yaml"],
            |folder| renamed(folder, "/ca.pem", "/server.pem"),
        )
        .where_nobody_works(),
        mounted("a caPemPath that leads to a key", &["damaged-file server.key"], |folder| {
            renamed(folder, "/ca.pem", "/server.key");
        })
        .where_nobody_works(),
        mounted("mounted files of another directory", &["not-the-directorys compose.yaml"], |folder| {
            gen_again(folder, "");
            for file in ["server.pem", "server.key", "ca.pem"] {
                folder.join(&[&format!("work/again/{file}")], &format!("tls/{file}"));
            }
        })
        .where_nobody_works(),
        mounted("mounted files from before a renewal", &["not-the-directorys compose.yaml"], |folder| {
            folder.milvus_certs("renew");
        }),
    ]
}

/// What is written does not reach Milvus.
fn unmounted() -> Vec<Case> {
    let without = |name: &str, findings: &[&str]| {
        mounted(name, findings, |folder| {
            let line = "      - ./user.yaml:/milvus/configs/user.yaml:ro\n";
            folder.write("compose.yaml", COMPOSE.replace(line, ""));
        })
    };
    vec![
        without("a user.yaml that is not mounted", &["settings-not-mounted compose.yaml"])
            .checked_with("--config compose.yaml --config user.yaml")
            .where_nobody_works(),
        without("a Compose file without settings", &["tls-off compose.yaml"]).where_nobody_works(),
        mounted("a user.yaml that is mounted elsewhere", &["settings-not-mounted compose.yaml"], |folder| {
            folder.write("compose.yaml", COMPOSE.replace("/milvus/configs/", "/milvus/config/"));
        })
        .where_nobody_works(),
    ]
}
