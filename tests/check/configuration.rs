//! What is written for Milvus, beside a directory with which nothing is wrong.

use std::fs;

use crate::exhibit::{Exhibit, broken};
use crate::support::Folder;

const MUTUAL: &str = "\
proxy: {http: {port: 8080}}
tls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem
common:
  security:
    tlsMode: 2
";

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

pub(crate) fn exhibits() -> Vec<Exhibit> {
    [settings(), documents(), deployed()].into_iter().flatten().collect()
}

/// A user.yaml that is given by itself.
fn settings() -> Vec<Exhibit> {
    let changed = |name: &str, from: &'static str, to: &'static str, findings: &[&str]| {
        assert!(MUTUAL.contains(from));
        broken(name, findings, move |folder| folder.write("user.yaml", MUTUAL.replace(from, to)))
            .checked_with(USER_YAML)
    };
    vec![
        changed("settings for mutual TLS", "2", "2", &[]),
        changed("a tlsMode of 0", "tlsMode: 2", "tlsMode: 0", &["tls-off user.yaml"]).where_nobody_works(),
        changed("a tlsMode in words", "tlsMode: 2", "tlsMode: mutual", &["tls-mode-invalid user.yaml"])
            .where_nobody_works(),
        changed("settings for the other mode", "2", "2", &["tls-mode-differs user.yaml"])
            .checked_with("--config user.yaml --tls-mode 1")
            .where_nobody_works(),
        changed("a REST port that is gRPC's", "8080", "19530", &["rest-port-missing user.yaml"])
            .where_nobody_works(),
        changed("a list of modes", "tlsMode: 2", "tlsMode: [2]", &["wrong-type user.yaml"])
            .where_nobody_works(),
    ]
}

/// Files with nothing in them for Milvus.
fn documents() -> Vec<Exhibit> {
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

/// A Compose file with what it mounts.
fn deployed() -> Vec<Exhibit> {
    let mounted = |name: &str, findings: &[&str], change: fn(&Folder)| {
        broken(name, findings, move |folder| {
            folder.write("compose.yaml", COMPOSE);
            folder.write("user.yaml", MUTUAL);
            fs::create_dir(folder.path("tls")).unwrap();
            for file in ["server.pem", "server.key", "ca.pem"] {
                folder.join(&[file], &format!("tls/{file}"));
            }
            change(folder);
        })
        .checked_with(COMPOSE_YAML)
    };
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
        mounted("the authority's key among what is mounted", &["ca-key-mounted compose.yaml"], |folder| {
            folder.join(&["ca.key"], "tls/signer.pem");
        }),
        mounted(
            "a caPemPath that leads to the server's certificate",
            &["ca-not-authority server.pem", "not-the-directorys compose.yaml"],
            |folder| folder.write("user.yaml", MUTUAL.replace("/ca.pem", "/server.pem")),
        )
        .where_nobody_works(),
        mounted("a user.yaml that is not mounted", &["settings-not-mounted compose.yaml"], |folder| {
            let line = "      - ./user.yaml:/milvus/configs/user.yaml:ro\n";
            folder.write("compose.yaml", COMPOSE.replace(line, ""));
        })
        .checked_with("--config compose.yaml --config user.yaml")
        .where_nobody_works(),
        mounted("a user.yaml that is mounted elsewhere", &["settings-not-mounted compose.yaml"], |folder| {
            folder.write("compose.yaml", COMPOSE.replace("/milvus/configs/", "/milvus/config/"));
        })
        .where_nobody_works(),
    ]
}
