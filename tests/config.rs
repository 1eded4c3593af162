//! What `config` writes and prints, and what it refuses: no authority's key in any file but one, no
//! file replaced without `--force`, nothing from a directory that would not work.
#![allow(clippy::disallowed_methods, reason = "the tests put files in the way")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

mod common;
use common::folder::clean_command;
use common::program::PROGRAM;

const TARGETS: [&[&str]; 7] = [
    &["milvus"],
    &["compose"],
    &["operator"],
    &["helm"],
    &["secret"],
    &["cert-manager"],
    &["cert-manager", "--for", "helm"],
];

fn run(folder: &Path, arguments: &[&str]) -> Output {
    clean_command(PROGRAM, folder).args(arguments).output().unwrap()
}

fn config(folder: &Path, target: &[&str], more: &[&str]) -> Output {
    run(folder, &[&["config"], target, &["-d", "certs"], more].concat())
}

/// A folder with a certificate directory called `certs`.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["gen", "-d", "certs", "--key-type", "p256"]);
    assert!(output.status.success(), "{output:?}");
    folder
}

/// Mode and content of every file below a folder.
fn snapshot(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            files
                .insert(path.strip_prefix(folder).unwrap().display().to_string(), (metadata.mode(), content));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    files
}

/// Two lines, after the findings if there are any; nothing on standard output, nothing changed.
fn assert_refused(folder: &Path, target: &[&str], more: &[&str], status: i32, expected: &str) {
    let before = snapshot(folder);
    let output = config(folder, target, more);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(output.stdout.is_empty(), "{stderr}");
    let lines: Vec<_> = stderr.lines().collect();
    assert!(
        matches!(lines[..], [.., error, hint] if error.starts_with("error: ") && hint.starts_with("hint: "))
    );
    assert!(stderr.contains(expected), "{expected:?} is not in {stderr}");
    assert_eq!(snapshot(folder), before, "{target:?} changed something");
}

#[test]
fn the_authoritys_key_is_in_no_output_but_cert_managers_secret_which_says_so() {
    let folder = made();
    let key = fs::read_to_string(folder.path().join("certs/ca.key")).unwrap();
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    // All such keys begin alike: what follows is this one's.
    let has_key =
        |text: &str| text.contains(&body[60..100]) || text.contains(&STANDARD.encode(&key)[120..180]);
    for target in TARGETS {
        let output = config(folder.path(), target, &["--json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for document in report["documents"].as_array().unwrap() {
            let (path, content) = (&document["path"], document["content"].as_str().unwrap());
            assert_eq!(has_key(content), path == "ca-secret.yaml", "{target:?} {path}");
            assert!(!has_key(content) || content.contains("ca.key"), "{content}");
        }
    }
}

#[test]
fn what_holds_a_private_key_is_written_for_its_owner_alone() {
    let folder = made();
    for (index, target) in TARGETS.into_iter().enumerate() {
        let out = index.to_string();
        assert!(config(folder.path(), target, &["--out", &out]).status.success());
        for (path, (mode, content)) in snapshot(&folder.path().join(&out)) {
            let text = String::from_utf8_lossy(&content);
            let holds_key =
                text.contains("PRIVATE KEY") || text.contains("  tls.key:") || text.contains("  server.key:");
            if mode & 0o170_000 == 0o100_000 {
                assert_eq!(mode & 0o777, if holds_key { 0o600 } else { 0o644 }, "{target:?} {path}");
            }
        }
    }
}

#[test]
fn a_key_that_a_containers_group_may_read_keeps_its_mode() {
    let folder = made();
    let key = folder.path().join("certs/server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(config(folder.path(), &["compose"], &["--out", "."]).status.success());
    assert_eq!(fs::metadata(folder.path().join("tls/server.key")).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn what_is_written_again_stays_as_it_is_until_certificates_are_renewed() {
    for target in TARGETS {
        let folder = made();
        let out = folder.path().join("out");
        let write = || assert!(config(folder.path(), target, &["--out", "out"]).status.success());
        write();
        let before = snapshot(&out);
        write();
        assert_eq!(snapshot(&out), before, "{target:?}");
        assert!(run(folder.path(), &["renew", "-d", "certs"]).status.success());
        assert!(run(folder.path(), &["config", "refresh", "--out", "out"]).status.success());
        let after = snapshot(&out);
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        // The settings alone say nothing of certificates, and cert-manager's renews them itself.
        let says_certificates = !matches!(target[0], "milvus" | "cert-manager");
        assert_eq!(after != before, says_certificates, "{target:?}");
        assert!(run(folder.path(), &["config", "refresh", "--out", "out"]).status.success());
        assert_eq!(snapshot(&out), after, "{target:?}: a third run changes nothing");
    }
}

/// The only folder whose name begins so.
fn backup(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("backup-")).unwrap()
}

#[test]
fn a_file_of_somebody_is_replaced_with_force_alone_and_kept() {
    for (target, name) in [
        (&["compose"][..], "user.yaml"),
        (&["compose"], "tls/server.pem"),
        (&["compose"], "docker-compose.override.yaml"),
        (&["helm"], "values.yaml"),
        (&["operator"], "milvus.yaml"),
        (&["secret"], "secret.yaml"),
    ] {
        let folder = made();
        let out = folder.path().join("out");
        fs::create_dir_all(out.join("tls")).unwrap();
        fs::write(out.join(name), "mine: 1\n").unwrap();
        if name != "docker-compose.override.yaml" {
            assert_refused(folder.path(), target, &["--out", "out"], 1, name);
        }
        let output = config(folder.path(), target, &["--out", "out", "--force"]);
        assert!(output.status.success(), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(name) && stderr.contains("backup-"), "{stderr}");
        assert_eq!(fs::read_to_string(backup(&out).join(name)).unwrap(), "mine: 1\n");
        assert_ne!(fs::read_to_string(out.join(name)).unwrap(), "mine: 1\n");
    }
}

#[test]
fn what_somebody_added_to_a_file_stays_through_renewals() {
    for (target, name, before, added) in [
        (&["compose"][..], "user.yaml", "  security:\n", "    authorizationEnabled: true\n"),
        (&["compose"], "docker-compose.override.yaml", "    labels:\n", "      mine: \"1\"\n"),
        (&["helm"], "values.yaml", "annotations:\n", "  mine: \"1\"\n"),
        (&["operator"], "milvus.yaml", "    podAnnotations:\n", "      mine: \"1\"\n"),
        (&["secret"], "secret.yaml", "metadata:\n", "  labels: {mine: \"1\"}\n"),
    ] {
        let folder = made();
        let path = folder.path().join("out").join(name);
        assert!(config(folder.path(), target, &["--out", "out"]).status.success());
        for _ in 0..2 {
            let text = fs::read_to_string(&path).unwrap();
            if !text.contains(added) {
                fs::write(&path, text.replacen(before, &format!("{before}{added}"), 1)).unwrap();
            }
            assert!(run(folder.path(), &["renew", "-d", "certs"]).status.success());
            assert!(run(folder.path(), &["config", "refresh", "--out", "out"]).status.success());
            assert!(config(folder.path(), target, &["--out", "out"]).status.success());
            let refreshed = fs::read_to_string(&path).unwrap();
            assert!(refreshed.contains(added), "{name}: {refreshed}");
            // But for what was added it is what is written into an empty folder.
            assert!(config(folder.path(), target, &["--out", "fresh"]).status.success());
            let fresh = fs::read_to_string(folder.path().join("fresh").join(name)).unwrap();
            assert_eq!(refreshed.replacen(added, "", 1), fresh, "{name}");
            fs::remove_dir_all(folder.path().join("fresh")).unwrap();
        }
    }
}

#[test]
fn options_are_those_of_the_last_time_and_others_ask_for_force() {
    let folder = made();
    let options = ["--tls-mode", "2", "--internal", "--rest-port", "9443", "--out", "."];
    assert!(config(folder.path(), &["compose"], &options).status.success());
    let user_yaml = || fs::read_to_string(folder.path().join("user.yaml")).unwrap();
    let before = user_yaml();
    for more in [&["--out", "."][..], &["--out", ".", "--force"], &["--out", ".", "--tls-mode", "2"]] {
        assert!(config(folder.path(), &["compose"], more).status.success(), "{more:?}");
        assert_eq!(user_yaml(), before, "{more:?}");
    }
    let other = ["--tls-mode", "1", "--out", "."];
    assert_refused(folder.path(), &["compose"], &other, 1, "--tls-mode 1 instead of 2");
    let forced = ["--tls-mode", "1", "--internal=false", "--out", ".", "--force"];
    assert!(config(folder.path(), &["compose"], &forced).status.success());
    assert!(user_yaml().contains("tlsMode: 1") && user_yaml().contains("port: 9443"));
    assert!(!user_yaml().contains("internaltls"));
}

#[test]
fn a_deployment_can_be_moved_with_its_certificates() {
    let folder = made();
    assert!(config(folder.path(), &["compose"], &["--out", "deploy"]).status.success());
    let moved = tempfile::tempdir().unwrap();
    for name in ["certs", "deploy"] {
        fs::rename(folder.path().join(name), moved.path().join(name)).unwrap();
    }
    assert!(run(moved.path(), &["renew", "-d", "certs"]).status.success());
    assert!(run(moved.path(), &["config", "refresh", "--out", "deploy"]).status.success());
    assert!(run(&moved.path().join("deploy"), &["config", "refresh"]).status.success());
    let read = |path: &str| fs::read(moved.path().join(path)).unwrap();
    assert_eq!(read("deploy/tls/server.pem"), read("certs/server.pem"));
}

#[test]
fn a_folder_without_files_of_config_is_not_refreshed() {
    let folder = made();
    fs::write(folder.path().join("user.yaml"), "# milvus-certs: {}\n").unwrap();
    let output = run(folder.path(), &["config", "refresh"]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(folder.path(), &["config", "refresh", "--out", "nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!folder.path().join("nowhere").exists());
}

/// What Compose's files are called, and the services that they get.
#[test]
fn compose_files_of_the_user_are_read_and_kept() {
    let base = "services:\n  db:\n    image: registry.example.com/milvusdb/milvus:v2.6.0\n  etcd:\n    image: quay.io/coreos/etcd\n";
    for (override_name, own, command) in [
        (None, "docker-compose.override.yaml", "next: docker compose up -d\n"),
        (
            Some("docker-compose.override.yml"),
            "docker-compose.tls.yaml",
            "next: docker compose -f compose.yml -f docker-compose.override.yml -f docker-compose.tls.yaml up -d\n",
        ),
        (
            Some("docker-compose.override.yaml"),
            "docker-compose.tls.yaml",
            "next: docker compose -f compose.yml -f docker-compose.override.yaml -f docker-compose.tls.yaml up -d\n",
        ),
    ] {
        let folder = made();
        fs::write(folder.path().join("compose.yml"), base).unwrap();
        let theirs = "services: {db: {restart: always}}\n";
        if let Some(name) = override_name {
            fs::write(folder.path().join(name), theirs).unwrap();
        }
        for _ in 0..2 {
            let output = config(folder.path(), &["compose"], &["--out", "."]);
            assert!(output.status.success(), "{output:?}");
            let stdout = String::from_utf8(output.stdout).unwrap();
            assert!(stdout.contains(command) || stdout.starts_with("Nothing to do"), "{stdout}");
        }
        let text = fs::read_to_string(folder.path().join(own)).unwrap();
        assert!(text.contains("\n  \"db\":\n") && !text.contains("standalone"), "{text}");
        if let Some(name) = override_name {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), theirs);
        }
    }
}

#[test]
fn what_milvus_uses_itself_is_neither_a_mount_path_nor_a_port_of_rest() {
    let folder = made();
    let refused = |option: &str, value: &str| {
        let output = config(folder.path(), &["compose"], &[option, value]);
        assert_eq!(output.status.code(), Some(2), "{option} {value}");
    };
    for path in ["/", "/milvus", "/milvus/", "/milvus/bin", "/milvus/configs", "/var/lib/milvus", "/etc"] {
        refused("--mount-path", path);
    }
    for port in ["0", "19530", "19529", "9091", "53100", "21123", "2379", "9000", "65536", "a"] {
        refused("--rest-port", port);
    }
    for path in ["/var/lib/milvus/tls", "/certs", "/milvus/certs"] {
        assert!(config(folder.path(), &["compose"], &["--mount-path", path]).status.success(), "{path}");
    }
}

#[test]
fn tls_between_components_alone_leaves_clients_as_they_are() {
    let folder = made();
    assert_refused(folder.path(), &["milvus"], &["--tls-mode", "0"], 1, "leaves everything in plaintext");
    for target in [&["milvus"][..], &["compose"], &["operator"], &["helm"]] {
        let output = config(folder.path(), target, &["--tls-mode", "0", "--internal"]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("tlsMode: 0") && printed.contains("internaltlsEnabled: true"), "{printed}");
        for of_clients in ["8080", "\ntls:", "estful", "\n    port:"] {
            assert!(!printed.contains(of_clients), "{target:?}: {of_clients}: {printed}");
        }
    }
}

/// The program as an ordinary user, in a folder of that user's.
#[cfg(target_os = "linux")]
fn run_as(user: u32, folder: &Path, arguments: &[&str]) -> Output {
    use std::os::unix::process::CommandExt;
    let program = folder.join("milvus-certs");
    if !program.exists() {
        // By another process: what this one writes cannot be started while a test beside it starts something.
        let copied = clean_command("cp", folder).arg(PROGRAM).arg(&program).status().unwrap();
        assert!(copied.success());
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(folder, Some(user), Some(user)).unwrap();
    }
    clean_command(program.to_str().unwrap(), folder).args(arguments).uid(user).gid(user).output().unwrap()
}

/// Milvus' image runs as uid 999 since 3.0. Only root can be several users.
#[cfg(target_os = "linux")]
#[test]
fn the_user_of_the_container_can_read_its_key_and_nobody_else() {
    const MILVUS: u32 = 999;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for user in [0, 12345] {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let output = run_as(user, folder.path(), arguments);
            assert!(output.status.success(), "uid {user}: {arguments:?}: {output:?}");
        };
        let can_read = |reader: u32| {
            use std::os::unix::process::CommandExt;
            let mut cat = clean_command("cat", folder.path());
            cat.arg("tls/server.key").uid(reader).gid(reader).output().unwrap().status.success()
        };
        let image = |version: &str| {
            let text = format!("services: {{standalone: {{image: 'milvusdb/milvus:v{version}'}}}}\n");
            fs::write(folder.path().join("compose.yaml"), text).unwrap();
        };
        run(&["gen", "-q", "-d", "certs", "--key-type", "p256"]);
        image("2.6.6");
        run(&["config", "compose", "-d", "certs", "--out", "."]);
        assert!(!can_read(MILVUS), "uid {user}: Milvus 2 runs as root");
        image("3.0.2");
        for _ in 0..2 {
            run(&["config", "refresh"]);
            assert!(can_read(MILVUS) && !can_read(1234), "uid {user}");
            run(&["renew", "-q", "-d", "certs"]);
            run(&["config", "refresh"]);
            assert!(can_read(MILVUS) && !can_read(1234), "uid {user}, renewed");
        }
        // check says what Milvus could not read, and so does not where it can.
        let check = || {
            let arguments = ["check", "-d", "certs", "--config", "compose.yaml", "--config"];
            run_as(user, folder.path(), &[&arguments[..], &["docker-compose.override.yaml"]].concat())
        };
        assert!(check().status.success(), "{:?}", check());
        let key = folder.path().join("tls/server.key");
        let copy = folder.path().join("copy");
        fs::copy(folder.path().join("certs/server.key"), &copy).unwrap();
        std::os::unix::fs::chown(&copy, Some(user), Some(user)).unwrap();
        fs::rename(copy, key).unwrap();
        let (status, said) = (check().status.code(), String::from_utf8(check().stdout).unwrap());
        assert!(status == Some(3) && said.contains("error[unreadable-in-container]"), "{said}");
        run(&["config", "refresh"]);
        assert!(check().status.success(), "{:?}", check());
        run(&["config", "compose", "--container-user", "4321", "--out", ".", "--force"]);
        assert!(can_read(4321) && !can_read(1234), "uid {user}, another user");
        run(&["config", "compose", "--container-user", "5432", "--out", ".", "--force"]);
        assert!(can_read(5432) && !can_read(4321), "uid {user}, and yet another");
    }
}

#[test]
fn a_compose_file_in_which_nothing_runs_milvus_is_said() {
    let folder = made();
    fs::write(folder.path().join("compose.yaml"), "services: {db: {image: mine}}\n").unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", "."], 1, "no service runs milvusdb/milvus");
    assert_refused(
        folder.path(),
        &["compose"],
        &["--out", ".", "--service", "mv"],
        1,
        "there is no service mv",
    );
    assert!(config(folder.path(), &["compose"], &["--out", ".", "--service", "db"]).status.success());
    let output = config(folder.path(), &["compose"], &["--service", "db"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("\n  \"db\":\n"), "{printed}");
    assert!(!printed.contains("standalone"), "{printed}");
    let own =
        "services: {db: {image: milvusdb/milvus, volumes: ['./mine.yaml:/milvus/configs/user.yaml']}}\n";
    fs::write(folder.path().join("compose.yaml"), own).unwrap();
    fs::remove_file(folder.path().join("docker-compose.override.yaml")).unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", "."], 1, "has a user.yaml of its own already");
}

#[test]
fn an_image_that_does_not_say_as_whom_milvus_runs_is_said() {
    let folder = made();
    for (image, is_said) in [
        ("milvusdb/milvus:v2.6.0", false),
        ("milvusdb/milvus:latest", true),
        ("milvusdb/milvus:${TAG}", true),
    ] {
        fs::write(folder.path().join("compose.yaml"), format!("services: {{mv: {{image: '{image}'}}}}\n"))
            .unwrap();
        let stderr = |more: &[&str]| {
            let output = config(folder.path(), &["compose"], &[&["--out", ".", "--force"], more].concat());
            String::from_utf8(output.stderr).unwrap()
        };
        assert_eq!(
            stderr(&[]).contains("as whom Milvus runs in the service mv is not known"),
            is_said,
            "{image}"
        );
    }
    let told = config(folder.path(), &["compose"], &["--out", ".", "--force", "--container-user", "0"]);
    assert!(!String::from_utf8(told.stderr).unwrap().contains("as whom"));
}

#[test]
fn a_cluster_of_compose_gets_certificates_where_clients_connect_or_everywhere() {
    let folder = made();
    let service =
        |name: &str| format!("  {name}:\n    image: milvusdb/milvus\n    command: milvus run {name}\n");
    let base = format!("services:\n{}{}", service("proxy"), service("querynode"));
    fs::write(folder.path().join("compose.yaml"), base).unwrap();
    let text = |more: &[&str]| {
        let output = config(folder.path(), &["compose"], &[&["--out", ".", "--force"], more].concat());
        assert!(output.status.success(), "{output:?}");
        fs::read_to_string(folder.path().join("docker-compose.override.yaml")).unwrap()
    };
    assert!(!text(&[]).contains("querynode"));
    let internal = text(&["--internal"]);
    assert!(internal.contains("querynode") && internal.matches("8080:8080").count() == 1, "{internal}");
}

#[test]
fn a_renewal_changes_what_restarts_the_pods() {
    let folder = made();
    let annotation = |target: &[&str]| {
        let printed = String::from_utf8(config(folder.path(), target, &[]).stdout).unwrap();
        let line = printed.lines().find(|line| {
            line.contains("milvus-certs/certificates") || line.contains("milvus-certs.certificates")
        });
        line.unwrap_or_else(|| panic!("{target:?} has no fingerprint")).to_owned()
    };
    let all = || [&["compose"][..], &["operator"], &["helm"]].map(annotation);
    let before = all();
    assert_eq!(all(), before, "it changes by itself");
    assert!(run(folder.path(), &["renew", "-d", "certs"]).status.success());
    for (after, before) in all().iter().zip(&before) {
        assert_ne!(after, before);
    }
}

#[test]
fn nothing_is_written_through_links_or_over_folders() {
    let folder = made();
    fs::create_dir_all(folder.path().join("out")).unwrap();
    symlink("/tmp/elsewhere", folder.path().join("out/user.yaml")).unwrap();
    for more in [&["--out", "out"][..], &["--out", "out", "--force"]] {
        assert_refused(folder.path(), &["milvus"], more, 1, "is a symbolic link");
    }
    fs::create_dir_all(folder.path().join("two/user.yaml")).unwrap();
    assert_refused(folder.path(), &["milvus"], &["--out", "two", "--force"], 1, "is not a regular file");
    fs::create_dir_all(folder.path().join("three")).unwrap();
    symlink("..", folder.path().join("three/tls")).unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", "three", "--force"], 1, "is a symbolic link");
    assert_refused(folder.path(), &["milvus"], &["--out", "certs/ca.pem"], 1, "is not a folder");
}

#[test]
fn the_folder_that_a_container_gets_must_not_have_the_authoritys_key() {
    let folder = made();
    fs::rename(folder.path().join("certs"), folder.path().join("tls")).unwrap();
    symlink("tls", folder.path().join("certs")).unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", ".", "--force"], 1, "tls/ca.key");
}

#[test]
fn a_directory_that_would_not_work_is_refused_with_what_check_finds() {
    for broken in ["server.key", "client.pem", "ca.pem"] {
        let folder = made();
        fs::write(folder.path().join("certs").join(broken), "garbage").unwrap();
        for target in TARGETS {
            // A Secret is for Milvus alone.
            let (is_secret, is_clients) = (target[0] == "secret", broken == "client.pem");
            let mode: &[&str] = if is_secret { &[] } else { &["--tls-mode", "2"] };
            if is_secret && is_clients {
                assert!(config(folder.path(), target, mode).status.success());
                continue;
            }
            assert_refused(folder.path(), target, mode, 1, "error[damaged-file]");
            let out = [mode, &["--out", "out"]].concat();
            assert_refused(folder.path(), target, &out, 1, "error[damaged-file]");
        }
    }
}

#[test]
fn a_name_that_no_certificate_covers_is_refused() {
    let folder = made();
    let sni = ["--internal", "--sni", "milvus.example.com"];
    assert_refused(folder.path(), &["operator"], &sni, 1, "error[name-not-covered]");
}

#[test]
fn components_ask_for_a_name_of_the_certificate_and_never_for_a_wildcard() {
    let folder = tempfile::tempdir().unwrap();
    let gen_args = ["gen", "-d", "certs", "--key-type", "p256", "--cn", "*.example.com"];
    assert!(run(folder.path(), &gen_args).status.success());
    assert_refused(folder.path(), &["milvus"], &["--internal"], 1, "no name but wildcards");
    let sni = ["--internal", "--sni", "db.example.com"];
    let output = String::from_utf8(config(folder.path(), &["milvus"], &sni).stdout).unwrap();
    assert!(output.contains("sni: \"db.example.com\""), "{output}");
}

#[test]
fn files_that_cannot_be_written_leave_the_old_ones() {
    let folder = made();
    assert!(config(folder.path(), &["helm"], &["--out", "out"]).status.success());
    let out = folder.path().join("out");
    // As somebody leaves it who wants something to be put into place.
    fs::create_dir(out.join(".milvus-certs-commit")).unwrap();
    fs::write(out.join(".milvus-certs-commit/values.yaml"), "").unwrap();
    assert_refused(folder.path(), &["helm"], &["--out", "out", "--force"], 1, "not left by a run of yours");
}

#[test]
fn a_client_that_has_only_its_own_files_can_connect() {
    let folder = made();
    for file in ["ca.key", "ca.srl", "server.key", "server.pem"] {
        fs::remove_file(folder.path().join("certs").join(file)).unwrap();
    }
    let output = run(
        folder.path(),
        &["connect", "python", "-d", "certs", "--tls-mode", "2", "--uri", "https://db.example.com"],
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("server_name=\"db.example.com\""), "{printed}");
    assert!(!printed.contains("    server_pem_path="), "{printed}");
}

#[test]
fn a_server_that_has_only_its_own_files_can_be_deployed() {
    let folder = made();
    for file in ["ca.key", "ca.srl", "client.key", "client.pem"] {
        fs::remove_file(folder.path().join("certs").join(file)).unwrap();
    }
    for target in [&["milvus"][..], &["compose"], &["operator"], &["helm"], &["secret"]] {
        assert!(config(folder.path(), target, &[]).status.success(), "{target:?}");
    }
    assert_refused(folder.path(), &["cert-manager"], &[], 1, "certs/ca.key: no such file");
}

const MY_VALUES: &str = "cluster: {enabled: false}\nextraConfigFiles:\n  user.yaml: |\n    common: {security: {authorizationEnabled: true}}\nvolumes:\n  - name: corp-ca\n    configMap: {name: corp-ca}\nvolumeMounts:\n  - {name: corp-ca, mountPath: /corp}\nannotations: {mine: '1'}\n";

/// What Helm makes of values files: maps are merged, all else is that of the last.
fn as_helm_merges(files: &[&str]) -> serde_json::Value {
    fn merge(into: &mut serde_json::Value, from: serde_json::Value) {
        match (into, from) {
            (serde_json::Value::Object(into), serde_json::Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key).or_insert(serde_json::Value::Null), value);
                }
            }
            (into, from) => *into = from,
        }
    }
    let mut merged = serde_json::json!({});
    for file in files {
        merge(&mut merged, yaml_serde::from_str(file).unwrap());
    }
    merged
}

#[test]
fn values_of_the_user_are_whole_after_each_run() {
    let folder = made();
    let mine = folder.path().join("mine.yaml");
    fs::write(&mine, MY_VALUES).unwrap();
    let first = ["--values", "mine.yaml", "--tls-mode", "2", "--out", "deploy"];
    assert!(config(folder.path(), &["helm"], &first).status.success());
    let refresh = || assert!(run(folder.path(), &["config", "refresh", "--out", "deploy"]).status.success());
    for round in 0..3 {
        let mine = fs::read_to_string(&mine).unwrap();
        let ours = fs::read_to_string(folder.path().join("deploy/values.yaml")).unwrap();
        let values = as_helm_merges(&[&mine, &ours]);
        let user_yaml: serde_json::Value =
            yaml_serde::from_str(values["extraConfigFiles"]["user.yaml"].as_str().unwrap()).unwrap();
        let security = &user_yaml["common"]["security"];
        assert_eq!((&security["authorizationEnabled"], &security["tlsMode"]), (&true.into(), &2.into()));
        assert_eq!(user_yaml["log"]["level"].as_str(), (round == 2).then_some("warn"));
        for list in ["volumes", "volumeMounts"] {
            let names = values[list].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
            assert_eq!(names.collect::<Vec<_>>(), ["corp-ca", "certs"], "{list}");
        }
        assert_eq!(
            (&values["cluster"]["enabled"], &values["annotations"]["mine"]),
            (&false.into(), &"1".into())
        );
        let service = fs::read_to_string(folder.path().join("deploy/rest-service.yaml")).unwrap();
        assert!(service.contains("component: standalone") && !service.contains("kubernetes.io/name"));
        let before = snapshot(&folder.path().join("deploy"));
        refresh();
        assert_eq!(
            snapshot(&folder.path().join("deploy")),
            before,
            "a run without a renewal changes nothing"
        );
        if round == 1 {
            let more = MY_VALUES.replace("    common:", "    log: {level: warn}\n    common:");
            fs::write(folder.path().join("mine.yaml"), more).unwrap();
        }
        assert!(run(folder.path(), &["renew", "-d", "certs"]).status.success());
        refresh();
        assert_ne!(snapshot(&folder.path().join("deploy")), before);
    }
}

#[test]
fn an_ingress_of_the_user_speaks_tls_to_milvus() {
    let folder = made();
    fs::write(folder.path().join("mine.yaml"), "ingress: {enabled: true, rules: [{host: a.example}]}\n")
        .unwrap();
    let values = |mode: &str| {
        let output = config(folder.path(), &["helm"], &["--values", "mine.yaml", "--tls-mode", mode]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(values("1").contains("backend-protocol: \"GRPCS\"") && !values("2").contains("backend-protocol"));
}

#[test]
fn what_runs_milvus_is_left_as_it_is_unless_somebody_says_otherwise() {
    let folder = made();
    let printed = |target: &str, more: &[&str]| {
        let output = config(folder.path(), &[target], more);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (helm, operator) = (printed("helm", &[]), printed("operator", &[]));
    assert!(!helm.contains("cluster:") && !operator.contains("mode:"), "{helm}{operator}");
    assert!(printed("helm", &["--standalone"]).contains("cluster:\n  enabled: false\n"));
    assert!(printed("operator", &["--cluster"]).contains("mode: cluster\n"));
}

#[test]
fn the_commands_keep_what_others_have_set() {
    let folder = made();
    let steps = |target: &str, more: &[&str]| {
        let output = config(folder.path(), &[target], &[&["--out", target, "--json"], more].concat());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["next_steps"].to_string()
    };
    let helm = steps("helm", &[]);
    assert!(
        helm.contains("--reset-then-reuse-values") && helm.contains("helm get metadata my-release"),
        "{helm}"
    );
    assert!(steps("helm", &["--chart-version", "5.0.10", "--force"]).contains("--version 5.0.10 "));
    assert!(steps("operator", &[]).contains("kubectl apply --server-side --field-manager=milvus-certs"));
    for (version, expected) in
        [("4.2.30", "have no volumes"), ("4.2", "is no version"), ("latest", "is no version")]
    {
        let output = config(folder.path(), &["helm"], &["--chart-version", version]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn each_command_of_the_shortest_way_is_printed_by_the_one_before() {
    for (platform, last) in [
        ("compose", "docker compose up -d"),
        ("standalone", "bash standalone_embed.sh restart"),
        ("operator", "kubectl apply "),
        ("helm", "kubectl apply "),
    ] {
        let folder = tempfile::tempdir().unwrap();
        // As standalone_embed.sh leaves it; the others do not look.
        fs::write(folder.path().join("embedEtcd.yaml"), "").unwrap();
        let next = |arguments: &[&str]| {
            let output = run(folder.path(), &[arguments, &["--json"]].concat());
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            report["next_steps"][0].as_str().unwrap().to_owned()
        };
        let config = next(&["gen", "-d", "certs", "--key-type", "p256", "--for", platform]);
        let words: Vec<_> = config.strip_prefix("milvus-certs ").unwrap().split(' ').collect();
        assert!(words.starts_with(&["config", platform]), "{config}");
        assert!(next(&words).starts_with(last), "{}", next(&words));
    }
}

#[test]
fn clients_are_known_by_what_people_call_them() {
    let folder = made();
    let connect = |arguments: &[&str]| run(folder.path(), &[&["connect", "-d", "certs"], arguments].concat());
    for (alias, name) in [
        ("pymilvus", "python"),
        ("golang", "go"),
        ("js", "node"),
        ("rest", "curl"),
        ("environment", "env"),
        ("c++", "cpp"),
    ] {
        assert_eq!(connect(&[alias]).stdout, connect(&[name]).stdout, "{alias}");
        assert!(connect(&[alias]).status.success());
    }
    for refused in [
        &["env", "--tls-mode", "2"][..],
        &["env", "--user", "root"],
        &["attu", "--user", "root"],
        &["milvus-cli", "--tls-mode", "2"],
        &["env", "--uri", "https://other.example.com"],
        &["app", "n8n", "--server-name", "milvus"],
        &["python", "--ca", "certs/ca.pem", "--cert", "certs/ca.pem", "--key", "certs/ca.key"],
        &["milvus-cli", "--uri", "https://10.0.0.5"],
        &["app", "n8n", "--user", "root"],
        &["app", "dify", "--tls-mode", "2"],
        &["sidecar", "nginx", "--server-name", "127.0.0.1"],
    ] {
        assert_eq!(connect(refused).status.code(), Some(1), "{refused:?}");
    }
    let stderr = String::from_utf8(connect(&["python", "compose"]).stderr).unwrap();
    assert!(stderr.contains("there is no client python compose"), "{stderr}");
    assert!(stderr.contains("there is `milvus-certs connect python`"), "{stderr}");
    // An address is no name, so the server's own name is asked for.
    let sidecar =
        String::from_utf8(connect(&["sidecar", "nginx", "--uri", "https://127.0.0.1"]).stdout).unwrap();
    assert!(sidecar.contains("grpc_ssl_name \"localhost\";"), "{sidecar}");
    let printed = String::from_utf8(connect(&["env"]).stdout).unwrap();
    let ca_pem = folder.path().join("certs/ca.pem");
    assert!(printed.contains(&format!("ROOTS_FILE_PATH={}\n", ca_pem.display())), "{printed}");
}

#[test]
fn a_program_that_gives_a_user_has_no_password_in_it() {
    let folder = made();
    let programs = "python;async-python;langchain;llamaindex;requests;curl;go;java;node;rust;cpp;app dify;app open-webui;app mem0";
    for client in programs.split(';') {
        let words: Vec<_> = client.split(' ').collect();
        let arguments = [&["connect"], &words[..], &["-d", "certs", "--user", "alice"]].concat();
        let printed = String::from_utf8(run(folder.path(), &arguments).stdout).unwrap();
        assert!(printed.contains("alice") && printed.contains("MILVUS_PASSWORD"), "{client}: {printed}");
    }
}

/// Changes a file as somebody does in an editor.
fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_value_that_somebody_writes_in_another_way_is_never_torn() {
    let folder = made();
    assert!(config(folder.path(), &["secret"], &["--out", "out"]).status.success());
    let path = folder.path().join("out/secret.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("  server.pem: ")).unwrap();
    let (begin, end) = line["  server.pem: ".len()..].split_at(64);
    edit(&path, line, &format!("  server.pem: |\n    {begin}\n    {end}"));
    assert!(run(folder.path(), &["renew", "-q", "-d", "certs"]).status.success());
    let before = snapshot(folder.path());
    let output = run(folder.path(), &["config", "refresh", "--out", "out"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && stderr.contains("config secret --out out --force"),
        "{stderr}"
    );
    assert_eq!(snapshot(folder.path()), before);
}

#[test]
fn a_comment_behind_a_value_stays_when_the_value_is_renewed() {
    let folder = made();
    assert!(config(folder.path(), &["helm"], &["--out", "out"]).status.success());
    let path = folder.path().join("out/values.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.contains("milvus-certs/certificates")).unwrap();
    edit(&path, line, &format!("{line}  # mine"));
    for _ in 0..2 {
        assert!(run(folder.path(), &["renew", "-q", "-d", "certs"]).status.success());
        assert!(run(folder.path(), &["config", "refresh", "--out", "out"]).status.success());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"  # mine\n") && !text.contains(line), "{text}");
    }
}

#[test]
fn what_edits_keep_from_a_file_is_said_until_it_is_there() {
    let folder = made();
    fs::write(folder.path().join("mine.yaml"), "a: 1\n").unwrap();
    assert!(config(folder.path(), &["helm"], &["--values", "mine.yaml", "--out", "out"]).status.success());
    edit(&folder.path().join("out/values.yaml"), "volumes:\n", "tolerations: []\nvolumes:\n");
    fs::write(folder.path().join("mine.yaml"), "volumes: [{name: new}]\n").unwrap();
    assert!(run(folder.path(), &["renew", "-q", "-d", "certs"]).status.success());
    for _ in 0..3 {
        let output = run(folder.path(), &["config", "refresh", "--out", "out"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && stderr.contains("edited since"), "{stderr}");
    }
}

#[test]
fn certificates_that_are_somewhere_else_are_asked_for_and_no_others_are_made() {
    let folder = made();
    assert!(config(folder.path(), &["compose"], &["--out", "out"]).status.success());
    edit(
        &folder.path().join("out/user.yaml"),
        "  security:\n",
        "  security:\n    authorizationEnabled: true\n",
    );
    fs::rename(folder.path().join("certs"), folder.path().join("pki")).unwrap();
    let output = run(folder.path(), &["config", "refresh", "--out", "out"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("config compose -d DIR --out out") && !stderr.contains("gen"), "{stderr}");
    let output = run(folder.path(), &["config", "compose", "-d", "pki", "--out", "out"]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        fs::read_to_string(folder.path().join("out/user.yaml")).unwrap().contains("authorizationEnabled")
    );
    // Another CA is said.
    assert!(
        run(folder.path(), &["gen", "-q", "-d", "pki", "--force", "--key-type", "p256"]).status.success()
    );
    let output = run(folder.path(), &["config", "refresh", "--out", "out"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("is another one than before"));
}

#[test]
fn a_key_that_others_can_read_is_closed_again() {
    let folder = made();
    assert!(config(folder.path(), &["compose"], &["--out", "out"]).status.success());
    let key = folder.path().join("out/tls/server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(run(folder.path(), &["config", "refresh", "--out", "out"]).status.success());
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn the_files_that_dot_env_names_are_those_of_compose() {
    let folder = made();
    fs::write(folder.path().join("base.yml"), "services: {mv: {image: milvusdb/milvus}}\n").unwrap();
    fs::write(folder.path().join(".env"), "COMPOSE_FILE=base.yml\n").unwrap();
    let stdout = |expected: &str| {
        let output = config(folder.path(), &["compose"], &["--out", "."]);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains(expected), "{stdout}");
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = stdout("next: docker compose -f base.yml -f docker-compose.tls.yaml up -d\n");
    assert!(stderr.contains("COMPOSE_FILE=base.yml:docker-compose.tls.yaml"), "{stderr}");
    fs::write(folder.path().join(".env"), "COMPOSE_FILE=base.yml:docker-compose.tls.yaml\n").unwrap();
    fs::remove_file(folder.path().join("docker-compose.tls.yaml")).unwrap();
    let stderr = stdout("next: docker compose up -d\n");
    assert!(!stderr.contains("COMPOSE_FILE"), "{stderr}");
    assert!(fs::read_to_string(folder.path().join("docker-compose.tls.yaml")).unwrap().contains("\"mv\":"));
}

#[test]
fn our_override_goes_on_where_it_is_when_another_comes() {
    let folder = made();
    fs::write(folder.path().join("compose.yaml"), "services: {mv: {image: milvusdb/milvus}}\n").unwrap();
    assert!(config(folder.path(), &["compose"], &["--out", "."]).status.success());
    let ours = folder.path().join("docker-compose.override.yaml");
    edit(&ours, "    labels:\n", "    environment: {Q: r}\n    labels:\n");
    fs::write(folder.path().join("compose.override.yml"), "services: {mv: {restart: always}}\n").unwrap();
    assert!(run(folder.path(), &["renew", "-q", "-d", "certs"]).status.success());
    let output = run(folder.path(), &["config", "refresh"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let command =
        "docker compose -f compose.yaml -f compose.override.yml -f docker-compose.override.yaml up -d";
    assert!(stdout.contains(command), "{stdout}");
    assert!(fs::read_to_string(&ours).unwrap().contains("{Q: r}"));
}

#[test]
fn a_file_without_its_last_lines_is_made_anew_with_force() {
    let folder = made();
    assert!(config(folder.path(), &["compose"], &["--out", "."]).status.success());
    let path = folder.path().join("docker-compose.override.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let cut: String = text
        .lines()
        .filter(|line| !line.starts_with("# milvus-certs: "))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&path, &cut).unwrap();
    let output = run(folder.path(), &["config", "refresh"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("`milvus-certs config compose --out . --force`"), "{stderr}");
    assert!(config(folder.path(), &["compose"], &["--out", ".", "--force"]).status.success());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_to_string(backup(folder.path()).join("docker-compose.override.yaml")).unwrap(), cut);
}

#[test]
fn what_cannot_be_told_or_named_is_refused_before_anything_is_written() {
    let folder = made();
    for arguments in [
        &["config", "compose", "-d", "certs", "--out", ".", "--container-user", "4294967295"][..],
        &["config", "compose", "-d", "certs", "--out", ".", "--service", ""],
        &["connect", "curl", "-d", "certs", "--user", "a\nb"],
        &["connect", "curl", "-d", "certs", "--user", "a:b"],
    ] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    fs::write(folder.path().join("values.yaml"), "a: 1\n").unwrap();
    let own = ["--values", "values.yaml", "--out", ".", "--force"];
    assert_refused(folder.path(), &["helm"], &own, 1, "is what this writes");
    let mounted = "services: {mv: {image: milvusdb/milvus, volumes: ['./x:/milvus/tls']}}\n";
    fs::write(folder.path().join("compose.yaml"), mounted).unwrap();
    assert_refused(folder.path(), &["compose"], &["--out", "."], 1, "has something at /milvus/tls already");
}

#[test]
fn a_link_to_the_certificates_is_followed_when_it_leads_elsewhere() {
    let folder = made();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("v1")).unwrap();
    fs::rename(path("certs"), path("v1/certs")).unwrap();
    symlink("v1", path("current")).unwrap();
    let first = ["config", "compose", "-d", "current/certs", "--out", "out"];
    assert!(run(folder.path(), &first).status.success());
    assert!(run(folder.path(), &["gen", "-q", "-d", "v2/certs", "--key-type", "p256"]).status.success());
    fs::remove_file(path("current")).unwrap();
    symlink("v2", path("current")).unwrap();
    assert!(run(folder.path(), &["config", "refresh", "--out", "out"]).status.success());
    assert_eq!(fs::read(path("out/tls/server.pem")).unwrap(), fs::read(path("v2/certs/server.pem")).unwrap());
}

/// A folder where standalone_embed.sh has made a container of this image.
fn with_standalone_embed(image: &str) -> tempfile::TempDir {
    let folder = made();
    let script = format!(
        "docker run -v \"$USER_CONFIG\":/milvus/configs/user.yaml \\\n -p 19530:19530 \\\n {image} \\\n"
    );
    fs::write(folder.path().join("standalone_embed.sh"), script).unwrap();
    fs::write(folder.path().join("embedEtcd.yaml"), "").unwrap();
    fs::write(folder.path().join("user.yaml"), EMPTIED).unwrap();
    fs::create_dir_all(folder.path().join("volumes/milvus")).unwrap();
    folder
}

/// As the script makes it together with the container.
const EMPTIED: &str = "# Extra config to override default milvus.yaml\n";

fn stderr_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn standalone_gets_its_settings_again_after_an_upgrade_has_emptied_them() {
    let folder = with_standalone_embed("milvusdb/milvus:v2.6.0");
    let user_yaml = folder.path().join("user.yaml");
    let first = config(folder.path(), &["standalone"], &["--out", ".", "--tls-mode", "2"]);
    assert!(first.status.success(), "{first:?}");
    assert!(stderr_of(&first).contains("does not publish port 8080"), "{first:?}");
    // Who may read the key is no other setting.
    let again = config(folder.path(), &["standalone"], &["--out", ".", "--container-user", "0"]);
    assert!(again.status.success(), "{again:?}");
    let settings = fs::read_to_string(&user_yaml).unwrap();
    assert!(settings.starts_with(EMPTIED) && settings.contains("tlsMode: 2"), "{settings}");
    assert!(folder.path().join("volumes/milvus/tls/server.key").exists());
    assert!(!folder.path().join("volumes/milvus/tls/ca.key").exists());

    let before = snapshot(folder.path());
    assert!(run(folder.path(), &["config", "refresh"]).status.success());
    assert_eq!(snapshot(folder.path()), before);

    fs::write(&user_yaml, EMPTIED).unwrap();
    assert!(run(folder.path(), &["renew", "-q", "-d", "certs"]).status.success());
    let refreshed = run(folder.path(), &["config", "refresh"]);
    assert!(
        String::from_utf8(refreshed.stdout).unwrap().contains("next: bash standalone_embed.sh restart\n")
    );
    assert_eq!(fs::read_to_string(&user_yaml).unwrap(), settings);
    let pem = |path: &str| fs::read(folder.path().join(path)).unwrap();
    assert_eq!(pem("volumes/milvus/tls/server.pem"), pem("certs/server.pem"));
}

#[test]
fn standalone_keeps_what_somebody_has_in_user_yaml() {
    let folder = with_standalone_embed("milvusdb/milvus:v2.6.0");
    let user_yaml = folder.path().join("user.yaml");
    let theirs = "common:\n  security:\n    authorizationEnabled: true # users\n";
    fs::write(&user_yaml, theirs).unwrap();
    let written = config(folder.path(), &["standalone"], &["--out", ".", "--internal"]);
    assert!(stderr_of(&written).contains("without its comments: ./backup-"), "{written:?}");
    let merged = fs::read_to_string(&user_yaml).unwrap();
    assert!(merged.contains("authorizationEnabled: true") && merged.contains("internaltls:"), "{merged}");
    let backup = fs::read_dir(folder.path()).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        path.file_name().unwrap().to_str().unwrap().starts_with("backup-").then_some(path)
    });
    assert_eq!(fs::read_to_string(backup.unwrap().join("user.yaml")).unwrap(), theirs);

    // Other options have to be meant, and what no longer is among them goes.
    let other = config(folder.path(), &["standalone"], &["--out", ".", "--internal=false"]);
    assert!(stderr_of(&other).contains("made with other options"), "{other:?}");
    assert_eq!(fs::read_to_string(&user_yaml).unwrap(), merged);
    assert!(
        config(folder.path(), &["standalone"], &["--out", ".", "--internal=false", "--force"])
            .status
            .success()
    );
    let changed = fs::read_to_string(&user_yaml).unwrap();
    assert!(changed.contains("authorizationEnabled: true") && !changed.contains("internal"), "{changed}");

    edit(&user_yaml, "tlsMode: 1", "tlsMode: 2");
    let kept = run(folder.path(), &["config", "refresh"]);
    assert!(
        stderr_of(&kept).contains("user.yaml: common.security.tlsMode is 2, which `config` did not set"),
        "{kept:?}"
    );
    assert!(fs::read_to_string(&user_yaml).unwrap().contains("tlsMode: 2"));
}

#[test]
fn standalone_is_refused_where_what_it_sets_would_be_lost_or_not_read() {
    let folder = with_standalone_embed("milvusdb/milvus:v2.4.5");
    fs::write(folder.path().join("standalone_embed.sh"), "docker run milvusdb/milvus:v2.4.5").unwrap();
    let refused = config(folder.path(), &["standalone"], &["--out", "."]);
    assert!(stderr_of(&refused).contains("does not mount user.yaml"), "{refused:?}");
    fs::remove_file(folder.path().join("embedEtcd.yaml")).unwrap();
    let refused = config(folder.path(), &["standalone"], &["--out", "."]);
    assert!(stderr_of(&refused).contains("has made no container here"), "{refused:?}");
    assert_eq!(fs::read_to_string(folder.path().join("user.yaml")).unwrap(), EMPTIED);
    assert!(!folder.path().join("tls.yaml").exists());
}

#[test]
fn standalone_is_told_of_the_script_and_the_data_that_an_upgrade_leaves() {
    let folder = with_standalone_embed("milvusdb/milvus:v2.6.0");
    fs::create_dir_all(folder.path().join("volumes-user/milvus")).unwrap();
    let latest = "docker run -v user.yaml -p 8080:8080 milvusdb/milvus:v3.0-beta";
    fs::write(folder.path().join("standalone_embed_latest.sh"), latest).unwrap();
    let output = config(folder.path(), &["standalone"], &["--out", "."]);
    assert!(output.status.success() && stderr_of(&output).is_empty(), "{output:?}");
    assert!(
        String::from_utf8(output.stdout).unwrap().contains("next: bash standalone_embed_latest.sh restart")
    );
    let key = folder.path().join("volumes-user/milvus/tls/server.key");
    if rustix::process::geteuid().is_root() {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(key).unwrap().uid(), 999);
    }
}

#[test]
fn what_has_no_effect_is_refused() {
    let folder = made();
    let refused =
        config(folder.path(), &["cert-manager"], &["--for", "operator", "--chart-version", "5.0.10"]);
    assert!(stderr_of(&refused).contains("--chart-version has no effect with the operator"), "{refused:?}");
    let refused = config(folder.path(), &["compose"], &["--container-user", "999"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}

#[test]
fn check_reads_of_a_folder_what_compose_reads() {
    let folder = made();
    let check = || {
        let output = run(folder.path(), &["check", "-d", "certs", "--config", "."]);
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat()
    };
    assert!(check().contains(".: has no Compose file"), "{}", check());
    fs::copy("tests/deployments/docker-compose.yaml", folder.path().join("docker-compose.yaml")).unwrap();
    assert!(config(folder.path(), &["compose"], &["--out", "."]).status.success());
    assert!(
        check().contains("docker-compose.yaml, docker-compose.override.yaml: nothing is wrong"),
        "{}",
        check()
    );

    // Compose reads this one then, and no longer ours.
    fs::write(
        folder.path().join("docker-compose.override.yml"),
        "services: {standalone: {restart: always}}\n",
    )
    .unwrap();
    assert!(check().contains("tls-off") || check().contains("not-mounted"), "{}", check());
    let files = "COMPOSE_FILE=docker-compose.yaml:docker-compose.override.yml:docker-compose.override.yaml\n";
    fs::write(folder.path().join(".env"), files).unwrap();
    assert!(!check().contains("error"), "{}", check());
}

#[test]
fn standalone_does_not_take_what_milvus_would_not_do_for_done() {
    let folder = with_standalone_embed("milvusdb/milvus:v2.6.0");
    let user_yaml = folder.path().join("user.yaml");
    // Somebody's own TLS is not replaced without a word.
    fs::write(&user_yaml, "common: {security: {tlsMode: 2}}\n").unwrap();
    let refused = config(folder.path(), &["standalone"], &["--out", "."]);
    assert!(stderr_of(&refused).contains("common.security.tlsMode is 2"), "{refused:?}");
    assert!(!folder.path().join("volumes/milvus/tls").exists() && !folder.path().join("tls.yaml").exists());
    assert!(config(folder.path(), &["standalone"], &["--out", ".", "--tls-mode", "2"]).status.success());

    // An upgrade has emptied it, and one value has been put back by hand.
    fs::write(&user_yaml, format!("{EMPTIED}proxy:\n  http:\n    port: 9000\n")).unwrap();
    let refreshed = run(folder.path(), &["config", "refresh"]);
    assert!(stderr_of(&refreshed).contains("proxy.http.port is 9000"), "{refreshed:?}");
    let text = fs::read_to_string(&user_yaml).unwrap();
    assert!(text.contains("port: 9000") && text.contains("tlsMode: 2"), "{text}");

    let moved = folder.path().join("volumes/milvus/certs");
    fs::rename(folder.path().join("certs"), &moved).unwrap();
    let refused = run(folder.path(), &["config", "standalone", "-d", "volumes/milvus/certs", "--out", "."]);
    assert!(stderr_of(&refused).contains("which Milvus' container gets whole"), "{refused:?}");
}

#[test]
fn standalone_goes_on_after_an_interruption_and_a_renewal() {
    let folder = with_standalone_embed("milvusdb/milvus:v2.6.0");
    let renew = || assert!(run(folder.path(), &["renew", "-q", "-d", "certs"]).status.success());
    assert!(config(folder.path(), &["standalone"], &["--out", "."]).status.success());
    let copies =
        || ["server.pem", "server.key"].map(|name| folder.path().join("volumes/milvus/tls").join(name));
    let old = copies().map(|path| fs::read(path).unwrap());
    renew();
    assert!(run(folder.path(), &["config", "refresh"]).status.success());
    // As if it had ended before the copies were written.
    copies().into_iter().zip(old).for_each(|(path, content)| fs::write(path, content).unwrap());
    renew();
    let refreshed = run(folder.path(), &["config", "refresh"]);
    assert!(refreshed.status.success(), "{refreshed:?}");
    let before = snapshot(folder.path());
    assert!(run(folder.path(), &["config", "refresh"]).status.success());
    assert_eq!(snapshot(folder.path()), before);
}

#[test]
fn a_hint_to_force_has_the_whole_command() {
    let folder = made();
    fs::write(folder.path().join("user.yaml"), "log: {}\n").unwrap();
    let refused =
        config(folder.path(), &["milvus"], &["--out", ".", "--tls-mode", "2", "--rest-port", "8443"]);
    let hint = "`milvus-certs config milvus -d certs --rest-port 8443 --tls-mode 2 --out . --force`";
    assert!(stderr_of(&refused).contains(hint), "{refused:?}");
}
