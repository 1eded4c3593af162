//! `rotate-ca` with certificates that cannot be read or were put back, and with CAs made elsewhere.

use std::fs;
use std::os::unix::fs::symlink;

use libtest_mimic::Trial;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::P256_KEY;
use crate::common::program::GEN;
use crate::{GEN_BELOW_CORP, after, certificates, folder, trial};

const FILES: [&str; 2] = ["server.pem", "client.pem"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("finish keeps the old CA while a certificate that it issued cannot be read", || {
            let folder = after(GEN);
            folder.milvus_certs("issue client search --key-type p256 -q");
            folder.milvus_certs("rotate-ca begin -q");
            let search = folder.path("issued/search/search.pem");
            let content = folder.read("issued/search/search.pem");
            fs::remove_file(&search).unwrap();
            symlink("search.pem", &search).unwrap();
            let issue = folder.run("rotate-ca issue").ends_with(1).stderr;
            assert!(issue.contains("search.pem") && !issue.contains("rotate-ca finish"), "{issue}");
            let finish =
                folder.refusal("rotate-ca finish").says("search.pem").says("the old CA stays in ca.pem");
            assert!(!finish.hint.contains("rotate-ca issue"), "{}", finish.hint);
            assert_eq!(certificates(&folder, "ca.pem").len(), 2);
            let status = folder.milvus_certs("rotate-ca status");
            assert!(status.contains("search.pem: "), "{status}");

            fs::remove_file(&search).unwrap();
            folder.write("issued/search/search.pem", content);
            let again = folder.run("rotate-ca finish").to_string();
            assert!(again.contains("rotate-ca issue"), "{again}");
            folder.milvus_certs("rotate-ca issue -q");
            folder.milvus_certs("rotate-ca finish -q");
            assert_eq!(certificates(&folder, "ca.pem").len(), 1);
        }),
        trial("rotate-ca issue replaces a server.pem of the old CA that was put back", || {
            let folder = after(GEN);
            let old = FILES.map(|file| folder.read(file));
            let key = folder.read("server.key");
            for step in ["begin", "issue"] {
                folder.milvus_certs(&format!("rotate-ca {step} -q"));
            }
            folder.write("server.pem", &old[0]);
            folder.write("server.key", key);
            folder.run("rotate-ca finish").to_string();
            assert_eq!(certificates(&folder, "ca.pem").len(), 2);
            for step in ["issue", "finish"] {
                folder.milvus_certs(&format!("rotate-ca {step} -q"));
            }
            folder.openssl("verify -CAfile ca.pem server.pem client.pem");
        }),
        trial("the CA that follows an intermediate CA is a root, and notes say what that changes", || {
            let folder = folder();
            for name in ["root", "corp"] {
                new_key(&folder, name, P256_KEY);
            }
            certificate("root").subject("/CN=Corp Root").self_sign(&folder);
            let names = "nameConstraints = critical, permitted;DNS:localhost, \
                         permitted;IP:127.0.0.1/255.255.255.255, \
                         permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
            certificate("corp").subject("/CN=Team CA").by("root").with(names).issue(&folder);
            folder.join(&["corp.pem", "root.pem"], "corp.pem");
            folder.milvus_certs(GEN_BELOW_CORP);

            let begun = folder.json("rotate-ca begin");
            let notes: Vec<_> = begun["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
            assert_eq!(notes, ["no-longer-below", "limits-dropped"], "{begun}");
            let said = begun["notes"].to_string();
            assert!(
                said.contains("does not stand below CN=Corp Root") && said.contains("nameConstraints"),
                "{said}"
            );
            assert_eq!(begun["certificates"][0]["common_name"], "Team CA 2");
        }),
        trial("a note says where the serial number is kept because certificates may name it", || {
            let folder = folder();
            new_key(&folder, "corp", P256_KEY);
            certificate("corp").with("authorityKeyIdentifier = keyid, issuer:always").self_sign(&folder);
            folder.milvus_certs(GEN_BELOW_CORP);
            let anew = folder.json("rotate-ca begin --same-key");
            let note = &anew["notes"][0];
            assert_eq!(note["code"], "serial-kept", "{anew}");
            assert!(note["message"].to_string().contains("SEC_ERROR_REUSED_ISSUER_AND_SERIAL"), "{note}");

            assert_eq!(after(GEN).json("rotate-ca begin --same-key")["notes"], serde_json::json!([]));
        }),
    ]
}
