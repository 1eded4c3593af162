//! Encrypted keys: which are written, which are read, and which have to be converted.

use libtest_mimic::Trial;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::P256_KEY;
use crate::common::program::GEN;
use crate::given_cas::assert_issues;
use crate::purposes::{assert_key_belongs, assert_purposes};
use crate::{GEN_BELOW_CORP, after, folder, trial};

pub(crate) fn trials() -> Vec<Trial> {
    const WITH_PASSPHRASE: &str = "--ca-passphrase-file pass";
    let converted = |sentence: &str, key_type: &'static str, encrypt: &'static str, error: &'static str| {
        trial(sentence, move || {
            let folder = after(&format!("gen --key-type {key_type}"));
            folder.openssl(&format!("{encrypt} -in ca.key -passout file:pass -out encrypted.key"));
            folder.join(&["encrypted.key"], "ca.key");
            let refusal = folder.refusal(&format!("renew {WITH_PASSPHRASE}")).says("ca.key").says(error);
            let command = refusal.openssl_command();
            assert!(command.starts_with("pkcs8 "), "{command}");
            // One file for both would be asked for its second line.
            folder.write("new-pass", "battery staple\n");
            folder.openssl(&format!("{command} -passin file:pass -passout file:new-pass"));
            folder.join(&["ca-pkcs8.key"], "ca.key");
            folder.milvus_certs("renew --ca-passphrase-file new-pass");
            assert_purposes(&folder, "-x509_strict");
        })
    };
    vec![
        trial("gen encrypts the key of a new CA with the passphrase, and OpenSSL decrypts it", || {
            let folder = after(&format!("{GEN} {WITH_PASSPHRASE}"));
            assert!(folder.text("ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let of_key = folder.openssl("pkey -in ca.key -passin file:pass -pubout");
            assert_eq!(of_key, folder.openssl("x509 -in ca.pem -noout -pubkey"));
            assert_eq!(folder.try_openssl("pkey -in ca.key -passin pass:wrong -noout"), None);
            for role in ["server", "client"] {
                assert_key_belongs(&folder, role);
            }
            folder.milvus_certs(&format!("renew {WITH_PASSPHRASE}"));
            assert_purposes(&folder, "-x509_strict");
        }),
        trial("gen encrypts the key of a CA made elsewhere with the passphrase", || {
            let folder = folder();
            new_key(&folder, "corp", P256_KEY);
            certificate("corp").subject("/CN=Corp CA").self_sign(&folder);
            folder.milvus_certs(&format!("{GEN_BELOW_CORP} {WITH_PASSPHRASE}"));
            assert!(folder.text("ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let of_key = folder.openssl("pkey -in ca.key -passin file:pass -pubout");
            assert_eq!(of_key, folder.openssl("pkey -in corp.key -pubout"));
        }),
        trial("OpenSSL and this program read the same passphrase from a file with CR LF", || {
            let folder = folder();
            folder.write("pass", "correct horse\r\n");
            folder.openssl(&format!("{P256_KEY} -aes-256-cbc -pass file:pass -out corp.key"));
            certificate("corp").subject("/CN=Corp CA").self_sign(&folder);
            assert_issues(&folder, WITH_PASSPHRASE);
        }),
        trial("renew refuses an encrypted ca.key without its passphrase and with another one", || {
            let folder = after(&format!("{GEN} {WITH_PASSPHRASE}"));
            folder.write("wrong", "incorrect horse\n");
            folder.refusal("renew").says("ca.key: is encrypted");
            folder.refusal("renew --ca-passphrase-file wrong").says("ca.key: cannot be decrypted");
        }),
        converted(
            "renew refuses a legacy encrypted RSA key, and the hint's command converts it",
            "rsa2048",
            "rsa -traditional -aes128",
            "legacy format",
        ),
        converted(
            "a legacy encrypted elliptic-curve key is refused, and the hint's command converts it",
            "p256",
            "ec -aes128",
            "legacy format",
        ),
        converted(
            "a key encrypted with PBES1 is refused, and the hint's command converts it",
            "p256",
            "pkcs8 -topk8 -v1 PBE-SHA1-3DES",
            "is encrypted with SHA-1 and 3DES, which is not supported",
        ),
        converted(
            "a key encrypted with DES is refused, and the hint's command converts it with OpenSSL 3",
            "p256",
            "pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default",
            "is encrypted with MD5 and DES",
        ),
        converted(
            "a key encrypted with RC2 is refused, and the hint's command converts it with OpenSSL 3",
            "p256",
            "pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 -provider legacy -provider default",
            "is encrypted with SHA-1 and RC2 of 40 bits",
        ),
        converted(
            "a key encrypted with PBES2 and DES is refused, and the hint's command converts it with OpenSSL 3",
            "p256",
            "pkcs8 -topk8 -v2 des-cbc -provider legacy -provider default",
            "is encrypted with PBES2 and DES",
        ),
        converted(
            "a legacy key encrypted with DES is refused, and the hint's command converts it with OpenSSL 3",
            "p256",
            "ec -des -provider legacy -provider default",
            "legacy format",
        ),
    ]
}
