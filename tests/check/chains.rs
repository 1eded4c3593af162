//! Certificates that another CA signed, and CAs between them and the root.

use crate::case::{Case, broken, gen_again, made};
use crate::common::certificate::{certificate, directory_of, new_key};
use crate::common::folder::{Folder, P256_KEY};
use crate::common::program::GEN;

pub(crate) fn cases() -> Vec<Case> {
    [other_cas(), orders(), intermediates()].into_iter().flatten().collect()
}

fn other_cas() -> Vec<Case> {
    let by_another = |role: &'static str| {
        broken(
            format!("a {role}.pem from a CA of another name"),
            &[&format!("not-issued-by-ca {role}.pem")],
            move |folder| {
                gen_again(folder, "--common-name elsewhere --san localhost");
                for file in [format!("{role}.pem"), format!("{role}.key")] {
                    folder.join(&[&format!("work/again/{file}")], &file);
                }
            },
        )
    };
    let made_anew = |how: &str, arguments: &'static str| {
        broken(
            format!("a CA that was made anew {how}"),
            &["other-ca-same-name client.pem", "other-ca-same-name server.pem"],
            move |folder| {
                folder.milvus_certs(&format!("gen -d work/again {arguments}"));
                for file in ["ca.key", "ca.pem", "ca.srl"] {
                    folder.join(&[&format!("work/again/{file}")], file);
                }
            },
        )
    };
    vec![
        by_another("server"),
        by_another("client"),
        made_anew("under its name", "--key-type p256"),
        made_anew("under its name with a key of another kind", "--key-type rsa2048"),
        made_anew("under its name with a key of another curve", "--key-type p384"),
        broken("a server.pem of another run", &["other-ca-same-name server.pem"], |folder| {
            gen_again(folder, "");
            for file in ["server.pem", "server.key"] {
                folder.join(&[&format!("work/again/{file}")], file);
            }
        }),
    ]
}

fn orders() -> Vec<Case> {
    let joined = |what: &str, findings: &[&str], files: &'static [&'static str], joined: &'static str| {
        broken(what, findings, move |folder| folder.join(files, joined))
    };
    vec![
        joined(
            "a server.pem with the CA before it",
            &["ca-before-leaf server.pem"],
            &["ca.pem", "server.pem"],
            "server.pem",
        ),
        joined(
            "a client.pem with the CA before it",
            &["ca-before-leaf client.pem"],
            &["ca.pem", "client.pem"],
            "client.pem",
        ),
        joined("a server.pem with the CA after it", &[], &["server.pem", "ca.pem"], "server.pem"),
        joined("a server.pem that holds itself twice", &[], &["server.pem", "server.pem"], "server.pem"),
        made("an intermediate CA before the server", &["ca-before-leaf server.pem"], |folder| {
            two_levels(folder);
            let chain = blocks(folder, "server.pem");
            folder.write("server.pem", format!("{}{}", chain[1], chain[0]));
        }),
    ]
}

fn intermediates() -> Vec<Case> {
    let above = |what: &str, findings: &[&str], root: &'static str, middle: &'static str| {
        made(what, findings, move |folder| {
            directory_of(folder, &certificate("ca").with(root));
            new_key(folder, "middle", P256_KEY);
            certificate("middle").subject("/O=Test/CN=Middle CA").with(middle).issue(folder);
            for role in ["server", "client"] {
                certificate(role).by("middle").issue(folder);
                let file = format!("{role}.pem");
                folder.join(&[&file, "middle.pem"], &file);
            }
        })
    };
    vec![
        above("an intermediate CA that server.pem and client.pem carry", &[], "", ""),
        made("an intermediate CA's key as ca.key", &[], two_levels),
        above(
            "an intermediate CA below a pathlen of 1",
            &[],
            "basicConstraints = critical, CA:TRUE, pathlen:1",
            "",
        ),
        above(
            "an intermediate CA below a pathlen of 0",
            &["ca-path-length client.pem", "ca-path-length server.pem"],
            "basicConstraints = critical, CA:TRUE, pathlen:0",
            "",
        ),
        above(
            "an intermediate CA that may not sign",
            &["ca-cannot-sign client.pem", "ca-cannot-sign server.pem"],
            "",
            "keyUsage = critical, cRLSign",
        ),
        above(
            "an intermediate certificate that is no CA",
            &["ca-not-authority client.pem", "ca-not-authority server.pem"],
            "",
            "basicConstraints = CA:FALSE\nkeyUsage = digitalSignature",
        ),
        above(
            "an intermediate CA for servers alone",
            &["ca-restricted client.pem"],
            "",
            "extendedKeyUsage = serverAuth",
        ),
        above(
            "an intermediate CA for other names",
            &["name-constraints server.pem"],
            "",
            "nameConstraints = critical, permitted;DNS:example.com",
        ),
        above(
            "an intermediate CA with a critical extension that nobody knows",
            &["unknown-critical-extension client.pem", "unknown-critical-extension server.pem"],
            "",
            "1.2.3.4 = critical, ASN1:NULL",
        ),
        made(
            "a pathlen of 0 on the upper of two intermediate CAs",
            &["ca-path-length client.pem", "ca-path-length server.pem"],
            |folder| three_levels(folder, "basicConstraints = critical, CA:TRUE, pathlen:0"),
        ),
        made("two intermediate CAs in order", &[], |folder| three_levels(folder, "")),
        // All clients find the path; but Java refuses its own key with such a chain.
        made("two intermediate CAs the wrong way round behind a server", &[], |folder| {
            three_levels(folder, "");
            let chain = blocks(folder, "server.pem");
            folder.write("server.pem", [&*chain[0], &chain[2], &chain[1]].concat());
        }),
        made("a server.pem without its intermediate CA", &["not-issued-by-ca server.pem"], |folder| {
            two_levels(folder);
            let chain = blocks(folder, "server.pem");
            folder.write("server.pem", &chain[0]);
        }),
        // Trust may begin in the middle: Go, Java, curl and gRPC (X509_V_FLAG_PARTIAL_CHAIN) agree.
        // Node and Python up to 3.12 want the root.
        made("an intermediate CA as ca.pem", &["root-missing ca.pem"], |folder| {
            two_levels(folder);
            let chain = blocks(folder, "server.pem");
            folder.write("ca.pem", &chain[1]);
        }),
    ]
}

/// A root, and an intermediate CA whose key is ca.key.
fn two_levels(folder: &Folder) {
    new_key(folder, "root", P256_KEY);
    certificate("root").subject("/O=Test/CN=Root CA").self_sign(folder);
    new_key(folder, "middle", P256_KEY);
    certificate("middle").subject("/O=Test/CN=Middle CA").by("root").issue(folder);
    folder.join(&["middle.pem", "root.pem"], "work/bundle.pem");
    folder.milvus_certs(&format!("{GEN} --ca-cert work/bundle.pem --ca-key middle.key"));
}

/// A root and two intermediate CAs, which server and client bring along.
fn three_levels(folder: &Folder, upper: &str) {
    directory_of(folder, &certificate("ca"));
    for (name, issuer, changes) in [("upper", "ca", upper), ("lower", "upper", "")] {
        new_key(folder, name, P256_KEY);
        certificate(name).subject(format!("/O=Test/CN={name}")).by(issuer).with(changes).issue(folder);
    }
    for role in ["server", "client"] {
        certificate(role).by("lower").issue(folder);
        let file = format!("{role}.pem");
        folder.join(&[&file, "lower.pem", "upper.pem"], &file);
    }
}

/// The PEM blocks of a file.
fn blocks(folder: &Folder, file: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----\n";
    let text = folder.text(file);
    text.split_inclusive(END).map(str::to_owned).collect()
}
