//! Directories that the documentation's gen.sh made.

use crate::case::{Case, made};
use crate::common::certificate::new_key;
use crate::common::folder::P256_KEY;
use crate::common::gen_sh::{GenSh, Identifiers, PAGE, PAGE_P256};

pub(crate) fn cases() -> Vec<Case> {
    const NO_KEY_USAGE: &str = "ca-without-key-usage ca.pem";
    const NO_CLIENT_AUTH: &str = "client-without-client-auth client.pem";
    const DEFECTS: &[&str] = &[NO_KEY_USAGE, NO_CLIENT_AUTH];
    const OPENSSL_111: GenSh = GenSh { identifiers: Identifiers::OfOpenSsl111, ..PAGE_P256 };
    const ADDRESS: GenSh = GenSh { common_name: "1.2.3.4", ..PAGE_P256 };
    vec![
        made("a directory of gen.sh from OpenSSL 3", DEFECTS, |folder| PAGE.run_in(folder)),
        made(
            "a directory of gen.sh from OpenSSL 1.1.1",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "same-name-as-ca client.pem", "same-name-as-ca server.pem"],
            |folder| OPENSSL_111.run_in(folder),
        ),
        made(
            "a directory of gen.sh for an address",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "ip-in-dns-name server.pem"],
            |folder| ADDRESS.run_in(folder),
        ),
        made(
            "a directory of gen.sh for an address that clients ask for",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "ip-in-dns-name server.pem", "name-not-covered server.pem"],
            |folder| ADDRESS.run_in(folder),
        )
        .checked_with("--server-name 1.2.3.4"),
        made(
            "a directory of gen.sh with the CA of its second run",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "other-ca-same-name client.pem", "other-ca-same-name server.pem"],
            |folder| {
                const FIRST: [&str; 4] = ["server.key", "server.pem", "client.key", "client.pem"];
                PAGE_P256.run_in(folder);
                let first = FIRST.map(|file| folder.read(file));
                PAGE_P256.run_in(folder);
                for (file, content) in FIRST.into_iter().zip(first) {
                    folder.write(file, content);
                }
            },
        ),
        made("a directory of gen.sh where one-way TLS is checked", &[NO_KEY_USAGE], |folder| {
            PAGE_P256.run_in(folder);
        })
        .checked_with("--tls-mode 1"),
        // Only a new CA has the keyUsage.
        made("a directory of gen.sh that was renewed", &[NO_KEY_USAGE], |folder| {
            PAGE.run_in(folder);
            folder.milvus_certs("renew");
        }),
        made("a directory of gen.sh from OpenSSL 1.1.1 that was renewed", &[NO_KEY_USAGE], |folder| {
            OPENSSL_111.run_in(folder);
            folder.milvus_certs("renew");
        }),
        made("a directory of gen.sh for an address that was renewed", &[NO_KEY_USAGE], |folder| {
            ADDRESS.run_in(folder);
            folder.milvus_certs("renew");
        })
        .checked_with("--server-name 1.2.3.4"),
        // renew.sh overwrites server.key before it finds that it cannot sign.
        made(
            "a directory of gen.sh after renew.sh without ca.key",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "empty-file server.pem", "no-authority-key ca.key"],
            |folder| {
                PAGE_P256.run_in(folder);
                folder.remove("ca.key");
                new_key(folder, "server", P256_KEY);
                folder.write("server.pem", "");
            },
        ),
    ]
}
