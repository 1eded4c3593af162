//! What verifiers disagree about. `tests/verifiers/table.txt` has what each of them does with these directories, and
//! with some of the others.

use crate::case::{Case, broken, made};
use crate::common::certificate::{certificate, directory_of, issue_both, new_key};
use crate::common::folder::{Folder, P256_KEY};
use crate::common::program::GEN;

pub(crate) fn cases() -> Vec<Case> {
    [strict(), critical(), constraints(), beside(), renewed()].into_iter().flatten().collect()
}

const LEFTOVER: &[&str] = &["ca-pem-leftover ca.pem"];

/// A CA with changes, and what it issued.
fn ca(what: &str, findings: &[&str], changes: &'static str) -> Case {
    made(format!("a CA {what}"), findings, move |folder| {
        directory_of(folder, &certificate("ca").with(changes));
    })
}

/// A server's or a client's certificate with a change, and all else as it should be.
fn leaf(role: &'static str, what: &str, findings: &[&str], changes: &'static str) -> Case {
    made(format!("a {role} certificate {what}"), findings, move |folder| {
        directory_of(folder, &certificate("ca"));
        certificate(role).with(changes).issue(folder);
    })
}

/// What RFC 5280 asks for, and not everybody does.
fn strict() -> Vec<Case> {
    vec![
        ca(
            "whose basicConstraints are not critical",
            &["ca-constraints-not-critical ca.pem"],
            "basicConstraints = CA:TRUE",
        ),
        made("a CA without subjectKeyIdentifier", &["ca-without-key-id ca.pem"], |folder| {
            new_key(folder, "root", P256_KEY);
            certificate("root")
                .with("subjectKeyIdentifier = none\nauthorityKeyIdentifier = none")
                .self_sign(folder);
            folder.milvus_certs(&format!("{GEN} --ca-cert root.pem --ca-key root.key"));
        }),
        made("a CA without a subject", &["empty-ca-subject ca.pem"], |folder| {
            directory_of(folder, &certificate("ca").subject("/"));
        }),
        made("a CA with a negative serial number", &["negative-serial ca.pem"], |folder| {
            directory_of(folder, &certificate("ca").options("-days 36500 -set_serial -5"));
        }),
        made(
            "a server certificate with a negative serial number",
            &["negative-serial server.pem"],
            |folder| {
                directory_of(folder, &certificate("ca"));
                certificate("server").options("-days 3650 -set_serial -5").issue(folder);
            },
        ),
        made(
            "a client certificate with a negative serial number",
            &["negative-serial client.pem"],
            |folder| {
                directory_of(folder, &certificate("ca"));
                certificate("client").options("-days 3650 -set_serial -5").issue(folder);
            },
        ),
        leaf(
            "server",
            "without authorityKeyIdentifier",
            &["no-authority-key-id server.pem"],
            "authorityKeyIdentifier = none",
        ),
        leaf("client", "without authorityKeyIdentifier", &[], "authorityKeyIdentifier = none"),
        leaf("server", "without subjectKeyIdentifier", &[], "subjectKeyIdentifier = none"),
        made(
            "an intermediate CA as ca.pem, and no subjectKeyIdentifier in it",
            &[
                "ca-without-key-id ca.pem",
                "ca-without-key-id server.pem",
                "no-authority-key ca.key",
                "no-authority-key-id server.pem",
                "root-missing ca.pem",
            ],
            |folder| {
                intermediate(folder, "subjectKeyIdentifier = none");
            },
        ),
        made(
            "an intermediate CA whose basicConstraints are not critical",
            &["ca-constraints-not-critical server.pem", "no-authority-key ca.key"],
            |folder| {
                intermediate(folder, "basicConstraints = CA:TRUE");
                folder.join(&["root.pem"], "ca.pem");
            },
        ),
        made(
            "an intermediate CA without authorityKeyIdentifier",
            &["no-authority-key ca.key", "no-authority-key-id server.pem"],
            |folder| {
                intermediate(folder, "authorityKeyIdentifier = none");
                folder.join(&["root.pem"], "ca.pem");
            },
        ),
    ]
}

/// A root, a CA below it, and what that one issued, with it as ca.pem.
fn intermediate(folder: &Folder, changes: &'static str) {
    new_key(folder, "root", P256_KEY);
    certificate("root").subject("/O=Test/CN=Root CA").self_sign(folder);
    for name in ["middle", "server", "client"] {
        new_key(folder, name, P256_KEY);
    }
    certificate("middle").subject("/O=Test/CN=Middle CA").by("root").with(changes).issue(folder);
    for role in ["server", "client"] {
        certificate(role).by("middle").with("authorityKeyIdentifier = keyid, issuer").issue(folder);
        let file = format!("{role}.pem");
        folder.join(&[&file, "middle.pem"], &file);
    }
    folder.join(&["middle.pem"], "ca.pem");
}

/// Critical extensions that some verifiers do not know.
fn critical() -> Vec<Case> {
    const UNKNOWN: &[&str] = &["unknown-critical-extension ca.pem"];
    const UNKNOWN_IN_LEAF: &[&str] = &["unknown-critical-extension server.pem"];
    let ca = |extension: &str, findings: &[&str], changes: &'static str| {
        ca(&format!("with critical {extension}"), findings, changes)
    };
    let leaf = |extension: &str, findings: &[&str], changes: &'static str| {
        leaf("server", &format!("with critical {extension}"), findings, changes)
    };
    vec![
        ca("nsCertType", UNKNOWN, "nsCertType = critical, sslCA"),
        ca("nsComment", UNKNOWN, "nsComment = critical, \"made by hand\""),
        ca("certificatePolicies", &[], "certificatePolicies = critical, 1.2.3.4"),
        ca(
            "policyConstraints",
            UNKNOWN,
            "policyConstraints = critical, requireExplicitPolicy:5\ncertificatePolicies = 1.2.3.4",
        ),
        ca(
            "policyConstraints that ask for a policy",
            UNKNOWN,
            "policyConstraints = critical, requireExplicitPolicy:0",
        ),
        ca("inhibitAnyPolicy", UNKNOWN, "inhibitAnyPolicy = critical, 3"),
        ca("subjectAltName of another kind", UNKNOWN, "subjectAltName = critical, otherName:1.2.3.4;UTF8:x"),
        ca("subjectAltName of a DNS name", &[], "subjectAltName = critical, DNS:ca.example.com"),
        ca("issuerAltName", UNKNOWN, "issuerAltName = critical, DNS:ca.example.com"),
        ca("authorityInfoAccess", UNKNOWN, "authorityInfoAccess = critical, OCSP;URI:http://ca.example.com"),
        ca("crlDistributionPoints", &[], "crlDistributionPoints = critical, URI:http://ca.example.com/crl"),
        ca("subjectKeyIdentifier", UNKNOWN, "subjectKeyIdentifier = critical, hash"),
        leaf("nsCertType", UNKNOWN_IN_LEAF, "nsCertType = critical, server"),
        made(
            "a client certificate with critical nsCertType",
            &["unknown-critical-extension client.pem"],
            |folder| {
                directory_of(folder, &certificate("ca"));
                certificate("client").with("nsCertType = critical, client").issue(folder);
            },
        ),
        leaf("certificatePolicies", &[], "certificatePolicies = critical, 1.2.3.4"),
        leaf(
            "subjectAltName beside a name of another kind",
            &[],
            "subjectAltName = critical, DNS:localhost, otherName:1.2.3.4;UTF8:x",
        ),
        leaf(
            "authorityInfoAccess",
            UNKNOWN_IN_LEAF,
            "authorityInfoAccess = critical, OCSP;URI:http://ca.example.com",
        ),
        leaf("subjectKeyIdentifier", UNKNOWN_IN_LEAF, "subjectKeyIdentifier = critical, hash"),
    ]
}

/// nameConstraints of other things than hosts.
fn constraints() -> Vec<Case> {
    let with_subject = |what: &str, findings: &[&str], subject: &'static str, changes: &'static str| {
        made(format!("a CA {what}"), findings, move |folder| {
            directory_of(folder, &certificate("ca").with(changes));
            for role in ["server", "client"] {
                certificate(role).subject(subject).issue(folder);
            }
        })
    };
    const ADDRESS: &str = "/O=Test/CN=localhost/emailAddress=operator@example.org";
    const ACME: &str = "/O=Acme/CN=localhost";
    const OF_ACME: &str = "nameConstraints = critical, permitted;dirName:acme\n[acme]\nO = Acme";
    vec![
        with_subject(
            "for other e-mail addresses",
            &["name-constraints server.pem"],
            ADDRESS,
            "nameConstraints = critical, permitted;email:example.com",
        ),
        with_subject(
            "that excludes other e-mail addresses",
            &[],
            ADDRESS,
            "nameConstraints = critical, excluded;email:example.com",
        ),
        with_subject(
            "for this e-mail address",
            &[],
            ADDRESS,
            "nameConstraints = critical, permitted;email:example.org",
        ),
        with_subject(
            "for e-mail addresses, of which there is none",
            &[],
            "/O=Test/CN=localhost",
            "nameConstraints = critical, permitted;email:example.com",
        ),
        with_subject(
            "for this directory name",
            &["name-constraints client.pem", "name-constraints server.pem"],
            ACME,
            OF_ACME,
        ),
        with_subject(
            "for another directory name",
            &["name-constraints client.pem", "name-constraints server.pem", "name-constraints server.pem"],
            "/O=Test/CN=localhost",
            OF_ACME,
        ),
        with_subject(
            "for this directory name, not critical",
            &[],
            ACME,
            "nameConstraints = permitted;dirName:acme\n[acme]\nO = Acme",
        ),
        with_subject(
            "for another directory name, not critical",
            &["name-constraints server.pem"],
            "/O=Test/CN=localhost",
            "nameConstraints = permitted;dirName:acme\n[acme]\nO = Acme",
        ),
    ]
}

/// Certificates in ca.pem that signed nothing here.
fn beside() -> Vec<Case> {
    let other = |what: &str, findings: &[&str], make: fn(&Folder), files: &'static [&'static str]| {
        broken(what, findings, move |folder| {
            new_key(folder, "other", P256_KEY);
            make(folder);
            folder.join(files, "ca.pem");
        })
    };
    let expired = |folder: &Folder| {
        certificate("other").subject("/O=Test/CN=Former CA").self_sign_dated(
            folder,
            "20200101000000Z",
            "20210101000000Z",
        );
    };
    let unrelated = |folder: &Folder| certificate("other").subject("/O=Test/CN=Another CA").self_sign(folder);
    vec![
        other("another CA after the right one in ca.pem", &[], unrelated, &["ca.pem", "other.pem"]),
        other("an expired CA after the right one in ca.pem", LEFTOVER, expired, &["ca.pem", "other.pem"]),
        other("an expired CA before the right one in ca.pem", LEFTOVER, expired, &["other.pem", "ca.pem"]),
        other(
            "the server's own certificate after the right CA in ca.pem",
            LEFTOVER,
            |_| {},
            &["ca.pem", "server.pem"],
        ),
    ]
}

/// A root that was signed anew with its key.
fn renewed() -> Vec<Case> {
    const LONG_AGO: (&str, &str) = ("20200101000000Z", "20210101000000Z");
    const YET: (&str, &str) = ("20200101000000Z", "20900101000000Z");
    let renewed = |what: &str,
                   findings: &[&str],
                   (start, end): (&'static str, &'static str),
                   files: &'static [&'static str]| {
        made(what, findings, move |folder| {
            new_key(folder, "ca", P256_KEY);
            certificate("ca").self_sign_dated(folder, start, end);
            folder.join(&["ca.pem"], "old.pem");
            for role in ["server", "client"] {
                new_key(folder, role, P256_KEY);
            }
            certificate("ca").self_sign(folder);
            folder.join(&["ca.pem"], "new.pem");
            issue_both(folder);
            folder.join(files, "ca.pem");
        })
    };
    vec![
        renewed(
            "a root that was renewed, the expired one first",
            &["expired-ca-first ca.pem"],
            LONG_AGO,
            &["old.pem", "new.pem"],
        ),
        renewed("a root that was renewed, the expired one last", LEFTOVER, LONG_AGO, &["new.pem", "old.pem"]),
        renewed(
            "a root that was renewed, the former one still valid and first",
            &[],
            YET,
            &["old.pem", "new.pem"],
        ),
    ]
}
