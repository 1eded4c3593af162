//! How certificates are signed.

use crate::RSA_KEY;
use crate::draft::{below, draft, new_key};
use crate::exhibit::{Exhibit, made};

pub(crate) fn exhibits() -> Vec<Exhibit> {
    let signed = |role: &'static str, how: &str, findings: &[&str], options: &'static str| {
        made(format!("a {role}.pem that an RSA key signed with {how}"), findings, move |folder| {
            new_key(folder, "ca", RSA_KEY);
            below(folder, &draft("ca"));
            draft(role).options(options).issue(folder);
        })
    };
    vec![
        signed("server", "SHA-1", &["weak-signature server.pem"], "-days 3650 -sha1"),
        signed("client", "SHA-1", &["weak-signature client.pem"], "-days 3650 -sha1"),
        signed("server", "MD5", &["weak-signature server.pem"], "-days 3650 -md5"),
        signed("client", "MD5", &["weak-signature client.pem"], "-days 3650 -md5"),
        // Go knows no SHA-224, OpenSSL and BoringSSL do.
        signed("server", "SHA-224", &["unsupported-signature server.pem"], "-days 3650 -sha224"),
        signed("client", "SHA-224", &["unsupported-signature client.pem"], "-days 3650 -sha224"),
        signed("server", "SHA-512", &[], "-days 3650 -sha512"),
        signed(
            "server",
            "SHA-256 and PSS",
            &[],
            "-days 3650 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
        ),
        made("a server.pem that a P-256 key signed with SHA-1", &["weak-signature server.pem"], |folder| {
            below(folder, &draft("ca"));
            draft("server").options("-days 3650 -sha1").issue(folder);
        }),
        made("a server.pem that a P-256 key signed with SHA-512", &[], |folder| {
            below(folder, &draft("ca"));
            draft("server").options("-days 3650 -sha512").issue(folder);
        }),
        // Nobody verifies a root's own signature.
        made("an authority that signed itself with SHA-1", &[], |folder| {
            below(folder, &draft("ca").options("-days 36500 -sha1"));
        }),
    ]
}
