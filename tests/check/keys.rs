//! Private keys: encrypted ones, those of other certificates, and those of kinds that some clients
//! cannot use.

use crate::case::{Case, broken, gen_again, made};
use crate::common::certificate::{certificate, directory_of, new_key};
use crate::common::folder::{Folder, P256_KEY, RSA_KEY};

pub(crate) fn cases() -> Vec<Case> {
    [encrypted(), of_another(), forms(), of_servers(), of_clients(), of_cas()].into_iter().flatten().collect()
}

fn encrypted() -> Vec<Case> {
    let with = |how: &str, role: &'static str, findings: &[&str], command: &'static str| {
        broken(format!("a {role}.key encrypted {how}"), findings, move |folder| {
            folder.openssl(&format!("{command} -in {role}.key -passout file:work/pass -out work/key"));
            folder.join(&["work/key"], &format!("{role}.key"));
        })
    };
    const PKCS8: &str = "pkcs8 -topk8";
    const LEGACY: &str = "ec -aes128";
    vec![
        with("as PKCS#8", "server", &["encrypted-key server.key"], PKCS8),
        with("as PKCS#8", "client", &["encrypted-key client.key"], PKCS8),
        with("in PEM's old way", "server", &["encrypted-key server.key"], LEGACY),
        with("in PEM's old way", "client", &["encrypted-key client.key"], LEGACY),
        // Milvus does not read it, and renew takes the passphrase.
        with("as PKCS#8", "ca", &[], PKCS8),
        with("in PEM's old way", "ca", &[], LEGACY),
    ]
}

/// Others can read it too.
const KEY_IN_CA_PEM: &[&str] = &["key-in-ca-pem ca.pem", "key-readable-by-others ca.pem"];

fn of_another() -> Vec<Case> {
    let another = |role: &'static str, kind: &str, command: &'static str| {
        broken(
            format!("a {role}.key that is another key, {kind}"),
            &[&format!("key-mismatch {role}.key")],
            move |folder| new_key(folder, role, command),
        )
    };
    vec![
        another("server", "of the same kind", P256_KEY),
        another("server", "of another kind", RSA_KEY),
        another("client", "of the same kind", P256_KEY),
        broken("a ca.key that is another key", &["ca-key-mismatch ca.key"], |folder| {
            new_key(folder, "ca", P256_KEY);
        }),
        broken("a ca.pem with the CA's key in it", KEY_IN_CA_PEM, |folder| {
            folder.join(&["ca.pem", "ca.key"], "ca.pem");
        }),
        broken("a ca.pem with the CA's key before it", KEY_IN_CA_PEM, |folder| {
            folder.join(&["ca.key", "ca.pem"], "ca.pem");
        }),
        broken(
            "server and client with each other's key",
            &["key-mismatch client.key", "key-mismatch server.key"],
            |folder| {
                let (server, client) = (folder.read("server.key"), folder.read("client.key"));
                folder.write("server.key", client);
                folder.write("client.key", server);
            },
        ),
        broken("a server.key of RSA that is another key", &["key-mismatch server.key"], |folder| {
            folder.milvus_certs("renew server --key-type rsa2048");
            new_key(folder, "server", RSA_KEY);
        }),
        // crypto/tls takes the first key.
        broken("a server.key with another key before its own", &["key-mismatch server.key"], |folder| {
            new_key(folder, "work/other", P256_KEY);
            folder.join(&["work/other.key", "server.key"], "server.key");
        }),
        broken("a server.key with another key after its own", &[], |folder| {
            new_key(folder, "work/other", P256_KEY);
            folder.join(&["server.key", "work/other.key"], "server.key");
        }),
        broken("a renewed server.pem with the old key", &["key-mismatch server.key"], |folder| {
            gen_again(folder, "--ca-cert ca.pem --ca-key ca.key");
            folder.join(&["work/again/server.pem"], "server.pem");
        }),
    ]
}

fn forms() -> Vec<Case> {
    let converted =
        |role: &'static str, form: &str, findings: &[&str], key: &'static str, to: &'static str| {
            broken(format!("a {role}.key in {form}"), findings, move |folder| {
                new_key(folder, role, key);
                certificate(role).issue(folder);
                folder.openssl(&format!("{to} -in {role}.key -out work/key"));
                folder.join(&["work/key"], &format!("{role}.key"));
            })
        };
    const TO_PKCS1: &str = "rsa -traditional";
    const TO_SEC1: &str = "ec";
    vec![
        converted("server", "PKCS#1", &[], RSA_KEY, TO_PKCS1),
        converted("server", "SEC 1", &[], P256_KEY, TO_SEC1),
        converted("client", "PKCS#1", &["key-not-pkcs8 client.key"], RSA_KEY, TO_PKCS1),
        converted("client", "SEC 1", &["key-not-pkcs8 client.key"], P256_KEY, TO_SEC1),
        broken("a ca.key in SEC 1", &[], |folder| {
            folder.openssl("ec -in ca.key -out work/key");
            folder.join(&["work/key"], "ca.key");
        }),
        // What `openssl ecparam -genkey` writes.
        broken("a server.key in SEC 1 after its parameters", &[], |folder| {
            new_key(folder, "server", "ecparam -name prime256v1 -genkey");
            certificate("server").issue(folder);
        }),
    ]
}

fn of_servers() -> Vec<Case> {
    let with_key =
        |kind: &str, findings: &[&str], command: &'static str| reissued("server", kind, findings, command);
    let unsupported = |kind: &str, command| with_key(kind, &["unsupported-key server.pem"], command);
    let not_for_pymilvus =
        |kind: &str, command| with_key(kind, &["key-not-for-pymilvus server.pem"], command);
    vec![
        unsupported("the curve secp256k1", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"),
        unsupported("the curve P-224", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-224"),
        unsupported(
            "the curve brainpoolP256r1",
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1",
        ),
        unsupported("Ed448", "genpkey -algorithm ED448"),
        unsupported("RSA-PSS", "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
        unsupported(
            "P-256 with its parameters written out",
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
        ),
        not_for_pymilvus("Ed25519", "genpkey -algorithm ED25519"),
        not_for_pymilvus("the curve P-521", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        with_key("RSA with 1024 bits", &["weak-key server.pem"], RSA_1024),
        with_key("RSA with 3072 bits", &[], "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
    ]
}

const RSA_1024: &str = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024";

fn of_clients() -> Vec<Case> {
    let with_key =
        |kind: &str, findings: &[&str], command: &'static str| reissued("client", kind, findings, command);
    vec![
        with_key("Ed25519", &[], "genpkey -algorithm ED25519"),
        with_key("the curve P-521", &[], "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        with_key(
            "the curve secp256k1",
            &["unsupported-key client.pem"],
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
        ),
        with_key("RSA with 1024 bits", &["weak-key client.pem"], RSA_1024),
    ]
}

fn of_cas() -> Vec<Case> {
    let with_key = |kind: &str, findings: &[&str], command: &'static str| {
        made(format!("a CA's key of {kind}"), findings, move |folder| {
            new_key(folder, "ca", command);
            directory_of(folder, &certificate("ca"));
        })
    };
    vec![
        with_key("Ed25519", &[], "genpkey -algorithm ED25519"),
        with_key("the curve P-521", &[], "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        with_key("RSA with 1024 bits", &["weak-key ca.pem"], RSA_1024),
        with_key(
            "the curve secp256k1",
            &["unsupported-key ca.pem"],
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
        ),
        with_key("Ed448", &["unsupported-key ca.pem"], "genpkey -algorithm ED448"),
        with_key(
            "RSA-PSS",
            &["unsupported-key ca.pem"],
            "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048",
        ),
    ]
}

fn reissued(role: &'static str, kind: &str, findings: &[&str], command: &'static str) -> Case {
    broken(format!("a {role}'s key of {kind}"), findings, move |folder: &Folder| {
        new_key(folder, role, command);
        certificate(role).issue(folder);
    })
}
