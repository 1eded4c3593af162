//! What is reissued: only what this directory's CA signed, and of what was issued only what the inventory
//! has.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use libtest_mimic::Trial;

use crate::profile::{serial_of, successor};
use crate::support::Folder;
use crate::{GEN, P256_KEY, trial};

const INVENTORY: &str = "issued/index.jsonl";
const SEARCH: &str = "issued/search/search.pem";
const ADMIN: &str = "issued/admin/admin.pem";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("whoever is handed the folder of search does not become CN=admin", || {
            let plants: [fn(&Folder); 4] = [
                |folder| {
                    folder.openssl(&format!("{P256_KEY} -out own.key"));
                    folder.openssl(&format!(
                        "req -x509 -new -key own.key -subj /CN=admin -days 30 -out {SEARCH}"
                    ));
                },
                |folder| folder.join(&[ADMIN], SEARCH),
                // Of a CA with the same name, and with the real one beside it.
                |folder| {
                    folder.milvus_certs(&format!("{GEN} -d other --client-name admin -q"));
                    folder.join(&["other/client.pem", "ca.pem"], SEARCH);
                },
                // Signed by this CA, but not for anybody here.
                |folder| {
                    signed_by_the_ca(folder, "/CN=admin");
                    folder.join(&["leaf.pem"], SEARCH);
                },
            ];
            for plant in plants {
                let folder = with_two_clients();
                plant(&folder);
                let planted = folder.read(SEARCH);
                let notes = folder.notes("renew --all");
                assert_eq!(notes, ["not-reissued".to_owned()].into());
                assert!(folder.read(SEARCH) == planted, "it was reissued");
                folder.refusal("renew search").says("search.pem: is not reissued");
                folder.write("fleet.yaml", "key-type: p256\nclients: [search]\n");
                folder.refusal("issue --from fleet.yaml").says("search.pem: is not reissued");
                let renewed = folder.openssl(&format!("x509 -in {ADMIN} -noout -dates"));
                assert!(renewed.contains("notAfter"), "{renewed}");
                let check = folder.says("check --strict");
                let codes = ["[not-in-inventory]", "[not-issued-by-ca]", "[other-ca-same-name]"];
                assert!(codes.iter().any(|code| check.contains(code)), "{check}");
            }
        }),
        trial("what lies in issued without a line is reissued for somebody who adopts it alone", || {
            let folder = with_two_clients();
            signed_by_the_ca(&folder, "/CN=planted");
            fs::create_dir(folder.path("issued/planted")).unwrap();
            folder.join(&["leaf.pem"], "issued/planted/planted.pem");
            folder.join(&["leaf.key"], "issued/planted/planted.key");
            let planted = folder.read("issued/planted/planted.pem");
            assert_eq!(folder.notes("renew --all"), ["not-reissued".to_owned()].into());
            folder.refusal("renew planted").says("issued/index.jsonl has no line for it");
            assert!(folder.read("issued/planted/planted.pem") == planted);
            let check = folder.says("check --strict");
            assert!(check.contains("[not-in-inventory]"), "{check}");

            // Its key was for everybody to read.
            assert_eq!(folder.notes("renew --adopt planted"), ["key-mode-tightened".to_owned()].into());
            assert!(folder.text(INVENTORY).contains("issued/planted/planted.pem"));
            folder.openssl("verify -purpose sslclient -CAfile ca.pem issued/planted/planted.pem");
            assert_eq!(folder.notes("renew planted"), [].into());
        }),
        trial("a certificate that was put back says no more than the last one, or is not reissued", || {
            let folder = Folder::after(GEN);
            folder.milvus_certs("issue client search --key-type p256 --san a.example.com -q");
            let first = folder.read(SEARCH);
            folder.milvus_certs("renew search --san b.example.com -q");
            folder.write(SEARCH, &first);
            folder.milvus_certs("renew search -q");
            assert_eq!(names(&folder, SEARCH), "DNS:search, DNS:a.example.com");

            folder.milvus_certs("issue client search --key-type p256 --force -q");
            folder.write(SEARCH, &first);
            folder.refusal("renew search").says("has a later certificate for this file");
        }),
        trial("a server.pem of another CA gives no names, and does not keep client.pem from it", || {
            let folder = foreign_server();
            let said = folder.failure("renew");
            assert!(said.contains("server.pem: is not reissued"), "{said}");
            assert!(said.contains("client.pem was made before, and stays"), "{said}");
            folder.milvus_certs("renew --adopt server -q");
            assert_eq!(names(&folder, "server.pem"), "DNS:stranger.example.com");
            folder.openssl("verify -CAfile ca.pem server.pem client.pem");
        }),
        trial("nothing is due about a certificate of another CA: it is an error", || {
            let folder = foreign_server();
            folder.refusal("renew --if-due 30d").says("the CA of this directory did not sign it");
            folder.refusal("renew server").says("the CA of this directory did not sign it");
            let keeps = folder.openssl("x509 -in server.pem -noout -issuer");
            assert!(keeps.contains("Another"), "{keeps}");

            folder.milvus_certs("renew server --common-name new.example.com -q");
            assert_eq!(names(&folder, "server.pem"), "DNS:new.example.com");
        }),
    ];
    trials.extend(old_certificates());
    trials.extend(serials_and_modes());
    trials
}

/// What the old certificate says.
fn old_certificates() -> Vec<Trial> {
    vec![
        trial(
            "an empty server.pem is an error, and its names come from the inventory where it has them",
            || {
                let folder = Folder::after("gen --key-type p256 --cn milvus.example.com --san 10.0.0.9");
                for damage in ["", "\n\n", "garbage\n"] {
                    folder.write("server.pem", damage);
                    folder.refusal("renew --if-due 30d").says("server.pem");
                    folder.refusal("renew server").says("server.pem");
                }
                folder.milvus_certs("renew server --common-name milvus.example.com --san 10.0.0.9 -q");
                folder.milvus_certs("issue client a --key-type p256 -q");
                folder.milvus_certs("renew -q");
                for damage in ["", "garbage\n"] {
                    folder.write("server.pem", damage);
                    assert_eq!(folder.notes("renew --if-due 30d"), ["from-inventory".to_owned()].into());
                    assert_eq!(names(&folder, "server.pem"), "DNS:milvus.example.com, IP Address:10.0.0.9");
                }
                folder.remove("server.pem");
                assert_eq!(folder.notes("renew"), ["from-inventory".to_owned()].into());
                let subject = folder.openssl("x509 -in server.pem -noout -subject");
                assert!(
                    subject.contains("O = zilliz") && subject.contains("milvus.example.com"),
                    "{subject}"
                );
            },
        ),
        trial("what the new certificate does not have of the old one is said", || {
            let folder = Folder::after(GEN);
            leaf(
                &folder,
                "server",
                "/CN=localhost",
                "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n\
                 crlDistributionPoints=URI:http://crl\ncertificatePolicies=1.2.3.4",
            );
            let said = folder.stderr("renew server");
            let lost = "extendedKeyUsage clientAuth, crlDistributionPoints and certificatePolicies";
            assert!(said.contains(lost), "{said}");
            assert_eq!(folder.notes("renew server"), [].into());
        }),
        trial("a client whose CommonName is a person or an e-mail address has no subjectAltName", || {
            for person in ["Alice Smith", "alice@example.com"] {
                let folder = Folder::after(&format!("{GEN} --client-name '{person}'"));
                folder.milvus_certs("check --strict");
                folder.milvus_certs("renew");
                let client = folder.openssl("x509 -in client.pem -noout -subject -ext subjectAltName");
                assert!(client.contains(person) && !client.contains("DNS:"), "{client}");
                folder.milvus_certs("renew client --client-name 'Bob Jones'");
                folder.openssl("verify -purpose sslclient -CAfile ca.pem client.pem");
            }
        }),
        trial("whoever was given gen.sh's server.pem to trust is thought of once", || {
            let folder = crate::gen_sh::GenSh { key: P256_KEY, ..crate::gen_sh::PAGE }.run();
            let said = folder.stderr("renew");
            assert!(said.contains("give them ca.pem first") && said.contains("error 20"), "{said}");
            let again = folder.stderr("renew");
            assert!(!again.contains("give them ca.pem first"), "{again}");
        }),
    ]
}

fn serials_and_modes() -> Vec<Trial> {
    vec![
        trial("a restored ca.srl repeats no serial number that the directory knows", || {
            let folder = Folder::after(GEN);
            let before = folder.read("ca.srl");
            folder.milvus_certs("renew -q");
            folder.milvus_certs("renew -q");
            for old in [before.as_slice(), b"00\n"] {
                let highest = serial_of(&folder, "client.pem").max(serial_of(&folder, "server.pem"));
                folder.write("ca.srl", old);
                assert_eq!(folder.notes("renew client"), ["serial-skipped".to_owned()].into());
                assert_eq!(serial_of(&folder, "client.pem"), successor(&highest));
            }
            // What others put there with a number of this CA's choice does not count.
            let number = serial_of(&folder, "client.pem");
            fs::create_dir_all(folder.path("issued/planted")).unwrap();
            folder.openssl(&format!("{P256_KEY} -out own.key"));
            folder.openssl(
                "req -x509 -new -key own.key -subj /CN=x -set_serial 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF0 -out issued/planted/planted.pem",
            );
            folder.milvus_certs("renew client -q");
            assert_eq!(serial_of(&folder, "client.pem"), successor(&number));
        }),
        trial("the hint of a ca.srl at its end names the file", || {
            let folder = Folder::after(GEN);
            folder.write("ca.srl", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n");
            let refusal = folder.refusal("renew").says("ca.srl: the next serial number");
            assert!(
                refusal.hint.contains("rm ca.srl") || refusal.hint.contains("rm ./ca.srl"),
                "{}",
                refusal.hint
            );
            folder.remove("ca.srl");
            assert_eq!(folder.notes("renew"), ["serial-started".to_owned()].into());
        }),
        trial("renew and gen --force keep modes and owners", || {
            let folder = Folder::after(&format!("{GEN} --key-mode 0640"));
            let set = |file: &str, mode| {
                fs::set_permissions(folder.path(file), fs::Permissions::from_mode(mode)).unwrap();
            };
            set("server.pem", 0o600);
            set("ca.srl", 0o640);
            let may_give_away = chown(folder.path("server.key"), Some(1000), Some(1000)).is_ok()
                && chown(folder.path("server.pem"), Some(1000), Some(1000)).is_ok();
            for command in ["renew -q", "gen --force --key-type p256 -q"] {
                folder.milvus_certs(command);
                let state = |file: &str| fs::metadata(folder.path(file)).unwrap();
                let mode = |file: &str| state(file).mode() & 0o7777;
                let modes = ["server.key", "server.pem", "client.key", "ca.srl"].map(mode);
                assert_eq!(modes, [0o640, 0o600, 0o640, 0o640], "{command}");
                if may_give_away {
                    assert_eq!((state("server.key").uid(), state("server.pem").uid()), (1000, 1000));
                }
            }
            folder.milvus_certs("gen --force --key-type p256 --key-mode 0600 -q");
            assert_eq!(fs::metadata(folder.path("server.key")).unwrap().mode() & 0o7777, 0o600);
        }),
    ]
}

fn with_two_clients() -> Folder {
    let folder = Folder::after(GEN);
    folder.milvus_certs("issue client search admin --key-type p256 -q");
    folder
}

/// A directory whose server.pem and server.key are of another CA.
fn foreign_server() -> Folder {
    let folder = Folder::after(GEN);
    let other = "--key-type p256 --organization Another --common-name stranger.example.com -d other -q";
    folder.milvus_certs(&format!("gen {other}"));
    folder.join(&["other/server.pem"], "server.pem");
    folder.join(&["other/server.key"], "server.key");
    folder
}

/// leaf.pem and leaf.key, signed by the directory's CA without this program.
fn signed_by_the_ca(folder: &Folder, subject: &str) {
    leaf(folder, "leaf", subject, "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:x.example.com");
}

/// A key and a certificate from the directory's CA.
pub(crate) fn leaf(folder: &Folder, name: &str, subject: &str, extensions: &str) {
    folder.openssl(&format!("{P256_KEY} -out {name}.key"));
    fs::set_permissions(folder.path(&format!("{name}.key")), fs::Permissions::from_mode(0o600)).unwrap();
    folder.openssl(&format!("req -new -key {name}.key -subj '{subject}' -out {name}.csr"));
    folder.write("leaf.cnf", extensions);
    folder.openssl(&format!(
        "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAserial ca.srl -days 365 -extfile leaf.cnf -out {name}.pem"
    ));
}

/// subjectAltName without the loopback's addresses.
pub(crate) fn names(folder: &Folder, file: &str) -> String {
    let text = folder.openssl(&format!("x509 -in {file} -noout -ext subjectAltName"));
    text.lines().last().unwrap_or_default().trim().to_owned()
}
