//! Directories with which nothing is wrong.

use std::fs;
use std::os::unix::fs::symlink;

use milvus_certs::KeyType;

use crate::case::{Case, broken, made, remove};
use crate::common::folder::Folder;

pub(crate) fn cases() -> Vec<Case> {
    let of_key_type = |key_type: KeyType| {
        made(format!("a new directory of {key_type} keys"), &[], move |folder| {
            folder.milvus_certs(&format!("gen --key-type {key_type}"));
        })
    };
    let mut cases: Vec<_> = KeyType::ALL.into_iter().map(of_key_type).collect();
    cases.extend([
        broken("a directory that was renewed", &[], |folder| {
            folder.milvus_certs("renew");
        }),
        broken("a directory whose server alone was renewed, with a new key type", &[], |folder| {
            folder.milvus_certs("renew server --key-type rsa2048");
        }),
        broken("a directory without client files, for one-way TLS", &[], |folder| {
            remove(folder, &["client.key", "client.pem"]);
        })
        .checked_with("--tls-mode 1"),
        broken("what Milvus is given for mutual TLS and a client beside it", NO_KEY, |folder| {
            remove(folder, &["ca.key", "ca.srl"]);
        }),
        broken("what Milvus is given for one-way TLS", NO_KEY, |folder| {
            remove(folder, &["ca.key", "ca.srl", "client.key", "client.pem"]);
        })
        .checked_with("--tls-mode 1"),
        broken("a Secret as Kubernetes mounts it", NO_KEY, |folder| {
            remove(folder, &["ca.key", "ca.srl"]);
            mount(folder);
        }),
        broken("a Secret as Kubernetes mounts it by default, readable by all", NO_KEY, |folder| {
            remove(folder, &["ca.key", "ca.srl"]);
            folder.set_mode("server.key", 0o644);
            folder.set_mode("client.key", 0o644);
            mount(folder);
        }),
        broken("a directory with files of other kinds", &[], |folder| {
            folder.write("notes.txt", "remember the milk\n");
            folder.write("other.key", "not a key\n");
            folder.write("server.csr", "");
            folder.create_folder("backup-20260101T000000Z");
        }),
    ]);
    cases
}

const NO_KEY: &[&str] = &["no-authority-key ca.key"];

/// Every file is a link through `..data`, which is a link to a folder of that moment.
fn mount(folder: &Folder) {
    let moment = "..2026_01_01_00_00_00.123456789";
    folder.create_folder(moment);
    symlink(moment, folder.path("..data")).unwrap();
    for file in ["ca.pem", "server.key", "server.pem", "client.key", "client.pem"] {
        fs::rename(folder.path(file), folder.path(moment).join(file)).unwrap();
        symlink(format!("..data/{file}"), folder.path(file)).unwrap();
    }
}
