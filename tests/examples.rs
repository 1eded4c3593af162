//! What stands in `examples/` is what the program prints, for every deployment and every client:
//! `UPDATE_EXAMPLES=1 cargo test --locked --test examples` writes it anew.
//!
//! The certificates are made by this test, so what belongs to them alone is left out: a Secret names
//! the files that it has in base64, and the fingerprint is all zeros.
#![allow(clippy::disallowed_methods, reason = "the test reads and writes the examples itself")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

mod common;
use common::folder::clean_command;
use common::program::PROGRAM;

/// Runs the program in a folder that has a certificate directory called `certs`.
fn milvus_certs(folder: &Path, arguments: &[&str]) -> String {
    let output = clean_command(PROGRAM, folder).args(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// A deployment, and the folder of `examples/` that shows it.
struct Example {
    folder: String,
    arguments: Vec<&'static str>,
}

/// What an option adds to the name of a folder and to the arguments.
type Variants = &'static [(&'static str, &'static [&'static str])];

fn deployments() -> Vec<Example> {
    const TLS: [(&str, &[&str]); 4] = [
        ("one-way", &["--tls-mode", "1"]),
        ("one-way-internal", &["--tls-mode", "1", "--internal"]),
        ("mutual", &["--tls-mode", "2"]),
        ("mutual-internal", &["--tls-mode", "2", "--internal"]),
    ];
    const ALONE: Variants = &[("", &[])];
    const STANDALONE_OR_CLUSTER: Variants = &[("", &[]), ("-cluster", &["--cluster"])];
    let targets: [(&str, &[&str], Variants); 6] = [
        ("milvus", &["milvus"], ALONE),
        ("compose", &["compose"], ALONE),
        ("operator", &["operator"], STANDALONE_OR_CLUSTER),
        ("helm", &["helm"], STANDALONE_OR_CLUSTER),
        ("cert-manager/operator", &["cert-manager", "--for", "operator"], STANDALONE_OR_CLUSTER),
        ("cert-manager/helm", &["cert-manager", "--for", "helm"], STANDALONE_OR_CLUSTER),
    ];
    let secrets = ["opaque", "tls"]
        .map(|kind| Example { folder: format!("secret/{kind}"), arguments: vec!["secret", "--type", kind] });
    let mut examples = Vec::from(secrets);
    for (target, first, variants) in targets {
        for (mode, tls) in TLS {
            for (suffix, cluster) in variants {
                examples.push(Example {
                    folder: format!("{target}/{mode}{suffix}"),
                    arguments: [first, tls, cluster].concat(),
                });
            }
        }
    }
    examples
}

/// Without what belongs to certificates that are made anew each time.
fn without_certificates(text: &str) -> String {
    let line = |line: &str| match line.split_once(": ") {
        Some((key, value)) if is_certificates_name(key) && value.starts_with("\"") => {
            format!("{key}: \"{}\"", "0".repeat(64))
        }
        Some((key, value)) if key.starts_with("  ") && value.starts_with("LS0tLS1") => {
            format!("{key}: \"\"  # in base64")
        }
        _ => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

fn is_certificates_name(key: &str) -> bool {
    matches!(key.trim(), "milvus-certs.certificates" | "milvus-certs/certificates")
}

/// The examples as they are printed now, by their paths.
fn printed() -> BTreeMap<PathBuf, String> {
    let folder = tempfile::tempdir().unwrap();
    milvus_certs(folder.path(), &["gen", "-d", "certs"]);
    let mut printed = BTreeMap::new();
    for Example { folder: example, arguments } in deployments() {
        let mut arguments = [&["config"], arguments.as_slice()].concat();
        arguments.extend(["-d", "certs", "--out", &example]);
        milvus_certs(folder.path(), &arguments);
        for entry in fs::read_dir(folder.path().join(&example)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = without_certificates(&fs::read_to_string(&path).unwrap());
                printed.insert(Path::new(&example).join(path.file_name().unwrap()), text);
            }
        }
    }
    for client in ["python", "async-python", "curl", "go", "java", "node", "attu", "backup"] {
        for (example, mode) in [("one-way", "1"), ("mutual", "2")] {
            let report = milvus_certs(
                folder.path(),
                &["connect", client, "-d", "certs", "--tls-mode", mode, "--json"],
            );
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            let path = Path::new("connect").join(example).join(report["file_name"].as_str().unwrap());
            printed.insert(path, report["content"].as_str().unwrap().to_owned());
        }
    }
    printed
}

/// The files below a folder, but for those that people write.
fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else if path.extension().is_none_or(|ending| ending != "md") {
            files.push(path);
        }
    }
}

#[test]
fn every_deployment_and_client_stands_in_the_examples_as_it_is_printed() {
    let printed = printed();
    let root = Path::new("examples");
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        for (path, text) in &printed {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
    }
    for (path, text) in &printed {
        let example = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert_eq!(&example, text, "{} is not what is printed", path.display());
    }
    let mut files = Vec::new();
    for folder in ["milvus", "compose", "operator", "helm", "secret", "cert-manager", "connect"] {
        files_below(&root.join(folder), &mut files);
    }
    for file in files {
        let path = file.strip_prefix(root).unwrap();
        assert!(printed.contains_key(path), "{} is an example of nothing", file.display());
    }
}

#[test]
fn check_finds_nothing_in_any_deployment() {
    let folder = tempfile::tempdir().unwrap();
    for platform in ["compose", "operator", "helm"] {
        milvus_certs(folder.path(), &["gen", "-d", platform, "--key-type", "p256", "--for", platform]);
    }
    let stock = fs::read_to_string("tests/deployments/docker-compose.yaml").unwrap();
    for (index, Example { folder: example, arguments }) in deployments().into_iter().enumerate() {
        let platform =
            ["compose", "operator"].into_iter().find(|name| example.contains(name)).unwrap_or("helm");
        let certificates = format!("../{platform}");
        let deployment = folder.path().join(index.to_string());
        fs::create_dir(&deployment).unwrap();
        let mut render = [&["config"], arguments.as_slice()].concat();
        render.extend(["-d", &certificates, "--out", "."]);
        milvus_certs(&deployment, &render);
        if platform == "compose" {
            fs::write(deployment.join("docker-compose.yaml"), &stock).unwrap();
        }
        let names: Vec<_> = fs::read_dir(&deployment)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".yaml"))
            .collect();
        let mut check = vec!["check", "--strict", "-d", &certificates];
        check.extend(names.iter().flat_map(|name| ["--config", name.as_str()]));
        let said = milvus_certs(&deployment, &check);
        assert!(said.ends_with("nothing is wrong.\n"), "{example}: {said}");
        assert!(!said.contains("fails"), "{example}: {said}");
    }
}
