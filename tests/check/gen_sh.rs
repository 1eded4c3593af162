//! Directories that the documentation's gen.sh made.

use crate::exhibit::{Exhibit, made};
use crate::support::Folder;
use crate::{P256_KEY, RSA_KEY};

pub(crate) fn exhibits() -> Vec<Exhibit> {
    const NO_KEY_USAGE: &str = "ca-without-key-usage ca.pem";
    const NO_CLIENT_AUTH: &str = "client-without-client-auth client.pem";
    const DEFECTS: &[&str] = &[NO_KEY_USAGE, NO_CLIENT_AUTH];
    vec![
        made("a directory of gen.sh from OpenSSL 3", DEFECTS, |folder| {
            gen_sh(folder, RSA_KEY, "localhost", IDENTIFIERS);
        }),
        made(
            "a directory of gen.sh from OpenSSL 1.1.1",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "same-name-as-ca client.pem", "same-name-as-ca server.pem"],
            |folder| gen_sh(folder, P256_KEY, "localhost", NO_IDENTIFIERS),
        ),
        made(
            "a directory of gen.sh for an address",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "ip-in-dns-name server.pem"],
            |folder| gen_sh(folder, P256_KEY, "1.2.3.4", IDENTIFIERS),
        ),
        made(
            "a directory of gen.sh for an address that clients ask for",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "ip-in-dns-name server.pem", "name-not-covered server.pem"],
            |folder| gen_sh(folder, P256_KEY, "1.2.3.4", IDENTIFIERS),
        )
        .checked_with("--server-name 1.2.3.4"),
        made(
            "a directory of gen.sh with the authority of its second run",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "other-ca-same-name client.pem", "other-ca-same-name server.pem"],
            |folder| {
                const FIRST: [&str; 4] = ["server.key", "server.pem", "client.key", "client.pem"];
                gen_sh(folder, P256_KEY, "localhost", IDENTIFIERS);
                let first = FIRST.map(|file| folder.read(file));
                gen_sh(folder, P256_KEY, "localhost", IDENTIFIERS);
                for (file, content) in FIRST.into_iter().zip(first) {
                    folder.write(file, content);
                }
            },
        ),
        made("a directory of gen.sh where one-way TLS is checked", &[NO_KEY_USAGE], |folder| {
            gen_sh(folder, P256_KEY, "localhost", IDENTIFIERS);
        })
        .checked_with("--tls-mode 1"),
        // Only a new authority can mend that.
        made("a directory of gen.sh that was renewed", &[NO_KEY_USAGE], |folder| {
            gen_sh(folder, RSA_KEY, "localhost", IDENTIFIERS);
            folder.milvus_certs("renew");
        }),
        made("a directory of gen.sh from OpenSSL 1.1.1 that was renewed", &[NO_KEY_USAGE], |folder| {
            gen_sh(folder, P256_KEY, "localhost", NO_IDENTIFIERS);
            folder.milvus_certs("renew");
        }),
        made("a directory of gen.sh for an address that was renewed", &[NO_KEY_USAGE], |folder| {
            gen_sh(folder, P256_KEY, "1.2.3.4", IDENTIFIERS);
            folder.milvus_certs("renew");
        })
        .checked_with("--server-name 1.2.3.4"),
        // renew.sh overwrites server.key before it finds that it cannot sign.
        made(
            "a directory of gen.sh after renew.sh without ca.key",
            &[NO_KEY_USAGE, NO_CLIENT_AUTH, "empty-file server.pem", "no-authority-key ca.key"],
            |folder| {
                gen_sh(folder, P256_KEY, "localhost", IDENTIFIERS);
                folder.remove("ca.key");
                folder.openssl(&format!("{P256_KEY} -out server.key"));
                folder.write("server.pem", "");
            },
        ),
    ]
}

const IDENTIFIERS: &str = "";
/// `x509 -req` of OpenSSL 1.1.1 did not add them.
const NO_IDENTIFIERS: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none\n";

/// The script, with a `genpkey` that OpenSSL understands.
fn gen_sh(folder: &Folder, key: &str, common_name: &str, identifiers: &str) {
    let subject = format!("/C=US/ST=CA/L=Redwood City/O=zilliz/OU=devops/CN={common_name}");
    folder.write(
        "openssl.cnf",
        format!(
            "[v3_req]\nbasicConstraints = CA:FALSE\n\
             keyUsage = nonRepudiation, digitalSignature, keyEncipherment\nextendedKeyUsage = serverAuth\n\
             subjectAltName = DNS:{common_name}\n{identifiers}"
        ),
    );
    for role in ["ca", "server", "client"] {
        folder.openssl(&format!("{key} -out {role}.key"));
    }
    folder.openssl(&format!(
        "req -x509 -new -nodes -key ca.key -sha256 -days 36500 -out ca.pem -subj '{subject}'"
    ));
    for role in ["server", "client"] {
        folder.openssl(&format!("req -new -key {role}.key -subj '{subject}' -out work/{role}.csr"));
        folder.openssl(&format!(
            "x509 -req -in work/{role}.csr -days 3650 -out {role}.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
             -extfile openssl.cnf -extensions v3_req"
        ));
    }
}
