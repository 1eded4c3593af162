//! The folders that `issue` makes, where they are and copied to where they are used.

use crate::common::folder::Folder;

/// A directory whose CA has issued to a client and a server, and copies of their folders under other names.
fn folder() -> Folder {
    let folder = Folder::with_directory("certs");
    folder.milvus_certs("issue -d certs client search --key-type p256");
    folder.milvus_certs("issue -d certs server db --key-type p256");
    let copied =
        folder.shell("cp -r certs/issued/search at-the-client && cp -r certs/issued/db at-the-server");
    copied.ends_with(0);
    folder
}

#[test]
fn its_own_files_are_judged_and_no_others_are_missed() {
    let folder = folder();
    for (path, file) in [
        ("certs/issued/search", "search.pem"),
        ("certs/issued/db", "db.pem"),
        ("at-the-client", "search.pem"),
        ("at-the-server", "db.pem"),
    ] {
        let report = folder.json(&format!("check -d {path}"));
        assert_eq!(report["findings"].as_array().unwrap().len(), 0, "{path}: {report}");
        assert_eq!(report["certificates"][1]["file"], format!("{path}/{file}"));
    }
}

#[test]
fn what_is_missing_in_it_is_renewed_by_its_name_where_the_ca_is() {
    let folder = folder();
    folder.remove("at-the-client/search.key");
    let report = folder.run("check -d at-the-client --json").ends_with(3).json();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["file"], "at-the-client/search.key");
    let fix = "where ca.key is: `milvus-certs renew -d DIR search`, then copy what it made here";
    assert_eq!(findings[0]["fix"], fix);
}

#[test]
fn inspect_lists_its_own_files() {
    let shown = folder().milvus_certs("inspect at-the-client");
    assert!(shown.contains("private key of search.pem"), "{shown}");
    assert!(!shown.contains("not there"), "{shown}");
}

#[test]
fn a_client_connects_with_its_files() {
    let folder = folder();
    let program = folder.milvus_certs("connect python -d at-the-client --tls-mode 2");
    for path in ["at-the-client/search.pem", "at-the-client/search.key", "at-the-client/ca.pem"] {
        assert!(program.contains(&format!("{path:?}")), "{program}");
    }
    folder.refusal("connect python -d at-the-server --tls-mode 2").says("was issued to the server db");
}

/// Without a directory, and whatever they are called.
#[test]
fn a_client_connects_with_files_that_it_was_handed() {
    let folder = folder();
    folder.shell("cp certs/ca.pem company.pem; cp at-the-client/search.pem a.pem; cp at-the-client/search.key a.key").ends_with(0);
    let program = folder.milvus_certs("connect python --ca company.pem --cert a.pem --key a.key");
    for path in ["company.pem", "a.pem", "a.key"] {
        assert!(program.contains(&format!("_path={path:?}")), "{program}");
    }
    let program = folder.milvus_certs("connect python --ca company.pem --uri https://db.example.com");
    assert!(
        program.contains("server_pem_path=\"company.pem\"") && program.contains("\"db.example.com\""),
        "{program}"
    );
    let report = folder.json("connect python --ca company.pem --cert a.pem --key a.key");
    assert!(report["directory"].is_null() && report["tls_mode"] == 2, "{report}");
}

#[test]
fn files_that_a_client_was_handed_are_judged() {
    let folder = folder();
    let refused = |files: &str, why: &str| {
        let outcome = folder.run(&format!("connect python {files}"));
        assert!(outcome.status == 1 && outcome.stderr.contains(why), "{outcome}");
    };
    let client = "--cert at-the-client/search.pem --key at-the-client/search.key";
    refused(&format!("--ca at-the-client/search.pem {client}"), "ca-not-authority");
    refused("--ca certs/ca.pem --cert at-the-client/search.pem --key certs/client.key", "key-mismatch");
    refused("--ca certs/ca.pem --cert certs/server.pem --key certs/server.key", "client-without-client-auth");
    refused("--ca certs/ca.pem --tls-mode 2", "asks for a client's certificate and key");
    refused("--ca missing.pem", "No such file");
    folder.milvus_certs("gen -d other --key-type p256");
    refused(
        &format!("--ca other/ca.pem {client}"),
        "`milvus-certs inspect other/ca.pem at-the-client/search.pem",
    );
}

#[test]
fn a_server_is_deployed_with_its_files() {
    let folder = folder();
    folder.milvus_certs("config compose -d at-the-server --out deployed");
    assert_eq!(folder.read("deployed/tls/server.pem"), folder.read("certs/issued/db/db.pem"));
    assert_eq!(folder.read("deployed/tls/server.key"), folder.read("certs/issued/db/db.key"));
    let notes = folder.json("config compose -d at-the-server")["notes"].to_string();
    assert!(notes.contains("`milvus-certs renew -d DIR db --for compose`"), "{notes}");
    folder.refusal("config compose -d at-the-client").says("was issued to the client search");
}
