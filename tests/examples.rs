//! What `config` and `connect` print for every deployment and every client. The deployments that people copy
//! are in `examples/`, all others in `tests/snapshots/`: one file for each target, where a text that several
//! deployments have in common is there once. `UPDATE_EXAMPLES=1 cargo test --locked --test examples` writes
//! them anew.
//!
//! The certificates are made by this test, so what belongs to them alone is left out: a Secret names
//! the files that it has in base64, and the fingerprint is all zeros.
#![allow(clippy::disallowed_methods, reason = "the tests read and write files themselves")]

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

/// The deployments that people copy, by target and variant.
const EXAMPLES: [&str; 9] = [
    "cert-manager/helm/mutual",
    "cert-manager/operator/mutual",
    "compose/mutual",
    "compose/one-way",
    "helm/mutual",
    "milvus/mutual",
    "operator/mutual",
    "secret/tls",
    "standalone/one-way",
];

/// What standalone_embed.sh makes together with its container.
const MADE_BY_SCRIPT: &str = "embedEtcd.yaml";

struct Deployment {
    target: &'static str,
    variant: String,
    arguments: Vec<&'static str>,
}

impl Deployment {
    fn name(&self) -> String {
        format!("{}/{}", self.target, self.variant)
    }

    /// Makes a folder as it has to be before.
    fn prepare(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        if self.target == "standalone" {
            fs::write(folder.join(MADE_BY_SCRIPT), "").unwrap();
        }
    }
}

/// What an option adds to the name of a variant and to the arguments.
type Variants = &'static [(&'static str, &'static [&'static str])];

fn deployments() -> Vec<Deployment> {
    const TLS: [(&str, &[&str]); 4] = [
        ("one-way", &["--tls-mode", "1"]),
        ("one-way-internal", &["--tls-mode", "1", "--internal"]),
        ("mutual", &["--tls-mode", "2"]),
        ("mutual-internal", &["--tls-mode", "2", "--internal"]),
    ];
    const ALONE: Variants = &[("", &[])];
    const STANDALONE_OR_CLUSTER: Variants = &[("", &[]), ("-cluster", &["--cluster"])];
    let targets: [(&str, &[&str], Variants); 7] = [
        ("milvus", &["milvus"], ALONE),
        ("compose", &["compose"], ALONE),
        ("standalone", &["standalone"], ALONE),
        ("operator", &["operator"], STANDALONE_OR_CLUSTER),
        ("helm", &["helm"], STANDALONE_OR_CLUSTER),
        ("cert-manager/operator", &["cert-manager", "--for", "operator"], STANDALONE_OR_CLUSTER),
        ("cert-manager/helm", &["cert-manager", "--for", "helm"], STANDALONE_OR_CLUSTER),
    ];
    let secrets = ["opaque", "tls"].map(|kind| Deployment {
        target: "secret",
        variant: kind.to_owned(),
        arguments: vec!["secret", "--type", kind],
    });
    let mut deployments = Vec::from(secrets);
    for (target, first, variants) in targets {
        for (mode, tls) in TLS {
            for (suffix, cluster) in variants {
                deployments.push(Deployment {
                    target,
                    variant: format!("{mode}{suffix}"),
                    arguments: [first, tls, cluster].concat(),
                });
            }
        }
    }
    deployments
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
    // The marker has digests of them.
    let lines = text.lines().filter(|line| !line.starts_with("# milvus-certs: "));
    let text: String = lines.map(|text| line(text) + "\n").collect();
    // The directory, as it is called where somebody writes beside it
    ["../../../certs", "../../certs"].iter().fold(text, |text, path| text.replace(path, "certs"))
}

fn is_certificates_name(key: &str) -> bool {
    matches!(key.trim(), "milvus-certs.certificates" | "milvus-certs/certificates" | "# Certificates")
}

/// The files of a target that are no examples: by their names, each text with the variants that have it.
type Snapshot = BTreeMap<String, Vec<(String, Vec<String>)>>;

fn render(snapshot: Snapshot) -> String {
    let mut rendered = String::new();
    for (file, texts) in snapshot {
        for (text, variants) in texts {
            rendered += &format!("# ======== {file}: {}\n{text}", variants.join(", "));
        }
    }
    rendered
}

/// Examples and snapshots as they are printed now, by their paths.
fn printed() -> BTreeMap<PathBuf, String> {
    let folder = tempfile::tempdir().unwrap();
    milvus_certs(folder.path(), &["gen", "-d", "certs"]);
    let mut printed = BTreeMap::new();
    let mut snapshots: BTreeMap<_, Snapshot> = BTreeMap::new();
    for deployment in deployments() {
        let name = deployment.name();
        deployment.prepare(&folder.path().join(&name));
        let arguments = [&["config"], &deployment.arguments[..], &["-d", "certs", "--out", &name]].concat();
        milvus_certs(folder.path(), &arguments);
        for entry in fs::read_dir(folder.path().join(&name)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() || path.ends_with(MADE_BY_SCRIPT) {
                continue;
            }
            let file = path.file_name().unwrap().to_str().unwrap();
            let text = without_certificates(&fs::read_to_string(&path).unwrap());
            if EXAMPLES.contains(&name.as_str()) {
                printed.insert(Path::new("examples").join(&name).join(file), text);
                continue;
            }
            let texts = snapshots.entry(deployment.target).or_default().entry(file.to_owned()).or_default();
            match texts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, variants)) => variants.push(deployment.variant.clone()),
                None => texts.push((text, vec![deployment.variant.clone()])),
            }
        }
    }
    for (target, snapshot) in snapshots {
        let file = format!("tests/snapshots/{}.yaml", target.replace('/', "-"));
        printed.insert(file.into(), render(snapshot));
    }
    for which in [&[][..], &["compose"], &["kubernetes"], &["systemd"]] {
        let arguments = [&["connect", "env"], which, &["-d", "certs", "--json"]].concat();
        let report = milvus_certs(folder.path(), &arguments);
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let path = Path::new("examples/connect/env").join(report["file_name"].as_str().unwrap());
        let content = report["content"].as_str().unwrap();
        printed.insert(path, content.replace(folder.path().to_str().unwrap(), "/opt/milvus"));
    }
    for client in ["python", "async-python", "curl", "go", "java", "node", "attu", "backup"] {
        for (variant, mode) in [("one-way", "1"), ("mutual", "2")] {
            let report = milvus_certs(
                folder.path(),
                &["connect", client, "-d", "certs", "--tls-mode", mode, "--json"],
            );
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            let path =
                Path::new("examples/connect").join(variant).join(report["file_name"].as_str().unwrap());
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

/// The first line that differs, for whoever reads a failure.
fn difference(is: &str, should_be: &str) -> String {
    let [is, should_be] = [is, should_be].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let line = is.iter().zip(&should_be).take_while(|(is, should_be)| is == should_be).count();
    format!("line {} is {:?}, and {:?} is printed", line + 1, is.get(line), should_be.get(line))
}

#[test]
fn every_deployment_and_client_is_printed_as_examples_and_snapshots_show_it() {
    let printed = printed();
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        for (path, text) in &printed {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &printed {
        let file = fs::read_to_string(path).unwrap_or_default();
        assert!(&file == text, "{}: {}", path.display(), difference(&file, text));
    }
    let mut files = Vec::new();
    for folder in ["milvus", "compose", "operator", "helm", "secret", "cert-manager", "connect"] {
        files_below(&Path::new("examples").join(folder), &mut files);
    }
    files_below(Path::new("tests/snapshots"), &mut files);
    for file in files {
        assert!(printed.contains_key(&file), "{} is what nothing prints", file.display());
    }
}

#[test]
fn check_finds_nothing_in_any_deployment() {
    let folder = tempfile::tempdir().unwrap();
    for platform in ["compose", "standalone", "operator", "helm"] {
        milvus_certs(folder.path(), &["gen", "-d", platform, "--key-type", "p256", "--for", platform]);
    }
    let stock = fs::read_to_string("tests/deployments/docker-compose.yaml").unwrap();
    for (index, deployment) in deployments().into_iter().enumerate() {
        let name = deployment.name();
        let platforms = ["compose", "standalone", "operator"];
        let platform = platforms.into_iter().find(|platform| name.contains(platform)).unwrap_or("helm");
        let certificates = format!("../{platform}");
        let place = folder.path().join(index.to_string());
        deployment.prepare(&place);
        let config = [&["config"], &deployment.arguments[..], &["-d", &certificates, "--out", "."]].concat();
        milvus_certs(&place, &config);
        if platform == "compose" {
            fs::write(place.join("docker-compose.yaml"), &stock).unwrap();
        }
        let names: Vec<_> = fs::read_dir(&place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".yaml") && name != MADE_BY_SCRIPT)
            .collect();
        let mut check = vec!["check", "--strict", "-d", &certificates];
        check.extend(names.iter().flat_map(|name| ["--config", name.as_str()]));
        let said = milvus_certs(&place, &check);
        assert!(said.ends_with("nothing is wrong.\n"), "{name}: {said}");
        assert!(!said.contains("fails"), "{name}: {said}");
    }
}
