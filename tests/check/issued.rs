//! What the CA has issued beside server.pem and client.pem, and the inventory of it.

use std::fs;

use milvus_certs::EndEntityKind;

use crate::case::{Case, broken, made, remove};
use crate::common::folder::Folder;
use crate::common::past::{days, generate_days_ago, issue_days_ago};

const INVENTORY: &str = "issued/index.jsonl";
const PEM: &str = "issued/search/search.pem";
const KEY: &str = "issued/search/search.key";
const CA: &str = "issued/search/ca.pem";

pub(crate) fn cases() -> Vec<Case> {
    [healthy(), files(), trust(), inventory(), serials()].into_iter().flatten().collect()
}

/// A directory whose CA has issued the client `search` and the server `milvus-2`, with a defect.
fn issued(name: &str, findings: &[&str], damage: impl Fn(&Folder) + Send + 'static) -> Case {
    broken(format!("issued: {name}"), findings, move |folder| {
        issue_both(folder, "");
        damage(folder);
    })
}

/// A directory whose CA has issued the same into the folder `clients`.
fn issued_elsewhere(name: &str, findings: &[&str], damage: impl Fn(&Folder) + Send + 'static) -> Case {
    broken(format!("issued elsewhere: {name}"), findings, move |folder| {
        issue_both(folder, &format!("--out {}", folder.argument("clients")));
        damage(folder);
    })
}

fn issue_both(folder: &Folder, options: &str) {
    for recipient in ["client search", "server milvus-2"] {
        folder.milvus_certs(&format!("issue {recipient} --key-type p256 -q {options}"));
    }
}

fn healthy() -> Vec<Case> {
    vec![
        issued("a client and a server", &[], |_| {}),
        issued("a client and a server, in a directory that was renewed later", &[], |folder| {
            folder.milvus_certs("renew");
        }),
        issued("a client that was withdrawn", &[], |folder| {
            fs::remove_dir_all(folder.path("issued/search")).unwrap();
        }),
        issued("a certificate whose key and ca.pem were given away", &[], |folder| {
            remove(folder, &[KEY, CA]);
        }),
        issued("a last line that a crash cut off", &[], |folder| {
            folder.write(INVENTORY, folder.text(INVENTORY) + "{\"serial\":\"0A");
        }),
        issued("a client that is broken where one-way TLS is checked", &[], |folder| {
            folder.write(PEM, "");
        })
        .checked_with("--tls-mode 1"),
    ]
}

fn files() -> Vec<Case> {
    vec![
        issued("a key that others may read", &["key-readable-by-others search.key"], |folder| {
            folder.set_mode(KEY, 0o644);
        }),
        issued("the key of another", &["key-mismatch search.key"], |folder| {
            folder.join(&["client.key"], KEY);
        }),
        issued("an empty certificate", &["empty-file search.pem"], |folder| folder.write(PEM, "")),
        issued_elsewhere("a client and a server", &[], |_| {}),
        issued_elsewhere("a key that others may read", &["key-readable-by-others search.key"], |folder| {
            folder.set_mode("clients/search/search.key", 0o644);
        }),
        issued("an empty key", &["empty-file search.key"], |folder| folder.write(KEY, "")),
        issued("a certificate that is a folder", &["unreadable-file search.pem"], |folder| {
            folder.remove(PEM);
            folder.create_folder(PEM);
        }),
        made(
            "issued: certificates that have ended",
            &["expired milvus-2.pem", "expired search.pem"],
            |folder| {
                generate_days_ago(40, &folder.path(""), |_| {});
                for (kind, name) in [(EndEntityKind::Client, "search"), (EndEntityKind::Server, "milvus-2")] {
                    issue_days_ago(40, &folder.path(""), kind, name, days(30));
                }
            },
        ),
        issued(
            "a server's key in the place of its ca.pem",
            &["damaged-file ca.pem", "key-in-ca-pem ca.pem"],
            |folder| {
                folder.join(&["issued/milvus-2/milvus-2.key"], "issued/milvus-2/ca.pem");
                folder.set_mode("issued/milvus-2/ca.pem", 0o600);
            },
        ),
    ]
}

fn trust() -> Vec<Case> {
    vec![
        issued(
            "the ca.pem of another CA",
            &["issued-trust-differs ca.pem", "not-issued-by-ca search.pem"],
            |folder| {
                folder.milvus_certs("gen -d work/other --key-type p256 --common-name other");
                folder.join(&["work/other/ca.pem"], CA);
            },
        ),
        issued("one CA more than the directory has", &["issued-trust-differs ca.pem"], |folder| {
            folder.milvus_certs("gen -d work/other --key-type p256 --common-name other");
            folder.join(&["ca.pem", "work/other/ca.pem"], CA);
        }),
        issued(
            "the certificates of a former CA",
            &[
                "issued-trust-differs ca.pem",
                "issued-trust-differs ca.pem",
                "not-issued-by-ca milvus-2.pem",
                "not-issued-by-ca search.pem",
            ],
            |folder| {
                folder.milvus_certs("gen --force --key-type p256 --common-name other");
                let names = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name());
                let backups = names.filter(|name| name.to_string_lossy().starts_with("backup-"));
                backups.for_each(|name| fs::remove_dir_all(folder.path(&name.to_string_lossy())).unwrap());
            },
        ),
    ]
}

fn inventory() -> Vec<Case> {
    let changed = |name: &str, findings: &[&str], change: fn(&mut Vec<String>)| {
        issued(name, findings, move |folder| {
            let mut lines: Vec<_> = folder.text(INVENTORY).lines().map(str::to_owned).collect();
            change(&mut lines);
            folder.write(INVENTORY, lines.join("\n") + "\n");
        })
    };
    vec![
        changed("a line that is no entry", &["inventory-damaged index.jsonl"], |lines| {
            lines[1] = "hello".into();
            lines[2].truncate(20);
        }),
        changed("an entry without a serial number", &["inventory-damaged index.jsonl"], |lines| {
            lines[3] = lines[3].replace("\"serial\":\"", "\"serial\":\"x");
        }),
        issued("an inventory that is a folder", &["unreadable-file index.jsonl"], |folder| {
            folder.remove(INVENTORY);
            folder.create_folder(INVENTORY);
        }),
        changed("a server that is not in the inventory", &["not-in-inventory milvus-2.pem"], |lines| {
            lines.pop();
        }),
        changed("a client.pem that is not in the inventory", &["not-in-inventory client.pem"], |lines| {
            lines.remove(1);
        }),
    ]
}

fn serials() -> Vec<Case> {
    vec![
        broken("issued: a ca.srl from before", &["serial-file-behind ca.srl"], |folder| {
            let before = folder.read("ca.srl");
            issue_both(folder, "");
            folder.write("ca.srl", before);
        }),
        broken(
            "issued: a serial number that was given out twice",
            &["duplicate-serial search.pem"],
            |folder| {
                issue_both(folder, "");
                let lines = folder.text(INVENTORY);
                let entry = lines.lines().find(|line| line.contains("search")).unwrap();
                let other =
                    entry.replace("search", "withdrawn").replace("fingerprint\":\"", "fingerprint\":\"00:");
                folder.write(INVENTORY, format!("{other}\n{lines}"));
            },
        ),
    ]
}
