//! What `--if-due` renews: what `check` finds something about that a new certificate helps against, and what
//! is not as asked for.

use std::fs;
use std::time::Duration;

use libtest_mimic::Trial;
use milvus_certs::{GenerateRequest, RenewRequest, generate, renew};
use milvus_certs::x509::{Days, KeyType};
use time::OffsetDateTime;

use crate::profile::serial_of;
use crate::support::Folder;
use crate::trust::{leaf, names};
use crate::{GEN, trial};

const FILES: [&str; 2] = ["server.pem", "client.pem"];

pub(crate) fn trials() -> Vec<Trial> {
    let broken = |what: &str, renewed: &'static str, damage: fn(&Folder)| {
        trial(format!("{what} is due, and then nothing is"), move || {
            let folder = Folder::after(GEN);
            damage(&folder);
            let before = FILES.map(|file| serial_of(&folder, file));
            let check = folder.says("check --strict");
            assert!(check.contains("error["), "{check}");
            folder.milvus_certs("renew --if-due 30d -q");
            let after = FILES.map(|file| serial_of(&folder, file));
            let changed: Vec<_> = (0..2).filter(|at| before[*at] != after[*at]).map(|at| FILES[at]).collect();
            assert_eq!(changed, renewed.split(' ').collect::<Vec<_>>());
            folder.milvus_certs("check --strict");
            assert_nothing_is_due(&folder, "renew --if-due 30d");
        })
    };
    let mut trials = vec![
        broken("a certificate that is not valid yet", "server.pem client.pem", |folder| {
            let late = OffsetDateTime::now_utc() + Duration::from_secs(400 * 24 * 60 * 60);
            renew(&RenewRequest::new(folder.path("")), late).unwrap();
        }),
        broken("a key that is another", "client.pem", |folder| folder.join(&["server.key"], "client.key")),
        broken("a key that is missing", "server.pem", |folder| folder.remove("server.key")),
        broken("a client certificate for servers", "client.pem", |folder| {
            leaf(
                folder,
                "client",
                "/CN=localhost",
                "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost",
            );
        }),
        broken("a server certificate without subjectAltName", "server.pem", |folder| {
            leaf(folder, "server", "/CN=localhost", "extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature");
        }),
        trial("what is not as asked for is due", || {
            let folder = Folder::after("gen --key-type p256 --cn milvus.example.com");
            for (options, is_server_alone) in [
                ("--san new.example.com", true),
                ("--for compose", true),
                ("--days 100", false),
                ("--key-type p384", false),
                ("--common-name other.example.com", false),
                ("--organization Other", false),
                ("--client-name search", false),
            ] {
                let before = FILES.map(|file| serial_of(&folder, file));
                let command = format!("renew --if-due 30d {options}");
                folder.milvus_certs(&command);
                assert_ne!(FILES.map(|file| serial_of(&folder, file)), before, "{options}");
                if is_server_alone {
                    assert_eq!(serial_of(&folder, "client.pem"), before[1], "{options}");
                }
                assert_nothing_is_due(&folder, &command);
            }
            let names = names(&folder, "server.pem");
            assert!(names.starts_with("DNS:other.example.com"), "{names}");
        }),
        trial("where nothing is due, no passphrase is asked for", || {
            let folder = Folder::after(&format!("{GEN} --ca-passphrase-file pass"));
            folder.write("fleet.yaml", "key-type: p256\nclients: [search]\n");
            folder.milvus_certs("issue --from fleet.yaml --ca-passphrase-file pass -q");
            for command in ["renew --if-due 30d", "renew --all --if-due 30d", "issue --from fleet.yaml"] {
                assert_nothing_is_due(&folder, command);
            }
            folder.refusal("renew --if-due 30d --san new.example.com").says("is encrypted");
            folder.milvus_certs("gen -d other --key-type p256 -q");
            let own = folder.read("server.pem");
            folder.join(&["other/server.pem", "other/ca.pem"], "server.pem");
            folder.refusal("renew --if-due 30d").says("the CA of this directory did not sign it");
            folder.write("server.pem", own);
            folder.join(&["client.key"], "issued/search/search.key");
            folder.refusal("renew --all --if-due 30d").says("is encrypted");
            folder.refusal("issue --from fleet.yaml").says("is encrypted");
        }),
        trial("of a short life the last third counts, and a note says so", || {
            let folder = Folder::after(&format!("{GEN} --days 60"));
            folder.write("fleet.yaml", "key-type: p256\ndays: 60\nclients: [search]\n");
            folder.milvus_certs("issue --from fleet.yaml -q");
            let short: std::collections::BTreeSet<_> = ["short-life".to_owned()].into();
            let commands = ["renew --if-due 30d", "renew --all --if-due 30d", "issue --from fleet.yaml"];
            for command in commands {
                assert_eq!(folder.notes(command), short, "{command}");
                assert_nothing_is_due(&folder, command);
            }
            for (age, is_due) in [(35, false), (41, true)] {
                let folder = Folder::new();
                let then = OffsetDateTime::now_utc() - Duration::from_secs(age * 24 * 60 * 60);
                let mut request = GenerateRequest::new(folder.path("")).unwrap();
                (request.key_type, request.days) = (KeyType::P256, Days::new(60).unwrap());
                generate(&request, then).unwrap();
                let said = folder.milvus_certs("renew --if-due 30d --json");
                assert!(said.contains(&format!("\"changed\": {is_due}")), "{age}: {said}");
            }
        }),
        trial("what a renewal cannot help is an error, and never valid", || {
            let folder = Folder::after(GEN);
            folder.write("ca.srl", "garbage\n");
            folder.refusal("renew --if-due 30d").says("ca.srl");
            let folder = Folder::after(GEN);
            folder.milvus_certs("gen -d other --key-type p256 -q");
            folder.join(&["other/ca.pem"], "ca.pem");
            folder.refusal("renew --if-due 30d").says("does not belong to the certificate");
        }),
    ];
    trials.extend(rotation());
    trials
}

/// Neither step sends to the other where something cannot be looked at.
fn rotation() -> Vec<Trial> {
    vec![
        trial("finish keeps the old CA while something that it issued cannot be looked at", || {
            let folder = Folder::after(GEN);
            folder.milvus_certs("issue client search --key-type p256 -q");
            folder.milvus_certs("rotate-ca begin -q");
            let search = folder.path("issued/search/search.pem");
            let content = folder.read("issued/search/search.pem");
            fs::remove_file(&search).unwrap();
            std::os::unix::fs::symlink("search.pem", &search).unwrap();
            let issue = folder.failure("rotate-ca issue");
            assert!(issue.contains("search.pem") && !issue.contains("rotate-ca finish"), "{issue}");
            let finish =
                folder.refusal("rotate-ca finish").says("search.pem").says("the old CA stays in ca.pem");
            assert!(!finish.hint.contains("rotate-ca issue"), "{}", finish.hint);
            assert_eq!(folder.certificates("ca.pem").len(), 2);
            let status = folder.milvus_certs("rotate-ca status");
            assert!(status.contains("search.pem: "), "{status}");

            fs::remove_file(&search).unwrap();
            folder.write("issued/search/search.pem", content);
            let again = folder.says("rotate-ca finish");
            assert!(again.contains("rotate-ca issue"), "{again}");
            folder.milvus_certs("rotate-ca issue -q");
            folder.milvus_certs("rotate-ca finish -q");
            assert_eq!(folder.certificates("ca.pem").len(), 1);
        }),
        trial("issue makes a server.pem of the old CA anew that was put back", || {
            let folder = Folder::after(GEN);
            let old = FILES.map(|file| folder.read(file));
            let key = folder.read("server.key");
            for step in ["begin", "issue"] {
                folder.milvus_certs(&format!("rotate-ca {step} -q"));
            }
            folder.write("server.pem", &old[0]);
            folder.write("server.key", key);
            folder.says("rotate-ca finish");
            assert_eq!(folder.certificates("ca.pem").len(), 2);
            for step in ["issue", "finish"] {
                folder.milvus_certs(&format!("rotate-ca {step} -q"));
            }
            folder.openssl("verify -CAfile ca.pem server.pem client.pem");
        }),
    ]
}

fn assert_nothing_is_due(folder: &Folder, command: &str) {
    let said = folder.milvus_certs(&format!("{command} --json"));
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["changed"], false, "{command}: {said}");
}
