//! Intermediate CAs, and the chains up to their roots.

use libtest_mimic::Trial;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::{Folder, P256_KEY};
use crate::given_cas::assert_issued_by;
use crate::{folder, trial};

pub(crate) fn trials() -> Vec<Trial> {
    const GEN_BELOW: &str = "gen --key-type p256 --ca-cert bundle.pem --ca-key corp.key";
    let issues = |sentence: &str, chain: &'static [&'static str], bundle: &'static [&'static str]| {
        trial(sentence, move || {
            let folder = chain_of_cas(chain);
            folder.join(bundle, "bundle.pem");
            let [root, .., issuer] = chain else { unreachable!("{chain:?}") };
            let intermediates: Vec<_> = chain[1..].iter().rev().map(|name| format!("{name}.pem")).collect();
            let intermediates: Vec<_> = intermediates.iter().map(String::as_str).collect();
            for command in [GEN_BELOW, "renew", "renew server", "renew client"] {
                folder.milvus_certs(command);
                assert_issued_by(&folder, &format!("{issuer}.pem"), &intermediates, &format!("{root}.pem"));
            }
        })
    };
    let refused = |sentence: &str, bundle: &'static [&'static str], error: &'static str| {
        trial(sentence, move || {
            let folder = chain_of_cas(&["root", "middle", "corp"]);
            new_key(&folder, "other", P256_KEY);
            certificate("other").subject("/CN=Other CA").self_sign(&folder);
            folder.join(bundle, "bundle.pem");
            folder.refusal(&format!("{GEN_BELOW} -d certs")).says("bundle.pem").says(error);
        })
    };
    vec![
        issues(
            "server.pem and client.pem carry the intermediate CA, and its root is ca.pem",
            &["root", "corp"],
            &["corp.pem", "root.pem"],
        ),
        issues(
            "gen takes an intermediate CA that comes after its root",
            &["root", "corp"],
            &["root.pem", "corp.pem"],
        ),
        issues(
            "server.pem and client.pem carry two intermediate CAs in the order of issue",
            &["root", "middle", "corp"],
            &["middle.pem", "root.pem", "corp.pem"],
        ),
        refused("gen refuses an intermediate CA without its root", &["corp.pem", "middle.pem"], "CN=root"),
        refused("gen refuses a chain with a gap", &["corp.pem", "root.pem"], "CN=middle"),
        refused(
            "gen refuses a chain without the certificate of the key",
            &["middle.pem", "root.pem"],
            "does not belong",
        ),
        refused(
            "gen refuses a certificate that is not part of the chain",
            &["corp.pem", "middle.pem", "root.pem", "other.pem"],
            "Other CA",
        ),
        trial("gen refuses an intermediate CA below a root whose pathlen permits none", || {
            let folder = chain_of_cas(&["root", "corp"]);
            let pathlen = "basicConstraints = critical, CA:TRUE, pathlen:0";
            certificate("root").subject("/O=Corp/CN=root").with(pathlen).self_sign(&folder);
            folder.join(&["corp.pem", "root.pem"], "bundle.pem");
            folder.refusal(&format!("{GEN_BELOW} -d certs"));
        }),
    ]
}

/// A root, and CAs each of which was issued by the one before.
fn chain_of_cas(names: &[&str]) -> Folder {
    let folder = folder();
    let ca = |name| {
        new_key(&folder, name, P256_KEY);
        certificate(name).subject(format!("/O=Corp/CN={name}"))
    };
    ca(names[0]).self_sign(&folder);
    for pair in names.windows(2) {
        ca(pair[1]).by(pair[0]).issue(&folder);
    }
    folder
}
