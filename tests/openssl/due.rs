//! What `--if-due` renews: a certificate with a finding of `check` that a new certificate fixes, and one
//! that is not as asked for.

use libtest_mimic::Trial;

use crate::common::certificate::new_leaf;
use crate::common::folder::Folder;
use crate::common::past::{days, generate_days_ago, renew_in_days};
use crate::common::program::GEN;
use crate::profile::serial_of;
use crate::trust::names;
use crate::{after, trial};

const FILES: [&str; 2] = ["server.pem", "client.pem"];

pub(crate) fn trials() -> Vec<Trial> {
    let broken = |what: &str, renewed: &'static str, damage: fn(&Folder)| {
        trial(format!("{what} is due, and then nothing is"), move || {
            let folder = after(GEN);
            damage(&folder);
            let before = FILES.map(|file| serial_of(&folder, file));
            let check = folder.run("check --strict").to_string();
            assert!(check.contains("error["), "{check}");
            folder.milvus_certs("renew --if-due 30d -q");
            let after = FILES.map(|file| serial_of(&folder, file));
            let changed: Vec<_> = (0..2).filter(|at| before[*at] != after[*at]).map(|at| FILES[at]).collect();
            assert_eq!(changed, renewed.split(' ').collect::<Vec<_>>());
            folder.milvus_certs("check --strict");
            assert_nothing_is_due(&folder, "renew --if-due 30d");
        })
    };
    vec![
        broken("a certificate that is not valid yet", "server.pem client.pem", |folder| {
            renew_in_days(400, &folder.path(""));
        }),
        broken("a key that is another", "client.pem", |folder| folder.join(&["server.key"], "client.key")),
        broken("a key that is missing", "server.pem", |folder| folder.remove("server.key")),
        broken("a client certificate for servers", "client.pem", |folder| {
            new_leaf(
                folder,
                "client",
                "/CN=localhost",
                "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost",
            );
        }),
        broken("a server certificate without subjectAltName", "server.pem", |folder| {
            new_leaf(
                folder,
                "server",
                "/CN=localhost",
                "extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature",
            );
        }),
        trial("a certificate that is not as asked for is due", || {
            let folder = after("gen --key-type p256 --cn milvus.example.com");
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
        trial("a run with nothing due needs no passphrase", || {
            let folder = after(&format!("{GEN} --ca-passphrase-file pass"));
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
        trial("a certificate with a short life is due in its last third, and a note says so", || {
            let folder = after(&format!("{GEN} --days 60"));
            folder.write("fleet.yaml", "key-type: p256\ndays: 60\nclients: [search]\n");
            folder.milvus_certs("issue --from fleet.yaml -q");
            let short = ["short-life"];
            let commands = ["renew --if-due 30d", "renew --all --if-due 30d", "issue --from fleet.yaml"];
            for command in commands {
                assert_eq!(folder.notes(command), short, "{command}");
                assert_nothing_is_due(&folder, command);
            }
            for (age, is_due) in [(35, false), (41, true)] {
                let folder = Folder::new();
                generate_days_ago(age, &folder.path(""), |request| request.days = days(60));
                let report = folder.json("renew --if-due 30d");
                assert_eq!(report["changed"], is_due, "{age}: {report}");
            }
        }),
        trial("renew --if-due refuses a defect that a renewal does not fix", || {
            let folder = after(GEN);
            folder.write("ca.srl", "garbage\n");
            folder.refusal("renew --if-due 30d").says("ca.srl");
            let folder = after(GEN);
            folder.milvus_certs("gen -d other --key-type p256 -q");
            folder.join(&["other/ca.pem"], "ca.pem");
            folder.refusal("renew --if-due 30d").says("does not belong to the certificate");
        }),
    ]
}

fn assert_nothing_is_due(folder: &Folder, command: &str) {
    let report = folder.json(command);
    assert_eq!(report["changed"], false, "{command}: {report}");
}
