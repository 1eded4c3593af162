//! What `rotate-ca` says of steps that were interrupted, and what it then does.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::common::folder::Folder;

/// A directory whose CA has issued to two clients besides.
fn folder() -> Folder {
    let folder = Folder::with_directory("");
    folder.milvus_certs("issue client search ingest --key-type p256");
    folder
}

/// Leaves in `issued` what a run leaves that is killed before it moves search.key into place.
fn leave_interrupted(folder: &Folder, old: &[u8], new: &[u8]) {
    let journal = folder.path("issued/.milvus-certs-commit");
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
        "directory": inode(&folder.path("issued")),
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

/// The state, how many certificates lie beside another ca.pem, and the beginning of the next step.
#[track_caller]
fn assert_status(folder: &Folder, state: &str, behind: u64, next: &str) {
    let status = folder.json("rotate-ca status");
    assert_eq!((status["state"].as_str(), status["behind"].as_u64()), (Some(state), Some(behind)));
    let first = status["next_steps"][0].as_str().unwrap_or_default();
    assert!(first.starts_with(next), "{first}");
}

#[test]
fn status_counts_what_an_interrupted_begin_has_not_reached() {
    let folder = folder();
    let before = folder.read("ca.pem");
    folder.milvus_certs("rotate-ca begin");
    assert_status(&folder, "begun", 0, "give ca.pem to Milvus");

    folder.write("issued/search/ca.pem", &before);
    assert_status(
        &folder,
        "begun",
        1,
        "`milvus-certs rotate-ca begin` goes on with it: beside 1 issued certificate lies another ca.pem",
    );
    folder.remove("issued/ingest/ca.pem");
    assert_status(
        &folder,
        "begun",
        2,
        "`milvus-certs rotate-ca begin` goes on with it: beside 2 issued certificates lies another ca.pem",
    );

    folder.milvus_certs("rotate-ca begin");
    assert_status(&folder, "begun", 0, "give ca.pem to Milvus");
}

#[test]
fn status_counts_what_an_interrupted_finish_has_not_reached() {
    let folder = folder();
    folder.milvus_certs("rotate-ca begin");
    folder.milvus_certs("rotate-ca issue");
    let both = folder.read("ca.pem");
    folder.milvus_certs("rotate-ca finish");
    assert_status(&folder, "none", 0, "");

    folder.write("issued/search/ca.pem", &both);
    assert_status(&folder, "none", 1, "`milvus-certs rotate-ca finish` goes on");
    folder.milvus_certs("rotate-ca finish");
    assert_status(&folder, "none", 0, "");
}

#[test]
fn a_certificate_whose_key_was_not_moved_is_issued_again() {
    let folder = folder();
    const KEY: &str = "issued/search/search.key";
    let old = folder.read(KEY);
    folder.milvus_certs("rotate-ca begin");
    folder.milvus_certs("rotate-ca issue");
    assert_status(&folder, "issued", 0, "copy server.key");

    // As a run leaves it that is killed before its last move.
    let new = folder.read(KEY);
    folder.write(KEY, &old);
    leave_interrupted(&folder, &old, &new);
    assert_status(&folder, "issuing", 0, "`milvus-certs rotate-ca issue` goes on");
    let refusal = folder.run("rotate-ca finish").refusal(1);
    let error = ".: a run of the new CA was interrupted; \
                 an earlier run had been interrupted, and was completed first";
    assert_eq!((&*refusal.error, &*refusal.hint), (error, "`milvus-certs rotate-ca issue` goes on"));

    folder.milvus_certs("rotate-ca issue");
    assert_status(&folder, "issued", 0, "copy server.key");
    assert_ne!(folder.read(KEY), old);
    assert!(!folder.path("issued/.milvus-certs-commit").exists());
}

#[test]
fn issue_replaces_another_ca_pem_beside_a_certificate_of_the_new_ca() {
    let folder = folder();
    folder.milvus_certs("rotate-ca begin");
    folder.milvus_certs("rotate-ca issue");
    folder.write("issued/search/ca.pem", "");
    assert_status(&folder, "issued", 1, "`milvus-certs rotate-ca issue` goes on");
    folder.milvus_certs("rotate-ca issue");
    assert_status(&folder, "issued", 0, "copy server.key");
}

#[test]
fn a_withdrawn_certificate_needs_no_ca_pem() {
    let folder = folder();
    fs::remove_dir_all(folder.path("issued/search")).unwrap();
    folder.remove("issued/ingest/ingest.pem");
    folder.remove("issued/ingest/ca.pem");
    assert_status(&folder, "none", 0, "");
    folder.milvus_certs("rotate-ca begin");
    assert_status(&folder, "begun", 0, "give ca.pem to Milvus");
}

#[test]
fn status_names_the_command_that_recovers_from_an_interrupted_run() {
    let folder = folder();
    let staged = folder.path(".milvus-certs-staged");
    DirBuilder::new().mode(0o700).create(&staged).unwrap();
    fs::write(staged.join("server.key"), "").unwrap();
    assert_eq!(
        folder.run("rotate-ca status").ends_with(0).stderr,
        "note: .: an earlier run was interrupted, and what is here is from before it or from after it; \
         `milvus-certs renew --if-due 0s` completes or undoes it\n"
    );
    folder.milvus_certs("renew --if-due 0s");
    assert!(!staged.exists());
}

#[test]
fn a_folder_that_is_not_mounted_is_an_error_and_not_withdrawn() {
    let folder = folder();
    let elsewhere = Folder::new();
    let (mounted, unmounted) = (elsewhere.path("mounted"), elsewhere.path("unmounted"));
    folder.milvus_certs(&format!("issue client far --key-type p256 --out {}", mounted.display()));
    folder.milvus_certs("rotate-ca begin");
    fs::rename(&mounted, &unmounted).unwrap();
    let outcome = folder.run("rotate-ca issue").ends_with(1);
    let expected = "mounted: no such folder, and 1 certificate in the inventory should be in it";
    assert!(outcome.stderr.contains(expected), "{outcome}");
    fs::rename(unmounted, mounted).unwrap();
    folder.milvus_certs("rotate-ca issue");
}

#[test]
fn a_certificate_without_a_line_in_the_inventory_is_issued_again_only_with_adopt() {
    let folder = folder();
    folder.remove("issued/index.jsonl");
    folder.run("check --strict").ends_with(3);
    folder.milvus_certs("rotate-ca begin");
    let issued = folder.json("rotate-ca issue");
    let notes: Vec<_> = issued["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
    assert_eq!(notes, ["not-reissued", "not-reissued"]);
    // `finish` names what is in the way, and does not send back to `issue`.
    let said = folder.run("rotate-ca finish").ends_with(1).stderr;
    assert!(said.contains("renew --adopt ingest") && !said.contains("rotate-ca issue"), "{said}");
    let status = folder.json("rotate-ca status");
    assert_eq!(status["unsettled"].as_array().unwrap().len(), 2, "{status}");

    folder.milvus_certs("renew --adopt search,ingest");
    folder.milvus_certs("rotate-ca finish");
    let again = folder.json("renew --all --if-due 0s");
    assert_eq!(again["changed"], false, "everything is of the new CA: {again}");
    folder.milvus_certs("renew search");
}
