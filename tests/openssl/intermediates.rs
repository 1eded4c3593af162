//! Intermediate authorities, and the chains up to their roots.

use libtest_mimic::Trial;

use crate::authorities::{assert_issued_by, self_sign, self_sign_as_configured, write_authority_config};
use crate::support::Folder;
use crate::{P256_KEY, trial};

pub(crate) fn trials() -> Vec<Trial> {
    const GEN_BELOW: &str = "gen --key-type p256 --ca-cert bundle.pem --ca-key corp.key";
    let issues = |sentence: &str, chain: &'static [&'static str], bundle: &'static [&'static str]| {
        trial(sentence, move || {
            let folder = chain_of_authorities(chain);
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
            let folder = chain_of_authorities(&["root", "middle", "corp"]);
            folder.openssl(&format!("{P256_KEY} -out other.key"));
            self_sign(&folder, "other", "/CN=Other CA");
            folder.join(bundle, "bundle.pem");
            folder.refusal(&format!("{GEN_BELOW} -d certs")).says("bundle.pem").says(error);
        })
    };
    vec![
        issues(
            "an intermediate authority's certificates bring it along, and its root is ca.pem",
            &["root", "corp"],
            &["corp.pem", "root.pem"],
        ),
        issues(
            "an intermediate authority may come after its root",
            &["root", "corp"],
            &["root.pem", "corp.pem"],
        ),
        issues(
            "two intermediate authorities are brought along in the order of issue",
            &["root", "middle", "corp"],
            &["middle.pem", "root.pem", "corp.pem"],
        ),
        refused(
            "an intermediate authority without its root is refused",
            &["corp.pem", "middle.pem"],
            "CN=root",
        ),
        refused("a chain with a gap is refused", &["corp.pem", "root.pem"], "CN=middle"),
        refused(
            "a chain without the certificate of the key is refused",
            &["middle.pem", "root.pem"],
            "does not belong",
        ),
        refused(
            "a certificate that is not part of the chain is refused",
            &["corp.pem", "middle.pem", "root.pem", "other.pem"],
            "Other CA",
        ),
        trial("an intermediate authority is refused below a root whose pathlen permits none", || {
            let folder = chain_of_authorities(&["root", "corp"]);
            write_authority_config(&folder, "utf8only", "basicConstraints = critical, CA:TRUE, pathlen:0");
            self_sign_as_configured(&folder, "root", "/O=Corp/CN=root");
            folder.join(&["corp.pem", "root.pem"], "bundle.pem");
            folder.refusal(&format!("{GEN_BELOW} -d certs"));
        }),
    ]
}

/// A root, and authorities each of which was issued by the one before.
fn chain_of_authorities(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        folder.openssl(&format!("{P256_KEY} -out {name}.key"));
    }
    self_sign(&folder, names[0], &format!("/O=Corp/CN={}", names[0]));
    for pair in names.windows(2) {
        let (issuer, name) = (pair[0], pair[1]);
        folder.openssl(&format!("req -new -key {name}.key -subj /O=Corp/CN={name} -out {name}.csr"));
        folder.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 3650 \
             -extfile ca.cnf -extensions authority -out {name}.pem"
        ));
    }
    folder
}
