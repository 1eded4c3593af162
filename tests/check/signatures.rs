//! How certificates are signed.

use crate::case::{Case, made};
use crate::common::certificate::{certificate, directory_of, new_key};
use crate::common::folder::RSA_KEY;

pub(crate) fn cases() -> Vec<Case> {
    let signed = |role: &'static str, how: &str, findings: &[&str], options: &'static str| {
        made(format!("a {role}.pem that an RSA key signed with {how}"), findings, move |folder| {
            new_key(folder, "ca", RSA_KEY);
            directory_of(folder, &certificate("ca"));
            certificate(role).options(options).issue(folder);
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
            directory_of(folder, &certificate("ca"));
            certificate("server").options("-days 3650 -sha1").issue(folder);
        }),
        made("a server.pem that a P-256 key signed with SHA-512", &[], |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("server").options("-days 3650 -sha512").issue(folder);
        }),
        // Nobody verifies a root's own signature.
        made("a CA that signed itself with SHA-1", &[], |folder| {
            directory_of(folder, &certificate("ca").options("-days 36500 -sha1"));
        }),
    ]
}
