//! What `issue client NAME --csr` and `issue server NAME --csr` give to whoever made a request.

use libtest_mimic::Trial;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::common::certificate::new_key;
use crate::common::folder::{Folder, P256_KEY};
use crate::common::program::GEN;
use crate::given_files::{CLOSE_PRIMES, ROCA};
use crate::{after, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let weak = |what: &str, key: &'static str, error: &'static str| {
        trial(format!("a request for an RSA key {what} is refused"), move || {
            let folder = after(GEN);
            folder.write("my.key", key);
            folder.openssl("req -new -key my.key -subj /CN=search -out my.csr");
            folder.refusal("issue client search --csr my.csr").says("my.csr: asks for").says(error);
        })
    };
    vec![
        weak("with close primes is", CLOSE_PRIMES, "whose two primes are close"),
        weak("of ROCA is", ROCA, "ROCA"),
        trial(
            "issue client --csr issues for the name on the command line, not for that in the request",
            || {
                let folder =
                    with_request("/O=Acme/CN=admin", "-addext subjectAltName=DNS:admin,DNS:bob.internal");
                let notes = folder.notes("issue client bob --csr my.csr --allow-san bob.internal");
                assert_eq!(notes, ["request-cut"]);
                let said = folder.run("issue client carol --csr my.csr").ends_with(0).stderr;
                for asked in ["the CommonName admin", "O=Acme", "bob.internal"] {
                    assert!(said.contains(asked), "{said}");
                }
                assert!(said.contains("--allow-san"), "{said}");
                let subject = folder.openssl("x509 -in issued/bob/bob.pem -noout -subject -nameopt RFC2253");
                assert!(subject.starts_with("subject=CN=bob,"), "{subject}");
                let names = folder.openssl("x509 -in issued/bob/bob.pem -noout -ext subjectAltName");
                assert!(names.contains("DNS:bob, DNS:bob.internal\n"), "{names}");
                for name in ["bob", "carol"] {
                    let of_key = folder.openssl("pkey -in my.key -pubout");
                    assert_eq!(
                        folder.openssl(&format!("x509 -in issued/{name}/{name}.pem -noout -pubkey")),
                        of_key
                    );
                    folder.openssl(&format!(
                        "verify -purpose sslclient -CAfile ca.pem issued/{name}/{name}.pem"
                    ));
                }
            },
        ),
        trial("issue client --csr issues for a client where the request asks for a server", || {
            let folder = with_request("/CN=search", "-addext extendedKeyUsage=serverAuth");
            let said = folder.run("issue client search --csr my.csr").ends_with(0).stderr;
            assert!(said.contains("extendedKeyUsage serverAuth"), "{said}");
            assert!(!said.contains("--allow-san"), "{said}");
            folder.openssl("verify -purpose sslclient -CAfile ca.pem issued/search/search.pem");
            assert_eq!(
                folder.try_openssl("verify -purpose sslserver -CAfile ca.pem issued/search/search.pem"),
                None
            );
        }),
        trial("issue server --csr issues for the name on the command line", || {
            let folder = with_request("/CN=milvus-2.example.com", "");
            folder.milvus_certs("issue server milvus-2.example.com --csr my.csr");
            folder.openssl(
                "verify -purpose sslserver -verify_hostname milvus-2.example.com -CAfile ca.pem \
                 issued/milvus-2.example.com/milvus-2.example.com.pem",
            );
        }),
        trial("issue --csr leaves no note where the request asks for the name on the command line", || {
            let folder = with_request("/CN=search", "");
            assert!(folder.notes("issue client search --csr my.csr").is_empty());
        }),
        trial("issue --csr takes a request without its attributes field, as OpenSSL does", || {
            let folder = with_request("/CN=search", "");
            folder.openssl("req -in my.csr -outform DER -out my.der");
            folder.write("information", without_attributes(&folder.read("my.der")));
            folder.openssl("dgst -sha256 -sign my.key -out signature information");
            folder.write("my.der", signed(&folder.read("information"), &folder.read("signature")));
            let said = folder.openssl_says("req -in my.der -inform DER -noout -verify");
            assert!(said.contains("verify OK"), "{said}");
            assert!(folder.notes("issue client search --csr my.der").is_empty());
            folder.openssl("verify -CAfile ca.pem issued/search/search.pem");
            // Its signature is over what it says, not over what it should say.
            let mut changed = folder.read("my.der");
            let place = changed.windows(6).position(|window| window == b"search").unwrap();
            changed[place] = b'S';
            folder.write("my.der", changed);
            folder.refusal("issue client other --csr my.der").says("is not signed with its own key");
        }),
    ]
}

fn with_request(subject: &str, options: &str) -> Folder {
    let folder = after(GEN);
    new_key(&folder, "my", P256_KEY);
    folder.openssl(&format!("req -new -key my.key -subj {subject} {options} -out my.csr"));
    folder
}

/// A CertificationRequestInfo (RFC 2986 4.1) with version, subject and key alone.
fn without_attributes(request: &[u8]) -> Vec<u8> {
    let (_, request) = X509CertificationRequest::from_der(request).unwrap();
    let information = &request.certification_request_info;
    let (subject, key) = (information.subject.as_raw(), information.subject_pki.raw);
    sequence(&[&[0x02, 0x01, 0x00], subject, key])
}

/// A CertificationRequest with ECDSA and SHA-256.
fn signed(information: &[u8], signature: &[u8]) -> Vec<u8> {
    const ECDSA_SHA256: &[u8] = &[0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    let length = u8::try_from(signature.len() + 1).unwrap();
    sequence(&[information, ECDSA_SHA256, &[0x03, length, 0x00], signature])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header: &[u8] = match content.len() {
        0..=0x7F => &[0x30, length[1]],
        0x80..=0xFF => &[0x30, 0x81, length[1]],
        _ => &[0x30, 0x82, length[0], length[1]],
    };
    [header, &content].concat()
}
