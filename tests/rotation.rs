//! What `rotate-ca` says of steps that were interrupted, and what it then does.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests leave what a killed run leaves"
)]

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A directory whose authority has issued to two clients besides.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.does(&["gen", "--key-type", "p256"]);
        scene.does(&["issue", "client", "search", "ingest", "--key-type", "p256"]);
        scene
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
                command.env_remove(name);
            }
        }
        command.output().unwrap()
    }

    /// Leaves among what was issued what a run leaves that is killed before it has put search.key into place.
    fn leave_interrupted(&self, old: &[u8], new: &[u8]) {
        let journal = self.path("issued/.milvus-certs-commit");
        let waiting = journal.join("search");
        DirBuilder::new().mode(0o700).create(&journal).unwrap();
        fs::create_dir(&waiting).unwrap();
        fs::write(waiting.join("search.key"), new).unwrap();
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let print = |content: &[u8]| {
            let sha256: String = Sha256::digest(content).iter().map(|octet| format!("{octet:02x}")).collect();
            json!({"size": content.len(), "inode": 0, "sha256": sha256})
        };
        let manifest = json!({
            "version": 1,
            "uid": rustix::process::geteuid().as_raw(),
            "directory": inode(&self.path("issued")),
            "journal": inode(&journal),
            "backup": null,
            "old_serial": null,
            "ca_serial": null,
            "serial": null,
            "is_same_ca": true,
            "files": [{"path": {"folder": "search", "name": "search.key"}, "old": print(old), "new": print(new)}],
            "kept": [],
            "folders": ["search"],
        });
        fs::write(journal.join(".manifest"), manifest.to_string()).unwrap();
    }

    /// Makes what other people's PKI consists of.
    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.args(shlex::split(arguments).unwrap()).current_dir(&self.folder);
        let output = command.output().unwrap();
        assert!(output.status.success(), "openssl {arguments}: {output:?}");
    }

    /// Runs it, and returns its report.
    fn does(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The state, beside how many certificates another ca.pem lies, and the first of the next steps.
    fn status(&self) -> (String, u64, String) {
        let status = self.does(&["rotate-ca", "status"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&status["state"]), status["behind"].as_u64().unwrap(), text(&status["next_steps"][0]))
    }

    fn assert_status(&self, state: &str, behind: u64, next: &str) {
        let found = self.status();
        assert_eq!((found.0.as_str(), found.1), (state, behind));
        assert!(found.2.starts_with(next), "{}", found.2);
    }
}

#[test]
fn what_an_interrupted_begin_has_not_reached_is_told_until_it_is_run_again() {
    let scene = Scene::new();
    let before = fs::read(scene.path("ca.pem")).unwrap();
    scene.does(&["rotate-ca", "begin"]);
    scene.assert_status("begun", 0, "give ca.pem to Milvus");

    fs::write(scene.path("issued/search/ca.pem"), &before).unwrap();
    scene.assert_status(
        "begun",
        1,
        "`milvus-certs rotate-ca begin` goes on with it: beside 1 issued certificate lies another ca.pem",
    );
    fs::remove_file(scene.path("issued/ingest/ca.pem")).unwrap();
    scene.assert_status(
        "begun",
        2,
        "`milvus-certs rotate-ca begin` goes on with it: beside 2 issued certificates lies another ca.pem",
    );

    scene.does(&["rotate-ca", "begin"]);
    scene.assert_status("begun", 0, "give ca.pem to Milvus");
}

#[test]
fn what_an_interrupted_finish_has_not_reached_is_told_until_it_is_run_again() {
    let scene = Scene::new();
    scene.does(&["rotate-ca", "begin"]);
    scene.does(&["rotate-ca", "issue"]);
    let both = fs::read(scene.path("ca.pem")).unwrap();
    scene.does(&["rotate-ca", "finish"]);
    scene.assert_status("none", 0, "");

    fs::write(scene.path("issued/search/ca.pem"), &both).unwrap();
    scene.assert_status("none", 1, "`milvus-certs rotate-ca finish` goes on");
    scene.does(&["rotate-ca", "finish"]);
    scene.assert_status("none", 0, "");
}

#[test]
fn a_certificate_that_was_left_apart_from_its_key_keeps_issue_from_being_done() {
    let scene = Scene::new();
    let key = scene.path("issued/search/search.key");
    let old = fs::read(&key).unwrap();
    scene.does(&["rotate-ca", "begin"]);
    scene.does(&["rotate-ca", "issue"]);
    scene.assert_status("issued", 0, "copy server.key");

    // As a run leaves it that is killed before the last of its moves.
    let new = fs::read(&key).unwrap();
    fs::write(&key, &old).unwrap();
    scene.leave_interrupted(&old, &new);
    scene.assert_status("issuing", 0, "`milvus-certs rotate-ca issue` goes on");
    let refused = scene.run(&["rotate-ca", "finish"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "error: .: a run of the new authority was interrupted; an earlier run had been interrupted, and was completed first\n\
         hint: `milvus-certs rotate-ca issue` goes on\n"
    );

    scene.does(&["rotate-ca", "issue"]);
    scene.assert_status("issued", 0, "copy server.key");
    assert_ne!(fs::read(&key).unwrap(), old);
    assert!(!scene.path("issued/.milvus-certs-commit").exists());
}

#[test]
fn another_ca_pem_beside_a_certificate_of_the_new_authority_is_replaced_by_issue() {
    let scene = Scene::new();
    scene.does(&["rotate-ca", "begin"]);
    scene.does(&["rotate-ca", "issue"]);
    fs::write(scene.path("issued/search/ca.pem"), "").unwrap();
    scene.assert_status("issued", 1, "`milvus-certs rotate-ca issue` goes on");
    scene.does(&["rotate-ca", "issue"]);
    scene.assert_status("issued", 0, "copy server.key");
}

#[test]
fn what_was_withdrawn_needs_no_ca_pem() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.path("issued/search")).unwrap();
    fs::remove_file(scene.path("issued/ingest/ingest.pem")).unwrap();
    fs::remove_file(scene.path("issued/ingest/ca.pem")).unwrap();
    scene.assert_status("none", 0, "");
    scene.does(&["rotate-ca", "begin"]);
    scene.assert_status("begun", 0, "give ca.pem to Milvus");
}

#[test]
fn status_names_the_way_out_of_an_interrupted_run_that_it_does_not_go_itself() {
    let scene = Scene::new();
    let staged = scene.path(".milvus-certs-staged");
    DirBuilder::new().mode(0o700).create(&staged).unwrap();
    fs::write(staged.join("server.key"), "").unwrap();
    let status = scene.run(&["rotate-ca", "status"]);
    assert!(status.status.success(), "{status:?}");
    let said = String::from_utf8_lossy(&status.stderr);
    assert_eq!(
        said,
        "note: .: an earlier run was interrupted, and what is here is from before it or from after it; \
         `milvus-certs renew --if-due 0s` completes or undoes it\n"
    );
    scene.does(&["renew", "--if-due", "0s"]);
    assert!(!staged.exists());
}

#[test]
fn a_folder_that_is_out_of_reach_is_not_taken_for_one_that_was_withdrawn() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("mounted");
    scene.does(&["issue", "client", "far", "--key-type", "p256", "--out", out.to_str().unwrap()]);
    scene.does(&["rotate-ca", "begin"]);
    fs::rename(&out, elsewhere.path().join("unmounted")).unwrap();
    let refused = scene.run(&["rotate-ca", "issue"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("mounted: no such folder, and 1 certificate in the inventory should be in it"),
        "{said}"
    );
    fs::rename(elsewhere.path().join("unmounted"), &out).unwrap();
    scene.does(&["rotate-ca", "issue"]);
}

#[test]
fn what_is_there_without_a_line_in_the_inventory_is_issued_again_only_for_somebody_who_adopts_it() {
    let scene = Scene::new();
    fs::remove_file(scene.path("issued/index.jsonl")).unwrap();
    let check = scene.run(&["check", "--strict"]);
    assert_eq!(check.status.code(), Some(3), "{check:?}");
    scene.does(&["rotate-ca", "begin"]);
    let issued = scene.does(&["rotate-ca", "issue"]);
    let notes: Vec<_> = issued["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
    assert_eq!(notes, ["not-reissued", "not-reissued"]);
    // Neither step sends to the other: the error names what is in the way.
    let finish = scene.run(&["rotate-ca", "finish"]);
    let said = String::from_utf8_lossy(&finish.stderr);
    assert_eq!(finish.status.code(), Some(1), "{said}");
    assert!(said.contains("renew --adopt ingest") && !said.contains("rotate-ca issue"), "{said}");
    let status = scene.does(&["rotate-ca", "status"]);
    assert_eq!(status["unsettled"].as_array().unwrap().len(), 2, "{status}");

    scene.does(&["renew", "--adopt", "search,ingest"]);
    scene.does(&["rotate-ca", "finish"]);
    let again = scene.does(&["renew", "--all", "--if-due", "0s"]);
    assert_eq!(again["changed"], false, "everything is of the new authority: {again}");
    scene.does(&["renew", "search"]);
}

#[test]
fn the_ca_that_follows_an_intermediate_one_is_said_to_be_a_root_of_its_own() {
    let scene = Scene { folder: tempfile::tempdir().unwrap() };
    let authority = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n\
                     subjectKeyIdentifier = hash\n";
    let names = "nameConstraints = critical, permitted;DNS:localhost, \
                 permitted;IP:127.0.0.1/255.255.255.255, \
                 permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n";
    fs::write(scene.path("ca.ext"), authority).unwrap();
    fs::write(scene.path("team.ext"), format!("{authority}{names}")).unwrap();
    for (name, subject) in [("corp", "/CN=Corp Root"), ("team", "/CN=Team CA")] {
        scene.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
        scene.openssl(&format!("req -new -key {name}.key -subj '{subject}' -out {name}.csr"));
    }
    scene.openssl("x509 -req -in corp.csr -signkey corp.key -extfile ca.ext -days 3650 -out corp.pem");
    scene.openssl(
        "x509 -req -in team.csr -CA corp.pem -CAkey corp.key -set_serial 5 -extfile team.ext -days 3000 \
         -out team.pem",
    );
    let chain = ["team.pem", "corp.pem"].map(|file| fs::read(scene.path(file)).unwrap());
    fs::write(scene.path("chain.pem"), chain.concat()).unwrap();
    scene.does(&["gen", "--key-type", "p256", "--ca-cert", "chain.pem", "--ca-key", "team.key"]);

    let begun = scene.does(&["rotate-ca", "begin"]);
    let notes: Vec<_> = begun["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
    assert_eq!(notes, ["no-longer-below", "limits-dropped"], "{begun}");
    let said = begun["notes"].to_string();
    assert!(said.contains("does not stand below CN=Corp Root") && said.contains("nameConstraints"), "{said}");
    assert_eq!(begun["certificates"][0]["common_name"], "Team CA 2");
}

#[test]
fn a_serial_number_that_is_kept_because_it_may_be_named_is_said() {
    let scene = Scene { folder: tempfile::tempdir().unwrap() };
    fs::write(
        scene.path("ca.cnf"),
        "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = v3\n[dn]\nCN = Old CA\n[v3]\n\
         basicConstraints = CA:TRUE\nkeyUsage = keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n\
         authorityKeyIdentifier = keyid, issuer:always\n",
    )
    .unwrap();
    scene.openssl("ecparam -name prime256v1 -genkey -noout -out old.key");
    scene.openssl("req -x509 -new -key old.key -config ca.cnf -days 3650 -out old.pem");
    scene.does(&["gen", "--key-type", "p256", "--ca-cert", "old.pem", "--ca-key", "old.key"]);
    let anew = scene.does(&["rotate-ca", "begin", "--same-key"]);
    let note = &anew["notes"][0];
    assert_eq!(note["code"], "serial-kept", "{anew}");
    assert!(note["message"].to_string().contains("SEC_ERROR_REUSED_ISSUER_AND_SERIAL"), "{note}");

    let other = Scene::new();
    assert_eq!(other.does(&["rotate-ca", "begin", "--same-key"])["notes"], serde_json::json!([]));
}
