//! An authority that is being replaced.

use std::fs;

use crate::GEN;
use crate::exhibit::{Exhibit, broken, made};
use crate::files::set_mode;
use crate::support::Folder;

pub(crate) fn exhibits() -> Vec<Exhibit> {
    let begun = |name: &str, findings: &[&str], damage: fn(&Folder)| {
        broken(format!("the next authority, {name}"), findings, move |folder| {
            folder.milvus_certs("gen -d work/other --key-type p256 --common-name other");
            fs::create_dir(folder.path("next")).unwrap();
            for file in ["ca.key", "ca.pem", "ca.srl"] {
                folder.join(&[&format!("work/other/{file}")], &format!("next/{file}"));
            }
            set_mode(folder, "next/ca.key", 0o600);
            folder.join(&["ca.pem", "next/ca.pem"], "ca.pem");
            damage(folder);
        })
    };
    vec![
        begun("which everybody trusts already", &["rotation-begun next"], |_| {}),
        begun("whose key is missing", &["rotation-begun next"], |folder| folder.remove("next/ca.key")),
        begun(
            "whose key others may read",
            &["key-readable-by-others ca.key", "rotation-begun next"],
            |folder| set_mode(folder, "next/ca.key", 0o644),
        ),
        begun(
            "with the key of the present one",
            &["ca-key-mismatch ca.key", "rotation-begun next"],
            |folder| {
                folder.join(&["ca.key"], "next/ca.key");
            },
        ),
        former("that signs nothing any more", &["rotation-unfinished ca.pem"], |_| {}),
        former("that signed the client", &[], |folder| {
            for file in ["client.pem", "client.key"] {
                folder.join(&[&format!("work/other/{file}")], file);
            }
        }),
    ]
}

/// An authority that was replaced, and is in ca.pem still.
fn former(name: &str, findings: &[&str], change: fn(&Folder)) -> Exhibit {
    made(format!("a former authority {name}"), findings, move |folder| {
        folder.milvus_certs("gen -d work/other --key-type p256 --common-name other");
        folder.milvus_certs(GEN);
        folder.join(&["work/other/ca.pem", "ca.pem"], "ca.pem");
        change(folder);
    })
}
