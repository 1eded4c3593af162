//! A CA that is being replaced.

use crate::case::{Case, broken, made};
use crate::common::folder::Folder;
use crate::common::program::GEN;

pub(crate) fn cases() -> Vec<Case> {
    let begun = |name: &str, findings: &[&str], damage: fn(&Folder)| {
        broken(format!("the next CA, {name}"), findings, move |folder| {
            folder.milvus_certs("gen -d work/other --key-type p256 --common-name other");
            folder.create_folder("next");
            for file in ["ca.key", "ca.pem", "ca.srl"] {
                folder.join(&[&format!("work/other/{file}")], &format!("next/{file}"));
            }
            folder.set_mode("next/ca.key", 0o600);
            folder.join(&["ca.pem", "next/ca.pem"], "ca.pem");
            damage(folder);
        })
    };
    vec![
        begun("which ca.pem trusts", &["rotation-begun next"], |_| {}),
        begun("whose key is missing", &["rotation-begun next"], |folder| folder.remove("next/ca.key")),
        begun(
            "whose key others may read",
            &["key-readable-by-others ca.key", "rotation-begun next"],
            |folder| folder.set_mode("next/ca.key", 0o644),
        ),
        begun(
            "with the key of the present one",
            &["ca-key-mismatch ca.key", "rotation-begun next"],
            |folder| {
                folder.join(&["ca.key"], "next/ca.key");
            },
        ),
        former("that signs nothing", &["rotation-unfinished ca.pem"], |_| {}),
        former("that signed the client", &[], |folder| {
            for file in ["client.pem", "client.key"] {
                folder.join(&[&format!("work/other/{file}")], file);
            }
        }),
    ]
}

/// A CA that was replaced, and is in ca.pem still.
fn former(name: &str, findings: &[&str], change: fn(&Folder)) -> Case {
    made(format!("a former CA {name}"), findings, move |folder| {
        folder.milvus_certs("gen -d work/other --key-type p256 --common-name other");
        folder.milvus_certs(GEN);
        folder.join(&["work/other/ca.pem", "ca.pem"], "ca.pem");
        change(folder);
    })
}
