//! CA files that cannot be used.

use libtest_mimic::Trial;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::{Folder, P256_KEY};
use crate::common::program::GEN;
use crate::{after, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let refused = |what: &str, file: &'static str, error: &'static str, damage: fn(&Folder)| {
        trial(format!("renew refuses {file} that {what}, and changes nothing"), move || {
            let folder = after(GEN);
            damage(&folder);
            folder.refusal("renew").says(file).says(error);
        })
    };
    vec![
        trial("renew refuses ca.pem in DER, and the hint's command converts it", || {
            let folder = after(GEN);
            let pem = folder.read("ca.pem");
            folder.openssl("x509 -in ca.pem -outform DER -out ca.der");
            folder.join(&["ca.der"], "ca.pem");
            let refusal = folder.refusal("renew").says("ca.pem: is DER");
            folder.openssl(&refusal.openssl_command());
            assert!(folder.read("FILE.pem") == pem);
        }),
        trial("renew issues from the CA of ca.key where ca.pem has another CA too", || {
            let folder = after(GEN);
            new_key(&folder, "other", P256_KEY);
            certificate("other").subject("/CN=Other CA").self_sign(&folder);
            folder.join(&["ca.pem"], "own.pem");
            for order in [["other.pem", "own.pem"], ["own.pem", "other.pem"]] {
                folder.join(&order, "ca.pem");
                folder.milvus_certs("renew");
                folder.openssl("verify -CAfile own.pem server.pem client.pem");
            }
        }),
        refused("begins with a byte order mark", "ca.pem", "byte order mark", |folder| {
            folder.write("bom", "\u{feff}");
            folder.join(&["bom", "ca.pem"], "ca.pem");
        }),
        refused("is UTF-16", "ca.pem", "UTF-16", |folder| {
            let text = format!("\u{feff}{}", folder.text("ca.pem"));
            folder.write("ca.pem", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
        }),
        refused("is empty", "ca.pem", "is empty", |folder| folder.write("ca.pem", "")),
        refused("is text", "ca.pem", "has no certificate", |folder| {
            folder.write("ca.pem", "not a certificate\n")
        }),
        refused("is cut off", "ca.pem", "PEM", |folder| cut_off(folder, "ca.pem")),
        refused("holds a key", "ca.pem", "has no certificate", |folder| folder.join(&["ca.key"], "ca.pem")),
        refused("holds a server's certificate", "ca.pem", "is not a CA (", |folder| {
            folder.join(&["server.pem"], "ca.pem");
        }),
        refused("may not sign certificates", "ca.pem", "may not sign", |folder| {
            folder.openssl("req -x509 -new -key ca.key -subj /CN=CA -addext keyUsage=cRLSign -out ca.pem");
        }),
        refused("has 1024 bits", "ca.key", "1024 bits", |folder| {
            folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out ca.key");
            certificate("ca").subject("/CN=CA").self_sign(folder);
        }),
        refused("is of the curve P-521", "ca.key", "P-521", |folder| {
            folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out ca.key");
            certificate("ca").subject("/CN=CA").self_sign(folder);
        }),
        refused("is of the curve secp256k1 in SEC 1", "ca.key", "secp256k1", |folder| {
            folder.openssl("ecparam -name secp256k1 -genkey -out ca.key");
            certificate("ca").subject("/CN=CA").self_sign(folder);
        }),
        refused("is in DER", "ca.key", "is DER", |folder| {
            folder.openssl("pkey -in ca.key -outform DER -out ca.der");
            folder.join(&["ca.der"], "ca.key");
        }),
        refused("is empty", "ca.key", "is empty", |folder| folder.write("ca.key", "")),
        refused("is cut off", "ca.key", "PEM", |folder| cut_off(folder, "ca.key")),
        refused("holds a public key", "ca.key", "has no private key", |folder| {
            folder.openssl("pkey -in ca.key -pubout -out public.pem");
            folder.join(&["public.pem"], "ca.key");
        }),
        refused("holds a certificate", "ca.key", "has no private key", |folder| {
            folder.join(&["ca.pem"], "ca.key");
        }),
    ]
}

fn cut_off(folder: &Folder, file: &str) {
    let content = folder.read(file);
    folder.write(file, &content[..content.len() / 2]);
}
