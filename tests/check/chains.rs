//! Certificates that another authority signed, and authorities between them and the root.

use crate::draft::{below, draft, gen_again, new_key};
use crate::exhibit::{Exhibit, broken, made};
use crate::support::Folder;
use crate::{GEN, P256_KEY};

pub(crate) fn exhibits() -> Vec<Exhibit> {
    [other_authorities(), orders(), intermediates()].into_iter().flatten().collect()
}

fn other_authorities() -> Vec<Exhibit> {
    let by_another = |role: &'static str| {
        broken(
            format!("a {role}.pem from an authority of another name"),
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
            format!("an authority that was made anew {how}"),
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

fn orders() -> Vec<Exhibit> {
    let joined = |what: &str, findings: &[&str], files: &'static [&'static str], joined: &'static str| {
        broken(what, findings, move |folder| folder.join(files, joined))
    };
    vec![
        joined(
            "a server.pem with the authority before it",
            &["ca-before-leaf server.pem"],
            &["ca.pem", "server.pem"],
            "server.pem",
        ),
        joined(
            "a client.pem with the authority before it",
            &["ca-before-leaf client.pem"],
            &["ca.pem", "client.pem"],
            "client.pem",
        ),
        joined("a server.pem with the authority after it", &[], &["server.pem", "ca.pem"], "server.pem"),
        joined("a server.pem that holds itself twice", &[], &["server.pem", "server.pem"], "server.pem"),
        made("an intermediate authority before the server", &["ca-before-leaf server.pem"], |folder| {
            two_levels(folder);
            let chain = blocks(folder, "server.pem");
            folder.write("server.pem", format!("{}{}", chain[1], chain[0]));
        }),
    ]
}

fn intermediates() -> Vec<Exhibit> {
    let above = |what: &str, findings: &[&str], root: &'static str, middle: &'static str| {
        made(what, findings, move |folder| {
            below(folder, &draft("ca").with(root));
            new_key(folder, "middle", P256_KEY);
            draft("middle").subject("/O=Zoo/CN=Middle CA").with(middle).issue(folder);
            for role in ["server", "client"] {
                draft(role).by("middle").issue(folder);
                let file = format!("{role}.pem");
                folder.join(&[&file, "middle.pem"], &file);
            }
        })
    };
    vec![
        above("an intermediate authority that server and client bring along", &[], "", ""),
        made("an intermediate authority's key as ca.key", &[], two_levels),
        above(
            "an intermediate authority below a pathlen of 1",
            &[],
            "basicConstraints = critical, CA:TRUE, pathlen:1",
            "",
        ),
        above(
            "an intermediate authority below a pathlen of 0",
            &["ca-path-length client.pem", "ca-path-length server.pem"],
            "basicConstraints = critical, CA:TRUE, pathlen:0",
            "",
        ),
        above(
            "an intermediate authority that may not sign",
            &["ca-cannot-sign client.pem", "ca-cannot-sign server.pem"],
            "",
            "keyUsage = critical, cRLSign",
        ),
        above(
            "an intermediate certificate that is no authority",
            &["ca-not-authority client.pem", "ca-not-authority server.pem"],
            "",
            "basicConstraints = CA:FALSE\nkeyUsage = digitalSignature",
        ),
        above(
            "an intermediate authority for servers alone",
            &["ca-restricted client.pem"],
            "",
            "extendedKeyUsage = serverAuth",
        ),
        above(
            "an intermediate authority for other names",
            &["name-constraints server.pem"],
            "",
            "nameConstraints = critical, permitted;DNS:example.com",
        ),
        above(
            "an intermediate authority with a critical extension that nobody knows",
            &["unknown-critical-extension client.pem", "unknown-critical-extension server.pem"],
            "",
            "1.2.3.4 = critical, ASN1:NULL",
        ),
        made(
            "a pathlen of 0 on the upper of two intermediate authorities",
            &["ca-path-length client.pem", "ca-path-length server.pem"],
            |folder| three_levels(folder, "basicConstraints = critical, CA:TRUE, pathlen:0"),
        ),
        made("two intermediate authorities in order", &[], |folder| three_levels(folder, "")),
        // All clients find their way; but Java takes no key of its own with such a chain.
        made("two intermediate authorities the wrong way round behind a server", &[], |folder| {
            three_levels(folder, "");
            let chain = blocks(folder, "server.pem");
            folder.write("server.pem", [&*chain[0], &chain[2], &chain[1]].concat());
        }),
        made("a server.pem without its intermediate authority", &["not-issued-by-ca server.pem"], |folder| {
            two_levels(folder);
            let chain = blocks(folder, "server.pem");
            folder.write("server.pem", &chain[0]);
        }),
        // Trust may begin in the middle: Go, Java, curl and gRPC (X509_V_FLAG_PARTIAL_CHAIN) agree.
        made("an intermediate authority as ca.pem", &[], |folder| {
            two_levels(folder);
            let chain = blocks(folder, "server.pem");
            folder.write("ca.pem", &chain[1]);
        }),
    ]
}

/// A root, and an intermediate authority whose key is ca.key.
fn two_levels(folder: &Folder) {
    new_key(folder, "root", P256_KEY);
    draft("root").subject("/O=Zoo/CN=Root CA").self_sign(folder);
    new_key(folder, "middle", P256_KEY);
    draft("middle").subject("/O=Zoo/CN=Middle CA").by("root").issue(folder);
    folder.join(&["middle.pem", "root.pem"], "work/bundle.pem");
    folder.milvus_certs(&format!("{GEN} --ca-cert work/bundle.pem --ca-key middle.key"));
}

/// A root and two intermediate authorities, which server and client bring along.
fn three_levels(folder: &Folder, upper: &str) {
    below(folder, &draft("ca"));
    for (name, issuer, changes) in [("upper", "ca", upper), ("lower", "upper", "")] {
        new_key(folder, name, P256_KEY);
        draft(name).subject(&format!("/O=Zoo/CN={name}")).by(issuer).with(changes).issue(folder);
    }
    for role in ["server", "client"] {
        draft(role).by("lower").issue(folder);
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
