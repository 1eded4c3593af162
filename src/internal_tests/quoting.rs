//! No name, path or PEM can break what is rendered: other parsers read back what was put in.

#![allow(clippy::disallowed_methods, reason = "the tests write programs that stand for curl and docker")]

use std::path::{Path, PathBuf};

use crate::deploy::clients::Connection;
use crate::deploy::compose::{Project, compose};
use crate::deploy::helm_values::HelmValues;
use crate::deploy::kubernetes::{Cluster, kubernetes};
use crate::deploy::secret::secret;
use crate::deploy::server_files::{ServerFile, ServerFiles};
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::Document;
use crate::deploy::{CLIENTS, Client, ConfigOptions, Endpoint, MountPath, SecretKind};
use crate::milvus::{ClientTls, TlsMode};
use crate::milvus::{KubernetesName, Manager, NameKind, Release};
use crate::store::{FileMode, FileRole};
use proptest::prelude::*;
use yaml_serde::Value;

/// What is special in YAML, in shells, in Compose and in templates, and letters between.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\"".to_owned()),
        Just("'".into()),
        Just("\\".into()),
        Just("$".into()),
        Just("${HOME}".into()),
        Just("$(id)".into()),
        Just("`id`".into()),
        Just(" #".into()),
        Just(": ".into()),
        Just("- ".into()),
        Just("{{ sni }}".into()),
        Just("#% endif".into()),
        Just("//% if mutual".into()),
        Just("%".into()),
        Just("&a *a !!str |".into()),
        Just("é漢\u{85}\u{2028}\u{FEFF}\u{7F}\u{9B}".into()),
        Just("\n".into()),
        Just("\r\n\t\u{1B}[31m".into()),
        "[a-z0-9._~@-]{1,8}",
        any::<char>().prop_filter("no shell has it", |letter| *letter != '\0').prop_map(String::from),
    ];
    prop::collection::vec(pieces, 1..8).prop_map(|pieces| pieces.concat())
}

/// A folder of a container may have anything but a colon and control characters.
fn mount_path() -> impl Strategy<Value = MountPath> {
    hostile().prop_filter_map("no path", |text| {
        format!("/m/{}", text.replace(':', "").trim_end_matches('/')).parse().ok()
    })
}

fn name(kind: NameKind, value: &str) -> KubernetesName {
    KubernetesName::new(kind, value).unwrap()
}

fn cluster(manager: Manager) -> Cluster {
    Cluster {
        release: Release {
            manager,
            name: name(NameKind::Release, "my-release"),
            namespace: name(NameKind::Namespace, "default"),
        },
        secret_name: name(NameKind::Secret, "certs"),
        is_distributed: None,
        chart_version: None,
    }
}

const ROLES: [FileRole; 3] = [FileRole::ServerCertificate, FileRole::ServerKey, FileRole::CaCertificate];

fn files(content: &[u8]) -> ServerFiles<'_> {
    let file = |role| ServerFile { role, path: PathBuf::new(), content, mode: FileMode::PRIVATE };
    ServerFiles { each: ROLES.map(file), fingerprint: "0".repeat(64) }
}

fn parsed(document: &Document) -> Value {
    yaml_serde::from_str(&document.content)
        .unwrap_or_else(|error| panic!("{error}:\n{}", document.content.as_str()))
}

fn at<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    path.iter()
        .fold(value, |value, key| &value[*key])
        .as_str()
        .unwrap_or_else(|| panic!("{path:?} is no text"))
}

fn named<'a>(documents: &'a [Document], name: &str) -> &'a Document {
    documents.iter().find(|document| document.name == name).unwrap()
}

/// Settings say where the files are, and what the components ask each other for.
fn assert_settings(settings: &Value, mount_path: &str, sni: &str) {
    for block in ["tls", "internaltls"] {
        for (key, file) in
            [("serverPemPath", "server.pem"), ("serverKeyPath", "server.key"), ("caPemPath", "ca.pem")]
        {
            assert_eq!(at(settings, &[block, key]), format!("{mount_path}/{file}"));
        }
    }
    assert_eq!(at(settings, &["internaltls", "sni"]), sni);
}

proptest! {
    #[test]
    fn yaml_reads_back_every_mount_path_and_every_name(
        path in mount_path(), sni in hostile(), service in hostile(), folder in hostile(),
    ) {
        let settings = TlsSettings {
            mode: ClientTls(Some(TlsMode::Mutual)),
            internal_sni: Some(sni.clone()),
            rest_port: 8080,
            mount_path: path.clone(),
        };
        let files = files(b"");

        let named_service = Some(service.clone());
        let options = ConfigOptions { service: named_service, selinux: Some(true), ..ConfigOptions::default() };
        let project = Project::stock(&options);
        let rendered = compose(&settings, &project, &files, Path::new(&folder));
        assert_settings(&parsed(named(&rendered, "user.yaml")), path.as_str(), &sni);
        let compose_file = parsed(named(&rendered, "docker-compose.override.yaml"));
        let target = compose_file["services"][service.as_str()]["volumes"][0]["target"].as_str().unwrap();
        // Compose makes one dollar of two.
        prop_assert_eq!(target.replace("$$", "$"), path.as_str());

        let resource = parsed(named(&kubernetes(&cluster(Manager::Operator), &settings, &HelmValues::default(), &files), "milvus.yaml"));
        assert_settings(&resource["spec"]["config"], path.as_str(), &sni);
        let mount = &resource["spec"]["components"]["volumeMounts"][0];
        prop_assert_eq!(at(mount, &["mountPath"]), path.as_str());

        let values = parsed(named(&kubernetes(&cluster(Manager::Helm), &settings, &HelmValues::default(), &files), "values.yaml"));
        let user_yaml = at(&values, &["extraConfigFiles", "user.yaml"]);
        assert_settings(&yaml_serde::from_str(user_yaml).unwrap(), path.as_str(), &sni);
        prop_assert_eq!(at(&values["volumeMounts"][0], &["mountPath"]), path.as_str());
    }

    #[test]
    fn a_secret_has_every_file_to_the_last_byte(content in prop::collection::vec(any::<u8>(), 0..500)) {
        use base64::Engine;
        let files = files(&content);
        let (name, namespace) = (name(NameKind::Secret, "certs"), name(NameKind::Namespace, "default"));
        for kind in [SecretKind::Opaque, SecretKind::Tls] {
            let rendered = parsed(&secret(&name, &namespace, kind, &files));
            for role in ROLES {
                let value = rendered["data"][kind.key_of(role)].as_str().unwrap_or_default();
                let decoded = base64::engine::general_purpose::STANDARD.decode(value).unwrap();
                prop_assert_eq!(decoded, content.clone());
            }
        }
    }

    #[test]
    fn every_language_reads_back_every_path(path in hostile()) {
        for client in &CLIENTS {
            for mode in TlsMode::ALL {
                let text = client.snippet(&connection(&path, mode));
                if !client.file_name().ends_with(".sh") && client.shows_certificate {
                    prop_assert!(literals(&text).contains(&path), "{}: {}", client, text);
                }
            }
        }
    }
}

fn connection(path: &str, mode: TlsMode) -> Connection {
    let grpc = Endpoint::parse("https://10.0.0.5", 19530).unwrap();
    Connection {
        rest: grpc.with_port(8080),
        grpc,
        server_name: "localhost".into(),
        mode,
        user: Some(path.into()),
        ca_pem: path.into(),
        client_pem: path.into(),
        client_key: path.into(),
    }
}

fn snippet(name: &str, which: Option<&str>, path: &str, mode: TlsMode) -> String {
    Client::find(name, which).unwrap().snippet(&connection(path, mode))
}

/// What stands between double quotes, read by a JSON parser: its escapes are those of the others too.
fn literals(text: &str) -> Vec<String> {
    let mut literals = Vec::new();
    for line in text.lines() {
        for (start, _) in line.match_indices('"') {
            let mut parser = serde_json::Deserializer::from_str(&line[start..]).into_iter::<String>();
            literals.extend(parser.next().and_then(Result::ok));
        }
    }
    literals
}

/// Runs a snippet where `program` writes its arguments into a file, and reads them.
fn arguments_of(program: &str, snippet: &str, folder: &std::path::Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let (fake, record) = (folder.join(program), folder.join("record"));
    std::fs::write(&fake, "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"$RECORD\"\n").unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let status = std::process::Command::new("sh")
        .args(["-c", snippet])
        .current_dir(folder)
        .env("PATH", path)
        .env("RECORD", &record)
        .status()
        .unwrap();
    assert!(status.success());
    let record = String::from_utf8(std::fs::read(record).unwrap()).unwrap();
    record.split_terminator('\0').map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_shell_gives_curl_every_path_as_it_is(path in hostile()) {
        let folder = tempfile::tempdir().unwrap();
        let arguments =
            arguments_of("curl", &snippet("curl", None, &path, TlsMode::Mutual), folder.path());
        let after = |option: &str| {
            let index = arguments.iter().position(|argument| argument == option).unwrap();
            arguments[index + 1].clone()
        };
        prop_assert_eq!(after("--cacert"), path.clone());
        prop_assert_eq!(after("--key"), path.clone());
        // curl takes what follows a colon for a passphrase, and a backslash for the sign that it does not.
        prop_assert_eq!(after("--cert").replace("\\:", ":").replace("\\\\", "\\"), path.clone());
    }

    #[test]
    fn every_environment_has_the_path_as_it_is(path in hostile()) {
        let snippet = |which| snippet("env", which, &path, TlsMode::OneWay);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("env.sh"), snippet(None)).unwrap();
        let script = ". ./env.sh && printf %s \"$GRPC_DEFAULT_SSL_ROOTS_FILE_PATH\" && [ \"$NODE_EXTRA_CA_CERTS\" = \"$GRPC_DEFAULT_SSL_ROOTS_FILE_PATH\" ]";
        let shell = std::process::Command::new("sh").args(["-c", script]).current_dir(&folder).output().unwrap();
        prop_assert!(shell.status.success());
        prop_assert_eq!(String::from_utf8(shell.stdout).unwrap(), path.clone());
        prop_assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);

        let compose: Value = yaml_serde::from_str(&snippet(Some("compose"))).unwrap();
        let source = compose["services"]["app"]["volumes"][0]["source"].as_str().unwrap();
        prop_assert_eq!(source.replace("$$", "$"), path.clone());
        let kubernetes: Value = yaml_serde::from_str(&snippet(Some("kubernetes"))).unwrap();
        prop_assert_eq!(kubernetes.as_mapping().unwrap().len(), 1);
        let systemd = snippet(Some("systemd"));
        prop_assert!(literals(&systemd).iter().any(|text| text.ends_with(&path.replace('%', "%%"))), "{}", systemd);
    }
}

#[test]
fn a_shell_gives_docker_the_files_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("it's \"a\" $(id) folder");
    std::fs::create_dir(&odd).unwrap();
    std::fs::write(odd.join("ca.pem"), "").unwrap();
    let path: PathBuf = odd.canonicalize().unwrap().join("ca.pem");
    let snippet = snippet("attu", None, path.to_str().unwrap(), TlsMode::OneWay);
    let arguments = arguments_of("docker", &snippet, folder.path());
    // docker reads it as a line of CSV, where a quote in quotes is written twice.
    let source = format!("\"source={}\"", path.display().to_string().replace('"', "\"\""));
    assert!(arguments.iter().any(|argument| argument.ends_with(&source)), "{arguments:?}");
}
